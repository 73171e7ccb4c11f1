package history

import (
	"context"
	"sync"
)

// gate lets many callers share one run of the same work. Who asks while a run
// is going on gets the next one, since what it asks for may have happened
// after that run looked; all who wait for the next share it. A run that nobody
// waits for any more is cancelled.
type gate struct {
	mu      sync.Mutex
	current *run
	next    *run
}

type run struct {
	waiting int
	cancel  context.CancelFunc
	ctx     context.Context // of the run, not of a caller
	done    chan struct{}
	err     error
}

func newRun() *run {
	ctx, cancel := context.WithCancel(context.Background())
	return &run{ctx: ctx, cancel: cancel, done: make(chan struct{})}
}

// do waits for a run that started after the call. When ctx ends first, it
// returns its error; the last to leave waits until the cancelled run has
// stopped, so nothing is left behind.
func (g *gate) do(ctx context.Context, work func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	g.mu.Lock()
	var mine *run
	switch {
	case g.current == nil:
		mine = newRun()
		g.current = mine
		go g.work(mine, work)
	case g.next == nil:
		mine = newRun()
		g.next = mine
	default:
		mine = g.next
	}
	mine.waiting++
	g.mu.Unlock()

	select {
	case <-mine.done:
		return mine.err
	case <-ctx.Done():
	}
	g.mu.Lock()
	mine.waiting--
	last := mine.waiting == 0
	if last && mine == g.next {
		g.next = nil // never started
		mine.cancel()
		g.mu.Unlock()
		return context.Cause(ctx)
	}
	g.mu.Unlock()
	if last {
		mine.cancel()
		<-mine.done
	}
	return context.Cause(ctx)
}

// work runs the current run, and then the next ones as long as somebody waits.
func (g *gate) work(r *run, work func(context.Context) error) {
	for r != nil {
		r.err = work(r.ctx)
		r.cancel()
		g.mu.Lock()
		g.current, g.next = g.next, nil
		close(r.done)
		r = g.current
		g.mu.Unlock()
	}
}
