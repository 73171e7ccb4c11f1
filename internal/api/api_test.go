package api_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/api/apitest"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

// answer is what came back of a request.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// site is a served API.
type site struct {
	t       *testing.T
	url     string
	backend *apitest.Backend
}

func serve(t *testing.T, b *apitest.Backend) *site {
	return &site{t, apitest.Serve(t, b, apitest.Tokens()), b}
}

// send makes a request. Headers are pairs; a body that is no JSON needs its
// Content-Type among them.
func (s *site) send(secret, method, path, body string, headers ...string) answer {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(raw)}
	require.NoError(s.t, json.Unmarshal(raw, &a.body), "%s %s answered %s", method, path, raw)
	return a
}

// problem demands a problem with this status that contains each text.
func (a answer) problem(t *testing.T, status int, texts ...string) {
	t.Helper()
	require.Equal(t, status, a.status, a.text)
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	require.EqualValues(t, status, a.body["status"])
	require.NotEmpty(t, a.body["title"])
	require.NotEmpty(t, a.body["detail"])
	for _, text := range texts {
		require.Contains(t, a.text, text)
	}
}

func item(id, title string) api.ItemDetail {
	pm, _, _ := strings.Cut(id, "/")
	return api.ItemDetail{ItemView: api.ItemView{ID: id, Postmortem: pm, Title: title, Priority: "P1", Type: domain.Preventative, Status: "closed_early",
		Verdict: "not_verified", Reason: api.Text("not_deployed"), CreatedAt: apitest.Now.In(time.FixedZone("CET", 3600)),
		Services: []string{"checkout"}, Ticket: &api.TicketView{Ref: "github:acme/checkout#12", URL: "https://github.example/acme/checkout/issues/12", State: "closed"},
		Changes: []api.ChangeView{{Repo: "acme/checkout", SHA: api.Text("aaaaaaaa"), LandedAt: api.Time(apitest.Now)}}},
		Ledger: []domain.Entry{{Seq: 1, At: apitest.Now, Kind: domain.Fact, Name: domain.ItemFiled, Cause: "alice"}},
		Why:    []api.Check{{Check: "contained in checkout/prod-eu", Result: "fail", Detail: "live is bbbbbbbb"}}}
}

func TestItemsAsTheContractShowsThem(t *testing.T) {
	b := &apitest.Backend{}
	b.Add(item("2026-11-01-down/1", "Limit the retries"))
	s := serve(t, b)

	got := s.send(apitest.ViewerSecret, "GET", "/api/v1/items/2026-11-01-down/1", "")
	require.Equal(t, 200, got.status, got.text)
	for _, key := range []string{"id", "postmortem", "title", "priority", "type", "type_written", "owner", "team", "services", "due", "overdue", "status", "verdict",
		"reason", "ticket", "changes", "live", "reopened", "created_at", "verified_at", "closed_at", "ledger", "why"} {
		require.Contains(t, got.body, key)
	}
	for _, key := range []string{"type_written", "owner", "due", "verified_at", "closed_at"} {
		require.Nil(t, got.body[key], key)
	}
	require.Equal(t, "2026-11-20T12:00:00Z", got.body["created_at"])
	require.Equal(t, map[string]any{}, got.body["live"])
	require.Equal(t, map[string]any{"ref": "github:acme/checkout#12", "url": "https://github.example/acme/checkout/issues/12", "state": "closed"}, got.body["ticket"])
	change := got.body["changes"].([]any)[0].(map[string]any)
	require.Equal(t, map[string]any{"repo": "acme/checkout", "sha": "aaaaaaaa", "pull_request": nil, "landed_at": "2026-11-20T12:00:00Z", "contained": map[string]any{}}, change)
	require.NotContains(t, got.text, "$schema")

	for path, part := range map[string]string{"item=2026-11-01-down/1": "not_deployed", "ticket=github:acme/checkout%2312": "live is bbbbbbbb", "ticket=acme/checkout%2312": "fail"} {
		got = s.send(apitest.ViewerSecret, "GET", "/api/v1/why?"+path, "")
		require.Equal(t, 200, got.status, got.text)
		require.Contains(t, got.text, part)
	}
	s.send(apitest.ViewerSecret, "GET", "/api/v1/why", "").problem(t, 422, "query.item")
	s.send(apitest.ViewerSecret, "GET", "/api/v1/why?item=a/1&ticket=b", "").problem(t, 422, "query.item")
	s.send(apitest.ViewerSecret, "GET", "/api/v1/items/2026-11-01-down/9", "").problem(t, 404, "2026-11-01-down/9")
	s.send(apitest.ViewerSecret, "GET", "/api/v1/items/2026-11-01-down/x", "").problem(t, 422, "path.n")
}

