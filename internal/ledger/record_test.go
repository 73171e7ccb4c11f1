package ledger

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

const ticket12 = domain.Ref("github:acme/checkout#12")

func closedEvent(id string, ref domain.Ref) domain.Event {
	closed := true
	return domain.Event{ID: id, Tracker: "github", Kind: domain.EventTicket, Action: "closed", Actor: "alice", Repo: "acme/checkout", Ticket: ref, Closed: &closed}
}

func TestRecordTellsTheItemOfATicket(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		id := e.track("pm", ticket12)
		e.due()
		require.True(t, e.record(closedEvent("d1", "github:ACME/Checkout#12")), "case of a repository does not matter")
		require.False(t, e.record(closedEvent("d1", ticket12)), "the same delivery again")
		require.True(t, e.record(closedEvent("d2", "github:acme/other#1")), "a ticket that nobody tracks")

		entries, err := e.Entries(e.ctx, id)
		require.NoError(t, err)
		require.Equal(t, []domain.EntryName{domain.ItemFiled, domain.TicketEvent}, names(entries))
		require.Equal(t, int64(2), entries[1].Seq)
		require.Equal(t, domain.Fact, entries[1].Kind)
		require.Equal(t, "alice", entries[1].Event.Actor)
		require.Equal(t, "delivery github/d1", entries[1].Cause)
		require.Equal(t, []string{"item/pm/1"}, e.due())

		stream, err := e.db.XRange(e.ctx, e.keys.events(), "-", "+").Result()
		require.NoError(t, err)
		require.Len(t, stream, 2)
		require.Contains(t, stream[0].Values["e"], `"id":"d1"`)
	})
}

func TestRecordKnowsDeliveriesPerTracker(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		ev := closedEvent("7", ticket12)
		require.True(t, e.record(ev))
		ev.Tracker = "jira"
		require.True(t, e.record(ev))
		require.False(t, e.record(ev))
		long := closedEvent(strings.Repeat("x", 500), ticket12)
		require.True(t, e.record(long))
		require.False(t, e.record(long))
	})
}

func TestDeliveriesAreForgottenInTime(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		other := 0
		pass := func(d time.Duration) {
			t.Helper()
			e.clock.Add(d)
			other++
			require.True(t, e.record(closedEvent(fmt.Sprint("other-", other), ticket12)))
		}
		require.True(t, e.record(closedEvent("d1", ticket12)))
		pass(seenFor - time.Minute)
		require.True(t, e.record(closedEvent("d2", ticket12)))
		pass(time.Minute)
		require.False(t, e.record(closedEvent("d1", ticket12)))
		pass(seenFor - 2*time.Minute)
		require.False(t, e.record(closedEvent("d2", ticket12)), "remembered for as long as is promised")
		pass(2 * time.Minute)
		require.True(t, e.record(closedEvent("d1", ticket12)), "two periods ago")
		keys, err := e.db.Keys(e.ctx, "*seen*").Result()
		require.NoError(t, err)
		require.Len(t, keys, 2, "nothing piles up")
		// A clock that was wrong for a while does not keep them for ever.
		pass(10 * 365 * 24 * time.Hour)
		pass(-10 * 365 * 24 * time.Hour)
		pass(seenFor)
		require.True(t, e.record(closedEvent("d1", ticket12)))
	})
}

func TestRecordFollowsATicketThatMoved(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		id := e.track("pm", ticket12)
		e.due()
		ev := closedEvent("d1", "github:acme/elsewhere#3")
		ev.Action, ev.OldRef = "transferred", ticket12
		e.record(ev)
		entries, err := e.Entries(e.ctx, id)
		require.NoError(t, err)
		require.Equal(t, domain.TicketEvent, entries[len(entries)-1].Name)
	})
}

func TestRecordHeedsOnlyCommentsWithACommand(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		id := e.track("pm", ticket12)
		e.due()
		ev := domain.Event{ID: "c1", Tracker: "github", Kind: domain.EventComment, Ticket: ticket12, Comment: "55"}
		e.record(ev)
		require.Empty(t, e.due())
		ev.ID, ev.Command = "c2", true
		e.record(ev)
		require.Equal(t, []string{"item/" + id}, e.due())
		entries, err := e.Entries(e.ctx, id)
		require.NoError(t, err)
		require.Equal(t, []domain.EntryName{domain.ItemFiled, domain.CommentSeen}, names(entries))
	})
}

