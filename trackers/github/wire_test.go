package github

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/trackertest"
)

// script is a server that answers each "METHOD /path" as told, 404 otherwise,
// and keeps what it was sent.
type script struct {
	*httptest.Server
	mu     sync.Mutex
	routes map[string]http.HandlerFunc
	sent   []string // METHOD /path?query body
}

func newScript(t *testing.T) *script {
	s := &script{routes: map[string]http.HandlerFunc{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.sent = append(s.sent, r.Method+" "+r.URL.RequestURI()+" "+strings.TrimSpace(string(body)))
		h := s.routes[r.Method+" "+r.URL.Path]
		s.mu.Unlock()
		if h == nil {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"message":"Not Found"}`)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *script) on(route string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes[route] = h
}

func (s *script) requests(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, r := range s.sent {
		if strings.HasPrefix(r, prefix) {
			out = append(out, r)
		}
	}
	return out
}

// answer replies with the statuses and bodies in turn, the last one for ever.
func answer(pairs ...any) http.HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		i := min(n, len(pairs)/2-1)
		n++
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(pairs[2*i].(int))
		_, _ = io.WriteString(w, pairs[2*i+1].(string))
	}
}

func adapter(t *testing.T, s *script) *Tracker {
	t.Helper()
	tr, err := New(Options{Name: "github", APIURL: s.URL, Token: "s3cret-token",
		HTTPClient: &http.Client{Transport: trackertest.Judge(t, &http.Transport{DisableKeepAlives: true})}})
	require.NoError(t, err)
	return tr
}

var draft = trackertest.Draft(trackertest.Harness{Target: "acme/checkout"}, 1)

const issueJSON = `{"id":99,"number":7,"state":"open","title":"t","html_url":"https://gh.example/acme/checkout/issues/7","user":{"login":"bot"},
 "labels":[{"name":"P1"},{"name":"preventative"},{"name":"postmortem"}],"assignees":[],"created_at":"2026-11-20T10:00:00Z","updated_at":"2026-11-20T10:00:00Z"}`

func TestClassesOfRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		header map[string]string
		body   string
		class  trackers.Class
		wait   time.Duration
	}{
		"no permission":          {403, nil, `{"message":"Resource not accessible"}`, trackers.Denied, 0},
		"bad token":              {401, nil, `{"message":"Bad credentials"}`, trackers.Denied, 0},
		"primary limit":          {403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795251690"}, `{"message":"API rate limit exceeded"}`, trackers.RateLimited, 90 * time.Second},
		"secondary limit, 403":   {403, map[string]string{"Retry-After": "30"}, `{"message":"You have exceeded a secondary rate limit"}`, trackers.RateLimited, 30 * time.Second},
		"secondary limit, 429":   {429, map[string]string{"Retry-After": "31"}, `{"message":"slow down"}`, trackers.RateLimited, 31 * time.Second},
		"limit without a time":   {403, nil, `{"message":"x","documentation_url":"https://docs.example/rest/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`, trackers.RateLimited, time.Minute},
		"limit in words alone":   {403, nil, `{"message":"You have exceeded a secondary rate limit. Please wait."}`, trackers.RateLimited, time.Minute},
		"429 without anything":   {429, nil, ``, trackers.RateLimited, time.Minute},
		"broken server":          {502, nil, `<html>`, trackers.Uncertain, 0},
		"overloaded":             {503, map[string]string{"Retry-After": "5"}, ``, trackers.Uncertain, 0},
		"not there":              {404, nil, `{"message":"Not Found"}`, trackers.NotFound, 0},
		"moved":                  {301, map[string]string{"Location": "/elsewhere"}, ``, trackers.Conflict, 0},
		"issues are turned off":  {410, nil, `{"message":"Issues are disabled"}`, trackers.Invalid, 0},
		"title is refused":       {422, nil, `{"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"missing_field"}]}`, trackers.Invalid, 0},
		"errors that are words":  {422, nil, `{"message":"Validation Failed","errors":["spam"]}`, trackers.Invalid, 0},
		"an answer that is junk": {400, nil, `{"errors":7`, trackers.Invalid, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.on("POST /repos/acme/checkout/issues", func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range tc.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			})
			tr := adapter(t, s)
			tr.now = func() time.Time { return time.Unix(1795251600, 0) }
			d := draft
			d.Labels = nil
			_, err := tr.Create(t.Context(), d)
			var te *trackers.Error
			require.ErrorAs(t, err, &te)
			require.Equal(t, tc.class, te.Class, err)
			require.Equal(t, tc.wait, te.RetryAfter)
			require.NotContains(t, err.Error(), "s3cret")
			require.Len(t, s.requests("POST"), 1, "a creation is not repeated")
		})
	}
}

