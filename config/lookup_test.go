package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

func TestServices(t *testing.T) {
	c := mustParse(t, minimal)
	want := []domain.Service{
		{
			Name: "Checkout", Aliases: []string{"Checkout  Service", "shop"}, Tracker: "github", Repo: "Acme/Checkout", Tickets: "github:acme/checkout",
			Production: []domain.Environment{{Name: "prod-eu"}, {Name: "prod-us", GitHubEnvironment: "checkout-prod-us"}}, Team: "payments",
		},
		{
			Name: "billing", Tracker: "github", Repo: "acme/checkout", Tickets: "jira:PAY",
			Production: []domain.Environment{{Name: "prod-eu"}}, Require: 1, Team: "payments",
		},
	}
	require.Empty(t, cmp.Diff(want, c.Services()))
	for _, name := range []string{"Checkout", "checkout", " CHECKOUT ", "checkout service", "Shop"} {
		s, ok := c.Service(name)
		require.True(t, ok, name)
		require.Equal(t, "Checkout", s.Name)
	}
	_, ok := c.Service("check")
	require.False(t, ok)
	_, ok = c.Service("")
	require.False(t, ok)
}

func TestServicesForDeployment(t *testing.T) {
	c := mustParse(t, minimal)
	cases := map[string]struct {
		tracker, repo, env string
		want               []domain.Target
	}{
		"two services share an environment's name": {"github", "ACME/checkout", "Prod-EU",
			[]domain.Target{{Service: "Checkout", Environment: "prod-eu"}, {Service: "billing", Environment: "prod-eu"}}},
		"GitHub's own name is translated":          {"github", "acme/checkout", "checkout-prod-us", []domain.Target{{Service: "Checkout", Environment: "prod-us"}}},
		"a translated one is not known by its own": {"github", "acme/checkout", "prod-us", nil},
		"staging is not production":                {"github", "acme/checkout", "staging", nil},
		"another repository":                       {"github", "acme/other", "prod-eu", nil},
		"another tracker":                          {"jira", "acme/checkout", "prod-eu", nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, c.ServicesForDeployment(tc.tracker, tc.repo, tc.env))
		})
	}
}

func TestTeamPolicyIsLaidOverTheGlobalOne(t *testing.T) {
	c := mustParse(t, `
teams:
  - {name: payments, policy: {grace: 1h, due: {P1: 14d}, soak: {P0: 1h}, not_planned: {P3: waiver}, self_attest: [], approvers: [alice]}}
  - {name: platform}
policy: {grace: 5m, watch: 60d, due: {P4: 180d}, soak: {P1: 2h}, not_planned: {P3: allow, P4: allow}, approvers: [bob], enforce: false}
trackers: [{name: github, kind: github, token: a-token-of-github, webhook_secret: hook-secret}]
`)
	global, team := c.TeamPolicy("platform"), c.TeamPolicy("payments")
	require.Equal(t, Duration(5*time.Minute), global.Grace)
	require.Equal(t, map[domain.Priority]Duration{"P0": 7 * day, "P1": 28 * day, "P2": 56 * day, "P3": 90 * day, "P4": 180 * day}, global.Due)
	require.Equal(t, map[domain.Priority]Duration{"P1": Duration(2 * time.Hour)}, global.Soak)
	require.True(t, global.NotPlannedAllowed("P3"))
	require.True(t, global.MaySelfAttest("P2"))
	require.Equal(t, global, c.TeamPolicy("nobody's"))

	require.Equal(t, Duration(time.Hour), team.Grace)
	require.Equal(t, 60*day, team.Watch)
	require.False(t, team.Enforce)
	require.Equal(t, map[domain.Priority]Duration{"P0": 7 * day, "P1": 14 * day, "P2": 56 * day, "P3": 90 * day, "P4": 180 * day}, team.Due)
	require.Equal(t, map[domain.Priority]Duration{"P0": Duration(time.Hour), "P1": Duration(2 * time.Hour)}, team.Soak)
	require.False(t, team.NotPlannedAllowed("P3"))
	require.True(t, team.NotPlannedAllowed("P4"))
	require.False(t, team.MaySelfAttest("P2"))
	require.Equal(t, []string{"alice"}, team.Approvers)
}

func TestPeopleAndTargets(t *testing.T) {
	c := mustParse(t, minimal+"people: [{name: Alice, email: alice@acme.example, github: alice, jira: '712020:xyz'}]\n")
	require.Equal(t, []domain.Person{{Name: "Alice", Email: "alice@acme.example", GitHub: "alice", Jira: "712020:xyz"}}, c.People())
	require.Equal(t, []string{"jira:PAY", "github:acme/checkout"}, c.Targets())
	team, ok := c.Team("payments")
	require.True(t, ok)
	require.Equal(t, time.UTC, team.Location())
}

// A project that only a ticket target names is filed in with the defaults.
func TestProjectsWithoutSettings(t *testing.T) {
	c := mustParse(t, minimal)
	jira, ok := c.Tracker("jira")
	require.True(t, ok)
	var want Project
	want.setDefaults()
	require.Equal(t, map[string]Project{"PAY": want}, jira.Projects)
	require.Equal(t, "Medium", jira.Priorities["P2"])
	require.Equal(t, Cloud, jira.Flavor)
}

func TestOpenAPIAllowed(t *testing.T) {
	cases := map[string]struct {
		text string
		ok   bool
	}{
		"the defaults":                          {"", true},
		"localhost, IPv6, other loopback":       {"listen: '[::1]:80'\npublic_url: http://localhost:80", true},
		"127.0.0.9 is loopback":                 {"listen: 127.0.0.9:80", true},
		"all interfaces":                        {"listen: ':8080'", false},
		"0.0.0.0":                               {"listen: 0.0.0.0:8080", false},
		"another address":                       {"listen: 10.0.0.1:8080", false},
		"published elsewhere":                   {"public_url: https://holdfast.example.com", false},
		"a name that only looks like localhost": {"public_url: http://localhost.example.com", false},
		"with an api section anywhere":          {"listen: ':8080'\napi: {tokens: [{name: ops, token: an-api-token-of-tests, role: admin}]}", true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := mustParse(t, minimal+tc.text+"\n")
			err := c.OpenAPIAllowed()
			require.Equal(t, tc.ok, err == nil, "%v", err)
			if err != nil {
				require.Contains(t, err.Error(), "api.tokens")
				require.Contains(t, c.Warnings.Error(), "serve will refuse to start")
			}
		})
	}
}
