package sandbox

import (
	"bytes"
	"crypto/hmac"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/stretchr/testify/require"
)

func TestIssuesThroughGoGitHub(t *testing.T) {
	for _, prefix := range []string{"/", "/api/v3/"} {
		t.Run(prefix, func(t *testing.T) {
			s := newSite(t)
			c := s.client(t, botToken, prefix)

			user, _, err := c.Users.Get(s.ctx, "")
			require.NoError(t, err)
			require.Equal(t, "holdfast-bot", user.GetLogin())
			repo, _, err := c.Repositories.Get(s.ctx, "acme", "checkout")
			require.NoError(t, err)
			require.Equal(t, "main", repo.GetDefaultBranch())
			require.Equal(t, s.url+"/acme/checkout.git", repo.GetCloneURL())

			is, resp, err := c.Issues.Create(s.ctx, "acme", "checkout", &github.IssueRequest{
				Title: github.String("Alert on queue depth"), Body: github.String("text <!-- m -->"),
				Labels: &[]string{"P1", "preventative"}, Assignees: &[]string{"alice"},
			})
			require.NoError(t, err)
			require.Equal(t, http.StatusCreated, resp.StatusCode)
			require.Equal(t, 1, is.GetNumber())
			require.Equal(t, "alice", is.GetAssignee().GetLogin())
			require.Equal(t, []string{"issues.opened", "issues.labeled", "issues.labeled", "issues.assigned"}, s.hooks(t))

			is, _, err = c.Issues.Edit(s.ctx, "acme", "checkout", 1, &github.IssueRequest{State: github.String("closed"), StateReason: github.String("not_planned")})
			require.NoError(t, err)
			require.Equal(t, "closed/not_planned", is.GetState()+"/"+is.GetStateReason())
			require.Equal(t, "holdfast-bot", is.GetClosedBy().GetLogin())
			is, _, err = c.Issues.Edit(s.ctx, "acme", "checkout", 1, &github.IssueRequest{State: github.String("open"), Labels: &[]string{"p1", "awaiting-deployment"}})
			require.NoError(t, err)
			require.Equal(t, "open/reopened", is.GetState()+"/"+is.GetStateReason())
			require.True(t, is.GetClosedAt().IsZero())
			require.Equal(t, []string{"issues.closed", "issues.unlabeled", "issues.labeled", "issues.reopened"}, s.hooks(t))
			got, _ := s.Issue("acme/checkout", 1)
			require.Equal(t, []string{"P1", "awaiting-deployment"}, got.Labels, "a label keeps the spelling it was made with")

			comment, _, err := c.Issues.CreateComment(s.ctx, "acme", "checkout", 1, &github.IssueComment{Body: github.String("hello")})
			require.NoError(t, err)
			_, _, err = c.Issues.EditComment(s.ctx, "acme", "checkout", comment.GetID(), &github.IssueComment{Body: github.String("hello again")})
			require.NoError(t, err)
			comment, _, err = c.Issues.GetComment(s.ctx, "acme", "checkout", comment.GetID())
			require.NoError(t, err)
			require.Equal(t, "hello again", comment.GetBody())
			_, resp, err = c.Reactions.CreateIssueCommentReaction(s.ctx, "acme", "checkout", comment.GetID(), "+1")
			require.NoError(t, err)
			require.Equal(t, http.StatusCreated, resp.StatusCode)
			_, resp, err = c.Reactions.CreateIssueCommentReaction(s.ctx, "acme", "checkout", comment.GetID(), "+1")
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, resp.StatusCode, "the same reaction twice is one")
			comments, _, err := c.Issues.ListComments(s.ctx, "acme", "checkout", 1, nil)
			require.NoError(t, err)
			require.Len(t, comments, 1)
			require.Equal(t, 1, comments[0].GetReactions().GetPlusOne())
			_, err = c.Issues.DeleteComment(s.ctx, "acme", "checkout", comment.GetID())
			require.NoError(t, err)
			require.Equal(t, []string{"issue_comment.created", "issue_comment.edited", "issue_comment.deleted"}, s.hooks(t))

			_, _, err = c.Issues.AddLabelsToIssue(s.ctx, "acme", "checkout", 1, []string{"a/b c"})
			require.NoError(t, err)
			_, err = c.Issues.RemoveLabelForIssue(s.ctx, "acme", "checkout", 1, "a/b c")
			require.NoError(t, err)
			resp, err = c.Issues.RemoveLabelForIssue(s.ctx, "acme", "checkout", 1, "never there")
			require.Error(t, err)
			require.Equal(t, http.StatusNotFound, resp.StatusCode)

			events, _, err := c.Issues.ListIssueEvents(s.ctx, "acme", "checkout", 1, nil)
			require.NoError(t, err)
			var kinds []string
			for _, e := range events {
				kinds = append(kinds, e.GetEvent())
			}
			require.Equal(t, []string{"labeled", "labeled", "assigned", "closed", "unlabeled", "labeled", "reopened", "labeled", "unlabeled"}, kinds)
			timeline, _, err := c.Issues.ListIssueTimeline(s.ctx, "acme", "checkout", 1, nil)
			require.NoError(t, err)
			require.Len(t, timeline, len(events))

			level, _, err := c.Repositories.GetPermissionLevel(s.ctx, "acme", "checkout", "alice")
			require.NoError(t, err)
			require.Equal(t, "write", level.GetPermission())
			level, _, err = c.Repositories.GetPermissionLevel(s.ctx, "acme", "checkout", "mallory")
			require.NoError(t, err)
			require.Equal(t, "none", level.GetPermission())
			ok, _, err := c.Issues.IsAssignee(s.ctx, "acme", "checkout", "mallory")
			require.NoError(t, err)
			require.False(t, ok)
		})
	}
}

