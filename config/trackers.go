package config

import (
	"maps"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// The kinds of trackers.
const (
	GitHub = "github"
	Jira   = "jira"
)

// The flavors of Jira.
const (
	Cloud      = "cloud"
	DataCenter = "datacenter"
)

// The ways to learn what happened on a tracker.
const (
	IngestWebhook = "webhook"
	IngestPoll    = "poll"
)

// Tracker is one ticket system. Fields tagged with a kind are for that kind
// alone.
type Tracker struct {
	Name string `yaml:"name" jsonschema_description:"The prefix of its tickets, as in github:acme/checkout#12."`
	Kind string `yaml:"kind" oneof:"github jira"`

	APIURL string `yaml:"api_url" kind:"github" jsonschema_description:"Any base; used as it stands. Default https://api.github.com."`
	App    *App   `yaml:"app" kind:"github" jsonschema_description:"A GitHub App instead of a token: all its installations."`

	Flavor     string                     `yaml:"flavor" kind:"jira" oneof:"cloud datacenter"`
	URL        string                     `yaml:"url" kind:"jira"`
	User       string                     `yaml:"user" kind:"jira" jsonschema_description:"The account's e-mail address on Cloud. On Data Center without it, the token is a personal access token."`
	Priorities map[domain.Priority]string `yaml:"priorities" kind:"jira"`
	Projects   map[string]Project         `yaml:"projects" kind:"jira"`

	Token         Secret   `yaml:"token"`
	WebhookSecret Secret   `yaml:"webhook_secret"`
	SweepEvery    Duration `yaml:"sweep_every" jsonschema_description:"How often the tracker is asked what changed, for what no webhook told. Default 1m; 30s with ingest: poll."`
	Ingest        string   `yaml:"ingest" oneof:"webhook poll" jsonschema_description:"poll: for trackers whose webhooks can't reach Holdfast. Default webhook."`
}

// App is a GitHub App.
type App struct {
	ID         string `yaml:"id" jsonschema_description:"The app's numeric id."`
	PrivateKey Secret `yaml:"private_key" multiline:"true"`
}

// Project is how Holdfast files and reopens in one Jira project.
type Project struct {
	IssueType        string         `yaml:"issue_type"`
	Fields           map[string]any `yaml:"fields" jsonschema_description:"Further fields of a new issue, as the API takes them."`
	ReopenTransition string         `yaml:"reopen_transition" jsonschema_description:"Name or id. Default: one that leaves the done category."`
	CloseTransition  string         `yaml:"close_transition" jsonschema_description:"Name or id. Default: one into the done category."`
	ReopenFields     map[string]any `yaml:"reopen_fields" jsonschema_description:"What the screen of the reopening wants."`
	Resolutions      Resolutions    `yaml:"resolutions"`
}

// Resolutions are the names that mean something other than done.
type Resolutions struct {
	NotPlanned []string `yaml:"not_planned"`
	Duplicate  []string `yaml:"duplicate"`
}

func (p *Project) setDefaults() {
	p.IssueType = "Task"
	p.Resolutions = Resolutions{
		NotPlanned: []string{"Won't Do", "Won't Fix", "Cannot Reproduce"},
		Duplicate:  []string{"Duplicate"},
	}
}

func (t *Tracker) setDefaults() {
	t.APIURL = "https://api.github.com"
	t.Flavor = Cloud
	t.Ingest = IngestWebhook
	t.Priorities = map[domain.Priority]string{"P0": "Highest", "P1": "High", "P2": "Medium", "P3": "Low", "P4": "Lowest"}
}

// settle drops the defaults of the other kind and adds the projects that
// tickets go to but that need no settings of their own.
func (t *Tracker) settle(targets []string) {
	if t.Kind == GitHub {
		t.Flavor, t.Priorities = "", nil
		return
	}
	t.APIURL = ""
	t.Projects = maps.Clone(t.Projects)
	for _, target := range targets {
		name, key, _ := strings.Cut(target, ":")
		if _, known := t.Projects[key]; name != t.Name || known {
			continue
		}
		if t.Projects == nil {
			t.Projects = map[string]Project{}
		}
		var p Project
		p.setDefaults()
		t.Projects[key] = p
	}
}
