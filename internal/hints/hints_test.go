package hints_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-dev/holdfast/internal/hints"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// full is an item that lacks nothing but a good title.
func full(title string) postmortem.Item {
	owner, priority, due := "@alice", "P1", "2026-12-01"
	return postmortem.Item{Title: title, Owner: &owner, Priority: &priority, Due: &due}
}

func kinds(it postmortem.Item) []hints.Kind {
	var out []hints.Kind
	for _, h := range hints.Of(it) {
		out = append(out, h.Kind)
	}
	return out
}

func TestMissingFields(t *testing.T) {
	if diff := cmp.Diff([]hints.Kind{hints.NoOwner, hints.NoPriority, hints.NoDue}, kinds(postmortem.Item{Title: "Alert when the queue of the mailer grows past 10,000"})); diff != "" {
		t.Error(diff)
	}
	it := full("Alert when the queue of the mailer grows past 10,000")
	if got := kinds(it); got != nil {
		t.Errorf("an item that lacks nothing: %v", got)
	}
	written := "mid sprint"
	it.Due, it.DueWritten = nil, &written
	got := hints.Of(it)
	if len(got) != 1 || got[0].Kind != hints.NoDue || got[0].Words != written {
		t.Errorf("a due date that is no day: %v", got)
	}
	if got := kinds(postmortem.Item{Title: "Improve monitoring", Done: true}); got != nil {
		t.Errorf("an item that is done: %v", got)
	}
	ticket := "PAY-12"
	if got := kinds(postmortem.Item{Title: "Alert on refused cards", Ticket: &ticket}); got != nil {
		t.Errorf("an item with a ticket: %v", got)
	}
}

func TestWording(t *testing.T) {
	for kind, titles := range map[hints.Kind][]string{
		hints.Vague: {
			"Improve monitoring", "improve our alerting and monitoring.", "Better documentation", "Be more careful with migrations", "Look into the flaky connection pool", "Monitoring", "More tests",
			"Enhance the overall reliability", "Pay more attention when deploying", "Make sure this doesn't happen again", "Fix technical debt", "Review and improve processes", "Think about the cache",
			"Monitoring verbessern", "Améliorer la surveillance", "Mejorar la documentación", "Melhorar o monitoramento", "Migliorare il monitoraggio", "Monitoring verbeteren", "Poprawić monitoring", "Улучшить мониторинг",
			"監視を強化する", "加强监控", "모니터링 강화", "Vorsichtiger sein bei Deployments", "Tener más cuidado al desplegar", "Быть внимательнее при выкладке", "デプロイ時に注意する",
			"Investigate retries", "Train the team", "Mitarbeiter besser schulen", "Former les opérateurs",
		},
		hints.NotCheckable: {
			"Continue to monitor the cluster", "Remember to renew the certificates", "Raise awareness of the retry storm", "Consider moving to a managed queue", "Discuss the on-call rota with the team", "Always run migrations twice",
			"Remind engineers to run the linter", "Keep improving the build", "Explore other brokers", "Рассмотреть переход на другой брокер", "継続的デプロイの導入を検討する", "Sensibiliser les équipes aux risques",
			"Make sure the team follows the process", "引き続き検討する",
		},
		hints.Blame: {
			"Retrain the engineer who ran the migration", "Bob should be more careful with the console", "Human error: add a checklist", "The on-call should have noticed the alert", "Hold people accountable for skipped reviews",
			"Developers must pay more attention to the linter", "Make sure Alice doesn't forget the flag", "The intern forgot to renew the certificate", "Reprimand the operator",
			"Menschliches Versagen vermeiden", "Entwickler sollen besser aufpassen", "Erreur humaine lors du déploiement", "El operador debe tener más cuidado", "O operador deve ter mais cuidado", "Человеческий фактор", "人為的ミス", "对责任人批评教育", "휴먼 에러",
			"Alice should have checked the dashboard", "Der Bediener hätte aufpassen müssen", "担当者の注意不足を改める",
		},
		"": {
			"Alert when the p99 of reads passes 2 s", "Improve monitoring of the payment queue: page when it holds more than 1,000 messages", "Add a runbook for a full disk on the index nodes", "Investigate why the second replica lagged and document it",
			"Warn operators when the disk is 80 % full", "Prevent operator errors by asking before a drop", "Reduce the risk of human error with a dry run by default", "Let the Kubernetes operator retry on conflict", "Fix the race in the session store",
			"Remove the retry loop of the mailer", "Review the timeouts of all clients of the ledger service", "Consider a limit of 10 retries, decide in the ADR", "Deployments should be rolled back by the pipeline when the error rate passes 1 %",
			"Clean up old partitions every night", "Reduce connection pool size to 20", "Update the base image to Debian 13", "Document the failover of the primary", "Avoid a single point of failure: run two schedulers", "Test the restore of the ledger each week",
			"Timeouts für alle Clients setzen", "Ajouter une alerte sur la file d'attente", "Añadir una alerta cuando la cola crezca", "Добавить алерт на очередь", "キューの長さにアラートを追加する", "为队列增加告警", "User error rate must be on the dashboard",
			"Checkout should have two replicas in each zone", "Add more replicas of the resolver", "Improve error messages of the importer", "Talk of the incident at the next all-hands on 2026-12-01",
			"Train the on-call engineers on the new failover tool", "Retrain the fraud model weekly", "Staging should have checked this: run the migration there first", "Analyze the heap of the importer under load", "Ensure developers follow the runbook: link it from the alert",
		},
	} {
		for _, title := range titles {
			got := kinds(full(title))
			want := []hints.Kind{kind}
			if kind == "" {
				want = nil
			}
			// Blame may come with another one: what is said of its wording only.
			if kind == hints.Blame && len(got) == 2 && got[1] == kind {
				got = got[1:]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q: got %v, want %v", title, got, want)
			}
		}
	}
}

