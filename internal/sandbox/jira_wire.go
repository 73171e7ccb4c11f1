package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The functions of this file write our state in Jira's shapes. They need
// j.mu.

func itoa(n int) string { return strconv.Itoa(n) }

// jiraTime is Jira's form of a time.
const jiraTime = "2006-01-02T15:04:05.000-0700"

func jiraWhen(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format(jiraTime)
}

func (j *Jira) rest(format string, args ...any) string {
	return j.base + "/rest/api/2/" + fmt.Sprintf(format, args...)
}

func (j *Jira) wireUser(account string) any {
	u := j.user(account)
	if u == nil {
		return nil
	}
	out := obj{
		"displayName": u.name, "emailAddress": u.email, "active": true, "timeZone": "Etc/UTC",
		"avatarUrls": obj{"48x48": j.base + "/avatar/" + u.account},
	}
	if j.cloud() {
		out["self"], out["accountId"], out["accountType"] = j.rest("user?accountId=%s", u.account), u.account, "atlassian"
	} else {
		out["self"], out["name"], out["key"] = j.rest("user?username=%s", u.account), u.account, u.account
	}
	return out
}

func (j *Jira) wireStatus(s *jiStatus) obj {
	c := jiCategories[s.category]
	return obj{
		"self": j.rest("status/%s", s.id), "id": s.id, "name": s.name, "description": "", "iconUrl": j.base + "/",
		"statusCategory": obj{"self": j.rest("statuscategory/%d", c.id), "id": c.id, "key": s.category, "name": c.name, "colorName": c.color},
	}
}

// wireNamed writes an entry of a list, null when the name is empty.
func (j *Jira) wireNamed(kind string, list named, base int, name string) any {
	if name == "" {
		return nil
	}
	id := list.id(base, name)
	return obj{"self": j.rest("%s/%s", kind, id), "id": id, "name": name}
}

func (j *Jira) wireResolution(name string) any {
	return j.wireNamed("resolution", jiResolutions, resolutionBase, name)
}

func (j *Jira) wirePriority(name string) any {
	return j.wireNamed("priority", jiPriorities, priorityBase, name)
}

func (j *Jira) wireType(name string) any {
	out, ok := j.wireNamed("issuetype", jiTypes, typeBase, name).(obj)
	if !ok {
		return nil
	}
	out["subtask"], out["description"], out["hierarchyLevel"] = false, "", 0
	return out
}

func (j *Jira) wireProject(p *jiProject) obj {
	return obj{"self": j.rest("project/%s", p.id), "id": p.id, "key": p.key, "name": p.key, "projectTypeKey": "software", "simplified": false}
}

// text writes a rich text: plain for version 2, a document for version 3.
func text(s string, v3 bool) any {
	if s == "" && v3 {
		return nil
	}
	if !v3 {
		return s
	}
	content := []obj{}
	for line := range strings.SplitSeq(s, "\n") {
		p := obj{"type": "paragraph"}
		if line != "" {
			p["content"] = []obj{{"type": "text", "text": line}}
		}
		content = append(content, p)
	}
	return obj{"type": "doc", "version": 1, "content": content}
}

// readText reads a rich text of a request. Version 3 takes documents alone.
func readText(raw json.RawMessage, v3 bool) (string, bool) {
	if string(raw) == "null" {
		return "", true
	}
	if !v3 {
		var s string
		return s, json.Unmarshal(raw, &s) == nil
	}
	var doc adfNode
	if json.Unmarshal(raw, &doc) != nil || doc.Type != "doc" {
		return "", false
	}
	var blocks []string
	for _, n := range doc.Content {
		blocks = append(blocks, n.flat())
	}
	return strings.Join(blocks, "\n"), true
}

type adfNode struct {
	Type    string    `json:"type"`
	Text    string    `json:"text"`
	Content []adfNode `json:"content"`
}

func (n adfNode) flat() string {
	out := n.Text
	if n.Type == "hardBreak" {
		out = "\n"
	}
	for _, c := range n.Content {
		out += c.flat()
	}
	return out
}

func (j *Jira) wireComment(c *jiComment, v3 bool) obj {
	return obj{
		"self": j.rest("issue/%s/comment/%s", c.issue.id, c.id), "id": c.id, "author": j.wireUser(c.author), "body": text(c.body, v3),
		"updateAuthor": j.wireUser(c.editor), "created": jiraWhen(c.created), "updated": jiraWhen(c.updated), "jsdPublic": true,
	}
}

func (j *Jira) wireComments(list []*jiComment, start, size, total int, v3 bool) obj {
	out := []obj{}
	for _, c := range list {
		out = append(out, j.wireComment(c, v3))
	}
	return obj{"comments": out, "startAt": start, "maxResults": size, "total": total}
}

