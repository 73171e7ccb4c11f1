package reconcile

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
)

// A deployment looks at few items only. However changes land, are copied and
// taken back, and in whatever order all of it is heard, what stands in the
// ledgers afterwards is what a process finds that begins with nothing: a new
// mirror, and every item judged anew.
func TestWhatIsLookedAtIsEnough(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			newTangle(t, seed).play(60)
		})
	}
}

// tangle is a repository in which everything happens, and what is told of it.
type tangle struct {
	*world
	rng     *rand.Rand
	ids     []string
	landed  []domain.Change
	commits []string // all that may be deployed, landed or not
	heard   []domain.Deployment
	files   int
	resumed int      // restarts after which not every item had to be looked at
	told    []string // what happened, for who has to find out
}

func newTangle(t *testing.T, seed uint64) *tangle {
	w := newWorld(t)
	shop := w.setup.Services[0]
	shop.Name, shop.Paths, shop.Production = "shop", []string{"shop/**"}, []domain.Environment{{Name: "prod-shop"}}
	w.setup.Services[0].Paths = []string{"checkout/**", "shared/**"}
	w.setup.Services[0].Production = []domain.Environment{{Name: "prod-eu"}, {Name: "prod-us"}}
	w.setup.Services[0].Require = int(seed % 3) // all, any, both
	w.setup.Services = append(w.setup.Services, shop)
	if seed%2 == 1 {
		w.rules.Soak = 3 * time.Hour
	}
	w.set.MaxReopens = 1000
	w.gh.SetWriter("bob")
	x := &tangle{world: w, rng: rand.New(rand.NewPCG(seed, 4))}
	x.write("checkout/base.txt", rows, "base")
	x.git("branch", "release")
	x.keep()
	x.ids = w.file(10)
	return x
}

func (x *tangle) pick(n int) bool { return x.rng.IntN(n) == 0 }

func chosen[T any](x *tangle, list []T) T { return list[x.rng.IntN(len(list))] }

func (x *tangle) note(format string, args ...any) {
	x.told = append(x.told, fmt.Sprintf(format, args...))
}

// keep notes the head as something that may be deployed.
func (x *tangle) keep() string {
	sha := x.git("rev-parse", "HEAD")
	x.commits = append(x.commits, sha)
	return sha
}

func (x *tangle) branch() string { return x.git("rev-parse", "--abbrev-ref", "HEAD") }

// edit makes a commit on the current branch that only it can make.
func (x *tangle) edit(subject string) string {
	x.files++
	x.clock.Add(int64(time.Minute))
	dir := chosen(x, []string{"checkout", "checkout", "shop", "shared", "docs"})
	path := filepath.Join(dir, fmt.Sprintf("f%d.txt", x.files))
	full := filepath.Join(x.repo, path)
	require.NoError(x.t, os.MkdirAll(filepath.Dir(full), 0o700))
	require.NoError(x.t, os.WriteFile(full, fmt.Appendf(nil, "%s\n%d\n", subject, x.rng.Int()), 0o600))
	x.git("add", path)
	x.git("commit", "-q", "-m", subject)
	return x.keep()
}

// land lands a pull request on main in one of the ways that there are.
func (x *tangle) land() {
	x.git("switch", "-q", "main")
	number := len(x.landed) + 1
	x.git("switch", "-q", "-c", fmt.Sprint("topic-", number))
	n := 1 + x.rng.IntN(3)
	for i := range n {
		x.edit(fmt.Sprintf("Step %d of the change with the number %d", i, number))
	}
	head := x.git("rev-parse", "HEAD")
	x.git("update-ref", fmt.Sprintf("refs/pull/%d/head", number), head)
	x.git("switch", "-q", "main")
	if x.pick(2) {
		x.edit("Meanwhile on main")
	}
	way := chosen(x, []string{"merge", "squash", "rebase"})
	x.clock.Add(int64(time.Minute))
	switch way {
	case "merge":
		x.git("merge", "-q", "--no-ff", "-m", fmt.Sprintf("Merge pull request #%d from acme/topic-%d\n\nThe change with the number %d", number, number, number), head)
	case "squash":
		x.git("merge", "-q", "--squash", head)
		x.git("commit", "-q", "-m", fmt.Sprintf("The change with the number %d (#%d)", number, number))
	case "rebase":
		x.git("cherry-pick", "main.."+head)
	}
	x.git("branch", "-q", "-D", fmt.Sprint("topic-", number))
	sha := x.keep()
	x.note("landed %d by %s as %s", number, way, sha[:7])
	x.landed = append(x.landed, domain.Change{Repo: repoName, SHA: sha, Head: head, PullRequest: number, Base: "main", DefaultBase: true,
		LandedAt: x.now(), How: domain.ClaimPullRequest, Author: "carol"})
}

