package ledger

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

func TestClaimGivesWhatIsDueEarliestFirst(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		now := e.clock.Now()
		require.NoError(t, e.Touch(e.ctx, now.Add(-time.Minute), "item/b"))
		require.NoError(t, e.Touch(e.ctx, now.Add(-time.Hour), "item/a", "item/c"))
		require.NoError(t, e.Touch(e.ctx, now.Add(time.Second), "item/later"))
		n, oldest, err := e.Due(e.ctx)
		require.NoError(t, err)
		require.EqualValues(t, 3, n)
		require.Equal(t, now.Add(-time.Hour), oldest)

		two, err := e.Claim(e.ctx, 2, time.Minute)
		require.NoError(t, err)
		require.Len(t, two, 2)
		require.Equal(t, "item/a", two[0].Subject)
		require.Equal(t, "item/c", two[1].Subject)
		require.Equal(t, now.Add(time.Minute), two[0].Until)
		require.Greater(t, two[1].Gen, two[0].Gen)
		require.Equal(t, []string{"item/b"}, e.due())
		require.Empty(t, e.due())
		n, oldest, err = e.Due(e.ctx)
		require.NoError(t, err)
		require.Zero(t, n)
		require.Zero(t, oldest)

		e.clock.Add(time.Second)
		require.Equal(t, []string{"item/later"}, e.due())
	})
}

func TestTouchKeepsTheEarlierTime(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		now := e.clock.Now()
		require.NoError(t, e.Touch(e.ctx, now.Add(time.Minute), "s"))
		require.NoError(t, e.Touch(e.ctx, now.Add(time.Hour), "s"))
		e.clock.Add(time.Minute)
		require.Equal(t, []string{"s"}, e.due())
		require.NoError(t, e.Touch(e.ctx, now.Add(time.Hour), "s"))
		require.NoError(t, e.Touch(e.ctx, e.clock.Now(), "s"))
		require.Equal(t, []string{"s"}, e.due())
	})
}

func TestTouchWhileLeased(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		now := e.clock.Now()
		lease := e.lease("s")
		require.NoError(t, e.Touch(e.ctx, now, "s"))
		require.Empty(t, e.due(), "it is held")
		require.NoError(t, e.Done(e.ctx, lease, now.Add(time.Hour)))
		require.Equal(t, []string{"s"}, e.due(), "the touch is not lost")

		lease = e.lease("s")
		require.NoError(t, e.Touch(e.ctx, now.Add(time.Minute), "s"))
		require.NoError(t, e.Done(e.ctx, lease, time.Time{}))
		require.Empty(t, e.due())
		e.clock.Add(time.Minute)
		require.Equal(t, []string{"s"}, e.due(), "nor one for later")
		require.Empty(t, e.due())
	})
}

func TestRetryCountsAttempts(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		lease := e.lease("s")
		require.Zero(t, lease.Attempts)
		require.NoError(t, e.Retry(e.ctx, lease, e.clock.Now().Add(time.Minute)))
		require.Empty(t, e.due())
		lease = e.lease("s")
		require.Equal(t, 1, lease.Attempts)
		require.NoError(t, e.Touch(e.ctx, e.clock.Now(), "s"))
		require.NoError(t, e.Retry(e.ctx, lease, e.clock.Now().Add(time.Hour)))
		leases, err := e.Claim(e.ctx, 1, time.Minute)
		require.NoError(t, err)
		require.Len(t, leases, 1, "a new fact may help")
		require.Equal(t, 2, leases[0].Attempts)
		require.NoError(t, e.Done(e.ctx, leases[0], time.Time{}))
		require.Zero(t, e.lease("s").Attempts)
	})
}

