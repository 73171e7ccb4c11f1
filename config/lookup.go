package config

import (
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Services lists the configured services in the file's order, with the
// defaults for tickets and team filled in. Callers must not change it.
func (c *Config) Services() []domain.Service { return c.services }

// Service finds a service by its name or one of its aliases, in any case.
func (c *Config) Service(nameOrAlias string) (domain.Service, bool) {
	i, ok := c.byName[fold(nameOrAlias)]
	if !ok {
		return domain.Service{}, false
	}
	return c.services[i], true
}

// ServicesForDeployment lists the production environments that a deployment
// to a GitHub environment of this repository is about; several in a monorepo,
// none where the environment is not production.
func (c *Config) ServicesForDeployment(tracker, repo, githubEnvironment string) []domain.Target {
	var out []domain.Target
	for _, s := range c.services {
		if s.Tracker != tracker || !strings.EqualFold(s.Repo, repo) {
			continue
		}
		for _, e := range s.Production {
			name := e.GitHubEnvironment
			if name == "" {
				name = e.Name
			}
			if strings.EqualFold(name, githubEnvironment) {
				out = append(out, domain.Target{Service: s.Name, Environment: e.Name})
			}
		}
	}
	return out
}

// TeamPolicy is what holds for a team; for a team without a policy, or no team
// at all, the global policy. Callers must not change its maps and lists.
func (c *Config) TeamPolicy(team string) Policy {
	if t, ok := c.Team(team); ok && t.Policy != nil {
		return t.Policy.Policy
	}
	return c.Policy
}

// Team finds a team by name.
func (c *Config) Team(name string) (Team, bool) {
	for _, t := range c.Teams {
		if t.Name == name {
			return t, true
		}
	}
	return Team{}, false
}

// Tracker finds a tracker by name.
func (c *Config) Tracker(name string) (Tracker, bool) {
	for _, t := range c.Trackers {
		if t.Name == name {
			return t, true
		}
	}
	return Tracker{}, false
}

// People lists the configured people.
func (c *Config) People() []domain.Person {
	out := make([]domain.Person, 0, len(c.PersonList))
	for _, p := range c.PersonList {
		out = append(out, p.Domain())
	}
	return out
}

// Targets lists every place that tickets are filed in, without repetition.
func (c *Config) Targets() []string {
	var out []string
	seen := map[string]bool{"": true}
	for _, t := range append([]string{c.Defaults.Tickets}, c.ownTargets()...) {
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}

func (c *Config) ownTargets() []string {
	out := make([]string, 0, len(c.ServiceList))
	for _, s := range c.ServiceList {
		out = append(out, s.Tickets)
	}
	return out
}

// index resolves the services, once all of them are known to be right.
func (c *Config) index() {
	c.byName = map[string]int{}
	for i, s := range c.ServiceList {
		c.services = append(c.services, s.domain(c.Defaults))
		for _, name := range append([]string{s.Name}, s.Aliases...) {
			c.byName[fold(name)] = i
		}
	}
}

// fold makes names comparable: documents are not careful with case and spaces.
func fold(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }
