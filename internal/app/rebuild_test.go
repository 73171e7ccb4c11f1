package app_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

// lose empties the store under the running server.
func (w *world) lose() {
	w.t.Helper()
	w.settle()
	require.NoError(w.t, w.redis.FlushDB(w.t.Context()).Err())
}

func (w *world) rebuild(dryRun bool) api.RebuildView {
	w.t.Helper()
	v, err := w.api.Rebuild(w.t.Context(), api.RebuildRequest{DryRun: dryRun})
	require.NoError(w.t, err)
	if !dryRun && v.Cause != nil {
		w.until("the rebuild judged", func() bool {
			n, err := w.redis.Exists(w.t.Context(), "{holdfast}:meta:counted/"+*v.Cause).Result()
			require.NoError(w.t, err)
			return n == 1
		})
		w.settle()
	}
	return v
}

// editsOnly checks that nothing is written but what the one comment of a ticket
// says: whether it says so already is not known after a loss.
func (w *world) editsOnly(do func()) {
	w.t.Helper()
	count := func() map[string]int {
		n := map[string]int{}
		for _, line := range w.writes() {
			if edit := strings.HasPrefix(line, "PATCH ") && strings.Contains(line, "/comments/") || strings.HasPrefix(line, "PUT ") && strings.Contains(line, "/comment/"); !edit {
				n[line]++
			}
		}
		return n
	}
	w.settle()
	before := count()
	do()
	w.settle()
	require.Equal(w.t, before, count(), "nothing was to be written")
}

// TestARebuildThatBrokeOffIsFinished: the items that it left are judged by the
// next one.
func TestARebuildThatBrokeOffIsFinished(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "Time out calls"}, line{Title: "Write a runbook"})
	w.lose()
	beside := w.ledgerBeside()
	lease, ok, err := beside.ClaimSubject(t.Context(), "part/github/tickets/"+checkout, time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err = w.api.Rebuild(ctx, api.RebuildRequest{})
	require.Error(t, err, "it waits for what somebody holds, until it is killed")
	require.NoError(t, beside.Done(t.Context(), lease, time.Time{}))
	require.Equal(t, "filing", w.items()[0].Status, "nothing has judged it yet")

	w.pass(time.Minute)
	v := w.rebuild(false)
	require.Equal(t, "known", v.Items[0].Action)
	w.until("the items are judged", func() bool {
		return !slices.ContainsFunc(w.items(), func(it api.ItemView) bool { return it.Status != "open" })
	})
	w.settle()
}