func TestDeadHolder(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		id := e.file("pm", 1)[0]
		e.due()
		dead := e.lease("item/" + id)
		_, ok, err := e.ClaimSubject(e.ctx, "item/"+id, time.Minute)
		require.NoError(t, err)
		require.False(t, ok)
		e.clock.Add(59 * time.Second)
		require.NoError(t, e.Renew(e.ctx, dead, time.Minute))
		e.clock.Add(59 * time.Second)
		require.Empty(t, e.due())
		e.clock.Add(2 * time.Second)

		// Nobody took it yet: the holder may still write.
		entry := domain.Entry{Kind: domain.Decided, Name: domain.VerdictReached}
		require.NoError(t, e.AppendHeld(e.ctx, dead, id, entry))
		leases, err := e.Claim(e.ctx, 5, time.Minute)
		require.NoError(t, err)
		require.Len(t, leases, 1)
		require.Equal(t, 1, leases[0].Attempts, "a look that killed its holder counts")

		state := domain.State{Spec: domain.ItemSpec{ID: id}, Applied: 1}
		for what, err := range map[string]error{
			"append": e.AppendHeld(e.ctx, dead, id, entry),
			"save":   e.Save(e.ctx, dead, state),
			"bind":   e.Bind(e.ctx, dead, id, ticket12),
			"renew":  e.Renew(e.ctx, dead, time.Minute),
			"done":   e.Done(e.ctx, dead, time.Time{}),
			"retry":  e.Retry(e.ctx, dead, e.clock.Now()),
			"file":   e.File(e.ctx, dead, domain.Postmortem{ID: "x"}, nil),
		} {
			require.ErrorIs(t, err, ErrLeaseLost, what)
		}
		require.ErrorIs(t, e.AppendHeld(e.ctx, Lease{}, id, entry), ErrLeaseLost)
		require.NoError(t, e.Done(e.ctx, leases[0], time.Time{}))
		require.ErrorIs(t, e.Done(e.ctx, leases[0], time.Time{}), ErrLeaseLost, "twice")
		entries, err := e.Entries(e.ctx, id)
		require.NoError(t, err)
		require.Len(t, entries, 2)
	})
}

func TestClaimSubjectKeepsTheTimeThatStood(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		require.NoError(t, e.Touch(e.ctx, e.clock.Now().Add(time.Minute), "s"))
		require.NoError(t, e.Done(e.ctx, e.lease("s"), time.Time{}))
		e.clock.Add(time.Minute)
		require.Equal(t, []string{"s"}, e.due())
	})
}

// elapsed runs f and reports how long it took. Where f waits for longer than a
// minute unless it is woken, it fails when nothing wakes it.
func elapsed(t *testing.T, f func(), what ...any) time.Duration {
	t.Helper()
	began, done := time.Now(), make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal(append([]any{"it hangs: "}, what...)...)
	}
	return time.Since(began)
}

func TestWait(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		e.Ledger.now = time.Now
		// Another process on the same store.
		other := New(e.db, Options{})
		t.Cleanup(other.Close)
		idle := elapsed(t, func() { e.Wait(e.ctx, 150*time.Millisecond) })
		require.GreaterOrEqual(t, idle, 150*time.Millisecond)

		wakes := map[string]func(){
			"touch": func() { require.NoError(t, other.Touch(t.Context(), time.Now(), "s")) },
			"timer": func() { require.NoError(t, other.Touch(t.Context(), time.Now().Add(100*time.Millisecond), "s")) },
			"own":   func() { require.NoError(t, e.Touch(t.Context(), time.Now(), "s")) },
			"deployment": func() {
				_, _, err := other.RecordDeployment(t.Context(), domain.Deployment{Service: "a", Environment: "b"})
				require.NoError(t, err)
			},
		}
		for name, wake := range wakes {
			time.AfterFunc(50*time.Millisecond, wake)
			elapsed(t, func() { e.Wait(e.ctx, time.Hour) }, name)
			leases, err := e.Claim(e.ctx, 10, time.Minute)
			require.NoError(t, err)
			require.NotEmpty(t, leases, name)
			for _, l := range leases {
				require.NoError(t, e.Done(e.ctx, l, time.Time{}))
			}
		}

		require.NoError(t, e.Touch(e.ctx, time.Now(), "s"))
		elapsed(t, func() { e.Wait(e.ctx, time.Hour) }, "due already")
		e.due()
		ctx, cancel := context.WithCancel(e.ctx)
		cancel()
		elapsed(t, func() { e.Wait(ctx, time.Hour) }, "cancelled")
		time.AfterFunc(50*time.Millisecond, e.Close)
		elapsed(t, func() { e.Wait(e.ctx, time.Hour) }, "closed")
	})
}

func TestWaitWakesEveryWorker(t *testing.T) {
	e := newEnv(t, storetest.Redis(t))
	e.Ledger.now = time.Now
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { e.Wait(e.ctx, time.Hour) })
	}
	time.AfterFunc(50*time.Millisecond, func() { _ = e.Touch(e.ctx, time.Now(), "s") })
	elapsed(t, wg.Wait)
}

func TestWaitDoesNotSpinWithoutAStore(t *testing.T) {
	s := storetest.NewServer(t)
	e := newEnv(t, s.Client())
	s.Kill()
	require.GreaterOrEqual(t, elapsed(t, func() { e.Wait(e.ctx, 300*time.Millisecond) }), 300*time.Millisecond)
}

