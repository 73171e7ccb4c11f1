package sandbox

import (
	"errors"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
	"github.com/stretchr/testify/require"
)

// merge opens a pull request with one file for each message and merges it.
func (s *site) merge(t *testing.T, style, title, body string, messages ...string) (number int, sha string) {
	t.Helper()
	pr := PullRequest{Actor: "alice", Branch: "topic-" + style, Title: title, Body: body}
	for i, m := range messages {
		pr.Commits = append(pr.Commits, Commit{Message: m, Files: map[string]string{"file-" + style + string(rune('0'+i)): m}})
	}
	n, err := s.OpenPull("acme/checkout", pr)
	require.NoError(t, err)
	sha, err = s.MergePull("acme/checkout", n, "bob", style)
	require.NoError(t, err)
	return n, sha
}

func TestMergesCloseIssues(t *testing.T) {
	for _, tt := range []struct {
		style, title, body string
		messages           []string
		closed             bool
		commit             bool // the closing event names a commit
	}{
		{"merge", "t", "Fixes #1", []string{"one", "two"}, true, false},
		{"squash", "t", "closes: #1", []string{"one", "two"}, true, false},
		{"rebase", "t", "Resolves acme/checkout#1", []string{"one", "two"}, true, false},
		{"merge", "t", "", []string{"one", "two\n\nfixed #1"}, true, true},
		{"squash", "Fix #1", "", []string{"one"}, true, true},
		{"merge", "Fix #1", "", []string{"one"}, true, true},
		{"rebase", "Fix #1", "", []string{"one"}, false, false},
		{"merge", "t", "`Fixes #1` and see #1", []string{"one"}, false, false},
	} {
		t.Run(tt.style+" "+tt.title+" "+tt.body, func(t *testing.T) {
			s := newSite(t)
			_, err := s.OpenIssue("acme/checkout", "alice", "the item", "")
			require.NoError(t, err)
			s.hooks(t)
			n, sha := s.merge(t, tt.style, tt.title, tt.body, tt.messages...)
			want := []string{"create", "push", "pull_request.opened", "pull_request.closed", "push"}
			if tt.closed {
				want = append(want, "issues.closed")
			}
			require.NoError(t, s.Flush(s.ctx))
			deliveries := s.rec.take()
			var names []string
			for _, d := range deliveries {
				names = append(names, strings.TrimSuffix(d.event+"."+d.action, "."))
			}
			require.Equal(t, want, names)
			is, _ := s.Issue("acme/checkout", 1)
			require.Equal(t, tt.closed, is.State == "closed")
			last := is.Events[len(is.Events)-1]
			if tt.closed {
				require.Equal(t, "bob", is.ClosedBy, "whoever merged closed it")
				require.Equal(t, tt.commit, last.Commit != "")
			} else if tt.body != "" {
				require.Equal(t, "cross-referenced", last.Kind)
			}
			closed := deliveries[3].body["pull_request"].(map[string]any)
			require.Equal(t, sha, closed["merge_commit_sha"])
			require.Equal(t, true, closed["merged"])
			pushed := deliveries[4].body
			require.Equal(t, sha, pushed["after"])
			require.Equal(t, "refs/heads/main", pushed["ref"])
			commits := pushed["commits"].([]any)
			switch tt.style {
			case "merge":
				require.Len(t, commits, len(tt.messages)+1)
				require.Equal(t, false, commits[0].(map[string]any)["distinct"], "it came from the branch")
				require.Equal(t, true, commits[len(tt.messages)].(map[string]any)["distinct"])
			case "squash":
				require.Len(t, commits, 1)
			case "rebase":
				require.Len(t, commits, len(tt.messages))
				require.Equal(t, true, commits[0].(map[string]any)["distinct"])
			}

			c := s.client(t, botToken, "/")
			pr, _, err := c.PullRequests.Get(s.ctx, "acme", "checkout", n)
			require.NoError(t, err)
			require.True(t, pr.GetMerged())
			require.Equal(t, sha, pr.GetMergeCommitSHA())
			own, _, err := c.PullRequests.ListCommits(s.ctx, "acme", "checkout", n, nil)
			require.NoError(t, err)
			require.Len(t, own, len(tt.messages))
			files, _, err := c.PullRequests.ListFiles(s.ctx, "acme", "checkout", n, nil)
			require.NoError(t, err)
			require.Len(t, files, len(tt.messages))
			require.Equal(t, "added", files[0].GetStatus())
			with, _, err := c.PullRequests.ListPullRequestsWithCommit(s.ctx, "acme", "checkout", sha, nil)
			require.NoError(t, err)
			require.Len(t, with, 1)
			commit, _, err := c.Repositories.GetCommit(s.ctx, "acme", "checkout", sha, nil)
			require.NoError(t, err)
			require.NotEmpty(t, commit.Files)
			timeline, _, err := c.Issues.ListIssueTimeline(s.ctx, "acme", "checkout", 1, nil)
			require.NoError(t, err)
			if strings.Contains(tt.body, "1") {
				require.NotNil(t, timeline[0].Source.Issue.PullRequestLinks, "the pull request is named")
			}
		})
	}
}

