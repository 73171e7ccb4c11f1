package webhook

import (
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
)

// issueActions are those after which an item has to be looked at.
var issueActions = map[string]bool{
	"opened": true, "closed": true, "reopened": true, "edited": true, "deleted": true,
	"transferred": true, "assigned": true, "unassigned": true,
}

// issue is the part of an issue object that matters.
type issue struct {
	number                      int64
	id                          string
	state                       string
	createdAt, updatedAt, ended string
	isPull                      bool
}

func (s *scanner) issue() (i issue) {
	s.object(func(key []byte) {
		switch string(key) {
		case "number":
			i.number = s.integer()
		case "id":
			i.id = s.id()
		case "state":
			i.state = s.str()
		case "created_at":
			i.createdAt = s.str()
		case "updated_at":
			i.updatedAt = s.str()
		case "closed_at":
			i.ended = s.str()
		case "pull_request":
			i.isPull = s.peek() == '{'
			s.skip()
		default:
			s.skip()
		}
	})
	return i
}

// closed is the state that the delivery shows, nil where it shows none.
func (i issue) closed() *bool {
	if i.state != "open" && i.state != "closed" {
		return nil
	}
	closed := i.state == "closed"
	return &closed
}

// brings reports whether a label may bring an issue under the rule.
func (t *tracker) brings(label string) bool {
	return t.Labels && !slices.ContainsFunc(t.Ours, func(o string) bool { return strings.EqualFold(o, label) })
}

// githubIssue reads the event "issues".
func (h *Handler) githubIssue(d *delivery) (reading, error) {
	var action, sender, assignee, label string
	var repo, newRepo repository
	var is, newIssue issue
	err := scan(d.body, func(s *scanner) {
		s.object(func(key []byte) {
			switch string(key) {
			case "action":
				action = s.str()
			case "issue":
				is = s.issue()
			case "repository":
				repo = s.repository()
			case "sender":
				sender = s.login()
			case "assignee":
				assignee = s.login()
			case "label":
				s.object(func(key []byte) {
					if string(key) == "name" {
						label = s.str()
					} else {
						s.skip()
					}
				})
			case "changes":
				s.object(func(key []byte) {
					switch string(key) {
					case "new_issue":
						newIssue = s.issue()
					case "new_repository":
						newRepo = s.repository()
					default:
						s.skip()
					}
				})
			default:
				s.skip()
			}
		})
	})
	if err != nil {
		return reading{}, err
	}
	ev, configured := d.ofRepo(domain.EventTicket, repo.name)
	switch {
	case !configured:
		return ignore(reasonNotConfigured), nil
	case !issueActions[action] && !(action == "labeled" && d.tracker.brings(label)):
		return nothing("nothing that Holdfast follows happened to the issue"), nil
	case is.number <= 0:
		return reading{}, errNoNumber
	case is.isPull:
		return nothing("it is a pull request"), nil
	}
	ev.Action, ev.Actor = action, sender
	ev.Ticket = domain.GitHubRef(d.tracker.Name, ev.Repo, int(is.number))
	ev.Native = is.id
	if action == "assigned" {
		ev.Assignee = assignee
	}
	ev.Closed = is.closed()
	ev.At = firstOf(moment(is.updatedAt, d.now), moment(is.createdAt, d.now), d.now)
	if action == "closed" {
		ev.At = firstOf(moment(is.ended, d.now), ev.At)
	}
	if action == "transferred" && newIssue.number > 0 && newRepo.name != "" {
		if known, ok := d.tracker.repo(newRepo.name); ok {
			newRepo.name = known
		}
		// A name of a form that no ticket can have is left out; the state is
		// read back anyway.
		ev.NewRef, _ = domain.ParseRef(string(domain.GitHubRef(d.tracker.Name, newRepo.name, int(newIssue.number))))
	}
	return reading{events: []domain.Event{ev}}, nil
}

// githubComment reads the event "issue_comment".
func (h *Handler) githubComment(d *delivery) (reading, error) {
	var action, sender, author, body, id, createdAt string
	var repo repository
	var is issue
	err := scan(d.body, func(s *scanner) {
		s.object(func(key []byte) {
			switch string(key) {
			case "action":
				action = s.str()
			case "issue":
				is = s.issue()
			case "comment":
				s.object(func(key []byte) {
					switch string(key) {
					case "id":
						id = s.id()
					case "body":
						body = s.str()
					case "created_at":
						createdAt = s.str()
					case "user":
						author = s.login()
					default:
						s.skip()
					}
				})
			case "repository":
				repo = s.repository()
			case "sender":
				sender = s.login()
			default:
				s.skip()
			}
		})
	})
	if err != nil {
		return reading{}, err
	}
	ev, configured := d.ofRepo(domain.EventComment, repo.name)
	switch {
	case !configured:
		return ignore(reasonNotConfigured), nil
	case action != "created":
		return nothing("only a new comment can be a command"), nil
	case is.number <= 0 || id == "":
		return reading{}, errNoNumber
	case is.isPull:
		return nothing("it is a comment on a pull request"), nil
	case !hasCommand(body):
		return nothing("no command in the comment"), nil
	}
	if author == "" {
		author = sender
	}
	ev.Action, ev.Actor, ev.Command, ev.Comment = action, author, true, id
	ev.Ticket = domain.GitHubRef(d.tracker.Name, ev.Repo, int(is.number))
	ev.Native = is.id
	ev.Closed = is.closed()
	ev.At = firstOf(moment(createdAt, d.now), d.now)
	return reading{events: []domain.Event{ev}}, nil
}

// hasCommand reports whether a comment is worth reading back.
func hasCommand(body string) bool {
	return strings.Contains(body, "/holdfast") && len(claims.Commands(body)) > 0
}
