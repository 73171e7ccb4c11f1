package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// script is a server that answers with one handler after the other, the last
// one for ever, and keeps what it was sent.
type script struct {
	steps  []http.HandlerFunc
	bodies []map[string]any
	tokens []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var body map[string]any
	_ = json.Unmarshal(raw, &body)
	i := min(len(s.bodies), len(s.steps)-1)
	s.bodies, s.tokens = append(s.bodies, body), append(s.tokens, r.Header.Get("Authorization"))
	s.steps[i](w, r)
}

func status(code int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func hangUp(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

var accepted = status(202, JSONType, `{"id":"7","url":"https://holdfast.example.com/x","production":true,"warnings":[]}`)

// patient is a client of s that notes its pauses instead of making them.
func patient(t *testing.T, steps ...http.HandlerFunc) (*Client, *script, *[]time.Duration) {
	s := &script{steps: steps}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c := NewClient(server.URL+"/", " secret\n")
	var pauses []time.Duration
	c.wait = func(ctx context.Context, d time.Duration) error { pauses = append(pauses, d); return ctx.Err() }
	return c, s, &pauses
}

func TestDeployedTriesAgainWithTheSameReport(t *testing.T) {
	c, s, pauses := patient(t, status(503, "text/html", "<html>"), hangUp, status(429, "text/plain", ""), accepted)
	v, repeated, err := c.Deployed(t.Context(), DeploymentReport{Service: "checkout", Environment: "prod-eu", SHA: "abcdef1"})
	require.NoError(t, err)
	require.False(t, repeated)
	require.True(t, v.Production)
	require.Len(t, s.bodies, 4)
	for _, b := range s.bodies {
		require.Equal(t, s.bodies[0], b)
		require.NotEmpty(t, b["id"])
		require.NotEmpty(t, b["finished_at"])
	}
	require.Equal(t, "Bearer secret", s.tokens[0])
	require.GreaterOrEqual(t, (*pauses)[0], 3*time.Second, "as the server asked")
	require.Less(t, (*pauses)[1], 3*time.Second)
}

func TestDeployedGivesUp(t *testing.T) {
	for _, code := range []int{400, 401, 403, 404, 409, 413, 422} {
		c, s, _ := patient(t, status(code, "application/problem+json", `{"detail":"no"}`))
		_, _, err := c.Deployed(t.Context(), DeploymentReport{})
		var e *Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, code, e.Status)
		require.Len(t, s.bodies, 1, "%d does not pass", code)
	}
	c, s, pauses := patient(t, status(502, "text/html", ""))
	_, _, err := c.Deployed(t.Context(), DeploymentReport{})
	require.Error(t, err)
	require.Len(t, s.bodies, deployAttempts)
	for _, p := range *pauses {
		require.LessOrEqual(t, p, maxBackoff)
	}
	// It does not wait past its deadline.
	c, s, _ = patient(t, status(503, "text/html", ""))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, _, err = c.Deployed(ctx, DeploymentReport{})
	require.Error(t, err)
	require.Len(t, s.bodies, 1)
}

func TestErrorsAreReadable(t *testing.T) {
	call := func(h http.HandlerFunc) error {
		c, _, _ := patient(t, h)
		_, err := c.Version(t.Context())
		require.Error(t, err)
		return err
	}
	require.EqualError(t, call(status(422, "application/problem+json", `{"detail":"body.sha: bad (and 1 more)","errors":[{"location":"body.sha","message":"bad"},{"location":"body.url","message":"worse"}]}`)),
		"body.sha: bad (and 1 more) (422)\n  - sha: bad\n  - url: worse")
	require.ErrorContains(t, call(status(401, "application/problem+json", `{"detail":"who?"}`)), "HOLDFAST_TOKEN")
	require.ErrorContains(t, call(status(404, "text/html", "<html>secret page")), "--server")
	require.NotContains(t, call(status(404, "text/html", "<html>secret page")).Error(), "secret page")
	require.ErrorContains(t, call(status(200, "text/html", "<html>")), "--server")
	require.ErrorContains(t, call(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "https://elsewhere.example/", 302) }), "another address")

	_, err := NewClient("http://127.0.0.1:1", "").Version(t.Context())
	require.ErrorContains(t, err, "holdfast serve")
	require.ErrorIs(t, err, errUnreachable)
	for _, base := range []string{"", "localhost:8080", "ftp://x", "http://"} {
		_, err = NewClient(base, "").Version(t.Context())
		require.ErrorContains(t, err, "--server", base)
	}
	_, err = NewClient("http://user:hunter2@127.0.0.1:1", "").Version(t.Context())
	require.NotContains(t, err.Error(), "hunter2")
	_, err = NewClient("ftp://user:hunter2@x", "").Version(t.Context())
	require.NotContains(t, err.Error(), "hunter2")
	for _, id := range []string{"", "x", "/1", "x/0", "x/y", "x/-1"} {
		_, err = NewClient("http://127.0.0.1:1", "").Item(t.Context(), id)
		require.ErrorContains(t, err, "is no item")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = NewClient("http://127.0.0.1:1", "").Version(ctx)
	require.True(t, errors.Is(err, context.Canceled))
}

func TestTheTokenStaysWithItsServer(t *testing.T) {
	elsewhere := &script{steps: []http.HandlerFunc{accepted}}
	other := httptest.NewServer(elsewhere)
	defer other.Close()
	c, _, _ := patient(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	_, _, err := c.Deployed(t.Context(), DeploymentReport{Service: "checkout"})
	require.Error(t, err)
	require.Empty(t, elsewhere.tokens)
}

func TestPullRequestsAsPeopleWriteThem(t *testing.T) {
	for written, want := range map[string]ChangeRef{
		"12": {Number: 12}, "#12": {Number: 12}, "\tacme/checkout#12\t": {Repo: "acme/checkout", Number: 12},
		"https://github.example/acme/checkout/pull/12":           {Repo: "acme/checkout", Number: 12, URL: "https://github.example/acme/checkout/pull/12"},
		"http://ghe.example/git/acme/checkout/pull/12/commits?x": {Repo: "acme/checkout", Number: 12, URL: "http://ghe.example/git/acme/checkout/pull/12/commits?x"},
	} {
		got, err := changeBody{PullRequest: pullRequestRef(written)}.ref()
		require.NoError(t, err, written)
		require.Equal(t, want, got)
	}
	for _, written := range []string{"0", "#0", "#1234567890", "acme#12", "a/b/c#1", "https://github.example/acme/checkout/issues/12", "javascript:/acme/checkout/pull/1"} {
		_, err := changeBody{PullRequest: pullRequestRef(written)}.ref()
		require.Error(t, err, written)
	}
}
