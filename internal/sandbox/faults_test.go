package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const issuesPath = "/repos/acme/checkout/issues"

// try makes one request without any library that would repeat it.
func (s *site) try(t *testing.T, method, path, body string) (status int, head http.Header, text string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(s.ctx, method, s.url+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+botToken)
	req.Header.Set("Content-Type", "application/json")
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(b), err
}

func (s *site) rules(t *testing.T, rules ...FaultRule) {
	t.Helper()
	require.NoError(t, s.SetFaults(Faults{Seed: 1, Rules: rules}))
}

const newIssue = `{"title":"one"}`

func TestFaultsThatRefuse(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		name   string
		rule   FaultRule
		status int
		after  string // Retry-After
	}{
		{"limit without a time", FaultRule{Kind: FaultRateLimit}, 429, ""},
		{"limit with a time", FaultRule{Kind: FaultRateLimit, Params: FaultParams{RetryAfter: 7}}, 429, "7"},
		{"secondary limit as 403", FaultRule{Kind: FaultSecondaryLimit, Params: FaultParams{RetryAfter: 2}}, 403, "2"},
		{"secondary limit as 429", FaultRule{Kind: FaultSecondaryLimit, Params: FaultParams{Status: 429}}, 429, ""},
		{"error", FaultRule{Kind: FaultServerError, Params: FaultParams{Status: 503}}, 503, ""},
		{"expired token", FaultRule{Kind: FaultExpiredToken}, 401, ""},
		{"denied", FaultRule{Kind: FaultDenied}, 403, ""},
		{"outage", FaultRule{Kind: FaultOutage, Params: FaultParams{Status: 503}}, 503, ""},
		{"refused", FaultRule{Kind: FaultRefused}, 422, ""},
		{"not found", FaultRule{Kind: FaultNotFound, Match: FaultMatch{Target: "acme/checkout"}}, 404, ""},
		{"gone", FaultRule{Kind: FaultGone}, 410, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.rules(t, c.rule)
			status, head, text, err := s.try(t, "POST", issuesPath, newIssue)
			require.NoError(t, err)
			require.Equal(t, c.status, status)
			require.Equal(t, c.after, head.Get("Retry-After"))
			require.True(t, json.Valid([]byte(text)), text)
			require.Empty(t, s.Issues("acme/checkout"), "a refused request changes nothing")
		})
	}
}

func TestFaultsAroundTheWrite(t *testing.T) {
	for _, c := range []struct {
		kind FaultKind
		cut  bool
		made int
	}{{FaultDropBefore, true, 0}, {FaultDropAfter, true, 1}, {FaultLateError, false, 1}, {FaultOutage, true, 0}} {
		t.Run(string(c.kind), func(t *testing.T) {
			s := newSite(t)
			s.rules(t, FaultRule{Kind: c.kind, Match: FaultMatch{Method: "POST", Path: "/issues$"}})
			status, _, _, err := s.try(t, "POST", issuesPath, newIssue)
			if c.cut {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
				require.Equal(t, 502, status)
			}
			require.Len(t, s.Issues("acme/checkout"), c.made)
			status, _, _, err = s.try(t, "GET", issuesPath, "")
			require.NoError(t, err, "what does not match is served")
			require.Equal(t, 200, status)
		})
	}
}

func TestFaultsThatDelay(t *testing.T) {
	s := newSite(t)
	const d = 150 * time.Millisecond
	for _, kind := range []FaultKind{FaultLatency, FaultSlowBody} {
		s.rules(t, FaultRule{Kind: kind, Params: FaultParams{Delay: Duration(d)}})
		start := time.Now()
		status, _, text, err := s.try(t, "GET", issuesPath, "")
		require.NoError(t, err)
		require.Equal(t, 200, status)
		require.JSONEq(t, `[]`, text)
		require.GreaterOrEqual(t, time.Since(start), d)
	}
}

