package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	jira "github.com/andygrunwald/go-jira"
	"github.com/stretchr/testify/require"
	"github.com/trivago/tgo/tcontainer"
)

type jiraSite struct {
	*Jira
	url  string
	rec  *receiver
	http *http.Client
	ctx  context.Context
}

const (
	jiraUser  = "bot@acme.example"
	jiraToken = "jira-token"
)

func newJiraSite(t *testing.T, flavor string, change ...func(*JiraOptions)) *jiraSite {
	t.Helper()
	o := JiraOptions{Flavor: flavor, User: jiraUser, Token: jiraToken, Projects: []string{"PAY", "OPS"}}
	for _, f := range change {
		f(&o)
	}
	j := NewJira(o)
	srv := httptest.NewServer(j)
	j.SetURL(srv.URL)
	j.AddUser("alice-id", "Alice Example", "alice@acme.example")
	s := &jiraSite{Jira: j, url: srv.URL, rec: newReceiver(t), ctx: t.Context()}
	j.SetWebhook(s.rec.url, hookSecret)
	next := &http.Transport{}
	s.http = &http.Client{Transport: next}
	t.Cleanup(func() { next.CloseIdleConnections(); srv.Close(); j.Close() })
	return s
}

// client is the unmodified client with the credentials of the flavor.
func (s *jiraSite) client(t *testing.T) *jira.Client {
	t.Helper()
	var h *http.Client
	if s.cloud() {
		h = (&jira.BasicAuthTransport{Username: jiraUser, Password: jiraToken, Transport: s.http.Transport}).Client()
	} else {
		h = (&jira.BearerAuthTransport{Token: jiraToken, Transport: s.http.Transport}).Client()
	}
	c, err := jira.NewClient(h, s.url)
	require.NoError(t, err)
	return c
}

// call sends a raw request and returns status and decoded answer.
func (s *jiraSite) call(t *testing.T, method, path, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(s.ctx, method, s.url+path, strings.NewReader(body))
	require.NoError(t, err)
	if s.cloud() {
		req.SetBasicAuth(jiraUser, jiraToken)
	} else {
		req.Header.Set("Authorization", "Bearer "+jiraToken)
	}
	resp, err := s.http.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var out map[string]any
	if len(raw) > 0 && raw[0] == '{' {
		require.NoError(t, json.Unmarshal(raw, &out))
	}
	return resp.StatusCode, out
}

func (s *jiraSite) hooks(t *testing.T) []received {
	t.Helper()
	require.NoError(t, s.Flush(s.ctx))
	return s.rec.take()
}

func person4(flavor string) *jira.User {
	if flavor == flavorCloud {
		return &jira.User{AccountID: "alice-id"}
	}
	return &jira.User{Name: "alice-id"}
}