func TestOtherBranchesCloseNothing(t *testing.T) {
	s := newSite(t)
	_, err := s.OpenIssue("acme/checkout", "alice", "the item", "")
	require.NoError(t, err)
	require.NoError(t, s.Branch("acme/checkout", "release/1", "main", "alice"))
	n, err := s.OpenPull("acme/checkout", PullRequest{
		Actor: "alice", Branch: "b", Base: "release/1", Title: "Fixes #1", Body: "Fixes #1",
		Commits: []Commit{{Message: "Fixes #1", Files: map[string]string{"a": "1"}}},
	})
	require.NoError(t, err)
	_, err = s.MergePull("acme/checkout", n, "alice", "squash")
	require.NoError(t, err)
	is, _ := s.Issue("acme/checkout", 1)
	require.Equal(t, "open", is.State)

	sha, err := s.Commit("acme/checkout", "main", "alice", "Direct\n\nFixes #1", map[string]string{"b": "1"})
	require.NoError(t, err)
	is, _ = s.Issue("acme/checkout", 1)
	require.Equal(t, "closed", is.State)
	require.Equal(t, sha, is.Events[len(is.Events)-1].Commit)
}

func TestAnUnmergedPullKeepsItsTestMerge(t *testing.T) {
	s := newSite(t)
	n, err := s.OpenPull("acme/checkout", PullRequest{Actor: "alice", Branch: "b", Title: "t", Commits: []Commit{{Message: "m", Files: map[string]string{"a": "1"}}}})
	require.NoError(t, err)
	before, _ := s.Issue("acme/checkout", n)
	_, err = s.Commit("acme/checkout", "b", "alice", "more", map[string]string{"a": "2"})
	require.NoError(t, err)
	after, _ := s.Issue("acme/checkout", n)
	require.NotEqual(t, before.HeadSHA, after.HeadSHA)
	require.NoError(t, s.ClosePull("acme/checkout", n, "alice"))
	require.Equal(t, []string{"create", "push", "pull_request.opened", "push", "pull_request.synchronize", "pull_request.closed"}, s.hooks(t))
	c := s.client(t, botToken, "/")
	pr, _, err := c.PullRequests.Get(s.ctx, "acme", "checkout", n)
	require.NoError(t, err)
	require.False(t, pr.GetMerged())
	require.NotEmpty(t, pr.GetMergeCommitSHA())
	require.Equal(t, "closed", pr.GetState())
	_, err = s.MergePull("acme/checkout", n, "alice", "merge")
	require.Error(t, err)
}

func TestRevertAndCherryPick(t *testing.T) {
	s := newSite(t)
	require.NoError(t, s.Branch("acme/checkout", "hotfix", "main", "alice"))
	_, squashed := s.merge(t, "squash", "first", "", "one")
	_, merged := s.merge(t, "merge", "second", "", "two")
	contents := func(branch string) string {
		out, err := s.repo("acme/checkout").git.run("ls-tree", "--name-only", branch)
		require.NoError(t, err)
		return strings.ReplaceAll(out, "\n", " ")
	}
	message := func(sha string) string {
		c, err := s.repo("acme/checkout").git.commit(sha)
		require.NoError(t, err)
		return c.message
	}
	require.Equal(t, "README.md file-merge0 file-squash0", contents("main"))
	picked, err := s.CherryPick("acme/checkout", "hotfix", squashed, "bob", true)
	require.NoError(t, err)
	require.Equal(t, "README.md file-squash0", contents("hotfix"))
	require.Contains(t, message(picked), "(cherry picked from commit "+squashed+")")
	undone, err := s.Revert("acme/checkout", "main", merged, "bob")
	require.NoError(t, err)
	require.Equal(t, "README.md file-squash0", contents("main"))
	require.Contains(t, message(undone), "This reverts commit "+merged+", reversing\nchanges made to ")
	undone, err = s.Revert("acme/checkout", "main", squashed, "bob")
	require.NoError(t, err)
	require.Equal(t, "README.md", contents("main"))
	require.Equal(t, "Revert \"first (#1)\"\n\nThis reverts commit "+squashed+".", message(undone))
	_, err = s.Revert("acme/checkout", "main", "main~1", "bob")
	require.Error(t, err, "only names and ids, no expressions")
}

