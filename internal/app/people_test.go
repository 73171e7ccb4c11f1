package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

func TestAPersonReopensWhatWasAccepted(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.reopened(1)
	w.deploy("prod-eu", fix)
	w.closed(1)
	w.pass(time.Minute)
	w.silent(func() { require.NoError(t, w.gh.ReopenIssue(checkout, 1, "alice")) })
	v := w.item(id)
	require.Equal(t, "not_verified", v.Verdict)
	require.Equal(t, "reopened_by_person", *v.Reason)
	w.silent(func() { w.deploy("prod-eu", w.commit(checkout, "Something else")) })
	require.Equal(t, "open", w.issue(1).State, "people win")

	w.pass(time.Minute)
	w.close(1)
	is := w.reopened(1)
	require.Contains(t, is.Comments[len(is.Comments)-1].Body, "landed after that")
	w.pass(time.Minute)
	better := w.merge(checkout, "A better fix", "Fixes #1")
	w.reopened(1)
	require.Equal(t, "partially_deployed", *w.item(id).Reason)
	w.pass(time.Minute)
	w.deploy("prod-eu", better)
	w.closed(1)
	require.Equal(t, "done", w.item(id).Status)
	w.checkLedger(id)
}

// All within one second, as scripts do it: nothing may be taken for an echo of
// what Holdfast did itself.
func TestPeopleWhoAreQuick(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.reopened(1)
	w.close(1)
	w.reopened(1)
	w.deploy("prod-eu", fix)
	w.closed(1)
	for range 3 {
		require.NoError(t, w.gh.ReopenIssue(checkout, 1, "alice"))
		w.settle()
		require.Equal(t, "open", w.item(id).Ticket.State)
		require.Equal(t, "open", w.issue(1).State)
		w.comment(1, "alice", "/holdfast unwaive") // refused the first time
		w.settle()
		require.Equal(t, "reopened_by_person", *w.item(id).Reason)
		w.close(1)
		w.settle()
		require.Equal(t, "open", w.issue(1).State, "closed too early again")
		w.comment(1, "alice", "/holdfast waive 1d enough of this")
		w.closed(1)
		w.comment(1, "alice", "/holdfast unwaive")
		w.reopened(1)
		require.NoError(t, w.gh.CloseIssue(checkout, 1, "alice", ""))
		w.settle()
		w.comment(1, "alice", "/holdfast waive 1d enough of this")
		w.closed(1)
	}
	w.checkLedger(id)
}

func TestTheSameTokenIsStillAPerson(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	require.NoError(t, w.gh.CloseIssue(checkout, 1, "holdfast-bot", ""))
	w.reopened(1)
	w.pass(time.Minute)
	w.comment(1, "holdfast-bot", "/holdfast status")
	w.until("answered", func() bool { return len(w.issue(1).Comments) == 3 })
	w.settle()
	w.checkLedger(id)
}

func TestClosedAsNotPlanned(t *testing.T) {
	t.Parallel()
	w := start(t, scene{policy: "not_planned: {P3: allow}"})
	w.filed(line{Title: "Important", Priority: "P1"}, line{Title: "Nice to have", Priority: "P3"})
	require.NoError(t, w.gh.CloseIssue(checkout, 2, "bob", "not_planned"))
	w.settle()
	require.Equal(t, "closed", w.issue(2).State, "the policy gives leave")
	require.Equal(t, "waived", w.item(incident+"/2").Status)

	require.NoError(t, w.gh.CloseIssue(checkout, 1, "bob", "not_planned"))
	is := w.reopened(1)
	require.Contains(t, is.Comments[0].Body, "without a waiver")
	require.Contains(t, is.Comments[0].Body, "/holdfast waive")
	w.pass(time.Minute)
	w.comment(1, "alice", "/holdfast waive 30d not worth it")
	w.closed(1)
	require.Equal(t, "exempt", w.item(incident+"/1").Verdict)
	w.checkLedger(incident + "/1")
	w.checkLedger(incident + "/2")
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	w := start(t, scene{services: `
  - {name: checkout, repo: acme/checkout, tickets: "jira:PAY", production: [prod-eu], team: shop}
  - {name: payments, repo: acme/payments, tickets: "jira:PAY", production: [prod-eu], team: shop}`})
	w.filed(line{Title: "The original", Service: "checkout", Due: "2026-12-31"}, line{Title: "The duplicate", Service: "payments", Due: "2026-12-01"}, line{Title: "A duplicate of nothing we know"})
	stray, err := w.jira.OpenIssue("PAY", "account-bob", "Not tracked", "")
	require.NoError(t, err)

	require.NoError(t, w.jira.LinkDuplicate("PAY-2", "PAY-1", "account-bob"))
	require.NoError(t, w.jira.TransitionIssue("PAY-2", "account-bob", "Done", "Duplicate"))
	w.until("accepted", func() bool { return w.item(incident+"/2").Status == "waived" })
	w.settle()
	require.True(t, w.pay(2).Closed())
	o := w.item(incident + "/1")
	require.Equal(t, []string{"checkout", "payments"}, o.Services, "the original carries the duty of both")
	require.Equal(t, "2026-12-01", *o.Due, "and the earlier date")

	w.pass(time.Minute)
	require.NoError(t, w.jira.LinkDuplicate("PAY-3", stray, "account-bob"))
	require.NoError(t, w.jira.TransitionIssue("PAY-3", "account-bob", "Done", "Duplicate"))
	w.until("reopened", func() bool { return !w.pay(3).Closed() && len(w.pay(3).Comments) == 1 })
	w.settle()

	// The original is withdrawn: then nobody carries the duty.
	w.pass(time.Minute)
	_, err = w.jira.CommentOn("PAY-1", "account-alice", "/holdfast withdraw the whole page goes away")
	require.NoError(t, err)
	w.until("reopened", func() bool { return !w.pay(2).Closed() && len(w.pay(2).Comments) == 1 })
	w.settle()
	for _, i := range []string{"/1", "/2", "/3"} {
		w.checkLedger(incident + i)
	}
}