func TestIssuesThroughGoJira(t *testing.T) {
	for _, flavor := range []string{flavorCloud, flavorDataCenter} {
		t.Run(flavor, func(t *testing.T) {
			s := newJiraSite(t, flavor)
			c := s.client(t)
			me, _, err := c.User.GetSelfWithContext(s.ctx)
			require.NoError(t, err)
			require.Equal(t, s.BotAccount(), me.AccountID+me.Name)
			p, _, err := c.Project.GetWithContext(s.ctx, "PAY")
			require.NoError(t, err)
			require.Equal(t, "PAY", p.Key)

			made, resp, err := c.Issue.CreateWithContext(s.ctx, &jira.Issue{Fields: &jira.IssueFields{
				Project: jira.Project{Key: "PAY"}, Type: jira.IssueType{Name: "Task"}, Summary: "Alert on queue depth", Description: "text",
				Labels: []string{"P1", "holdfast-0123"}, Priority: &jira.Priority{Name: "High"}, Assignee: person4(flavor),
				Unknowns: tcontainer.MarshalMap{"duedate": "2026-12-01"},
			}})
			require.NoError(t, err)
			require.Equal(t, http.StatusCreated, resp.StatusCode)
			require.Equal(t, "PAY-1", made.Key)

			is, _, err := c.Issue.GetWithContext(s.ctx, "PAY-1", nil)
			require.NoError(t, err)
			require.Equal(t, made.ID, is.ID)
			require.Equal(t, "new", is.Fields.Status.StatusCategory.Key)
			require.Equal(t, "High", is.Fields.Priority.Name)
			require.Equal(t, "2026-12-01", time.Time(is.Fields.Duedate).Format(time.DateOnly))
			require.Equal(t, "Alice Example", is.Fields.Assignee.DisplayName)
			require.Nil(t, is.Fields.Resolution)

			// Done: the workflow fills the resolution in.
			list, _, err := c.Issue.GetTransitionsWithContext(s.ctx, "PAY-1")
			require.NoError(t, err)
			require.Len(t, list, 2)
			_, err = c.Issue.DoTransitionWithContext(s.ctx, "PAY-1", list[1].ID)
			require.NoError(t, err)
			is, _, err = c.Issue.GetWithContext(s.ctx, "PAY-1", &jira.GetQueryOptions{Fields: "status,resolution", Expand: "changelog"})
			require.NoError(t, err)
			require.Equal(t, "done", is.Fields.Status.StatusCategory.Key)
			require.Equal(t, "Done", is.Fields.Resolution.Name)
			require.Empty(t, is.Fields.Summary, "only what was asked for")
			require.Len(t, is.Changelog.Histories, 1)
			require.Len(t, is.Changelog.Histories[0].Items, 2)

			// Reopen: needs its reason, and leaves the resolution.
			list, _, err = c.Issue.GetTransitionsWithContext(s.ctx, "PAY-1")
			require.NoError(t, err)
			require.Equal(t, "Reopen", list[0].Name)
			require.True(t, list[0].Fields[ReopenField].Required)
			resp, err = c.Issue.DoTransitionWithContext(s.ctx, "PAY-1", list[0].ID)
			require.Error(t, err)
			require.Equal(t, http.StatusBadRequest, resp.StatusCode)
			resp, err = c.Issue.DoTransitionWithPayloadWithContext(s.ctx, "PAY-1", map[string]any{
				"transition": map[string]string{"id": list[0].ID}, "fields": map[string]any{ReopenField: "not in production", "summary": "no"},
			})
			require.Error(t, err, "summary is not on this screen")
			require.Equal(t, http.StatusBadRequest, resp.StatusCode)
			_, err = c.Issue.DoTransitionWithPayloadWithContext(s.ctx, "PAY-1", map[string]any{
				"transition": map[string]string{"id": list[0].ID}, "fields": map[string]any{ReopenField: "not in production"},
			})
			require.NoError(t, err)
			got, _ := s.Issue("PAY-1")
			require.False(t, got.Closed())
			require.Equal(t, "Done", got.Resolution, "it stays")
			require.Equal(t, "not in production", got.Custom[ReopenField])
			_, err = c.Issue.UpdateIssueWithContext(s.ctx, "PAY-1", map[string]any{"fields": map[string]any{"resolution": nil}})
			require.NoError(t, err)
			got, _ = s.Issue("PAY-1")
			require.Empty(t, got.Resolution)

			// Labels by steps, and comments.
			_, err = c.Issue.UpdateIssueWithContext(s.ctx, "PAY-1", map[string]any{"update": map[string]any{"labels": []any{
				map[string]string{"add": "awaiting-deployment"}, map[string]string{"remove": "P1"}, map[string]string{"remove": "never-there"},
			}}})
			require.NoError(t, err)
			got, _ = s.Issue("PAY-1")
			require.Equal(t, []string{"awaiting-deployment", "holdfast-0123"}, got.Labels)
			comment, _, err := c.Issue.AddCommentWithContext(s.ctx, "PAY-1", &jira.Comment{Body: "hello"})
			require.NoError(t, err)
			comment, _, err = c.Issue.UpdateCommentWithContext(s.ctx, "PAY-1", &jira.Comment{ID: comment.ID, Body: "hello again"})
			require.NoError(t, err)
			require.Equal(t, "hello again", comment.Body)
			got, _ = s.Issue("PAY-1")
			require.Equal(t, s.BotAccount(), got.Comments[0].Author)
			require.Equal(t, "hello again", got.Comments[0].Body)
		})
	}
}

