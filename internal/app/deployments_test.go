package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
)

func TestWhatProvesNothing(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	base := w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.reopened(1)
	w.pass(time.Minute)
	for _, status := range []string{"queued", "in_progress", "failure", "inactive"} {
		require.Equal(t, 202, w.report(report{ID: "run-" + status, Service: "checkout", Environment: "prod-eu", SHA: fix, Status: status}).status)
	}
	require.Equal(t, 202, w.report(report{Service: "checkout", Environment: "staging", SHA: fix}).status)
	w.settle()
	v := w.item(id)
	require.Equal(t, "open", w.issue(1).State)
	require.Equal(t, "not_deployed", *v.Reason)
	require.Equal(t, base, v.Live["checkout/prod-eu"])

	require.Equal(t, 202, w.report(report{Service: "checkout", Environment: "prod-eu", SHA: fix, Percent: 10}).status)
	w.settle()
	require.Equal(t, "canary", *w.item(id).Reason)
	require.Equal(t, base, w.item(id).Live["checkout/prod-eu"])
	// Older than what is live: it ran once, and does so no more.
	require.Equal(t, 202, w.report(report{Service: "checkout", Environment: "prod-eu", SHA: fix, FinishedAt: w.at(-time.Hour)}).status)
	w.settle()
	require.Equal(t, base, w.item(id).Live["checkout/prod-eu"])
	require.Equal(t, "rolled_back", *w.item(id).Reason)
	require.Equal(t, "open", w.issue(1).State)
	w.pass(time.Minute)
	require.Equal(t, 202, w.report(report{Service: "checkout", Environment: "prod-eu", SHA: fix, Percent: 100}).status)
	w.closed(1)

	// None of those takes a success back either.
	w.pass(time.Minute)
	w.silent(func() {
		for _, status := range []string{"queued", "failure", "inactive"} {
			require.Equal(t, 202, w.report(report{ID: "back-" + status, Service: "checkout", Environment: "prod-eu", SHA: base, Status: status}).status)
		}
		require.Equal(t, 202, w.report(report{Service: "checkout", Environment: "prod-eu", SHA: base, FinishedAt: w.at(-2 * time.Hour)}).status)
		require.Equal(t, 202, w.report(report{Service: "checkout", Environment: "prod-eu", SHA: base, Percent: 5}).status)
		w.pass(time.Hour)
	})
	require.Equal(t, "done", w.item(id).Status)
	w.checkLedger(id)
}

