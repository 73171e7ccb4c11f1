package config

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// env is an environment in which every secret of the examples is set.
func env(extra map[string]string) func(string) (string, bool) {
	vars := map[string]string{
		"HOLDFAST_MARKER_KEY": "marker-key-of-the-tests", "GITHUB_TOKEN": "github-token-of-the-tests",
		"GITHUB_WEBHOOK_SECRET": "github-hook-of-the-tests", "JIRA_TOKEN": "jira-token-of-the-tests",
		"JIRA_WEBHOOK_SECRET": "jira-hook-of-the-tests", "SLACK_URL": "https://hooks.slack.example/x",
		"SMTP_PASSWORD": "smtp-password", "HOLDFAST_PUBLIC_URL": "https://holdfast.acme.example", "CI_TOKEN": "ci-token-of-the-tests", "HOLDFAST_TOKEN": "api-token-of-the-tests",
	}
	for k, v := range extra {
		vars[k] = v
	}
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

func parse(t *testing.T, text string) (*Config, error) {
	t.Helper()
	return Options{Getenv: env(nil), Dir: t.TempDir()}.Parse("holdfast.yaml", []byte(text))
}

func mustParse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := parse(t, text)
	require.NoError(t, err)
	return c
}

// minimal is a configuration to which a test adds what it is about.
const minimal = `
trackers:
  - {name: github, kind: github, token: a-token-of-github, webhook_secret: hook-secret}
  - {name: jira, kind: jira, url: https://acme.atlassian.net, user: bot@acme.example, token: a-token-of-jira, webhook_secret: hook-secret}
services:
  - {name: Checkout, aliases: [Checkout  Service, shop], repo: Acme/Checkout, tickets: github:acme/checkout, production: [prod-eu, {name: prod-us, github_environment: checkout-prod-us}], team: payments}
  - {name: billing, repo: acme/checkout, production: [prod-eu], require: any}
defaults: {tickets: "jira:PAY", team: payments}
teams:
  - {name: payments}
`

func TestExamplesPass(t *testing.T) {
	files, err := filepath.Glob("../docs/examples/*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, f := range files {
		c, err := Options{Getenv: env(nil)}.Load(f)
		require.NoError(t, err, f)
		require.Empty(t, c.Warnings, f)
		require.NoError(t, c.OpenAPIAllowed(), f)
	}
}

// The annotated example says of many lines that they are the default.
func TestExampleTellsTheDefaults(t *testing.T) {
	c, err := Options{Getenv: env(nil), Dir: "/etc/holdfast"}.Load("../docs/examples/holdfast.yaml")
	require.NoError(t, err)
	want := &Config{}
	want.setDefaults()
	want.derive("/etc/holdfast")
	require.Equal(t, want.Listen, c.Listen)
	require.Equal(t, want.DataDir, c.DataDir)
	require.Equal(t, want.Labels, c.Labels)
	require.Equal(t, want.Reports.Weekly, c.Reports.Weekly)
	require.Equal(t, want.Redis.KeyPrefix, c.Redis.KeyPrefix)
	policy := c.Policy
	require.Equal(t, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), policy.EnforceSince)
	require.Equal(t, map[domain.Priority]Duration{"P0": day}, policy.Soak)
	require.True(t, policy.NotPlannedAllowed("P4"))
	require.False(t, policy.NotPlannedAllowed("P3"))
	policy.EnforceSince, policy.Soak, policy.NotPlanned, policy.Approvers = time.Time{}, map[domain.Priority]Duration{}, map[domain.Priority]string{}, nil
	require.Empty(t, cmp.Diff(defaultPolicy(), policy))
}

func TestDefaultsOfTheSmallest(t *testing.T) {
	c, err := Options{Getenv: env(nil)}.Load("../docs/examples/minimal-github.yaml")
	require.NoError(t, err)
	dir, err := filepath.Abs("../docs/examples")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8080", c.Listen)
	require.Equal(t, "http://127.0.0.1:8080", c.PublicURL)
	require.Equal(t, filepath.Join(dir, "holdfast-data"), c.DataDir)
	require.True(t, c.Redis.URL.IsZero())
	require.True(t, c.MarkerKey.IsZero())
	require.Equal(t, "https://api.github.com", c.Trackers[0].APIURL)
	require.Equal(t, IngestWebhook, c.Trackers[0].Ingest)
	require.Equal(t, "github-token-of-the-tests", c.Trackers[0].Token.Reveal())
}

func TestSecretsStayOutOfTheText(t *testing.T) {
	c, err := Options{Getenv: env(nil)}.Load("../docs/examples/holdfast.yaml")
	require.NoError(t, err)
	for _, text := range renderings(t, c) {
		require.NotContains(t, text, "of-the-tests")
		require.NotContains(t, text, "smtp-password")
		require.NotContains(t, text, "hooks.slack")
	}
}

func TestMistakes(t *testing.T) {
	getenv := func(name string) (string, bool) {
		v, ok := map[string]string{"EMPTY": "", "SECRET_URL": "gopher://hidden-in-the-environment"}[name]
		return v, ok
	}
	readFile := func(path string) ([]byte, error) {
		switch path {
		case "token.txt":
			return []byte("token-from-a-file\n"), nil
		case "empty.txt":
			return []byte("\n"), nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			c, err := Options{Getenv: getenv, ReadFile: readFile}.Parse("holdfast.yaml", data)
			var got string
			if err != nil {
				require.Nil(t, c)
				got = err.Error() + "\n"
			} else {
				got = "warnings:\n" + c.Warnings.Error() + "\n"
			}
			require.NotContains(t, got, "pa55word")
			require.NotContains(t, got, "hidden-in-the-environment")
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err, "run go test ./config -update once")
			require.Equal(t, string(want), got)
		})
	}
}

func TestTenMistakesAreTenProblems(t *testing.T) {
	data, err := os.ReadFile("testdata/mistakes/ten.yaml")
	require.NoError(t, err)
	_, err = parse(t, string(data))
	var problems Problems
	require.ErrorAs(t, err, &problems)
	var at [][2]int
	var paths []string
	for _, p := range problems {
		require.Equal(t, "holdfast.yaml", p.File)
		require.NotEmpty(t, p.Message)
		require.NotEmpty(t, p.Remedy)
		at, paths = append(at, [2]int{p.Line, p.Column}), append(paths, p.Path)
	}
	require.Equal(t, []string{
		"listen", "trackers[0].token", "trackers[0].webhook_secret", "services[0].repoo", "services[0].tickets",
		"services[0].production", "services[0].team", "teams[0].timezone", "policy.grace", "policy.due.p1",
	}, paths)
	require.Equal(t, [][2]int{{1, 9}, {5, 12}, {6, 21}, {9, 5}, {10, 14}, {11, 17}, {12, 11}, {14, 32}, {16, 10}, {17, 9}}, at)
}
