package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/stretchr/testify/require"
)

func TestEnvironmentInValues(t *testing.T) {
	getenv := env(map[string]string{
		"HOST": "git.example", "PORT": "2525", "ON": "false", "NAME": "from # the: [environment]", "INJECT": "x\nlisten: 0.0.0.0:1", "Q": `a"b`,
	})
	parse := func(text string) (*Config, error) {
		return Options{Getenv: getenv}.Parse("holdfast.yaml", []byte(text))
	}
	c, err := parse(minimal + `
public_url: https://${HOST}/base-${PORT}
reports: {smtp: {host: ${HOST}, port: ${PORT}, from: holdfast@${HOST}}}
policy: {enforce: ${ON}, grace: ${PORT}s}
adopt: [{tracker: github, query: ${NAME}}, {tracker: github, query: "${NAME} ${Q}"}, {tracker: github, query: 'it''s $HOME, $5 and $$'}]
# a comment may hold ${ANYTHING} and ${
`)
	require.NoError(t, err)
	require.Equal(t, "https://git.example/base-2525", c.PublicURL)
	require.Equal(t, "git.example", c.Reports.SMTP.Host)
	require.Equal(t, 2525, c.Reports.SMTP.Port)
	require.Equal(t, "holdfast@git.example", c.Reports.SMTP.From)
	require.False(t, c.Policy.Enforce)
	require.Equal(t, Duration(2525*time.Second), c.Policy.Grace)
	require.Equal(t, "from # the: [environment]", c.Adopt[0].Query)
	require.Equal(t, `from # the: [environment] a"b`, c.Adopt[1].Query)
	require.Equal(t, "it's $HOME, $5 and $$", c.Adopt[2].Query)

	_, err = parse(minimal + "data_dir: ${INJECT}\n")
	require.EqualError(t, err, "holdfast.yaml:11:11: data_dir: holds a line break or another control character, which came from the environment; write it on one line")
	_, err = parse(minimal + "listen: ${HOST}\n")
	require.ErrorContains(t, err, "the value is no address")
	require.NotContains(t, err.Error(), "git.example")
}

func TestSecretsFromFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	pem := "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
	write("hook", "hook-from-a-file\r\n")
	write("app.pem", pem+"\n")
	write("redis", "redis://:password@127.0.0.1:6379/0\n")
	write("api", "api-token-from-a-file")
	write("holdfast.yaml", `
redis: {url_file: redis}
trackers:
  - {name: github, kind: github, app: {id: 12345, private_key_file: app.pem}, webhook_secret_file: `+dir+`/hook}
api: {tokens: [{name: ops, token_file: ./${API_FILE}, role: viewer}]}
`)
	c, err := Options{Getenv: env(map[string]string{"API_FILE": "api"})}.Load(filepath.Join(dir, "holdfast.yaml"))
	require.NoError(t, err)
	require.Equal(t, "redis://:password@127.0.0.1:6379/0", c.Redis.URL.Reveal())
	require.Equal(t, "hook-from-a-file", c.Trackers[0].WebhookSecret.Reveal())
	require.Equal(t, "12345", c.Trackers[0].App.ID)
	require.Equal(t, pem, c.Trackers[0].App.PrivateKey.Reveal())
	require.Equal(t, "api-token-from-a-file", c.API.Tokens[0].Token.Reveal())

	write("hook", strings.Repeat("x", maxSecretFile+1))
	_, err = Load(filepath.Join(dir, "holdfast.yaml"))
	require.ErrorContains(t, err, "webhook_secret_file: can't read the file: is larger than 65536 bytes")
	_, err = Options{Getenv: env(nil)}.Parse("holdfast.yaml", []byte("marker_key_file: /dev/zero\n"))
	require.ErrorContains(t, err, "marker_key_file: can't read the file: is no regular file")
}