func TestDeployments(t *testing.T) {
	s := newSite(t)
	sha, err := s.Commit("acme/checkout", "main", "alice", "m", map[string]string{"a": "1"})
	require.NoError(t, err)
	s.hooks(t)
	id, err := s.Deploy("acme/checkout", "prod-eu", sha, "success", "alice")
	require.NoError(t, err)
	_, err = s.Deploy("acme/checkout", "prod-eu", "main", "success", "alice")
	require.NoError(t, err)
	require.Equal(t, []string{"deployment.created", "deployment_status.created", "deployment.created", "deployment_status.created"}, s.hooks(t))
	c := s.client(t, botToken, "/")
	statuses, _, err := c.Repositories.ListDeploymentStatuses(s.ctx, "acme", "checkout", id, nil)
	require.NoError(t, err)
	require.Equal(t, "inactive", statuses[0].GetState(), "replaced, and no webhook told")
	require.NoError(t, s.DeployStatus("acme/checkout", id, "inactive", "alice"))
	require.Empty(t, s.hooks(t))

	d, _, err := c.Repositories.CreateDeployment(s.ctx, "acme", "checkout", &github.DeploymentRequest{Ref: github.String("main"), Environment: github.String("staging")})
	require.NoError(t, err)
	require.Equal(t, sha, d.GetSHA())
	_, _, err = c.Repositories.CreateDeploymentStatus(s.ctx, "acme", "checkout", d.GetID(), &github.DeploymentStatusRequest{State: github.String("success")})
	require.NoError(t, err)
	list, _, err := c.Repositories.ListDeployments(s.ctx, "acme", "checkout", &github.DeploymentsListOptions{Environment: "staging"})
	require.NoError(t, err)
	require.Len(t, list, 1)
	_, err = s.Deploy("acme/checkout", "prod-eu", strings.Repeat("0", 40), "success", "alice")
	require.Error(t, err)
}

func TestReadingTheRepository(t *testing.T) {
	s := newSite(t)
	base, err := s.Commit("acme/checkout", "main", "alice", "m", map[string]string{"docs/a b.md": "# A\n", "x": "1"})
	require.NoError(t, err)
	_, err = s.Commit("acme/checkout", "side", "bob", "side", map[string]string{"x": "2"})
	require.NoError(t, err)
	head, err := s.Commit("acme/checkout", "main", "alice", "m2", map[string]string{"y": "1"})
	require.NoError(t, err)
	require.NoError(t, s.Tag("acme/checkout", "v1.0.0", base, "alice"))
	c := s.client(t, botToken, "/")
	cmp, _, err := c.Repositories.CompareCommits(s.ctx, "acme", "checkout", "main", "side", nil)
	require.NoError(t, err)
	require.Equal(t, "diverged", cmp.GetStatus())
	require.Equal(t, []int{1, 1}, []int{cmp.GetAheadBy(), cmp.GetBehindBy()})
	require.Equal(t, base, cmp.MergeBaseCommit.GetSHA())
	branch, _, err := c.Repositories.GetBranch(s.ctx, "acme", "checkout", "main", 0)
	require.NoError(t, err)
	require.Equal(t, head, branch.GetCommit().GetSHA())
	require.Equal(t, "alice", branch.GetCommit().GetAuthor().GetLogin())
	ref, _, err := c.Git.GetRef(s.ctx, "acme", "checkout", "tags/v1.0.0")
	require.NoError(t, err)
	require.Equal(t, base, ref.GetObject().GetSHA())
	file, _, _, err := c.Repositories.GetContents(s.ctx, "acme", "checkout", "docs/a b.md", &github.RepositoryContentGetOptions{Ref: "main"})
	require.NoError(t, err)
	text, err := file.GetContent()
	require.NoError(t, err)
	require.Equal(t, "# A\n", text)
	_, dir, _, err := c.Repositories.GetContents(s.ctx, "acme", "checkout", "docs", nil)
	require.NoError(t, err)
	require.Len(t, dir, 1)
	tree, _, err := c.Git.GetTree(s.ctx, "acme", "checkout", "main", true)
	require.NoError(t, err)
	require.Len(t, tree.Entries, 5)
	commits, _, err := c.Repositories.ListCommits(s.ctx, "acme", "checkout", nil)
	require.NoError(t, err)
	require.Len(t, commits, 3)
	_, resp, err := c.Repositories.GetCommit(s.ctx, "acme", "checkout", strings.Repeat("1", 40), nil)
	require.Error(t, err)
	require.Equal(t, 422, resp.StatusCode)
}

