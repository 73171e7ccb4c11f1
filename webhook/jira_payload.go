package webhook

import (
	"bytes"
	"slices"
	"strings"
)

// jiraPayload is the part of a delivery of Jira that matters.
type jiraPayload struct {
	event     string // webhookEvent
	detail    string // issue_event_type_name, which may be missing
	timestamp int64  // milliseconds
	user      string

	id, key, category string
	hasChangelog      bool
	items             []jiraItem
	comment           jiraComment
}

type jiraComment struct {
	id, body, author string
	document         bool // the body is a document that mentions /holdfast
}

// jiraItem is a line of the changelog: a field that has another value now.
type jiraItem struct {
	field                string // in lower case
	from, fromString, to string
	toString             string // of the labels: their names, blanks between
}

// maxItems bounds the changelog lines that are kept; Jira has no more fields
// than that which matter here.
const maxItems = 200

// maxLabels bounds the value of a field in words: the names of all labels.
const maxLabels = 4000

func (p *jiraPayload) read(s *scanner) {
	s.object(func(key []byte) {
		switch string(key) {
		case "webhookEvent":
			p.event = s.str()
		case "issue_event_type_name":
			p.detail = s.str()
		case "timestamp":
			p.timestamp = s.integer()
		case "user":
			p.user = s.jiraUser()
		case "issue":
			p.issue(s)
		case "changelog":
			p.hasChangelog = s.peek() == '{'
			s.object(func(key []byte) {
				if string(key) == "items" {
					s.array(func() { p.item(s) })
				} else {
					s.skip()
				}
			})
		case "comment":
			p.readComment(s)
		default:
			s.skip()
		}
	})
}

func (p *jiraPayload) issue(s *scanner) {
	s.object(func(key []byte) {
		switch string(key) {
		case "id":
			p.id = s.id()
		case "key":
			p.key = s.str()
		case "fields":
			s.object(func(key []byte) {
				if string(key) == "status" {
					p.category = s.statusCategory()
				} else {
					s.skip()
				}
			})
		default:
			s.skip()
		}
	})
}

func (p *jiraPayload) item(s *scanner) {
	var it jiraItem
	s.object(func(key []byte) {
		switch string(key) {
		case "field":
			it.field = strings.ToLower(oneLine(s.str(), maxName))
		case "from":
			it.from = s.id()
		case "fromString":
			it.fromString = oneLine(s.str(), maxLabels)
		case "toString":
			it.toString = oneLine(s.str(), maxLabels)
		case "to":
			it.to = s.id()
		default:
			s.skip()
		}
	})
	if len(p.items) < maxItems {
		p.items = append(p.items, it)
	}
}

func (p *jiraPayload) readComment(s *scanner) {
	s.object(func(key []byte) {
		switch string(key) {
		case "id":
			p.comment.id = s.id()
		case "body":
			// A document instead of text is not read here, but looked at by
			// whoever reads the comment back.
			if s.peek() == '{' {
				p.comment.document = bytes.Contains(s.raw(), []byte("/holdfast"))
			} else {
				p.comment.body = s.str()
			}
		case "author":
			p.comment.author = s.jiraUser()
		default:
			s.skip()
		}
	})
}

// jiraUser reads the account id (Cloud) or the name (Data Center) of a user.
func (s *scanner) jiraUser() string {
	var account, name string
	s.object(func(key []byte) {
		switch string(key) {
		case "accountId":
			account = oneLine(s.str(), maxPerson)
		case "name":
			name = oneLine(s.str(), maxPerson)
		default:
			s.skip()
		}
	})
	if account != "" {
		return account
	}
	return name
}

// statusCategory reads fields.status.statusCategory.key.
func (s *scanner) statusCategory() (category string) {
	s.object(func(field []byte) {
		if string(field) != "statusCategory" {
			s.skip()
			return
		}
		s.object(func(field []byte) {
			if string(field) == "key" {
				category = s.str()
			} else {
				s.skip()
			}
		})
	})
	return category
}

// changed is the changelog's line for a field, empty where there is none.
func (p *jiraPayload) changed(field string) jiraItem {
	for _, it := range p.items {
		if it.field == field {
			return it
		}
	}
	return jiraItem{}
}

// labelled reports whether a label was put on that may bring a ticket under
// the rule.
func (p *jiraPayload) labelled(t *tracker) bool {
	it := p.changed("labels")
	before := strings.Fields(it.fromString)
	return slices.ContainsFunc(strings.Fields(it.toString), func(l string) bool { return !slices.Contains(before, l) && t.brings(l) })
}

// closed is the state that the delivery shows, nil where it shows none.
func (p *jiraPayload) closed() *bool {
	if p.category == "" {
		return nil
	}
	closed := p.category == "done"
	return &closed
}

// action says in GitHub's words what happened to the issue; about is false
// where nothing happened that matters.
func (p *jiraPayload) action() (action string, about bool) {
	switch p.event {
	case "jira:issue_created":
		return "opened", true
	case "jira:issue_deleted":
		return "deleted", true
	case "comment_created":
		return "", false
	}
	switch {
	case p.changed("key").field != "":
		return "moved", true
	case p.changed("status").field != "" && p.category == "done":
		return "closed", true
	case p.reopened():
		return "reopened", true
	}
	for _, it := range p.items {
		switch it.field {
		case "status", "resolution", "assignee", "duedate", "summary", "link", "project":
			return "edited", true
		}
	}
	// Without a changelog anything may have happened, save where the issue
	// was only commented on.
	return "edited", !p.hasChangelog && p.comment.id == ""
}

// reopened reports whether the delivery surely tells of a reopening. The
// changelog names the status that an issue came from but not its category, so
// a status outside done may as well be that of work that goes on; taking that
// for a reopening would make it look as if a person had overruled a close.
// Such a delivery is an edit that shows an open ticket, and the state is read
// back.
func (p *jiraPayload) reopened() bool {
	if p.category == "" || p.category == "done" || p.changed("status").field == "" {
		return false
	}
	resolution := p.changed("resolution")
	return p.detail == "issue_reopened" || resolution.from != "" && resolution.to == ""
}

// newComment reports whether the delivery tells of a comment just written.
// Data Center may tell it as an update of the issue.
func (p *jiraPayload) newComment() bool {
	if p.comment.id == "" {
		return false
	}
	if p.event == "comment_created" {
		return true
	}
	if p.event != "jira:issue_updated" {
		return false
	}
	switch p.detail {
	case "issue_comment_edited", "issue_comment_deleted":
		return false
	}
	return true
}