// Every hint asks about the system, and offers a rewrite.
func TestHintsAreQuestions(t *testing.T) {
	for _, title := range []string{"Improve monitoring", "Better docs", "More tests", "Look into retries", "Be more careful", "Improve communication", "Improve process", "Consider sharding", "Remember to deploy", "Human error", "Training", "Performance", "Logging", "Backups", "Security"} {
		for _, h := range hints.Of(postmortem.Item{Title: title}) {
			if !strings.HasSuffix(h.Question, "?") || h.Rewrite == "" || !strings.Contains(h.String(), h.Question) {
				t.Errorf("%q: %+v", title, h)
			}
			for _, bad := range []string{" you ", "Who caused", "fault"} {
				if strings.Contains(h.Question, bad) {
					t.Errorf("%q asks %q", title, h.Question)
				}
			}
		}
	}
}

// How often each hint about wording fires on documents of others; printed, to
// be judged by a reader. At most one item in four may be called vague.
func TestHintsOnTheSharedDocuments(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/postmortems/docs/*")
	if len(files) == 0 {
		t.Log("no shared documents beside the module; the documents of this package are read instead")
		files, _ = filepath.Glob("../postmortem/testdata/forms/*.md")
	}
	if len(files) == 0 {
		t.Fatal("no documents to look at")
	}
	items, count := 0, map[hints.Kind]int{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := postmortem.Parse(filepath.Base(f), data)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range doc.Items {
			items++
			for _, h := range hints.Of(it) {
				count[h.Kind]++
				if h.Kind == hints.Vague || h.Kind == hints.NotCheckable || h.Kind == hints.Blame {
					t.Logf("%s: %q: %q", h.Kind, it.Title, h.Words)
				}
			}
		}
	}
	t.Logf("%d items: %v", items, count)
	if items == 0 || count[hints.Vague]+count[hints.NotCheckable]+count[hints.Blame] > items/4 {
		t.Errorf("%d items: %v", items, count)
	}
}

func FuzzOf(f *testing.F) {
	f.Add("Improve monitoring", "text")
	f.Add("Bob should be more careful", "")
	f.Fuzz(func(t *testing.T, title, text string) {
		for _, h := range hints.Of(postmortem.Item{Title: title, Text: &text}) {
			if h.Question == "" || h.Rewrite == "" {
				t.Errorf("%+v", h)
			}
			if _, err := json.Marshal(h); err != nil {
				t.Error(err)
			}
		}
	})
}
