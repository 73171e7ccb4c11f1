package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever may look at every item has the time for that, and renews its lease.
func TestWhatLooksAtEveryItemHasTheTimeForIt(t *testing.T) {
	w := newWorld(t)
	for _, subject := range []string{"deployment/1", "config/one", causeImport + "/2026-11-02T09:00:00Z", causeRebuild + "/2026-11-02T09:00:00Z"} {
		require.Equal(t, passTime, w.r.timeFor(subject), subject)
	}
	require.Equal(t, workTime, w.r.timeFor("item/pm1/1"))
}
