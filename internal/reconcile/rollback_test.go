package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// The grace of a rollback runs from the deployment that took the fix back.
// Further deployments without the fix do not put its end off.
func TestTheGraceOfARollbackIsNotPutOff(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	base := w.git("rev-parse", "HEAD")
	w.advance(time.Minute)
	fix := w.commit("The fix")
	w.merge(fix, 7, id)
	w.deploy("prod-eu", fix)
	w.close(id, domain.Completed)
	require.Equal(t, "done", w.status(id))

	w.advance(time.Hour)
	w.deploy("prod-eu", base)
	require.Equal(t, "regressed", w.status(id))
	w.git("switch", "-q", "-c", "hotfix", base)
	for range 2 {
		w.advance(12 * time.Minute)
		w.deploy("prod-eu", w.commit("A hotfix without the fix"))
		require.True(t, w.ticket(id).Closed, "within the grace")
	}
	w.advance(7 * time.Minute)
	require.False(t, w.ticket(id).Closed, "31 minutes after the rollback")
	require.Equal(t, "rolled_back", w.state(id).Verdict.Reason)
}

// A ticket that Holdfast closed is accepted by that close, even while the
// comment with the proof waits for its tracker: a rollback in between gets its
// grace, and counts as a regression.
func TestARollbackBeforeTheProofIsWrittenGetsItsGrace(t *testing.T) {
	w := newWorld(t)
	id := w.file(1)[0]
	base := w.git("rev-parse", "HEAD")
	w.deploy("prod-eu", base)
	w.close(id, domain.Completed)
	require.False(t, w.ticket(id).Closed, "reopened: nothing fixes it")
	w.advance(time.Minute)
	fix := w.commit("The fix")
	w.merge(fix, 7, id)

	w.gh.FailNext("EditComment", trackers.Transient)
	w.deploy("prod-eu", fix)
	require.True(t, w.ticket(id).Closed, "closed with the fix")
	require.NotContains(t, w.comments(id)[0].Body, "In production.", "the proof is not written yet")
	w.deploy("prod-eu", base)
	w.advance(10 * time.Minute)
	require.True(t, w.ticket(id).Closed, "within the grace")
	require.Equal(t, "regressed", w.status(id))
	w.advance(21 * time.Minute)
	require.False(t, w.ticket(id).Closed, "31 minutes after the rollback")
	require.Len(t, w.comments(id), 2, "a regression posts a new comment")
}
