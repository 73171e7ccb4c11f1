package reconcile

import (
	"context"
	"time"
)

// A remote that hangs must not keep a ticket from being labelled, a page from
// being shown or the program from ending. So what an attempt asks of remotes
// for its evidence has a part of the attempt's time, all questions together;
// the rest is for recording and doing what follows. What could not be asked is
// unavailable evidence. The sweeps wait for long fetches. A pass over many items
// may compare commits for longer, but not wait longer for missing ones.
const (
	patience      = 12 * time.Second
	patienceShown = 3 * time.Second // of somebody who looks at an item
)

type (
	askUntil struct{} // two times: when commits, and when comparisons are to be at hand
	stopping struct{} // a context, which ends when the program is to end
)

// hurry sets by when evidence is to be at hand: missing commits, and
// comparisons.
func hurry(ctx context.Context, commits, comparisons time.Duration) context.Context {
	now := time.Now()
	return context.WithValue(ctx, askUntil{}, [2]time.Time{now.Add(commits), now.Add(comparisons)})
}

// patient is the context to ask a remote for commits with.
func patient(ctx context.Context) (context.Context, context.CancelFunc) { return until(ctx, 0) }

// comparing is the context to ask a remote for what is compared with.
func comparing(ctx context.Context) (context.Context, context.CancelFunc) { return until(ctx, 1) }

func until(ctx context.Context, which int) (context.Context, context.CancelFunc) {
	times, ok := ctx.Value(askUntil{}).([2]time.Time)
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, times[which])
}

// onStop runs f when the program is to end, unless undone before.
func onStop(ctx context.Context, f func()) (undo func() bool) {
	stop, ok := ctx.Value(stopping{}).(context.Context)
	if !ok {
		return func() bool { return true }
	}
	return context.AfterFunc(stop, f)
}