func claim(ref domain.Ref, pr int) domain.Claim {
	return domain.Claim{Ticket: ref, Change: domain.Change{Repo: "acme/checkout", PullRequest: pr, How: domain.ClaimPullRequest}}
}

func TestClaimsReachTheirItemsNowOrLater(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		id := e.track("pm", ticket12)
		e.due()
		gone := claim(ticket12, 2)
		gone.Withdrawn = true
		byItem := claim("", 3)
		byItem.Item = id
		noItem := claim("jira:PAY-9", 4)
		noItem.Item = "nobody/1"
		ev := domain.Event{ID: "d1", Tracker: "github", Kind: domain.EventChange, Repo: "acme/checkout",
			Claims: []domain.Claim{claim(ticket12, 1), gone, byItem, noItem, claim("jira:PAY-9", 5)}}
		require.True(t, e.record(ev))
		require.Equal(t, []string{"item/" + id}, e.due())

		entries, err := e.Entries(e.ctx, id)
		require.NoError(t, err)
		require.Equal(t, []domain.EntryName{domain.ItemFiled, domain.ChangeLinked, domain.ChangeWithdrawn, domain.ChangeLinked}, names(entries))
		require.Equal(t, e.clock.Now(), entries[1].Change.ClaimedAt)
		require.Equal(t, 3, entries[3].Change.PullRequest)

		later := e.file("later", 1)[0]
		e.due()
		lease := e.lease("item/" + later)
		require.NoError(t, e.Bind(e.ctx, lease, later, "jira:PAY-9"))
		require.NoError(t, e.Done(e.ctx, lease, time.Time{}))
		require.Equal(t, []string{"item/" + later}, e.due(), "what waited is new to the holder")
		entries, err = e.Entries(e.ctx, later)
		require.NoError(t, err)
		require.Equal(t, []domain.EntryName{domain.ItemFiled, domain.ChangeLinked, domain.ChangeLinked}, names(entries))
		require.Equal(t, 4, entries[1].Change.PullRequest)
		require.Zero(t, e.db.Exists(e.ctx, e.keys.claims(refField("jira:PAY-9"))).Val())
	})
}

func TestClaimsOnAnUntrackedTicketAreBounded(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		ev := domain.Event{ID: "d1", Tracker: "github", Kind: domain.EventPush, Repo: "acme/checkout"}
		for i := 1; i <= claimsKept+10; i++ {
			ev.Claims = append(ev.Claims, claim(ticket12, i))
		}
		e.record(ev)
		key := e.keys.claims(refField(ticket12))
		require.EqualValues(t, claimsKept, e.db.LLen(e.ctx, key).Val())
		last, err := e.db.LIndex(e.ctx, key, -1).Result()
		require.NoError(t, err)
		require.Contains(t, last, fmt.Sprintf(`"pull_request":%d`, claimsKept+10), "the newest are kept")
		require.InDelta(t, claimsFor.Hours(), e.db.PTTL(e.ctx, key).Val().Hours(), 1)
	})
}

func TestPushesToTheDefaultBranchAreDated(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		at := e.clock.Now().Add(-time.Hour)
		push := domain.Event{ID: "1", Tracker: "github", Kind: domain.EventPush, Repo: "acme/checkout", DefaultRef: true, At: at}
		none, err := e.PushedAt(e.ctx, "acme/checkout")
		require.NoError(t, err)
		require.Zero(t, none)
		e.record(push)
		push.ID, push.At = "2", at.Add(-time.Hour)
		e.record(push)
		push.ID, push.At, push.DefaultRef = "3", at.Add(time.Hour), false
		e.record(push)
		got, err := e.PushedAt(e.ctx, "Acme/checkout")
		require.NoError(t, err)
		require.Equal(t, at, got, "neither an older push that came late nor one to another branch counts")
	})
}

