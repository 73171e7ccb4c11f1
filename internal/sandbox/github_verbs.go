package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// The verbs on issues that people and the REST interface share. They need
// g.mu.

// target finds an issue for a verb.
func (g *GitHub) target(repo string, number int) (*ghRepo, *ghIssue, error) {
	r := g.repo(repo)
	if r == nil {
		return nil, nil, fmt.Errorf("no repository %s: make it with CreateRepo first", repo)
	}
	is := r.issue(number)
	if !is.there() {
		return nil, nil, fmt.Errorf("no issue %s#%d", repo, number)
	}
	return r, is, nil
}

var closeReasons = []string{"completed", "not_planned", "duplicate"}

func (g *GitHub) open(r *ghRepo, actor, title, body string, labels, assignees []string) *ghIssue {
	now := g.clock()
	is := &ghIssue{
		id: g.id(), number: len(r.issues) + 1, title: title, body: body, author: g.user(actor).login,
		createdAt: now, updatedAt: now,
	}
	r.issues = append(r.issues, is)
	// GitHub shows the labels in the first event already, and tells of each
	// once more.
	added := g.canonicalLabels(r, labels)
	is.labels = added
	is.assignees = g.logins(assignees)
	g.emitIssue(r, is, "opened", actor, nil)
	for _, l := range added {
		is.events = append(is.events, &ghEvent{id: g.id(), kind: "labeled", actor: actor, at: now, label: l})
		g.emitIssue(r, is, "labeled", actor, obj{"label": g.wireLabel(r, r.label(l))})
	}
	for _, a := range is.assignees {
		is.events = append(is.events, &ghEvent{id: g.id(), kind: "assigned", actor: actor, at: now, assignee: a})
		g.emitIssue(r, is, "assigned", actor, obj{"assignee": g.wireUser(a)})
	}
	return is
}

// close closes an open issue. A commit is named when its message did it.
func (g *GitHub) close(r *ghRepo, is *ghIssue, actor, reason, commit string, commitIn *ghRepo) {
	now := g.clock()
	if reason == "" {
		reason = "completed"
	}
	if is.pull != nil {
		reason = ""
	}
	if is.closed {
		is.reason = reason
		return
	}
	is.closed, is.reason, is.closedAt, is.closedBy, is.updatedAt = true, reason, now, g.user(actor).login, now
	is.events = append(is.events, &ghEvent{id: g.id(), kind: "closed", actor: actor, at: now, reason: reason, commit: commit, commitIn: commitIn})
	g.emitIssue(r, is, "closed", actor, nil)
}

func (g *GitHub) reopen(r *ghRepo, is *ghIssue, actor string) {
	now := g.clock()
	if !is.closed || is.pull != nil && is.pull.merged {
		return // a merged pull request stays closed
	}
	is.closed, is.reason, is.closedAt, is.closedBy, is.updatedAt = false, "reopened", zeroTime, "", now
	if is.pull != nil {
		is.reason = ""
	}
	is.events = append(is.events, &ghEvent{id: g.id(), kind: "reopened", actor: actor, at: now, reason: is.reason})
	g.emitIssue(r, is, "reopened", actor, nil)
}

func (g *GitHub) edit(r *ghRepo, is *ghIssue, actor, title, body string) {
	now := g.clock()
	changes := obj{}
	if title != is.title {
		changes["title"] = obj{"from": is.title}
		is.events = append(is.events, &ghEvent{id: g.id(), kind: "renamed", actor: actor, at: now, from: is.title, to: title})
	}
	if body != is.body {
		changes["body"] = obj{"from": is.body}
	}
	if len(changes) == 0 {
		return
	}
	is.title, is.body, is.updatedAt = title, body, now
	g.emitIssue(r, is, "edited", actor, obj{"changes": changes})
}

