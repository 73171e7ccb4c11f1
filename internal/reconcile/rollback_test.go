package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
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
