package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// patient lets the retries of half a minute go by.
func (w *world) patient() {
	for range 10 {
		w.advance(3 * time.Second)
	}
}

// accepted files an item whose fix is in production and whose ticket is closed,
// and gives the commits before the fix and with it.
func (w *world) accepted() (id, base, fix string) {
	w.t.Helper()
	id, base = w.file(1)[0], w.commit("base")
	fix = w.commit("fix")
	w.merge(fix, 7, id)
	w.deploy("prod-eu", fix)
	w.close(id, domain.Completed)
	require.Equal(w.t, "done", w.status(id))
	return id, base, fix
}

func TestAnInterruptedRegressionIsToldOnce(t *testing.T) {
	w := newWorld(t)
	id, base, _ := w.accepted()
	before := len(w.comments(id))
	w.deploy("prod-eu", base)
	w.gh.FailNext("Edit", trackers.Transient)
	w.advance(31 * time.Minute)
	w.patient()
	require.False(t, w.ticket(id).Closed)
	require.Len(t, w.comments(id), before+1, "the comment waits for the reopening that it belongs to")
	require.Empty(t, w.state(id).Open)
}

// A reopening that the tracker refuses leaves the comment; when it is let
// through at a later try, the ticket must not get the same comment again.
func TestARefusedRegressionIsToldOnce(t *testing.T) {
	w := newWorld(t)
	id, base, fix := w.accepted()
	before := len(w.comments(id))
	regress := func() {
		w.deploy("prod-eu", base)
		w.gh.Down("Edit", trackers.Denied)
		w.advance(31 * time.Minute)
		require.True(t, w.ticket(id).Closed)
	}
	regress()
	require.Len(t, w.comments(id), before+1)
	w.advance(25 * time.Hour)
	require.True(t, w.ticket(id).Closed, "refused again")
	require.Len(t, w.comments(id), before+1, "not told again each day")
	w.gh.Up()
	w.advance(25 * time.Hour)
	require.False(t, w.ticket(id).Closed)
	require.Len(t, w.comments(id), before+1)
	require.NotContains(t, w.comments(id)[before].Body, "did not let Holdfast reopen")

	w.deploy("prod-eu", fix)
	require.True(t, w.ticket(id).Closed, "it closes itself again")
	regress()
	require.Len(t, w.comments(id), before+2, "another regression is told anew")
}

func TestAnExpiredTokenRefusesNothing(t *testing.T) {
	t.Run("a reopening waits for the token", func(t *testing.T) {
		w := newWorld(t)
		id := w.file(1)[0]
		w.gh.SignOut("Edit")
		w.close(id, domain.Completed)
		w.patient()
		require.True(t, w.ticket(id).Closed)
		require.True(t, w.state(id).ReopenRefusedAt.IsZero(), "nobody has refused this reopening")
		w.gh.Up()
		w.advance(10 * time.Minute)
		require.False(t, w.ticket(id).Closed)
		require.Len(t, w.comments(id), 1)
	})
	t.Run("a person is not refused for it", func(t *testing.T) {
		w := newWorld(t)
		w.gh.SetWriter("dave")
		id := w.file(1)[0]
		fix := w.commit("fix")
		w.gh.SignOut("CanWrite")
		w.say(id, "dave", "/holdfast fixed-by "+fix)
		require.Len(t, w.comments(id), 1, "no reply")
		w.gh.Up()
		w.patient()
		require.Len(t, w.state(id).Changes, 1)
	})
}

func TestADoneCommandIsAnsweredAfterAll(t *testing.T) {
	for _, fail := range []func(w *world){
		func(w *world) { w.gh.FailNext("React", trackers.Transient) },
		func(w *world) { w.gh.FailAfter("React", trackers.Transient) },
	} {
		w := newWorld(t)
		id := w.file(1)[0]
		fail(w)
		c := w.say(id, "lead-gh", "/holdfast waive 7d the vendor is on it")
		w.patient()
		require.NotNil(t, w.state(id).Waiver)
		require.True(t, w.gh.Liked(w.ref(id), c))
		require.Empty(t, w.state(id).Open)
	}
	w := newWorld(t)
	id := w.file(1)[0]
	w.gh.FailAfter("AddComment", trackers.Uncertain)
	w.say(id, "mallory", "/holdfast waive 7d no")
	w.patient()
	require.Len(t, w.comments(id), 2, "the command and one reply")
}