func TestNoWar(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	for i := range 3 {
		w.pass(time.Minute)
		w.close(1)
		is := w.reopened(1)
		if i < 2 {
			require.Len(t, is.Comments, 1, "edited, not repeated")
		}
	}
	w.until("the lead told", func() bool { return len(w.issue(1).Comments) == 2 })
	w.settle()
	told := w.issue(1).Comments[1].Body
	require.Contains(t, told, "Reopened 3 times")
	require.Contains(t, told, "@alice", "the lead has no login, the approver has")

	// From now on each reopening waits twice as long as the one before.
	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		w.pass(time.Minute)
		w.close(1)
		w.settle()
		require.Equal(t, "closed", w.issue(1).State)
		w.pass(wait / 2) // the clock runs on meanwhile
		w.settle()
		require.Equal(t, "closed", w.issue(1).State, "not before %s", wait)
		w.pass(wait / 2)
		w.reopened(1)
	}
	require.Len(t, w.issue(1).Comments, 2, "the lead is told once")
	require.Equal(t, 6, w.item(id).Reopened)

	// A newly linked change ends the count.
	w.pass(time.Minute)
	w.merge(checkout, "The fix", "Refs #1")
	w.pass(time.Minute)
	w.close(1)
	w.reopened(1)
	w.checkLedger(id)
}

func TestStatusAndFieldsInComments(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.comment(1, "eve", "/holdfast status")
	w.until("answered", func() bool { return len(w.issue(1).Comments) == 2 })
	w.settle()
	require.True(t, strings.HasPrefix(w.issue(1).Comments[1].Body, "**Not verified.**"), w.issue(1).Comments[1].Body)
	w.comment(1, "bob", "/holdfast priority P0\n/holdfast type mitigative\n/holdfast due 2099-12-24 holidays\n/holdfast service payments")
	w.until("done", func() bool { return w.item(id).Priority == "P0" })
	w.settle()
	d := w.item(id)
	require.Equal(t, domain.Mitigative, d.Type)
	require.Equal(t, "2099-12-24", *d.Due)
	require.Equal(t, []string{"payments"}, d.Services)
	require.Contains(t, w.issue(1).Comments[3].Body, "2026-11-08", "another priority moves a due day that the policy gave, and says so")
	require.Subset(t, w.issue(1).Labels, []string{"P0", "mitigative"})
	require.NotContains(t, w.issue(1).Labels, "P1")
	require.NotContains(t, w.issue(1).Labels, "preventative")
	w.comment(1, "bob", "/holdfast priority P4") // lowering takes an approver
	last := func() string { return w.issue(1).Comments[len(w.issue(1).Comments)-1].Body }
	w.until("asked", func() bool { return strings.Contains(last(), "@alice") })
	w.settle()
	require.Equal(t, domain.Priority("P0"), w.item(id).Priority)
	w.comment(1, "alice", "/holdfast priority P4")
	w.until("lowered", func() bool { return w.item(id).Priority == "P4" })
	w.settle()
	w.comment(1, "bob", "/holdfast frobnicate")
	w.until("refused", func() bool {
		return strings.Contains(last(), "frobnicate")
	})
	w.settle()
	w.checkLedger(id)
}
