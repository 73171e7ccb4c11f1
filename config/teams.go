package config

import (
	"time"
	_ "time/tzdata" // time zones must not depend on what the machine has installed

	"github.com/goccy/go-yaml/ast"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Team is who gets reports and approves exceptions.
type Team struct {
	Name            string   `yaml:"name"`
	Timezone        string   `yaml:"timezone" jsonschema_description:"As in Europe/Berlin. Default UTC."`
	Leads           []Person `yaml:"leads"`
	Approvers       []string `yaml:"approvers" jsonschema_description:"Logins, account ids, or names and addresses from people."`
	DefaultAssignee string   `yaml:"default_assignee"`
	Workdays        []string `yaml:"workdays" oneof:"monday tuesday wednesday thursday friday saturday sunday" jsonschema_description:"The days on which the team works. Default: every day."`
	Holidays        []string `yaml:"holidays" jsonschema_description:"Days on which it does not, as 2026-12-25."`
	Notify          Notify   `yaml:"notify"`
	// Policy is the global policy with this team's keys laid over it, key by
	// key; due, soak and not_planned priority by priority.
	Policy *TeamPolicy `yaml:"policy"`
}

func (t *Team) setDefaults() { t.Timezone = "UTC" }

// Location is the team's time zone.
func (t Team) Location() *time.Location {
	loc, err := time.LoadLocation(t.Timezone)
	if err != nil {
		return time.UTC // Load refuses such a name
	}
	return loc
}

// Notify is where a team is told, beside the mail to its leads.
type Notify struct {
	SlackWebhook Secret `yaml:"slack_webhook" jsonschema_description:"An incoming webhook of Slack: the whole report in one message."`
	SlackChannel string `yaml:"slack_channel" jsonschema_description:"A channel of Slack, with reports.slack.bot_token: the detail goes into the thread."`
	TeamsWebhook Secret `yaml:"teams_webhook" jsonschema_description:"The address of a workflow of Microsoft Teams."`
	Webhook      *Hook  `yaml:"webhook" jsonschema_description:"An address of your own, which gets the report as signed JSON."`
	Directory    string `yaml:"directory" jsonschema_description:"A directory into which the reports are written as files. Relative to this file."`
}

// Hook is a signed webhook.
type Hook struct {
	URL    Secret `yaml:"url"`
	Secret Secret `yaml:"secret"`
}

// Person joins the names that one human has in documents and trackers.
type Person struct {
	Name   string `yaml:"name"`
	Email  string `yaml:"email"`
	GitHub string `yaml:"github" jsonschema_description:"Login."`
	Jira   string `yaml:"jira" jsonschema_description:"Account id on Cloud, user name on Data Center."`
}

// Domain is the person in the words of the other packages.
func (p Person) Domain() domain.Person { return domain.Person(p) }

// TeamPolicy is a Policy that starts from the global one.
type TeamPolicy struct {
	Policy
}

func (p *TeamPolicy) decodeNode(d *decoder, n ast.Node, path string) {
	p.Policy = d.base.clone()
	d.structure(n, &p.Policy, path)
}
