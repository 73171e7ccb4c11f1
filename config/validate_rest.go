package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLabel is the longest label that GitHub takes, in characters.
const maxLabel = 50

func (v *validator) labels() {
	l := v.cfg.Labels
	v.label("labels.postmortem", l.Postmortem)
	v.label("labels.awaiting", l.Awaiting)
	if l.Postmortem != "" && strings.EqualFold(l.Postmortem, l.Awaiting) {
		v.problem("labels.awaiting", "is the same as labels.postmortem", "the two must differ: one comes and goes")
	}
}

func (v *validator) label(p, s string) {
	switch {
	case s == "":
		v.filled(p, s)
	case utf8.RuneCountInString(s) > maxLabel || strings.Contains(s, ","):
		v.problem(p, v.quote(p, s)+" can't be a label", fmt.Sprintf("use at most %d characters without commas", maxLabel))
	case strings.ContainsFunc(s, unicode.IsSpace) && len(v.trackerNames(Jira)) > 0:
		v.problem(p, v.quote(p, s)+" holds a blank, and Jira's labels can't", "use - instead")
	}
}

func (v *validator) adopt() {
	for i, a := range v.cfg.Adopt {
		p := fmt.Sprintf("adopt[%d]", i)
		if v.need(p, "tracker", a.Tracker, "name a tracker: "+strings.Join(v.trackerNames(""), ", ")) {
			v.tracker(p+".tracker", a.Tracker, "")
		}
		v.need(p, "query", a.Query, "write which tickets, in the tracker's query language")
		if a.Service != "" {
			v.serviceReference(p+".service", a.Service)
		}
	}
}

func (v *validator) postmortems() {
	for i, s := range v.cfg.Postmortems {
		p := fmt.Sprintf("postmortems[%d]", i)
		if v.need(p, "repo", s.Repo, "write OWNER/NAME") {
			v.repo(p+".repo", s.Repo)
		}
		v.home(p, s.Tracker)
		if v.lacksGitHub() {
			v.problem(p, "is read from GitHub, and no GitHub tracker is configured", "add one under trackers")
		}
		v.globs(p+".paths", s.Paths)
		if len(s.Paths) == 0 {
			v.problem(p+".paths", "is empty, so that no document would be read", `write ["**/*.md"], or remove the key`)
		}
		if strings.HasPrefix(s.Branch, "-") || strings.HasPrefix(s.Branch, "refs/") || strings.ContainsAny(s.Branch, " ~^:?*[\\") || strings.Contains(s.Branch, "..") {
			v.problem(p+".branch", v.quote(p+".branch", s.Branch)+" is no branch", "write its name alone, such as main")
		}
	}
}

var clock = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

func (v *validator) reports() {
	v.filled("reports.weekly.day", v.cfg.Reports.Weekly.Day)
	if at := v.cfg.Reports.Weekly.At; !clock.MatchString(at) {
		v.problem("reports.weekly.at", v.quote("reports.weekly.at", at)+" is no time of day", `write it as "08:00", in quotes`)
	}
	v.reportChannels()
	v.reminders()
	m := v.cfg.Reports.SMTP
	if m == nil || v.bad["reports.smtp"] {
		return
	}
	const p = "reports.smtp"
	if v.need(p, "host", m.Host, "write the mail server's name") && (m.Host == "" || !hostName.MatchString(m.Host)) {
		v.problem(p+".host", v.quote(p+".host", m.Host)+" is no host", "write its name or IP address alone; the port has its own key")
	}
	if m.Port < 1 || m.Port > 65535 {
		v.problem(p+".port", fmt.Sprintf("%d is no port", m.Port), "write a number from 1 to 65535, such as 587")
	}
	if v.need(p, "from", m.From, "write the sender's address") {
		v.email(p+".from", m.From)
	}
	if m.User != "" {
		v.needSecret(p, "password", m.Password, "write the password of that user, or remove user")
	}
}

func (v *validator) deployments() {
	seen, secrets := names{}, map[string]string{}
	for i, t := range v.cfg.Deployments.Tokens {
		p := fmt.Sprintf("deployments.tokens[%d]", i)
		v.token(p, t.Name, t.Token, seen, secrets)
		for j, s := range t.Services {
			v.serviceReference(fmt.Sprintf("%s.services[%d]", p, j), s)
		}
		for j, e := range t.Environments {
			v.filled(fmt.Sprintf("%s.environments[%d]", p, j), e)
		}
	}
}

func (v *validator) serviceReference(p, name string) {
	known := make([]string, 0, len(v.cfg.ServiceList))
	for _, s := range v.cfg.ServiceList {
		if s.Name == name {
			return
		}
		if s.Name != "" {
			known = append(known, s.Name)
		}
	}
	v.unknown(p, "service", name, known)
}

func (v *validator) api() {
	a := v.cfg.API
	if a == nil {
		if err := v.cfg.OpenAPIAllowed(); err != nil {
			p := "listen"
			if !v.given(p) {
				p = "public_url"
			}
			v.warn(p, "serve will refuse to start: "+err.Error(), "")
		}
		return
	}
	if len(a.Tokens) == 0 && !v.bad["api"] && !v.badBelow("api.tokens") {
		v.need("api", "tokens", "", "add a token with name, token and role; without any, nobody can use the API")
	}
	seen, secrets := names{}, map[string]string{}
	known := v.known()
	for _, t := range v.cfg.Teams {
		known = append(known, t.Approvers...)
	}
	known = append(known, v.cfg.Policy.Approvers...)
	for i, t := range a.Tokens {
		p := fmt.Sprintf("api.tokens[%d]", i)
		v.token(p, t.Name, t.Token, seen, secrets)
		v.need(p, "role", t.Role, "write viewer, operator or admin")
		if t.Person != "" && !containsFold(known, t.Person) {
			v.warn(p+".person", v.quote(p+".person", t.Person)+" is neither under people nor a lead or approver, and can't approve anything", hint(t.Person, known))
		}
	}
	for i, t := range v.cfg.Deployments.Tokens {
		if other, twice := secrets[t.Token.Reveal()]; twice && !t.Token.IsZero() {
			v.warn(fmt.Sprintf("deployments.tokens[%d].token", i), "is the same as that of "+other, "use one of its own, so that CI can't do more than report deployments")
		}
	}
}

func containsFold(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}

// token checks what both kinds of tokens share.
func (v *validator) token(p, name string, s Secret, seen names, secrets map[string]string) {
	if v.need(p, "name", name, "give it a name; the log tells it, never the token") {
		v.unique(seen, p+".name", name, "name")
	}
	if !v.needSecret(p, "token", s, "make one with: openssl rand -hex 32") {
		return
	}
	v.strength(p+".token", s)
	if other, twice := secrets[s.Reveal()]; twice {
		v.problem(p+".token", "is the same as that of "+other, "give each token its own secret")
		return
	}
	secrets[s.Reveal()] = p
}
