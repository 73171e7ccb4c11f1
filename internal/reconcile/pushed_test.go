package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// While what runs is not known, every push is a chance that it becomes so. The
// items are looked at when it does, not at each push.
func TestAPushWakesTheItemsWhenWhatRunsBecomesKnown(t *testing.T) {
	w := newWorld(t)
	ids := w.file(2)
	unpushed := w.commit("not pushed yet")
	w.git("reset", "-q", "--hard", "HEAD~1")
	w.git("reflog", "expire", "--expire=now", "--all")
	w.git("prune", "--expire=now")
	w.deploy("prod-eu", unpushed)
	due := func() (out []string) {
		require.NoError(t, w.r.pushed(w.ctx, "github/"+repoName))
		leases, err := w.ledger.Claim(w.ctx, 50, leaseTime)
		require.NoError(t, err)
		for _, l := range leases {
			out = append(out, l.Subject)
			w.r.work(w.ctx, l)
		}
		return out
	}
	w.commit("something else")
	require.Empty(t, due())
	w.git("reset", "-q", "--hard", "HEAD~1")
	require.Equal(t, unpushed, w.commit("not pushed yet"))
	require.ElementsMatch(t, []string{"item/" + ids[0], "item/" + ids[1]}, due())
	require.Empty(t, due())
}
