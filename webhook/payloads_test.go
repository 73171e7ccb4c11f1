package webhook

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// payloads lists deliveries to read: those of GitHub's own collection where
// it lies beside the project, else our own.
func payloads(t testing.TB) []string {
	t.Helper()
	for _, dir := range []string{"../../shared/payloads/github", "testdata/github"} {
		if files, _ := filepath.Glob(filepath.Join(dir, "*.json")); len(files) > 0 {
			t.Logf("reading the %d deliveries of %s", len(files), dir)
			return files
		}
	}
	t.Fatal("no deliveries to read: testdata/github is missing")
	return nil
}

// TestReadsWhatGoGitHubReads holds the normaliser against the types of
// go-github, which reads every delivery in full.
func TestReadsWhatGoGitHubReads(t *testing.T) {
	f := start(t, func(o *Options) {
		o.Trackers[0].Repos = append(o.Trackers[0].Repos, "other/place")
	})
	kinds := map[domain.EventKind]int{}
	for _, file := range payloads(t) {
		name := filepath.Base(file)
		event, _, _ := strings.Cut(name, ".")
		body, err := os.ReadFile(file)
		require.NoError(t, err)
		parsed, err := github.ParseWebHook(event, body)
		require.NoError(t, err, name)
		r := f.github(event, name, string(body))
		require.Contains(t, []int{200, 202}, r.Status, name)
		events := f.take()
		if githubEvents[event] == nil {
			require.Equal(t, 200, r.Status, name)
		}
		if r.Status == 200 || strings.Contains(r.Body, `"ignored"`) {
			require.Empty(t, events, name)
			continue
		}
		require.Len(t, events, 1, name)
		ev := events[0]
		kinds[ev.Kind]++
		require.Equal(t, "github", ev.Tracker, name)
		require.False(t, ev.At.IsZero(), name)
		switch p := parsed.(type) {
		case *github.IssuesEvent:
			require.Equal(t, domain.EventTicket, ev.Kind, name)
			require.Equal(t, p.GetAction(), ev.Action, name)
			require.Equal(t, p.GetSender().GetLogin(), ev.Actor, name)
			require.Equal(t, p.GetIssue().GetNumber(), ev.Ticket.Number(), name)
			require.True(t, strings.EqualFold(p.GetRepo().GetFullName(), ev.Ticket.Project()), name)
			require.Equal(t, strconv.FormatInt(p.GetIssue().GetID(), 10), ev.Native, name)
			require.Equal(t, p.GetIssue().GetState() == "closed", *ev.Closed, name)
			_, err := domain.ParseRef(string(ev.Ticket))
			require.NoError(t, err, name)
		case *github.PullRequestEvent:
			pr := p.GetPullRequest()
			for _, c := range ev.Claims {
				require.Equal(t, pr.GetNumber(), c.Change.PullRequest, name)
				require.Equal(t, pr.GetBase().GetRef(), c.Change.Base, name)
				require.Equal(t, pr.GetMerged(), c.Change.SHA != "", name)
				require.Equal(t, pr.GetUser().GetLogin(), c.Change.Author, name)
			}
		case *github.PushEvent:
			if ev.Branch != "" {
				require.Equal(t, p.GetRef(), "refs/heads/"+ev.Branch, name)
			} else {
				require.Contains(t, p.GetRef(), "refs/tags/", name)
			}
			require.Equal(t, p.GetAfter(), ev.Head, name)
			require.Equal(t, p.GetRepo().GetDefaultBranch() == ev.Branch, ev.DefaultRef, name)
		case *github.DeploymentStatusEvent:
			require.NotEmpty(t, ev.Deployments, name)
			for _, d := range ev.Deployments {
				require.Equal(t, p.GetDeployment().GetSHA(), d.SHA, name)
				require.Equal(t, p.GetDeployment().GetEnvironment(), d.Environment, name)
				require.False(t, d.FinishedAt.IsZero(), name)
			}
		}
	}
	require.NotZero(t, kinds[domain.EventTicket])
	require.NotZero(t, kinds[domain.EventDeployment])
}
