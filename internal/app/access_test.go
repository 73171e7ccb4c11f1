package app_test

import (
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/app"
)

func TestTheOpenAPIIsForTheLocalUserAlone(t *testing.T) {
	t.Parallel()
	w := prepare(t, scene{apiPart: "-"})
	log := slog.New(slog.DiscardHandler)
	for _, edit := range [][2]string{{`listen: "127.0.0.1:`, `listen: "0.0.0.0:`}, {`public_url: "http://127.0.0.1`, `public_url: "http://holdfast.acme.example`}} {
		cfg := w.parse(strings.Replace(w.config, edit[0], edit[1], 1))
		_, err := app.New(t.Context(), cfg, app.Options{Log: log})
		require.ErrorContains(t, err, "api.tokens", "it refuses to start on %s", edit[1])
		l, err := net.Listen("tcp", cfg.Listen)
		require.NoError(t, err, "it never listened")
		require.NoError(t, l.Close())
	}

	w.run()
	require.Equal(t, 200, w.call("GET", "/api/v1/items", "", "").status, "the local user")
	for _, header := range []string{"X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.7", "X-Real-IP: 203.0.113.7", "Via: 1.1 proxy", "Host: holdfast.acme.example"} {
		w.call("GET", "/api/v1/items", "", "", header).problem(t, 401, "api.tokens")
		require.Equal(t, 401, w.call("GET", "/metrics", "", "", header).status)
	}
	require.Equal(t, 403, w.call("POST", "/api/v1/pause", "", "", "Origin: https://evil.example", "Sec-Fetch-Site: cross-site").status)
	w.call("GET", "/api/v1/items", "no such token", "").problem(t, 401, "not known")
	w.call("POST", "/api/v1/postmortems", "", document("x", line{Title: "One"}))
	w.until("filed by the local user", func() bool { return len(w.gh.Issues(checkout)) == 1 })
	// The local user is nobody in particular, so nobody's approver.
	w.call("POST", "/api/v1/items/x/1/waiver", "", `{"duration":"1d","reason":"x"}`).problem(t, 403, "person")
	w.settle()
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	for _, path := range []string{"/livez", "/healthz", "/readyz"} {
		require.Equal(t, 200, w.call("GET", path, "", "").status, path)
	}
	for _, path := range []string{"/metrics", "/api/v1/items", "/api/v1/deployments", "/api/v1/reopenings", "/api/v1/pause", "/api/v1/reports/weekly"} {
		require.Equal(t, 401, w.call("GET", path, "", "").status, path)
		require.Equal(t, 200, w.call("GET", path, viewToken, "").status, path)
	}
	w.call("POST", "/api/v1/pause", viewToken, "").problem(t, 403, "admin")
	w.call("POST", "/api/v1/reopenings/confirm", viewToken, `{"cause":"x"}`).problem(t, 403, "admin")
	metrics := w.call("GET", "/metrics", viewToken, "").text
	for _, name := range []string{"holdfast_actions_total", "holdfast_due_subjects", "holdfast_reopenings_waiting", "holdfast_paused", "holdfast_store_up 1"} {
		require.Contains(t, metrics, name)
	}
	for _, path := range []string{"/", "/debug/pprof/", "/webhooks/argocd", "/.git/config"} {
		require.Contains(t, []int{401, 404}, w.call("GET", path, viewToken, "").status, path)
	}
	doc := w.call("GET", "/api/v1/openapi.json", viewToken, "")
	require.Equal(t, 200, doc.status)
	require.Contains(t, doc.text, `"openapi":"3.1`)
}

func TestReload(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	id := w.one()
	w.base()
	w.pass(0)

	// A file that is no configuration never gets this far; one that may not be
	// served changes nothing.
	bad := w.parse(strings.Replace(strings.Replace(w.config, usualAPI, "", 1), `listen: "127.0.0.1:`, `listen: "0.0.0.0:`, 1))
	require.ErrorContains(t, w.app.Reload(t.Context(), bad), "api.tokens")
	require.Equal(t, 401, w.call("GET", "/api/v1/items", "", "").status, "the old tokens hold")
	require.Equal(t, id, w.item(id).ID)

	// What it changes is in force at once, verdicts included.
	fix := w.merge(checkout, "The fix", "Refs #1")
	w.deploy("prod-eu", fix)
	require.Equal(t, "verified", w.item(id).Verdict)
	more := strings.Replace(w.config, "production: [prod-eu], team: shop}\n  - {name: payments", "production: [prod-eu, prod-us], team: shop}\n  - {name: payments", 1)
	require.NotEqual(t, w.config, more)
	more = strings.Replace(more, aliceToken, "another-token-0123456789", 1)
	require.NoError(t, w.app.Reload(t.Context(), w.parse(more)))
	require.Equal(t, 401, w.call("GET", "/api/v1/items", aliceToken, "").status)
	w.api = api.NewClient(w.url, "another-token-0123456789")
	w.until("judged anew", func() bool { return w.item(id).Verdict == "not_verified" })
	w.settle()
	require.Equal(t, "partially_deployed", *w.item(id).Reason)
	w.checkLedger(id)
}