func TestItemsArePagedAndFiltered(t *testing.T) {
	b := &apitest.Backend{}
	for _, id := range []string{"a/1", "a/2", "b/1"} {
		b.Add(item(id, "Item "+id))
	}
	s := serve(t, b)
	got := s.send(apitest.ViewerSecret, "GET", "/api/v1/items?limit=2", "")
	require.Len(t, got.body["items"], 2)
	require.Equal(t, "2", got.body["next_cursor"])
	got = s.send(apitest.ViewerSecret, "GET", "/api/v1/items?limit=2&cursor=2", "")
	require.Len(t, got.body["items"], 1)
	require.Contains(t, got.body, "next_cursor")
	require.Nil(t, got.body["next_cursor"])
	got = s.send(apitest.ViewerSecret, "GET", "/api/v1/items?status=open,closed_early&postmortem=b&overdue=false&q=ITEM", "")
	require.Len(t, got.body["items"], 1, got.text)
	got = s.send(apitest.ViewerSecret, "GET", "/api/v1/items?status=open", "")
	require.Equal(t, []any{}, got.body["items"], "an empty list is no null")

	for query, part := range map[string]string{"limit=501": "query.limit", "limit=0": "query.limit", "status=closed": "closed_early", "priority=P9": "P4",
		"overdue=perhaps": "query.overdue", "stauts=open": "query.stauts", "cursor=nonsense": "query.cursor", "verdict=fine": "query.verdict"} {
		s.send(apitest.ViewerSecret, "GET", "/api/v1/items?"+query, "").problem(t, 422, part)
	}
}

func TestActionsOnItems(t *testing.T) {
	b := &apitest.Backend{}
	b.Add(item("a/1", "Item"))
	s := serve(t, b)
	const at = "/api/v1/items/a/1"

	got := s.send(apitest.LeadSecret, "POST", at+"/waiver", `{"duration":"4w","reason":"the vendor fixes it in May"}`)
	require.Equal(t, 201, got.status, got.text)
	require.Equal(t, "exempt", got.body["verdict"])
	require.Equal(t, 200, s.send(apitest.LeadSecret, "DELETE", at+"/waiver", "").status)
	require.Equal(t, 201, s.send(apitest.LeadSecret, "POST", at+"/attestation", `{"url":"https://wiki.acme.example/runbook","note":"drill done"}`).status)
	for body, want := range map[string]string{
		`{"sha":"ABCDEF1"}`:                        "link  abcdef1 0 a/1",
		`{"sha":"abcdef1","repo":"acme/checkout"}`: "link acme/checkout abcdef1 0 a/1",
		`{"pull_request":12}`:                      "link   12 a/1",
		`{"pull_request":"#12"}`:                   "link   12 a/1",
		`{"pull_request":"acme/ledger#7"}`:         "link acme/ledger  7 a/1",
		`{"pull_request":"https://github.example/acme/ledger/pull/8/files"}`: "link acme/ledger  8 a/1",
	} {
		got := s.send(apitest.OperatorSecret, "POST", at+"/changes", body)
		require.Equal(t, 201, got.status, got.text)
		require.Equal(t, want+" by filer", b.Calls[len(b.Calls)-1])
	}
	require.Equal(t, 202, s.send(apitest.OperatorSecret, "POST", at+"/retry", "").status)

	for body, part := range map[string]string{
		`{}`: "body.sha", `{"sha":"xyz"}`: "body.sha", `{"sha":"abcdef1","pull_request":1}`: "body.pull_request", `{"pull_request":0}`: "body.pull_request",
		`{"pull_request":"the last one"}`: "body.pull_request", `{"pull_request":"ftp://x/acme/ledger/pull/8"}`: "body.pull_request", `{"pull_request":1.5}`: "body.pull_request",
		`{"pull_request":"#1","repo":"acme/x"}`: "body.repo", `{"sha":"abcdef1","commit":"x"}`: "body.commit", `[]`: "expected object",
	} {
		s.send(apitest.OperatorSecret, "POST", at+"/changes", body).problem(t, 422, part)
	}
	for body, part := range map[string]string{
		`{"duration":"4w"}`: "reason", `{"duration":"a month","reason":"x"}`: "30m, 24h, 7d or 4w", `{"duration":"4w","reason":"  "}`: "body.reason",
		`{"duration":"52w","reason":"x"}`: "at most 90d", `{"duration":4,"reason":"x"}`: "body.duration", `{"duration":"4w","reason":"x","approver":"bob"}`: "body.approver",
	} {
		s.send(apitest.LeadSecret, "POST", at+"/waiver", body).problem(t, 422, part)
	}
	for _, url := range []string{"", "javascript:alert(1)", "file:///etc/passwd", "https://user:pw@acme.example/", "//acme.example"} {
		s.send(apitest.LeadSecret, "POST", at+"/attestation", `{"url":"`+url+`"}`).problem(t, 422, "body.url")
	}
}