func TestLimitIsRememberedWithItsTime(t *testing.T) {
	s := newScript(t)
	s.on("GET /repos/acme/checkout/issues/7", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "40")
		w.WriteHeader(403)
		_, _ = io.WriteString(w, `{"message":"x","documentation_url":"https://docs.example/#secondary-rate-limits"}`)
	})
	tr := adapter(t, s)
	for range 2 { // the second time the library answers without asking
		_, err := tr.Ticket(t.Context(), "github:acme/checkout#7")
		var te *trackers.Error
		require.ErrorAs(t, err, &te)
		require.Equal(t, trackers.RateLimited, te.Class)
		require.InDelta(t, 40, te.RetryAfter.Seconds(), 2)
	}
	require.Len(t, s.requests("GET"), 1)
}

func TestAnswersToCreationsThatCannotBeRead(t *testing.T) {
	for name, tc := range map[string]struct {
		body, location string
		made           bool
	}{
		"cut off, with a number":   {`{"id":99,"number": 7,"state":"op`, "", true},
		"junk, with a location":    {`<html>`, "https://gh.example/repos/acme/checkout/issues/7", true},
		"empty, without anything":  {``, "", false},
		"junk, without anything":   {`<html>`, "", false},
		"another object":           {`{"ok":true}`, "", false},
		"a time that is no time":   {strings.Replace(issueJSON, "2026-11-20T10:00:00Z", "yesterday", 1), "", true},
		"labels that are words":    {strings.Replace(issueJSON, `{"name":"P1"}`, `"P1"`, 1), "", true},
		"all as it should be":      {issueJSON, "", true},
		"a number that is no name": {`{"number":-3}`, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.on("POST /repos/acme/checkout/issues", func(w http.ResponseWriter, _ *http.Request) {
				if tc.location != "" {
					w.Header().Set("Location", tc.location)
				}
				w.WriteHeader(http.StatusCreated)
				_, _ = io.WriteString(w, tc.body)
			})
			s.on("GET /repos/acme/checkout/issues/7", answer(200, issueJSON))
			got, err := adapter(t, s).Create(t.Context(), draft)
			if !tc.made {
				require.Equal(t, trackers.Uncertain, trackers.ClassOf(err), err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, domain.Ref("github:acme/checkout#7"), got.Ticket.Ref)
			require.Empty(t, got.Refused)
			require.Len(t, s.requests("POST"), 1)
		})
	}
}

func TestRefusedFieldsAreLeftOutOneAfterTheOther(t *testing.T) {
	s := newScript(t)
	made := strings.NewReplacer(`{"name":"P1"},{"name":"preventative"},{"name":"postmortem"}`, "").Replace(issueJSON)
	s.on("POST /repos/acme/checkout/issues", answer(422, `{"message":"Validation Failed"}`, 422, `{"message":"Validation Failed","errors":[{"field":"labels","code":"invalid"}]}`, 201, made))
	d := draft
	d.Assignee = "ghost"
	got, err := adapter(t, s).Create(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, []string{"assignee: not assignable", "labels: not accepted"}, got.Refused)
	last := s.requests("POST")[2]
	require.NotContains(t, last, `"labels"`)
	require.NotContains(t, last, `"assignees"`)
	require.Contains(t, last, "Not set on this ticket: assignee ghost – not assignable; labels P1, preventative, postmortem – not accepted")
	require.Contains(t, last, "mac="+d.Marker.MAC)
}