// quietly runs git where a conflict is no failure, and undoes what it began.
func (x *tangle) quietly(args ...string) bool {
	if out, err := x.tryGit(args...); err != nil {
		_, _ = x.tryGit(args[0], "--abort")
		_, _ = x.tryGit("reset", "-q", "--hard")
		x.note("%v: %s", args, strings.TrimSpace(out))
		return false
	}
	return true
}

// copies carries a commit of main to the release branch, or takes something
// back on one of them.
func (x *tangle) copies() {
	if len(x.landed) == 0 {
		return
	}
	c := chosen(x, x.landed)
	x.clock.Add(int64(time.Minute))
	parents := strings.Fields(x.git("rev-list", "--parents", "-1", c.SHA))
	var mainline []string
	if len(parents) > 2 {
		mainline = []string{"-m", "1"}
	}
	switch chosen(x, []string{"pick", "pick -x", "by hand", "revert", "revert", "revert of a revert", "merge"}) {
	case "pick":
		x.git("switch", "-q", "release")
		x.quietly(append(append([]string{"cherry-pick"}, mainline...), c.SHA)...)
	case "pick -x":
		x.git("switch", "-q", "release")
		x.quietly(append(append([]string{"cherry-pick", "-x"}, mainline...), c.SHA)...)
	case "by hand":
		x.git("switch", "-q", "release")
		if x.quietly(append(append([]string{"cherry-pick", "--no-commit"}, mainline...), c.SHA)...) {
			if _, err := x.tryGit("commit", "-q", "-m", fmt.Sprint("Applied by hand ", x.rng.Int())); err != nil {
				x.git("reset", "-q", "--hard")
			}
		}
	case "revert":
		x.git("switch", "-q", chosen(x, []string{"main", "release"}))
		x.quietly(append(append([]string{"revert", "--no-edit"}, mainline...), c.SHA)...)
	case "revert of a revert":
		x.git("switch", "-q", chosen(x, []string{"main", "release"}))
		if r := strings.Fields(x.git("log", "--format=%H", "--grep=^This reverts commit", "-1")); len(r) > 0 {
			x.quietly("revert", "--no-edit", r[0])
		}
	case "merge":
		x.git("switch", "-q", "release")
		x.quietly("merge", "-q", "--no-edit", "main")
	}
	x.note("on %s: %s", x.branch(), x.git("log", "-1", "--format=%h %s"))
	x.keep()
}

// claim lets an item hear of a change, often long after it landed.
func (x *tangle) claim() {
	if len(x.landed) == 0 {
		return
	}
	c, id := chosen(x, x.landed), chosen(x, x.ids)
	x.note("%s claims %d", id, c.PullRequest)
	x.hear(domain.Event{Kind: domain.EventChange, Action: "closed", Repo: repoName, Claims: []domain.Claim{{Ticket: x.ref(id), Closing: true, Change: c}}})
}

// ship reports a deployment: of anything, at any time, to any part.
func (x *tangle) ship() {
	if len(x.heard) > 0 && x.pick(6) { // told again
		d := chosen(x, x.heard)
		_, _, err := x.ledger.RecordDeployment(x.ctx, d)
		require.NoError(x.t, err)
		x.drain()
		return
	}
	target := chosen(x, []domain.Target{{Service: "checkout", Environment: "prod-eu"}, {Service: "checkout", Environment: "prod-us"}, {Service: "shop", Environment: "prod-shop"}})
	x.seq++
	at := x.rng.IntN(len(x.commits))
	if x.pick(2) {
		at = len(x.commits) - 1 - x.rng.IntN(min(3, len(x.commits))) // one of the newest
	}
	d := domain.Deployment{ID: fmt.Sprintf("ci-%d", x.seq), Service: target.Service, Environment: target.Environment, SHA: x.commits[at], Status: domain.Success,
		Percent: 100, FinishedAt: x.now(), ReceivedAt: x.now(), Production: true}
	switch x.rng.IntN(30) {
	case 0, 1:
		d.Percent = 10
	case 2, 3, 4:
		d.FinishedAt = d.FinishedAt.Add(-time.Duration(x.rng.IntN(600)) * time.Minute) // overtaken by later ones
	case 5:
		d.Status = domain.Failure
	case 6:
		d.SHA = fmt.Sprintf("%040x", x.rng.Uint64()) // of a build that nobody pushed
	}
	x.note("%s runs %s (%s, %d %%, %s)", target, d.SHA[:7], d.Status, d.Percent, d.FinishedAt.Format(time.TimeOnly))
	x.heard = append(x.heard, d)
	_, _, err := x.ledger.RecordDeployment(x.ctx, d)
	require.NoError(x.t, err)
	x.drain()
}

