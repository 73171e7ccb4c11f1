package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// What people do. Each takes the lock; the lower-case ones need it.

func (j *Jira) target(key string) (*jiIssue, error) {
	if is := j.find(key); is != nil {
		return is, nil
	}
	return nil, fmt.Errorf("no issue %s", key)
}

// OpenIssue makes a task as a person would and returns its key.
func (j *Jira) OpenIssue(project, actor, summary, description string) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := j.project(project)
	if p == nil {
		return "", fmt.Errorf("opening an issue: no project %s", project)
	}
	j.ensure(actor)
	is := j.create(p, "Task", actor, nil)
	is.summary, is.description = summary, description
	j.announceNew(is, actor)
	return is.key, nil
}

func (j *Jira) create(p *jiProject, kind, actor string, todo []setter) *jiIssue {
	now := j.clock()
	p.last++
	is := &jiIssue{
		id: j.id(), key: fmt.Sprintf("%s-%d", p.key, p.last), project: p, kind: kind, status: statusToDo, priority: "Medium",
		reporter: actor, created: now, updated: now, statusChanged: now, custom: map[string]string{},
	}
	for _, s := range todo {
		s(is)
	}
	j.byKey[is.key], j.byKey[is.id] = is, is
	j.issues = append(j.issues, is)
	return is
}

func (j *Jira) announceNew(is *jiIssue, actor string) {
	j.emit("jira:issue_created", "issue_created", is, actor, obj{"issue": j.wireIssue(is, []string{"*all"}, false)})
}

// changed records what happened to an issue and tells of it.
func (j *Jira) changed(is *jiIssue, actor, kind string, items []jiItem) {
	if len(items) == 0 {
		return
	}
	now := j.clock()
	is.updated = now
	h := jiHistory{id: j.id(), author: actor, at: now, items: items}
	is.history = append(is.history, h)
	j.emit("jira:issue_updated", kind, is, actor, obj{
		"issue": j.wireIssue(is, []string{"*all"}, false), "changelog": obj{"id": h.id, "items": wireItems(items)},
	})
}

// apply runs the setters of an edit and tells of it in one event.
func (j *Jira) apply(is *jiIssue, actor string, todo []setter) {
	var items []jiItem
	for _, s := range todo {
		items = append(items, s(is)...)
	}
	kind := "issue_updated"
	if len(items) == 1 && items[0].field == "assignee" {
		kind = "issue_assigned"
	}
	j.changed(is, actor, kind, items)
}

// CommentOn writes a comment and returns its id.
func (j *Jira) CommentOn(key, actor, body string) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	is, err := j.target(key)
	if err != nil {
		return "", fmt.Errorf("commenting: %w", err)
	}
	j.ensure(actor)
	return j.comment(is, actor, body).id, nil
}

func (j *Jira) comment(is *jiIssue, actor, body string) *jiComment {
	now := j.clock() // once: a comment whose two times differ was edited
	c := &jiComment{id: j.id(), issue: is, author: actor, editor: actor, body: body, created: now, updated: now}
	is.comments = append(is.comments, c)
	j.comments[c.id] = c
	is.updated = now
	j.tellComment("comment_created", c)
	if !j.cloud() {
		j.emit("jira:issue_updated", "issue_commented", is, actor, obj{
			"issue": j.wireIssue(is, []string{"*all"}, false), "comment": j.wireComment(c, false),
		})
	}
	return c
}

// tellComment tells of a comment. These events have no user beside the
// comment's authors.
func (j *Jira) tellComment(event string, c *jiComment) {
	j.emit(event, "", c.issue, "", obj{"issue": j.wireBrief(c.issue), "comment": j.wireComment(c, false), "eventType": "primaryAction"})
}

// EditComment changes the text of a comment.
func (j *Jira) EditComment(id, actor, body string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := j.comments[id]
	if c == nil {
		return fmt.Errorf("editing a comment: no comment %s", id)
	}
	j.ensure(actor)
	j.editComment(c, actor, body)
	return nil
}

func (j *Jira) editComment(c *jiComment, actor, body string) {
	now := j.clock()
	c.body, c.editor, c.updated, c.issue.updated = body, actor, now, now
	j.tellComment("comment_updated", c)
}