// TestQueueNeverLosesATouch lets random workers and touches play against a
// model: at any time a subject has at most one holder, and every touch is
// followed by a claim at or after its time.
func TestQueueNeverLosesATouch(t *testing.T) {
	stores := map[string]redis.UniversalClient{"redis": storetest.Redis(t), "in process": storetest.InProcess(t)}
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				require.NoError(t, db.FlushDB(t.Context()).Err())
				playQueue(rt, newEnv(t, db))
			})
		})
	}
}

// owed is the earliest time for which somebody wants the subject looked at and
// nobody has begun to yet.
type modelSubject struct {
	owed   time.Time // zero: nothing
	holder *Lease
	until  time.Time
}

func playQueue(rt *rapid.T, e *env) {
	defer e.Close()
	model := map[string]*modelSubject{}
	for i := range 3 {
		model[fmt.Sprint("s", i)] = &modelSubject{}
	}
	var stale []Lease
	subject := rapid.SampledFrom([]string{"s0", "s1", "s2"})
	offset := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.IntRange(-3, 8).Draw(t, "seconds")) * time.Second
	})
	earlier := func(a, b time.Time) time.Time {
		if a.IsZero() || !b.IsZero() && b.Before(a) {
			return b
		}
		return a
	}
	taken := func(l Lease) {
		m, now := model[l.Subject], e.clock.Now()
		if m.holder != nil {
			if now.Before(m.until) {
				rt.Fatalf("%s has two holders", l.Subject)
			}
			stale = append(stale, *m.holder)
		}
		m.holder, m.until = &l, l.Until
		if !m.owed.After(now) {
			m.owed = time.Time{}
		}
	}
	check := func(what string, err error) {
		if err != nil {
			rt.Fatalf("%s: %v", what, err)
		}
	}
	rt.Repeat(map[string]func(*rapid.T){
		"touch": func(rt *rapid.T) {
			s, at := subject.Draw(rt, "subject"), e.clock.Now().Add(offset.Draw(rt, "at"))
			check("touch", e.Touch(e.ctx, at, s))
			model[s].owed = earlier(model[s].owed, at)
		},
		"claim": func(rt *rapid.T) {
			leases, err := e.Claim(e.ctx, rapid.IntRange(1, 3).Draw(rt, "max"), 5*time.Second)
			check("claim", err)
			for _, l := range leases {
				taken(l)
			}
		},
		"claim one": func(rt *rapid.T) {
			s := subject.Draw(rt, "subject")
			m := model[s]
			free := m.holder == nil || !e.clock.Now().Before(m.until)
			l, ok, err := e.ClaimSubject(e.ctx, s, 5*time.Second)
			check("claim one", err)
			if ok != free {
				rt.Fatalf("claiming %s: %t, want %t", s, ok, free)
			}
			if ok {
				taken(l)
			}
		},
		"end": func(rt *rapid.T) {
			s := subject.Draw(rt, "subject")
			m := model[s]
			if m.holder == nil {
				return
			}
			var next time.Time
			if rapid.Bool().Draw(rt, "again") {
				next = e.clock.Now().Add(offset.Draw(rt, "next"))
			}
			if !next.IsZero() && rapid.Bool().Draw(rt, "retry") {
				check("retry", e.Retry(e.ctx, *m.holder, next))
			} else {
				check("done", e.Done(e.ctx, *m.holder, next))
			}
			m.holder = nil
			m.owed = earlier(m.owed, next)
		},
		"end late": func(rt *rapid.T) {
			if len(stale) == 0 {
				return
			}
			l := rapid.SampledFrom(stale).Draw(rt, "lease")
			if err := e.Done(e.ctx, l, time.Time{}); err == nil {
				rt.Fatalf("a holder that lost %s could end it", l.Subject)
			}
		},
		"time": func(rt *rapid.T) {
			e.clock.Add(time.Duration(rapid.IntRange(1, 4).Draw(rt, "seconds")) * time.Second)
		},
		"": func(rt *rapid.T) {
			// What is owed stands in the queue, now or at the end of its lease.
			for s, m := range model {
				at, err := e.db.ZScore(e.ctx, e.keys.due(), s).Result()
				if err != nil && err != redis.Nil {
					rt.Fatal(err)
				}
				switch {
				case m.holder != nil:
					if int64(at) != m.until.UnixMilli() {
						rt.Fatalf("%s is held until %v but stands at %v", s, m.until.UnixMilli(), int64(at))
					}
				case m.owed.IsZero():
					if err == nil {
						rt.Fatalf("nobody wants %s, but it stands at %v", s, int64(at))
					}
				case err != nil || int64(at) != m.owed.UnixMilli():
					rt.Fatalf("%s is owed at %v but stands at %v (%v)", s, m.owed.UnixMilli(), int64(at), err)
				}
			}
		},
	})
}
