package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

const (
	githubSecret = "a secret for deliveries of github"
	jiraSecret   = "a secret for deliveries of jira"
)

var testNow = time.Date(2026, 11, 16, 12, 30, 0, 0, time.UTC)

// memory is a Recorder that keeps what it gets, once.
type memory struct {
	mu     sync.Mutex
	seen   map[string]bool
	events []domain.Event
	away   error
}

func (m *memory) Record(_ context.Context, ev domain.Event) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away != nil {
		return false, m.away
	}
	key := ev.Tracker + " " + ev.ID
	if m.seen[key] {
		return false, nil
	}
	if m.seen == nil {
		m.seen = map[string]bool{}
	}
	m.seen[key] = true
	m.events = append(m.events, ev)
	return true, nil
}

func (m *memory) take() []domain.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.events
	m.events = nil
	return out
}

func testTrackers() []Tracker {
	return []Tracker{
		{Name: "github", Kind: GitHub, Secret: []byte(githubSecret), Repos: []string{"acme/checkout", "acme/actions", "Codertocat/Hello-World", "octo-org/octo-repo"}, WebURLs: []string{"https://github.example"}},
		{Name: "jira", Kind: Jira, Secret: []byte(jiraSecret), Projects: []string{"PAY", "OPS"}, WebURLs: []string{"https://acme.example"}},
	}
}

func testTargets(_, repo, environment string) []Target {
	if repo == "acme/actions" {
		return nil
	}
	return []Target{
		{Service: "checkout", Environment: environment, Production: environment == "prod-eu"},
		{Service: "checkout-worker", Environment: environment, Production: environment == "prod-eu"},
	}
}

type fixture struct {
	*memory
	t       testing.TB
	url     string
	handler *Handler
	counted map[string]int
}