// people close, reopen and comment.
func (x *tangle) people() {
	id := chosen(x, x.ids)
	x.clock.Add(int64(time.Minute))
	switch {
	case x.pick(3):
		word := fmt.Sprint("#", 1+x.rng.IntN(max(1, len(x.landed))))
		if len(x.landed) > 0 && x.pick(2) {
			word = chosen(x, x.landed).SHA
		}
		verb := chosen(x, []string{"fixed-by", "not-fixed-by", "not-fixed-by"})
		x.note("%s: %s %s", id, verb, word)
		x.say(id, "bob", "/holdfast "+verb+" "+word)
	case x.ticket(id).Closed:
		x.note("%s reopened", id)
		x.reopen(id)
	default:
		x.note("%s closed", id)
		x.close(id, domain.Completed)
	}
}

func (x *tangle) play(steps int) {
	for range 6 {
		x.land()
		x.claim()
		x.copies()
	}
	for step := range steps {
		switch n := x.rng.IntN(20); {
		case step%10 == 4:
			x.begin()
		case n < 1:
			x.land()
		case n < 4:
			x.copies()
		case n < 6:
			x.claim()
		case n < 8:
			x.people()
		default:
			x.ship()
		}
		x.advance(time.Duration(x.rng.IntN(30)) * time.Minute)
		x.compare(x.r, "the same process")
		if step%20 == 19 {
			x.compare(x.fresh(), "a process that begins with nothing")
		}
	}
	x.t.Logf("of the restarts, %d went on from where the process before was", x.resumed)
}

// begin has the process end and begin again; sometimes it learns something
// before its end that it tells nobody.
func (x *tangle) begin() {
	if x.pick(2) {
		x.land()
		x.copies()
		require.NoError(x.t, x.r.mirror(x.setup.Services[0]).Sync(x.ctx))
		x.note("it is fetched, and nobody is told")
	}
	x.restart()
	_, known, err := x.r.learned(x.ctx, x.setup.Services[0])
	require.NoError(x.t, err)
	x.note("the process begins again, and goes on from where the last one was: %t", known)
	if known {
		x.resumed++
	}
}

// fresh is a process with a mirror of its own that knows nothing yet.
func (x *tangle) fresh() *Reconciler {
	mirrors, err := history.Open(history.Options{Dir: x.t.TempDir(), Now: x.now})
	require.NoError(x.t, err)
	r := New(Options{Ledger: x.ledger, Mirrors: mirrors, Setup: x.setup, Now: x.now, Log: slog.New(slog.DiscardHandler)})
	require.NoError(x.t, r.mirror(x.setup.Services[0]).Sync(x.ctx))
	return r
}

// compare judges every item anew, and expects what its ledger says.
func (x *tangle) compare(r *Reconciler, who string) {
	x.t.Helper()
	type view struct {
		Verdict, Reason, Status string
		Contained               map[string]map[string]string
	}
	for _, id := range x.ids {
		st := x.state(id)
		// Not Opinion, which waits for evidence no longer than a person would.
		var line domain.VerdictLine
		_, err := r.newView(r.Setup(), r.now().UTC()).decide(x.ctx, st, &line)
		require.NoError(x.t, err)
		got := view{st.Verdict.Verdict, st.Verdict.Reason, st.Verdict.Status, st.Verdict.Contained}
		want := view{line.Verdict, line.Reason, line.Status, line.Contained}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			x.t.Fatalf("%s, judged by %s (-) and as recorded (+):\n%s\nwhy: %s\nwhat happened:\n%s", id, who, diff, strings.Join(line.Why, "\n"), strings.Join(slices.Clone(x.told), "\n"))
		}
	}
}
