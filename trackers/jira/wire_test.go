package jira

import (
	"encoding/json"
	"io"
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
	auth   string
}

func newScript(t *testing.T) *script {
	s := &script{routes: map[string]http.HandlerFunc{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.sent = append(s.sent, r.Method+" "+r.URL.RequestURI()+" "+strings.TrimSpace(string(body)))
		s.auth = r.Header.Get("Authorization")
		h := s.routes[r.Method+" "+r.URL.Path]
		s.mu.Unlock()
		if h == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *script) on(route string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	method, path, _ := strings.Cut(route, " ")
	s.routes[method+" /jira/rest/api/2/"+path] = h
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
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(pairs[2*i].(int))
		_, _ = io.WriteString(w, pairs[2*i+1].(string))
	}
}

// adapter is one for the script, below a context path as many sites have it.
func adapter(t *testing.T, s *script, o Options) *Tracker {
	t.Helper()
	o.Name, o.URL, o.Token = "jira", s.URL+"/jira", "s3cret"
	o.HTTPClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	tr, err := New(o)
	require.NoError(t, err)
	return tr
}

var draft = func() trackers.Draft {
	d := trackertest.Draft(trackertest.Harness{Target: "PAY"}, 1)
	d.Assignee = "712020:abc"
	return d
}()

const ref = domain.Ref("jira:PAY-7")

func issueJSON(category, more string) string {
	return `{"id":"10007","key":"PAY-7","fields":{"summary":"t","labels":["P1"],"updated":"2026-11-20T10:00:00.000+0100","status":{"id":"3","name":"Some","statusCategory":{"key":"` + category + `"}}` + more + `}}`
}

func TestClassesOfRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		header map[string]string
		body   string
		class  trackers.Class
		wait   time.Duration
	}{
		"bad token":              {401, nil, `<html>`, trackers.Denied, 0},
		"no permission":          {403, nil, `{"errorMessages":["no"]}`, trackers.Denied, 0},
		"limit":                  {429, map[string]string{"Retry-After": "12"}, ``, trackers.RateLimited, 12 * time.Second},
		"limit as 403":           {403, nil, `{"errorMessages":["Rate limit exceeded."]}`, trackers.RateLimited, 0},
		"limit without a time":   {429, nil, ``, trackers.RateLimited, 0},
		"broken":                 {500, nil, `{}`, trackers.Uncertain, 0},
		"gateway":                {504, nil, ``, trackers.Uncertain, 0},
		"no such project":        {400, nil, `{"errorMessages":[],"errors":{"project":"valid project is required"}}`, trackers.Invalid, 0},
		"a field that it needs":  {400, nil, `{"errors":{"customfield_1":"Team is required."}}`, trackers.Invalid, 0},
		"not there":              {404, nil, ``, trackers.NotFound, 0},
		"made, and says nothing": {201, nil, ``, trackers.Uncertain, 0},
		"made, and says junk":    {201, nil, `<html>`, trackers.Uncertain, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.on("POST issue", func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range tc.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			})
			_, err := adapter(t, s, Options{}).Create(t.Context(), draft)
			var te *trackers.Error
			require.ErrorAs(t, err, &te)
			require.Equal(t, tc.class, te.Class, err)
			require.Equal(t, tc.wait, te.RetryAfter)
			require.NotContains(t, err.Error(), "s3cret")
			require.Len(t, s.requests("POST"), 1, "a creation is not repeated")
		})
	}
}

func TestAKeyIsReadFromABrokenAnswer(t *testing.T) {
	s := newScript(t)
	s.on("POST issue", answer(201, `{"id":"10007","key":"PAY-7","self":"http`))
	got, err := adapter(t, s, Options{}).Create(t.Context(), draft)
	require.NoError(t, err)
	require.Equal(t, ref, got.Ticket.Ref)
	require.Equal(t, s.URL+"/jira/browse/PAY-7", got.Ticket.URL)
}