func TestWhatGitHubDropsSilentlyIsSaid(t *testing.T) {
	s := newScript(t)
	bare := strings.Replace(issueJSON, `{"name":"P1"},`, "", 1)
	s.on("POST /repos/acme/checkout/issues", answer(201, bare))
	s.on("PATCH /repos/acme/checkout/issues/7", answer(200, bare))
	d := draft
	d.Assignee = "ghost"
	got, err := adapter(t, s).Create(t.Context(), d)
	require.NoError(t, err)
	require.Len(t, got.Refused, 2)
	patch := s.requests("PATCH")
	require.Len(t, patch, 1)
	require.Contains(t, patch[0], "assignee ghost – not assignable; labels P1 – no permission")
	require.Contains(t, patch[0], "mac="+d.Marker.MAC)
}

func TestReadsThatAreNoIssue(t *testing.T) {
	s := newScript(t)
	s.on("GET /repos/acme/checkout/issues/7", answer(200, `{"number":7,"state":"open","pull_request":{"url":"x"}}`, 200, `<html>login</html>`, 200, `{}`))
	tr := adapter(t, s)
	for _, want := range []trackers.Class{trackers.Invalid, trackers.Transient, trackers.Transient} {
		_, err := tr.Ticket(t.Context(), "github:acme/checkout#7")
		require.Equal(t, want, trackers.ClassOf(err), err)
	}
}

func TestRenamedRepositoryIsFollowedForReadsOnly(t *testing.T) {
	s := newScript(t)
	to := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/repositories/5/issues/7", http.StatusMovedPermanently)
	}
	s.on("GET /repos/acme/checkout/issues/7", to)
	s.on("PATCH /repos/acme/checkout/issues/7", to)
	s.on("GET /repositories/5/issues/7", answer(200, strings.Replace(issueJSON, `"id":99`, `"id":99,"repository_url":"https://gh.example/repos/acme/till"`, 1)))
	tr := adapter(t, s)
	// The description knows no address by number; the judge stays out.
	tr.hc = &http.Client{}
	tr.api = tr.newClient(func(r *http.Request) error { r.Header.Set("Authorization", "Bearer s3cret-token"); return nil })
	tk, err := tr.Ticket(t.Context(), "github:acme/checkout#7")
	require.NoError(t, err)
	require.Equal(t, domain.Ref("github:acme/till#7"), tk.Ref)
	_, err = tr.Edit(t.Context(), domain.Ticket{Ref: "github:acme/checkout#7", Closed: true}, trackers.Edit{State: trackers.StateOpen})
	require.Equal(t, trackers.Conflict, trackers.ClassOf(err), "a write that was sent elsewhere did nothing")
}

// TestAStateIsNotAskedForTwice: an edit that is repeated since its answer was
// lost does what is missing, and reopens nothing a second time.
func TestAStateIsNotAskedForTwice(t *testing.T) {
	s := newScript(t)
	s.on("GET /repos/acme/checkout/issues/7", answer(200, issueJSON, 200, issueJSON))
	s.on("PATCH /repos/acme/checkout/issues/7", answer(200, issueJSON))
	tr := adapter(t, s)
	is := domain.Ticket{Ref: "github:acme/checkout#7", Labels: []string{"awaiting-deployment"}}
	again := trackers.Edit{State: trackers.StateOpen, AddLabels: []string{"awaiting-deployment"}}
	_, err := tr.Edit(t.Context(), is, again)
	require.NoError(t, err)
	shut := is
	shut.Closed, shut.CloseReason, shut.Labels = true, domain.Completed, []string{}
	_, err = tr.Edit(t.Context(), shut, trackers.Edit{State: trackers.StateClosed, RemoveLabels: []string{"awaiting-deployment"}})
	require.NoError(t, err)
	require.Empty(t, s.requests("PATCH"))

	is.Labels = []string{"P1"}
	_, err = tr.Edit(t.Context(), is, again)
	require.NoError(t, err)
	patch := s.requests("PATCH")
	require.Len(t, patch, 1)
	require.Contains(t, patch[0], "awaiting-deployment")
	require.NotContains(t, patch[0], "state")
}

