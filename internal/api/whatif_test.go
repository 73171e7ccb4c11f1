package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api/apitest"
)

func TestWhatADeploymentWouldDo(t *testing.T) {
	b := &apitest.Backend{}
	b.Add(item("a/1", "Item"))
	s := serve(t, b)
	const ask = deployments + "?what_if=true"
	body := `{"service":"Checkout service","environment":"prod-eu","sha":"ABCDEF1"}`
	for _, secret := range []string{apitest.CISecret, apitest.ViewerSecret, apitest.AdminSecret} {
		got := s.send(secret, "POST", ask, body)
		require.Equal(t, 200, got.status, got.text)
		require.Empty(t, got.header.Get("Location"))
		would := got.body["what_if"].(map[string]any)
		require.Equal(t, "abcdef1", would["sha"])
		require.Equal(t, []any{}, would["took_back"])
		shipped := would["shipped"].([]any)[0].(map[string]any)
		require.Equal(t, "a/1", shipped["id"])
		require.Equal(t, "closed", shipped["then"].(map[string]any)["ticket"])
	}
	require.Empty(t, b.Reports, "nothing was reported")

	// It is as strict as a report, and keeps to what a token may report on.
	s.send("", "POST", ask, body).problem(t, 401)
	s.send(apitest.CISecret, "POST", ask, `{"service":"checkout","environment":"prod-us","sha":"abcdef1"}`).problem(t, 403, "prod-us")
	s.send(apitest.ViewerSecret, "POST", ask, `{"service":"nobody","environment":"prod-eu","sha":"abcdef1"}`).problem(t, 422, "known are checkout, ledger")
	s.send(apitest.ViewerSecret, "POST", ask, `{"service":"checkout","environment":"prod-eu"}`).problem(t, 422, "sha")
	s.send(apitest.ViewerSecret, "POST", ask, `{"service":"checkout","environment":"prod-eu","sha":"abcdef1","status":"failure"}`).problem(t, 422, "status")
	// Anything but a question is a report.
	for _, query := range []string{"", "?what_if=false"} {
		s.send(apitest.ViewerSecret, "POST", deployments+query, body).problem(t, 403, "deployments.tokens")
	}
	s.send(apitest.ViewerSecret, "POST", deployments+"?what_if=maybe", body).problem(t, 403)
	require.Empty(t, b.Reports)
}