func TestJiraRefusals(t *testing.T) {
	s := newJiraSite(t, flavorCloud, func(o *JiraOptions) {
		o.Fields = []JiraField{{ID: "customfield_10050", Name: "Team", Required: true, Choices: []string{"Payments", "Platform"}}}
		o.OffScreen = []string{"duedate"}
	})
	good := `"project":{"key":"PAY"},"issuetype":{"name":"Task"},"summary":"s","customfield_10050":{"value":"Payments"}`
	for _, tt := range []struct{ name, fields, refused string }{
		{"good", good, ""},
		{"unknown field", good + `,"storypoints":3`, "storypoints"},
		{"not on the screen", good + `,"resolution":{"name":"Done"}`, "resolution"},
		{"taken off the screen", good + `,"duedate":"2026-12-01"`, "duedate"},
		{"newline", good + `,"summary":"a\nb"`, "summary"},
		{"long summary", good + `,"summary":"` + strings.Repeat("é", 256) + `"`, "summary"},
		{"longest summary", good + `,"summary":"` + strings.Repeat("é", 255) + `"`, ""},
		{"space in a label", good + `,"labels":["a b"]`, "labels"},
		{"unknown priority", good + `,"priority":{"name":"Urgent"}`, "priority"},
		{"unknown person", good + `,"assignee":{"accountId":"nobody"}`, "assignee"},
		{"person without access", good + `,"assignee":{"accountId":"carol-id"}`, "assignee"},
		{"bad choice", good + `,"customfield_10050":{"value":"Other"}`, "customfield_10050"},
		{"missing field", `"project":{"key":"PAY"},"issuetype":{"name":"Task"},"summary":"s"`, "customfield_10050"},
		{"no summary", `"project":{"key":"PAY"},"issuetype":{"name":"Task"},"customfield_10050":{"value":"Payments"}`, "summary"},
		{"no project", `"project":{"key":"NOPE"},"summary":"s"`, "project"},
		{"bad type", `"project":{"key":"PAY"},"issuetype":{"name":"Saga"},"summary":"s"`, "issuetype"},
		{"long text", good + `,"description":"` + strings.Repeat("x", 32768) + `"`, "description"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.AddUser("carol-id", "Carol", "carol@acme.example")
			s.SetPermission("PAY", "carol-id", "none")
			before := len(s.Issues("PAY"))
			status, body := s.call(t, "POST", "/rest/api/2/issue", `{"fields":{`+tt.fields+`}}`)
			if tt.refused == "" {
				require.Equal(t, 201, status, body)
				require.Len(t, s.Issues("PAY"), before+1)
				return
			}
			require.Equal(t, 400, status)
			require.Contains(t, body["errors"], tt.refused)
			require.Len(t, s.Issues("PAY"), before, "nothing half made")
		})
	}
	status, _ := s.call(t, "POST", "/rest/api/2/issue", `{"fields":`)
	require.Equal(t, 400, status)
	status, _ = s.call(t, "POST", "/rest/api/2/issue/PAY-1/transitions", `{"transition":{"id":21}}`)
	require.Equal(t, 400, status, "an id that is no text")
	status, _ = s.call(t, "POST", "/rest/api/2/issue/PAY-1/transitions", `{"transition":{"id":"31"}}`)
	require.Equal(t, 400, status, "an edge of another status")
	status, _ = s.call(t, "GET", "/rest/api/2/issue/PAY-999", "")
	require.Equal(t, 404, status)
	status, body := s.call(t, "GET", "/rest/api/2/issue/createmeta/PAY/issuetypes", "")
	require.Equal(t, 200, status)
	id := body["issueTypes"].([]any)[0].(map[string]any)["id"].(string)
	status, body = s.call(t, "GET", "/rest/api/2/issue/createmeta/PAY/issuetypes/"+id, "")
	require.Equal(t, 200, status)
	var required, all []string
	for _, f := range body["fields"].([]any) {
		field := f.(map[string]any)
		all = append(all, field["fieldId"].(string))
		if field["required"] == true {
			required = append(required, field["fieldId"].(string))
		}
	}
	require.Equal(t, []string{"project", "issuetype", "summary", "customfield_10050"}, required)
	require.NotContains(t, all, "duedate")

	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.url+"/rest/api/2/myself", nil)
	require.NoError(t, err)
	for _, set := range []func(){func() {}, func() { req.SetBasicAuth(jiraUser, "wrong") }, func() { req.Header.Set("Authorization", "Bearer "+jiraToken) }} {
		set()
		resp, err := s.http.Do(req)
		require.NoError(t, err)
		_ = resp.Body.Close()
		require.Equal(t, 401, resp.StatusCode)
	}

	s.SetPermission("PAY", s.BotAccount(), "read")
	status, _ = s.call(t, "PUT", "/rest/api/2/issue/PAY-1", `{"fields":{"summary":"x"}}`)
	require.Equal(t, 403, status)
	s.SetPermission("PAY", s.BotAccount(), "none")
	status, _ = s.call(t, "GET", "/rest/api/2/issue/PAY-1", "")
	require.Equal(t, 404, status)
}