func TestFindGoesThroughPagesByCursor(t *testing.T) {
	s := newScript(t)
	want := marker(draft.Marker)
	page := func(n int, body string) string {
		who := map[int]string{9: "Bot", 8: "Bot", 10: "mallory"}[n]
		b, _ := json.Marshal([]map[string]any{{"id": n, "number": n, "state": "closed", "body": body, "user": map[string]string{"login": who}, "created_at": time.Now().UTC().Format(time.RFC3339)}})
		return string(b)
	}
	s.on("GET /user", answer(200, `{"login":"bot"}`))
	s.on("GET /repos/acme/checkout/issues", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("after") {
		case "":
			w.Header().Set("Link", `<https://elsewhere.example/x?per_page=100&state=all&after=Y2M%3D>; rel="next", <https://elsewhere.example/x?before=1>; rel="last"`)
			_, _ = io.WriteString(w, page(9, "other "+strings.Replace(want, "mac=0", "mac=1", 1)))
		case "Y2M=": // a server that does not filter by creator
			w.Header().Set("Link", `</x?after=last>; rel=next`)
			_, _ = io.WriteString(w, page(10, want))
		case "last":
			_, _ = io.WriteString(w, page(8, "text\n\n"+want))
		}
	})
	tk, found, err := adapter(t, s).Find(t.Context(), "acme/checkout", draft.Marker, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, domain.Ref("github:acme/checkout#8"), tk.Ref)
	first := s.requests("GET /repos")[0]
	for _, part := range []string{"state=all", "creator=bot", "sort=created", "direction=desc", "since="} {
		require.Contains(t, first, part)
	}
}

func TestServerWithoutOptionalCalls(t *testing.T) {
	for _, status := range []int{404, 405, 501} {
		s := newScript(t)
		for _, p := range []string{"/user", "/repos/acme/checkout/issues/7/timeline", "/repos/acme/checkout/collaborators/bob/permission"} {
			s.on("GET "+p, answer(status, ""))
		}
		for _, p := range []string{"/graphql", "/repos/acme/checkout/issues/comments/5/reactions"} {
			s.on("POST "+p, answer(status, ""))
		}
		s.on("GET /repos/acme/checkout/issues", answer(200, "["+strings.Replace(issueJSON, `"title":"t"`, `"body":"`+marker(draft.Marker)+`"`, 1)+"]"))
		s.on("GET /repos/acme/checkout/issues/7", answer(200, strings.Replace(issueJSON, `"state":"open"`, `"state":"closed","state_reason":"duplicate"`, 1)))
		tr := adapter(t, s)
		const ref = "github:acme/checkout#7"
		closers, err := tr.Closers(t.Context(), ref)
		require.NoError(t, err)
		require.Empty(t, closers)
		liked, err := tr.React(t.Context(), ref, "5")
		require.NoError(t, err)
		require.False(t, liked)
		can, err := tr.CanWrite(t.Context(), ref, "bob")
		require.Equal(t, trackers.NotFound, trackers.ClassOf(err), "it cannot tell, which is not a no")
		require.False(t, can)
		tk, err := tr.Ticket(t.Context(), ref)
		require.NoError(t, err)
		require.Equal(t, domain.Duplicate, tk.CloseReason)
		require.Empty(t, tk.DuplicateOf)
		_, found, err := tr.Find(t.Context(), "acme/checkout", draft.Marker, time.Time{})
		require.NoError(t, err)
		require.True(t, found, "without knowing our own name, the code does")
	}
}

