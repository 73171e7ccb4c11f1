package recurrence_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-dev/holdfast/internal/recurrence"
)

func item(id, title string, services ...string) recurrence.Item {
	pm, _, _ := strings.Cut(id, "/")
	return recurrence.Item{ID: id, Postmortem: pm, Title: title, Services: services, Fate: recurrence.Open}
}

// pairs are two items of one service each: the same thing met again, or not.
var pairs = []struct {
	a, b string
	same bool
}{
	{"Limit retries of the payment client", "Cap the retries of the payment client", true},
	{"Alert when the payment queue grows past 1,000", "Page on-call when the payment queue grows", true},
	{"Add an alert on certificate expiry", "Alert before certificates expire", true},
	{"Write the runbook for the failover of the primary", "Runbook for failing over the primary database", true},
	{"Set a timeout on calls to the ledger", "Timeouts for all calls to the ledger", true},
	{"Test restoring the backup every week", "Restore backups weekly as a test", true},
	{"Rotate the signing keys automatically", "Automate rotating of signing keys", true},
	{"Refuse migrations that lock the orders table", "Migrations must not lock the orders table", true},
	{"Warteschlange der Zahlungen begrenzen", "Länge der Warteschlange der Zahlungen begrenzen", true},
	{"支払いキューの長さにアラートを追加する", "支払いキューの長さを監視するアラートを追加", true},
	{"为支付队列的长度增加告警", "支付队列长度告警缺失,增加告警", true},
	{"Канарейка для выкладки платёжного шлюза", "Ввести канарейку при выкладке платёжного шлюза", true},

	{"Limit retries of the payment client", "Alert when the payment queue grows", false},
	{"Add an alert on certificate expiry", "Add an alert on disk usage", false},
	{"Add an alert on CPU", "Add an alert on memory", false},
	{"Write the runbook for the failover", "Write the runbook for a full disk", false},
	{"Set a timeout on calls to the ledger", "Set a limit on the size of uploads", false},
	{"Test restoring the backup every week", "Test the failover every quarter", false},
	{"Improve monitoring", "Improve documentation", false},
	{"Update the base image", "Update the status page within ten minutes", false},
	{"Remove the old cluster", "Remove the retry loop", false},
	{"Add a dashboard for the resolver", "Add a canary for the resolver rollout", false},
	{"Document the release process", "Document the on-call process", false},
	{"Make deployments of the gateway reversible", "Make the gateway survive the loss of a zone", false},
	{"Review the alert thresholds", "Review the access rights of contractors", false},
	{"索引の再構築を自動化する", "デプロイの手順書を更新する", false},
	{"增加数据库连接数告警", "增加缓存命中率告警", false},
}

func TestSimilarity(t *testing.T) {
	found, told, want := 0, 0, 0
	for _, p := range pairs {
		x := recurrence.New([]recurrence.Item{item("one/1", p.b, "checkout")})
		got := len(x.Find(item("two/1", p.a, "checkout"))) > 0
		if p.same {
			want++
		}
		if got {
			told++
		}
		if got && p.same {
			found++
		}
		switch {
		case got && !p.same:
			t.Errorf("%q and %q are told to be similar", p.a, p.b)
		case !got && p.same:
			t.Logf("missed: %q and %q", p.a, p.b)
		}
	}
	t.Logf("told %d of %d that are the same, %d told in all", found, want, told)
	if found*10 < want*8 {
		t.Errorf("only %d of %d are found", found, want)
	}
}

// twice are second sides of pairs that other pairs speak of, too.
var twice = map[string]bool{"Alert when the payment queue grows": true, "Restore backups weekly as a test": true}

// Among many items, the one that was met before is found, and none else.
func TestAmongMany(t *testing.T) {
	var earlier []recurrence.Item
	for i, p := range pairs {
		earlier = append(earlier, item(fmt.Sprintf("pm%d/1", i), p.b, "checkout"))
	}
	x := recurrence.New(earlier)
	for i, p := range pairs {
		for _, m := range x.Find(item("new/1", p.a, "checkout")) {
			if m.ID != earlier[i].ID && m.Likeness < 0.9 && !twice[m.Title] {
				t.Errorf("%q finds %q (%.2f)", p.a, m.Title, m.Likeness)
			}
		}
	}
}

func TestWhatIsCompared(t *testing.T) {
	same := "Limit retries of the payment client"
	x := recurrence.New([]recurrence.Item{
		item("one/1", same, "checkout"), item("two/1", same, "search"), item("three/1", same), item("four/1", same, "Checkout", "billing"), item("five/2", "Limit the retries", "checkout"),
	})
	ids := func(it recurrence.Item) []string {
		var out []string
		for _, m := range x.Find(it) {
			out = append(out, m.ID)
		}
		return out
	}
	if diff := cmp.Diff([]string{"four/1", "one/1", "five/2"}, ids(item("new/1", same, "checkout"))); diff != "" {
		t.Errorf("the same service, newest first: %s", diff)
	}
	if diff := cmp.Diff([]string{"three/1"}, ids(item("new/1", same))); diff != "" {
		t.Errorf("no service: %s", diff)
	}
	if got := ids(item("one/7", same, "checkout")); cmp.Diff([]string{"four/1", "five/2"}, got) != "" {
		t.Errorf("its own postmortem: %v", got)
	}
	if got := ids(item("new/1", same, "mail")); got != nil {
		t.Errorf("another service: %v", got)
	}
}

func TestAtMostFive(t *testing.T) {
	var earlier []recurrence.Item
	for i := range 50 {
		earlier = append(earlier, item(fmt.Sprintf("pm%d/1", i), "Limit retries of the payment client", "checkout"))
	}
	got := recurrence.New(earlier).Find(item("new/1", "Limit retries of the payment client", "checkout"))
	if len(got) != recurrence.MaxMatches || got[0].ID != "pm49/1" || got[0].Likeness < 0.99 {
		t.Errorf("%+v", got)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("Limit retries", "Cap retries", "checkout")
	f.Add("支払い", "支払いキュー", "")
	f.Fuzz(func(t *testing.T, a, b, service string) {
		var services []string
		if service != "" {
			services = []string{service}
		}
		for _, m := range recurrence.New([]recurrence.Item{item("one/1", a, services...)}).Find(item("two/1", b, services...)) {
			if m.Likeness < recurrence.Threshold || m.Likeness > 1.000001 {
				t.Errorf("%q, %q: %v", a, b, m.Likeness)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	var earlier []recurrence.Item
	for i := range 10_000 {
		p := pairs[i%len(pairs)]
		earlier = append(earlier, item(fmt.Sprintf("pm%d/1", i), fmt.Sprintf("%s %d", p.b, i), "checkout"))
	}
	x := recurrence.New(earlier)
	for b.Loop() {
		x.Find(item("new/1", "Cap the retries of the payment client", "checkout"))
	}
}
