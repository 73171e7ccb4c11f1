package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// twoRepos has the tickets of both services on GitHub.
const twoRepos = `
  - {name: checkout, repo: acme/checkout, tickets: "github:acme/checkout", production: [prod-eu], team: shop}
  - {name: payments, repo: acme/payments, tickets: "github:acme/payments", production: [prod-eu], team: shop}`

// weather sets the faults of the stand-in for GitHub; none ends them.
func (w *world) weather(rules ...sandbox.FaultRule) {
	w.t.Helper()
	require.NoError(w.t, w.gh.SetFaults(sandbox.Faults{Seed: 1, Rules: rules}))
}

var allHooksLost = sandbox.FaultRule{Kind: sandbox.FaultHookLost}

// says reports whether the reasons of an item hold this.
func (w *world) says(id, text string) bool {
	w.t.Helper()
	for _, c := range w.item(id).Why {
		if strings.Contains(c.Detail, text) {
			return true
		}
	}
	return false
}

// sweeps lets the next sweeps run, and what they bring.
func (w *world) sweeps(d time.Duration) {
	w.t.Helper()
	w.pass(d)
	w.settle()
}

func TestAnOutageOfAnHour(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "One"}, line{Title: "Two"}, line{Title: "Three"}, line{Title: "Four"}, line{Title: "Retry refunds", Service: "payments"})
	w.base()
	w.pass(time.Minute)
	w.weather(sandbox.FaultRule{Kind: sandbox.FaultOutage, Params: sandbox.FaultParams{Status: 503}})
	for n := 1; n <= 4; n++ {
		w.close(n)
	}
	w.until("the gate shut", func() bool {
		return strings.Contains(w.call("GET", "/metrics", viewToken, "").text, `holdfast_tracker_trouble{`)
	})
	require.NoError(t, w.jira.TransitionIssue("PAY-1", "account-bob", "Done", "Done"))
	w.until("the other tracker is not held up", func() bool { return !w.pay(1).Closed() })
	for range 12 {
		w.sweeps(5 * time.Minute)
	}
	failed := w.counter("holdfast_attempts_failed_total ")
	require.Less(t, failed, 400, "it is not hammered")
	require.Equal(t, "closed", w.issue(1).State)
	require.True(t, w.says(incident+"/1", "cannot be reached since"), "why tells it")

	w.weather()
	w.sweeps(2 * time.Minute)
	for n := 1; n <= 4; n++ {
		is := w.reopened(n)
		require.Len(t, is.Comments, 1)
	}
	require.NotContains(t, w.call("GET", "/metrics", viewToken, "").text, `holdfast_tracker_trouble{`)
	for _, id := range []string{"/1", "/2", "/3", "/4", "/5"} {
		w.checkLedger(incident + id)
		require.Equal(t, 1, w.item(incident+id).Reopened)
	}
}

func TestASlowProjectLeavesRoomForTheOthers(t *testing.T) {
	t.Parallel()
	w := start(t, scene{services: twoRepos})
	w.weather(sandbox.FaultRule{Kind: sandbox.FaultLatency, Match: sandbox.FaultMatch{Target: payments}, Params: sandbox.FaultParams{Delay: sandbox.Duration(time.Hour)}})
	var many []line
	for range 50 {
		many = append(many, line{Title: "Slow " + time.Duration(len(many)).String(), Service: "payments"})
	}
	w.file("2026-11-02-slow", many...)
	w.until("creations that hang", func() bool {
		due, _, err := w.app.Ledger().Due(t.Context())
		require.NoError(t, err)
		return due == 0
	})
	w.file(incident, line{Title: "Quick"})
	w.until("the ticket of the other project", func() bool { return len(w.gh.Issues(checkout)) == 1 })
	require.Empty(t, w.gh.Issues(payments), "and the slow one still hangs")
	w.weather()
}