// A comment whose answer was lost is found again, however far the tracker's
// clock is from ours within reason.
func TestAnInterruptedCommentIsWrittenOnceWhateverTheTrackersClockSays(t *testing.T) {
	for _, ahead := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		t.Run(ahead.String(), func(t *testing.T) {
			w := newWorld(t)
			w.trackerAhead = ahead
			id := w.file(1)[0]
			w.gh.FailAfter("AddComment", trackers.Uncertain)
			w.close(id, domain.Completed)
			w.patient()
			require.Len(t, w.comments(id), 1)
			require.Empty(t, w.state(id).Open)
		})
	}
}

func TestACommentThatWasRefusedComesWithTheReopening(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.gh.Down("Edit", trackers.Denied)
	w.gh.Down("AddComment", trackers.Denied)
	w.close(id, domain.Completed)
	require.Empty(t, w.comments(id))
	w.gh.Up()
	w.advance(25 * time.Hour)
	require.False(t, w.ticket(id).Closed)
	require.Len(t, w.comments(id), 1)
}

// The tracker's clock is behind: what was there before a person reopened the
// item is no newer evidence, whatever the times say.
func TestEvidenceFromBeforeAPersonReopened(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.say(id, "lead-gh", "/holdfast attest https://wiki.acme.example/runbook done by hand")
	w.close(id, domain.Completed)
	require.Equal(t, "done", w.status(id))
	w.clock.Add(int64(-3 * time.Minute))
	w.reopen(id)
	w.clock.Add(int64(3 * time.Minute))
	w.drain()
	require.Equal(t, "reopened_by_person", w.state(id).Verdict.Reason)
	w.say(id, "lead-gh", "/holdfast attest https://wiki.acme.example/runbook really done")
	require.Equal(t, "verified", w.state(id).Verdict.Verdict)
}

func TestASweepFindsWhatWasPushed(t *testing.T) {
	w := newSweptWorld(t)
	id := w.file(1)[0]
	w.advance(time.Minute)
	fix := w.commit("Repair it\n\nFixes #" + w.ref(id).Key()[len(repoName)+1:])
	w.commit("Unrelated")
	w.advance(time.Minute)
	w.sweep()
	require.Len(t, w.state(id).Changes, 1)
	require.Equal(t, fix, w.state(id).Changes[0].SHA)
	n := w.state(id).Applied
	w.sweep()
	require.Equal(t, n, w.state(id).Applied, "once")
}

// A sweep that begins late finds what happened since the first item was filed.
func TestTheFirstSweepLooksBack(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.advance(time.Minute)
	w.commit("Repair it\n\nFixes #" + w.ref(id).Key()[len(repoName)+1:])
	w.gh.CloseBy(w.ref(id), domain.Completed)
	w.advance(time.Hour)
	s := newSweptWorld(t) // for its settings
	w.setup.SweepEvery, w.setup.SweepTargets, w.setup.Claims, w.setup.DeploymentTargets = s.setup.SweepEvery, s.setup.SweepTargets, s.setup.Claims, s.setup.DeploymentTargets
	w.sweep()
	require.False(t, w.ticket(id).Closed)
	require.Len(t, w.state(id).Changes, 1)
}

// The comment stands there and nobody may look: an outcome that says it was
// not written would have it written twice.
func TestACommentThatCannotBeLookedForIsNotGivenUp(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	w.gh.FailAfter("AddComment", trackers.Uncertain)
	w.gh.Down("FindComment", trackers.Denied)
	w.close(id, domain.Completed)
	w.patient()
	require.Len(t, w.state(id).Open, 1, "the intent stays open")
	w.gh.Up()
	w.advance(11 * time.Minute)
	require.Empty(t, w.state(id).Open)
	require.Len(t, w.comments(id), 1)
	w.advance(time.Minute)
	w.close(id, domain.Completed)
	require.False(t, w.ticket(id).Closed)
	require.Len(t, w.comments(id), 1, "it is known, and edited")
}

func TestACloseThatWasRefusedIsTriedAgainAfterAReload(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	fix := w.commit("fix")
	w.merge(fix, 7, id)
	w.close(id, domain.Completed)
	require.False(t, w.ticket(id).Closed)
	w.gh.Down("Edit", trackers.Denied)
	w.gh.Down("EditComment", trackers.Denied)
	w.deploy("prod-eu", fix)
	require.False(t, w.ticket(id).Closed)
	w.gh.Up()
	w.advance(time.Minute)
	require.False(t, w.ticket(id).Closed, "not before somebody says so, or a day is over")
	require.NoError(t, w.r.Reload(t.Context(), w.setup))
	w.drain()
	require.True(t, w.ticket(id).Closed)
	require.Equal(t, "done", w.status(id))
	require.Contains(t, w.comments(id)[0].Body, "In production.")
}