func (g *GitHub) comment(r *ghRepo, is *ghIssue, actor, body string) *ghComment {
	now := g.clock() // once: a comment whose two times differ was edited
	c := &ghComment{id: g.id(), issue: is, author: g.user(actor).login, body: body, createdAt: now, updatedAt: now}
	is.comments = append(is.comments, c)
	r.comments[c.id] = c
	is.events = append(is.events, &ghEvent{id: c.id, kind: "commented", actor: actor, at: now, comment: c})
	is.updatedAt = now
	g.emitComment(r, c, "created", actor, nil)
	if duplicateOf.MatchString(body) && g.may(r, actor, "write") {
		is.events = append(is.events, &ghEvent{id: g.id(), kind: "marked_as_duplicate", actor: actor, at: now})
	}
	return c
}

func (g *GitHub) editComment(r *ghRepo, c *ghComment, actor, body string) {
	if c.body == body {
		return
	}
	from := c.body
	now := g.clock()
	c.body, c.updatedAt, c.issue.updatedAt = body, now, now
	g.emitComment(r, c, "edited", actor, obj{"changes": obj{"body": obj{"from": from}}})
}

func (g *GitHub) deleteComment(r *ghRepo, c *ghComment, actor string) {
	g.emitComment(r, c, "deleted", actor, nil)
	delete(r.comments, c.id)
	c.issue.updatedAt = g.clock()
	c.issue.comments = slices.DeleteFunc(c.issue.comments, func(x *ghComment) bool { return x == c })
	c.issue.events = slices.DeleteFunc(c.issue.events, func(e *ghEvent) bool { return e.comment == c })
}

// canonicalLabels makes the labels that the repository lacks and returns all
// as the repository spells them, each once.
func (g *GitHub) canonicalLabels(r *ghRepo, names []string) []string {
	var out []string
	for _, name := range names {
		l := r.label(name)
		if l == nil {
			l = &ghLabel{id: g.id(), name: name, color: "ededed"}
			r.labels = append(r.labels, l)
		}
		if !slices.Contains(out, l.name) {
			out = append(out, l.name)
		}
	}
	return out
}

// setLabels makes these the labels of an issue, with one event for each that
// comes or goes.
func (g *GitHub) setLabels(r *ghRepo, is *ghIssue, actor string, names []string) {
	after := g.canonicalLabels(r, names)
	before := is.labels
	is.labels = after
	for _, l := range before {
		if !slices.Contains(after, l) {
			g.labelEvent(r, is, "unlabeled", actor, l)
		}
	}
	for _, l := range after {
		if !slices.Contains(before, l) {
			g.labelEvent(r, is, "labeled", actor, l)
		}
	}
}

func (g *GitHub) labelEvent(r *ghRepo, is *ghIssue, kind, actor, label string) {
	now := g.clock()
	is.updatedAt = now
	is.events = append(is.events, &ghEvent{id: g.id(), kind: kind, actor: actor, at: now, label: label})
	extra := obj{}
	if l := r.label(label); l != nil {
		extra["label"] = g.wireLabel(r, l)
	}
	g.emitIssue(r, is, kind, actor, extra)
}

func (g *GitHub) setAssignees(r *ghRepo, is *ghIssue, actor string, logins []string) {
	after := g.logins(logins)
	before := is.assignees
	is.assignees = after
	event := func(kind, login string) {
		now := g.clock()
		is.updatedAt = now
		is.events = append(is.events, &ghEvent{id: g.id(), kind: kind, actor: actor, at: now, assignee: login})
		g.emitIssue(r, is, kind, actor, obj{"assignee": g.wireUser(login)})
	}
	for _, l := range before {
		if !slices.Contains(after, l) {
			event("unassigned", l)
		}
	}
	for _, l := range after {
		if !slices.Contains(before, l) {
			event("assigned", l)
		}
	}
}

// logins spells logins as their accounts do, each once.
func (g *GitHub) logins(list []string) []string {
	var out []string
	for _, l := range list {
		if l = strings.TrimSpace(l); l != "" && !containsFold(out, l) {
			out = append(out, g.user(l).login)
		}
	}
	return out
}
