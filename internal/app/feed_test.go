package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A rollback that failed changed nothing: what ran before still runs.
func TestARollbackThatFailed(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	base := w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.reopened(1)
	w.deploy("prod-eu", fix)
	w.closed(1)
	w.pass(time.Minute)
	w.silent(func() {
		require.Equal(t, 202, w.report(report{ID: "back", Service: "checkout", Environment: "prod-eu", SHA: base, Status: "in_progress"}).status)
		require.Equal(t, 202, w.report(report{ID: "back", Service: "checkout", Environment: "prod-eu", SHA: base, Status: "failure"}).status)
		w.pass(time.Hour)
	})
	require.Equal(t, "done", w.item(id).Status)
	require.Equal(t, fix, w.item(id).Live["checkout/prod-eu"])
	w.checkLedger(id)
}

// The same commit again, and a newer one that still has the fix, are silent.
func TestDeployedAgain(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.reopened(1)
	w.deploy("prod-eu", fix)
	w.closed(1)
	w.pass(time.Minute)
	later := w.commit(checkout, "Later")
	w.silent(func() {
		w.deploy("prod-eu", fix)
		w.pass(time.Minute)
		w.deploy("prod-eu", later)
	})
	require.Equal(t, "done", w.item(id).Status)
	w.checkLedger(id)
}

// CI tells of the deployment before the code host tells of the merge that it
// contains; and by its clock the deployment was before the merge.
func TestADeploymentThatOvertookItsMerge(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	fix := w.commit(checkout, "The fix")
	a := w.report(report{Service: "checkout", Environment: "prod-eu", SHA: fix, FinishedAt: w.at(-10 * time.Second)})
	require.Equal(t, 202, a.status, a.text)
	w.settle()
	require.Equal(t, "no_linked_change", *w.item(id).Reason)
	w.comment(1, "bob", "/holdfast fixed-by "+fix)
	w.settle()
	require.Equal(t, "verified", w.item(id).Verdict)
	w.silent(func() { w.close(1) })
	require.Equal(t, "done", w.item(id).Status)
	w.checkLedger(id)
}

// An older deployment that is heard late does not move what is live, whichever
// of the two had the fix.
func TestALateDeployment(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	base := w.base()
	w.pass(time.Hour)
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.reopened(1)
	w.deploy("prod-eu", fix)
	w.closed(1)
	w.pass(time.Minute)
	w.silent(func() {
		require.Equal(t, 202, w.report(report{ID: "overtaken", Service: "checkout", Environment: "prod-eu", SHA: base, FinishedAt: w.at(-30 * time.Minute)}).status)
	})
	require.Equal(t, "done", w.item(id).Status)
	require.Equal(t, fix, w.item(id).Live["checkout/prod-eu"])
	w.checkLedger(id)
}

// A version whose tag comes later is held, and resolved when it is pushed; a
// tag that moves afterwards changes nothing.
func TestAVersionBeforeItsTag(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	base := w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.reopened(1)
	w.pass(time.Minute)
	require.Equal(t, 202, w.report(report{ID: "release", Service: "checkout", Environment: "prod-eu", Version: "v1.2.0"}).status)
	w.settle()
	require.Equal(t, "revision_unknown", *w.item(id).Reason)
	require.Equal(t, "open", w.issue(1).State)
	require.NoError(t, w.gh.Tag(checkout, "v1.2.0", fix, "alice"))
	w.closed(1)
	w.silent(func() {
		require.NoError(t, w.gh.Tag(checkout, "v1.2.0", base, "alice"))
		w.pass(time.Hour)
	})
	require.Equal(t, fix, w.item(id).Live["checkout/prod-eu"])
	w.checkLedger(id)
}

// How many of the environments need the fix is the service's choice.
func TestHowManyEnvironmentsAreEnough(t *testing.T) {
	t.Parallel()
	for need, enough := range map[string]int{"all": 3, "any": 1, "2": 2} {
		t.Run(need, func(t *testing.T) {
			t.Parallel()
			w := start(t, scene{services: `
  - {name: checkout, repo: acme/checkout, tickets: "github:acme/checkout", production: [eu, us, asia], require: ` + need + `, team: shop}`})
			w.filed(line{Title: "Of the checkout"})
			id := incident + "/1"
			base := w.commit(checkout, "Base")
			regions := []string{"eu", "us", "asia"}
			for _, e := range regions {
				w.deploy(e, base)
			}
			w.pass(time.Minute)
			fix := w.merge(checkout, "The fix", "Fixes #1")
			w.reopened(1)
			for i, e := range regions {
				require.Equal(t, i >= enough, w.item(id).Verdict == "verified", "after %d", i)
				if i > 0 && i < enough {
					require.Equal(t, "partially_deployed", *w.item(id).Reason)
				}
				w.pass(time.Minute)
				w.deploy(e, fix)
				w.settle()
			}
			w.closed(1)
			// One of them goes back: only where all are needed that is a loss.
			w.pass(time.Minute)
			w.deploy("us", base)
			w.settle()
			require.Equal(t, enough < 3, w.item(id).Verdict == "verified")
			w.checkLedger(id)
		})
	}
}
