package jira

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

// Check tries the account, and in each project what Holdfast needs there:
// permissions, the issue type, the priorities, and on a ticket of each kind
// the transitions. It changes nothing.
func (t *Tracker) Check(ctx context.Context, targets []string) []trackers.Finding {
	out := []trackers.Finding{t.checkAccount(ctx), t.checkPriorities(ctx), t.checkHook(ctx)}
	for _, key := range targets {
		out = append(out, t.checkProject(ctx, key)...)
	}
	return out
}

func (t *Tracker) checkAccount(ctx context.Context) trackers.Finding {
	f := trackers.Finding{Subject: t.name + ": account"}
	var me user
	a, err := t.do(ctx, call{op: "read our account", method: "GET", path: "rest/api/2/myself", out: &me})
	switch {
	case err == nil:
		f.OK, f.Detail = true, "works as "+text.Brief(me.key(t.flavor))
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden:
		f.Detail, f.Remedy = why(err), "Cloud: user is the account's e-mail address and token an API token of it. Data Center: token is a personal access token, without user."
	default:
		f.Detail, f.Remedy = why(err), "Check url ("+t.base.String()+"), flavor ("+string(t.flavor)+") and that this machine reaches it."
	}
	return f
}

func (t *Tracker) checkPriorities(ctx context.Context) trackers.Finding {
	f := trackers.Finding{Subject: t.name + ": priorities"}
	var got []struct {
		Name string `json:"name"`
	}
	if _, err := t.do(ctx, call{op: "read priorities", method: "GET", path: "rest/api/2/priority", out: &got}); err != nil {
		f.OK, f.Warning, f.Detail, f.Remedy = true, true, "cannot be read: "+why(err), "Check that the names under priorities exist in Jira."
		return f
	}
	var there, lost []string
	for _, p := range got {
		there = append(there, p.Name)
	}
	for _, p := range domain.Priorities {
		if n := t.priorities[p]; n != "" && !hasName(there, n) {
			lost = append(lost, string(p)+": "+n)
		}
	}
	if len(lost) > 0 {
		f.Detail = "not in Jira: " + strings.Join(lost, ", ") + "; there are: " + text.Brief(strings.Join(there, ", "))
		f.Remedy = "Set priorities to names that exist; until then tickets are filed without a priority."
		return f
	}
	f.OK, f.Detail = true, "all exist"
	return f
}

// checkHook looks at the webhooks, which only administrators may list.
func (t *Tracker) checkHook(ctx context.Context) trackers.Finding {
	f := trackers.Finding{Subject: t.name + ": webhook"}
	to := t.webhook
	if to == "" {
		to = "<public_url>/webhooks/jira/" + t.name
	}
	settings := "Under Settings → System → WebHooks: URL " + to + ", the configured webhook_secret as its secret, and the events issue created, updated, deleted and comment created."
	if t.flavor == DataCenter {
		settings = "Under Administration → System → WebHooks: URL " + to + "?secret=… with the configured webhook_secret, and the events issue created, updated, deleted and comment created."
	}
	var got []struct {
		Name    string   `json:"name"`
		URL     string   `json:"url"`
		Enabled *bool    `json:"enabled"`
		Events  []string `json:"events"`
	}
	if _, err := t.do(ctx, call{op: "list webhooks", method: "GET", path: "rest/webhooks/1.0/webhook", out: &got}); err != nil {
		f.OK, f.Warning, f.Detail, f.Remedy = true, true, "the webhooks cannot be listed ("+why(err)+")", "Look yourself. "+settings
		return f
	}
	for _, h := range got {
		u, err := url.Parse(h.URL)
		if err != nil || !strings.Contains(u.Path, "/webhooks/jira") {
			continue
		}
		var lacks []string
		for _, e := range []string{"jira:issue_updated", "comment_created"} {
			if !hasName(h.Events, e) {
				lacks = append(lacks, e)
			}
		}
		f.OK, f.Detail = true, "leads to "+text.Brief(u.Scheme+"://"+u.Host+u.Path)
		switch {
		case h.Enabled != nil && !*h.Enabled:
			f.Warning, f.Detail, f.Remedy = true, f.Detail+", but it is switched off", settings
		case len(lacks) > 0:
			f.Warning, f.Detail, f.Remedy = true, f.Detail+", but it lacks "+strings.Join(lacks, ", "), settings
		}
		return f
	}
	f.Detail, f.Remedy = "no webhook leads here: closes are only seen by the sweep", settings
	return f
}

func (t *Tracker) checkProject(ctx context.Context, key string) []trackers.Finding {
	subject := t.name + ": " + text.Brief(key)
	f := trackers.Finding{Subject: subject}
	if !validProject(key) {
		f.Detail, f.Remedy = "this is no project key", "Write a key such as PAY."
		return []trackers.Finding{f}
	}
	var p struct {
		IssueTypes []struct {
			ID   id     `json:"id"`
			Name string `json:"name"`
		} `json:"issueTypes"`
	}
	if _, err := t.do(ctx, call{op: "read project", method: "GET", path: "rest/api/2/project/" + key, out: &p}); err != nil {
		f.Detail, f.Remedy = why(err), "Check the key, and give our account Browse Projects there."
		return []trackers.Finding{f}
	}
	f.OK, f.Detail = true, "reachable"
	kind := t.projects[key].IssueType
	if kind == "" {
		kind = "Task"
	}
	kindID, names := "", []string{}
	for _, it := range p.IssueTypes {
		names = append(names, it.Name)
		if strings.EqualFold(it.Name, kind) {
			kindID = string(it.ID)
		}
	}
	out := []trackers.Finding{f}
	if len(names) > 0 && kindID == "" {
		out = append(out, trackers.Finding{Subject: subject + ": issue type", Detail: fmt.Sprintf("there is no %q; there are: %s", kind, text.Brief(strings.Join(names, ", "))),
			Remedy: "Set projects." + key + ".issue_type to one of them."})
	}
	out = append(out, t.checkPermissions(ctx, subject, key))
	if kindID != "" {
		out = append(out, t.checkFields(ctx, subject, key, kindID))
	}
	return append(out, t.checkTransitions(ctx, subject, key, false), t.checkTransitions(ctx, subject, key, true))
}

