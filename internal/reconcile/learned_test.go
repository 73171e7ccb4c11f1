package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// What was told to the items is known to the next process, where its mirror
// holds just that and the same program works the verdicts out. In all other
// cases the first pass looks at every item.
func TestWhatWasToldOutlastsAProcess(t *testing.T) {
	w := newWorld(t)
	svc := w.setup.Services[0]
	ids := w.file(2)
	base := w.git("rev-parse", "HEAD")
	fix := w.commit("the fix of the first")
	w.merge(fix, 7, ids[0])
	resumes := func() bool {
		t.Helper()
		_, ok, err := w.r.learned(w.ctx, svc)
		require.NoError(t, err)
		return ok
	}
	w.restart()
	require.False(t, resumes(), "no pass was made yet")
	w.deploy("prod-eu", base)
	require.True(t, resumes())

	w.restart()
	require.True(t, resumes(), "nothing was learned since")

	w.setup.Engine = "another"
	w.restart()
	require.False(t, resumes(), "another program may judge otherwise")
	w.setup.Engine = "test"

	w.restart()
	other := w.commit("of nobody")
	require.NoError(t, w.r.mirror(svc).Sync(w.ctx))
	require.True(t, resumes(), "what came after the mirror was read is learned after the mark")
	require.NoError(t, w.r.mirror(svc).LearnPatches(w.ctx, []string{other}))
	w.restart()
	require.False(t, resumes(), "the process ended before it told what it had learned")

	w.deploy("prod-eu", fix)
	require.Equal(t, "verified", w.state(ids[0]).Verdict.Verdict)
	require.True(t, resumes())
	w.restart()
	require.True(t, resumes())

}

// A deployment that was cut off between working out what it changes and telling
// the items finds the same ones again, also those on which it bears by nothing
// but what was learned meanwhile.
func TestACutOffPassFindsTheSameItemsAgain(t *testing.T) {
	w := newWorld(t)
	svc := w.setup.Services[0]
	ids := w.file(1)
	w.deploy("prod-eu", w.git("rev-parse", "HEAD"))
	fix := w.commit("the fix")
	w.merge(fix, 7, ids[0])
	w.advance(time.Hour)
	require.Equal(t, "not_deployed", w.state(ids[0]).Verdict.Reason)
	// Something else was deployed, and while that was handled the commit came.
	d, _, err := w.ledger.RecordDeployment(w.ctx, domain.Deployment{ID: "ci", Service: "checkout", Environment: "prod-eu", SHA: w.commit("something else"), Status: domain.Success,
		Percent: 100, FinishedAt: w.now(), ReceivedAt: w.now(), Production: true})
	require.NoError(t, err)
	require.NoError(t, w.r.mirror(svc).Sync(w.ctx))
	_, before, err := w.r.pass(w.ctx, w.setup, svc, d)
	require.NoError(t, err)
	_, again, err := w.r.pass(w.ctx, w.setup, svc, d)
	require.NoError(t, err)
	at, ok, err := w.r.learned(w.ctx, svc)
	require.NoError(t, err)
	require.True(t, ok)
	require.NotEqual(t, before, at, "nothing counts as told before the items were touched")
	require.Equal(t, before, again)
	w.drain()
	require.Equal(t, "verified", w.state(ids[0]).Verdict.Verdict)
	at, _, err = w.r.learned(w.ctx, svc)
	require.NoError(t, err)
	require.Equal(t, again.Sum(), at.Sum())
}

// What is pushed between two deployments is told by the sweep that fetches it.
func TestWhatASweepFetchesIsTold(t *testing.T) {
	w := newSweptWorld(t)
	svc := w.setup.Services[0]
	id := w.file(1)[0]
	w.merge(w.commit("the fix"), 7, id)
	w.deploy("prod-eu", w.git("rev-parse", "HEAD"))
	w.commit("of nobody")
	w.advance(time.Minute)
	w.sweep()
	w.restart()
	at, ok, err := w.r.learned(w.ctx, svc)
	require.NoError(t, err)
	require.True(t, ok)
	now, err := w.r.mirror(svc).Mark(w.ctx)
	require.NoError(t, err)
	require.Equal(t, now, at)
	_, known, err := w.r.mirror(svc).Commit(w.ctx, w.git("rev-parse", "HEAD"))
	require.NoError(t, err)
	require.True(t, known)
}
