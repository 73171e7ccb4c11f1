package reconcile

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/trackertest"
)

const (
	benchCommits = 30_000
	benchLive    = 20_000 // what runs when a measurement begins
	benchShips   = 20     // items that each deployment ships
)

// codeHost counts how often git goes to the remote: each time it needs the
// credential.
type codeHost struct {
	*trackertest.Fake
	asked atomic.Int64
}

func (c *codeHost) Credential(ctx context.Context) (user, secret string, err error) {
	c.asked.Add(1)
	return c.Fake.Credential(ctx)
}

// benchWorld is a repository of benchCommits commits and many open items, of
// which each claims a commit that does not run yet.
type benchWorld struct {
	*world
	host *codeHost
	shas []string
}

func newBenchWorld(b *testing.B) *benchWorld {
	x := &benchWorld{world: newWorld(b)}
	var in bytes.Buffer
	for i := range benchCommits {
		text := fmt.Sprintf("change %d\n", i)
		fmt.Fprintf(&in, "commit refs/heads/trunk\nmark :%d\nauthor a%d <a%d@acme.example> %d +0000\ncommitter c <c@acme.example> %d +0000\ndata <<END\nChange the thing with the number %d\nEND\n",
			i+1, i%300, i%300, 1_700_000_000+i*60, 1_700_000_000+i*60, i)
		if i > 0 {
			fmt.Fprintf(&in, "from :%d\n", i)
		}
		fmt.Fprintf(&in, "M 100644 inline d%d/f%d.txt\ndata %d\n%s\n", i%50, i%2000, len(text), text)
	}
	cmd := exec.Command("git", "-C", x.repo, "fast-import", "--quiet")
	cmd.Stdin = &in
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, string(out))
	x.shas = strings.Fields(x.git("rev-list", "--reverse", "trunk"))
	require.Len(b, x.shas, benchCommits)
	x.git("config", "uploadpack.allowFilter", "true")
	x.git("config", "uploadpack.allowAnySHA1InWant", "true")

	x.host = &codeHost{Fake: x.gh}
	x.gh.SetRepository(trackers.Repository{FullName: repoName, CloneURL: "file://" + x.repo, DefaultBranch: "trunk"})
	x.setup.Trackers["github"] = x.host
	x.setup.Services[0].GitURL = ""
	x.set.MaxReopens = 1 << 30
	return x
}

// fill makes n open items. The first ones claim the commits that the
// deployments to come ship, the others what comes much later.
func (x *benchWorld) fill(n, commits, deployments int) {
	_, _, err := x.ledger.RecordDeployment(x.ctx, domain.Deployment{ID: "base", Service: "checkout", Environment: "prod-eu", SHA: x.shas[benchLive], Status: domain.Success,
		Percent: 100, FinishedAt: x.now(), ReceivedAt: x.now(), Production: true})
	require.NoError(x.t, err)
	require.NoError(x.t, x.r.mirror(x.setup.Services[0]).Sync(x.ctx))
	const atOnce = 500
	for first := 0; first < n; first += atOnce {
		entries := map[string][]domain.Entry{}
		pm := fmt.Sprintf("bench-%d", first)
		for i := first; i < min(n, first+atOnce); i++ {
			id := fmt.Sprintf("%s/%d", pm, i)
			at := benchCommits - 1 - i%5000
			if i < benchShips*deployments {
				at = benchLive + i/benchShips*commits + 1 + i%benchShips
			}
			ref := domain.GitHubRef("github", repoName, i+1)
			entries[id] = []domain.Entry{
				{At: x.now(), Kind: domain.Fact, Name: domain.ItemFiled, Spec: &domain.ItemSpec{ID: id, Postmortem: pm, N: i, Title: "Item", Priority: "P1", Team: "payments",
					Services: []string{"checkout"}, Target: "github:" + repoName}},
				{At: x.now(), Kind: domain.Outcome, Name: domain.ActionDone, Action: &domain.Action{ID: id, Kind: domain.ActCreate, Ticket: &domain.Ticket{Ref: ref}}},
				{At: x.now(), Kind: domain.Fact, Name: domain.ChangeLinked, Change: &domain.Change{Repo: repoName, SHA: x.shas[at], DefaultBase: true, LandedAt: x.now(), How: domain.ClaimCommit}},
			}
		}
		lease, ok, err := x.ledger.ClaimSubject(x.ctx, "postmortem/"+pm, time.Minute)
		require.NoError(x.t, err)
		require.True(x.t, ok)
		require.NoError(x.t, x.ledger.File(x.ctx, lease, domain.Postmortem{ID: pm, NextN: n + 1}, entries))
		require.NoError(x.t, x.ledger.Done(x.ctx, lease, time.Time{}))
	}
	x.judgeAll()
}

