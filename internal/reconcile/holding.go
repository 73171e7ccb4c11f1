package reconcile

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/internal/ledger"
)

// passTime is how long one look at all items may take.
const passTime = 30 * time.Minute

// holding renews a lease as long as something goes on, and ends that when the
// lease is lost.
func (r *Reconciler) holding(ctx context.Context, l ledger.Lease, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(leaseTime / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := r.ledger.Renew(ctx, l, leaseTime); errors.Is(err, ledger.ErrLeaseLost) {
				cancel(err)
				return
			}
		}
	}()
	err := do(ctx)
	cancel(nil)
	<-ended
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, ledger.ErrLeaseLost) {
		return cause
	}
	return err
}