func TestRefusedFieldsAreNamedAndLeftOut(t *testing.T) {
	s := newScript(t)
	s.on("POST issue", answer(
		400, `{"errorMessages":[],"errors":{"priority":"Field 'priority' cannot be set.","customfield_5":"not on the screen"}}`,
		400, `{"errors":{"assignee":"User '712020:abc' cannot be assigned issues."}}`,
		201, `{"id":10007,"key":"PAY-7"}`))
	tr := adapter(t, s, Options{Projects: map[string]Project{"PAY": {IssueType: "Bug", Fields: map[string]any{"customfield_5": "x", "customfield_6": map[string]string{"value": "y"}}}}})
	got, err := tr.Create(t.Context(), draft)
	require.NoError(t, err)
	require.Equal(t, domain.Ticket{Ref: ref, NativeID: "10007", URL: s.URL + "/jira/browse/PAY-7", Title: draft.Title, Body: got.Ticket.Body, Due: "2026-12-01",
		Labels: []string{"holdfast-" + draft.Marker.MAC[:20], "P1", "preventative", "postmortem"}, Assignees: []string{}}, got.Ticket)
	require.Len(t, got.Refused, 3)
	var sent struct{ Fields map[string]any }
	posts := s.requests("POST")
	require.Len(t, posts, 3)
	require.NoError(t, json.Unmarshal([]byte(posts[2][strings.IndexByte(posts[2], '{'):]), &sent))
	for _, f := range []string{"priority", "customfield_5", "assignee"} {
		require.NotContains(t, sent.Fields, f)
	}
	require.Equal(t, map[string]any{"name": "Bug"}, sent.Fields["issuetype"])
	require.Equal(t, map[string]any{"value": "y"}, sent.Fields["customfield_6"])
	body := sent.Fields["description"].(string)
	require.Contains(t, body, "Not set on this ticket: customfield")
	require.Contains(t, body, "assignee 712020:abc – User")
	require.True(t, strings.HasSuffix(body, "\nholdfast item 2026-11-01-queue/1 mac "+draft.Marker.MAC))
}

func TestARefusalThatNamesNothing(t *testing.T) {
	s := newScript(t)
	s.on("POST issue", answer(400, `{"errorMessages":["something is wrong"],"errors":{}}`, 201, `{"id":"1","key":"PAY-7"}`))
	got, err := adapter(t, s, Options{}).Create(t.Context(), draft)
	require.NoError(t, err)
	require.Len(t, got.Refused, 3)
	require.Contains(t, s.requests("POST")[1], `"labels"`, "the label is what a search finds it by")

	s = newScript(t)
	s.on("POST issue", answer(400, `{"errorMessages":["something is wrong"]}`))
	_, err = adapter(t, s, Options{}).Create(t.Context(), draft)
	require.Equal(t, trackers.Invalid, trackers.ClassOf(err))
	require.LessOrEqual(t, len(s.requests("POST")), 4)
}