func TestTheSameReportAgain(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	one, two := w.commit(checkout, "One"), w.commit(checkout, "Two")
	r := report{ID: "run-1", Service: "checkout", Environment: "prod-eu", SHA: one, FinishedAt: w.at(-time.Minute)}
	first := w.report(r)
	require.Equal(t, 202, first.status, first.text)
	require.Equal(t, 200, w.report(r).status)
	other := r
	other.SHA = two
	w.report(other).problem(t, 409, "run-1")
	other.Environment = "prod-us" // another place is another deployment
	require.Equal(t, 202, w.report(other).status)
	r.FinishedAt = w.at(0) // the job was run again
	require.Equal(t, 202, w.report(r).status)
	page, err := w.api.Deployments(t.Context(), api.DeploymentQuery{Service: "checkout", Environment: "prod-eu", Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Deployments, 2)
	w.settle()
}

func TestACanaryThatBecomesAll(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.reopened(1)
	r := report{ID: "run-9", Service: "checkout", Environment: "prod-eu", SHA: fix, Percent: 10}
	require.Equal(t, 202, w.report(r).status)
	w.until("the canary is known", func() bool { return w.item(id).Reason != nil && *w.item(id).Reason == "canary" })
	require.Equal(t, 200, w.report(r).status)
	r.Percent = 100
	require.Equal(t, 202, w.report(r).status)
	w.closed(1)

	r.ID, r.Percent, r.FinishedAt = "run-10", 10, w.at(0)
	require.Equal(t, 202, w.report(r).status)
	r.Percent = 100
	again := w.report(r)
	require.Equal(t, 200, again.status)
	require.Contains(t, again.text, "percent 100 is not recorded", "the sender says that nothing happened since")
}

func TestARevisionThatTheRepositoryLacks(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Refs #1")
	w.deploy("prod-eu", strings.Repeat("0123456789", 4))
	require.Equal(t, "unknown", w.item(id).Verdict)
	require.Equal(t, "revision_unknown", *w.item(id).Reason)
	w.close(1)
	w.until("held with the label", func() bool { return len(w.issue(1).Labels) > 3 })
	w.settle()
	require.Contains(t, w.issue(1).Labels, "awaiting-deployment")
	require.Equal(t, "closed", w.issue(1).State)
	require.Empty(t, w.issue(1).Comments)
	w.pass(71 * time.Hour)
	w.settle()
	require.Equal(t, "closed", w.issue(1).State)
	w.pass(2 * time.Hour)
	is := w.reopened(1) // unknown_timeout
	require.Contains(t, is.Comments[0].Body, "could not be told")
	w.pass(time.Minute)
	w.deploy("prod-eu", fix)
	w.closed(1)
	w.checkLedger(id)
}

func TestAVersionInsteadOfACommit(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.reopened(1)
	require.NoError(t, w.gh.Tag(checkout, "v1.2.0", fix, "alice"))
	w.pass(time.Minute)
	a := w.report(report{ID: "release", Service: "Checkout service", Environment: "prod-eu", Version: "1.2.0"})
	require.Equal(t, 202, a.status, a.text)
	w.closed(1)
	require.Equal(t, fix, w.item(id).Live["checkout/prod-eu"])
	d, err := w.api.Deployment(t.Context(), "release", "checkout", "prod-eu")
	require.NoError(t, err)
	require.Equal(t, "1.2.0", *d.Version)
	require.Equal(t, fix, *d.SHA)
	require.True(t, d.Handled)
	w.checkLedger(id)
}

func TestReportsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	sha := w.commit(checkout, "One")
	good := report{Service: "checkout", Environment: "prod-eu", SHA: sha}
	with := func(edit func(*report)) answer {
		r := good
		edit(&r)
		return w.report(r)
	}
	a := with(func(r *report) { r.Service = "chekout" })
	a.problem(t, 422, "chekout")
	require.Contains(t, a.text, "checkout, payments", "the known ones are named")
	with(func(r *report) { r.SHA = "" }).problem(t, 422, "version")
	with(func(r *report) { r.SHA = "main; rm -rf /" }).problem(t, 422, "sha")
	with(func(r *report) { r.Environment = "" }).problem(t, 422, "environment")
	with(func(r *report) { r.Status = "succeeded" }).problem(t, 422, "status")
	with(func(r *report) { r.Percent = 101 }).problem(t, 422, "percent")
	body := `{"service":"checkout","environment":"prod-eu","sha":"` + sha + `"}`
	w.call("POST", "/api/v1/deployments", "", body).problem(t, 401, "token")
	w.call("POST", "/api/v1/deployments", "nobody's token", body).problem(t, 401, "")
	w.call("POST", "/api/v1/deployments", aliceToken, body).problem(t, 403, "deployments.tokens")
	w.call("POST", "/api/v1/deployments", fewToken, body).problem(t, 403, "staging")
	w.call("POST", "/api/v1/deployments", ciToken, body[:30]).problem(t, 400, "")
	page, err := w.api.Deployments(t.Context(), api.DeploymentQuery{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, page.Deployments, "nothing of this was recorded")

	var v api.DeployedView
	with(func(r *report) { r.FinishedAt = w.at(time.Hour) }).json(t, &v)
	require.Len(t, v.Warnings, 1)
	require.Contains(t, v.Warnings[0], "ahead")
	w.settle()
}

func TestDeploymentStatusOfGitHub(t *testing.T) {
	t.Parallel()
	w := start(t, scene{services: `
  - {name: checkout, repo: acme/checkout, tickets: "github:acme/checkout", production: [{name: prod-eu, github_environment: checkout-production}], team: shop}
  - {name: cart, repo: acme/checkout, production: [{name: prod-eu, github_environment: cart-production}], team: shop}`})
	w.filed(line{Title: "Of the checkout"}, line{Title: "Of the cart", Service: "cart"})
	base := w.commit(checkout, "Base")
	send := func(environment, sha, state string) int64 {
		id, err := w.gh.Deploy(checkout, environment, sha, state, "alice")
		require.NoError(t, err)
		w.settle()
		return id
	}
	send("checkout-production", base, "success")
	send("cart-production", base, "success")
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #1, fixes #2")
	w.reopened(1)
	w.reopened(2)
	w.pass(time.Minute)
	w.silent(func() {
		send("production", fix, "success") // nobody's
		send("checkout-production", fix, "failure")
		send("checkout-production", fix, "error")
	})
	started := send("checkout-production", fix, "in_progress")
	require.Equal(t, "open", w.issue(1).State)
	require.NoError(t, w.gh.DeployStatus(checkout, started, "success", "alice"))
	w.closed(1)
	require.Equal(t, "open", w.issue(2).State)
	send("cart-production", fix, "success")
	w.closed(2)
	page, err := w.api.Deployments(t.Context(), api.DeploymentQuery{Service: "cart", Environment: "prod-eu", Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Deployments, 2, "known by the name in the configuration")
	w.checkLedger(incident + "/1")
	w.checkLedger(incident + "/2")
}

func TestSoaking(t *testing.T) {
	t.Parallel()
	w := start(t, scene{policy: "soak: {P1: 24h}"})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Refs #1")
	w.deploy("prod-eu", fix)
	w.close(1)
	w.until("labelled", func() bool { return len(w.issue(1).Labels) > 4 || w.item(id).Status == "soaking" })
	w.settle()
	require.Equal(t, "closed", w.issue(1).State)
	require.Contains(t, w.issue(1).Labels, "awaiting-deployment")
	require.Equal(t, "soaking", *w.item(id).Reason)
	w.pass(23 * time.Hour)
	w.settle()
	require.Equal(t, "soaking", w.item(id).Status)
	w.pass(2 * time.Hour)
	w.until("done", func() bool { return w.item(id).Status == "done" })
	w.settle()
	require.NotContains(t, w.issue(1).Labels, "awaiting-deployment")
	require.Empty(t, w.issue(1).Comments)
	w.checkLedger(id)
}

func TestGrace(t *testing.T) {
	t.Parallel()
	w := start(t, scene{policy: "grace: 1h"})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.until("labelled", func() bool { return w.item(id).Status == "closed_early" })
	w.settle()
	require.Contains(t, w.issue(1).Labels, "awaiting-deployment")
	w.pass(50 * time.Minute)
	w.deploy("prod-eu", fix)
	w.pass(time.Hour)
	w.settle()
	is := w.issue(1)
	require.Equal(t, "closed", is.State, "shipped within the grace")
	require.Empty(t, is.Comments)
	require.NotContains(t, is.Labels, "awaiting-deployment")
	require.Equal(t, "done", w.item(id).Status)
	w.checkLedger(id)
}