func (t *Tracker) checkPermissions(ctx context.Context, subject, key string) trackers.Finding {
	f := trackers.Finding{Subject: subject + ": permissions"}
	need := []string{"CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES", "ASSIGN_ISSUES", "ADD_COMMENTS", "EDIT_OWN_COMMENTS"}
	var got struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	q := url.Values{"projectKey": {key}, "permissions": {strings.Join(need, ",")}}
	if _, err := t.do(ctx, call{op: "read permissions", method: "GET", path: "rest/api/2/mypermissions", query: q, out: &got}); err != nil {
		f.OK, f.Warning, f.Detail, f.Remedy = true, true, "cannot be read: "+why(err), "Give our account "+strings.Join(need, ", ")+" in "+key+"."
		return f
	}
	var lost []string
	for _, n := range need {
		if p, told := got.Permissions[n]; told && !p.Have {
			lost = append(lost, n)
		}
	}
	if len(lost) > 0 {
		f.Detail, f.Remedy = "our account lacks "+strings.Join(lost, ", "), "Give it these in the permission scheme of "+key+"."
		return f
	}
	f.OK, f.Detail = true, "all there"
	return f
}

// checkFields looks for required fields of a new ticket that nothing fills.
func (t *Tracker) checkFields(ctx context.Context, subject, key, kindID string) trackers.Finding {
	f := trackers.Finding{Subject: subject + ": required fields", OK: true}
	type meta struct {
		FieldID  string `json:"fieldId"`
		Key      string `json:"key"`
		Name     string `json:"name"`
		Required bool   `json:"required"`
		Default  bool   `json:"hasDefaultValue"`
	}
	var got struct {
		Fields, Values []meta
	}
	q := url.Values{"maxResults": {"200"}}
	_, err := t.do(ctx, call{op: "read the fields of a new ticket", method: "GET", path: "rest/api/2/issue/createmeta/" + key + "/issuetypes/" + url.PathEscape(kindID), query: q, out: &got})
	if err != nil {
		f.Warning, f.Detail, f.Remedy = true, "cannot be read: "+why(err), "If filing is refused, the error names the fields."
		return f
	}
	filled := map[string]bool{"project": true, "issuetype": true, "summary": true, "description": true, "labels": true, "priority": true, "reporter": true}
	for k := range t.projects[key].Fields {
		filled[k] = true
	}
	var lost []string
	for _, m := range append(got.Fields, got.Values...) {
		fid := m.FieldID
		if fid == "" {
			fid = m.Key
		}
		if m.Required && !m.Default && !filled[fid] {
			lost = append(lost, fmt.Sprintf("%s (%s)", fid, text.Brief(m.Name)))
		}
	}
	if len(lost) > 0 {
		f.OK, f.Detail = false, "a new ticket needs "+strings.Join(lost, ", ")
		f.Remedy = "Give them values in projects." + key + ".fields."
		return f
	}
	f.Detail = "all are filled"
	return f
}

// checkTransitions tries on an existing ticket whether a close (or a reopening)
// would find its way.
func (t *Tracker) checkTransitions(ctx context.Context, subject, key string, done bool) trackers.Finding {
	f := trackers.Finding{Subject: subject + ": reopening", OK: true}
	jql := fmt.Sprintf(`project = "%s" AND statusCategory = Done ORDER BY updated DESC`, key)
	if done {
		f.Subject = subject + ": closing"
		jql = fmt.Sprintf(`project = "%s" AND statusCategory != Done ORDER BY updated DESC`, key)
	}
	tk, found, err := t.search(ctx, "find a ticket to try on", jql, func(*issue) bool { return true })
	if err == nil && found && tk.Closed == done {
		found = false // a server whose search does not know categories
	}
	if err != nil || !found {
		f.Warning, f.Detail = true, "there is no ticket to try it on"
		if err != nil {
			f.Detail = "not tried: " + why(err)
		}
		f.Remedy = "Run doctor again when there is one."
		return f
	}
	list, err := t.transitions(ctx, "list transitions", tk.Ref)
	if err != nil {
		f.OK, f.Detail, f.Remedy = false, why(err), "Give our account Transition Issues in "+key+"."
		return f
	}
	tr, _, err := t.choose(tk.Ref, list, done, domain.Completed)
	if err != nil {
		f.OK, f.Detail, f.Remedy = false, "on "+tk.Ref.Key()+": "+text.Cut(text.OneLine(err.Error()), 1000), "As the text says; until then such tickets get the label and the comment instead."
		return f
	}
	f.Detail = fmt.Sprintf("%s would take %q", tk.Ref.Key(), text.Brief(tr.Name))
	return f
}

// why is an error as one line for a person.
func why(err error) string {
	if rest.Missing(err) {
		return "the server does not offer it, or hides it: " + text.Brief(err.Error())
	}
	return text.Brief(err.Error())
}