func TestRebuildAfterATotalLoss(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	items := []line{{Title: "Time out calls", Priority: "P1", Type: "preventative", Owner: "bob"}, {Title: "Alert on a full | pool <b>", Text: "It was *seen* late.\n\n| a | b |"}, {Title: "Write a runbook"},
		{Title: "Rotate the credentials", Due: "2026-12-24"}, {Title: "Retry refunds", Service: "payments", Priority: "P0"}}
	w.filed(items...)
	base := w.commit(checkout, "Release notes")
	_, err := w.gh.Deploy(checkout, "prod-eu", base, "success", "alice")
	require.NoError(t, err)
	w.settle()
	w.pass(time.Minute)
	fix := w.merge(checkout, "Time out calls", "Fixes #1")
	w.reopened(1)
	_, err = w.gh.Deploy(checkout, "prod-eu", fix, "success", "alice")
	require.NoError(t, err)
	w.closed(1) // shipped: accepted with a proof
	w.pass(time.Minute)
	w.close(2)
	w.reopened(2) // closed early
	w.comment(3, "alice", "/holdfast waive 30d not worth it now")
	w.settle()
	w.close(3) // waived
	w.settle()
	before := map[string]api.ItemDetail{}
	for n := range items {
		before[fmt.Sprintf("%s/%d", incident, n+1)] = w.item(fmt.Sprintf("%s/%d", incident, n+1))
	}
	require.Equal(t, "waived", before[incident+"/3"].Status)
	one, two := w.issue(1), w.issue(2)
	w.pass(time.Hour)

	w.lose()
	v := w.rebuild(true)
	require.Len(t, v.Items, 5)
	require.Empty(t, v.Skipped)
	require.Contains(t, v.Warnings[0], "what runs in production is not known for checkout, payments")
	list, err := w.api.Items(t.Context(), api.ItemQuery{Limit: 100})
	require.NoError(t, err)
	require.Empty(t, list.Items, "a dry run records nothing")

	w.editsOnly(func() { w.rebuild(false) })
	for id, old := range before {
		now := w.item(id)
		require.Equal(t, old.Status, now.Status, id)
		require.Equal(t, old.Verdict, now.Verdict, id)
		require.Equal(t, old.Reason, now.Reason, id)
		require.Equal(t, old.Ticket, now.Ticket, id)
		require.Equal(t, old.Title, now.Title, id)
		require.Equal(t, old.Priority, now.Priority, id)
		require.Equal(t, old.Type, now.Type, id)
		require.Equal(t, old.Owner, now.Owner, id)
		require.Equal(t, old.Due, now.Due, id)
		require.Equal(t, old.Services, now.Services, id)
		require.Equal(t, old.Team, now.Team, id)
		require.Equal(t, old.Reopened, now.Reopened, id)
		require.Len(t, now.Changes, len(old.Changes), id)
		require.Equal(t, old.Live, now.Live, id)
	}
	groups, err := w.api.Reopenings(t.Context())
	require.NoError(t, err)
	require.Empty(t, groups)

	// It may be run again, and does nothing.
	w.silent(func() {
		v = w.rebuild(false)
		require.Len(t, v.Items, 5)
		for _, it := range v.Items {
			require.Equal(t, "known", it.Action)
		}
	})
	// The same document makes no second ticket; a new item gets a new number.
	w.silent(func() { w.file(incident, items...) })
	require.Len(t, w.gh.Issues(checkout), 4+1, "four tickets and one pull request")
	filed := w.file(incident, append(slices.Clone(items), line{Title: "One more thing"})...)
	require.Equal(t, incident+"/6", filed.Items[5].ID)
	w.until("its ticket", func() bool { return w.item(incident+"/6").Ticket != nil })
	w.settle()

	// Life goes on: the one comment is edited, and no other is written.
	require.Len(t, w.issue(1).Comments, len(one.Comments))
	w.pass(time.Minute)
	fix2 := w.merge(checkout, "Alert on a full pool", "Refs #2")
	_, err = w.gh.Deploy(checkout, "prod-eu", fix2, "success", "alice")
	require.NoError(t, err)
	w.closed(2)
	require.Len(t, w.issue(2).Comments, len(two.Comments))
	require.True(t, strings.HasPrefix(w.issue(2).Comments[0].Body, "**In production.**"))
	// What is closed too early is still reopened.
	w.pass(time.Minute)
	w.close(4)
	require.Len(t, w.reopened(4).Comments, 1)
	for n := range items {
		w.checkLedger(fmt.Sprintf("%s/%d", incident, n+1))
	}
}

// TestRebuiltClosedTicketsWaitForADeployment: only CI reported deployments, and
// what it reported is lost.
func TestRebuiltClosedTicketsWaitForADeployment(t *testing.T) {
	t.Parallel()
	w := start(t, scene{policy: "max_reopens: 1"})
	w.filed(line{Title: "Time out calls"}, line{Title: "Alert on a full pool"}, line{Title: "Write a runbook"})
	base := w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "All of it", "Refs #1, refs #2, refs #3")
	w.deploy("prod-eu", fix)
	for n := 1; n <= 3; n++ {
		w.close(n)
	}
	w.settle()
	require.Equal(t, "done", w.item(incident+"/1").Status)
	w.lose()
	var cause string
	w.silent(func() {
		cause = *w.rebuild(false).Cause
		w.pass(time.Hour)
		w.settle()
	})
	v := w.item(incident + "/1")
	require.Equal(t, "no_deployment_heard", *v.Reason)
	groups, err := w.api.Reopenings(t.Context())
	require.NoError(t, err)
	require.Len(t, groups, 1, "more than max_reopens")
	require.Equal(t, cause, groups[0].Cause)
	why := w.call("GET", "/api/v1/why?item="+incident+"/1", aliceToken, "").text
	require.Contains(t, why, "no deployment of the service was heard since")

	w.silent(func() { // one that has it: all is well again
		w.deploy("prod-eu", fix)
		for n := 1; n <= 3; n++ {
			require.Equal(t, "done", w.item(fmt.Sprintf("%s/%d", incident, n)).Status)
		}
	})
	groups, err = w.api.Reopenings(t.Context())
	require.NoError(t, err)
	require.Empty(t, groups)

	w.lose()
	w.silent(func() {
		cause = *w.rebuild(false).Cause
		w.deploy("prod-eu", base) // one that has it not: an operator is asked
	})
	_, err = w.api.ConfirmReopenings(t.Context(), cause)
	require.NoError(t, err)
	for n := 1; n <= 3; n++ {
		w.reopened(n)
	}
	require.Equal(t, "not_deployed", *w.item(incident + "/1").Reason)
}

