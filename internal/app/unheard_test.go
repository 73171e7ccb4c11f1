package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// ending is what people and clients see in the end, without what differs from
// run to run: times, ids of comments, commits.
type ending struct {
	Tickets []string
	Items   []string
}

// parts are what the items of the story are about, each unlike the others.
var parts = []string{"pump", "valve", "boiler", "ladder", "window", "engine", "garden fence", "clock tower", "harbour"}

// play tells one story with everything that a webhook can tell of, and says
// how it ended. next lets an hour pass: time enough for the sweeps.
func play(w *world) ending {
	t := w.t
	require.NoError(t, w.gh.CreateRepo("acme/elsewhere"))
	// Filed one after the other, so that the numbers are the same each time.
	var lines []line
	for i := range 9 {
		lines = append(lines, line{Title: "Mend the " + parts[i]})
		w.file(incident, lines...)
		w.until("the ticket", func() bool { return len(w.gh.Issues(checkout)) == i+1 })
		w.settle()
	}
	lines = append(lines, line{Title: "Retry refunds", Service: "payments"})
	w.filed(lines...)
	lines = append(lines, line{Title: "Repay", Service: "payments"})
	w.filed(lines...)
	hour := func() {
		for range 4 {
			w.sweeps(15 * time.Minute)
		}
	}
	first := w.commit(checkout, "Release notes")
	_, err := w.gh.Deploy(checkout, "prod-eu", first, "success", "alice")
	require.NoError(t, err)
	hour()

	// 1: closed by a merge. 2: by a commit. 3: not planned. 4: a command by an
	// approver. 5: deleted. 6: transferred. 7: assigned to somebody else.
	// 8: claimed, not closed. 9: left alone.
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.commit(checkout, "Another fix\n\nFixes #2")
	require.NoError(t, w.gh.CloseIssue(checkout, 3, "bob", "not_planned"))
	w.comment(4, "alice", "/holdfast waive 30d the vendor is on it")
	require.NoError(t, w.gh.DeleteIssue(checkout, 5, "alice"))
	moved, err := w.gh.TransferIssue(checkout, 6, "alice", "acme/elsewhere")
	require.NoError(t, err)
	require.NoError(t, w.gh.Assign(checkout, 7, "alice", "carol"))
	w.merge(checkout, "A part", "Refs #8")
	require.NoError(t, w.jira.TransitionIssue("PAY-1", "account-bob", "Done", "Done"))
	_, err = w.jira.CommentOn("PAY-2", "account-alice", "/holdfast withdraw not needed any more")
	require.NoError(t, err)
	hour()
	require.Equal(t, "open", w.issue(1).State, "closed early")
	require.NoError(t, w.gh.CloseIssue("acme/elsewhere", moved, "bob", "completed"))
	w.close(4)
	require.NoError(t, w.jira.TransitionIssue("PAY-2", "account-bob", "Done", "Won't Do"))
	hour()

	// Shipped, all but the last, with one that was queued at first.
	id, err := w.gh.Deploy(checkout, "prod-eu", w.gh.Head(checkout, "main"), "queued", "alice")
	require.NoError(t, err)
	hour()
	require.NoError(t, w.gh.DeployStatus(checkout, id, "success", "alice"))
	hour()
	require.Equal(t, "closed", w.issue(1).State, "shipped")
	// A person opens an accepted one again.
	require.NoError(t, w.gh.ReopenIssue(checkout, 2, "carol"))
	hour()
	_, err = w.gh.Deploy(checkout, "prod-eu", first, "success", "alice") // rolled back
	require.NoError(t, err)
	hour()
	_ = fix

	var out ending
	for _, repo := range []string{checkout, "acme/elsewhere"} {
		for _, is := range w.gh.Issues(repo) {
			if is.PullRequest {
				continue
			}
			slices.Sort(is.Labels)
			out.Tickets = append(out.Tickets, fmt.Sprintf("%s#%d %s %s %v %v %s", repo, is.Number, is.State, is.StateReason, is.Labels, is.Assignees, leads(is.Comments)))
		}
	}
	for _, is := range w.jira.Issues("PAY") {
		slices.Sort(is.Labels)
		out.Tickets = append(out.Tickets, fmt.Sprintf("%s %s %q %d comments", is.Key, is.Status, is.Resolution, len(is.Comments)))
	}
	for n := 1; n <= 11; n++ {
		id := fmt.Sprintf("%s/%d", incident, n)
		d := w.item(id)
		reason, ref := "", ""
		if d.Reason != nil {
			reason = *d.Reason
		}
		if d.Ticket != nil {
			ref = string(d.Ticket.Ref)
		}
		out.Items = append(out.Items, fmt.Sprintf("%d %s %s %s reopened %d changes %d %s", n, d.Status, d.Verdict, reason, d.Reopened, len(d.Changes), ref))
		w.checkLedger(id)
	}
	return out
}

// leads are the first lines of comments, without those of people.
func leads(list []sandbox.Comment) string {
	var out []string
	for _, c := range list {
		if first, _, _ := strings.Cut(c.Body, "\n"); c.Author == "holdfast-bot" {
			out = append(out, first)
		}
	}
	return strings.Join(out, " | ")
}

// What no webhook told is found by the sweeps, and all ends as if it had been
// told: with webhooks that never arrive, whose log GitHub keeps, and where
// there are none at all.
func TestWithoutAnyWebhookEverythingEndsAsIfTheyHadCome(t *testing.T) {
	t.Parallel()
	ends := map[string]ending{}
	for _, name := range []string{"heard", "lost", "polled"} {
		w := prepare(t, scene{})
		if name == "polled" {
			w.config = strings.ReplaceAll(w.config, "webhook_secret: "+hookSecret, "ingest: poll")
		}
		w.run()
		switch name {
		case "lost":
			w.weather(allHooksLost)
			require.NoError(t, w.jira.SetFaults(sandbox.Faults{Rules: []sandbox.FaultRule{allHooksLost}}))
		case "polled":
			w.gh.SetWebhook("", "")
			w.jira.SetWebhook("", "")
		}
		ends[name] = play(w)
		w.halt()
	}
	require.Empty(t, cmp.Diff(ends["heard"], ends["lost"]), "heard against lost")
	require.Empty(t, cmp.Diff(ends["heard"], ends["polled"]), "heard against polled")
	t.Logf("%s\n%s", strings.Join(ends["heard"].Tickets, "\n"), strings.Join(ends["heard"].Items, "\n"))
}