// start serves a Handler over real HTTP.
func start(t testing.TB, change ...func(o *Options)) *fixture {
	t.Helper()
	f := &fixture{memory: &memory{}, t: t, counted: map[string]int{}}
	var mu sync.Mutex
	o := Options{
		Trackers: testTrackers(), Recorder: f.memory, Deployments: testTargets,
		Now: func() time.Time { return testNow },
		Count: func(_, _, _, outcome string) {
			mu.Lock()
			defer mu.Unlock()
			f.counted[outcome]++
		},
	}
	for _, c := range change {
		c(&o)
	}
	h, err := New(o)
	require.NoError(t, err)
	f.handler = h
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	h.Mount(r)
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	f.url = srv.URL
	return f
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// reply is an answer as its sender sees it.
type reply struct {
	Status int
	Header http.Header
	Body   string
}

func (f *fixture) post(path string, body io.Reader, header map[string]string) reply {
	f.t.Helper()
	req, err := http.NewRequest(http.MethodPost, f.url+path, body)
	require.NoError(f.t, err)
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		if v == "" {
			req.Header.Del(k)
		} else {
			req.Header.Set(k, v)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(f.t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(f.t, err)
	return reply{resp.StatusCode, resp.Header, string(got)}
}

func (f *fixture) github(event, id, body string) reply {
	f.t.Helper()
	return f.post("/webhooks/github", bytes.NewReader([]byte(body)), map[string]string{
		"X-GitHub-Event": event, "X-GitHub-Delivery": id, "X-Hub-Signature-256": sign(githubSecret, []byte(body)),
	})
}

func (f *fixture) jira(id, body string) reply {
	f.t.Helper()
	return f.post("/webhooks/jira", bytes.NewReader([]byte(body)), map[string]string{
		"X-Atlassian-Webhook-Identifier": id, "X-Hub-Signature": sign(jiraSecret, []byte(body)),
	})
}

const closedIssue = `{"action":"closed","issue":{"number":12,"state":"closed"},"repository":{"full_name":"acme/checkout"},"sender":{"login":"bob"}}`
const closedJira = `{"timestamp":1763287529000,"webhookEvent":"jira:issue_updated","issue":{"id":"10412","key":"PAY-12","fields":{"status":{"statusCategory":{"key":"done"}}}},"changelog":{"items":[{"field":"status","from":"1","to":"3"}]}}`

func TestRepeatedDeliveryGetsTheFirstAnswer(t *testing.T) {
	f := start(t)
	first := f.github("issues", "d1", closedIssue)
	require.Equal(t, reply{202, first.Header, `{"status":"recorded"}`}, first)
	again := f.github("issues", "d1", closedIssue)
	require.Equal(t, 202, again.Status)
	require.JSONEq(t, `{"status":"recorded"}`, again.Body)
	require.Len(t, f.take(), 1)

	require.Equal(t, 202, f.jira("j1", closedJira).Status)
	require.Contains(t, f.jira("j1", closedJira).Body, "recorded")
	require.Len(t, f.take(), 1)
}

func TestStoreAwayAnswers503AndTheNextTryIsTheFirst(t *testing.T) {
	f := start(t)
	f.away = errors.New("dial tcp: refused, password=hunter2")
	r := f.github("issues", "d1", closedIssue)
	requireProblem(t, r, 503)
	require.NotEmpty(t, r.Header.Get("Retry-After"))
	require.NotContains(t, r.Body, "hunter2")
	f.away = nil
	require.Contains(t, f.github("issues", "d1", closedIssue).Body, "recorded")
	require.Equal(t, 1, f.counted["unavailable"])
}

func TestTransitionAndCommentOfOneDeliveryAreBothStored(t *testing.T) {
	f := start(t)
	body := `{"webhookEvent":"jira:issue_updated","issue":{"id":"1","key":"PAY-1","fields":{"status":{"statusCategory":{"key":"done"}}}},
		"changelog":{"items":[{"field":"status"}]},"comment":{"id":"5","body":"/holdfast status"}}`
	require.Equal(t, 202, f.jira("j1", body).Status)
	events := f.take()
	require.Len(t, events, 2)
	require.NotEqual(t, events[0].ID, events[1].ID)

	// Half of it was stored before the store went away: the rest is, later.
	f = start(t)
	f.seen = map[string]bool{"jira j1": true}
	require.Contains(t, f.jira("j1", body).Body, "recorded")
	require.Len(t, f.take(), 1)
}

func TestTrackerIsToldByItsSecretOrItsName(t *testing.T) {
	f := start(t, func(o *Options) {
		o.Trackers = append(o.Trackers,
			Tracker{Name: "other", Kind: GitHub, Secret: []byte("another secret"), Repos: []string{"acme/checkout"}},
			Tracker{Name: "twin", Kind: GitHub, Secret: []byte(githubSecret), Repos: []string{"acme/twin"}})
	})
	send := func(path, secret, body, id string) reply {
		return f.post(path, bytes.NewReader([]byte(body)), map[string]string{
			"X-GitHub-Event": "issues", "X-GitHub-Delivery": id, "X-Hub-Signature-256": sign(secret, []byte(body))})
	}
	require.Equal(t, 202, send("/webhooks/github", "another secret", closedIssue, "1").Status)
	require.Equal(t, "other", f.take()[0].Tracker)
	require.Equal(t, 202, send("/webhooks/github/other", "another secret", closedIssue, "2").Status)
	require.Equal(t, "other", f.take()[0].Tracker)
	require.Equal(t, 401, send("/webhooks/github/other", githubSecret, closedIssue, "3").Status)
	require.Equal(t, 404, send("/webhooks/github/nobody", githubSecret, closedIssue, "4").Status)
	require.Equal(t, 404, send("/webhooks/github/jira", jiraSecret, closedIssue, "5").Status)
	// Two trackers with one secret: the repository decides.
	twin := `{"action":"closed","issue":{"number":1,"state":"closed"},"repository":{"full_name":"acme/twin"}}`
	require.Equal(t, 202, send("/webhooks/github", githubSecret, twin, "6").Status)
	require.Equal(t, "twin", f.take()[0].Tracker)
	require.Equal(t, 200, send("/webhooks/github/github", githubSecret, twin, "7").Status)
}

func TestReloadReplacesTrackersAndABadOneChangesNothing(t *testing.T) {
	f := start(t)
	require.Error(t, f.handler.SetTrackers([]Tracker{{Name: "github", Kind: GitHub}}))
	require.Equal(t, 202, f.github("issues", "d1", closedIssue).Status)
	require.NoError(t, f.handler.SetTrackers([]Tracker{{Name: "github", Kind: GitHub, Secret: []byte("new")}}))
	require.Equal(t, 401, f.github("issues", "d2", closedIssue).Status)
}

func TestNewRefuses(t *testing.T) {
	ok := Tracker{Name: "github", Kind: GitHub, Secret: []byte("x")}
	for name, trackers := range map[string][]Tracker{
		"an empty secret":  {{Name: "github", Kind: GitHub}},
		"an empty name":    {{Kind: GitHub, Secret: []byte("x")}},
		"a name twice":     {ok, ok},
		"an unknown kind":  {{Name: "x", Kind: "gitlab", Secret: []byte("x")}},
		"a second mistake": {ok, {Name: "jira", Kind: Jira}},
	} {
		_, err := New(Options{Recorder: &memory{}, Trackers: trackers})
		require.Error(t, err, name)
	}
	_, err := New(Options{Trackers: []Tracker{ok}})
	require.Error(t, err, "no recorder")
}

func requireProblem(t testing.TB, r reply, status int) {
	t.Helper()
	require.Equal(t, status, r.Status, r.Body)
	require.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
	var p struct {
		Type, Title, Detail string
		Status              int
	}
	require.NoError(t, json.Unmarshal([]byte(r.Body), &p))
	require.Equal(t, status, p.Status)
	require.NotEmpty(t, p.Type)
	require.NotEmpty(t, p.Title)
	require.NotEmpty(t, p.Detail)
}