// wireBrief is how an issue is shown inside another one, or beside a comment.
func (j *Jira) wireBrief(is *jiIssue) obj {
	return obj{
		"id": is.id, "key": is.key, "self": j.rest("issue/%s", is.id),
		"fields": obj{
			"summary": is.summary, "status": j.wireStatus(is.status), "priority": j.wirePriority(is.priority),
			"issuetype": j.wireType(is.kind), "project": j.wireProject(is.project), "assignee": j.wireUser(is.assignee),
		},
	}
}

func (j *Jira) wireLinks(is *jiIssue) []obj {
	out := []obj{}
	for _, l := range is.links {
		words, side := jiLinkWords[l.kind], "inwardIssue"
		if l.outward {
			side = "outwardIssue"
		}
		out = append(out, obj{
			"id": l.id, "self": j.rest("issueLink/%s", l.id), side: j.wireBrief(l.other),
			"type": obj{"id": jiLinkTypes.id(linkBase, l.kind), "name": l.kind, "outward": words[0], "inward": words[1], "self": j.rest("issueLinkType/%s", jiLinkTypes.id(linkBase, l.kind))},
		})
	}
	return out
}

// wireFields writes all fields; comment is not navigable and so left out of
// searches unless asked for.
func (j *Jira) wireFields(is *jiIssue, v3 bool) obj {
	out := obj{
		"summary": is.summary, "description": text(is.description, v3), "issuetype": j.wireType(is.kind), "project": j.wireProject(is.project),
		"status": j.wireStatus(is.status), "statuscategorychangedate": jiraWhen(is.statusChanged), "resolution": j.wireResolution(is.resolution),
		"resolutiondate": jiraWhen(is.resolvedAt), "priority": j.wirePriority(is.priority), "labels": append([]string{}, is.labels...),
		"assignee": j.wireUser(is.assignee), "reporter": j.wireUser(is.reporter), "creator": j.wireUser(is.reporter),
		"created": jiraWhen(is.created), "updated": jiraWhen(is.updated), "duedate": orNull(is.due), "issuelinks": j.wireLinks(is),
		"comment": j.wireComments(is.comments, 0, len(is.comments), len(is.comments), v3), ReopenField: orNull(is.custom[ReopenField]),
		"subtasks": []any{}, "components": []any{}, "fixVersions": []any{}, "versions": []any{}, "environment": nil,
	}
	if is.description == "" {
		out["description"] = nil
	}
	for _, f := range j.opt.Fields {
		v := orNull(is.custom[f.ID])
		if v != nil && len(f.Choices) > 0 {
			v = obj{"id": named(f.Choices).id(1, is.custom[f.ID]), "value": v}
		}
		out[f.ID] = v
	}
	for _, f := range j.opt.OffScreen {
		delete(out, f)
	}
	return out
}

// pick keeps the fields that a request names: a list with *all, *navigable
// and -name.
func pick(all obj, names []string) obj {
	out := obj{}
	for k, v := range all {
		if slices.Contains(names, k) || slices.Contains(names, "*all") || slices.Contains(names, "*navigable") && k != "comment" {
			out[k] = v
		}
	}
	for _, n := range names {
		if drop, ok := strings.CutPrefix(n, "-"); ok {
			delete(out, drop)
		}
	}
	return out
}

// fieldList splits the parameters that name fields; nothing means otherwise.
func fieldList(values []string, otherwise ...string) []string {
	var out []string
	for _, v := range values {
		for n := range strings.SplitSeq(v, ",") {
			if n = strings.TrimSpace(n); n != "" {
				out = append(out, n)
			}
		}
	}
	if len(out) == 0 {
		return otherwise
	}
	if !slices.ContainsFunc(out, func(n string) bool { return !strings.HasPrefix(n, "-") }) {
		out = append(out, otherwise...) // only exclusions
	}
	return out
}

func (j *Jira) wireIssue(is *jiIssue, names []string, v3 bool) obj {
	return obj{
		"id": is.id, "key": is.key, "self": j.rest("issue/%s", is.id), "expand": "renderedFields,names,schema,operations,editmeta,changelog",
		"fields": pick(j.wireFields(is, v3), names),
	}
}

func (it jiItem) wire() obj {
	kind := "jira"
	if strings.HasPrefix(it.fieldID, "customfield_") {
		kind = "custom"
	}
	return obj{
		"field": it.field, "fieldtype": kind, "fieldId": it.fieldID, "from": orNull(it.from), "fromString": orNull(it.fromText),
		"to": orNull(it.to), "toString": orNull(it.in),
	}
}

func wireItems(items []jiItem) []obj {
	out := []obj{}
	for _, it := range items {
		out = append(out, it.wire())
	}
	return out
}

func (j *Jira) wireHistory(list []jiHistory) []obj {
	out := []obj{}
	for _, h := range list {
		out = append(out, obj{"id": h.id, "author": j.wireUser(h.author), "created": jiraWhen(h.at), "items": wireItems(h.items)})
	}
	return out
}
