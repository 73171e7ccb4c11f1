package trackertest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

func harness(kind, target string) Harness {
	var ahead atomic.Int64
	f := NewFake("fake", kind, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
	f.SetAssignable("alice")
	f.SetWriter("bob")
	move := "acme/other"
	if kind == "jira" {
		move = "OTHER"
	}
	return Harness{
		Tracker: f, Target: target, Account: Account, Assignable: "alice", Unassignable: "ghost", Writer: "bob", Stranger: "mallory",
		Close: f.CloseBy, Reopen: f.ReopenBy, Comment: f.CommentBy, EditComment: f.EditCommentBy, Delete: f.DeleteBy,
		Open:               func(who, title, body string) domain.Ref { return f.OpenBy(target, who, title, body) },
		Move:               func(ref domain.Ref) domain.Ref { return f.MoveTo(ref, move) },
		Count:              func() int { return len(f.Tickets(target)) },
		Wait:               func(d time.Duration) { ahead.Add(int64(d)) },
		Code:               codeHooks(f),
		LoseTicketRequest:  func() { f.FailNext("Create", trackers.Uncertain) },
		LoseTicketAnswer:   func() { f.FailAfter("Create", trackers.Uncertain) },
		LoseCommentRequest: func() { f.FailNext("AddComment", trackers.Uncertain) },
		LoseCommentAnswer:  func() { f.FailAfter("AddComment", trackers.Uncertain) },
	}
}

// codeHooks fill the fake by hand: it keeps no repositories.
func codeHooks(f *Fake) *CodeHooks {
	const repo = "acme/code"
	n := 0
	var deployments = map[string]domain.Deployment{}
	pull := func(number int, change func(*trackers.Change)) trackers.Change {
		c, err := f.PullRequest(context.Background(), repo, number)
		if err != nil {
			panic(err)
		}
		change(&c)
		f.SetPullRequest(c)
		return c
	}
	return &CodeHooks{
		Repo: repo,
		OpenPull: func(who, title, body, branch string) int {
			n++
			f.SetPullRequest(trackers.Change{Body: body, Branch: branch, HeadRepo: repo, Trusted: true, Change: domain.Change{
				Repo: repo, PullRequest: n, Title: title, Author: who, Open: true, Base: "main", DefaultBase: true, OpenedAt: f.now()}})
			return n
		},
		MergePull: func(number int) string {
			return pull(number, func(c *trackers.Change) {
				c.Open, c.Merged, c.SHA, c.LandedAt = false, true, strings.Repeat("a", 39)+string(rune('0'+number)), f.now()
			}).SHA
		},
		ClosePull: func(number int) { pull(number, func(c *trackers.Change) { c.Open = false }) },
		Deploy: func(environment, sha, state string) string {
			n++
			id := strconv.Itoa(n)
			deployments[id] = domain.Deployment{ID: id, SHA: sha, Environment: environment, Status: domain.DeploymentStatus(state), FinishedAt: f.now()}
			f.SetDeployment(repo, deployments[id])
			return id
		},
		DeployMore: func(id, state string) {
			d := deployments[id]
			if d.Status != domain.Success {
				d.Status = domain.DeploymentStatus(state)
			}
			deployments[id] = d
			f.SetDeployment(repo, d)
		},
	}
}

func TestFakeKeepsTheContract(t *testing.T) {
	t.Run("github", func(t *testing.T) { Run(t, func(*testing.T) Harness { return harness("github", "acme/checkout") }) })
	t.Run("jira", func(t *testing.T) { Run(t, func(*testing.T) Harness { return harness("jira", "PAY") }) })
}

func TestFakeFailsOnDemand(t *testing.T) {
	f := NewFake("fake", "github", nil)
	ref := f.OpenBy("acme/x", "bob", "t", "b")
	f.FailNext("Ticket", trackers.Transient)
	_, err := f.Ticket(t.Context(), ref)
	require.Equal(t, trackers.Transient, trackers.ClassOf(err))
	_, err = f.Ticket(t.Context(), ref)
	require.NoError(t, err)

	f.FailAfter("Edit", trackers.Uncertain)
	_, err = f.Edit(t.Context(), f.Now(ref), trackers.Edit{State: trackers.StateClosed})
	require.Equal(t, trackers.Uncertain, trackers.ClassOf(err))
	require.True(t, f.Now(ref).Closed)

	f.RefuseReopening(true)
	_, err = f.Edit(t.Context(), f.Now(ref), trackers.Edit{State: trackers.StateOpen})
	require.Equal(t, trackers.Invalid, trackers.ClassOf(err))

	f.Down("", trackers.Transient)
	for range 3 {
		_, err = f.Ticket(t.Context(), ref)
		require.Error(t, err)
	}
	f.Up()
	_, err = f.Ticket(t.Context(), ref)
	require.NoError(t, err)
	require.Len(t, f.Calls("Edit"), 2)
}

// recorder notes failures instead of failing.
type recorder struct {
	testing.TB
	failed []string
}

func (r *recorder) Helper()                           {}
func (r *recorder) Errorf(format string, args ...any) { r.failed = append(r.failed, format) }
func (r *recorder) Log(...any)                        {}

func TestJudgeTellsGoodFromBad(t *testing.T) {
	if router, err := loadRouter(); err != nil || router == nil {
		t.Logf("GitHub's API description is not beside the project (%v): the judge cannot be tried", err)
		return
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = w.Write(b)
	}))
	defer s.Close()
	for name, tc := range map[string]struct {
		method, path, body string
		bad                bool
	}{
		"creation":               {"POST", "/repos/a/b/issues", `{"title":"x","labels":["P1"]}`, false},
		"creation below a base":  {"POST", "/api/v3/repos/a/b/issues", `{"title":"x"}`, false},
		"creation without title": {"POST", "/repos/a/b/issues", `{"labels":["P1"]}`, true},
		"labels as a string":     {"PATCH", "/repos/a/b/issues/1", `{"labels":"P1"}`, true},
		"wrong state":            {"PATCH", "/repos/a/b/issues/1", `{"state":"done"}`, true},
		"unknown path":           {"GET", "/repos/a/b/tickets", "", true},
		"unknown parameter":      {"GET", "/repos/a/b/issues?status=all", "", true},
		"wrong parameter":        {"GET", "/repos/a/b/issues?state=every", "", true},
		"list":                   {"GET", "/repos/a/b/issues?state=all&per_page=100&after=Y3Vyc29y", "", false},
		"reaction":               {"POST", "/repos/a/b/issues/comments/1/reactions", `{"content":"+1"}`, false},
		"unknown reaction":       {"POST", "/repos/a/b/issues/comments/1/reactions", `{"content":"great"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			rec := &recorder{TB: t}
			c := &http.Client{Transport: Judge(rec, nil)}
			req, err := http.NewRequestWithContext(context.Background(), tc.method, s.URL+tc.path, strings.NewReader(tc.body))
			require.NoError(t, err)
			if tc.body != "" {
				req.Header.Set("Content-Type", "application/json")
			}
			resp, err := c.Do(req)
			require.NoError(t, err)
			got, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			require.Equal(t, tc.body, string(got), "the body still arrives")
			require.Equal(t, tc.bad, len(rec.failed) > 0, rec.failed)
		})
	}
}

func TestJiraJudgeTellsGoodFromBad(t *testing.T) {
	calls, err := loadJira()
	require.NoError(t, err)
	if calls == nil {
		t.Log("Jira's API description is not beside the project: the judge cannot be tried")
		return
	}
	for request, bad := range map[string]bool{
		"GET /rest/api/2/issue/PAY-7?fields=summary":                             false,
		"GET /rest/api/2/issue/PAY-7?field=summary":                              true,
		"GET /rest/api/2/issues/PAY-7":                                           true,
		"GET /rest/api/2/search/jql?jql=x&fields=summary&nextPageToken=y":        false,
		"GET /rest/api/2/search/jql?jql=x&startAt=3":                             true,
		"POST /rest/api/2/issue {}":                                              false,
		"POST /rest/api/2/issue":                                                 true,
		"GET /rest/api/2/issue/PAY-7/transitions?expand=transitions.fields":      false,
		"DELETE /rest/api/2/issue/PAY-7/transitions":                             true,
		"GET /rest/api/2/user/permission/search?permissions=EDIT_ISSUES&query=x": false,
	} {
		rec := &recorder{TB: t}
		parts := strings.SplitN(request+" ", " ", 3)
		req, err := http.NewRequestWithContext(t.Context(), parts[0], "http://jira.example"+parts[1], strings.NewReader(strings.TrimSpace(parts[2])))
		require.NoError(t, err)
		ok := roundTripper(func(*http.Request) (*http.Response, error) { return &http.Response{}, nil })
		_, err = JudgeJira(rec, ok).RoundTrip(req)
		require.NoError(t, err)
		require.Equal(t, bad, len(rec.failed) > 0, request)
	}
}
