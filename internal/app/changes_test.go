package app_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
)

func TestADirectPushThatClaims(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	fix := w.commit(checkout, "Time out calls\n\nFixes #1") // GitHub closes #1 by this
	w.reopened(1)
	v := w.item(id)
	require.Len(t, v.Changes, 1)
	require.Equal(t, fix, *v.Changes[0].SHA)
	require.Nil(t, v.Changes[0].PullRequest)
	w.pass(time.Minute)
	w.deploy("prod-eu", w.commit(checkout, "Something later")) // contains it
	w.closed(1)
	require.Equal(t, "done", w.item(id).Status)
	w.checkLedger(id)
}

func TestAReleaseBranch(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "Fixed on the release branch alone"}, line{Title: "Fixed on both branches"})
	base := w.base()
	require.NoError(t, w.gh.Branch(checkout, "release-1", base, "alice"))
	w.pass(time.Minute)

	// Nothing of the item landed on the default branch: the merge is its change.
	alone := w.mergeInto(checkout, "release-1", "Hot fix", "Fixes #1")
	w.settle()
	require.Equal(t, "open", w.issue(1).State, "GitHub closes nothing from another branch")
	require.Equal(t, "awaiting_deployment", w.item(incident+"/1").Status)
	w.close(1)
	w.reopened(1)
	w.pass(time.Minute)
	w.deploy("prod-eu", alone)
	w.closed(1)

	// Where it landed on the default branch, the other merge is no second thing
	// to ship.
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #2")
	w.reopened(2)
	w.mergeInto(checkout, "release-1", "The fix, carried over", "Fixes #2")
	w.settle()
	v := w.item(incident + "/2")
	require.Len(t, v.Changes, 1)
	require.Equal(t, fix, *v.Changes[0].SHA)
	w.checkLedger(incident + "/1")
	w.checkLedger(incident + "/2")
}

func TestAnOpenPullRequestHoldsBack(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	first := w.merge(checkout, "Part one", "Refs #1")
	w.open(checkout, "", "Part two", "Fixes #1")
	w.deploy("prod-eu", first)
	w.pass(time.Minute)
	w.close(1)
	w.reopened(1)
	require.Equal(t, "not_merged", *w.item(id).Reason)
	w.pass(time.Minute)
	require.NoError(t, w.gh.ClosePull(checkout, 3, "bob"))
	w.until("closed without the abandoned part", func() bool { return w.issue(1).State == "closed" })
	w.settle()
	require.Equal(t, "done", w.item(id).Status)
	w.checkLedger(id)
}

func TestSeveralEnvironments(t *testing.T) {
	t.Parallel()
	for needed, enough := range map[string]int{"any": 1, "2": 2, "all": 3} {
		t.Run(needed, func(t *testing.T) {
			t.Parallel()
			w := start(t, scene{services: `
  - {name: checkout, repo: acme/checkout, tickets: "github:acme/checkout", production: [prod-eu, prod-us, prod-ap], require: ` + needed + `, team: shop}`})
			id := w.one()
			w.base()
			w.pass(time.Minute)
			fix := w.merge(checkout, "The fix", "Fixes #1")
			w.reopened(1)
			for i, env := range []string{"prod-us", "prod-eu", "prod-ap"} {
				w.pass(time.Minute)
				w.deploy(env, fix)
				v := w.item(id)
				if i+1 < enough {
					require.Equal(t, "open", w.issue(1).State, "after %s", env)
					require.Equal(t, "partially_deployed", *v.Reason)
					continue
				}
				require.Equal(t, "verified", v.Verdict)
				w.closed(1)
			}
			w.checkLedger(id)
		})
	}
}

func TestSeveralServices(t *testing.T) {
	t.Parallel()
	w := start(t, scene{services: `
  - {name: checkout, repo: acme/checkout, tickets: "github:acme/checkout", production: [prod-eu], team: shop}
  - {name: cart, repo: acme/checkout, production: [prod-eu], team: shop}
  - {name: payments, repo: acme/payments, production: [prod-eu], team: shop}`})
	w.filed(line{Title: "Both services of the repository", Service: "checkout, cart, payments"}, line{Title: "One of them", Service: "cart"})
	both, one := incident+"/1", incident+"/2"
	require.Equal(t, []string{"checkout", "cart", "payments"}, w.item(both).Services)
	base := w.base()
	require.Equal(t, 202, w.report(report{Service: "cart", Environment: "prod-eu", SHA: base}).status)
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #1, fixes #2")
	w.reopened(1)
	w.reopened(2)
	w.pass(time.Minute)
	w.deploy("prod-eu", fix) // of checkout
	require.Equal(t, "open", w.issue(1).State)
	require.Equal(t, "partially_deployed", *w.item(both).Reason)
	require.Equal(t, "open", w.issue(2).State, "checkout is not what this item needs")
	require.Equal(t, "not_deployed", *w.item(one).Reason)
	w.pass(time.Minute)
	require.Equal(t, 202, w.report(report{Service: "cart", Environment: "prod-eu", SHA: fix}).status)
	w.closed(1) // payments is named, but no change concerns it
	w.closed(2)
	w.checkLedger(both)
	w.checkLedger(one)
}

