package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/app"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
	"github.com/holdfast-dev/holdfast/trackers/trackertest"
)

const (
	checkout = "acme/checkout"
	payments = "acme/payments"

	botToken   = "token-of-the-bot-0123456789"
	hookSecret = "webhook-secret-0123456789"
	aliceToken = "api-token-of-alice-0123456789" // admin; alice approves
	bobToken   = "api-token-of-bob-0123456789"   // admin; bob owns the items
	viewToken  = "api-token-of-a-viewer-0123456789"
	ciToken    = "deployments-token-0123456789"
	fewToken   = "deployments-token-of-few-0123456789" // checkout in staging only

	// patience is how long something may take before a test gives up on it, on
	// a machine that is slow and has much else to do. It is only ever waited for
	// when a test fails.
	patience = 3 * time.Minute
)

// scene is what one test changes of the usual installation. The texts are
// parts of holdfast.yaml and replace the usual ones.
type scene struct {
	flavor   string // of Jira, default cloud
	services string
	policy   string
	apiPart  string // the api section; "-" leaves it out
	rest     string // further sections
	jira     sandbox.JiraOptions
	redisURL string        // default: a database of its own in the shared server
	slow     time.Duration // before and after each write to the stand-in for GitHub
	gate     *gate         // before both stand-ins
	sweep    string        // sweep_every of both trackers
	realTime bool          // as the program has it, where that is started beside the stand-ins
}

const usualServices = `
  - {name: checkout, aliases: [Checkout service], repo: acme/checkout, tickets: "github:acme/checkout", production: [prod-eu], team: shop}
  - {name: payments, repo: acme/payments, tickets: "jira:PAY", production: [prod-eu], team: shop}`

const usualAPI = `
api:
  tokens:
    - {name: alice, token: api-token-of-alice-0123456789, role: admin, person: alice@acme.example}
    - {name: bob, token: api-token-of-bob-0123456789, role: admin, person: bob@acme.example}
    - {name: viewer, token: api-token-of-a-viewer-0123456789, role: viewer}
deployments:
  tokens:
    - {name: ci, token: deployments-token-0123456789}
    - {name: narrow, token: deployments-token-of-few-0123456789, services: [checkout], environments: [staging]}`

// world is one installation with everything around it: both stand-ins behind
// real HTTP, git repositories, and a store in a real Redis.
type world struct {
	t      *testing.T
	gh     *sandbox.GitHub
	jira   *sandbox.Jira
	ghURL  string
	jURL   string
	faults *trackertest.Faults
	clock  *clock
	config string
	app    *app.App
	url    string
	redis  *redis.Client
	api    *api.Client // with alice's token
	log    *syncBuffer
	halt   func()
	http   *http.Client
	// meanwhile is called once the next request that it wants has taken
	// effect, before its answer is on the way.
	meanwhile atomic.Pointer[interlude]
	gitAway   atomic.Bool
	missing   atomic.Bool // the trackers keep no history of a ticket
}

// interlude is what people do while Holdfast waits for an answer.
type interlude struct {
	wants func(*http.Request) bool
	do    func()
}

// clock is the time of Holdfast and of the stand-ins. It begins at beginning,
// runs as the real time does, and tests move it ahead.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// set makes it the given time.
func (c *clock) set(at time.Time) { c.ahead.Store(int64(time.Until(at))) }

// beginning is a Wednesday shortly after the incident: which dates are over
// and which week it is must not depend on when the tests are run.
var beginning = time.Date(2026, 11, 18, 10, 0, 0, 0, time.UTC)

// start runs the installation until the test ends.
func start(t *testing.T, s scene) *world {
	t.Helper()
	w := prepare(t, s)
	w.run()
	return w
}

// prepare sets everything up but Holdfast itself.
func prepare(t *testing.T, s scene) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}, log: &syncBuffer{}}
	if !s.realTime {
		w.clock.set(beginning)
	}
	if s.redisURL == "" {
		s.redisURL = fmt.Sprintf("redis://%s/%d", redisAddr, nextNumber.Add(1))
	}
	w.redis = redisClient(t, s.redisURL)
	dir := t.TempDir()
	usual := sandbox.Options{Dir: dir, Now: w.clock.now}
	w.gh = sandbox.NewGitHub(sandbox.GitHubOptions{Options: usual, Token: botToken, BotLogin: "holdfast-bot"})
	t.Cleanup(w.gh.Close)
	s.jira.Options, s.jira.Flavor, s.jira.User, s.jira.Token, s.jira.Projects = usual, s.flavor, "bot@acme.example", botToken, append([]string{"PAY"}, s.jira.Projects...)
	w.jira = sandbox.NewJira(s.jira)
	t.Cleanup(w.jira.Close)
	serve := func(h http.Handler) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	}
	gated := func(name string, h http.Handler) http.Handler {
		if s.gate == nil {
			return h
		}
		return s.gate.tracker(name, h)
	}
	w.ghURL, w.jURL = serve(gated("github", w.troubled(w.gh, s.slow))), serve(gated("jira", w.jira))
	w.gh.SetURL(w.ghURL)
	w.jira.SetURL(w.jURL)
	for _, who := range []string{"alice", "bob", "carol"} {
		w.gh.AddUser(who, "")
		w.jira.AddUser("account-"+who, who, who+"@acme.example")
	}
	for _, repo := range []string{checkout, payments} {
		require.NoError(t, w.gh.CreateRepo(repo))
		for _, who := range []string{"alice", "bob", "carol"} {
			w.gh.SetPermission(repo, who, "write")
		}
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	w.faults = &trackertest.Faults{Next: w.hooked(w.judged(transport))}
	w.http = &http.Client{Transport: w.faults}
	t.Cleanup(transport.CloseIdleConnections)

	port, err := storetest.FreePort()
	require.NoError(t, err)
	w.url = "http://127.0.0.1:" + port
	w.config = w.yaml(s)
	w.api = api.NewClient(w.url, aliceToken)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what Holdfast logged:\n%s", w.log.tail(8000))
		}
	})
	return w
}