func TestStatesAndReasons(t *testing.T) {
	for name, tc := range map[string]struct {
		issue  string
		closed bool
		reason domain.CloseReason
		at     string
		of     domain.Ref
	}{
		"open, with a status called Done": {strings.Replace(issueJSON("indeterminate", ""), "Some", "Done", 1), false, "", "", ""},
		"done":                            {issueJSON("done", `,"resolution":{"name":"Fixed"},"resolutiondate":"2026-11-20T09:00:00.000+0000"`), true, domain.Completed, "2026-11-20T09:00:00Z", ""},
		"its resolution changed later":    {issueJSON("done", `,"resolution":{"name":"Done"},"resolutiondate":"2026-11-20T09:00:00.000+0000","statuscategorychangedate":"2026-11-20T08:00:00.000+0000"`), true, domain.Completed, "2026-11-20T08:00:00Z", ""},
		"done without a resolution":       {issueJSON("done", `,"resolution":null,"statuscategorychangedate":"2026-11-20T08:00:00.000+0000"`), true, domain.Completed, "2026-11-20T08:00:00Z", ""},
		"done with only an update":        {issueJSON("done", ``), true, domain.Completed, "2026-11-20T09:00:00Z", ""},
		"won’t do":                        {issueJSON("done", `,"resolution":{"name":"Won’t do"}`), true, domain.NotPlanned, "2026-11-20T09:00:00Z", ""},
		"configured":                      {issueJSON("done", `,"resolution":{"name":"Obsolete"}`), true, domain.NotPlanned, "2026-11-20T09:00:00Z", ""},
		"duplicate": {issueJSON("done", `,"resolution":{"name":"Duplicate"},"issuelinks":[{"type":{"name":"Duplicate","outward":"duplicates"},"inwardIssue":{"key":"PAY-1"}},
			{"type":{"name":"Blocks","outward":"blocks"},"outwardIssue":{"key":"PAY-2"}},{"type":{"name":"Duplicate","outward":"duplicates"},"outwardIssue":{"key":"PAY-3"}}]`), true, domain.Duplicate, "2026-11-20T09:00:00Z", "jira:PAY-3"},
		"category by its id":    {strings.Replace(issueJSON("x", ""), `{"key":"x"}`, `{"id":3}`, 1), true, domain.Completed, "2026-11-20T09:00:00Z", ""},
		"category to be asked":  {strings.Replace(issueJSON("x", ""), `,"statusCategory":{"key":"x"}`, ``, 1), true, domain.Completed, "2026-11-20T09:00:00Z", ""},
		"still has its old end": {issueJSON("new", `,"resolution":{"name":"Done"},"resolutiondate":"2026-11-20T09:00:00.000+0000"`), false, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.on("GET issue/PAY-7", answer(200, tc.issue))
			s.on("GET status/3", answer(200, `{"id":"3","statusCategory":{"key":"done"}}`))
			p := Project{Resolutions: Resolutions{NotPlanned: []string{"Obsolete", "Won't Do"}}}
			got, err := adapter(t, s, Options{Projects: map[string]Project{"PAY": p}}).Ticket(t.Context(), ref)
			require.NoError(t, err)
			require.Equal(t, tc.closed, got.Closed)
			require.Equal(t, tc.reason, got.CloseReason)
			require.Equal(t, tc.of, got.DuplicateOf)
			if tc.at != "" {
				require.Equal(t, tc.at, got.ClosedAt.Format(time.RFC3339))
			} else {
				require.True(t, got.ClosedAt.IsZero())
			}
		})
	}
}

func TestAMovedTicketAndOneWithoutStatus(t *testing.T) {
	s := newScript(t)
	s.on("GET issue/PAY-7", answer(200, strings.Replace(issueJSON("new", ""), "PAY-7", "SHOP-1", 1), 200, `{"key":"PAY-7"}`, 200, `<html>`))
	tr := adapter(t, s, Options{})
	got, err := tr.Ticket(t.Context(), ref)
	require.NoError(t, err)
	require.Equal(t, domain.Ref("jira:SHOP-1"), got.Ref)
	for range 2 {
		_, err = tr.Ticket(t.Context(), ref)
		require.Equal(t, trackers.Transient, trackers.ClassOf(err), "never guess a state")
	}
}

const workflow = `{"transitions":[
 {"id":"11","name":"Archive","to":{"id":"6","name":"Archived","statusCategory":{"key":"done"}},"fields":{}},
 {"id":"21","name":"Back to work","to":{"id":"3","name":"In Progress","statusCategory":{"key":"indeterminate"}},"fields":{}},
 {"id":"31","name":"Reopen issue","to":{"id":"1","name":"To Do","statusCategory":{"key":"new"}},"fields":{"customfield_9":{"required":true,"name":"Why","hasDefaultValue":false}}}]}`

func reopenable(t *testing.T, list string) *script {
	s := newScript(t)
	s.on("GET issue/PAY-7/transitions", answer(200, list))
	s.on("POST issue/PAY-7/transitions", answer(204, ""))
	s.on("PUT issue/PAY-7", answer(204, ""))
	s.on("GET issue/PAY-7", answer(200, issueJSON("new", "")))
	return s
}