func TestPermissionThatMayNotBeReadIsAnError(t *testing.T) {
	s := newScript(t)
	s.on("GET /repos/acme/checkout/collaborators/bob/permission", answer(403, `{"message":"Must have push access"}`))
	_, err := adapter(t, s).CanWrite(t.Context(), "github:acme/checkout#7", "bob")
	require.Equal(t, trackers.Denied, trackers.ClassOf(err))
}

func TestOriginalOfADuplicate(t *testing.T) {
	closed := strings.Replace(issueJSON, `"state":"open"`, `"state":"closed","state_reason":"duplicate"`, 1)
	t.Run("from the timeline", func(t *testing.T) {
		s := newScript(t)
		s.on("GET /repos/acme/checkout/issues/7", answer(200, closed))
		s.on("GET /repos/acme/checkout/issues/7/timeline", answer(200, `[{"event":"closed"},{"event":"marked_as_duplicate","source":{"issue":{"number":3,"repository_url":"https://gh.example/repos/acme/other"}}}]`))
		tk, err := adapter(t, s).Ticket(t.Context(), "github:acme/checkout#7")
		require.NoError(t, err)
		require.Equal(t, domain.Ref("github:acme/other#3"), tk.DuplicateOf)
	})
	t.Run("from GraphQL", func(t *testing.T) {
		s := newScript(t)
		s.on("GET /repos/acme/checkout/issues/7", answer(200, closed))
		s.on("POST /graphql", answer(200, `{"data":{"repository":{"issue":{"timelineItems":{"nodes":[
			{"__typename":"MarkedAsDuplicateEvent","canonical":{"number":2,"repository":{"nameWithOwner":"acme/checkout"}}},{"__typename":"UnmarkedAsDuplicateEvent"},
			{"__typename":"MarkedAsDuplicateEvent","canonical":{"number":3,"repository":{"nameWithOwner":"acme/checkout"}}}]}}}}}`))
		tk, err := adapter(t, s).Ticket(t.Context(), "github:acme/checkout#7")
		require.NoError(t, err)
		require.Equal(t, domain.Ref("github:acme/checkout#3"), tk.DuplicateOf)
	})
}

func TestClosersAreCommitsThatClosed(t *testing.T) {
	s := newScript(t)
	sha := strings.Repeat("a", 40)
	s.on("GET /repos/acme/checkout/issues/7/timeline", answer(200, `[{"event":"cross-referenced","source":{"issue":{"number":4,"pull_request":{}}}},{"event":"referenced","commit_id":"`+strings.Repeat("b", 40)+`"},
		{"event":"closed","commit_id":null},{"event":"closed","commit_id":"`+sha+`","commit_url":"https://gh.example/repos/acme/lib/commits/`+sha+`","created_at":"2026-11-20T11:00:00Z"}]`))
	s.on("GET /repos/acme/lib/commits/"+sha, answer(200, `{"sha":"`+sha+`","author":{"login":"alice"},"commit":{"message":"Fix it\n\nFixes #7","committer":{"date":"2026-11-20T10:00:00Z"}}}`))
	got, err := adapter(t, s).Closers(t.Context(), "github:acme/checkout#7")
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, "acme/lib@"+sha, got[0].Key())
	require.Equal(t, domain.ClaimTracker, got[0].How)
	require.Equal(t, "alice", got[0].Author)
	require.Equal(t, "Fix it", got[0].Title)
}

