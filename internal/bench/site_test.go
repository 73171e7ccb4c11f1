package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/app"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

const (
	bot        = "token-of-the-bot"
	payments   = "acme/payments"
	production = "prod-eu"
	patience   = 2 * time.Minute // until a measurement is given up
)

// site is a whole installation in this process: Holdfast on a real Redis, and
// both stand-ins behind real HTTP, without delays and without limits.
type site struct {
	t      testing.TB
	gh     *sandbox.GitHub
	jira   *sandbox.Jira
	ghSeen *calls
	jSeen  *calls
	rdb    *redis.Client
	app    *app.App
	api    *api.Client
}

// startSite runs it until the test ends. before is called when the stand-ins
// are there and no webhook is connected yet.
func startSite(t testing.TB, before func(*site)) *site {
	t.Helper()
	s := &site{t: t, ghSeen: &calls{}, jSeen: &calls{}, rdb: startRedis(t)}
	usual := sandbox.Options{Dir: t.TempDir()}
	s.gh = sandbox.NewGitHub(sandbox.GitHubOptions{Options: usual, Token: bot, RateLimit: 1 << 30})
	t.Cleanup(s.gh.Close)
	s.jira = sandbox.NewJira(sandbox.JiraOptions{Options: usual, User: "bot@acme.example", Token: bot, Projects: []string{"PAY"}})
	t.Cleanup(s.jira.Close)
	serve := func(h http.Handler, seen *calls) string {
		server := httptest.NewServer(seen.around(h))
		t.Cleanup(server.Close)
		return server.URL
	}
	ghURL, jURL := serve(s.gh, s.ghSeen), serve(s.jira, s.jSeen)
	s.gh.SetURL(ghURL)
	s.jira.SetURL(jURL)
	s.gh.AddUser("bob", "")
	s.jira.AddUser("account-bob", "bob", "bob@acme.example")
	for _, name := range []string{repo, payments} {
		require.NoError(t, s.gh.CreateRepo(name))
		s.gh.SetPermission(name, "bob", "write")
	}
	if before != nil {
		before(s)
	}

	address := freeAddress(t)
	// The sweeps of every minute would be counted where they happen to fall.
	cfg, err := config.Parse("bench", fmt.Appendf(nil, `
listen: %[1]q
public_url: "http://%[1]s"
data_dir: %[2]q
redis: {url: "redis://%[3]s/0"}
trackers:
  - {name: github, kind: github, api_url: %[4]q, token: %[6]s, webhook_secret: %[7]q, sweep_every: 24h}
  - {name: jira, kind: jira, url: %[5]q, user: bot@acme.example, token: %[6]s, webhook_secret: %[7]q, sweep_every: 24h,
     projects: {PAY: {issue_type: Task, reopen_fields: {%[8]s: Not in production yet}}}}
services:
  - {name: checkout, repo: %[9]s, tickets: "github:%[9]s", production: [%[11]s], team: shop}
  - {name: payments, repo: %[10]s, tickets: "jira:PAY", production: [%[11]s], team: shop}
defaults: {tickets: "github:%[9]s", team: shop}
teams: [{name: shop, timezone: UTC, default_assignee: bob}]
people: [{name: Bob, github: bob, jira: account-bob}]
`, address, t.TempDir(), s.rdb.Options().Addr, ghURL, jURL, bot, secret, sandbox.ReopenField, repo, payments, production))
	require.NoError(t, err)
	s.app, err = app.New(t.Context(), cfg, app.Options{Version: "bench", Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.app.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("Holdfast ended with: %v", err)
		}
		s.app.Close()
	})
	s.api = api.NewClient("http://"+address, "")
	s.gh.SetWebhook("http://"+address+"/webhooks/github", secret)
	s.jira.SetWebhook("http://"+address+"/webhooks/jira", secret)
	return s
}

// line is an action item of a document.
type line struct {
	Title   string `json:"title"`
	Service string `json:"service"`
	Ticket  string `json:"ticket,omitempty"`
}

// file files a postmortem and returns the ids of its items.
func (s *site) file(id string, items []line) []string {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"id": id, "title": "Checkout down", "date": "2026-11-01", "items": items})
	require.NoError(s.t, err)
	v, err := s.api.File(s.t.Context(), api.FileRequest{ContentType: api.JSONType, Body: body})
	require.NoError(s.t, err)
	require.Len(s.t, v.Items, len(items))
	var ids []string
	for _, it := range v.Items {
		ids = append(ids, it.ID)
	}
	return ids
}

func (s *site) until(what string, so func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("not seen within %s: %s", patience, what)
		}
	}
}

// settle waits until every webhook was delivered and nothing is being worked on.
func (s *site) settle() {
	s.t.Helper()
	quiet := 0
	s.until("all work done", func() bool {
		require.NoError(s.t, s.gh.Flush(s.t.Context()))
		require.NoError(s.t, s.jira.Flush(s.t.Context()))
		due, _, err := s.app.Ledger().Due(s.t.Context())
		require.NoError(s.t, err)
		held, err := s.rdb.HLen(s.t.Context(), "{holdfast}:leases").Result()
		require.NoError(s.t, err)
		if quiet++; due+held > 0 {
			quiet = 0
		}
		return quiet >= 3
	})
}

// seen is one call that a stand-in has answered.
type seen struct {
	at     time.Time // when the answer was complete
	method string
	path   string
	query  string
	status int
}

// calls are what a stand-in answered. It is safe for concurrent use.
type calls struct {
	mu   sync.Mutex
	list []seen
}

func (c *calls) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method, path, query := r.Method, r.URL.Path, r.URL.RawQuery
		rec := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.list = append(c.list, seen{time.Now(), method, path, query, rec.status})
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// take returns what came since the last take.
func (c *calls) take() []seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.list
	c.list = nil
	return list
}

var (
	number = regexp.MustCompile(`/(issues|comments|comment|pulls)/\d+(/|$)`)
	key    = regexp.MustCompile(`/[A-Z]+-\d+(/|$)`)
	sha    = regexp.MustCompile(`/[0-9a-f]{40}(/|$)`)
	named  = regexp.MustCompile(`/acme/(checkout|payments)(\.git)?(/|$)`)
)

// route is the kind of a call: its method and its path without what names one
// thing.
func (c seen) route() string {
	p := named.ReplaceAllString(c.path, "/{repo}$2$3")
	p = sha.ReplaceAllString(p, "/{sha}$1")
	p = key.ReplaceAllString(p, "/{key}$1")
	return c.method + " " + number.ReplaceAllString(p, "/$1/{n}$2")
}