// troubled takes the git repositories away while gitAway says so, and widens
// the moments in which a write has been sent and not arrived, or arrived and
// not been answered.
func (w *world) troubled(h http.Handler, slow time.Duration) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.gitAway.Load() && strings.Contains(r.URL.Path, ".git/") {
			http.Error(rw, "down for maintenance", http.StatusServiceUnavailable)
			return
		}
		if r.Method != http.MethodGet && slow > 0 {
			time.Sleep(slow)
			defer time.Sleep(slow)
		}
		h.ServeHTTP(rw, r)
	})
}

// judged holds what goes to each stand-in against the service's own
// description of its interface.
func (w *world) judged(next http.RoundTripper) http.RoundTripper {
	gh, jira := trackertest.Judge(w.t, next), trackertest.JudgeJira(w.t, next)
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		switch {
		case strings.HasSuffix(w.ghURL, r.URL.Host):
			return gh.RoundTrip(r)
		case strings.HasSuffix(w.jURL, r.URL.Host):
			return jira.RoundTrip(r)
		}
		w.t.Errorf("Holdfast calls %s, which is no tracker", r.URL.Redacted())
		return next.RoundTrip(r)
	})
}

func (w *world) hooked(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if w.missing.Load() && strings.HasSuffix(r.URL.Path, "/events") {
			return &http.Response{StatusCode: http.StatusNotFound, Status: "404 Not Found", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
				Body: io.NopCloser(strings.NewReader(`{"message":"Not Found"}`)), Request: r}, nil
		}
		if w.missing.Load() && r.URL.Query().Has("expand") {
			r = r.Clone(r.Context())
			r.URL.RawQuery = ""
		}
		resp, err := next.RoundTrip(r)
		if i := w.meanwhile.Load(); i != nil && i.wants(r) && w.meanwhile.CompareAndSwap(i, nil) {
			i.do()
		}
		return resp, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (w *world) yaml(s scene) string {
	if s.services == "" {
		s.services = usualServices
	}
	if s.apiPart == "" {
		s.apiPart = usualAPI
	}
	if s.flavor == "" {
		s.flavor = "cloud"
	}
	var flow, block string
	if s.sweep != "" {
		block = "sweep_every: " + s.sweep
		flow = ", " + block
	}
	return fmt.Sprintf(`
listen: %[1]q
public_url: "http://%[1]s"
data_dir: %[2]q
redis: {url: %[3]q}
trackers:
  - {name: github, kind: github, api_url: %[4]q, token: %[6]s, webhook_secret: %[7]s%[14]s}
  - name: jira
    kind: jira
    flavor: %[8]s
    url: %[5]q
    user: bot@acme.example
    token: %[6]s
    webhook_secret: %[7]s
    %[15]s
    projects:
      PAY: {issue_type: Task, reopen_fields: {%[9]s: Not in production yet}}
services: %[10]s
defaults: {tickets: "github:acme/checkout", team: shop}
teams:
  - name: shop
    timezone: UTC
    leads: [{name: Lead, email: lead@acme.example}]
    approvers: [alice]
    default_assignee: bob
people:
  - {name: Alice, email: alice@acme.example, github: alice, jira: account-alice}
  - {name: Bob, email: bob@acme.example, github: bob, jira: account-bob}
policy: {%[11]s}
%[12]s
%[13]s
`, w.url[len("http://"):], w.t.TempDir(), "redis://"+w.redis.Options().Addr+"/"+fmt.Sprint(w.redis.Options().DB), w.ghURL, w.jURL, botToken, hookSecret, s.flavor,
		sandbox.ReopenField, s.services, s.policy, strings.TrimPrefix(s.apiPart, "-"), s.rest, flow, block)
}

func (w *world) parse(text string) *config.Config {
	w.t.Helper()
	cfg, err := config.Parse("holdfast.yaml", []byte(text))
	require.NoError(w.t, err)
	return cfg
}

// run starts Holdfast and connects the webhooks; halt ends it. It may be run
// again on the same store.
func (w *world) run() {
	w.t.Helper()
	var a *app.App
	var err error
	w.until("its port is free", func() bool { // of the tests of another package, one may have it for a moment
		a, err = app.New(w.t.Context(), w.parse(w.config), app.Options{Version: "test", Now: w.clock.now, HTTPClient: w.http,
			Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		return !errors.Is(err, syscall.EADDRINUSE)
	})
	require.NoError(w.t, err)
	w.app = a
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- a.Run(ctx) }()
	w.halt = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ran:
			if err != nil {
				w.t.Errorf("Holdfast ended with: %v", err)
			}
		case <-time.After(patience):
			w.t.Error("Holdfast does not end")
		}
		a.Close()
	})
	w.t.Cleanup(w.halt)
	w.t.Cleanup(w.tellLedgers)
	w.gh.SetWebhook(w.url+"/webhooks/github", hookSecret)
	w.jira.SetWebhook(w.url+"/webhooks/jira", hookSecret)
}