func TestRecordStoresDeploymentsOfAnEvent(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		d := domain.Deployment{ID: "41", Service: "checkout", Environment: "prod-eu", SHA: "AB", Percent: 100}
		ev := domain.Event{ID: "1", Tracker: "github", Kind: domain.EventDeployment, Deployments: []domain.Deployment{d, {ID: "bad"}}}
		require.True(t, e.record(ev))
		require.Equal(t, []string{"deployment/1"}, e.due())
		ev.ID = "2"
		require.True(t, e.record(ev), "another delivery of the same status")
		require.Empty(t, e.due())
		ev.ID, ev.Deployments[0].SHA = "3", "cd"
		require.True(t, e.record(ev), "a contradiction is no reason to refuse the delivery")
		got, err := e.Deployment(e.ctx, 1)
		require.NoError(t, err)
		require.Equal(t, "AB", got.SHA)
		require.Equal(t, domain.Success, got.Status)
		_, err = e.Deployment(e.ctx, 2)
		require.ErrorIs(t, err, ErrNotFound)
	})
}

func TestRecordConcurrently(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		id := e.track("pm", ticket12)
		const n, copies = 200, 3
		var firsts atomic.Int64
		var wg sync.WaitGroup
		for i := range n * copies {
			wg.Go(func() {
				first, err := e.Record(e.ctx, closedEvent(fmt.Sprint("d", i%n), ticket12))
				if err != nil {
					t.Error(err)
				}
				if first {
					firsts.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, n, firsts.Load())
		entries, err := e.Entries(e.ctx, id)
		require.NoError(t, err)
		require.Len(t, entries, 1+n)
	})
}

// TestBatchLearnsOfANewTicket: the committer believes that the ticket is
// nobody's, and must be corrected by the script.
func TestBatchLearnsOfANewTicket(t *testing.T) {
	eachStore(t, func(t *testing.T, e *env) {
		require.True(t, e.record(closedEvent("before", ticket12)))
		id := e.track("pm", ticket12)
		require.True(t, e.record(closedEvent("after", ticket12)))
		entries, err := e.Entries(e.ctx, id)
		require.NoError(t, err)
		require.Len(t, entries, 2)
		// And back: a store that was emptied under us.
		require.NoError(t, e.db.FlushAll(e.ctx).Err())
		require.True(t, e.record(closedEvent("later", ticket12)))
		_, err = e.Entries(e.ctx, id)
		require.ErrorIs(t, err, ErrNotFound)
	})
}

func TestRecordRefusesWhatItCannotKeep(t *testing.T) {
	e := newEnv(t, storetest.Redis(t))
	_, err := e.Record(e.ctx, domain.Event{Tracker: "github"})
	require.ErrorContains(t, err, "needs an id")
	// Sent again it would be as large: it is kept for a person instead.
	first, err := e.Record(e.ctx, domain.Event{ID: "1", Tracker: "github", Head: strings.Repeat("x", maxRecord)})
	require.NoError(t, err)
	require.True(t, first)
	letters, err := e.DeadLetters(e.ctx)
	require.NoError(t, err)
	require.Len(t, letters, 1)
	require.Equal(t, "delivery github/1", letters[0].Subject)
	require.Contains(t, letters[0].Reason, "bytes")
	require.True(t, letters[0].Cut)
}

// TestOneBadEventSparesItsBatch: a key of the wrong kind stands for any reason
// for which the server refuses one event.
func TestOneBadEventSparesItsBatch(t *testing.T) {
	e := newEnv(t, storetest.Redis(t))
	require.NoError(t, e.db.Set(e.ctx, e.keys.claims("jira:bad-1"), "no list", 0).Err())
	bad := domain.Event{ID: "bad", Tracker: "github", Kind: domain.EventPush, Claims: []domain.Claim{claim("jira:BAD-1", 1)}}
	c := newCommitter(e.Ledger)
	var batch []*pending
	for i, ev := range []domain.Event{closedEvent("a", ticket12), bad, closedEvent("b", ticket12)} {
		prep, err := e.prepare(ev)
		require.NoError(t, err)
		batch = append(batch, &pending{prepared: prep, nonce: fmt.Sprint("n", i), done: make(chan result, 1)})
	}
	c.commit(batch)
	require.Equal(t, result{first: true}, <-batch[0].done)
	require.Error(t, (<-batch[1].done).err)
	require.Equal(t, result{first: true}, <-batch[2].done)
}

func TestRecordAfterClose(t *testing.T) {
	e := newEnv(t, storetest.Redis(t))
	e.Close()
	_, err := e.Record(e.ctx, closedEvent("1", ticket12))
	require.ErrorIs(t, err, ErrClosed)
}

// TestCloseAnswersEverybody: each Record gets an answer, and what was
// acknowledged is there.
func TestCloseAnswersEverybody(t *testing.T) {
	e := newEnv(t, storetest.Redis(t))
	var stored atomic.Int64
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := 0; ; j++ {
				first, err := e.Record(e.ctx, closedEvent(fmt.Sprint(i, "-", j), ticket12))
				if err != nil {
					if err != ErrClosed {
						t.Error(err)
					}
					return
				}
				if first {
					stored.Add(1)
				}
			}
		})
	}
	require.Eventually(t, func() bool { return stored.Load() > 0 }, time.Minute, time.Millisecond)
	e.Close()
	wg.Wait()
	require.Equal(t, stored.Load(), e.db.XLen(e.ctx, e.keys.events()).Val())
}