// judgeAll has every item judged and saved, without a tracker.
func (x *benchWorld) judgeAll() {
	for {
		leases, err := x.ledger.Claim(x.ctx, 200, time.Minute)
		require.NoError(x.t, err)
		if len(leases) == 0 {
			return
		}
		for _, l := range leases {
			if id, isItem := strings.CutPrefix(l.Subject, "item/"); isItem {
				st, err := x.r.load(x.ctx, id)
				require.NoError(x.t, err)
				v := x.r.newView(x.setup, x.now())
				f, words, err := v.facts(x.ctx, st)
				require.NoError(x.t, err)
				d := policy.Decide(x.setup.Rules(st.Spec.Team, st.Spec.Priority), f)
				line := verdictLine(x.setup, st, f, d, x.now())
				require.NoError(x.t, x.ledger.AppendHeld(x.ctx, l, id, domain.Entry{Kind: domain.Decided, Name: domain.VerdictReached, Verdict: &line}))
				st, err = x.r.load(x.ctx, id)
				require.NoError(x.t, err)
				st.Watches, st.Concerned = words, []string{"checkout"}
				require.NoError(x.t, x.ledger.Save(x.ctx, l, st))
			}
			require.NoError(x.t, x.ledger.Done(x.ctx, l, time.Time{}))
		}
	}
}

// process is a process on the same store, with its mirrors in a directory.
func (x *benchWorld) process(dir string) *Reconciler {
	mirrors, err := history.Open(history.Options{Dir: dir, Now: x.now})
	require.NoError(x.t, err)
	return New(Options{Ledger: x.ledger, Mirrors: mirrors, Setup: x.setup, Now: x.now, Log: slog.New(slog.DiscardHandler)})
}

// heap is the memory in use after a collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// One deployment worked out: which items it ships and takes back. What it costs
// hangs on its commits, not on how many items are open. first-ms is the very
// first pass, which looks at all of them; restart-ms the first one of a process
// that begins again.
func BenchmarkDeployment(b *testing.B) {
	for _, items := range []int{10, 1_000, 100_000} {
		for _, commits := range []int{40, 250} {
			b.Run(fmt.Sprintf("%d commits/%d items", commits, items), func(b *testing.B) {
				const most = 20
				x := newBenchWorld(b)
				ships := min(benchShips, items)
				x.fill(items, commits, min(most, max(1, items/benchShips)))
				at, svc := benchLive, x.setup.Services[0]
				deploy := func() {
					at += commits
					x.clock.Add(int64(time.Minute))
					d, _, err := x.ledger.RecordDeployment(x.ctx, domain.Deployment{ID: fmt.Sprint("ci-", at), Service: "checkout", Environment: "prod-eu", SHA: x.shas[at],
						Status: domain.Success, Percent: 100, FinishedAt: x.now(), ReceivedAt: x.now(), Production: true})
					require.NoError(b, err)
					touched, upto, err := x.r.pass(x.ctx, x.setup, svc, d)
					require.NoError(b, err)
					require.NoError(b, x.r.news(x.ctx, svc, upto))
					if at/commits <= most && items >= most*benchShips {
						require.GreaterOrEqual(b, len(touched), ships)
					}
				}
				start := time.Now()
				deploy()
				first := time.Since(start)
				x.restart()
				start = time.Now()
				deploy()
				again := time.Since(start)
				asked, n := x.host.asked.Load(), 0
				b.ReportAllocs()
				b.ResetTimer()
				for b.Loop() {
					if at+commits >= benchCommits-6000 { // there and back again
						at = benchLive
					}
					deploy()
					n++
				}
				b.ReportMetric(float64(x.host.asked.Load()-asked)/float64(n), "remote/op")
				b.ReportMetric(float64(first.Milliseconds()), "first-ms")
				b.ReportMetric(float64(again.Milliseconds()), "restart-ms")
			})
		}
	}
}

// What a mirror of 30,000 commits costs: the first clone with the first
// verdict, reading it again at a start, and its memory.
func BenchmarkMirror(b *testing.B) {
	x := newBenchWorld(b)
	svc := x.setup.Services[0]
	b.Run("fresh clone to first verdict", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := x.process(b.TempDir())
			found := r.contained(x.ctx, r.mirror(svc), domain.Deployment{SHA: x.shas[benchLive]}, domain.Change{SHA: x.shas[benchLive-500]})
			require.EqualValues(b, "yes", found.Answer)
		}
	})
	dir := b.TempDir()
	require.NoError(b, x.process(dir).mirror(svc).Sync(x.ctx))
	b.Run("restart to first verdict", func(b *testing.B) {
		b.ReportAllocs()
		var kept uint64
		for b.Loop() {
			before := heap()
			r := x.process(dir)
			found := r.contained(x.ctx, r.mirror(svc), domain.Deployment{SHA: x.shas[benchLive]}, domain.Change{SHA: x.shas[benchLive-500]})
			require.EqualValues(b, "yes", found.Answer)
			kept = heap() - before
			_ = r
		}
		b.ReportMetric(float64(kept)/(1<<20), "MB-kept")
	})
}