func TestARepositoryIsDeletedAndRestored(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.filed(line{Title: "Time out calls"}, line{Title: "Retry refunds", Service: "payments"})
	w.base()
	w.pass(time.Minute)
	require.NoError(t, w.gh.DeleteRepo(checkout))
	w.sweeps(35 * time.Minute)
	d := w.item(id)
	require.NotEqual(t, "lost", d.Status, "what is not shown is not gone")
	require.True(t, w.says(id, "refuses us"), d.Why)
	require.Contains(t, w.call("GET", "/metrics", viewToken, "").text, `holdfast_tracker_trouble{class="denied",target="acme/checkout",tracker="github"} 1`)
	require.Contains(t, w.call("GET", "/api/v1/doctor", viewToken, "").text, "acme/checkout refuses us")
	require.NoError(t, w.jira.TransitionIssue("PAY-1", "account-bob", "Done", "Done"))
	w.until("the others go on", func() bool { return !w.pay(1).Closed() })

	require.NoError(t, w.gh.RestoreRepo(checkout))
	w.close(1)
	w.sweeps(11 * time.Minute)
	w.reopened(1)
	require.False(t, w.says(id, "refuses us"))
	w.checkLedger(id)
}

func TestATicketIsDeleted(t *testing.T) {
	t.Parallel()
	for name, heard := range map[string]bool{"heard": true, "not heard": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, scene{})
			w.filed(line{Title: "One"}, line{Title: "Two"}, line{Title: "Retry refunds", Service: "payments"}, line{Title: "Repay", Service: "payments"})
			if !heard {
				w.weather(allHooksLost)
				w.jira.SetWebhook("", "")
			}
			require.NoError(t, w.gh.DeleteIssue(checkout, 1, "alice"))
			require.NoError(t, w.gh.Unlabel(checkout, 2, "alice", "postmortem"))
			require.NoError(t, w.jira.DeleteIssue("PAY-1", "account-alice"))
			if !heard {
				w.sweeps(31 * time.Minute)
			}
			var lost []string
			w.until("two lost", func() bool {
				w.settle()
				lost = nil
				for _, n := range []string{"/1", "/2", "/3", "/4"} {
					if w.item(incident+n).Status == "lost" {
						lost = append(lost, n)
					}
				}
				return len(lost) >= 2
			})
			require.Len(t, lost, 2, "a label that was taken off is no deletion")
			for _, n := range lost {
				require.True(t, w.says(incident+n, "no longer has the ticket"))
			}
			w.silent(func() { w.pass(time.Hour) })
		})
	}
}

func TestATicketIsTransferred(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		to    string
		heard bool
	}{"to a configured repository": {payments, true}, "to another one": {"acme/elsewhere", true}, "unheard": {"acme/elsewhere", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, scene{services: twoRepos})
			require.NoError(t, w.gh.CreateRepo("acme/elsewhere"))
			id := w.one()
			w.base()
			w.pass(time.Minute)
			if !c.heard {
				w.weather(allHooksLost)
			}
			n, err := w.gh.TransferIssue(checkout, 1, "alice", c.to)
			require.NoError(t, err)
			if !c.heard {
				w.sweeps(31 * time.Minute)
			}
			w.until("the item follows", func() bool {
				return w.item(id).Ticket.Ref == domain.GitHubRef("github", c.to, n)
			})
			w.pass(time.Minute)
			require.NoError(t, w.gh.CloseIssue(c.to, n, "bob", "completed"))
			w.sweeps(2 * time.Minute)
			w.until("reopened where it is now", func() bool {
				is, _ := w.gh.Issue(c.to, n)
				return is.State == "open" && len(is.Comments) == 1
			})
			w.settle()
			require.Equal(t, 1, w.item(id).Reopened)
			w.checkLedger(id)
		})
	}
}

func TestAnIssueOfJiraIsMoved(t *testing.T) {
	t.Parallel()
	for name, heard := range map[string]bool{"heard": true, "not heard": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := prepare(t, scene{jira: sandbox.JiraOptions{Projects: []string{"OPS"}}})
			w.config = strings.Replace(w.config, "      PAY: ", "      OPS: {reopen_fields: {"+sandbox.ReopenField+": Not in production yet}}\n      PAY: ", 1)
			w.run()
			w.filed(line{Title: "Retry refunds", Service: "payments"})
			id := incident + "/1"
			if !heard {
				w.jira.SetWebhook("", "")
			}
			w.pass(time.Minute)
			key, err := w.jira.MoveIssue("PAY-1", "OPS", "account-alice")
			require.NoError(t, err)
			if !heard {
				w.sweeps(31 * time.Minute)
			}
			w.until("the item follows", func() bool { return w.item(id).Ticket.Ref == domain.JiraRef("jira", key) })
			w.pass(time.Minute)
			require.NoError(t, w.jira.TransitionIssue(key, "account-bob", "Done", "Done"))
			w.sweeps(2 * time.Minute)
			w.until("reopened where it is now", func() bool { is, _ := w.jira.Issue(key); return !is.Closed() && len(is.Comments) == 1 })
			w.settle()
			require.Equal(t, 1, w.item(id).Reopened)
			w.checkLedger(id)
		})
	}
}