func TestSearchOfBothFlavors(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	clock := func(o *JiraOptions) { o.Now = func() time.Time { return now } }
	fill := func(s *jiraSite) {
		for i := range 7 {
			key, err := s.OpenIssue("PAY", "alice-id", fmt.Sprintf("issue %d", i), "")
			require.NoError(t, err)
			s.mu.Lock()
			s.find(key).labels = []string{"holdfast-abc"}
			s.mu.Unlock()
			now = now.Add(time.Minute)
		}
	}
	t.Run(flavorCloud, func(t *testing.T) {
		s := newJiraSite(t, flavorCloud, clock, func(o *JiraOptions) { o.SearchLag = 30 * time.Second })
		fill(s)
		c := s.client(t)
		_, resp, err := c.Issue.SearchWithContext(s.ctx, "project = PAY", nil)
		require.Error(t, err)
		require.Equal(t, http.StatusGone, resp.StatusCode)

		var keys []string
		token := ""
		for {
			status, body := s.call(t, "GET", `/rest/api/3/search/jql?maxResults=3&fields=summary&jql=labels+%3D+%22holdfast-abc%22+ORDER+BY+created+ASC&nextPageToken=`+token, "")
			require.Equal(t, 200, status, body)
			for _, x := range body["issues"].([]any) {
				keys = append(keys, x.(map[string]any)["key"].(string))
			}
			next, more := body["nextPageToken"].(string)
			require.Equal(t, !more, body["isLast"])
			if !more {
				break
			}
			token = next
		}
		require.Equal(t, []string{"PAY-1", "PAY-2", "PAY-3", "PAY-4", "PAY-5", "PAY-6", "PAY-7"}, keys)
		status, _ := s.call(t, "GET", "/rest/api/3/search/jql?jql=project+%3D+PAY&nextPageToken="+token, "")
		require.Equal(t, 400, status, "a token belongs to its query")
		status, _ = s.call(t, "GET", "/rest/api/3/search/jql?jql=ORDER+BY+created", "")
		require.Equal(t, 400, status, "unbounded")

		found, _, err := c.Issue.SearchV2JQLWithContext(s.ctx, `labels = "holdfast-abc"`, nil)
		require.NoError(t, err)
		require.Len(t, found, 7)
		require.NotEmpty(t, found[0].ID)
		require.Empty(t, found[0].Key, "ids alone unless fields are named")
		found, _, err = c.Issue.SearchV2JQLWithContext(s.ctx, `labels = "holdfast-abc"`, &jira.SearchOptionsV2{Fields: []string{"summary"}, MaxResults: 1})
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, "issue 6", found[0].Fields.Summary)

		_, err = s.OpenIssue("PAY", "alice-id", "young", "")
		require.NoError(t, err)
		found, _, err = c.Issue.SearchV2JQLWithContext(s.ctx, `text ~ "young"`, nil)
		require.NoError(t, err)
		require.Empty(t, found, "the index lags")
		now = now.Add(time.Minute)
		found, _, err = c.Issue.SearchV2JQLWithContext(s.ctx, `text ~ "young"`, nil)
		require.NoError(t, err)
		require.Len(t, found, 1)
	})
	t.Run(flavorDataCenter, func(t *testing.T) {
		s := newJiraSite(t, flavorDataCenter, clock)
		fill(s)
		c := s.client(t)
		_, resp, err := c.Issue.SearchV2JQLWithContext(s.ctx, "project = PAY", nil)
		require.Error(t, err)
		require.Equal(t, http.StatusNotFound, resp.StatusCode)
		status, _ := s.call(t, "GET", "/rest/api/3/myself", "")
		require.Equal(t, 404, status, "no version 3")
		found, resp, err := c.Issue.SearchWithContext(s.ctx, `project = PAY ORDER BY key ASC`, &jira.SearchOptions{StartAt: 5, MaxResults: 5})
		require.NoError(t, err)
		require.Equal(t, 7, resp.Total)
		require.Len(t, found, 2)
		require.Equal(t, "PAY-6", found[0].Key)
	})
}

