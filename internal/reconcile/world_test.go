package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/trackertest"
)

// world is a tracker, a repository, a store and a reconciler, with a clock
// that only the test moves.
type world struct {
	t     testing.TB
	ctx   context.Context
	clock atomic.Int64 // unix nanoseconds
	// trackerAhead is how far the tracker's clock is before that one.
	trackerAhead time.Duration
	gh           *trackertest.Fake
	ledger       *ledger.Ledger
	r            *Reconciler
	setup        *Setup
	repo         string
	dir          string // of the mirrors
	rules        policy.Rules
	set          Settings
	seq          int
}

const repoName = "acme/checkout"

func newWorld(t testing.TB) *world {
	w := &world{t: t, ctx: t.Context()}
	w.clock.Store(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC).UnixNano())
	w.gh = trackertest.NewFake("github", "github", func() time.Time { return w.now().Add(w.trackerAhead) })
	w.ledger = ledger.New(storetest.Redis(t), ledger.Options{Now: w.now, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(w.ledger.Close)
	w.repo = filepath.Join(t.TempDir(), "checkout")
	w.git("init", "-q", "-b", "main", w.repo)
	w.commit("first")
	w.dir = t.TempDir()
	w.rules = policy.Rules{RollbackGrace: 30 * time.Minute, CloseWhenVerified: policy.CloseClosedEarly, Watch: 30 * 24 * time.Hour, UnknownTimeout: 72 * time.Hour,
		EscalateAfter: 3, BackoffFirst: time.Minute, BackoffMax: 24 * time.Hour}
	w.set = Settings{Enforce: true, Due: map[domain.Priority]time.Duration{"P1": 28 * 24 * time.Hour}, MaxReopens: 20, WaiverMax: 90 * 24 * time.Hour, SelfAttest: []domain.Priority{"P2"}}
	w.setup = &Setup{
		Trackers: map[string]trackers.Tracker{"github": w.gh},
		Services: []domain.Service{{Name: "checkout", Tracker: "github", Repo: repoName, GitURL: "file://" + w.repo, Tickets: "github:" + repoName, Team: "payments",
			Production: []domain.Environment{{Name: "prod-eu"}}}},
		People:    []domain.Person{{Name: "Owner Name", GitHub: "owner-gh", Jira: "712020:xyz"}},
		Teams:     map[string]Team{"payments": {Name: "payments", Approvers: []string{"lead-gh"}}},
		Rules:     func(string, domain.Priority) policy.Rules { return w.rules },
		Settings:  func(string) Settings { return w.set },
		Labels:    Labels{Postmortem: "postmortem", Awaiting: "awaiting-deployment"},
		MarkerKey: []byte("test-key"), PublicURL: "http://127.0.0.1:8080", Hash: "one", Engine: "test",
	}
	w.gh.SetAssignable("owner-gh")
	w.restart()
	require.NoError(t, w.ledger.SetMeta(w.ctx, "config", "one", 0))
	return w
}

// restart puts a process that has just begun in the place of the one before,
// on the same store and the same mirrors.
func (w *world) restart() {
	w.t.Helper()
	mirrors, err := history.Open(history.Options{Dir: w.dir, Now: w.now})
	require.NoError(w.t, err)
	w.r = New(Options{Ledger: w.ledger, Mirrors: mirrors, Setup: w.setup, Now: w.now, Log: slog.New(slog.DiscardHandler)})
}

func (w *world) now() time.Time          { return time.Unix(0, w.clock.Load()).UTC() }
func (w *world) advance(d time.Duration) { w.clock.Add(int64(d)); w.drain() }

// drain works until nothing is due, as Run would.
func (w *world) drain() {
	w.t.Helper()
	for range 200 {
		leases, err := w.ledger.Claim(w.ctx, 50, leaseTime)
		require.NoError(w.t, err)
		if len(leases) == 0 {
			return
		}
		for _, l := range leases {
			w.r.work(w.ctx, l)
		}
	}
	w.t.Fatal("the reconciler does not come to rest")
}

func (w *world) git(args ...string) string {
	w.t.Helper()
	out, err := w.tryGit(args...)
	require.NoError(w.t, err, out)
	return strings.TrimSpace(out)
}

func (w *world) tryGit(args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	if args[0] != "init" {
		cmd.Dir = w.repo
	}
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=alice", "GIT_AUTHOR_EMAIL=alice@acme.example", "GIT_COMMITTER_NAME=alice", "GIT_COMMITTER_EMAIL=alice@acme.example",
		"GIT_AUTHOR_DATE="+w.now().Format(time.RFC3339), "GIT_COMMITTER_DATE="+w.now().Format(time.RFC3339))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (w *world) commit(subject string) string {
	w.git("commit", "-q", "--allow-empty", "-m", subject)
	return w.git("rev-parse", "HEAD")
}

// file files n items and returns their ids.
func (w *world) file(n int) []string {
	w.t.Helper()
	w.seq++
	pm := fmt.Sprintf("pm%d", w.seq)
	lease, ok, err := w.ledger.ClaimSubject(w.ctx, "postmortem/"+pm, time.Minute)
	require.NoError(w.t, err)
	require.True(w.t, ok)
	entries := map[string][]domain.Entry{}
	var ids []string
	for i := 1; i <= n; i++ {
		id := fmt.Sprintf("%s/%d", pm, i)
		ids = append(ids, id)
		entries[id] = []domain.Entry{{At: w.now(), Kind: domain.Fact, Name: domain.ItemFiled, Cause: "test", Spec: &domain.ItemSpec{ID: id, Postmortem: pm, N: i,
			Title: "Item " + id, Priority: "P1", Type: domain.Preventative, Owner: "Owner Name", Team: "payments", Services: []string{"checkout"}, Due: "2026-12-01", Target: "github:" + repoName}}}
	}
	require.NoError(w.t, w.ledger.File(w.ctx, lease, domain.Postmortem{ID: pm, NextN: n + 1}, entries))
	require.NoError(w.t, w.ledger.Done(w.ctx, lease, time.Time{}))
	w.drain()
	return ids
}

func (w *world) state(id string) domain.State {
	w.t.Helper()
	st, err := w.r.Item(w.ctx, id)
	require.NoError(w.t, err)
	return st
}

func (w *world) ref(id string) domain.Ref {
	w.t.Helper()
	st := w.state(id)
	require.NotNil(w.t, st.Ticket, "item %s has no ticket", id)
	return st.Ticket.Ref
}

func (w *world) ticket(id string) domain.Ticket { return w.gh.Now(w.ref(id)) }

// hear delivers an event as a webhook would.
func (w *world) hear(ev domain.Event) {
	w.t.Helper()
	w.seq++
	if ev.ID == "" {
		ev.ID = fmt.Sprintf("delivery-%d", w.seq)
	}
	ev.Tracker = "github"
	if ev.At.IsZero() {
		ev.At = w.now()
	}
	_, err := w.ledger.Record(w.ctx, ev)
	require.NoError(w.t, err)
	w.drain()
}

func (w *world) close(id string, why domain.CloseReason) {
	w.t.Helper()
	w.gh.CloseBy(w.ref(id), why)
	w.hear(domain.Event{Kind: domain.EventTicket, Action: "closed", Ticket: w.ref(id), Actor: "bob"})
}

func (w *world) reopen(id string) {
	w.t.Helper()
	w.gh.ReopenBy(w.ref(id))
	w.hear(domain.Event{Kind: domain.EventTicket, Action: "reopened", Ticket: w.ref(id), Actor: "bob"})
}

func (w *world) say(id, who, body string) string {
	w.t.Helper()
	c := w.gh.CommentBy(w.ref(id), who, body)
	w.hear(domain.Event{Kind: domain.EventComment, Action: "created", Ticket: w.ref(id), Comment: c, Command: true, Actor: who})
	return c
}

// merge lands a change that claims the items.
func (w *world) merge(sha string, pull int, ids ...string) {
	w.t.Helper()
	ev := domain.Event{Kind: domain.EventChange, Action: "closed", Repo: repoName}
	for _, id := range ids {
		ev.Claims = append(ev.Claims, domain.Claim{Ticket: w.ref(id), Closing: true, Change: domain.Change{
			Repo: repoName, SHA: sha, PullRequest: pull, Base: "main", DefaultBase: true, LandedAt: w.now(), How: domain.ClaimPullRequest, Author: "carol"}})
	}
	w.hear(ev)
}

func (w *world) deploy(env, sha string) domain.Deployment {
	w.t.Helper()
	w.seq++
	d, _, err := w.ledger.RecordDeployment(w.ctx, domain.Deployment{ID: fmt.Sprintf("ci-%d", w.seq), Service: "checkout", Environment: env, SHA: sha, Status: domain.Success, Percent: 100,
		FinishedAt: w.now(), ReceivedAt: w.now(), Production: env != "staging"})
	require.NoError(w.t, err)
	w.drain()
	d, err = w.ledger.Deployment(w.ctx, d.Receipt)
	require.NoError(w.t, err)
	return d
}

func (w *world) status(id string) string { return w.state(id).Verdict.Status }

func (w *world) comments(id string) []trackers.Comment { return w.gh.Comments(w.ref(id)) }