func TestFaultSchedule(t *testing.T) {
	s := newSite(t)
	statuses := func(n int) (out []int) {
		for range n {
			status, _, _, err := s.try(t, "GET", issuesPath, "")
			require.NoError(t, err)
			out = append(out, status)
		}
		return out
	}
	s.rules(t, FaultRule{Kind: FaultServerError, AfterN: 1, Count: 2})
	require.Equal(t, []int{200, 502, 502, 200, 200}, statuses(5))

	s.rules(t, FaultRule{Kind: FaultExpiredToken, Count: 1, Duration: Duration(time.Hour)})
	require.Equal(t, []int{401, 401, 401}, statuses(3), "a spell counts as one")

	s.rules(t, FaultRule{Kind: FaultDenied, Match: FaultMatch{Target: "acme/other"}})
	require.Equal(t, []int{200}, statuses(1), "another repository")

	s.rules(t, FaultRule{Kind: FaultServerError, Probability: 0.5})
	first := statuses(20)
	require.Contains(t, first, 200)
	require.Contains(t, first, 502)
	s.rules(t, FaultRule{Kind: FaultServerError, Probability: 0.5})
	require.Equal(t, first, statuses(20), "the seed decides")
	_, struck := s.Faults()
	require.Positive(t, struck[FaultServerError])

	require.ErrorContains(t, s.SetFaults(Faults{Rules: []FaultRule{{Kind: "meteor"}, {Kind: FaultHookLost, Match: FaultMatch{Path: "x"}}, {Kind: FaultLatency, Match: FaultMatch{Path: "("}}}}), "rule 3")
	require.Equal(t, 20, len(statuses(20)), "bad rules change nothing")
}

func TestFaultsOfWebhooks(t *testing.T) {
	open := func(s *site) {
		_, err := s.OpenIssue("acme/checkout", "alice", "one", "")
		require.NoError(t, err)
	}
	t.Run("lost", func(t *testing.T) {
		s := newSite(t)
		s.rules(t, FaultRule{Kind: FaultHookLost, Match: FaultMatch{Event: `^issues\.opened$`}, Count: 1})
		open(s)
		open(s)
		require.Equal(t, []string{"issues.opened"}, s.hooks(t))
		lost := s.Deliveries()[0]
		require.NotEmpty(t, lost.Err, "the log of deliveries shows it")
		require.NoError(t, s.Redeliver(lost.ID))
		require.Equal(t, []string{"issues.opened"}, s.hooks(t))
	})
	t.Run("duplicated", func(t *testing.T) {
		s := newSite(t)
		s.rules(t, FaultRule{Kind: FaultHookDuplicated})
		open(s)
		require.NoError(t, s.Flush(s.ctx))
		got := s.rec.take()
		require.Len(t, got, 2)
		require.Equal(t, got[0].guid, got[1].guid)
	})
	for _, c := range []FaultRule{{Kind: FaultHookLate, Params: FaultParams{Delay: Duration(100 * time.Millisecond)}}, {Kind: FaultHookReordered}} {
		t.Run(string(c.Kind), func(t *testing.T) {
			s := newSite(t)
			c.Count = 1
			s.rules(t, c)
			open(s)
			require.NoError(t, s.CloseIssue("acme/checkout", 1, "alice", ""))
			require.Equal(t, []string{"issues.closed", "issues.opened"}, s.hooks(t))
		})
	}
}

func TestFaultClock(t *testing.T) {
	s := newSite(t)
	s.rules(t, FaultRule{Kind: FaultClock, Params: FaultParams{Offset: Duration(-5 * time.Minute)}})
	_, err := s.OpenIssue("acme/checkout", "alice", "one", "")
	require.NoError(t, err)
	is, _ := s.Issue("acme/checkout", 1)
	require.WithinDuration(t, time.Now().Add(-5*time.Minute), is.CreatedAt, 3*time.Second)
	_, head, _, err := s.try(t, "GET", issuesPath, "")
	require.NoError(t, err)
	date, err := http.ParseTime(head.Get("Date"))
	require.NoError(t, err)
	require.WithinDuration(t, is.CreatedAt, date, 3*time.Second)
}

func TestJiraFaultsKnowTheProject(t *testing.T) {
	s := newJiraSite(t, flavorCloud)
	key, err := s.OpenIssue("PAY", "alice-id", "one", "")
	require.NoError(t, err)
	is, _ := s.Issue(key)
	require.NoError(t, s.SetFaults(Faults{Rules: []FaultRule{{Kind: FaultDenied, Match: FaultMatch{Target: "PAY"}}}}))
	call := func(method, path, body string) int {
		req, err := http.NewRequestWithContext(s.ctx, method, s.url+path, strings.NewReader(body))
		require.NoError(t, err)
		req.SetBasicAuth(jiraUser, jiraToken)
		req.Header.Set("Content-Type", "application/json")
		resp, err := s.http.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode
	}
	create := func(p string) string {
		return `{"fields":{"project":{"key":"` + p + `"},"summary":"two","issuetype":{"name":"Task"}}}`
	}
	require.Equal(t, 403, call("GET", "/rest/api/2/issue/"+key, ""))
	require.Equal(t, 403, call("GET", "/rest/api/2/issue/"+is.ID, ""))
	require.Equal(t, 403, call("POST", "/rest/api/2/issue", create("PAY")))
	require.Equal(t, 403, call("POST", "/rest/api/2/search/jql", `{"jql":"project = PAY","fields":["summary"]}`))
	require.Equal(t, 403, call("GET", "/rest/api/2/search/jql?jql=project%20%3D%20%22PAY%22", ""))
	require.Equal(t, 201, call("POST", "/rest/api/2/issue", create("OPS")))
}

