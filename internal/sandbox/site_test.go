package sandbox

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/google/go-github/v60/github"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const (
	botToken   = "bot-token"
	aliceToken = "alice-token"
	hookSecret = "hook-secret"
)

// receiver keeps the webhooks that reach it.
type receiver struct {
	mu   sync.Mutex
	got  []received
	url  string
	fail int // status to answer with
}

type received struct {
	event, action, guid string
	header              http.Header
	query               url.Values
	raw                 []byte
	body                map[string]any
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	rec := &receiver{fail: http.StatusAccepted}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		x := received{event: r.Header.Get("X-GitHub-Event"), guid: r.Header.Get("X-GitHub-Delivery"), header: r.Header.Clone(), query: r.URL.Query(), raw: raw}
		_ = json.Unmarshal(raw, &x.body)
		x.action, _ = x.body["action"].(string)
		if x.event == "" {
			x.event, _ = x.body["webhookEvent"].(string)
		}
		rec.mu.Lock()
		defer rec.mu.Unlock()
		rec.got = append(rec.got, x)
		w.WriteHeader(rec.fail)
	}))
	t.Cleanup(srv.Close)
	rec.url = srv.URL + "/hook"
	return rec
}

// names lists what arrived as event.action and forgets it.
func (r *receiver) names() []string {
	var out []string
	for _, x := range r.take() {
		name := x.event
		if x.action != "" {
			name += "." + x.action
		}
		out = append(out, name)
	}
	return out
}

func (r *receiver) take() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// site is a GitHub with one repository, its address, and a receiver.
type site struct {
	*GitHub
	url string
	rec *receiver
	ctx context.Context
}

func newSite(t *testing.T, change ...func(*GitHubOptions)) *site {
	t.Helper()
	o := GitHubOptions{Options: Options{Dir: t.TempDir()}, Token: botToken, BotLogin: "holdfast-bot"}
	for _, f := range change {
		f(&o)
	}
	g := NewGitHub(o)
	srv := httptest.NewServer(g)
	g.SetURL(srv.URL)
	s := &site{GitHub: g, url: srv.URL, rec: newReceiver(t), ctx: t.Context()}
	g.SetWebhook(s.rec.url, hookSecret)
	g.AddUser("alice", aliceToken)
	g.AddUser("bob", "")
	g.AddUser("mallory", "mallory-token")
	require.NoError(t, g.CreateRepo("acme/checkout"))
	g.SetPermission("acme/checkout", "alice", "write")
	g.SetPermission("acme/checkout", "bob", "read")
	t.Cleanup(func() { srv.Close(); g.Close() })
	return s
}

// client is the unmodified client, judged where the API description is there.
func (s *site) client(t *testing.T, token, prefix string) *github.Client {
	t.Helper()
	c := github.NewClient(&http.Client{Transport: judge(t)}).WithAuthToken(token)
	base, err := url.Parse(s.url + prefix)
	require.NoError(t, err)
	c.BaseURL = base
	return c
}

func (s *site) hooks(t *testing.T) []string {
	t.Helper()
	require.NoError(t, s.Flush(s.ctx))
	return s.rec.names()
}
