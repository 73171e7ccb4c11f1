package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/api/apitest"
)

func document(t *testing.T, s *site) *openapi3.T {
	got := s.send(apitest.ViewerSecret, "GET", "/api/v1/openapi.json", "")
	require.Equal(t, 200, got.status)
	require.Equal(t, "application/openapi+json", got.header.Get("Content-Type"))
	doc, err := openapi3.NewLoader().LoadFromData([]byte(got.text))
	require.NoError(t, err)
	return doc
}

func TestTheDocumentIsValid(t *testing.T) {
	doc := document(t, serve(t, &apitest.Backend{}))
	require.True(t, strings.HasPrefix(doc.OpenAPI, "3.1"))
	// 3.1 allows keywords of one's own in a schema; this judge wants them named.
	require.NoError(t, doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater(), openapi3.AllowExtraSiblingFields("patternDescription")))

	for path, methods := range map[string][]string{
		"/postmortems": {"POST"}, "/items": {"GET"}, "/items/{postmortem}/{n}": {"GET"}, "/items/{postmortem}/{n}/waiver": {"POST", "DELETE"},
		"/items/{postmortem}/{n}/attestation": {"POST"}, "/items/{postmortem}/{n}/changes": {"POST"}, "/items/{postmortem}/{n}/retry": {"POST"},
		"/deployments": {"GET", "POST"}, "/deployments/{id}": {"GET"}, "/why": {"GET"}, "/pause": {"GET", "POST"}, "/resume": {"POST"}, "/reopenings": {"GET"},
		"/reopenings/confirm": {"POST"}, "/reopenings/drop": {"POST"}, "/dead-letters": {"GET"}, "/dead-letters/{id}": {"GET", "DELETE"},
		"/dead-letters/replay": {"POST"}, "/dead-letters/{id}/replay": {"POST"}, "/doctor": {"GET"}, "/version": {"GET"}, "/export": {"GET"}, "/import": {"POST"}, "/rebuild": {"POST"}, "/openapi.json": {"GET"},
	} {
		item := doc.Paths.Value("/api/v1" + path)
		require.NotNil(t, item, path)
		for _, m := range methods {
			op := item.GetOperation(m)
			require.NotNil(t, op, m+" "+path)
			require.NotEmpty(t, op.Summary)
			for _, status := range []string{"401", "403"} {
				require.NotNil(t, op.Responses.Value(status).Value.Content["application/problem+json"], "%s %s %s", m, path, status)
			}
		}
	}
	for kind := range map[string]bool{"text/markdown": true, "text/html": true, "application/json": true} {
		require.Contains(t, doc.Paths.Value("/api/v1/postmortems").Post.RequestBody.Value.Content, kind)
	}
	require.NotNil(t, doc.Paths.Value("/api/v1/deployments").Post.Responses.Value("200"))
}

// TestAnswersFitTheDocument has another implementation judge what is sent.
func TestAnswersFitTheDocument(t *testing.T) {
	b := &apitest.Backend{Letters: []api.DeadLetterDetail{
		{DeadLetterView: api.DeadLetterView{ID: "0a1b2c", Kind: "subject", Subject: "item/a/1", Reason: "panic: no", FirstAt: apitest.Now, LastAt: apitest.Now, Count: 4}, Payload: "[]"},
		{DeadLetterView: api.DeadLetterView{ID: "5d0e00", Kind: "store", Subject: "store", Reason: "it was emptied", FirstAt: apitest.Now, LastAt: apitest.Now, Count: 1}},
	}}
	b.Add(item("a/1", "Item"))
	bare := item("b/1", "Bare")
	bare.Ticket, bare.Changes, bare.Services, bare.Ledger, bare.Why = nil, nil, nil, nil, nil
	b.Add(bare)
	s := serve(t, b)
	doc := document(t, s)
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	for _, c := range []struct{ secret, method, path, body string }{
		{apitest.ViewerSecret, "GET", "/items?limit=1", ""},
		{apitest.ViewerSecret, "GET", "/items/a/1", ""},
		{apitest.ViewerSecret, "GET", "/items/b/1", ""},
		{apitest.ViewerSecret, "GET", "/items/c/1", ""},
		{apitest.ViewerSecret, "GET", "/why?item=b/1", ""},
		{apitest.LeadSecret, "POST", "/items/a/1/waiver", `{"duration":"7d","reason":"x"}`},
		{apitest.OperatorSecret, "POST", "/items/a/1/changes", `{"pull_request":12}`},
		{apitest.OperatorSecret, "POST", "/items/a/1/changes", `{"pull_request":"acme/checkout#12"}`},
		{apitest.OperatorSecret, "POST", "/postmortems?dry_run=true", `{"id":"x","items":[{"title":"Do it","owner":null,"done":false}]}`},
		{apitest.OperatorSecret, "POST", "/postmortems", `{"id":"x","items":[{"title":"Do it"}]}`},
		{apitest.CISecret, "POST", "/deployments", `{"id":"7","service":"checkout","environment":"prod-eu","sha":"abcdef1","percent":null}`},
		{apitest.CISecret, "POST", "/deployments", `{"id":"7","service":"checkout","environment":"prod-eu","sha":"abcdef1","finished_at":"2026-01-01T00:00:00Z"}`},
		{apitest.ViewerSecret, "POST", "/deployments?what_if=true", `{"service":"checkout","environment":"prod-eu","sha":"abcdef1"}`},
		{apitest.ViewerSecret, "GET", "/deployments", ""},
		{apitest.ViewerSecret, "GET", "/deployments/7", ""},
		{apitest.ViewerSecret, "GET", "/pause", ""},
		{apitest.AdminSecret, "POST", "/pause", ""},
		{apitest.ViewerSecret, "GET", "/reopenings", ""},
		{apitest.ViewerSecret, "GET", "/dead-letters", ""},
		{apitest.ViewerSecret, "GET", "/dead-letters/0a1b2c", ""},
		{apitest.OperatorSecret, "POST", "/dead-letters/replay", ""},
		{apitest.OperatorSecret, "DELETE", "/dead-letters/5d0e00", ""},
		{apitest.AdminSecret, "DELETE", "/dead-letters/5d0e00", ""},
		{apitest.ViewerSecret, "GET", "/doctor", ""},
		{apitest.ViewerSecret, "GET", "/reports/weekly?week=2026-W46", ""},
		{apitest.ViewerSecret, "GET", "/reports/deliveries", ""},
		{apitest.ViewerSecret, "GET", "/items?event=verified&from=2026-11-16T00:00:00Z", ""},
		{apitest.ViewerSecret, "POST", "/pause", ""},
		{"", "GET", "/items", ""},
	} {
		judge(t, router, s, c.secret, c.method, "/api/v1"+c.path, c.body)
	}
}

func judge(t *testing.T, router routers.Router, s *site, secret, method, path, body string) {
	t.Helper()
	got := s.send(secret, method, path, body)
	req, err := http.NewRequest(method, "http://holdfast.example"+path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	route, params, err := router.FindRoute(req)
	require.NoError(t, err, path)
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}}
	require.NoError(t, openapi3filter.ValidateRequest(t.Context(), in), "%s %s", method, path)
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: got.status,
		Header: got.header, Body: io.NopCloser(bytes.NewBufferString(got.text)), Options: in.Options})
	require.NoError(t, err, "%s %s: %s", method, path, got.text)
}
