package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := Schema()
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("holdfast.json", doc))
	s, err := c.Compile("holdfast.json")
	require.NoError(t, err)
	return s
}

func judge(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(text)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	require.NoError(t, err)
	return s.Validate(doc)
}

func TestSchemaTakesTheExamples(t *testing.T) {
	s := compileSchema(t)
	files, err := filepath.Glob("../docs/examples/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		require.NoError(t, judge(t, s, data), f)
	}
	good := []string{
		"marker_key_file: x", "trackers: [{token_file: x, app: {private_key_file: y}}]", "services: [{require: any, production: [a, {name: b}]}]",
		"services: [{require: 2}]", "policy: {grace: 0, escalate_after: '${N}', enforce: false}", "teams: [{policy: {grace: 1d12h}}]",
	}
	for _, text := range good {
		require.NoError(t, judge(t, s, []byte(text)), text)
	}
}

func TestSchemaRefuses(t *testing.T) {
	s := compileSchema(t)
	bad := []string{
		"lisen: x", "trackers: {}", "trackers: [{kind: gitlab}]", "services: [{require: some}]", "services: [{production: [{nam: b}]}]",
		"policy: {grace: 10 minutes}", "policy: {due: {P9: 7d}}", "policy: {enforce: maybe}", "policy: {not_planned: {P3: maybe}}",
		"teams: [{policy: {grase: 1h}}]", "api: {tokens: [{role: root}]}", "marker_key: ''", "reports: {weekly: {day: someday}}", "reports: {reminders: {via: [pigeon]}}", "teams: [{workdays: [someday]}]",
		"redis: {durability: often}", "reports: {smtp: {port: -1}}",
	}
	for _, text := range bad {
		require.Error(t, judge(t, s, []byte(text)), text)
	}
}

// Every key that the decoder takes is in the schema, and the other way round:
// both come from the same fields, so one unknown to the other is a slip in
// Schema.
func TestSchemaDescribesEveryKey(t *testing.T) {
	raw, err := Schema()
	require.NoError(t, err)
	var doc struct {
		Properties map[string]any `json:"properties"`
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	keys := []string{
		"listen", "public_url", "marker_key", "marker_key_file", "data_dir", "redis", "retention", "trackers", "services", "defaults", "teams", "people", "policy",
		"labels", "adopt", "deployments", "postmortems", "reports", "api",
	}
	for _, key := range keys {
		require.Contains(t, doc.Properties, key)
	}
	require.Len(t, doc.Properties, len(keys))
}
