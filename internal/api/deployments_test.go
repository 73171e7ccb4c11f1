package api_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/api/apitest"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func serveEngine(t *testing.T, e *gin.Engine) string {
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	return s.URL
}

const deployments = "/api/v1/deployments"

func TestADeploymentIsReported(t *testing.T) {
	b := &apitest.Backend{}
	b.Add(item("a/1", "Item"))
	s := serve(t, b)
	full := `{"id":"run/77 1","service":"Checkout service","environment":"prod-eu","sha":"ABCDEF1234567890abcdef1234567890abcdef12","version":"v1.2","status":"success","percent":50,
		"finished_at":"2026-11-20T13:00:00+01:00","url":"https://ci.acme.example/77","fixes":[{"item":"a/1","change":"acme/checkout#3"}]}`
	got := s.send(apitest.CISecret, "POST", deployments, full)
	require.Equal(t, 202, got.status, got.text)
	where := "https://holdfast.example.com/api/v1/deployments/run%2F77%201?environment=prod-eu&service=checkout"
	require.Equal(t, map[string]any{"id": "run/77 1", "url": where, "production": true, "warnings": []any{}}, got.body)
	require.Equal(t, where, got.header.Get("Location"))
	require.Empty(t, cmp.Diff([]api.DeploymentReport{{ID: "run/77 1", Service: "checkout", Environment: "prod-eu", SHA: "abcdef1234567890abcdef1234567890abcdef12", Version: "v1.2",
		Status: domain.Success, Percent: 50, FinishedAt: apitest.Now, URL: "https://ci.acme.example/77", Fixes: []domain.DeploymentFix{{Item: "a/1", Change: "acme/checkout#3"}}}}, b.Reports))

	require.Equal(t, 200, s.send(apitest.CISecret, "POST", deployments, full).status, "told again")
	s.send(apitest.CISecret, "POST", deployments, strings.Replace(full, "ABCDEF12", "12345678", 1)).problem(t, 409, "run/77 1")

	// Who reported it may read it back, by the address that was answered.
	got = s.send(apitest.CISecret, "GET", strings.TrimPrefix(where, "https://holdfast.example.com"), "")
	require.Equal(t, 200, got.status, got.text)
	require.Equal(t, "a/1", got.body["shipped"].([]any)[0].(map[string]any)["id"])
	require.Equal(t, []any{}, got.body["took_back"])
	got = s.send(apitest.ViewerSecret, "GET", deployments+"?service=checkout", "")
	require.Len(t, got.body["deployments"], 1)
	require.NotContains(t, got.text, `"shipped"`)
}

func TestTheIDIsAWordOrANumber(t *testing.T) {
	b := &apitest.Backend{}
	s := serve(t, b)
	for written, want := range map[string]string{`"run-7"`: "run-7", `17`: "17", `12345678901`: "12345678901", `null`: "", `""`: ""} {
		b.Reports = nil
		got := s.send(apitest.CISecret, "POST", deployments, `{"id":`+written+`,"service":"checkout","environment":"prod-eu","sha":"abcdef1"}`)
		require.Equal(t, 202, got.status, "%s: %s", written, got.text)
		require.Equal(t, want, b.Reports[0].ID, written)
	}
	s.send(apitest.CISecret, "POST", deployments, `{"id":{},"service":"checkout","environment":"prod-eu","sha":"abcdef1"}`).problem(t, 422)
}

func TestDefaultsOfADeployment(t *testing.T) {
	b := &apitest.Backend{}
	s := serve(t, b)
	for _, body := range []string{
		`{"service":"checkout","environment":"prod-eu","version":"v1.2"}`,
		`{"service":"checkout","environment":"prod-eu","version":"v1.2","id":null,"sha":null,"status":null,"percent":null,"finished_at":null,"url":null,"fixes":null}`,
		`{"service":" checkout ","environment":"prod-eu ","version":"v1.2","id":"","sha":"","url":""}`,
	} {
		b.Reports = nil
		got := s.send(apitest.CISecret, "POST", deployments, body)
		require.Equal(t, 202, got.status, got.text)
		require.Empty(t, cmp.Diff([]api.DeploymentReport{{Service: "checkout", Environment: "prod-eu", Version: "v1.2", Status: domain.Success, Percent: 100}}, b.Reports))
	}
	got := s.send(apitest.CISecret, "POST", deployments, `{"service":"checkout","environment":"staging","sha":"abcdef1"}`)
	require.Equal(t, 202, got.status)
	require.Equal(t, false, got.body["production"])
	require.Len(t, got.body["warnings"], 1)
}

