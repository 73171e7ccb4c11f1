package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

const markdown = `---
id: 2026-11-01-checkout-down
title: Checkout down for 40 minutes
date: 2026-11-01
severity: SEV1
---

# Checkout down for 40 minutes

## Action items

| Action item | Priority | Type | Owner | Service |
| --- | --- | --- | --- | --- |
| Time out calls to the payment provider | P1 | Prevent | Bob | Checkout service |
| Alert when the pool is nearly used up | P2 | Detect | Alice | checkout |
`

func TestMainJobOnGitHub(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	filed, err := w.api.File(t.Context(), api.FileRequest{ContentType: api.MarkdownType, Name: "down.md", Body: []byte(markdown)})
	require.NoError(t, err)
	require.Equal(t, incident, filed.Postmortem)
	require.Len(t, filed.Items, 2)
	id := incident + "/1"
	w.until("two tickets", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	w.settle()

	one, two := 1, 2
	if strings.HasPrefix(w.issue(1).Title, "Alert") { // they are filed side by side
		one, two = 2, 1
	}
	is := w.issue(one)
	require.Equal(t, "Time out calls to the payment provider", is.Title)
	require.Subset(t, is.Labels, []string{"P1", "preventative", "postmortem"})
	require.Contains(t, is.Labels, "type:prevent", "the document's own word")
	require.Equal(t, []string{"bob"}, is.Assignees)
	require.Regexp(t, `<!-- holdfast:item=2026-11-01-checkout-down/1 mac=[0-9a-f]{64} -->`, is.Body)
	require.Contains(t, is.Body, "2026-11-29", "28 days after the incident")
	require.Subset(t, w.issue(two).Labels, []string{"P2", "mitigative"})
	require.Equal(t, []string{"alice"}, w.issue(two).Assignees)

	base := w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "Time out calls", fmt.Sprintf("Fixes #%d", one))
	is = w.reopened(one)
	require.Len(t, is.Comments, 1)
	said := is.Comments[0].Body
	require.True(t, strings.HasPrefix(said, "**Not in production yet.**"), said)
	require.Contains(t, said, "<!-- holdfast:comment -->")
	require.Contains(t, said, fix[:10])
	require.Contains(t, said, base[:10])
	require.Contains(t, said, "1 commit behind")
	v := w.item(id)
	require.Equal(t, "awaiting_deployment", v.Status)
	require.Equal(t, "not_verified", v.Verdict)
	require.Equal(t, "not_deployed", *v.Reason)
	require.Equal(t, 1, v.Reopened)
	require.Equal(t, map[string]string{"checkout/prod-eu": "no"}, v.Changes[0].Contained)
	require.Equal(t, fix, *v.Changes[0].SHA)

	w.silent(func() {
		d := w.deploy("staging", fix)
		require.False(t, d.Production)
		require.NotEmpty(t, d.Warnings)
	})

	shipped := w.deploy("prod-eu", fix)
	is = w.closed(one)
	require.NotContains(t, is.Labels, "awaiting-deployment")
	require.Len(t, is.Comments, 1, "the one comment is edited")
	require.True(t, strings.HasPrefix(is.Comments[0].Body, "**In production.**"), is.Comments[0].Body)
	v = w.item(id)
	require.Equal(t, "done", v.Status)
	require.Equal(t, "verified", v.Verdict)
	require.Nil(t, v.Reason)
	require.Equal(t, map[string]string{"checkout/prod-eu": fix}, v.Live)
	require.NotNil(t, v.VerifiedAt)
	require.NotNil(t, v.ClosedAt)
	d, err := w.api.Deployment(t.Context(), shipped.ID, "checkout", "prod-eu")
	require.NoError(t, err)
	require.Len(t, d.Shipped, 1)
	require.Equal(t, id, d.Shipped[0].ID)

	w.pass(time.Minute)
	w.silent(func() { w.deploy("prod-eu", base) }) // within rollback_grace
	w.pass(31 * time.Minute)
	is = w.reopened(one)
	require.Len(t, is.Comments, 2, "a regression is told in a new comment")
	require.Contains(t, is.Comments[1].Body, "rolled back")
	v = w.item(id)
	require.Equal(t, "regressed", v.Status)
	require.Equal(t, "rolled_back", *v.Reason)

	w.pass(time.Minute)
	w.deploy("prod-eu", fix)
	w.closed(one)
	w.pass(time.Minute)
	w.silent(func() { // rolled back and forward within the grace
		w.deploy("prod-eu", base)
		w.pass(20 * time.Minute)
		w.deploy("prod-eu", fix)
		w.pass(time.Hour)
	})
	w.checkLedger(id)
	w.checkLedger(incident + "/2")
	require.Equal(t, "open", w.issue(two).State)
	require.Empty(t, w.issue(two).Comments, "an item that nothing happened to is left alone")
}