// TestStoreThatDies: what was acknowledged survives a kill -9, calls during the
// outage fail promptly, and work goes on by itself afterwards.
func TestStoreThatDies(t *testing.T) {
	s := storetest.NewServer(t)
	e := newEnv(t, s.Client())
	var mu sync.Mutex
	var acknowledged []string
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := 0; ; j++ {
				id := fmt.Sprint(i, "-", j)
				if _, err := e.Record(e.ctx, closedEvent(id, ticket12)); err != nil {
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, id)
				mu.Unlock()
			}
		})
	}
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(acknowledged) > 100
	}, time.Minute, time.Millisecond)
	s.Kill()
	began := time.Now()
	wg.Wait()
	_, err := e.Record(e.ctx, closedEvent("during", ticket12))
	require.Error(t, err)
	require.Less(t, time.Since(began), 30*time.Second)
	require.Error(t, e.Ping(e.ctx))

	s.Start()
	require.Eventually(t, func() bool {
		_, err := e.Record(e.ctx, closedEvent("after", ticket12))
		return err == nil
	}, time.Minute, 20*time.Millisecond)
	for _, id := range acknowledged {
		require.False(t, e.record(closedEvent(id, ticket12)), "%s was acknowledged and is gone", id)
	}
	t.Logf("%d acknowledged events survived", len(acknowledged))
}

// TestStoreThatHangs: a store that takes connections and says nothing.
func TestStoreThatHangs(t *testing.T) {
	s := storetest.NewServer(t)
	e := newEnv(t, s.Client())
	e.record(closedEvent("1", ticket12))
	s.Freeze()
	defer s.Thaw()
	began := time.Now()
	_, err := e.Record(e.ctx, closedEvent("2", ticket12))
	require.Error(t, err)
	require.Less(t, time.Since(began), 30*time.Second)
}

func BenchmarkRecord(b *testing.B) {
	for name, db := range map[string]redis.UniversalClient{
		"everysec": storetest.NewServer(b, "--appendfsync", "everysec").Client(),
		"always":   storetest.NewServer(b).Client(),
	} {
		for _, tracked := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/tracked=%t", name, tracked), func(b *testing.B) {
				e := newEnv(b, db)
				e.ctx = context.Background()
				require.NoError(b, db.FlushAll(e.ctx).Err())
				if tracked {
					e.track("pm", ticket12)
				}
				var n atomic.Int64
				b.SetParallelism(16) // 32 goroutines on two cores
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if _, err := e.Record(e.ctx, closedEvent(fmt.Sprint(n.Add(1)), ticket12)); err != nil {
							b.Error(err)
							return
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}