func TestBadBodies(t *testing.T) {
	s := serve(t, &apitest.Backend{})
	const at = "/api/v1/items/a/1/waiver"
	s.send(apitest.LeadSecret, "POST", at, `{"duration":`).problem(t, 400)
	s.send(apitest.LeadSecret, "POST", at, `{} {}`).problem(t, 400)
	s.send(apitest.LeadSecret, "POST", at, "").problem(t, 400)
	s.send(apitest.LeadSecret, "POST", at, `duration=4w`, "Content-Type", "application/x-www-form-urlencoded").problem(t, 415, "application/json")
	s.send(apitest.LeadSecret, "POST", at, `{}`, "Content-Type", "application/json; charset=utf-16").problem(t, 415)
	s.send(apitest.LeadSecret, "POST", at, `{"reason":"`+strings.Repeat("x", 65<<10)+`"}`).problem(t, 413)
	long := s.send(apitest.LeadSecret, "POST", at, `{"`+strings.Repeat("k", 60<<10)+`":1}`)
	long.problem(t, 422)
	require.Less(t, len(long.text), 8<<10, "an error does not echo what was sent")

	const secret = "hunter2-hunter2"
	for _, body := range []string{`{"duration":"` + secret + `","reason":"x"}`, `{"token":"` + secret + `"}`, `{"duration":{"a":"` + secret + `"}}`, secret} {
		got := s.send(apitest.LeadSecret, "POST", at, body)
		require.GreaterOrEqual(t, got.status, 400)
		require.NotContains(t, got.text, secret, "values are never echoed")
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	s := serve(t, &apitest.Backend{})
	s.send(apitest.AdminSecret, "GET", "/api/v1/nothing", "").problem(t, 404)
	s.send("", "GET", "/nothing", "").problem(t, 404)
	s.send("", "POST", "/webhooks/gitlab", "{}").problem(t, 404)
	got := s.send(apitest.AdminSecret, "PUT", "/api/v1/items", "{}")
	got.problem(t, 405)
	require.Equal(t, "GET", got.header.Get("Allow"))
	s.send(apitest.AdminSecret, "DELETE", "/api/v1/deployments", "").problem(t, 405)
}

func TestErrorsOfTheBackend(t *testing.T) {
	b := &apitest.Backend{Fail: api.Unavailable{Detail: "the store is away", After: 7 * time.Second}}
	s := serve(t, b)
	got := s.send(apitest.ViewerSecret, "GET", "/api/v1/items", "")
	got.problem(t, 503, "the store is away")
	require.Equal(t, "7", got.header.Get("Retry-After"))
	b.Fail = io.ErrUnexpectedEOF
	got = s.send(apitest.ViewerSecret, "GET", "/api/v1/items", "")
	got.problem(t, 500)
	require.NotContains(t, got.text, io.ErrUnexpectedEOF.Error(), "inner errors stay in the log")
	b.Fail = api.Conflict{Detail: "it is being filed"}
	s.send(apitest.OperatorSecret, "POST", "/api/v1/postmortems?id=x", "# x", "Content-Type", "text/markdown").problem(t, 409, "being filed")
}

// TestBrokenBodies speaks HTTP by hand, to break off what a client would not.
func TestBrokenBodies(t *testing.T) {
	s := serve(t, &apitest.Backend{})
	for want, rest := range map[string]string{
		"400 Bad Request":              "Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
		"422 Unprocessable Entity":     "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"413 Request Entity Too Large": "Content-Length: 99999999\r\n\r\n{",
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		require.NoError(t, err)
		_, err = io.WriteString(c, "POST /api/v1/deployments HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: bearer "+apitest.CISecret+"\r\n"+rest)
		require.NoError(t, err)
		got, err := io.ReadAll(c)
		require.NoError(t, err)
		require.NoError(t, c.Close())
		require.Contains(t, string(got), want)
		require.Contains(t, string(got), "application/problem+json")
	}
}

func TestAPanicIsAProblem(t *testing.T) {
	e := gin.New()
	e.Use(gin.CustomRecoveryWithWriter(io.Discard, api.PanicHandler))
	e.GET("/", func(*gin.Context) { panic("secret") })
	got := (&site{t: t, url: serveEngine(t, e)}).send("", "GET", "/", "")
	got.problem(t, 500)
	require.NotContains(t, got.text, "secret")
}