func TestRefusals(t *testing.T) {
	s := newSite(t)
	c := s.client(t, botToken, "/")
	create := func(r github.IssueRequest) int {
		_, resp, err := c.Issues.Create(s.ctx, "acme", "checkout", &r)
		if err == nil {
			return 0
		}
		return resp.StatusCode
	}
	title := github.String("t")
	require.Equal(t, 422, create(github.IssueRequest{Title: title, Assignees: &[]string{"nobody-here"}}))
	require.Equal(t, 422, create(github.IssueRequest{Title: title, Assignees: &[]string{"mallory"}}), "a stranger can't be assigned")
	require.Equal(t, 422, create(github.IssueRequest{Title: title, Labels: &[]string{strings.Repeat("é", 51)}}))
	require.Equal(t, 422, create(github.IssueRequest{Title: title, Body: github.String(strings.Repeat("é", 65537))}))
	require.Equal(t, 422, create(github.IssueRequest{Title: github.String(" ")}))
	require.Empty(t, s.Issues("acme/checkout"), "a refused creation leaves nothing")
	require.Equal(t, 0, create(github.IssueRequest{Title: title, Labels: &[]string{strings.Repeat("é", 50)}, Body: github.String(strings.Repeat("é", 65536))}))

	status := func(method, path, token, body string) int {
		req, err := http.NewRequestWithContext(s.ctx, method, s.url+path, strings.NewReader(body))
		require.NoError(t, err)
		if token != "" {
			req.Header.Set("Authorization", "token "+token)
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		require.Contains(t, resp.Header.Get("Content-Type"), "application/json")
		require.NotEmpty(t, resp.Header.Get("X-RateLimit-Remaining"))
		return resp.StatusCode
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	require.Equal(t, 401, status("GET", "/user", "", ""))
	require.Equal(t, 401, status("GET", "/repos/acme/checkout", "wrong", ""))
	require.Equal(t, 401, status("POST", "/repos/acme/checkout/issues", "", `{"title":"x"}`))
	require.Equal(t, 404, status("GET", "/repos/acme/checkout", "", ""), "a private repository does not exist for strangers")
	require.Equal(t, 404, status("GET", "/repos/acme/checkout/issues/1", "mallory-token", ""))
	require.Equal(t, 400, status("POST", "/repos/acme/checkout/issues", botToken, `{"title":`))
	require.Equal(t, 422, status("POST", "/repos/acme/checkout/issues", botToken, `{"title":7}`))
	require.Equal(t, 404, status("POST", "/graphql", botToken, `{}`))
	require.Equal(t, 404, status("GET", "/repos/acme/checkout/hooks", aliceToken, ""), "webhooks are for administrators")
	require.Equal(t, 200, status("GET", "/repos/acme/checkout/hooks", botToken, ""))

	// A reader may open and close an issue of their own, and no other.
	s.AddUser("bob", "bob-token")
	require.Equal(t, 403, status("PATCH", "/repos/acme/checkout/issues/1", "bob-token", `{"state":"closed"}`))
	require.Equal(t, 201, status("POST", "/repos/acme/checkout/issues", "bob-token", `{"title":"mine","labels":["P0"]}`))
	require.Equal(t, 200, status("PATCH", "/repos/acme/checkout/issues/2", "bob-token", `{"state":"closed"}`))
	is, _ := s.Issue("acme/checkout", 2)
	require.Empty(t, is.Labels, "labels of a reader are dropped")
	require.Equal(t, "closed", is.State)

	s.SetPermission("acme/checkout", "holdfast-bot", "read")
	require.Equal(t, 403, status("POST", "/repos/acme/checkout/issues/1/labels", botToken, `["x"]`))
}

func TestDeletedAndTransferredIssues(t *testing.T) {
	s := newSite(t)
	require.NoError(t, s.CreateRepo("acme/other"))
	c := s.client(t, botToken, "/")
	for range 2 {
		_, err := s.OpenIssue("acme/checkout", "alice", "t", "b")
		require.NoError(t, err)
	}
	s.hooks(t)
	require.NoError(t, s.DeleteIssue("acme/checkout", 1, "alice"))
	_, resp, err := c.Issues.Get(s.ctx, "acme", "checkout", 1)
	require.Error(t, err)
	require.Equal(t, http.StatusGone, resp.StatusCode)

	n, err := s.TransferIssue("acme/checkout", 2, "alice", "acme/other")
	require.NoError(t, err)
	is, _, err := c.Issues.Get(s.ctx, "acme", "checkout", 2)
	require.NoError(t, err, "the client follows the redirect")
	require.Equal(t, n, is.GetNumber())
	require.Contains(t, is.GetURL(), "/repos/acme/other/issues/")
	require.Equal(t, []string{"issues.deleted", "issues.transferred", "issues.opened"}, s.hooks(t))
}

func TestPagesFiltersAndConditionalRequests(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	s := newSite(t, func(o *GitHubOptions) {
		o.Now = func() time.Time { return now }
		o.RateLimit = 12
		o.SearchLag = time.Minute
	})
	for i := range 45 {
		now = now.Add(time.Second)
		_, err := s.OpenIssue("acme/checkout", "alice", "t", "marker-"+string(rune('a'+i%26)))
		require.NoError(t, err)
	}
	require.NoError(t, s.CloseIssue("acme/checkout", 3, "alice", ""))
	c := s.client(t, botToken, "/")
	opt := &github.IssueListByRepoOptions{State: "all", ListOptions: github.ListOptions{PerPage: 20}}
	var numbers []int
	for {
		page, resp, err := c.Issues.ListByRepo(s.ctx, "acme", "checkout", opt)
		require.NoError(t, err)
		for _, is := range page {
			numbers = append(numbers, is.GetNumber())
		}
		if resp.NextPage == 0 {
			require.Empty(t, resp.After)
			break
		}
		require.NotEmpty(t, resp.After)
		opt.Page = resp.NextPage
	}
	require.Len(t, numbers, 45)
	require.Equal(t, 45, numbers[0], "newest first")
	require.Len(t, slices.Compact(slices.Clone(numbers)), 45)

	page, _, err := c.Issues.ListByRepo(s.ctx, "acme", "checkout", &github.IssueListByRepoOptions{State: "closed", Creator: "ALICE"})
	require.NoError(t, err)
	require.Len(t, page, 1)
	page, _, err = c.Issues.ListByRepo(s.ctx, "acme", "checkout", &github.IssueListByRepoOptions{State: "all", Since: now.Add(-2 * time.Second)})
	require.NoError(t, err)
	require.Len(t, page, 4, "three young ones and the one that was closed just now")

	found, _, err := c.Search.Issues(s.ctx, `repo:acme/checkout is:issue in:body "marker-a"`, nil)
	require.NoError(t, err)
	require.Zero(t, found.GetTotal(), "the search has not seen them yet")
	now = now.Add(2 * time.Minute)
	found, _, err = c.Search.Issues(s.ctx, `repo:acme/checkout is:issue in:body "marker-a"`, nil)
	require.NoError(t, err)
	require.Equal(t, 2, found.GetTotal())
	require.Contains(t, found.Issues[0].GetRepositoryURL(), "/repos/acme/checkout")

	// Conditional requests are free, others use the budget up.
	get := func(etag string) *http.Response {
		req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.url+"/repos/acme/checkout/issues/1", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+botToken)
		req.Header.Set("If-None-Match", etag)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		_ = resp.Body.Close()
		return resp
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	first := get("")
	require.Equal(t, 200, first.StatusCode)
	second := get(first.Header.Get("ETag"))
	require.Equal(t, 304, second.StatusCode)
	require.Equal(t, first.Header.Get("X-RateLimit-Remaining"), second.Header.Get("X-RateLimit-Remaining"))
	_, err = s.CommentOn("acme/checkout", 1, "alice", "x")
	require.NoError(t, err)
	require.Equal(t, 200, get(first.Header.Get("ETag")).StatusCode, "changed meanwhile")
	for range 12 {
		if _, _, err = c.Issues.Get(s.ctx, "acme", "checkout", 1); err != nil {
			break
		}
	}
	var limit *github.RateLimitError
	require.ErrorAs(t, err, &limit)
	require.Equal(t, 12, limit.Rate.Limit)
}

func TestWebhooksAreSigned(t *testing.T) {
	s := newSite(t)
	_, err := s.OpenIssue("acme/checkout", "alice", "t", "b")
	require.NoError(t, err)
	require.NoError(t, s.CloseIssue("acme/checkout", 1, "alice", ""))
	require.NoError(t, s.Flush(s.ctx))
	got := s.rec.take()
	require.Len(t, got, 2)
	for _, x := range got {
		req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, "/", bytes.NewReader(x.raw))
		require.NoError(t, err)
		req.Header = x.header
		body, err := github.ValidatePayload(req, []byte(hookSecret))
		require.NoError(t, err)
		require.True(t, hmac.Equal([]byte(x.header.Get("X-Hub-Signature-256")), []byte(signature(hookSecret, x.raw))))
		event, err := github.ParseWebHook(x.event, body)
		require.NoError(t, err)
		issues, ok := event.(*github.IssuesEvent)
		require.True(t, ok)
		require.Equal(t, "alice", issues.GetSender().GetLogin())
		require.Equal(t, "acme/checkout", issues.GetRepo().GetFullName())
	}
	require.Equal(t, "closed", got[1].action)

	// The list of deliveries, and sending one again under its GUID.
	c := s.client(t, botToken, "/")
	list, _, err := c.Repositories.ListHookDeliveries(s.ctx, "acme", "checkout", hookID, nil)
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, 202, list[0].GetStatusCode())
	one, _, err := c.Repositories.GetHookDelivery(s.ctx, "acme", "checkout", hookID, list[0].GetID())
	require.NoError(t, err)
	require.Equal(t, "issues", one.GetEvent())
	require.NoError(t, s.Redeliver(list[0].GetID()))
	require.NoError(t, s.Flush(s.ctx))
	again := s.rec.take()
	require.Len(t, again, 1)
	require.Equal(t, got[1].guid, again[0].guid)
	require.Equal(t, got[1].raw, again[0].raw)
	hooks, _, err := c.Repositories.ListHooks(s.ctx, "acme", "checkout", nil)
	require.NoError(t, err)
	require.Len(t, hooks, 1)
	require.NotContains(t, hooks[0].GetConfig().GetSecret(), hookSecret)
}

