package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

func (v *validator) services() {
	if len(v.cfg.ServiceList) == 0 && !v.bad["services"] {
		v.warn("services", "there is none, so no ticket can be verified", "add services: with the repository and the production environments of each")
	}
	seen := names{}
	for i, s := range v.cfg.ServiceList {
		p := fmt.Sprintf("services[%d]", i)
		v.service(p, s, seen)
	}
}

func (v *validator) service(p string, s Service, seen names) {
	if v.need(p, "name", s.Name, "give it the name that deployments report") {
		v.unique(seen, p+".name", s.Name, "name")
		v.serviceName(p+".name", s.Name)
	}
	for j, a := range s.Aliases {
		at := fmt.Sprintf("%s.aliases[%d]", p, j)
		v.filled(at, a)
		if fold(a) != fold(s.Name) {
			v.unique(seen, at, a, "name")
		}
	}
	if v.need(p, "repo", s.Repo, "write OWNER/NAME") {
		v.repo(p+".repo", s.Repo)
	}
	v.home(p, s.Tracker)
	if s.GitURL != "" {
		v.gitURL(p+".git_url", s.GitURL)
	} else if v.lacksGitHub() {
		v.need(p, "git_url", "", "no GitHub tracker is configured that could tell it; write the URL that git clones from")
	}
	v.globs(p+".paths", s.Paths)
	switch {
	case s.Tickets != "":
		v.target(p+".tickets", s.Tickets)
	case v.cfg.Defaults.Tickets == "" && !v.bad["defaults.tickets"]:
		v.need(p, "tickets", "", "write TRACKER:OWNER/REPO or TRACKER:PROJECT, here or under defaults")
	}
	if len(s.Production) == 0 {
		v.need(p, "production", "", "list the environments that count, such as [production]")
	}
	v.environments(p, s)
	if s.Team != "" {
		v.team(p+".team", s.Team)
	}
}

// serviceName refuses what would make service/environment or a list of
// services ambiguous.
func (v *validator) serviceName(p, name string) {
	if strings.ContainsAny(name, "/,") || len(name) > 100 || fold(name) == "" {
		v.problem(p, v.quote(p, name)+" can't be a service's name", "use at most 100 characters without / and ,")
	}
}

func (v *validator) environments(p string, s Service) {
	seen := names{}
	for j, e := range s.Production {
		at := fmt.Sprintf("%s.production[%d]", p, j)
		nameAt := at
		if v.given(at + ".name") {
			nameAt = at + ".name"
		}
		if v.need(at, "name", e.Name, "write the name that deployments report") {
			v.unique(seen, nameAt, e.Name, "environment")
		}
		v.filled(at+".github_environment", e.GitHubEnvironment)
	}
	if n := len(s.Production); n > 0 && int(s.Require) > n {
		v.problem(p+".require", fmt.Sprintf("%d is more than the %d production environments of the service", s.Require, n), "write all, or a smaller number")
	}
}

// scpForm is git's short form of an SSH address.
var scpForm = regexp.MustCompile(`^[A-Za-z0-9._-]+@[A-Za-z0-9._-]+:[^\s:][^\s]*$`)

// gitURL accepts what the mirror may speak; git's other transports can run
// programs.
func (v *validator) gitURL(p, raw string) {
	u, err := url.Parse(raw)
	ok := err == nil && (contains([]string{"https", "http", "ssh", "git"}, u.Scheme) && u.Hostname() != "" && strings.Trim(u.Path, "/") != "" ||
		u.Scheme == "file" && strings.HasPrefix(u.Path, "/"))
	switch {
	case !ok && !scpForm.MatchString(raw) && !(strings.HasPrefix(raw, "/") && !strings.Contains(raw, "::")):
		v.problem(p, v.quote(p, raw)+" is no git URL", "write https://…, ssh://…, git@host:path, file:///… or an absolute path")
	case ok && u.User != nil && u.Scheme != "ssh":
		if _, has := u.User.Password(); has {
			v.warn(p, "holds a password", "for a tracker's own host its token is used; remove the password")
		}
	}
}

func (v *validator) defaults() {
	if t := v.cfg.Defaults.Tickets; t != "" {
		v.target("defaults.tickets", t)
	}
	// A default for what nobody configured yet does no harm; a service's own
	// team that is misspelt does.
	if t := v.cfg.Defaults.Team; t != "" {
		if _, known := v.cfg.Team(t); !known && !v.bad["teams"] {
			v.warn("defaults.team", "there is no team "+v.quote("defaults.team", t)+", so nobody is told about its items", didYouMean(t, v.teamNames()))
		}
	}
}