func TestBadDeployments(t *testing.T) {
	s := serve(t, &apitest.Backend{})
	report := func(fields string) string {
		return `{"service":"checkout","environment":"prod-eu","sha":"abcdef1"` + fields + `}`
	}
	for body, part := range map[string]string{
		`{"environment":"prod-eu","sha":"abcdef1"}`:                      "service",
		`{"service":"checkout","sha":"abcdef1"}`:                         "environment",
		`{"service":"checkout","environment":"prod-eu"}`:                 "body.sha",
		`{"service":"checkout","environment":"prod-eu","sha":"abcdef"}`:  "body.sha",
		`{"service":"checkout","environment":"prod-eu","sha":"v1.2.33"}`: "body.sha",
		`{"service":"  ","environment":"prod-eu","sha":"abcdef1"}`:       "body.service",
		`{"service":"nobody","environment":"prod-eu","sha":"abcdef1"}`:   "known are checkout, ledger",
		report(`,"status":"succeeded"`):                                  "body.status",
		report(`,"percent":0`):                                           "body.percent",
		report(`,"percent":101`):                                         "body.percent",
		report(`,"finished_at":"yesterday"`):                             "body.finished_at",
		report(`,"finished_at":"0001-01-01T00:00:00Z"`):                  "body.finished_at",
		report(`,"url":"javascript:alert(1)"`):                           "body.url",
		report(`,"commit":"x"`):                                          "body.commit",
		report(`,"fixes":[{"item":"a/1"}]`):                              "body.fixes[0]",
		report(`,"id":"` + strings.Repeat("x", 201) + `"`):               "body.id",
		report(`,"sha":"` + strings.Repeat("a", 65) + `"`):               "body.sha",
	} {
		s.send(apitest.CISecret, "POST", deployments, body).problem(t, 422, part)
	}
	s.send(apitest.CISecret, "POST", deployments, report(`,"commit":"x"`)).problem(t, 422, "unexpected property")
	require.Empty(t, s.backend.Reports)
	// Two mistakes are told at once.
	s.send(apitest.CISecret, "POST", deployments, `{"service":"checkout","environment":"prod-eu","url":"x"}`).problem(t, 422, "body.sha", "body.url")
}

func TestATokenReportsOnlyItsOwn(t *testing.T) {
	b := &apitest.Backend{}
	s := serve(t, b)
	for service, environment := range map[string]string{"ledger": "prod-eu", "checkout": "prod-us"} {
		body := fmt.Sprintf(`{"id":"7","service":%q,"environment":%q,"sha":"abcdef1"}`, service, environment)
		s.send(apitest.CISecret, "POST", deployments, body).problem(t, 403, "ci")
	}
	require.Empty(t, b.Reports)

	other := api.Token{Name: "all", Hash: api.HashToken("all-secret-0123456789"), Kind: api.KindDeployments}
	all := &site{t, apitest.Serve(t, b, []api.Token{other}), b}
	require.Equal(t, 202, all.send("all-secret-0123456789", "POST", deployments, `{"id":"7","service":"ledger","environment":"prod-eu","sha":"abcdef1"}`).status)
	s.send(apitest.CISecret, "GET", deployments+"/7", "").problem(t, 404)
	require.Equal(t, 200, s.send(apitest.ViewerSecret, "GET", deployments+"/7", "").status)
	s.send(apitest.ViewerSecret, "GET", deployments+"/7?service=checkout", "").problem(t, 404)
}

