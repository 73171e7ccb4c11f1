package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// GitHub's limits, in characters.
const (
	maxTitle = 256
	maxText  = 65536
	maxLabel = 50
)

func sortedUsers(users map[string]*ghUser) []*ghUser {
	return slices.SortedFunc(maps.Values(users), func(a, b *ghUser) int { return cmp.Compare(a.id, b.id) })
}

// issue finds the issue of the path. Where it is not, the answer says why: a
// transferred one redirects, a deleted one is gone.
func (c *call) issue() (*ghIssue, answer) {
	is := c.repo.issue(c.number("number"))
	switch {
	case is == nil:
		return nil, notFound
	case is.deleted:
		return nil, issueGone
	case is.movedTo != nil:
		to := c.g.api("/repos/%s/issues/%d", is.movedRepo.full, is.movedTo.number)
		c.head.Set("Location", to)
		return nil, answer{http.StatusMovedPermanently, obj{"message": "Moved Permanently", "url": to}}
	}
	return is, answer{}
}

func (c *call) getIssue() answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	return answer{http.StatusOK, c.g.wireIssueFull(c.repo, is)}
}

func (c *call) listIssues() answer {
	q := c.query
	var wanted []string
	for l := range strings.SplitSeq(q.Get("labels"), ",") {
		if l = strings.TrimSpace(l); l != "" {
			wanted = append(wanted, l)
		}
	}
	after, state := since(q.Get("since")), q.Get("state")
	var found []*ghIssue
	for _, is := range c.repo.issues {
		switch {
		case !is.there(),
			state != "all" && state != "closed" && is.closed, state == "closed" && !is.closed,
			is.updatedAt.Before(after),
			q.Get("creator") != "" && !strings.EqualFold(q.Get("creator"), is.author),
			q.Get("assignee") == "none" && len(is.assignees) > 0, q.Get("assignee") == "*" && len(is.assignees) == 0,
			!slices.Contains([]string{"", "none", "*"}, q.Get("assignee")) && !containsFold(is.assignees, q.Get("assignee")),
			slices.ContainsFunc(wanted, func(l string) bool { return !is.hasLabel(l) }):
			continue
		}
		found = append(found, is)
	}
	sortIssues(found, q.Get("sort"), q.Get("direction"))
	return list(c, found, func(is *ghIssue) obj { return c.g.wireIssue(c.repo, is) })
}

func sortIssues(found []*ghIssue, by, direction string) {
	slices.SortStableFunc(found, func(a, b *ghIssue) int {
		n := cmp.Compare(a.id, b.id)
		switch by {
		case "updated":
			n = cmp.Or(a.updatedAt.Compare(b.updatedAt), n)
		case "comments":
			n = cmp.Or(cmp.Compare(len(a.comments), len(b.comments)), n)
		}
		if direction != "asc" {
			n = -n
		}
		return n
	})
}

// issueFields are what a creation or an edit may carry.
type issueFields struct {
	title, body, state, reason                        string
	hasTitle, hasBody, hasState, hasLabels, hasPeople bool
	labels, assignees                                 []string
}

// readIssue reads and checks the body of a creation or an edit. An answer with
// a status is the refusal.
func (c *call) readIssue() (f issueFields, bad answer) {
	var err error
	steps := []func(){
		func() { f.hasTitle, err = c.field("title", &f.title) },
		func() { f.hasBody, err = c.field("body", &f.body) },
		func() { f.hasState, err = c.field("state", &f.state) },
		func() { _, err = c.field("state_reason", &f.reason) },
		func() { f.labels, f.hasLabels, err = c.names("labels") },
		func() { f.assignees, f.hasPeople, err = c.names("assignees") },
	}
	for _, step := range steps {
		if step(); err != nil {
			return f, problem(http.StatusUnprocessableEntity, "Invalid request.\n\n"+err.Error())
		}
	}
	var one string
	if given, err := c.field("assignee", &one); err == nil && given && !f.hasPeople {
		f.hasPeople = true
		if one != "" {
			f.assignees = []string{one}
		}
	}
	switch {
	case f.hasTitle && strings.TrimSpace(f.title) == "":
		return f, invalid("Issue", "title", "missing_field", "", nil)
	case utf8.RuneCountInString(f.title) > maxTitle:
		return f, invalid("Issue", "title", "custom", "title is too long (maximum is 256 characters)", nil)
	case utf8.RuneCountInString(f.body) > maxText:
		return f, invalid("Issue", "body", "custom", "body is too long (maximum is 65536 characters)", nil)
	case f.hasState && f.state != "open" && f.state != "closed":
		return f, invalid("Issue", "state", "invalid", "", f.state)
	case f.reason != "" && f.reason != "reopened" && !slices.Contains(closeReasons, f.reason):
		return f, invalid("Issue", "state_reason", "invalid", "", f.reason)
	}
	if !c.g.may(c.repo, c.login, "triage") {
		f.labels, f.assignees, f.hasLabels, f.hasPeople = nil, nil, false, false // dropped without a word
	}
	if bad = checkLabels(f.labels); bad.status != 0 {
		return f, bad
	}
	for _, l := range f.assignees {
		if c.g.users[strings.ToLower(l)] == nil || !c.g.assignable(c.repo, l) {
			return f, invalid("Issue", "assignees", "invalid", "", l)
		}
	}
	return f, answer{}
}

