package github_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
	"github.com/holdfast-dev/holdfast/trackers/github"
	"github.com/holdfast-dev/holdfast/trackers/trackertest"
)

const repo = "acme/checkout"

// stand starts the stand-in GitHub and an adapter whose every request is
// judged by GitHub's own description.
func stand(t *testing.T, path string) (*sandbox.GitHub, *github.Tracker, *trackertest.Faults, *atomic.Int64) {
	t.Helper()
	var ahead atomic.Int64 // of the real time
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	g := sandbox.NewGitHub(sandbox.GitHubOptions{Options: sandbox.Options{Dir: t.TempDir(), Now: now}, Token: "s3cret", BotLogin: "holdfast-bot"})
	s := httptest.NewServer(g)
	t.Cleanup(func() { s.Close(); g.Close() })
	g.SetURL(s.URL)
	for _, who := range []string{"alice", "bob", "mallory"} {
		g.AddUser(who, "")
	}
	for _, r := range []string{repo, "acme/other"} {
		require.NoError(t, g.CreateRepo(r))
		g.SetPermission(r, "alice", "write")
		g.SetPermission(r, "bob", "admin")
		g.SetPermission(r, "mallory", "read")
	}
	next := &http.Transport{}
	t.Cleanup(next.CloseIdleConnections)
	faults := &trackertest.Faults{Next: next}
	tr, err := github.New(github.Options{Name: "github", APIURL: s.URL + path, Token: "s3cret", HTTPClient: &http.Client{Transport: trackertest.Judge(t, faults)}})
	require.NoError(t, err)
	return g, tr, faults, &ahead
}

func TestContract(t *testing.T) {
	for _, path := range []string{"", "/api/v3"} {
		t.Run("at "+path, func(t *testing.T) {
			trackertest.Run(t, func(t *testing.T) trackertest.Harness {
				g, tr, faults, ahead := stand(t, path)
				must := func(err error) { t.Helper(); require.NoError(t, err) }
				return trackertest.Harness{
					Tracker: tr, Target: repo, Account: "holdfast-bot", Assignable: "alice", Unassignable: "ghost", Writer: "bob", Stranger: "mallory",
					Close: func(ref domain.Ref, why domain.CloseReason) {
						must(g.CloseIssue(repo, ref.Number(), "bob", string(why)))
					},
					Reopen: func(ref domain.Ref) { must(g.ReopenIssue(repo, ref.Number(), "bob")) },
					Comment: func(ref domain.Ref, who, body string) string {
						n, err := g.CommentOn(repo, ref.Number(), who, body)
						must(err)
						return strconv.FormatInt(n, 10)
					},
					Delete: func(ref domain.Ref) { must(g.DeleteIssue(repo, ref.Number(), "bob")) },
					Open: func(who, title, body string) domain.Ref {
						n, err := g.OpenIssue(repo, who, title, body)
						must(err)
						return domain.GitHubRef("github", repo, n)
					},
					Move: func(ref domain.Ref) domain.Ref {
						n, err := g.TransferIssue(repo, ref.Number(), "bob", "acme/other")
						must(err)
						return domain.GitHubRef("github", "acme/other", n)
					},
					EditComment: func(_ domain.Ref, id, body string) {
						// An edit within the second of the writing leaves no trace.
						ahead.Add(int64(2 * time.Second))
						n, err := strconv.ParseInt(id, 10, 64)
						must(err)
						must(g.EditComment(repo, n, "bob", body))
					},
					Count:              func() int { return len(g.Issues(repo)) },
					Wait:               func(d time.Duration) { ahead.Add(int64(d)) },
					Code:               codeHooks(t, g),
					LoseTicketRequest:  func() { faults.LoseRequest(trackertest.IsPost("/issues")) },
					LoseTicketAnswer:   func() { faults.LoseAnswer(trackertest.IsPost("/issues")) },
					LoseCommentRequest: func() { faults.LoseRequest(trackertest.IsPost("/comments")) },
					LoseCommentAnswer:  func() { faults.LoseAnswer(trackertest.IsPost("/comments")) },
				}
			})
		})
	}
}

// codeHooks work in a repository without tickets, so that pull requests take
// no numbers from them.
func codeHooks(t *testing.T, g *sandbox.GitHub) *trackertest.CodeHooks {
	const code = "acme/other"
	must := func(err error) { t.Helper(); require.NoError(t, err) }
	return &trackertest.CodeHooks{
		Repo: code,
		OpenPull: func(who, title, body, branch string) int {
			n, err := g.OpenPull(code, sandbox.PullRequest{Actor: who, Branch: branch, Title: title, Body: body,
				Commits: []sandbox.Commit{{Message: title, Files: map[string]string{branch + ".txt": title}}}})
			must(err)
			return n
		},
		MergePull: func(n int) string {
			sha, err := g.MergePull(code, n, "bob", "squash")
			must(err)
			return sha
		},
		ClosePull: func(n int) { must(g.ClosePull(code, n, "bob")) },
		Deploy: func(environment, sha, state string) string {
			id, err := g.Deploy(code, environment, sha, state, "bob")
			must(err)
			return strconv.FormatInt(id, 10)
		},
		DeployMore: func(id, state string) {
			n, err := strconv.ParseInt(id, 10, 64)
			must(err)
			must(g.DeployStatus(code, n, state, "bob"))
		},
	}
}

func TestCallsAreFew(t *testing.T) {
	g, tr, _, _ := stand(t, "")
	h := trackertest.Harness{Target: repo}
	got, err := tr.Create(t.Context(), trackertest.Draft(h, 1))
	require.NoError(t, err)
	require.Len(t, g.Requests(), 1, "one call to file a ticket")
	require.True(t, strings.HasSuffix(got.Ticket.URL, "/acme/checkout/issues/1"))
}

func TestAQuietSweepIsFree(t *testing.T) {
	g, tr, _, ahead := stand(t, "")
	n, err := g.OpenIssue(repo, "bob", "a ticket", "")
	require.NoError(t, err)
	_, err = g.CommentOn(repo, n, "bob", "/holdfast status")
	require.NoError(t, err)
	k := codeHooks(t, g)
	k.Deploy("prod-eu", k.MergePull(k.OpenPull("bob", "Fix", "", "fix")), "success")
	long := time.Now().Add(-24 * time.Hour)
	marks := [3]time.Time{long, long, long}
	sweep := func() []sandbox.Request {
		before := len(g.Requests())
		got, err := tr.Changed(t.Context(), repo, marks[0])
		require.NoError(t, err)
		require.Len(t, got.Tickets, 1)
		require.Len(t, got.Comments, 1)
		marks[0] = got.Until
		pulls, until, err := tr.Landed(t.Context(), k.Repo, marks[1])
		require.NoError(t, err)
		require.Len(t, pulls, 1)
		marks[1] = until
		deployed, until, err := tr.Deployed(t.Context(), k.Repo, marks[2])
		require.NoError(t, err)
		require.Len(t, deployed, 1)
		marks[2] = until
		return g.Requests()[before:]
	}
	sweep()
	ahead.Add(int64(time.Hour))
	sweep()
	quiet := sweep()
	require.Len(t, quiet, 4)
	for _, r := range quiet {
		require.Equal(t, http.StatusNotModified, r.Status, r.Path)
	}
}