func TestThePostmortemForms(t *testing.T) {
	b := &apitest.Backend{}
	s := serve(t, b)
	file := func(query, body, kind string) answer {
		return s.send(apitest.OperatorSecret, "POST", "/api/v1/postmortems"+query, body, "Content-Type", kind)
	}
	got := file("?id=down&dry_run=true", "- [ ] Limit the retries\n", "text/markdown; charset=utf-8")
	require.Equal(t, 202, got.status, got.text)
	require.Equal(t, "file", got.body["plan"].([]any)[0].(map[string]any)["action"])
	require.Equal(t, []any{}, got.body["items"])

	got = file("?id=down&service=ledger", "- [ ] Limit the retries\n", "text/markdown")
	require.Equal(t, 202, got.status, got.text)
	require.Equal(t, "down", got.body["postmortem"])
	first := got.body["items"].([]any)[0].(map[string]any)
	require.Equal(t, "down/1", first["id"])
	require.Contains(t, first, "ticket")
	require.Nil(t, first["ticket"])
	require.NotContains(t, got.body, "plan")

	got = file("?name="+`C:\docs\..\2026-11-01.md`, "- [ ] x", "text/html")
	require.Equal(t, 202, got.status, got.text)
	require.Equal(t, "2026-11-01.md", b.Files[len(b.Files)-1].Name)

	body := `{"id":"json","title":"Down","date":"2026-11-01","severity":"SEV1","services":["checkout"],"source":"https://wiki.acme.example/1","items":[
		{"title":"Limit","priority":"P1","type":"preventative","type_written":"Prevent","owner":null,"due":"2026-12-01","due_written":null,"service":"checkout","ticket":null,"done":false,"line":3}]}`
	got = file("", body, "application/json")
	require.Equal(t, 202, got.status, got.text)
	require.JSONEq(t, body, string(b.Files[len(b.Files)-1].Body))

	for body, part := range map[string]string{
		`{"items":[{"title":"x","prio":"P1"}]}`: "body.items[0].prio", `{"itmes":[]}`: "body.itmes", `{"items":[{}]}`: "title", `{"items":"x"}`: "body.items",
		`{"items":[]}`: "no action items", `{"title":1,"items":[]}`: "body.title",
	} {
		file("", body, "application/json").problem(t, 422, part)
	}
	file("", `{"items":`, "application/json").problem(t, 400)
	file("?id=x", "nothing to do", "text/markdown").problem(t, 422, "no action items")
	file("?id=x", "  \n", "text/markdown").problem(t, 422, "empty", `"detail":"body: `)
	file("?id=x", "", "text/markdown").problem(t, 400)
	file("?id=x", "- [ ] x", "application/pdf").problem(t, 415, "text/markdown")
	file("?dryrun=true", "- [ ] x", "text/markdown").problem(t, 422, "query.dryrun")
	file("?id=x", strings.Repeat("x", api.MaxPostmortemBytes+1), "text/markdown").problem(t, 413)
	file("?id=x", strings.Repeat("x", 30<<20), "text/markdown").problem(t, 413, "larger than 2048 KiB") // its sender hears that, too
	for place, query := range map[string]string{"query.id": "?id=..", "query.service": "?service=nothing"} {
		b.Fail = api.Invalid{Field: strings.TrimPrefix(place, "query."), Detail: "is wrong"}
		file(query, "- [ ] x\n", "text/markdown").problem(t, 422, place)
	}
	b.Fail = nil
	// The export of an incident tool has no form to be held against; the stand-in reads none of it.
	file("", `{"incident":{"follow_ups":[{"title":"Limit the retries to three"}]}}`, "application/json").problem(t, 422, "no action items were found")
	require.Equal(t, 202, file("?id=x", "- [ ] x\n"+strings.Repeat("y", api.MaxPostmortemBytes-8), "text/markdown").status, "exactly the limit is let in")
}

func TestOperating(t *testing.T) {
	b := &apitest.Backend{Groups: []api.ReopeningView{{Cause: "deployment:7", Note: "the rollback of checkout", State: "held", Items: []string{"a/1"}, OpenedAt: apitest.Now}}}
	s := serve(t, b)
	got := s.send(apitest.AdminSecret, "POST", "/api/v1/pause", "")
	require.Equal(t, map[string]any{"paused": true, "by": "ops", "since": "2026-11-20T12:00:00Z"}, got.body)
	require.Equal(t, got.body, s.send(apitest.ViewerSecret, "GET", "/api/v1/pause", "").body)
	require.Equal(t, map[string]any{"paused": false, "by": nil, "since": nil}, s.send(apitest.AdminSecret, "POST", "/api/v1/resume", "").body)

	got = s.send(apitest.ViewerSecret, "GET", "/api/v1/reopenings", "")
	require.Equal(t, "held", got.body["reopenings"].([]any)[0].(map[string]any)["state"])
	require.Equal(t, "confirmed", s.send(apitest.AdminSecret, "POST", "/api/v1/reopenings/confirm", `{"cause":"deployment:7"}`).body["state"])
	s.send(apitest.AdminSecret, "POST", "/api/v1/reopenings/drop", `{"cause":"deployment:7"}`).problem(t, 409, "confirmed already")
	s.send(apitest.AdminSecret, "POST", "/api/v1/reopenings/drop", `{"cause":"deployment:8"}`).problem(t, 404)
	require.Equal(t, "1.2.3", s.send(apitest.ViewerSecret, "GET", "/api/v1/version", "").body["version"])
	require.Equal(t, map[string]any{"ok": true, "findings": []any{}}, s.send(apitest.ViewerSecret, "GET", "/api/v1/doctor", "").body)
}