func TestJQL(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	s := newJiraSite(t, flavorCloud, func(o *JiraOptions) { o.Now = func() time.Time { return now } })
	_, err := s.OpenIssue("PAY", "alice-id", "Queue depth", "holdfast item 2026-11-db/3 mac abcdef")
	require.NoError(t, err)
	now = now.Add(time.Hour)
	_, err = s.OpenIssue("OPS", "alice-id", "Runbook (draft)", `he said "stop"`)
	require.NoError(t, err)
	require.NoError(t, s.TransitionIssue("OPS-1", "alice-id", "Done", "Won't Do"))
	require.NoError(t, s.Assign("OPS-1", "alice-id", "alice-id"))
	for _, tt := range []struct{ jql, want string }{
		{`project = PAY`, "PAY-1"},
		{`project in (PAY, "OPS") ORDER BY key`, "OPS-1 PAY-1"},
		{`key = pay-1`, "PAY-1"},
		{`description ~ "\"holdfast item 2026-11-db/3\""`, "PAY-1"},
		{`text ~ "STOP"`, "OPS-1"},
		{`text ~ "stops"`, ""},
		{`summary ~ 'runbook draft' AND NOT project = PAY`, "OPS-1"},
		{fmt.Sprintf(`updated >= %d`, now.UnixMilli()), "OPS-1"},
		{fmt.Sprintf(`updated >= %d AND project = PAY`, now.UnixMilli()), ""},
		{`created < "2026-11-21 10:00"`, "PAY-1"},
		{`updated >= -30m`, "OPS-1"},
		{`statusCategory = Done`, "OPS-1"},
		{`statusCategory != Done`, "PAY-1"},
		{`resolution is EMPTY`, "PAY-1"},
		{`resolution = "Won't Do" AND assignee is not empty`, "OPS-1"},
		{`assignee != "someone"`, "OPS-1"},
		{`(project = PAY OR project = OPS) AND reporter = alice-id ORDER BY created DESC, key`, "OPS-1 PAY-1"},
		{`labels not in (x, y)`, ""},
	} {
		s.mu.Lock()
		c := &jcall{Jira: s.Jira}
		_, found, a := c.run(searchBody{JQL: tt.jql})
		s.mu.Unlock()
		require.Zero(t, a.status, "%s: %v", tt.jql, a.body)
		var keys []string
		for _, is := range found {
			keys = append(keys, is.key)
		}
		require.Equal(t, tt.want, strings.Join(keys, " "), tt.jql)
	}
	for _, bad := range []string{
		`project = NOPE`, `key = PAY-99`, `colour = red`, `project =`, `project = PAY AND`, `(project = PAY`, `project = PAY) `, `labels ~ x`,
		`text = x`, `updated >= yesterday`, `project ! PAY`, `project = PAY ORDER`, `order by`, `project = now()`, `project "PAY"`,
	} {
		_, err := s.parseJQL(bad)
		require.Error(t, err, bad)
	}
}

