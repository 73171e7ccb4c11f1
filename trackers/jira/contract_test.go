package jira_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/jira"
	"github.com/holdfast-dev/holdfast/trackers/trackertest"
)

type stand struct {
	*sandbox.Jira
	tracker *jira.Tracker
	faults  *trackertest.Faults
	ahead   atomic.Int64 // of the real time
}

// begin starts the stand-in Jira and an adapter for it.
func begin(t *testing.T, flavor jira.Flavor, so sandbox.JiraOptions) *stand {
	t.Helper()
	st := &stand{}
	so.Options = sandbox.Options{Now: func() time.Time { return time.Now().Add(time.Duration(st.ahead.Load())) }}
	so.Flavor, so.User, so.Token, so.Projects = string(flavor), "bot@acme.example", "s3cret", []string{"PAY", "SHOP"}
	st.Jira = sandbox.NewJira(so)
	s := httptest.NewServer(st.Jira)
	t.Cleanup(func() { s.Close(); st.Jira.Close() })
	st.SetURL(s.URL)
	for _, who := range []string{"alice", "bob", "mallory"} {
		st.AddUser(who, who, who+"@acme.example")
	}
	for _, p := range so.Projects {
		st.SetPermission(p, "alice", "write")
		st.SetPermission(p, "bob", "admin")
		st.SetPermission(p, "mallory", "read")
	}
	next := &http.Transport{}
	t.Cleanup(next.CloseIdleConnections)
	st.faults = &trackertest.Faults{Next: next}
	o := jira.Options{Name: "jira", Flavor: flavor, URL: s.URL, Token: "s3cret", HTTPClient: &http.Client{Transport: trackertest.JudgeJira(t, st.faults)},
		Projects: map[string]jira.Project{"PAY": {ReopenFields: map[string]any{sandbox.ReopenField: "not shipped"}}}}
	if flavor == jira.Cloud {
		o.User = "bot@acme.example"
	}
	var err error
	st.tracker, err = jira.New(o)
	require.NoError(t, err)
	return st
}

func TestContract(t *testing.T) {
	for _, flavor := range []jira.Flavor{jira.Cloud, jira.DataCenter} {
		t.Run(string(flavor), func(t *testing.T) {
			trackertest.Run(t, func(t *testing.T) trackertest.Harness {
				st := begin(t, flavor, sandbox.JiraOptions{})
				must := func(err error) { t.Helper(); require.NoError(t, err) }
				resolution := map[domain.CloseReason]string{domain.Completed: "Done", domain.NotPlanned: "Won't Do", domain.Duplicate: "Duplicate"}
				return trackertest.Harness{
					Tracker: st.tracker, Target: "PAY", Account: st.BotAccount(), Assignable: "alice", Unassignable: "ghost", Writer: "bob", Stranger: "mallory",
					Close: func(ref domain.Ref, why domain.CloseReason) {
						must(st.TransitionIssue(ref.Key(), "bob", "Done", resolution[why]))
					},
					Reopen: func(ref domain.Ref) { must(st.TransitionIssue(ref.Key(), "bob", "Reopen", "")) },
					Comment: func(ref domain.Ref, who, body string) string {
						id, err := st.CommentOn(ref.Key(), who, body)
						must(err)
						return id
					},
					EditComment: func(_ domain.Ref, id, body string) {
						st.ahead.Add(int64(2 * time.Second))
						must(st.Jira.EditComment(id, "bob", body))
					},
					Delete: func(ref domain.Ref) { must(st.DeleteIssue(ref.Key(), "bob")) },
					Open: func(who, title, body string) domain.Ref {
						key, err := st.OpenIssue("PAY", who, title, body)
						must(err)
						return domain.JiraRef("jira", key)
					},
					Move: func(ref domain.Ref) domain.Ref {
						key, err := st.MoveIssue(ref.Key(), "SHOP", "bob")
						must(err)
						return domain.JiraRef("jira", key)
					},
					Count:              func() int { return len(st.Issues("PAY")) },
					Wait:               func(d time.Duration) { st.ahead.Add(int64(d)) },
					LoseTicketRequest:  func() { st.faults.LoseRequest(trackertest.IsPost("/issue")) },
					LoseTicketAnswer:   func() { st.faults.LoseAnswer(trackertest.IsPost("/issue")) },
					LoseCommentRequest: func() { st.faults.LoseRequest(trackertest.IsPost("/comment")) },
					LoseCommentAnswer:  func() { st.faults.LoseAnswer(trackertest.IsPost("/comment")) },
				}
			})
		})
	}
}

// TestAReopeningLeavesNoResolution goes the whole way: a required field on the
// way back, and a resolution that the workflow leaves behind.
func TestAReopeningLeavesNoResolution(t *testing.T) {
	st := begin(t, jira.Cloud, sandbox.JiraOptions{})
	got, err := st.tracker.Create(t.Context(), trackertest.Draft(trackertest.Harness{Target: "PAY"}, 1))
	require.NoError(t, err)
	key := got.Ticket.Ref.Key()
	require.NoError(t, st.TransitionIssue(key, "bob", "Done", "Done"))
	tk, err := st.tracker.Ticket(t.Context(), got.Ticket.Ref)
	require.NoError(t, err)
	before := len(st.Requests())
	tk, err = st.tracker.Edit(t.Context(), tk, trackers.Edit{State: trackers.StateOpen, AddLabels: []string{"awaiting-deployment"}})
	require.NoError(t, err)
	require.Empty(t, tk.Refused)
	is, ok := st.Issue(key)
	require.True(t, ok)
	require.Empty(t, is.Resolution)
	require.LessOrEqual(t, len(st.Requests())-before, 5)
}

func TestFieldsThatNoScreenHas(t *testing.T) {
	st := begin(t, jira.Cloud, sandbox.JiraOptions{OffScreen: []string{"duedate", "priority", "assignee", "labels"}})
	d := trackertest.Draft(trackertest.Harness{Target: "PAY"}, 1)
	d.Assignee = "alice"
	got, err := st.tracker.Create(t.Context(), d)
	require.NoError(t, err)
	require.Len(t, got.Refused, 4)
	tk, err := st.tracker.Ticket(t.Context(), got.Ticket.Ref)
	require.NoError(t, err)
	for _, f := range []string{"duedate 2026-12-01", "priority High", "assignee alice"} {
		require.Contains(t, tk.Body, f)
	}
	_, found, err := st.tracker.Find(t.Context(), "PAY", d.Marker, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.True(t, found, "found by its text, without the label")
}

func TestCheckAgainstTheStandIn(t *testing.T) {
	st := begin(t, jira.Cloud, sandbox.JiraOptions{Fields: []sandbox.JiraField{{ID: "customfield_10050", Name: "Team", Required: true}}})
	key, err := st.OpenIssue("PAY", "bob", "closed", "")
	require.NoError(t, err)
	require.NoError(t, st.TransitionIssue(key, "bob", "Done", "Done"))
	var all []string
	for _, f := range st.tracker.Check(t.Context(), []string{"PAY", "SHOP"}) {
		all = append(all, f.Subject+": "+f.Detail+" "+f.Remedy)
		if !f.OK || f.Warning {
			require.NotEmpty(t, f.Remedy)
		}
	}
	got := strings.Join(all, "\n")
	t.Log(got)
	require.Contains(t, got, `would take "Reopen"`)
	require.Contains(t, got, "customfield_10050 (Team)")
}
