package app_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/hints"
)

const vagueReport = "# Checkout down\n\nDate: 2026-11-01\nServices: checkout\n\n## Action items\n\n- Improve monitoring (P1, owner: @bob, due: 2026-12-01)\n- Page the shop team when refused cards pass 2 % (P1, owner: @bob, due: 2026-12-01)\n- Bob should be more careful (done)\n"

func TestHintsAreShownAndHoldNothingUp(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	r := api.FileRequest{ContentType: api.MarkdownType, Body: []byte(vagueReport), DryRun: true}
	v, err := w.api.File(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, v.Plan, 3)
	require.Len(t, v.Plan[0].Hints, 1)
	require.Equal(t, hints.Vague, v.Plan[0].Hints[0].Kind)
	require.Equal(t, 8, v.Plan[0].Line)
	require.Equal(t, v.Plan[0].Hints, v.Items[0].Hints)
	require.Empty(t, v.Plan[1].Hints)
	require.Empty(t, v.Plan[2].Hints, "an item that is done")
	require.Empty(t, v.Warnings)

	r.DryRun = false
	v, err = w.api.File(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, v.Items[0].Hints, 1)
	w.until("both tickets", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	require.NotContains(t, w.issue(1).Body, v.Items[0].Hints[0].Question, "no reproach on the ticket")
	// What is filed is left alone.
	v, err = w.api.File(t.Context(), r)
	require.NoError(t, err)
	require.Empty(t, v.Items[0].Hints)
}

func TestLintRequireRefusesNewItems(t *testing.T) {
	t.Parallel()
	w := start(t, scene{policy: "lint: require"})
	r := api.FileRequest{ContentType: api.MarkdownType, Body: []byte(vagueReport)}
	w.silent(func() {
		_, err := w.api.File(t.Context(), r)
		require.ErrorContains(t, err, "policy.lint")
		require.ErrorContains(t, err, "line 8, “Improve monitoring”: vague")
		require.NotContains(t, err.Error(), "line 9")
		w.call("POST", "/api/v1/postmortems", bobToken, vagueReport, "Content-Type: text/markdown").problem(t, 422, "policy.lint")

		r.DryRun = true
		v, err := w.api.File(t.Context(), r)
		require.NoError(t, err)
		require.Contains(t, strings.Join(v.Warnings, "\n"), "--force")
	})
	r.DryRun, r.Force = false, true
	v, err := w.api.File(t.Context(), r)
	require.NoError(t, err)
	w.until("both tickets", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	require.Contains(t, w.item(v.Items[0].ID).Ledger[0].Note, "force")
	require.NotContains(t, w.item(v.Items[1].ID).Ledger[0].Note, "force")
	// An item that is filed can be edited and checked off without force.
	r.Force, r.Body = false, []byte(strings.Replace(vagueReport, "P1, owner: @bob, due: 2026-12-01", "P0, owner: @bob", 1))
	_, err = w.api.File(t.Context(), r)
	require.NoError(t, err)
}

func TestLintOff(t *testing.T) {
	t.Parallel()
	w := start(t, scene{policy: "lint: off"})
	v, err := w.api.File(t.Context(), api.FileRequest{ContentType: api.MarkdownType, Body: []byte(vagueReport), DryRun: true})
	require.NoError(t, err)
	for _, l := range v.Plan {
		require.Empty(t, l.Hints)
	}
}

func TestSeenBefore(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	first := "# One\n\nServices: checkout\n\n## Action items\n\n- Limit retries of the card client\n- Alert when refused cards pass 2 %\n"
	v, err := w.api.File(t.Context(), api.FileRequest{ID: "one", ContentType: api.MarkdownType, Body: []byte(first)})
	require.NoError(t, err)
	w.until("both tickets", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	w.settle()
	require.NotContains(t, w.issue(1).Body, "Seen before")
	old := w.item(v.Items[0].ID)

	second := "# Two\n\nServices: checkout\n\n## Action items\n\n- Cap the retries of the card client\n- Write the runbook for a full disk\n"
	r := api.FileRequest{ID: "two", ContentType: api.MarkdownType, Body: []byte(second), DryRun: true}
	v, err = w.api.File(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, v.Plan[0].SeenBefore, 1)
	seen := v.Plan[0].SeenBefore[0]
	require.Equal(t, "one/1", seen.Item)
	require.Equal(t, "still open", seen.State)
	require.Equal(t, old.Ticket.URL, seen.URL)
	require.Empty(t, v.Plan[1].SeenBefore)

	r.DryRun = false
	_, err = w.api.File(t.Context(), r)
	require.NoError(t, err)
	w.until("four tickets", func() bool { return len(w.gh.Issues(checkout)) == 4 })
	w.settle()
	bodies := w.issue(3).Body + w.issue(4).Body
	require.Equal(t, 1, strings.Count(bodies, "Seen before"))
	require.Contains(t, bodies, "[Limit retries of the card client (one/1, still open)]("+old.Ticket.URL+")")

	// Of another service, nothing is told.
	r.ID, r.Body = "three", []byte(strings.Replace(second, "checkout", "payments", 1))
	r.DryRun = true
	v, err = w.api.File(t.Context(), r)
	require.NoError(t, err)
	require.Empty(t, v.Plan[0].SeenBefore)
}