func FuzzJQL(f *testing.F) {
	for _, q := range []string{`project = PAY`, `labels in (a,"b c") ORDER BY key DESC`, `not (a ~ 'x' or b is not empty)`, `updated >= -5m`} {
		f.Add(q)
	}
	j := NewJira(JiraOptions{User: jiraUser, Token: jiraToken, Projects: []string{"PAY"}})
	f.Cleanup(j.Close)
	if _, err := j.OpenIssue("PAY", "a", "s", "d"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, q string) {
		j.mu.Lock()
		defer j.mu.Unlock()
		(&jcall{Jira: j}).run(searchBody{JQL: q})
	})
}

func TestJiraWebhooks(t *testing.T) {
	for _, flavor := range []string{flavorCloud, flavorDataCenter} {
		t.Run(flavor, func(t *testing.T) {
			s := newJiraSite(t, flavor)
			key, err := s.OpenIssue("PAY", "alice-id", "s", "d")
			require.NoError(t, err)
			require.NoError(t, s.TransitionIssue(key, "alice-id", "Done", ""))
			require.Error(t, s.TransitionIssue(key, "alice-id", "Done", ""), "no such step from Done")
			require.NoError(t, s.TransitionIssue(key, "alice-id", "Reopen", "none"))
			id, err := s.CommentOn(key, "alice-id", "/holdfast status")
			require.NoError(t, err)
			require.NoError(t, s.EditComment(id, "alice-id", "edited"))
			moved, err := s.MoveIssue(key, "OPS", "alice-id")
			require.NoError(t, err)
			require.NoError(t, s.DeleteIssue(moved, "alice-id"))
			got := s.hooks(t)
			var names []string
			for _, x := range got {
				names = append(names, x.event)
				if flavor == flavorCloud {
					require.Equal(t, signature(hookSecret, x.raw), x.header.Get("X-Hub-Signature"))
					require.Empty(t, x.query)
				} else {
					require.Empty(t, x.header.Get("X-Hub-Signature"))
					require.Equal(t, hookSecret, x.query.Get("secret"))
				}
				require.NotEmpty(t, x.header.Get("X-Atlassian-Webhook-Identifier"))
				require.NotEmpty(t, x.body["timestamp"])
			}
			want := []string{"jira:issue_created", "jira:issue_updated", "jira:issue_updated", "comment_created", "comment_updated", "jira:issue_updated", "jira:issue_deleted"}
			if flavor == flavorDataCenter {
				want = append(want[:4:4], append([]string{"jira:issue_updated"}, want[4:]...)...)
			}
			require.Equal(t, want, names)
			items := func(x received) string {
				var out []string
				for _, it := range x.body["changelog"].(map[string]any)["items"].([]any) {
					m := it.(map[string]any)
					out = append(out, fmt.Sprintf("%s:%v>%v", m["field"], m["fromString"], m["toString"]))
				}
				return strings.Join(out, " ")
			}
			require.Equal(t, "status:To Do>Done resolution:<nil>>Done", items(got[1]))
			require.Equal(t, "status:Done>To Do resolution:Done><nil> Reopen reason:<nil>>reopened by alice-id", items(got[2]))
			require.Equal(t, "project:PAY>OPS Key:PAY-1>OPS-1", items(got[len(got)-2]))
			require.Nil(t, got[3].body["user"])
			require.Equal(t, key, got[3].body["issue"].(map[string]any)["key"])
			_, ok := s.Issue(moved)
			require.False(t, ok)
			require.NoError(t, s.Redeliver(s.Deliveries()[0].ID))
			again := s.hooks(t)
			require.Len(t, again, 1)
			require.True(t, bytes.Equal(got[0].raw, again[0].raw))
			require.Equal(t, got[0].header.Get("X-Atlassian-Webhook-Identifier"), again[0].header.Get("X-Atlassian-Webhook-Identifier"))
		})
	}
}

func TestMovedIssuesAnswerToTheirOldKey(t *testing.T) {
	s := newJiraSite(t, flavorCloud)
	key, err := s.OpenIssue("PAY", "alice-id", "s", "d")
	require.NoError(t, err)
	_, err = s.MoveIssue(key, "OPS", "alice-id")
	require.NoError(t, err)
	is, _, err := s.client(t).Issue.GetWithContext(s.ctx, key, nil)
	require.NoError(t, err)
	require.Equal(t, "OPS-1", is.Key)
}

