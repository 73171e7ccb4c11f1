package reconcile

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/trackertest"
)

// sweep runs one sweep of the tracker and what follows from it.
func (w *world) sweep() {
	w.t.Helper()
	require.NoError(w.t, w.ledger.Touch(w.ctx, w.now(), "sweep/github"))
	w.drain()
}

func newSweptWorld(t *testing.T) *world {
	w := newWorld(t)
	w.setup.SweepEvery = func(string) time.Duration { return 1000 * time.Hour } // the test says when
	w.setup.SweepTargets = func(string) []string { return []string{repoName} }
	w.setup.Claims = func(tracker, repo string) claims.Context { return claims.Context{Repo: repo, GitHubTracker: tracker} }
	w.setup.DeploymentTargets = func(_, _, environment string) []DeploymentTarget {
		return []DeploymentTarget{{Service: "checkout", Environment: environment, Production: environment == "prod-eu"}}
	}
	w.sweep()
	w.advance(time.Minute)
	return w
}

func TestASweepFindsACloseThatNoWebhookTold(t *testing.T) {
	w := newSweptWorld(t)
	id := w.file(1)[0]
	w.advance(time.Minute)
	w.gh.CloseBy(w.ref(id), domain.Completed)
	w.advance(time.Minute)
	require.True(t, w.ticket(id).Closed, "nobody has told it yet")
	w.sweep()
	require.False(t, w.ticket(id).Closed)
}

func TestASweepOfWhatIsKnownReadsNoTicket(t *testing.T) {
	w := newSweptWorld(t)
	ids := w.file(20)
	w.advance(time.Minute)
	w.sweep()
	w.gh.ForgetCalls()
	w.advance(time.Minute)
	w.sweep()
	require.Empty(t, w.gh.Calls("Ticket"), "its cost follows what changed, not the %d tickets", len(ids))
}

func TestASweepFindsACommandOnce(t *testing.T) {
	w := newSweptWorld(t)
	id := w.file(1)[0]
	w.advance(time.Minute)
	w.gh.CommentBy(w.ref(id), "lead-gh", "/holdfast waive 7d the vendor is on it")
	w.advance(time.Minute)
	w.sweep()
	require.NotNil(t, w.state(id).Waiver)
	before := len(w.comments(id))
	w.sweep()
	require.Len(t, w.comments(id), before)
}

func TestASweepFindsWhatLandedAndWasDeployed(t *testing.T) {
	w := newSweptWorld(t)
	id := w.file(1)[0]
	w.advance(time.Minute)
	fix := w.commit("fix")
	w.gh.SetPullRequest(trackers.Change{Merged: true, Body: "Fixes " + w.ref(id).Key(), Branch: "fix", HeadRepo: repoName,
		Change: domain.Change{Repo: repoName, PullRequest: 7, SHA: fix, Base: "main", DefaultBase: true, LandedAt: w.now(), OpenedAt: w.now(), Author: "carol"}})
	w.gh.CloseBy(w.ref(id), domain.Completed)
	w.advance(time.Minute)
	w.sweep()
	require.False(t, w.ticket(id).Closed)
	require.Equal(t, "no_deployment_heard", w.state(id).Verdict.Reason)
	require.Len(t, w.state(id).Changes, 1)

	w.advance(time.Minute)
	w.gh.SetDeployment(repoName, domain.Deployment{ID: "9", Environment: "prod-eu", SHA: fix, Status: domain.Success, FinishedAt: w.now()})
	w.sweep()
	require.True(t, w.ticket(id).Closed, "shipped, as no delivery told")
	require.Equal(t, "done", w.status(id))
}

// longLister notes how long it may list.
type longLister struct {
	*trackertest.Fake
	left time.Duration
}

func (l *longLister) List(ctx context.Context, _, _ string) ([]domain.Ref, error) {
	if end, ok := ctx.Deadline(); ok {
		l.left = time.Until(end)
	}
	return nil, nil
}

// slowSweeper notes how long it may read what changed.
type slowSweeper struct {
	*trackertest.Fake
	left time.Duration
}

func (l *slowSweeper) Changed(ctx context.Context, target string, since time.Time) (trackers.Swept, error) {
	if end, ok := ctx.Deadline(); ok {
		l.left = time.Until(end)
	}
	return l.Fake.Changed(ctx, target, since)
}

// Thousands of tickets that were changed in one second are one page for the
// mark, and take longer than a lease.
func TestASweepOfTicketsMayTakeLongerThanALease(t *testing.T) {
	w := newSweptWorld(t)
	sweeper := &slowSweeper{Fake: w.gh}
	w.setup.Trackers["github"] = sweeper
	w.file(1)
	w.sweep()
	require.Greater(t, sweeper.left, leaseTime)
}

// A list of many tickets takes longer than a lease; the lease is renewed.
func TestACensusMayTakeLongerThanALease(t *testing.T) {
	w := newSweptWorld(t)
	lister := &longLister{Fake: w.gh}
	w.setup.Trackers["github"] = lister
	w.file(1)
	w.advance(censusEvery + time.Minute)
	w.sweep()
	require.Greater(t, lister.left, leaseTime)
}
