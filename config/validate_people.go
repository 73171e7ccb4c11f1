package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

func (v *validator) team(p, name string) {
	if _, known := v.cfg.Team(name); known {
		return
	}
	v.unknown(p, "team", name, v.teamNames())
}

func (v *validator) teamNames() []string {
	var out []string
	for _, t := range v.cfg.Teams {
		if t.Name != "" {
			out = append(out, t.Name)
		}
	}
	return out
}

func (v *validator) teams() {
	seen := names{}
	for i, t := range v.cfg.Teams {
		p := fmt.Sprintf("teams[%d]", i)
		if v.need(p, "name", t.Name, "give it a name") {
			v.unique(seen, p+".name", t.Name, "name")
		}
		v.timezone(p+".timezone", t.Timezone)
		for j, lead := range t.Leads {
			v.person(fmt.Sprintf("%s.leads[%d]", p, j), lead)
		}
		v.approvers(p+".approvers", t.Approvers)
		if who := t.DefaultAssignee; strings.Contains(who, "@") {
			v.reference(p+".default_assignee", who)
		}
		v.notify(p+".notify", t.Notify)
		v.told(p, t)
		v.calendar(p, t)
		if t.Policy != nil {
			v.policy(p+".policy", t.Policy.Policy)
		}
	}
}

// approvers are logins, account ids, names or addresses. Only an address can
// be known to be wrong: no tracker calls anybody by it.
func (v *validator) approvers(p string, list []string) {
	for i, who := range list {
		at := fmt.Sprintf("%s[%d]", p, i)
		v.filled(at, who)
		if strings.Contains(who, "@") && !v.holdsToken(who) {
			v.reference(at, who)
		}
	}
}

// reference checks that somebody named by an address is under people or a
// lead.
func (v *validator) reference(p, who string) {
	known := v.known()
	if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, who) }) {
		v.problem(p, v.quote(p, who)+" is not under people", didYouMean(who, addresses(known)))
	}
}

func addresses(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return strings.IndexByte(s, '@') < 1 })
}

// known lists every name of the configured people and leads.
func (v *validator) known() []string {
	var out []string
	all := slices.Clone(v.cfg.PersonList)
	for _, t := range v.cfg.Teams {
		all = append(all, t.Leads...)
	}
	for _, p := range all {
		for _, s := range []string{p.Name, p.Email, p.GitHub, p.Jira} {
			if s != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

func (v *validator) holdsToken(who string) bool {
	return v.cfg.API != nil && slices.ContainsFunc(v.cfg.API.Tokens, func(t APIToken) bool { return strings.EqualFold(t.Person, who) })
}

func (v *validator) people() {
	seen := map[string]names{"name": {}, "email": {}, "github": {}, "jira": {}}
	for i, h := range v.cfg.PersonList {
		p := fmt.Sprintf("people[%d]", i)
		v.person(p, h)
		for key, value := range map[string]string{"name": h.Name, "email": h.Email, "github": h.GitHub, "jira": h.Jira} {
			v.unique(seen[key], p+"."+key, value, key)
		}
	}
}

func (v *validator) person(p string, h Person) {
	if h == (Person{}) && !v.badBelow(p) {
		v.problem(p, "names nobody", "write at least a name or an address")
	}
	v.email(p+".email", h.Email)
	if strings.HasPrefix(h.GitHub, "@") {
		v.problem(p+".github", v.quote(p+".github", h.GitHub)+" starts with @", "write the login alone")
	}
}

func (v *validator) badBelow(p string) bool {
	for b := range v.bad {
		if strings.HasPrefix(b, p) {
			return true
		}
	}
	return false
}

func (v *validator) policy(p string, c Policy) {
	if c.EscalateAfter < 1 {
		v.problem(p+".escalate_after", "is 0", "write 1 or more")
	}
	b := c.ReopenBackoff
	if b.First == 0 {
		v.problem(p+".reopen_backoff.first", "is 0", "write how long the first delayed reopening waits, such as 1m")
	}
	if b.Max < b.First {
		at := p + ".reopen_backoff.max"
		if !v.given(at) {
			at = p + ".reopen_backoff.first"
		}
		v.problem(at, fmt.Sprintf("max (%s) is shorter than first (%s)", b.Max, b.First), "make max the longer one")
	}
	if c.WaiverMax == 0 {
		v.problem(p+".waiver_max", "is 0, so that nothing could be waived", "write the longest waiver, such as 90d")
	}
	for _, pr := range slices.Sorted(maps.Keys(c.Due)) {
		if c.Due[pr] == 0 {
			v.problem(p+".due."+string(pr), "is 0, so that every ticket would be overdue", "write a time, such as 28d")
		}
	}
	seen := map[domain.Priority]bool{}
	for i, pr := range c.SelfAttest {
		if seen[pr] && pr != "" {
			v.problem(fmt.Sprintf("%s.self_attest[%d]", p, i), string(pr)+" is there twice", "remove one")
		}
		seen[pr] = true
	}
	v.approvers(p+".approvers", c.Approvers)
}
