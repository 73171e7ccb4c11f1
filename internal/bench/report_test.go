package bench

import (
	"context"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	reports "github.com/holdfast-dev/holdfast/internal/report"
	"github.com/holdfast-dev/holdfast/internal/report/reporttest"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

// BenchmarkReport measures how long one weekly report over all items takes from
// a real Redis, and how much memory the process needs for it. The items were
// filed evenly over two years, so about one in eight has something recorded in
// the weeks that the report looks at. The computing time depends less than the
// duration on what else the machine does.
func BenchmarkReport(b *testing.B) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("items=%d", n), func(b *testing.B) {
			l := ledger.New(storetest.NewServer(b, "--appendonly", "no").Client(), ledger.Options{})
			b.Cleanup(l.Close)
			w, err := reports.ParseWeek("2026-W47")
			require.NoError(b, err)
			p := reports.Period{Week: w, Location: time.UTC}
			fill(b, l, n, p.To())
			loader := reports.Loader{Store: benchStore{l}, Fold: reconcile.Fold, Clock: &reconcile.Setup{Settings: func(string) reconcile.Settings { return reconcile.Settings{} }}}
			runtime.GC()
			stop := peak()
			cpu, start := cpuTime(), time.Now()
			b.ResetTimer()
			for range b.N {
				r, err := reports.Build(reports.Facts{Items: loader.Items(b.Context(), "", p)}, p)
				require.NoError(b, err)
				require.Equal(b, n, counted(r))
			}
			b.StopTimer()
			each := time.Duration(b.N)
			took, spent, heap := time.Since(start)/each, (cpuTime()-cpu)/each, stop()
			b.ReportMetric(spent.Seconds(), "cpu-s/op")
			b.ReportMetric(float64(heap)/(1<<20), "peak-heap-MB")
			results.add(fmt.Sprintf("weekly report of %d items", n), fmt.Sprintf("%.2f s, %.2f s of computing, %d MB of heap at most", took.Seconds(), spent.Seconds(), heap>>20), "", "")
		})
	}
}

func counted(r reports.Report) int {
	n := 0
	for _, s := range r.Standing {
		n += s.N
	}
	return n
}

// fill writes items, several at once.
func fill(b *testing.B, l *ledger.Ledger, n int, end time.Time) {
	b.Helper()
	g, ctx := errgroup.WithContext(b.Context())
	g.SetLimit(8)
	const part = 2_000 // in memory at once, for each worker
	for i := 0; i*part < n; i++ {
		g.Go(func() error {
			made := reporttest.Generate(reporttest.Options{Seed: uint64(i), Items: min(part, n-i*part), Per: 20, Weeks: 104, End: end, Teams: []string{"shop"}, Prefix: fmt.Sprintf("%d-", i)})
			return reporttest.Store(ctx, l, made, reconcile.Fold)
		})
	}
	require.NoError(b, g.Wait())
}

// peak samples the heap; the function that it returns gives the most that was
// in use.
func peak() func() uint64 {
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		var top uint64
		t := time.NewTicker(20 * time.Millisecond)
		defer t.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			top = max(top, m.HeapInuse)
			select {
			case <-done:
				most <- top
				return
			case <-t.C:
			}
		}
	}()
	return func() uint64 { close(done); return <-most }
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // can't fail for the process itself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchStore lets a report read the ledger, as the service does.
type benchStore struct{ *ledger.Ledger }

// ReadJournals implements reports.Store.
func (s benchStore) ReadJournals(ctx context.Context, ids []string, since time.Time) ([]reports.Journal, error) {
	list, err := s.Journals(ctx, ids, since)
	out := make([]reports.Journal, len(list))
	for i, j := range list {
		out[i] = reports.NewJournal(j.Snapshot, j.LastAt, j.Entries)
	}
	return out, err
}