func TestReopeningChoosesATransition(t *testing.T) {
	closed := domain.Ticket{Ref: ref, Closed: true, Labels: []string{"P1"}}
	for name, tc := range map[string]struct {
		list    string
		project Project
		sent    string // POST body, empty: refused
		says    string
	}{
		"named reopen, its field filled":         {workflow, Project{ReopenFields: map[string]any{"customfield_9": "not shipped", "customfield_1": "not on the screen"}}, `{"fields":{"customfield_9":"not shipped"},"transition":{"id":"31"}}`, ""},
		"its field by name":                      {workflow, Project{ReopenFields: map[string]any{"why": "not shipped"}}, `{"fields":{"customfield_9":"not shipped"},"transition":{"id":"31"}}`, ""},
		"rather one that we can take":            {workflow, Project{}, `{"transition":{"id":"21"}}`, ""},
		"the configured one":                     {workflow, Project{ReopenTransition: "back to WORK", ReopenFields: map[string]any{"customfield_9": "x"}}, `{"transition":{"id":"21"}}`, ""},
		"the configured one, by id":              {workflow, Project{ReopenTransition: "21"}, `{"transition":{"id":"21"}}`, ""},
		"the configured one is not offered":      {workflow, Project{ReopenTransition: "Nonsense"}, `{"transition":{"id":"21"}}`, ""},
		"the configured one, a field is missing": {workflow, Project{ReopenTransition: "Reopen issue"}, "", "customfield_9 (Why)"},
		"only to done":                           {`{"transitions":[{"id":"11","name":"Archive","to":{"statusCategory":{"key":"done"}}}]}`, Project{}, "", `"Archive"`},
		"none is offered":                        {`{"transitions":[]}`, Project{}, "", "permission to transition"},
		"screens are not told":                   {`{"transitions":[{"id":21,"name":"Open","to":{"statusCategory":{"key":"new"}}}]}`, Project{ReopenFields: map[string]any{"customfield_9": "x"}}, `{"fields":{"customfield_9":"x"},"transition":{"id":"21"}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := reopenable(t, tc.list)
			got, err := adapter(t, s, Options{Projects: map[string]Project{"PAY": tc.project}}).Edit(t.Context(), closed, trackers.Edit{State: trackers.StateOpen, AddLabels: []string{"awaiting-deployment"}})
			if tc.sent == "" {
				require.Equal(t, trackers.Invalid, trackers.ClassOf(err))
				require.ErrorContains(t, err, tc.says)
				require.Empty(t, s.requests("POST"))
				return
			}
			require.NoError(t, err)
			require.False(t, got.Closed)
			require.Equal(t, []string{"POST /jira/rest/api/2/issue/PAY-7/transitions " + tc.sent}, s.requests("POST"))
			require.Equal(t, []string{`PUT /jira/rest/api/2/issue/PAY-7 {"update":{"labels":[{"add":"awaiting-deployment"}]}}`}, s.requests("PUT"))
			require.Len(t, s.requests(""), 4)
		})
	}
}

func TestAResolutionThatStaysIsCleared(t *testing.T) {
	s := reopenable(t, workflow)
	s.on("GET issue/PAY-7", answer(200, issueJSON("new", `,"resolution":{"name":"Done"}`)))
	tr := adapter(t, s, Options{})
	got, err := tr.Edit(t.Context(), domain.Ticket{Ref: ref, Closed: true}, trackers.Edit{State: trackers.StateOpen})
	require.NoError(t, err)
	require.Empty(t, got.Refused)
	require.Equal(t, []string{`PUT /jira/rest/api/2/issue/PAY-7 {"fields":{"resolution":null}}`}, s.requests("PUT"))
	s.on("PUT issue/PAY-7", answer(400, `{"errors":{"resolution":"not on the screen"}}`))
	got, err = tr.Edit(t.Context(), domain.Ticket{Ref: ref, Closed: true}, trackers.Edit{State: trackers.StateOpen})
	require.NoError(t, err)
	require.Len(t, got.Refused, 1)
	require.False(t, got.Closed)
}

func TestClosingGivesAResolutionWhereTheScreenHasOne(t *testing.T) {
	s := reopenable(t, `{"transitions":[{"id":"5","name":"Finish","to":{"statusCategory":{"key":"done"}},"fields":{"resolution":{"required":true,"allowedValues":[{"name":"Won't Do"},{"name":"Duplicate"},{"name":"Fixed"}]}}}]}`)
	s.on("GET issue/PAY-7", answer(200, issueJSON("done", "")))
	tr := adapter(t, s, Options{})
	_, err := tr.Edit(t.Context(), domain.Ticket{Ref: ref, Labels: []string{"awaiting-deployment"}}, trackers.Edit{State: trackers.StateClosed, RemoveLabels: []string{"awaiting-deployment"}})
	require.NoError(t, err)
	require.Equal(t, []string{`POST /jira/rest/api/2/issue/PAY-7/transitions {"fields":{"resolution":{"name":"Fixed"}},"transition":{"id":"5"}}`}, s.requests("POST"))
	all := s.requests("")
	require.True(t, strings.HasPrefix(all[0], "PUT "), "a closed ticket may not be editable: labels first")

	s = reopenable(t, `{"transitions":[{"id":"5","name":"Finish","to":{"statusCategory":{"key":"done"}}}]}`)
	s.on("POST issue/PAY-7/transitions", answer(400, `{"errors":{"resolution":"Resolution is required."}}`, 204, ""))
	_, err = adapter(t, s, Options{}).Edit(t.Context(), domain.Ticket{Ref: ref}, trackers.Edit{State: trackers.StateClosed, CloseReason: domain.NotPlanned})
	require.NoError(t, err)
	require.Contains(t, s.requests("POST")[1], `{"resolution":{"name":"Won't Do"}}`)
}

func TestWhatTheWorkflowAnswers(t *testing.T) {
	for status, want := range map[int]trackers.Class{400: trackers.Invalid, 401: trackers.Denied, 403: trackers.Denied, 404: trackers.NotFound, 409: trackers.Invalid, 500: trackers.Uncertain} {
		s := reopenable(t, workflow)
		s.on("POST issue/PAY-7/transitions", answer(status, `{"errorMessages":["no"]}`))
		_, err := adapter(t, s, Options{}).Edit(t.Context(), domain.Ticket{Ref: ref, Closed: true}, trackers.Edit{State: trackers.StateOpen})
		require.Equal(t, want, trackers.ClassOf(err), status)
	}
	s := reopenable(t, workflow)
	s.on("POST issue/PAY-7/transitions", answer(409, ``, 204, ``))
	_, err := adapter(t, s, Options{}).Edit(t.Context(), domain.Ticket{Ref: ref, Closed: true}, trackers.Edit{State: trackers.StateOpen})
	require.NoError(t, err, "a conflict made nothing happen and is tried once more")
}

func TestAnEditLeavesOutWhatIsRefused(t *testing.T) {
	s := reopenable(t, workflow)
	s.on("PUT issue/PAY-7", answer(400, `{"errors":{"duedate":"not on the screen"}}`, 204, ``))
	tr := adapter(t, s, Options{Flavor: DataCenter})
	title, due, who := "new", "2026-12-24", "alice"
	got, err := tr.Edit(t.Context(), domain.Ticket{Ref: ref}, trackers.Edit{Title: &title, Due: &due, Assignee: &who, Priority: "P0"})
	require.NoError(t, err)
	require.Equal(t, []string{"duedate: not on the screen"}, got.Refused)
	require.Equal(t, `PUT /jira/rest/api/2/issue/PAY-7 {"fields":{"assignee":{"name":"alice"},"priority":{"name":"Highest"},"summary":"new"}}`, s.requests("PUT")[1])

	s.on("PUT issue/PAY-7", answer(400, `{"errors":{"duedate":"not on the screen"}}`))
	_, err = tr.Edit(t.Context(), domain.Ticket{Ref: ref}, trackers.Edit{Due: &due})
	require.Equal(t, trackers.Invalid, trackers.ClassOf(err), "nothing else was asked")
}

func TestFindSpeaksBothSearches(t *testing.T) {
	d := strings.Replace(issueJSON("new", `,"description":"text\n\n`+markerLine(draft.Marker)+`","created":"`+time.Now().Format("2006-01-02T15:04:05.000-0700")+`","creator":{"accountId":"me","name":"me"}`), "\n", `\n`, 1)
	for flavor, path := range map[Flavor]string{Cloud: "search/jql", DataCenter: "search"} {
		for _, other := range []bool{false, true} {
			s := newScript(t)
			s.on("GET myself", answer(200, `{"accountId":"me","name":"me"}`))
			used := path
			if other { // the server speaks the other one
				used = map[string]string{"search/jql": "search", "search": "search/jql"}[path]
				s.on("GET "+path, answer(410, `{"errorMessages":["gone"]}`))
			}
			s.on("GET "+used, func(w http.ResponseWriter, r *http.Request) {
				q := r.URL.Query()
				if !strings.Contains(q.Get("jql"), `labels = "holdfast-`+draft.Marker.MAC[:20]+`"`) || q.Get("fields") == "" {
					_, _ = io.WriteString(w, `{"issues":[]}`)
					return
				}
				if used == "search/jql" && q.Get("nextPageToken") == "" {
					_, _ = io.WriteString(w, `{"issues":[],"nextPageToken":"two"}`)
					return
				}
				_, _ = io.WriteString(w, `{"issues":[`+d+`],"total":1,"startAt":0,"isLast":true}`)
			})
			tr := adapter(t, s, Options{Flavor: flavor})
			got, found, err := tr.Find(t.Context(), "PAY", draft.Marker, time.Now().Add(-time.Hour))
			require.NoError(t, err)
			require.True(t, found, "%s %v", flavor, other)
			require.Equal(t, ref, got.Ref)
			wrong := draft.Marker
			wrong.MAC = wrong.MAC[:20] + strings.Repeat("f", 44)
			_, found, err = tr.Find(t.Context(), "PAY", wrong, time.Time{})
			require.NoError(t, err)
			require.False(t, found, "the label is not the whole code")
		}
	}
}

func TestFindFallsBackToTheText(t *testing.T) {
	s := newScript(t)
	s.on("GET search/jql", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Query().Get("jql"), "description ~") {
			w.WriteHeader(400)
			return
		}
		_, _ = io.WriteString(w, `{"issues":[],"isLast":true}`)
	})
	_, found, err := adapter(t, s, Options{}).Find(t.Context(), "PAY", draft.Marker, time.Time{})
	require.NoError(t, err)
	require.False(t, found)
	require.Len(t, s.requests("GET /jira/rest/api/2/search"), 2)
	_, _, err = adapter(t, s, Options{}).Find(t.Context(), `PAY" OR project = "X`, draft.Marker, time.Time{})
	require.Equal(t, trackers.Invalid, trackers.ClassOf(err))
}

func TestWhoMayWrite(t *testing.T) {
	s := newScript(t)
	s.on("GET user/permission/search", answer(200, `[{"name":"bobby"},{"name":"bob"}]`, 200, `[{"name":"bobby"}]`, 403, `{}`, 404, ``))
	tr := adapter(t, s, Options{Flavor: DataCenter})
	for _, want := range []bool{true, false} {
		can, err := tr.CanWrite(t.Context(), ref, "bob")
		require.NoError(t, err)
		require.Equal(t, want, can)
	}
	_, err := tr.CanWrite(t.Context(), ref, "bob")
	require.Equal(t, trackers.Denied, trackers.ClassOf(err))
	can, err := tr.CanWrite(t.Context(), ref, "bob")
	require.NoError(t, err)
	require.False(t, can)
	require.Contains(t, s.requests("GET")[0], "permissions=EDIT_ISSUES&projectKey=PAY&username=bob")
}

func TestAuthentication(t *testing.T) {
	s := newScript(t)
	s.on("GET issue/PAY-7", answer(200, issueJSON("new", "")))
	_, err := adapter(t, s, Options{User: "bot@acme.example"}).Ticket(t.Context(), ref)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(s.auth, "Basic "))
	_, err = adapter(t, s, Options{Flavor: DataCenter}).Ticket(t.Context(), ref)
	require.NoError(t, err)
	require.Equal(t, "Bearer s3cret", s.auth)
}

func TestCheckSaysWhatToDo(t *testing.T) {
	s := newScript(t)
	s.on("GET myself", answer(200, `{"accountId":"me"}`))
	s.on("GET priority", answer(200, `[{"name":"Highest"},{"name":"High"},{"name":"Medium"},{"name":"Low"}]`))
	s.on("GET project/PAY", answer(200, `{"issueTypes":[{"id":"10001","name":"Task"}]}`))
	s.on("GET mypermissions", answer(200, `{"permissions":{"CREATE_ISSUES":{"havePermission":true},"TRANSITION_ISSUES":{"havePermission":false}}}`))
	s.on("GET issue/createmeta/PAY/issuetypes/10001", answer(200, `{"values":[{"fieldId":"summary","required":true},{"fieldId":"customfield_3","name":"Team","required":true}]}`))
	s.on("GET search/jql", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Query().Get("jql"), "!=") {
			_, _ = io.WriteString(w, `{"issues":[]}`)
			return
		}
		_, _ = io.WriteString(w, `{"issues":[`+issueJSON("done", "")+`]}`)
	})
	s.on("GET issue/PAY-7/transitions", answer(200, workflow))
	tr := adapter(t, s, Options{Projects: map[string]Project{"PAY": {ReopenTransition: "Reopen issue"}}})
	all := tr.Check(t.Context(), []string{"PAY", "NONE", "bad key"})
	got, _ := json.Marshal(all)
	for _, part := range []string{"works as me", "P4: Lowest", "lacks TRANSITION_ISSUES", "customfield_3 (Team)", "needs the fields customfield_9 (Why)", "no ticket to try it on", "cannot be listed", "Browse Projects", "no project key"} {
		require.Contains(t, string(got), part)
	}
	for _, f := range all {
		require.NotContains(t, f.Detail+f.Remedy, "s3cret")
		if !f.OK || f.Warning {
			require.NotEmpty(t, f.Remedy, f.Subject)
		}
	}
	for _, r := range s.requests("") {
		require.True(t, strings.HasPrefix(r, "GET "), "doctor changes nothing: %s", r)
	}
}

// The webhook that leads here is looked at: what it lacks is named, and only
// what Holdfast follows is asked for.
func TestCheckOfTheWebhook(t *testing.T) {
	for _, tc := range []struct{ hook, detail string }{
		{`"enabled":true,"events":["jira:issue_updated","comment_created"]`, "leads to https://holdfast.example/webhooks/jira"},
		{`"enabled":false,"events":["jira:issue_updated","comment_created"]`, "leads to https://holdfast.example/webhooks/jira, but it is switched off"},
		{`"enabled":true,"events":["jira:issue_updated"]`, "leads to https://holdfast.example/webhooks/jira, but it lacks comment_created"},
	} {
		s := newScript(t)
		s.routes["GET /jira/rest/webhooks/1.0/webhook"] = answer(200, `[{"url":"https://holdfast.example/webhooks/jira",`+tc.hook+`}]`)
		f := adapter(t, s, Options{}).checkHook(t.Context())
		require.Equal(t, tc.detail, f.Detail)
		require.NotContains(t, f.Remedy, "comment created, updated")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	_, err := New(Options{URL: "https://x"})
	require.Error(t, err)
	_, err = New(Options{Name: "j", URL: "acme.atlassian.net"})
	require.ErrorContains(t, err, "url of j")
	_, err = New(Options{Name: "j", URL: "https://x", Flavor: "server"})
	require.ErrorContains(t, err, "flavor of j")
}