// gitRun runs git as a user of the stand-in would.
func gitRun(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Env = gitEnv()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestCloneOverHTTP(t *testing.T) {
	s := newSite(t)
	_, sha := s.merge(t, "squash", "t", "", "one")
	remote := s.url + "/acme/checkout.git"
	out, err := gitRun(t, "clone", "--quiet", "--bare", remote, filepath.Join(t.TempDir(), "no"))
	require.Error(t, err, "no token, no repository: %s", out)
	authorised := strings.Replace(remote, "://", "://x-access-token:"+botToken+"@", 1)
	dir := filepath.Join(t.TempDir(), "mirror")
	out, err = gitRun(t, "clone", "--quiet", "--bare", "--filter=tree:0", authorised, dir)
	require.NoError(t, err, out)
	out, err = gitRun(t, "-C", dir, "cat-file", "--batch-check", "--batch-all-objects", "--unordered")
	require.NoError(t, err, out)
	require.NotContains(t, out, " tree ", "only commits came")
	out, err = gitRun(t, "-C", dir, "log", "--format=%H %an <%ae>", "-1", "main")
	require.NoError(t, err, out)
	require.Equal(t, sha+" alice <alice@acme.example>\n", out)

	// A bearer token works as well, and a new commit can be fetched by its id.
	made, err := s.Commit("acme/checkout", "main", "alice", "next", map[string]string{"n": "1"})
	require.NoError(t, err)
	out, err = gitRun(t, "-C", dir, "-c", "http.extraHeader=Authorization: Bearer "+aliceToken, "fetch", "--quiet", remote, made)
	require.NoError(t, err, out)
	out, err = gitRun(t, "-C", dir, "-c", "http.extraHeader=Authorization: Bearer mallory-token", "fetch", "--quiet", remote, made)
	require.Error(t, err, out)
	out, err = gitRun(t, "clone", "--quiet", "--bare", remote+"x", filepath.Join(t.TempDir(), "no"))
	require.Error(t, err, out)
}

func TestCommitsRefuseBadInput(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"../x", "/etc/x", "a\nb", `"q"`} {
		_, err := s.Commit("acme/checkout", "main", "alice", "m", map[string]string{name: "1"})
		require.Error(t, err, name)
	}
	for _, name := range []string{"acme", "../x/y", "acme/a b", "acme/x.git", "acme/checkout"} {
		require.Error(t, s.CreateRepo(name), name)
	}
	_, err := s.MergePull("acme/checkout", 1, "alice", "merge")
	require.Error(t, err)
	require.Error(t, s.CloseIssue("acme/nothing", 1, "alice", ""))
}

func TestConflictsAreErrors(t *testing.T) {
	s := newSite(t)
	n, err := s.OpenPull("acme/checkout", PullRequest{Actor: "alice", Branch: "b", Title: "t", Commits: []Commit{{Message: "m", Files: map[string]string{"README.md": "1\n"}}}})
	require.NoError(t, err)
	_, err = s.Commit("acme/checkout", "main", "bob", "m", map[string]string{"README.md": "2\n"})
	require.NoError(t, err)
	_, err = s.MergePull("acme/checkout", n, "alice", "squash")
	require.True(t, errors.Is(err, errConflict), "%v", err)
	is, _ := s.Issue("acme/checkout", n)
	require.Equal(t, "open", is.State)
}

func TestPagesForBrowsers(t *testing.T) {
	s := newSite(t)
	_, err := s.OpenIssue("acme/checkout", "alice", "<script>x</script>", "a & b")
	require.NoError(t, err)
	is, _ := s.Issue("acme/checkout", 1)
	resp, err := http.Get(is.URL)
	require.NoError(t, err)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	require.NotContains(t, string(page), "<script>")
	require.Contains(t, string(page), "&lt;script&gt;")
}