func checkLabels(names []string) answer {
	for _, l := range names {
		if strings.TrimSpace(l) == "" {
			return invalid("Label", "name", "missing_field", "", nil)
		}
		if utf8.RuneCountInString(l) > maxLabel {
			return invalid("Label", "name", "custom", "name is too long (maximum is 50 characters)", nil)
		}
	}
	return answer{}
}

func (c *call) createIssue() answer {
	f, bad := c.readIssue()
	if bad.status != 0 {
		return bad
	}
	if !f.hasTitle {
		return problem(http.StatusUnprocessableEntity, "Invalid request.\n\n\"title\" wasn't supplied.")
	}
	is := c.g.open(c.repo, c.login, f.title, f.body, f.labels, f.assignees)
	c.head.Set("Location", c.g.api("/repos/%s/issues/%d", c.repo.full, is.number))
	return answer{http.StatusCreated, c.g.wireIssueFull(c.repo, is)}
}

func (c *call) editIssue() answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	if !c.g.may(c.repo, c.login, "triage") && !strings.EqualFold(is.author, c.login) {
		return forbidden
	}
	f, bad := c.readIssue()
	if bad.status != 0 {
		return bad
	}
	if is.pull != nil && is.pull.merged && f.state == "open" {
		return invalid("Issue", "state", "custom", "state cannot be changed. The pull request was merged.", nil)
	}
	title, body := is.title, is.body
	if f.hasTitle {
		title = f.title
	}
	if f.hasBody {
		body = f.body
	}
	c.g.edit(c.repo, is, c.login, title, body)
	if f.hasLabels {
		c.g.setLabels(c.repo, is, c.login, f.labels)
	}
	if f.hasPeople {
		c.g.setAssignees(c.repo, is, c.login, f.assignees)
	}
	switch {
	case f.state == "closed":
		reason := f.reason
		if reason == "reopened" || reason == "" && is.closed {
			reason = is.reason
		}
		c.g.close(c.repo, is, c.login, reason, "", nil)
	case f.state == "open":
		c.g.reopen(c.repo, is, c.login)
	}
	return answer{http.StatusOK, c.g.wireIssueFull(c.repo, is)}
}

func (c *call) listEvents() answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	var events []*ghEvent
	for _, e := range is.events {
		if e.comment == nil && e.source == nil {
			events = append(events, e)
		}
	}
	return list(c, events, func(e *ghEvent) obj {
		out := c.g.wireEvent(c.repo, is, e, false)
		delete(out, "issue") // told only where the issue is not in the path
		return out
	})
}

func (c *call) listTimeline() answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	return list(c, is.events, func(e *ghEvent) obj { return c.g.wireEvent(c.repo, is, e, true) })
}

func (c *call) changeAssignees(change func(now, given []string) []string) answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	given, _, err := c.names("assignees")
	if err != nil {
		return problem(http.StatusUnprocessableEntity, fmt.Sprintf("Invalid request.\n\n%v", err))
	}
	// Unlike a creation, this call passes over those it can't assign.
	given = slices.DeleteFunc(given, func(l string) bool { return !c.g.assignable(c.repo, l) })
	c.g.setAssignees(c.repo, is, c.login, change(slices.Clone(is.assignees), given))
	return answer{http.StatusCreated, c.g.wireIssueFull(c.repo, is)}
}

func (c *call) addAssignees() answer {
	return c.changeAssignees(func(now, given []string) []string { return append(now, given...) })
}

func (c *call) removeAssignees() answer {
	a := c.changeAssignees(func(now, given []string) []string {
		return slices.DeleteFunc(now, func(l string) bool { return containsFold(given, l) })
	})
	if a.status == http.StatusCreated {
		a.status = http.StatusOK
	}
	return a
}