func TestLoadTellsWhatIsWrongWithTheFile(t *testing.T) {
	dir := t.TempDir()
	_, err := Load(filepath.Join(dir, "none.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "-c")
	_, err = Load(dir)
	require.ErrorContains(t, err, "is no regular file")
	big := filepath.Join(dir, "big.yaml")
	require.NoError(t, os.WriteFile(big, make([]byte, MaxSize+1), 0o600))
	_, err = Load(big)
	require.ErrorContains(t, err, "is larger than 4194304 bytes")
}

func TestAnchorsAndMerges(t *testing.T) {
	c := mustParse(t, `
trackers: [{name: github, kind: github, token: a-token-of-github, webhook_secret: hook-secret}]
services:
  - &one {name: one, repo: acme/one, tickets: github:acme/one, production: &envs [prod-eu, prod-us]}
  - {<<: *one, name: two, require: any}
  - {name: three, repo: acme/three, tickets: github:acme/three, production: *envs}
`)
	require.Equal(t, "two", c.ServiceList[1].Name)
	require.Equal(t, "acme/one", c.ServiceList[1].Repo)
	require.Equal(t, Require(1), c.ServiceList[1].Require)
	require.Len(t, c.ServiceList[2].Production, 2)
}

func TestPlainValuesOfJiraFields(t *testing.T) {
	c := mustParse(t, `
trackers:
  - name: jira
    kind: jira
    flavor: datacenter
    url: http://127.0.0.1:1
    token: a-token-of-jira
    webhook_secret: hook-secret
    projects:
      PAY: {fields: {components: [{name: ops}], customfield_1: 5, customfield_2: 1.5, customfield_3: true, customfield_4: "5", customfield_5: ~, text: "${CI_TOKEN}"}}
`)
	require.Equal(t, map[string]any{
		"components": []any{map[string]any{"name": "ops"}}, "customfield_1": uint64(5), "customfield_2": 1.5, "customfield_3": true,
		"customfield_4": "5", "customfield_5": nil, "text": "ci-token-of-the-tests",
	}, c.Trackers[0].Projects["PAY"].Fields)
	require.Equal(t, "Task", c.Trackers[0].Projects["PAY"].IssueType)
}

const jiraFields = "trackers: [{kind: jira, projects: {PAY: {fields: {x: "

func TestBounds(t *testing.T) {
	cases := map[string]string{
		"is nested too deeply":             "a: " + strings.Repeat("[", 100_000),
		"nested too deeply":                strings.Repeat("- ", 100_000) + "x",
		"nested too deeply, or repeats":    jiraFields + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}}}}]",
		"5000 lines of one indentation":    strings.Repeat("a: b\n", 300_000),
		"larger than":                      strings.Repeat("#", MaxSize+1),
		"not UTF-8":                        "listen: \xff",
		"the character U+001B":             "listen: \x1b[31m",
		"the character U+000D":             "listen: a\rb: c",
		"the character U+FDD0":             "listen: \ufdd0",
		"can't be read as YAML":            "%a\n%b",
		"has a key that is no plain word":  "listen: &a x\n*a : b\n",
		"is defined twice":                 "listen: &a x\ndata_dir: &a y\n",
		"deeply, or repeats too much thro": jiraFields + "&a [*a]}}}}]",
		"the alias *b has no anchor":       "listen: *b\n",
	}
	for want, text := range cases {
		t.Run(want, func(t *testing.T) {
			start := time.Now()
			_, err := parse(t, text)
			require.ErrorContains(t, err, want)
			require.Less(t, time.Since(start), time.Minute)
			require.Less(t, len(err.Error()), 20_000)
		})
	}
}

// Thousands of services are a configuration like any other.
func TestLargeConfiguration(t *testing.T) {
	var b strings.Builder
	b.WriteString("trackers: [{name: github, kind: github, token: a-token-of-github, webhook_secret: hook-secret}]\nservices:\n")
	const n = 8000
	for i := range n {
		fmt.Fprintf(&b, "  - name: service-%d\n    repo: acme/service-%d\n    tickets: github:acme/service-%d\n    production: [prod-eu, prod-us]\n", i, i, i)
	}
	c := mustParse(t, b.String())
	require.Len(t, c.Services(), n)
	_, ok := c.Service(fmt.Sprintf("SERVICE-%d", n-1))
	require.True(t, ok)
}

// Each value's place must be where an editor finds it, whatever blanks,
// comments and letters stand around it.
func TestPlaces(t *testing.T) {
	data, err := os.ReadFile("../docs/examples/holdfast.yaml")
	require.NoError(t, err)
	text := "\ufeff# é\r\n" + strings.ReplaceAll(strings.ReplaceAll(string(data), "\n", "  \r\n"), "Payments lead", "Größe ☃")
	d := newDecoder("holdfast.yaml", Options{Getenv: env(nil), Dir: t.TempDir()})
	root := d.parse([]byte(text))
	require.NotNil(t, root)
	d.decodeFile(root, &Config{})
	require.Empty(t, d.problems)
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	checked := 0
	walkScalars(root, func(n ast.Node) {
		at := start(n)
		rest := string([]rune(lines[at.line-1])[at.column-1:])
		written := unmask(n.GetToken().Value)
		require.True(t, strings.HasPrefix(strings.Trim(rest, `"'`), written), "%v: %q does not start with %q", at, rest, written)
		checked++
	})
	require.Greater(t, checked, 150)
}

func walkScalars(n ast.Node, f func(ast.Node)) {
	switch n := n.(type) {
	case *ast.SequenceNode:
		for _, v := range n.Values {
			walkScalars(v, f)
		}
	case ast.MapNode:
		for it := n.MapRange(); it.Next(); {
			f(it.Key())
			walkScalars(it.Value(), f)
		}
	default:
		f(n)
	}
}