func TestDeliveriesSurviveABadReceiver(t *testing.T) {
	s := newSite(t)
	s.SetWebhook("http://127.0.0.1:1/", hookSecret)
	_, err := s.OpenIssue("acme/checkout", "alice", "t", "b")
	require.NoError(t, err)
	require.NoError(t, s.Flush(s.ctx))
	d := s.Deliveries()
	require.Len(t, d, 1)
	require.True(t, d[0].Sent)
	require.Zero(t, d[0].Status)
	require.NotEmpty(t, d[0].Err)
}

func TestManyAtOnce(t *testing.T) {
	s := newSite(t)
	c := s.client(t, botToken, "/")
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for k := range 5 {
				is, _, err := c.Issues.Create(s.ctx, "acme", "checkout", &github.IssueRequest{Title: github.String("t"), Labels: &[]string{"P1"}})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := s.CommentOn("acme/checkout", is.GetNumber(), "alice", "x"); err != nil {
					t.Error(err)
				}
				if _, err := s.Commit("acme/checkout", "main", "alice", fmt.Sprintf("Fixes #%d", is.GetNumber()), map[string]string{fmt.Sprint("f", i, k): "1"}); err != nil {
					t.Error(err)
				}
				if _, _, err := c.Issues.ListByRepo(s.ctx, "acme", "checkout", nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	list := s.Issues("acme/checkout")
	require.Len(t, list, 20)
	for _, is := range list {
		require.Equal(t, "closed", is.State)
		require.Len(t, is.Comments, 1)
	}
	require.NoError(t, s.Flush(s.ctx))
	require.Len(t, s.rec.take(), 20*5, "opened, labeled, commented, pushed, closed")
	require.Len(t, s.Requests(), 40)
}

func BenchmarkCloseAndReopen(b *testing.B) {
	g := NewGitHub(GitHubOptions{Options: Options{Dir: b.TempDir()}, Token: botToken})
	b.Cleanup(g.Close)
	require.NoError(b, g.CreateRepo("acme/checkout"))
	_, err := g.OpenIssue("acme/checkout", "alice", "t", "b")
	require.NoError(b, err)
	srv := httptest.NewServer(g)
	b.Cleanup(srv.Close)
	client := srv.Client()
	for i := 0; b.Loop(); i++ {
		state := []string{"closed", "open"}[i%2]
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPatch, srv.URL+"/repos/acme/checkout/issues/1", strings.NewReader(`{"state":"`+state+`"}`))
		require.NoError(b, err)
		req.Header.Set("Authorization", "Bearer "+botToken)
		resp, err := client.Do(req)
		require.NoError(b, err)
		_ = resp.Body.Close()
		require.Equal(b, 200, resp.StatusCode)
	}
}
