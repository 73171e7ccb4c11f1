package ledger

import (
	"context"
	"sync"
	"time"
)

// storeAway is how long Wait rests when the store does not answer.
const storeAway = time.Second

// broadcast wakes everybody who waits, any number of times.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

func (b *broadcast) init() { b.ch = make(chan struct{}) }

// next is closed at the next call of all.
func (b *broadcast) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ch
}

func (b *broadcast) all() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.ch)
	b.ch = make(chan struct{})
}

// Wait returns when something may be due, after max, when ctx ends or when the
// ledger is closed. It is woken by what any process records, appends or
// touches, and by the earliest time in the queue. It may return for nothing.
func (l *Ledger) Wait(ctx context.Context, max time.Duration) {
	l.listening.Do(func() { l.running.Go(l.listen) })
	end := time.NewTimer(max)
	defer end.Stop()
	for {
		// Taken before the question, so that a touch between the two is heard.
		woken := l.wake.next()
		var due <-chan time.Time
		zs, err := l.db.ZRangeWithScores(ctx, l.keys.due(), 0, 0).Result()
		switch {
		case err != nil:
			due = time.After(storeAway)
		case len(zs) == 1:
			in := time.UnixMilli(int64(zs[0].Score)).Sub(l.now())
			if in <= 0 {
				return
			}
			if in < max {
				due = time.After(in)
			}
		}
		select {
		case <-woken:
			if err != nil {
				return
			}
		case <-due:
			return
		case <-end.C:
			return
		case <-ctx.Done():
			return
		case <-l.quit:
			return
		}
	}
}

// listen passes on what other processes publish. A new subscription, after an
// outage too, is itself a reason to look: messages may have been missed.
func (l *Ledger) listen() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	sub := l.db.Subscribe(ctx, l.keys.channel())
	defer sub.Close()
	news := sub.ChannelWithSubscriptions()
	for {
		select {
		case _, ok := <-news:
			if !ok {
				return
			}
			l.wake.all()
		case <-l.quit:
			return
		}
	}
}