func TestAnIssueBecomesADiscussion(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	require.NoError(t, w.gh.ConvertIssue(checkout, 1, "alice"))
	w.sweeps(2 * time.Minute)
	require.Equal(t, "lost", w.item(id).Status)
	require.True(t, slices.ContainsFunc(w.item(id).Ledger, func(e domain.Entry) bool { return strings.Contains(e.Note, "converted to a discussion") }))
	w.silent(func() { w.pass(2 * time.Hour) })
}

func TestALockedIssueTakesNoComment(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	w.gh.SetPermission(checkout, "holdfast-bot", "triage")
	require.NoError(t, w.gh.Lock(checkout, 1, "alice", true))
	w.close(1)
	w.until("reopened without a word", func() bool { w.settle(); return w.issue(1).State == "open" && w.item(id).Reopened == 1 })
	require.Empty(t, w.issue(1).Comments)
	require.True(t, w.says(id, "refused to write the comment"), w.item(id).Why)
	w.checkLedger(id)
}

func TestAnExpiredTokenHoldsEverythingUntilItWorksAgain(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	w.weather(sandbox.FaultRule{Kind: sandbox.FaultExpiredToken})
	w.close(1)
	w.until("told", func() bool { return w.says(id, "github refuses us") })
	w.sweeps(30 * time.Minute)
	require.Equal(t, "closed", w.issue(1).State)
	require.Contains(t, w.call("GET", "/metrics", viewToken, "").text, `holdfast_tracker_trouble{class="denied",target="",tracker="github"} 1`)
	w.weather()
	require.NoError(t, w.app.Reload(t.Context(), w.parse(w.config)), "a reload tries it at once")
	w.reopened(1)
	w.checkLedger(id)
}

func TestOneProjectIsClosedToUs(t *testing.T) {
	t.Parallel()
	w := start(t, scene{services: twoRepos})
	w.filed(line{Title: "One"}, line{Title: "Two", Service: "payments"})
	w.base()
	w.pass(time.Minute)
	w.weather(sandbox.FaultRule{Kind: sandbox.FaultDenied, Match: sandbox.FaultMatch{Target: payments}})
	require.NoError(t, w.gh.CloseIssue(payments, 1, "bob", "completed"))
	w.until("told", func() bool { w.settle(); return w.says(incident+"/2", "acme/payments refuses us") })
	w.close(1)
	w.reopened(1)
	require.False(t, w.says(incident+"/1", "refuses us"))
	w.weather()
	w.sweeps(11 * time.Minute)
	w.until("the other one, too", func() bool { is, _ := w.gh.Issue(payments, 1); return is.State == "open" })
	w.settle()
	w.checkLedger(incident + "/2")
}

func TestARefusedReopeningIsTriedAgainAfterADay(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "Retry refunds", Service: "payments"})
	id := incident + "/1"
	require.NoError(t, w.jira.SetTransition("Reopen", false))
	require.NoError(t, w.jira.TransitionIssue("PAY-1", "account-bob", "Done", "Done"))
	w.until("label and comment instead", func() bool {
		return slices.Contains(w.pay(1).Labels, "awaiting-deployment") && len(w.pay(1).Comments) == 1
	})
	w.settle()
	require.True(t, w.pay(1).Closed())
	require.True(t, w.says(id, "refused to reopen the ticket: "), "with the tracker's words, as the comment promises")
	require.Contains(t, w.pay(1).Comments[0].Body, "did not let Holdfast reopen")
	w.silent(func() { w.pass(20 * time.Hour) })
	require.NoError(t, w.jira.SetTransition("Reopen", true))
	w.sweeps(5 * time.Hour)
	w.until("reopened", func() bool { return !w.pay(1).Closed() })
	w.settle()
	require.False(t, w.says(id, "refused to reopen"))
	require.Len(t, w.pay(1).Comments, 1)
	require.NotContains(t, w.pay(1).Comments[0].Body, "did not let Holdfast reopen")
	w.checkLedger(id)
}
