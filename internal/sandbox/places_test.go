package sandbox

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (s *site) status(t *testing.T, method, path, body string) int {
	t.Helper()
	status, _, _, err := s.try(t, method, path, body)
	require.NoError(t, err)
	return status
}

func TestAConvertedIssueAnswersAndTakesNoComment(t *testing.T) {
	s := newSite(t)
	n, err := s.OpenIssue("acme/checkout", "alice", "One", "")
	require.NoError(t, err)
	require.NoError(t, s.ConvertIssue("acme/checkout", n, "alice"))
	_, _, text, err := s.try(t, "GET", issuesPath+"/1", "")
	require.NoError(t, err)
	require.Contains(t, text, `"locked":true`)
	_, _, text, err = s.try(t, "GET", issuesPath+"/1/events", "")
	require.NoError(t, err)
	require.Contains(t, text, "converted_to_discussion")
	require.Equal(t, 403, s.status(t, "POST", issuesPath+"/1/comments", `{"body":"x"}`))
}

func TestALockedIssueTakesCommentsOfWritersAlone(t *testing.T) {
	s := newSite(t)
	_, err := s.OpenIssue("acme/checkout", "alice", "One", "")
	require.NoError(t, err)
	_, err = s.Act(Act{Do: "lock", Repo: "acme/checkout", Number: 1})
	require.NoError(t, err)
	require.Equal(t, 201, s.status(t, "POST", issuesPath+"/1/comments", `{"body":"x"}`))
	s.SetPermission("acme/checkout", s.opt.BotLogin, "triage")
	require.Equal(t, 403, s.status(t, "POST", issuesPath+"/1/comments", `{"body":"x"}`))
	_, err = s.Act(Act{Do: "unlock", Repo: "acme/checkout", Number: 1})
	require.NoError(t, err)
	require.Equal(t, 201, s.status(t, "POST", issuesPath+"/1/comments", `{"body":"x"}`))
}

func TestARepositoryGoesAndComesBack(t *testing.T) {
	s := newSite(t)
	_, err := s.OpenIssue("acme/checkout", "alice", "One", "")
	require.NoError(t, err)
	for _, step := range []struct {
		do        string
		get, post int
	}{{"archive", 200, 403}, {"unarchive", 200, 201}, {"delete_repo", 404, 404}, {"restore_repo", 200, 201}} {
		_, err := s.Act(Act{Do: step.do, Repo: "acme/checkout"})
		require.NoError(t, err)
		require.Equal(t, step.get, s.status(t, "GET", issuesPath+"/1", ""), step.do)
		require.Equal(t, step.post, s.status(t, "POST", issuesPath, newIssue), step.do)
	}
	_, err = s.Act(Act{Do: "restore_repo", Repo: "acme/checkout"})
	require.Error(t, err, "it is there")
}

func TestAFaultBeginsAfterItsTime(t *testing.T) {
	s := newSite(t)
	s.rules(t, FaultRule{Kind: FaultServerError, After: Duration(time.Hour)})
	require.Equal(t, http.StatusOK, s.status(t, "GET", issuesPath, ""))
	now := s.faults.now
	s.faults.now = func() time.Time { return now().Add(2 * time.Hour) }
	require.Equal(t, http.StatusBadGateway, s.status(t, "GET", issuesPath, ""))
}

func TestAJiraProjectAndItsWorkflow(t *testing.T) {
	j := NewJira(JiraOptions{User: "bot@acme.example", Token: "token", Projects: []string{"PAY"}})
	defer j.Close()
	key, err := j.OpenIssue("PAY", "account-alice", "One", "")
	require.NoError(t, err)
	require.NoError(t, j.TransitionIssue(key, "account-alice", "Done", ""))
	_, err = j.Act(Act{Do: "workflow", Name: "Reopen", State: "off"})
	require.NoError(t, err)
	require.Error(t, j.TransitionIssue(key, "account-alice", "Reopen", ""))
	_, err = j.Act(Act{Do: "workflow", Name: "Reopen", State: "on"})
	require.NoError(t, err)
	_, err = j.Act(Act{Do: "workflow", Name: "No such step"})
	require.Error(t, err)
	_, err = j.Act(Act{Do: "delete_project", Project: "PAY"})
	require.NoError(t, err)
	require.False(t, j.can("PAY", j.BotAccount(), "BROWSE_PROJECTS"))
	_, err = j.Act(Act{Do: "restore_project", Project: "PAY"})
	require.NoError(t, err)
	require.True(t, j.can("PAY", j.BotAccount(), "BROWSE_PROJECTS"))
	require.NoError(t, j.TransitionIssue(key, "account-alice", "Reopen", ""))
}
