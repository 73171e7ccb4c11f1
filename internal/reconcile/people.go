package reconcile

import (
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// person finds the human behind a name, an e-mail address, a login or an
// account id, as configured under people.
func (s *Setup) person(who string) (domain.Person, bool) {
	who = strings.TrimPrefix(strings.TrimSpace(who), "@")
	if who == "" {
		return domain.Person{}, false
	}
	for _, p := range s.People {
		for _, n := range []string{p.Name, p.Email, p.GitHub, p.Jira} {
			if n != "" && strings.EqualFold(n, who) {
				return p, true
			}
		}
	}
	return domain.Person{}, false
}

// same reports whether two names mean one human.
func (s *Setup) same(a, b string) bool {
	a, b = strings.TrimPrefix(strings.TrimSpace(a), "@"), strings.TrimPrefix(strings.TrimSpace(b), "@")
	if a == "" || b == "" {
		return false
	}
	if strings.EqualFold(a, b) {
		return true
	}
	p, ok := s.person(a)
	q, ok2 := s.person(b)
	return ok && ok2 && p == q
}

// Known reports whether who is one of the configured people, leads or
// approvers.
func (s *Setup) Known(who string) bool {
	if _, ok := s.person(who); ok {
		return true
	}
	for name := range s.Teams {
		if slices.ContainsFunc(s.approvers(name), func(a string) bool { return s.same(a, who) }) {
			return true
		}
	}
	return false
}

// approvers lists who may approve for a team.
func (s *Setup) approvers(team string) []string {
	return append(slices.Clone(s.Teams[team].Approvers), s.Settings(team).Approvers...)
}

// refuseApproval says why who may not approve for the item; empty: may.
// An approver never is, and never was, the owner or an assignee, nor the
// author of a linked change.
func (s *Setup) refuseApproval(st domain.State, who string) string {
	list := s.approvers(st.Spec.Team)
	if !slices.ContainsFunc(list, func(a string) bool { return s.same(a, who) }) {
		if len(list) == 0 {
			return "nobody is named under `approvers` for team " + quote(st.Spec.Team)
		}
		return "only an approver of team " + quote(st.Spec.Team) + " may do that"
	}
	if s.owns(st, who) {
		return "an approver must not be, nor have been, the owner or an assignee of the item"
	}
	for _, c := range st.Changes {
		if s.same(c.Author, who) {
			return "an approver must not be the author of a linked change (" + c.Key() + ")"
		}
	}
	return ""
}

// owns reports whether who is or was owner or assignee.
func (s *Setup) owns(st domain.State, who string) bool {
	return slices.ContainsFunc(st.Owners, func(o string) bool { return s.same(o, who) })
}

// handle is what a tracker of this kind calls a person; empty where nobody
// knows. A word that is no configured person is a GitHub login as it stands.
func (s *Setup) handle(who, kind string) string {
	p, ok := s.person(who)
	switch {
	case ok && kind == "jira":
		return p.Jira
	case ok:
		return p.GitHub
	case kind == "jira":
		if strings.Contains(who, ":") {
			return who // the form of an account id
		}
		return ""
	}
	who = strings.TrimPrefix(who, "@")
	if strings.ContainsAny(who, " /@:.") {
		return ""
	}
	return who
}

// assignee is the login or account id for a ticket of the given kind: the
// owner, or the first of several, where the tracker knows that person, else
// the team's default.
func (s *Setup) assignee(spec domain.ItemSpec, kind string) string {
	owners := ownersOf(spec.Owner)
	for _, owner := range owners { // one who is known goes first
		if _, known := s.person(owner); known {
			return s.handle(owner, kind)
		}
	}
	for _, owner := range owners {
		if login := s.handle(owner, kind); strings.HasPrefix(owner, "@") && login != "" {
			return login
		}
	}
	return s.handle(s.Teams[spec.Team].DefaultAssignee, kind)
}

func quote(s string) string {
	if s == "" {
		return "(none)"
	}
	return "`" + strings.ReplaceAll(s, "`", "'") + "`"
}
