package history

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGateStartsANewRunForThoseWhoComeLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		var runs atomic.Int32
		work := func(context.Context) error {
			n := runs.Add(1)
			time.Sleep(time.Second)
			if n == 2 {
				return errors.New("second")
			}
			return nil
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := g.do(t.Context(), work); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		for range 10 {
			wg.Go(func() {
				if err := g.do(t.Context(), work); err == nil || err.Error() != "second" {
					t.Error("shares the run after the one that was going on, got", err)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 2, runs.Load())
		require.NoError(t, g.do(t.Context(), work), "an error is not kept")
		require.EqualValues(t, 3, runs.Load())
	})
}

func TestGateCancelsWhatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		var running, runs atomic.Int32
		work := func(ctx context.Context) error {
			runs.Add(1)
			running.Add(1)
			defer running.Add(-1)
			<-ctx.Done()
			time.Sleep(time.Second) // stopping takes a while
			return ctx.Err()
		}
		one, leaveOne := context.WithCancel(t.Context())
		two, leaveTwo := context.WithCancel(t.Context())
		left := make(chan error, 2)
		go func() { left <- g.do(one, work) }()
		synctest.Wait()
		go func() { left <- g.do(two, work) }() // waits for the next run
		synctest.Wait()
		leaveTwo()
		require.ErrorIs(t, <-left, context.Canceled)
		require.EqualValues(t, 1, running.Load(), "the other still waits for its run")
		leaveOne()
		require.ErrorIs(t, <-left, context.Canceled)
		require.Zero(t, running.Load(), "the last to leave waits until it has stopped")
		synctest.Wait()
		require.EqualValues(t, 1, runs.Load(), "the next run lost its only caller before it began")
		require.ErrorIs(t, g.do(one, work), context.Canceled)
		require.EqualValues(t, 1, runs.Load())
	})
}