func TestPeopleAndPermissions(t *testing.T) {
	s := newJiraSite(t, flavorCloud)
	s.AddUser("carol-id", "Carol Example", "carol@acme.example")
	s.SetPermission("PAY", "carol-id", "read")
	count := func(path string) int {
		req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.url+path, nil)
		require.NoError(t, err)
		req.SetBasicAuth(jiraUser, jiraToken)
		resp, err := s.http.Do(req)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		var list []any
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&list))
		return len(list)
	}
	require.Equal(t, 1, count("/rest/api/2/user/search?query=carol@acme.example"))
	require.Equal(t, 0, count("/rest/api/2/user/assignable/search?project=PAY&query=carol"))
	require.Equal(t, 1, count("/rest/api/2/user/assignable/search?project=OPS&query=carol"))
	require.Equal(t, 0, count("/rest/api/2/user/permission/search?projectKey=PAY&permissions=EDIT_ISSUES&accountId=carol-id"))
	require.Equal(t, 1, count("/rest/api/2/user/permission/search?projectKey=PAY&permissions=EDIT_ISSUES&accountId=alice-id"))
	require.Equal(t, 1, count("/rest/webhooks/1.0/webhook"))
	status, body := s.call(t, "GET", "/rest/api/3/mypermissions?permissions=EDIT_ISSUES,ADMINISTER&projectKey=PAY", "")
	require.Equal(t, 200, status)
	require.Equal(t, true, body["permissions"].(map[string]any)["EDIT_ISSUES"].(map[string]any)["havePermission"])
}

func TestVersion3TakesDocuments(t *testing.T) {
	s := newJiraSite(t, flavorCloud)
	fields := `"project":{"key":"PAY"},"issuetype":{"name":"Task"},"summary":"s"`
	status, _ := s.call(t, "POST", "/rest/api/3/issue", `{"fields":{`+fields+`,"description":"plain"}}`)
	require.Equal(t, 400, status)
	status, _ = s.call(t, "POST", "/rest/api/3/issue", `{"fields":{`+fields+`,"description":{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"one"}]},{"type":"paragraph","content":[{"type":"text","text":"two"}]}]}}}`)
	require.Equal(t, 201, status)
	is, _ := s.Issue("PAY-1")
	require.Equal(t, "one\ntwo", is.Description)
	_, body := s.call(t, "GET", "/rest/api/3/issue/PAY-1", "")
	require.Equal(t, "doc", body["fields"].(map[string]any)["description"].(map[string]any)["type"])
	status, _ = s.call(t, "POST", "/rest/api/3/issueLink", `{"type":{"name":"Duplicate"},"inwardIssue":{"key":"PAY-1"},"outwardIssue":{"key":"PAY-1"}}`)
	require.Equal(t, 400, status, "to itself")
	status, _ = s.call(t, "PUT", "/rest/api/3/issue/PAY-1/properties/holdfast", `{"item":"x/1"}`)
	require.Equal(t, 201, status)
	_, body = s.call(t, "GET", "/rest/api/3/issue/PAY-1/properties/holdfast", "")
	require.Equal(t, "x/1", body["value"].(map[string]any)["item"])
}

func TestDuplicatesAreLinked(t *testing.T) {
	s := newJiraSite(t, flavorCloud)
	for range 2 {
		_, err := s.OpenIssue("PAY", "alice-id", "s", "d")
		require.NoError(t, err)
	}
	require.NoError(t, s.LinkDuplicate("PAY-2", "PAY-1", "alice-id"))
	is, _, err := s.client(t).Issue.GetWithContext(s.ctx, "PAY-2", nil)
	require.NoError(t, err)
	require.Equal(t, "PAY-1", is.Fields.IssueLinks[0].OutwardIssue.Key)
	require.Equal(t, "duplicates", is.Fields.IssueLinks[0].Type.Outward)
}

func TestJiraPages(t *testing.T) {
	s := newJiraSite(t, flavorCloud)
	_, err := s.OpenIssue("PAY", "alice-id", "<b>x</b>", "d")
	require.NoError(t, err)
	is, _ := s.Issue("PAY-1")
	resp, err := s.http.Get(is.URL)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(page), "&lt;b&gt;")
}