func TestAdmin(t *testing.T) {
	s := newSite(t)
	ask := func(method, path, body string, change ...func(*http.Request)) (int, map[string]any) {
		r := httptest.NewRequest(method, "http://127.0.0.1:9001"+path, strings.NewReader(body))
		r.RemoteAddr = "127.0.0.1:5000"
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		for _, f := range change {
			f(r)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var out map[string]any
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out), w.Body.String())
		return w.Code, out
	}
	status, _ := ask("PUT", "/_sandbox/faults", `{"seed":3,"rules":[{"match":{"method":"POST","path":"/issues$"},"kind":"rate_limit","count":1,"duration":"2s","params":{"retry_after":1}}]}`)
	require.Equal(t, 200, status)
	f, _ := s.Faults()
	require.Equal(t, Duration(2*time.Second), f.Rules[0].Duration)
	status, out := ask("PUT", "/_sandbox/faults", `{"rules":[{"kind":"meteor"}]}`)
	require.Equal(t, 422, status)
	require.Contains(t, out["error"], "meteor")
	status, out = ask("PUT", "/_sandbox/faults", `{"rulez":[]}`)
	require.Equal(t, 400, status)
	require.Contains(t, out["error"], "seed rules rules.match rules.match.method")
	status, out = ask("PUT", "/_sandbox/faults", `{"rules":[{"kind":"latency"},{"kind":"clock"}]}`)
	require.Equal(t, 422, status)
	require.Contains(t, out["error"], "rule 1: latency does nothing without params.delay")
	require.Contains(t, out["error"], "rule 2: clock does nothing without params.offset")
	status, out = ask("POST", "/_sandbox/act", `{"do":"clos"}`)
	require.Equal(t, 422, status)
	require.Contains(t, out["error"], "there are open close")
	for _, do := range strings.Fields(gitHubActs) {
		_, out = ask("POST", "/_sandbox/act", `{"do":"`+do+`"}`)
		require.NotContains(t, fmt.Sprint(out["error"]), "no such act")
	}
	status, _ = ask("PUT", "/_sandbox/faults", `{"rules":[]}`)
	require.Equal(t, 200, status)

	status, out = ask("POST", "/_sandbox/act", `{"do":"open","repo":"acme/checkout","title":"one"}`)
	require.Equal(t, 200, status)
	require.EqualValues(t, 1, out["number"])
	for _, act := range []string{
		`{"do":"comment","repo":"acme/checkout","number":1,"text":"hello"}`,
		`{"do":"label","repo":"acme/checkout","number":1,"labels":["P1"]}`,
		`{"do":"open_pull","repo":"acme/checkout","branch":"fix","title":"Fix","text":"Fixes #1","message":"m","files":{"a":"b"}}`,
		`{"do":"merge","repo":"acme/checkout","number":2,"style":"squash"}`,
		`{"do":"deploy","repo":"acme/checkout","environment":"prod","sha":"main"}`,
	} {
		status, out = ask("POST", "/_sandbox/act", act)
		require.Equal(t, 200, status, "%s: %v", act, out)
	}
	status, _ = ask("POST", "/_sandbox/act", `{"do":"fly"}`)
	require.Equal(t, 422, status)

	status, out = ask("GET", "/_sandbox/state", "")
	require.Equal(t, 200, status)
	b, err := json.Marshal(out)
	require.NoError(t, err)
	for _, want := range []string{`"state":"closed"`, `"body":"hello"`, `"labels":["P1"]`, `"environment":"prod"`, `"states":["success"]`} {
		require.Contains(t, string(b), want)
	}
	require.NotContains(t, string(b), hookSecret)

	for name, change := range map[string]func(*http.Request){
		"from elsewhere": func(r *http.Request) { r.RemoteAddr = "192.0.2.7:5000" },
		"another name":   func(r *http.Request) { r.Host = "rebound.example" },
		"forwarded":      func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.7") },
	} {
		status, _ := ask("GET", "/_sandbox/state", "", change)
		require.Equal(t, 403, status, name)
	}
	status, _ = ask("POST", "/_sandbox/act", `{"do":"delete","repo":"acme/checkout","number":1}`, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") })
	require.Equal(t, 415, status)
	require.True(t, slices.ContainsFunc(s.Issues("acme/checkout"), func(i Issue) bool { return i.Number == 1 }))
}