func TestPullRequests(t *testing.T) {
	s := newScript(t)
	s.on("GET /repos/acme/checkout/pulls/4", answer(
		200, `{"number":4,"state":"open","merged":false,"merge_commit_sha":"aaaa","head":{"ref":"fix","sha":"bbbb","repo":{"full_name":"alice/checkout"}},"base":{"ref":"main","repo":{"default_branch":"main"}},"user":{"login":"alice"},"body":"Fixes #7"}`,
		200, `{"number":4,"state":"closed","merged":true,"merged_at":"2026-11-20T10:00:00Z","merge_commit_sha":"aaaa","head":{"ref":"fix","sha":"bbbb"},"base":{"ref":"release","repo":{"default_branch":"main"}}}`))
	tr := adapter(t, s)
	open, err := tr.PullRequest(t.Context(), "acme/checkout", 4)
	require.NoError(t, err)
	require.Empty(t, open.SHA, "the test merge of an open pull request is no landing commit")
	require.True(t, open.Open)
	require.True(t, open.DefaultBase)
	require.Equal(t, "alice/checkout", open.HeadRepo)
	merged, err := tr.PullRequest(t.Context(), "acme/checkout", 4)
	require.NoError(t, err)
	require.Equal(t, "aaaa", merged.SHA)
	require.True(t, merged.Merged)
	require.False(t, merged.DefaultBase)
	for _, sha := range []string{"", "../../issues/1", "main", "abc", strings.Repeat("a", 65)} {
		_, err := tr.Commit(t.Context(), "acme/checkout", sha)
		require.Equal(t, trackers.Invalid, trackers.ClassOf(err), sha)
	}
	_, err = tr.Commit(t.Context(), "acme/../x", "abcdef")
	require.Equal(t, trackers.Invalid, trackers.ClassOf(err))
}

func TestCommentOfAnotherTicketIsNotFound(t *testing.T) {
	s := newScript(t)
	s.on("GET /repos/acme/checkout/issues/comments/5", answer(200, `{"id":5,"body":"/holdfast withdraw x","issue_url":"https://gh.example/repos/acme/checkout/issues/8"}`))
	_, err := adapter(t, s).Comment(t.Context(), "github:acme/checkout#7", "5")
	require.Equal(t, trackers.NotFound, trackers.ClassOf(err))
}

func TestCheckSaysWhatToDo(t *testing.T) {
	s := newScript(t)
	s.on("GET /user", answer(200, `{"login":"bot"}`))
	s.on("GET /repos/acme/checkout", answer(200, `{"full_name":"acme/checkout","has_issues":true,"permissions":{"push":true,"pull":true}}`))
	s.on("GET /repos/acme/checkout/hooks", answer(200, `[{"id":1,"active":true,"events":["push"],"config":{"url":"https://other.example/x"}},
		{"id":2,"active":true,"events":["issues","push"],"config":{"url":"https://hf.example/webhooks/github","content_type":"form","secret":"********"},"last_response":{"code":401}}]`))
	s.on("GET /repos/acme/old", answer(200, `{"archived":true,"has_issues":true,"permissions":{"push":true}}`))
	tr := adapter(t, s)
	all := tr.Check(t.Context(), []string{"acme/checkout", "acme/old", "acme/none", "nonsense"})
	text, _ := json.Marshal(all)
	for _, part := range []string{"works as bot", "reachable, may file issues", "lacks the events issue_comment, pull_request, deployment_status", "content type is form", "answered 401",
		"is archived", "Check the name", "is no repository"} {
		require.Contains(t, string(text), part)
	}
	for _, f := range all {
		require.NotContains(t, f.Detail+f.Remedy, "s3cret-token")
		if !f.OK || f.Warning {
			require.NotEmpty(t, f.Remedy, f.Subject)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	_, err := New(Options{APIURL: "https://x"})
	require.Error(t, err)
	_, err = New(Options{Name: "g", APIURL: "gh.example"})
	require.ErrorContains(t, err, "api_url of g")
	_, err = New(Options{Name: "g", Token: "t", App: App{ID: 1}})
	require.ErrorContains(t, err, "token and an app")
	_, err = New(Options{Name: "g", App: App{ID: 1, PrivateKey: []byte("no key")}})
	require.ErrorContains(t, err, "private key")
	tr, err := New(Options{Name: "g", Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.Equal(t, "https://api.github.com/", tr.base.String())
	for base, want := range map[string]string{"https://api.github.com": "/graphql", "https://gh.example/api/v3": "/api/graphql", "http://127.0.0.1:1": "/graphql"} {
		tr, err := New(Options{Name: "g", APIURL: base})
		require.NoError(t, err)
		require.Equal(t, want, tr.graphql())
	}
}
