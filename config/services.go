package config

import (
	"github.com/goccy/go-yaml/ast"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Service is something that is deployed from a repository, as the file has it;
// Config.Services gives it with its references resolved.
type Service struct {
	Name       string        `yaml:"name"`
	Aliases    []string      `yaml:"aliases" jsonschema_description:"Other names that documents use."`
	Tracker    string        `yaml:"tracker" jsonschema_description:"The GitHub tracker that holds the repository; needed only where there are several."`
	Repo       string        `yaml:"repo" jsonschema_description:"OWNER/NAME."`
	GitURL     string        `yaml:"git_url" jsonschema_description:"What to mirror: any git URL. Default: the repository's clone URL."`
	Paths      []string      `yaml:"paths" jsonschema_description:"In a monorepo: the globs of this service."`
	Tickets    string        `yaml:"tickets" jsonschema_description:"TRACKER:OWNER/REPO or TRACKER:PROJECT. Default: defaults.tickets."`
	Production []Environment `yaml:"production" jsonschema_description:"The environments that count; others prove nothing."`
	Require    Require       `yaml:"require" jsonschema_description:"How many production environments must have a fix: all, any or a number."`
	Team       string        `yaml:"team"`
}

// Environment is a production environment: its name alone, or a mapping.
type Environment struct {
	Name              string `yaml:"name"`
	GitHubEnvironment string `yaml:"github_environment" jsonschema_description:"Its name on GitHub, where that differs."`
}

func (e *Environment) decodeNode(d *decoder, n ast.Node, path string) {
	if _, ok := n.(ast.MapNode); ok {
		d.structure(n, e, path)
		return
	}
	if s, ok := d.text(n, path, "an environment's name, or {name: …, github_environment: …}"); ok {
		e.Name = s.value
	}
}

// Require is how many production environments must have a fix; 0 means all.
type Require int

func (r *Require) decodeNode(d *decoder, n ast.Node, path string) {
	const want = "all, any or a number of environments"
	s, ok := d.text(n, path, want)
	if !ok {
		return
	}
	switch s.value {
	case "all":
		*r = 0
	case "any":
		*r = 1
	default:
		i, ok := atoi(s.value)
		if !ok || i < 1 {
			d.problem(path, s.shown()+" is not "+want, "")
			return
		}
		*r = Require(i)
	}
}

func (s Service) domain(def Defaults) domain.Service {
	out := domain.Service{
		Name: s.Name, Aliases: s.Aliases, Tracker: s.Tracker, Repo: s.Repo, GitURL: s.GitURL, Paths: s.Paths,
		Tickets: s.Tickets, Require: int(s.Require), Team: s.Team,
	}
	if out.Tickets == "" {
		out.Tickets = def.Tickets
	}
	if out.Team == "" {
		out.Team = def.Team
	}
	for _, e := range s.Production {
		out.Production = append(out.Production, domain.Environment(e))
	}
	return out
}