// EditIssue changes summary, description and due date; empty ones stay.
func (j *Jira) EditIssue(key, actor, summary, description, due string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	is, err := j.target(key)
	if err != nil {
		return fmt.Errorf("editing: %w", err)
	}
	j.ensure(actor)
	var todo []setter
	for _, f := range []struct {
		name, value string
		at          func(*jiIssue) *string
	}{
		{"summary", summary, func(is *jiIssue) *string { return &is.summary }},
		{"description", description, func(is *jiIssue) *string { return &is.description }},
		{"duedate", due, func(is *jiIssue) *string { return &is.due }},
	} {
		if f.value != "" {
			todo = append(todo, setText(f.name, f.name, f.at, f.value))
		}
	}
	j.apply(is, actor, todo)
	return nil
}

// Assign makes an account the assignee, or nobody when it is empty.
func (j *Jira) Assign(key, actor, account string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	is, err := j.target(key)
	if err != nil {
		return fmt.Errorf("assigning: %w", err)
	}
	if account != "" && j.user(account) == nil {
		return fmt.Errorf("assigning %s: no user %s: introduce them with AddUser", key, account)
	}
	j.ensure(actor)
	it := jiItem{field: "assignee", fieldID: "assignee", from: is.assignee, to: account}
	is.assignee = account
	j.changed(is, actor, "issue_assigned", []jiItem{it})
	return nil
}

// Label adds labels to an issue; those that it has stay.
func (j *Jira) Label(key, actor string, labels ...string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	is, err := j.target(key)
	if err != nil {
		return fmt.Errorf("labelling: %w", err)
	}
	j.ensure(actor)
	it := jiItem{field: "labels", fieldID: "labels", fromText: strings.Join(is.labels, " ")}
	for _, l := range labels {
		if l == "" || strings.ContainsAny(l, " \t\n") {
			return fmt.Errorf("labelling %s: %q is no label of Jira's: it holds no blanks", key, l)
		}
		if !slices.Contains(is.labels, l) {
			is.labels = append(is.labels, l)
		}
	}
	it.in = strings.Join(is.labels, " ")
	j.changed(is, actor, "issue_updated", []jiItem{it})
	return nil
}

// DeleteIssue removes an issue: from then on it is 404.
func (j *Jira) DeleteIssue(key, actor string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	is, err := j.target(key)
	if err != nil {
		return fmt.Errorf("deleting: %w", err)
	}
	j.ensure(actor)
	is.deleted = true
	j.emit("jira:issue_deleted", "issue_deleted", is, actor, obj{"issue": j.wireIssue(is, []string{"*all"}, false)})
	return nil
}

// MoveIssue moves an issue to another project and returns its new key. The
// old key goes on leading to it.
func (j *Jira) MoveIssue(key, project, actor string) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	is, err := j.target(key)
	if err != nil {
		return "", fmt.Errorf("moving: %w", err)
	}
	p := j.project(project)
	if p == nil {
		return "", fmt.Errorf("moving %s: no project %s", key, project)
	}
	j.ensure(actor)
	p.last++
	old, from := is.key, is.project
	is.pastKeys = append(is.pastKeys, old)
	is.key, is.project = fmt.Sprintf("%s-%d", p.key, p.last), p
	j.byKey[is.key] = is
	j.changed(is, actor, "issue_moved", []jiItem{
		{field: "project", fieldID: "project", from: from.id, fromText: from.key, to: p.id, in: p.key},
		{field: "Key", fieldID: "issuekey", fromText: old, in: is.key},
	})
	return is.key, nil
}

// LinkDuplicate says that one issue duplicates another.
func (j *Jira) LinkDuplicate(key, original, actor string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	a, err := j.target(key)
	if err != nil {
		return fmt.Errorf("linking: %w", err)
	}
	b, err := j.target(original)
	if err != nil {
		return fmt.Errorf("linking: %w", err)
	}
	j.ensure(actor)
	j.link("Duplicate", a, b, actor)
	return nil
}

// link ties two issues: from's outward word leads to the other one.
func (j *Jira) link(kind string, from, to *jiIssue, actor string) {
	if slices.ContainsFunc(from.links, func(l jiLink) bool { return l.kind == kind && l.outward && l.other == to }) {
		return
	}
	id, words := j.id(), jiLinkWords[kind]
	from.links = append(from.links, jiLink{id, kind, true, to})
	to.links = append(to.links, jiLink{id, kind, false, from})
	j.changed(from, actor, "issue_updated", []jiItem{{field: "Link", to: to.key, in: "This issue " + words[0] + " " + to.key}})
	j.changed(to, actor, "issue_updated", []jiItem{{field: "Link", to: from.key, in: "This issue " + words[1] + " " + from.key}})
}
