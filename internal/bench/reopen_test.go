package bench

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	closesPerSecond = 100
	closing         = 15 * time.Second
	itemsAtOnce     = 500 // in one document
	awaiting        = "awaiting-deployment"
)

// BenchmarkEarlyClose closes tracked tickets of the stand-in, 100 a second,
// each of them once, whose fix is known and not deployed. It measures from
// each close to the end of the call by which Holdfast has reopened the ticket.
// Closes come at their times whether or not Holdfast keeps up. Stand-in,
// service and Redis share the machine.
func BenchmarkEarlyClose(b *testing.B) {
	f := earlyCloses(b, int(closing.Seconds()*closesPerSecond))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(f.p50), "p50-ms")
	b.ReportMetric(ms(f.p99), "p99-ms")
	b.ReportMetric(ms(f.max), "max-ms")
	results.add(fmt.Sprintf("early close → reopened, %d closes/s for %v", closesPerSecond, closing),
		fmt.Sprintf("p99 %v", f.p99.Round(time.Millisecond)), fmt.Sprintf("p50 %v, max %v", f.p50.Round(time.Millisecond), f.max.Round(time.Millisecond)), "p99 < 1s")
}

// TestEarlyClosesMeasureWhatTheySay is the benchmark with a few tickets.
func TestEarlyClosesMeasureWhatTheySay(t *testing.T) {
	f := earlyCloses(t, 20)
	require.Positive(t, f.p50)
	require.LessOrEqual(t, f.p50, f.p99)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

type latencies struct{ p50, p99, max time.Duration }

func earlyCloses(t testing.TB, n int) latencies {
	t.Helper()
	s := startSite(t, func(s *site) {
		for i := range n {
			_, err := s.gh.OpenIssue(repo, "bob", title(i), "")
			require.NoError(t, err)
		}
	})
	s.track(n)
	s.ghSeen.take()

	began := make([]time.Time, n)
	start := time.Now()
	// Several closers, so that a slow one does not hold up the next close.
	var running sync.WaitGroup
	for i := range n {
		time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / closesPerSecond)))
		began[i] = time.Now()
		running.Go(func() {
			if err := s.gh.CloseIssue(repo, i+1, "bob", "completed"); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	took := map[int]time.Duration{}
	s.until("all tickets reopened", func() bool {
		for _, c := range s.ghSeen.take() {
			tail, ok := strings.CutPrefix(c.path, "/repos/"+repo+"/issues/")
			number, err := strconv.Atoi(tail)
			if !ok || err != nil || c.method != "PATCH" {
				continue
			}
			require.Equal(t, 200, c.status)
			require.Zero(t, took[number], "#%d was written to twice", number)
			took[number] = c.at.Sub(began[number-1])
		}
		return len(took) == n
	})
	s.settle()
	for i := range n { // the call that was timed is the one that did it
		is, _ := s.gh.Issue(repo, i+1)
		require.Equal(t, "open", is.State, "#%d", is.Number)
		require.Contains(t, is.Labels, awaiting)
		require.Len(t, is.Comments, 1, "#%d", is.Number)
	}
	all := make([]time.Duration, 0, n)
	for _, d := range took {
		all = append(all, d)
	}
	slices.Sort(all)
	return latencies{all[n/2], all[n*99/100], all[n-1]}
}

func title(i int) string { return fmt.Sprintf("Action %d of the review", i+1) }

// track has the tickets 1 to n adopted by documents that name them, and links
// each to one commit that is not deployed: filing them would take as long as
// GitHub's limits ask.
func (s *site) track(n int) {
	s.t.Helper()
	base, err := s.gh.Commit(repo, "main", "bob", "Before", map[string]string{"a": "1"})
	require.NoError(s.t, err)
	_, err = s.gh.Deploy(repo, production, base, "success", "bob")
	require.NoError(s.t, err)
	fix, err := s.gh.Commit(repo, "main", "bob", "The fix", map[string]string{"a": "2"})
	require.NoError(s.t, err)
	var ids []string
	for first := 0; first < n; first += itemsAtOnce {
		var items []line
		for i := first; i < min(n, first+itemsAtOnce); i++ {
			items = append(items, line{Title: title(i), Service: "checkout", Ticket: fmt.Sprintf("%s#%d", repo, i+1)})
		}
		ids = append(ids, s.file(fmt.Sprintf("review-%d", first), items)...)
	}
	s.settle()
	for _, id := range ids {
		_, err := s.api.LinkCommit(s.t.Context(), id, repo, fix)
		require.NoError(s.t, err)
	}
	s.settle()
}
