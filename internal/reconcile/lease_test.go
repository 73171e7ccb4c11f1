package reconcile

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Work that waits, as it does during an import, waits with a lease that runs
// out: what it then does must be done by one alone.
func TestALeaseThatRanOutBeforeTheWorkBegan(t *testing.T) {
	for name, taken := range map[string]bool{"nobody has taken it": false, "somebody has taken it": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			worked := 0
			w.r.extra = map[string]Handler{"chore": func(context.Context, string) (time.Time, error) {
				worked++
				leases, err := w.ledger.Claim(w.ctx, 10, leaseTime)
				require.NoError(t, err)
				require.Empty(t, leases, "it is worked on")
				return time.Time{}, nil
			}}
			require.NoError(t, w.ledger.Touch(w.ctx, w.now(), "chore/x"))
			leases, err := w.ledger.Claim(w.ctx, 10, leaseTime)
			require.NoError(t, err)
			require.Len(t, leases, 1)
			w.r.enter = func(context.Context) (func(), bool) {
				w.clock.Add(int64(leaseTime + time.Second))
				if taken {
					again, err := w.ledger.Claim(w.ctx, 10, leaseTime)
					require.NoError(t, err)
					require.Len(t, again, 1)
				}
				return func() {}, true
			}
			w.r.work(w.ctx, leases[0])
			if taken {
				require.Zero(t, worked)
			} else {
				require.Equal(t, 1, worked)
			}
		})
	}
}