func TestFixedByThroughTheAPI(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	base := w.base()
	w.pass(time.Minute)
	fix := w.commit(checkout, "Says nothing of the ticket")
	w.close(1)
	is := w.reopened(1)
	require.Equal(t, "no_linked_change", *w.item(id).Reason)
	require.Contains(t, is.Comments[0].Body, "/holdfast fixed-by")
	w.pass(time.Minute)

	path := "/api/v1/items/" + id + "/changes"
	w.call("POST", path, bobToken, `{"sha":"0123456789012345678901234567890123456789"}`).problem(t, 422, "0123456789")
	w.call("POST", path, bobToken, `{}`).problem(t, 422, "")
	w.call("POST", path, viewToken, `{"sha":"`+fix+`"}`).problem(t, 403, "operator")
	w.call("POST", path, ciToken, `{"sha":"`+fix+`"}`).problem(t, 403, "only reports deployments")
	a := w.call("POST", path, bobToken, `{"sha":"`+fix[:12]+`"}`)
	require.Equal(t, 201, a.status, a.text)
	var v api.ItemView
	a.json(t, &v)
	require.Equal(t, fix, *v.Changes[0].SHA, "a short one is completed")
	require.Equal(t, "not_deployed", *v.Reason)
	w.settle()
	require.Equal(t, "open", w.issue(1).State)
	w.deploy("prod-eu", fix)
	w.closed(1)

	// A deployment may name the fix itself.
	w.filed(line{Title: "Time out calls to the payment provider", Priority: "P1", Type: "preventative"}, line{Title: "Another one"})
	w.pass(time.Minute)
	w.close(2)
	w.reopened(2)
	w.pass(time.Minute)
	next := w.commit(checkout, "Another fix")
	r := report{Service: "checkout", Environment: "prod-eu", SHA: next, Fixes: []map[string]any{{"item": "github:acme/checkout#2", "change": next}}}
	require.Equal(t, 202, w.report(r).status)
	w.closed(2)
	r = report{Service: "checkout", Environment: "staging", SHA: base, Fixes: []map[string]any{{"item": "no-such/7", "change": next}}}
	require.Contains(t, w.report(r).text, "no-such/7", "told as a warning")
	w.checkLedger(id)
	w.checkLedger(incident + "/2")

	// Both are found by their tickets.
	var why api.WhyView
	w.call("GET", "/api/v1/why?ticket="+url.QueryEscape("acme/checkout#2"), viewToken, "").json(t, &why)
	require.Equal(t, incident+"/2", why.Item)
	require.NotEmpty(t, why.Checks)
}

func TestFixedByInAComment(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(time.Minute)
	fix := w.commit(checkout, "Says nothing of the ticket")
	other := w.merge(checkout, "Also silent", "")
	w.close(1)
	w.reopened(1)
	w.pass(time.Minute)

	// What is quoted, code, or from somebody who may not, changes nothing.
	w.comment(1, "carol", "> /holdfast fixed-by "+fix+"\n\n    /holdfast fixed-by "+fix+"\n\n`/holdfast fixed-by "+fix+"`\n")
	w.comment(1, "eve", "/holdfast fixed-by "+fix)
	w.until("eve answered", func() bool { return len(w.issue(1).Comments) == 4 })
	w.settle()
	require.Empty(t, w.item(id).Changes)
	is := w.issue(1)
	require.Len(t, is.Comments, 4, "only eve gets a reply")
	require.Contains(t, is.Comments[3].Body, "write permission")

	// An edited comment is no command: who wrote it first is not known. The
	// edit comes before the command was read, while Holdfast is not there.
	w.halt()
	edited := w.comment(1, "carol", "Never mind")
	w.clock.ahead.Add(int64(time.Minute))
	require.NoError(t, w.gh.EditComment(checkout, edited, "eve", "/holdfast fixed-by "+fix))
	w.run()
	for _, d := range w.gh.Deliveries() {
		if d.Status == 0 {
			require.NoError(t, w.gh.Redeliver(d.ID))
		}
	}
	w.until("the edit answered", func() bool { return len(w.issue(1).Comments) == 6 })
	require.Contains(t, w.issue(1).Comments[5].Body, "edited before it was read")
	require.Empty(t, w.item(id).Changes)

	// carol stands under no people, but may write to the repository.
	asked := w.comment(1, "carol", "I think it was this one:\n\n/holdfast fixed-by "+fix)
	w.until("linked", func() bool { return len(w.item(id).Changes) == 1 })
	w.settle()
	for _, c := range w.issue(1).Comments {
		if c.ID == asked {
			require.Len(t, c.Reactions, 1, "answered by a reaction")
		}
	}
	w.comment(1, "bob", "/holdfast fixed-by #2")
	w.until("linked", func() bool { return len(w.item(id).Changes) == 2 })
	w.settle()
	w.deploy("prod-eu", fix)
	require.Equal(t, "open", w.issue(1).State)
	require.Equal(t, "partially_deployed", *w.item(id).Reason)
	w.pass(time.Minute)
	w.comment(1, "bob", "/holdfast not-fixed-by "+other)
	w.closed(1)
	require.Len(t, w.item(id).Changes, 1)
	w.checkLedger(id)
}