func TestATicketClosedAfterItShippedIsAcceptedSilently(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	fix := w.merge(checkout, "Time out calls", "Refs #1")
	w.deploy("prod-eu", fix)
	require.Equal(t, "verified", w.item(id).Status)
	require.Equal(t, "open", w.issue(1).State, "what Holdfast did not reopen it does not close")
	w.silent(func() {
		w.close(1)
		w.settle()
		require.Equal(t, "done", w.item(id).Status)
	})
	require.Empty(t, w.issue(1).Comments)
	w.checkLedger(id)
}

func TestMainJobOnJira(t *testing.T) {
	t.Parallel()
	for _, flavor := range []string{"cloud", "datacenter"} {
		t.Run(flavor, func(t *testing.T) {
			t.Parallel()
			w := start(t, scene{flavor: flavor})
			w.filed(line{Title: "Retry refunds", Priority: "P1", Type: "preventative", Service: "payments"})
			id := incident + "/1"
			is := w.pay(1)
			require.Equal(t, "Retry refunds", is.Summary)
			require.Equal(t, "High", is.Priority)
			require.Equal(t, "2026-11-29", is.Due)
			require.Equal(t, "account-bob", is.Assignee)
			require.Subset(t, is.Labels, []string{"P1", "preventative", "postmortem"})
			require.Regexp(t, `\nholdfast item 2026-11-01-checkout-down/1 mac [0-9a-f]{64}$`, is.Description)
			require.True(t, slices.ContainsFunc(is.Labels, func(l string) bool { return strings.HasPrefix(l, "holdfast-") && len(l) == len("holdfast-")+20 }), is.Labels)

			first := w.commit(payments, "Release notes")
			_, err := w.gh.Deploy(payments, "prod-eu", first, "success", "alice")
			require.NoError(t, err)
			w.pass(time.Minute)
			fix := w.merge(payments, "PAY-1: retry refunds", "")
			require.NoError(t, w.jira.TransitionIssue("PAY-1", "account-bob", "Done", "Done"))
			w.until("PAY-1 reopened", func() bool { return !w.pay(1).Closed() && len(w.pay(1).Comments) > 0 })
			w.settle()
			is = w.pay(1)
			require.Empty(t, is.Resolution, "a resolution that stays is cleared")
			require.Equal(t, "Not in production yet", is.Custom[sandbox.ReopenField])
			require.Contains(t, is.Labels, "awaiting-deployment")
			require.Len(t, is.Comments, 1)
			require.Contains(t, is.Comments[0].Body, "Not in production yet.")
			require.NotContains(t, is.Comments[0].Body, "<!--", "Jira hides no markers")
			require.Equal(t, "not_deployed", *w.item(id).Reason)

			w.pass(time.Minute)
			_, err = w.gh.Deploy(payments, "prod-eu", fix, "success", "alice")
			require.NoError(t, err)
			w.until("PAY-1 closed", func() bool { return w.pay(1).Closed() })
			w.settle()
			is = w.pay(1)
			require.NotContains(t, is.Labels, "awaiting-deployment")
			require.Len(t, is.Comments, 1, "the one comment is edited")
			require.Contains(t, is.Comments[0].Body, "In production.")
			require.Equal(t, "done", w.item(id).Status)

			w.pass(time.Minute)
			require.NoError(t, w.jira.TransitionIssue("PAY-1", "account-alice", "Reopen", ""))
			w.settle()
			require.Equal(t, "reopened_by_person", *w.item(id).Reason)
			require.False(t, w.pay(1).Closed(), "people win")
			w.checkLedger(id)
		})
	}
}

func TestCommandsOnJira(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	w.filed(line{Title: "Retry refunds", Service: "payments"})
	id := incident + "/1"
	sha := w.commit(payments, "Retry")
	_, err := w.jira.CommentOn("PAY-1", "account-bob", "/holdfast fixed-by "+sha)
	require.NoError(t, err)
	w.until("the change linked", func() bool { return len(w.item(id).Changes) == 1 })
	w.settle()
	require.Len(t, w.pay(1).Comments, 2, "Jira has no reactions: a short reply says it")
	_, err = w.jira.CommentOn("PAY-1", "account-bob", "/holdfast due 2099-12-24 the provider is slow")
	require.NoError(t, err)
	w.until("the due date moved", func() bool { return w.pay(1).Due == "2099-12-24" })
	w.settle()
	require.Equal(t, "2099-12-24", *w.item(id).Due)
	require.True(t, slices.ContainsFunc(w.item(id).Ledger, func(e domain.Entry) bool { return e.Name == domain.DueSet }))
	w.checkLedger(id)
}
