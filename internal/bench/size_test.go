package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
)

// sizes is what Redis needs in memory, in bytes.
type sizes struct{ item, archived, event int64 }

// BenchmarkStoreSize takes items through a whole life (a fix linked, closed
// early, reopened, shipped, closed) and measures what Redis needs for each: with
// its whole ledger, and with the summary that is left after the retention; and
// for each event, with what is remembered of its delivery.
func BenchmarkStoreSize(b *testing.B) {
	s := storeSize(b, 200)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(s.item), "B/item")
	b.ReportMetric(float64(s.archived), "B/archived-item")
	b.ReportMetric(float64(s.event), "B/event")
	kb := func(n int64) string { return fmt.Sprintf("%.1f kB", float64(n)/1000) }
	results.add("memory of Redis for an item after its life", kb(s.item), "after the retention "+kb(s.archived), "said")
	results.add("memory of Redis for an event, for 30 days", kb(s.event), "", "said")
}

// TestStoreSizeMeasuresWhatItSays is the benchmark with a few items.
func TestStoreSizeMeasuresWhatItSays(t *testing.T) {
	s := storeSize(t, 5)
	require.Positive(t, s.event)
	require.Positive(t, s.archived)
	require.Less(t, s.archived, s.item)
}

func storeSize(t testing.TB, n int) sizes {
	t.Helper()
	s := startSite(t, func(s *site) {
		for i := range n {
			_, err := s.gh.OpenIssue(repo, "bob", title(i), "")
			require.NoError(t, err)
		}
	})
	s.track(n)
	for i := range n {
		require.NoError(t, s.gh.CloseIssue(repo, i+1, "bob", "completed"))
	}
	s.settle()
	head, err := s.gh.Commit(repo, "main", "bob", "After", map[string]string{"a": "3"})
	require.NoError(t, err)
	_, err = s.gh.Deploy(repo, production, head, "success", "bob")
	require.NoError(t, err)
	s.settle()
	ctx, l := t.Context(), s.app.Ledger()
	ids, err := l.ItemIDs(ctx, "", n+1)
	require.NoError(t, err)
	require.Len(t, ids, n)
	states, err := l.States(ctx, ids)
	require.NoError(t, err)
	for _, st := range states {
		require.Equal(t, "done", st.Verdict.Status)
	}
	memory := func(keys ...string) (sum int64) {
		for _, k := range keys {
			size, err := s.rdb.MemoryUsage(ctx, k).Result()
			require.NoError(t, err)
			sum += size
		}
		return sum
	}
	items := func() (sum int64) {
		for _, id := range ids {
			sum += memory("{holdfast}:item:"+id+":log", "{holdfast}:item:"+id+":state")
		}
		return sum / int64(n)
	}
	out := sizes{item: items()}
	for i, id := range ids {
		archive(t, l, id, states[i])
	}
	out.archived = items()
	events, err := s.rdb.XLen(ctx, "{holdfast}:events").Result()
	require.NoError(t, err)
	require.Positive(t, events)
	out.event = memory("{holdfast}:events", "{holdfast}:seen") / events
	return out
}

func archive(t testing.TB, l *ledger.Ledger, id string, st domain.State) {
	t.Helper()
	lease, ok, err := l.ClaimSubject(t.Context(), "item/"+id, time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	entries, err := l.Entries(t.Context(), id)
	require.NoError(t, err)
	kept := reconcile.Summary(entries)
	require.Less(t, len(kept), len(entries))
	require.True(t, slices.IsSortedFunc(kept, func(a, b domain.Entry) int { return int(a.Seq - b.Seq) }))
	require.NoError(t, l.Archive(t.Context(), lease, st, kept))
	require.NoError(t, l.Done(t.Context(), lease, time.Time{}))
}
