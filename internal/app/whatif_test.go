package app_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
)

// ask asks what a deployment would do, with a viewer's token.
func (w *world) ask(r report) api.WhatIfView {
	w.t.Helper()
	body, err := json.Marshal(r)
	require.NoError(w.t, err)
	a := w.call("POST", "/api/v1/deployments?what_if=true", viewToken, string(body))
	require.Equal(w.t, 200, a.status, a.text)
	var out struct {
		WhatIf api.WhatIfView `json:"what_if"`
	}
	a.json(w.t, &out)
	return out.WhatIf
}

func TestWhatADeploymentWouldDo(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	base := w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "The fix", "Fixes #1")
	w.reopened(1)
	w.pass(time.Minute)
	eu := report{Service: "Checkout service", Environment: "prod-eu", SHA: fix}

	w.silent(func() {
		v := w.ask(eu)
		require.Len(t, v.Shipped, 1)
		require.Empty(t, append(v.TookBack, v.Others...))
		require.Equal(t, id, v.Shipped[0].ID)
		require.Equal(t, "not_verified", v.Shipped[0].Verdict, "as it stands")
		require.Equal(t, "verified", v.Shipped[0].Then.Verdict)
		require.Equal(t, "closed", *v.Shipped[0].Then.Ticket)
		require.Contains(t, strings.Join(v.Shipped[0].Then.Why, "\n"), "is in checkout/prod-eu")
		short := eu
		short.SHA = fix[:8]
		require.Equal(t, fix, *w.ask(short).SHA)
		part := eu
		part.Percent = 10
		v = w.ask(part)
		require.Empty(t, v.Shipped)
		require.Equal(t, "canary", *v.Others[0].Then.Reason)
		elsewhere := eu
		elsewhere.Environment = "staging"
		require.Empty(t, w.ask(elsewhere).Shipped)
		body := `{"service":"checkout","environment":"prod-eu","sha":"` + strings.Repeat("0123456789", 4) + `"}`
		w.call("POST", "/api/v1/deployments?what_if=true", ciToken, body).problem(t, 422, "has no such revision")
	})
	page, err := w.api.Deployments(t.Context(), api.DeploymentQuery{Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Deployments, 1, "only the real one was recorded")
	require.Equal(t, base, w.item(id).Live["checkout/prod-eu"])

	w.deploy("prod-eu", fix)
	w.closed(1)
	w.pass(time.Minute)
	w.silent(func() {
		require.Empty(t, w.ask(eu).Shipped, "it runs already")
		v := w.ask(report{Service: "checkout", Environment: "prod-eu", SHA: base})
		require.Len(t, v.TookBack, 1)
		require.Equal(t, "rolled_back", *v.TookBack[0].Then.Reason)
		require.Equal(t, "reopened", *v.TookBack[0].Then.Ticket)
		require.NotNil(t, v.TookBack[0].Then.ReopensAt, "there is time to roll forward")
	})
	require.Equal(t, "done", w.item(id).Status)
	w.checkLedger(id)
}
