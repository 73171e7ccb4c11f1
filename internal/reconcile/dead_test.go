package reconcile

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
)

func (w *world) letters() []ledger.DeadLetter {
	w.t.Helper()
	letters, err := w.ledger.DeadLetters(w.ctx)
	require.NoError(w.t, err)
	return letters
}

// poisoned makes every decision about an item of this priority panic.
func (w *world) poisoned(p domain.Priority, on *bool) {
	w.setup.Rules = func(_ string, have domain.Priority) policy.Rules {
		if *on && have == p {
			panic("a rule that breaks")
		}
		return w.rules
	}
}

func TestPoisonedItemBecomesADeadLetter(t *testing.T) {
	w := newWorld(t)
	base := w.git("rev-parse", "HEAD")
	ids := w.file(2)
	bad, good := ids[0], ids[1]
	require.NoError(t, w.ledger.Append(w.ctx, bad, true, domain.Entry{Kind: domain.Fact, Name: domain.PrioritySet, Spec: &domain.ItemSpec{Priority: "P0"}}))
	w.drain()
	on := true
	w.poisoned("P0", &on)

	// One deployment concerns both: the good one must not suffer.
	w.deploy("prod-eu", base)
	w.advance(time.Minute)
	fix := w.commit("Retry the payment")
	w.merge(fix, 7, good)
	w.deploy("prod-eu", fix)
	require.Equal(t, "verified", w.status(good))

	w.close(bad, domain.Completed)
	for range 6 {
		w.advance(time.Minute)
	}
	got := w.letters()
	require.Len(t, got, 1)
	require.Equal(t, "item/"+bad, got[0].Subject)
	require.Equal(t, "panic: a rule that breaks", got[0].Reason)
	d, err := w.ledger.DeadLetter(w.ctx, got[0].ID)
	require.NoError(t, err)
	require.Contains(t, d.Payload, "ticket_event")
	require.NotZero(t, w.r.Stats.Panics.Load())

	// Tried on ever more seldom, it leaves the list when it works.
	panics := w.r.Stats.Panics.Load()
	for range 24 * 30 {
		w.advance(time.Hour)
	}
	require.Less(t, w.r.Stats.Panics.Load()-panics, int64(60))
	on = false
	require.True(t, w.ticket(bad).Closed)
	w.advance(25 * time.Hour)
	require.Empty(t, w.letters())
	require.False(t, w.ticket(bad).Closed, "what it waited with is done now")
}

// TestRetryDead: another version or configuration is tried at once.
func TestRetryDead(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	on := true
	w.poisoned("P1", &on)
	w.close(id, domain.Completed)
	for range 20 {
		w.advance(time.Hour)
	}
	require.Len(t, w.letters(), 1)
	on = false
	require.NoError(t, w.r.RetryDead(w.ctx))
	w.drain()
	require.Empty(t, w.letters())
	require.False(t, w.ticket(id).Closed)
}

// TestRefusedCreationIsVisible: a ticket that the tracker does not take waits
// where people look; an outage is no dead letter.
func TestRefusedCreationIsVisible(t *testing.T) {
	w := newWorld(t)
	w.gh.Down("Create", trackers.Invalid)
	id := w.file(1)[0]
	for range 6 {
		w.advance(time.Minute)
	}
	got := w.letters()
	require.Len(t, got, 1)
	require.Contains(t, got[0].Reason, "made to fail by the test")
	entries, err := w.ledger.Entries(w.ctx, id)
	require.NoError(t, err)
	n := len(entries)
	for range 24 * 7 {
		w.advance(time.Hour)
	}
	entries, err = w.ledger.Entries(w.ctx, id)
	require.NoError(t, err)
	require.Less(t, len(entries)-n, 60, "a refusal does not fill the ledger")
	w.gh.Up()
	require.NoError(t, w.ledger.Replay(w.ctx, got[0].ID))
	w.drain()
	require.Empty(t, w.letters())
	require.Equal(t, "open", w.status(id))
}

func TestWhatPassesIsNoDeadLetter(t *testing.T) {
	for _, err := range []error{
		&trackers.Error{Class: trackers.Transient}, &trackers.Error{Class: trackers.RateLimited}, &trackers.Error{Class: trackers.Uncertain},
		&trackers.Error{Class: trackers.Denied, Status: 401},
	} {
		require.True(t, passes(err), "%v", err)
	}
	for _, err := range []error{
		&trackers.Error{Class: trackers.Denied, Status: 403}, &trackers.Error{Class: trackers.Invalid}, &trackers.Error{Class: trackers.Gone}, errors.New("panic: x"), ledger.ErrDamaged,
	} {
		require.False(t, passes(err), "%v", err)
	}
}

func TestSubjectOfAnotherVersionIsKept(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.ledger.Touch(w.ctx, w.now(), "newfangled/1"))
	for range 6 {
		w.advance(time.Minute)
	}
	require.Len(t, w.letters(), 1)
}

// TestFilingThatDied: who files holds the postmortem. When the process dies
// with it, nothing is left to be done, and nothing to be told.
func TestFilingThatDied(t *testing.T) {
	w := newWorld(t)
	_, ok, err := w.ledger.ClaimSubject(w.ctx, "postmortem/2026-11-01-outage", leaseTime)
	require.NoError(t, err)
	require.True(t, ok)
	for range 6 {
		w.advance(time.Minute)
	}
	require.Empty(t, w.letters())
	w.advance(48 * time.Hour)
	due, _, err := w.ledger.Due(w.ctx)
	require.NoError(t, err)
	require.Zero(t, due)
}