// tellLedgers shows, when the test has failed, what Holdfast recorded.
func (w *world) tellLedgers() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if !w.t.Failed() {
		return
	}
	for n := 1; n <= 9; n++ {
		d, err := w.api.Item(ctx, fmt.Sprintf("%s/%d", incident, n))
		if err != nil {
			w.t.Logf("no ledger: %v", err)
			return
		}
		w.t.Logf("ledger of %s", d.ID)
		for _, e := range d.Ledger {
			more := ""
			switch {
			case e.Verdict != nil:
				more = e.Verdict.Status + " " + e.Verdict.Cause
			case e.Event != nil:
				more = e.Event.Action + " by " + e.Event.Actor + " at " + e.Event.At.Format(time.TimeOnly)
			}
			w.t.Logf("%3d %s %s: %s [%s] %s", e.Seq, e.At.Format("15:04:05.000"), e.Name, e.Note, e.Cause, more)
		}
	}
}

// until waits for something that must happen.
func (w *world) until(what string, so func() bool) {
	w.t.Helper()
	w.untilEvery(10*time.Millisecond, what, so)
}

func (w *world) untilEvery(pause time.Duration, what string, so func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(pause) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not seen within %s: %s", patience, what)
		}
	}
}

// settle waits until all webhooks are delivered and nothing is due or being
// worked on, so that what has not happened by then does not happen.
func (w *world) settle() {
	w.t.Helper()
	quiet := 0
	w.until("all work done", func() bool {
		if w.busy() {
			quiet = 0
			return false
		}
		quiet++
		return quiet >= 3
	})
}

func (w *world) busy() bool {
	ctx := w.t.Context()
	require.NoError(w.t, w.gh.Flush(ctx))
	require.NoError(w.t, w.jira.Flush(ctx))
	due, _, err := w.app.Ledger().Due(ctx)
	require.NoError(w.t, err)
	held, err := w.redis.HLen(ctx, "{holdfast}:leases").Result()
	require.NoError(w.t, err)
	return due > 0 || held > 0
}

// pass lets time go by. What is being worked on is finished first, as nobody's
// lease may run out by this.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.settle()
	w.clock.ahead.Add(int64(d))
	// Whoever waits for the queue went by the time before.
	require.NoError(w.t, w.redis.Publish(w.t.Context(), "{holdfast}:wake", "").Err())
}

// answer is what a server said.
type answer struct {
	status int
	header http.Header
	text   string
}

// problem checks that the answer is a problem of this status that says so.
func (a answer) problem(t *testing.T, status int, says string) {
	t.Helper()
	require.Equal(t, status, a.status, a.text)
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	require.Contains(t, a.text, says)
}

func (a answer) json(t *testing.T, out any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.text), out), a.text)
}

// call sends a request to Holdfast as curl does. Header lines are "Name: value".
func (w *world) call(method, path, token, body string, header ...string) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	require.NoError(w.t, err)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(w.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// writes lists what Holdfast wrote to the trackers so far.
func (w *world) writes() []string {
	var out []string
	for _, r := range slices.Concat(w.gh.Requests(), w.jira.Requests()) {
		read := r.Method == "GET" || r.Method == "HEAD" || strings.HasSuffix(r.Path, "/git-upload-pack") || strings.HasSuffix(r.Path, "graphql") || strings.Contains(r.Path, "/search")
		if !read {
			out = append(out, r.Method+" "+r.Path)
		}
	}
	return out
}

// silent checks that Holdfast writes nothing in consequence of what people do.
func (w *world) silent(do func()) {
	w.t.Helper()
	w.settle()
	before := len(w.writes())
	do()
	w.settle()
	require.Empty(w.t, w.writes()[before:], "nothing was to be written")
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) tail(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.b.Bytes()
	return string(all[max(0, len(all)-n):])
}