func TestRebuildTrustsNoForeignMarker(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "Time out calls"}, line{Title: "Retry refunds", Service: "payments"})
	real := w.issue(1)
	open := func(who, title, body string) int {
		n, err := w.gh.OpenIssue(checkout, who, title, body)
		require.NoError(t, err)
		require.NoError(t, w.gh.Label(checkout, n, who, "postmortem"))
		return n
	}
	forged := open("carol", "Forged", strings.Replace(real.Body, incident+"/1", incident+"/7", 1))
	copied := open("carol", "Copied", real.Body)
	second := open("holdfast-bot", "Second", real.Body)
	w.lose()
	v := w.rebuild(false)
	require.Len(t, v.Items, 2)
	why := map[string]string{}
	for _, s := range v.Skipped {
		why[s.Ticket] = s.Why
	}
	require.Len(t, why, 3)
	require.Contains(t, why[fmt.Sprintf("github:%s#%d", checkout, forged)], "another key, or was forged")
	require.Contains(t, why[fmt.Sprintf("github:%s#%d", checkout, copied)], "another account made it (carol)")
	require.Contains(t, why[fmt.Sprintf("github:%s#%d", checkout, second)], "a second ticket of "+incident+"/1; github:acme/checkout#1 is older")
	require.Equal(t, domain.Ref("github:acme/checkout#1"), w.item(incident+"/1").Ticket.Ref)

	// With another key nothing is ours, and it says so.
	w.lose()
	w.moveTo(func(config string) string {
		return strings.Replace(config, "data_dir: ", `marker_key: "another-key-that-is-long-enough-0123456789"`+"\ndata_dir: ", 1)
	})
	v = w.rebuild(false)
	require.Empty(t, v.Items)
	require.Contains(t, strings.Join(v.Warnings, " "), "no marker was made with this server's key")
	require.Equal(t, 403, w.call("POST", "/api/v1/rebuild", viewToken, "{}").status)
	w.call("POST", "/api/v1/rebuild", aliceToken, `{"tracker":"gitea"}`).problem(t, 422, "no tracker is called gitea")
}

// TestRebuildOnATrackerThatTellsLittle: an emulator that has neither events nor
// a filter by creator.
func TestRebuildOnATrackerThatTellsLittle(t *testing.T) {
	t.Parallel()
	for _, flavor := range []string{"cloud", "datacenter"} {
		t.Run(flavor, func(t *testing.T) {
			t.Parallel()
			w := start(t, scene{flavor: flavor})
			w.filed(line{Title: "Retry refunds", Service: "payments", Text: "Because [it] {said} so | and ! more"}, line{Title: "Time out calls"})
			w.pass(time.Minute)
			require.NoError(t, w.jira.TransitionIssue("PAY-1", "account-bob", "Done", "Done"))
			w.until("PAY-1 reopened", func() bool { return !w.pay(1).Closed() && len(w.pay(1).Comments) > 0 })
			w.close(1)
			w.reopened(1)
			w.missing.Store(true) // events and changelog
			w.lose()
			w.editsOnly(func() { w.rebuild(false) })
			for n := 1; n <= 2; n++ {
				st := w.item(fmt.Sprintf("%s/%d", incident, n))
				require.Equal(t, "open", st.Status)
				require.Equal(t, 1, st.Reopened)
				i := slices.IndexFunc(st.Ledger, func(e domain.Entry) bool { return e.Name == domain.ItemFiled })
				if n == 1 {
					require.Equal(t, "Because [it] {said} so | and ! more", st.Ledger[i].Spec.Text)
				}
			}
			w.merge(payments, "PAY-1: retry refunds", "")
			fix := w.commit(payments, "PAY-1 more of it")
			_, err := w.gh.Deploy(payments, "prod-eu", fix, "success", "alice")
			require.NoError(t, err)
			w.until("PAY-1 closed", func() bool { return w.pay(1).Closed() })
			w.settle()
			require.Len(t, w.pay(1).Comments, 1, "the one comment was found again")
			require.Contains(t, w.pay(1).Comments[0].Body, "In production.")
		})
	}
}
