package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

// renderings prints a value in every way that could reach a log or an answer.
func renderings(t *testing.T, v any) []string {
	t.Helper()
	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out = append(out, fmt.Sprintf(verb, v))
	}
	var buf bytes.Buffer
	slog.New(slog.NewTextHandler(&buf, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&buf, nil)).Info("x", "v", v)
	j, err := json.Marshal(v)
	require.NoError(t, err)
	y, err := yaml.Marshal(v)
	require.NoError(t, err)
	return append(out, buf.String(), string(j), string(y))
}

func TestSecretIsNeverShown(t *testing.T) {
	s := NewSecret("hunter2hunter2")
	hidden := struct{ inner Secret }{s}
	for _, v := range []any{s, &s, []Secret{s}, map[string]Secret{"a": s}, struct{ S Secret }{s}} {
		for _, text := range renderings(t, v) {
			require.NotContains(t, text, "hunter2")
			require.NotContains(t, text, fmt.Sprintf("%x", "hunter2"))
			if _, pointer := v.(*Secret); !pointer {
				require.Contains(t, text, "[redacted]")
			}
		}
	}
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", hidden, hidden, hidden), "hunter2")
	require.Equal(t, "hunter2hunter2", s.Reveal())
	require.False(t, s.IsZero())
	require.True(t, Secret{}.IsZero())
	require.True(t, NewSecret("").IsZero())
}

func TestParseDuration(t *testing.T) {
	good := map[string]struct {
		want    time.Duration
		printed string
	}{
		"0s":       {0, "0s"},
		"0":        {0, "0s"},
		"30m":      {30 * time.Minute, "30m"},
		"90m":      {90 * time.Minute, "1h30m"},
		"24h":      {24 * time.Hour, "1d"},
		"7d":       {7 * 24 * time.Hour, "7d"},
		"4w":       {28 * 24 * time.Hour, "28d"},
		"1d12h":    {36 * time.Hour, "1d12h"},
		"1w2d3h4m": {9*24*time.Hour + 3*time.Hour + 4*time.Minute, "9d3h4m"},
		"250ms":    {250 * time.Millisecond, "250ms"},
		"1m5ms":    {time.Minute + 5*time.Millisecond, "1m5ms"},
	}
	for in, tc := range good {
		d, err := ParseDuration(in)
		require.NoError(t, err, in)
		require.Equal(t, tc.want, time.Duration(d), in)
		require.Equal(t, tc.printed, d.String())
		again, err := ParseDuration(d.String())
		require.NoError(t, err)
		require.Equal(t, d, again)
	}
	for _, in := range []string{"", "5", "m", "-5m", "+5m", "1.5h", "5 m", "5M", "1h1d", "1h1h", "5y", "5ss", "1m5", "0x5m", "１m",
		"99999999999999999999h", "1000000w", "15250w99999999999999h", strings.Repeat("1", 65)} {
		_, err := ParseDuration(in)
		require.Error(t, err, in)
	}
}

func TestDurationInJSON(t *testing.T) {
	var d Duration
	require.NoError(t, json.Unmarshal([]byte(`"1d12h"`), &d))
	require.Equal(t, Duration(36*time.Hour), d)
	out, err := json.Marshal(d)
	require.NoError(t, err)
	require.JSONEq(t, `"1d12h"`, string(out))
	require.ErrorContains(t, json.Unmarshal([]byte(`"soon"`), &d), "30m, 24h, 7d")
}

func TestSuggest(t *testing.T) {
	known := []string{"webhook_secret", "token", "kind", "repo"}
	require.Equal(t, "webhook_secret", suggest("webhok_secret", known))
	require.Equal(t, "webhook_secret", suggest("webhooksecret", known))
	require.Equal(t, "token", suggest("tokne", known))
	require.Equal(t, "repo", suggest("Repo", known))
	require.Empty(t, suggest("zzzzzz", known))
	require.Empty(t, suggest(strings.Repeat("token", 1000), known))
}
