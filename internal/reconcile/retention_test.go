package reconcile

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

const day = 24 * time.Hour

// TestRetention: what is finished is cut down to its summary, which tells the
// same, and an item that somebody opens again comes back to life.
func TestRetention(t *testing.T) {
	w := newWorld(t)
	w.setup.Retention = 400 * day
	base := w.git("rev-parse", "HEAD")
	ids := w.file(4)
	done, open, waived, lost := ids[0], ids[1], ids[2], ids[3]
	w.deploy("prod-eu", base)
	w.advance(time.Minute)
	fix := w.commit("Retry the payment")
	w.merge(fix, 7, done)
	w.close(done, domain.Completed)
	require.False(t, w.ticket(done).Closed)
	w.say(done, "carol", "/holdfast status")
	w.advance(time.Hour)
	w.deploy("prod-eu", fix)
	require.Equal(t, "done", w.status(done))
	w.say(waived, "lead-gh", "/holdfast withdraw it is not needed")
	w.close(waived, domain.NotPlanned)
	require.Equal(t, "waived", w.status(waived))
	w.gh.DeleteBy(w.ref(lost))
	w.hear(domain.Event{Kind: domain.EventTicket, Action: "closed", Ticket: w.ref(lost), Actor: "bob"})
	require.Equal(t, "lost", w.status(lost))
	for i := range 60 {
		w.advance(time.Minute)
		w.deploy("staging", w.commit(fmt.Sprint("Change ", i)))
	}
	require.NoError(t, w.ledger.Touch(w.ctx, w.now(), Retention()))
	w.drain()

	before := map[string]domain.State{}
	length := map[string]int{}
	for _, id := range ids {
		entries, err := w.ledger.Entries(w.ctx, id)
		require.NoError(t, err)
		before[id], length[id] = w.state(id), len(entries)
	}
	for range 399 {
		w.advance(day)
	}
	entries, err := w.ledger.Entries(w.ctx, done)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(entries), length[done], "not before its time")
	for range 40 {
		w.advance(day)
	}
	for _, id := range []string{done, waived, lost} {
		entries, err := w.ledger.Entries(w.ctx, id)
		require.NoError(t, err)
		require.Less(t, len(entries), length[id], id)
		st := w.state(id)
		require.False(t, st.ArchivedAt.IsZero())
		require.Equal(t, before[id].Verdict.Status, st.Verdict.Status)
		require.Equal(t, before[id].ClosedAt, st.ClosedAt)
		require.Equal(t, before[id].VerifiedAt, st.VerifiedAt)
		require.Equal(t, before[id].Reopened, st.Reopened)
		require.True(t, sameStory(st, Fold(domain.State{}, entries)), "the summary tells it by itself")
	}
	entries, err = w.ledger.Entries(w.ctx, open)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(entries), length[open], "what is not finished stays whole")
	n, err := w.ledger.Deployments(w.ctx, "checkout", "staging", 0, 1000)
	require.NoError(t, err)
	require.Len(t, n, successesKept)
	require.Equal(t, "done", w.status(done))
	live, err := w.ledger.Successes(w.ctx, []domain.Target{{Service: "checkout", Environment: "prod-eu"}}, 5)
	require.NoError(t, err)
	require.Len(t, live[domain.Target{Service: "checkout", Environment: "prod-eu"}], 2, "what is live, whatever its age")

	// Opened and closed again by a person, it is judged as ever.
	w.advance(time.Minute)
	w.reopen(done)
	w.advance(time.Minute)
	w.close(done, domain.Completed)
	require.False(t, w.ticket(done).Closed, "at least one change must have landed after that reopening")
	require.Equal(t, "reopened_by_person", w.state(done).Verdict.Reason)
	require.Equal(t, 2, w.state(done).Reopened)
	again := w.commit("Retry it better")
	w.advance(time.Minute)
	w.merge(again, 8, done)
	w.deploy("prod-eu", again)
	require.True(t, w.ticket(done).Closed)
	require.Equal(t, "done", w.status(done))
}

func TestRetentionForEver(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.ledger.Touch(w.ctx, w.now(), Retention()))
	w.drain()
	due, _, err := w.ledger.Due(w.ctx)
	require.NoError(t, err)
	require.Zero(t, due)
}
