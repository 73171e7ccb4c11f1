package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// lastDelivery is the newest delivery of an event.
func (w *world) lastDelivery(list []sandbox.Delivery, event, action string) sandbox.Delivery {
	w.t.Helper()
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Event == event && list[i].Action == action {
			return list[i]
		}
	}
	w.t.Fatalf("no delivery of %s %s", event, action)
	return sandbox.Delivery{}
}

// replay sends a delivery again with some of its header lines changed.
func (w *world) replay(d sandbox.Delivery, body string, header ...string) answer {
	w.t.Helper()
	var lines []string
	for name := range d.Header {
		lines = append(lines, name+": "+d.Header.Get(name))
	}
	return w.call("POST", strings.TrimPrefix(d.URL, w.url), "", body, append(lines, header...)...)
}

func TestDeliveriesOfGitHubThatAreRefused(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	w.close(1)
	w.reopened(1)
	before := len(w.item(id).Ledger)
	d := w.lastDelivery(w.gh.Deliveries(), "issues", "closed")
	body := string(d.Body)
	w.silent(func() {
		w.replay(d, body, "X-Hub-Signature-256: ", "X-GitHub-Delivery: a").problem(t, 401, "")
		w.replay(d, body, "X-Hub-Signature-256: sha256="+strings.Repeat("0", 64), "X-GitHub-Delivery: b").problem(t, 401, "")
		w.replay(d, strings.Replace(body, "closed", "opened", 1), "X-GitHub-Delivery: c").problem(t, 401, "")
		w.replay(d, body[:100], "X-GitHub-Delivery: d").problem(t, 401, "")
		require.Equal(t, 404, w.call("POST", "/webhooks/github/no-such-tracker", "", body).status)
		require.Equal(t, 404, w.call("POST", "/webhooks/gitlab", "", body).status)

		// Signed, and nothing for us.
		a := w.replay(d, body, "X-GitHub-Event: star", "X-GitHub-Delivery: e")
		require.Equal(t, 200, a.status, a.text)
	})
	require.Len(t, w.item(id).Ledger, before, "nothing of this was recorded")
}

func TestDeliveriesThatComeAgain(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.reopened(1)
	w.pass(time.Minute)
	w.deploy("prod-eu", fix)
	w.closed(1)
	entries := len(w.item(id).Ledger)

	// All of them, newest first, with the identity that they had.
	w.pass(time.Minute)
	w.silent(func() {
		list := w.gh.Deliveries()
		for i := len(list) - 1; i >= 0; i-- {
			require.NoError(t, w.gh.Redeliver(list[i].ID))
		}
		require.NoError(t, w.gh.Flush(t.Context()))
		for _, d := range w.gh.Deliveries() {
			require.Contains(t, []int{200, 202}, d.Status, "%s %s", d.Event, d.Action)
		}
	})
	require.Len(t, w.item(id).Ledger, entries, "nothing happened twice")

	// The same news under new identities, out of order: told again, and the
	// ticket's own state goes before what it says.
	list := w.gh.Deliveries()
	w.silent(func() {
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].Event == "issues" && !list[i].Redelivery {
				a := w.replay(list[i], string(list[i].Body), "X-GitHub-Delivery: again-"+list[i].GUID)
				require.Contains(t, []int{200, 202}, a.status, a.text)
			}
		}
		w.settle()
		require.Equal(t, "closed", w.issue(1).State)
		require.Equal(t, "done", w.item(id).Status)
	})
	w.checkLedger(id)
}

func TestDeliveriesOfJira(t *testing.T) {
	t.Parallel()
	for _, flavor := range []string{"cloud", "datacenter"} {
		t.Run(flavor, func(t *testing.T) {
			t.Parallel()
			w := start(t, scene{flavor: flavor})
			w.filed(line{Title: "Retry refunds", Service: "payments"})
			id := incident + "/1"
			require.NoError(t, w.jira.TransitionIssue("PAY-1", "account-bob", "Done", "Done"))
			w.until("PAY-1 reopened", func() bool { return !w.pay(1).Closed() && len(w.pay(1).Comments) == 1 })
			w.settle()
			before := len(w.item(id).Ledger)
			d := w.lastDelivery(w.jira.Deliveries(), "jira:issue_updated", "issue_generic")
			body := string(d.Body)
			w.silent(func() {
				bad := d
				bad.URL, _, _ = strings.Cut(d.URL, "?") // Data Center's secret
				w.replay(bad, body, "X-Hub-Signature: ", "X-Atlassian-Webhook-Identifier: a").problem(t, 401, "")
				w.replay(bad, body, "X-Hub-Signature: sha256="+strings.Repeat("0", 64), "X-Atlassian-Webhook-Identifier: b").problem(t, 401, "")
				require.NoError(t, w.jira.Redeliver(d.ID))
			})
			require.Len(t, w.item(id).Ledger, before)
			w.checkLedger(id)
		})
	}
}

func TestATicketThatIsDeletedOrMoved(t *testing.T) {
	t.Parallel()
	w := start(t, scene{services: usualServices + `
  - {name: cart, repo: acme/payments, tickets: "github:acme/payments", production: [prod-eu], team: shop}`})
	w.filed(line{Title: "Deleted"}, line{Title: "Transferred"}, line{Title: "Moved on"})
	w.base()
	w.pass(time.Minute)
	require.NoError(t, w.gh.DeleteIssue(checkout, 1, "alice"))
	w.until("lost", func() bool { return w.item(incident+"/1").Status == "lost" })
	w.settle()

	n, err := w.gh.TransferIssue(checkout, 2, "alice", payments)
	require.NoError(t, err)
	w.until("followed", func() bool { return w.item(incident+"/2").Ticket.Ref == "github:acme/payments#1" })
	w.settle()
	require.NoError(t, w.gh.CloseIssue(payments, n, "bob", ""))
	w.until("reopened where it is now", func() bool {
		is, _ := w.gh.Issue(payments, n)
		return is.State == "open" && len(is.Comments) == 1
	})
	w.settle()
	for _, i := range []string{"/1", "/2", "/3"} {
		w.checkLedger(incident + i)
	}
	require.Len(t, w.gh.Issues(checkout), 1, "no ticket was filed anew")
}

func TestAJiraIssueThatIsDeleted(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "Retry refunds", Service: "payments"})
	w.pass(time.Minute)
	require.NoError(t, w.jira.DeleteIssue("PAY-1", "account-alice"))
	w.until("lost", func() bool { return w.item(incident+"/1").Status == "lost" })
	w.checkLedger(incident + "/1")
}
