package jira

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

// What stands in a string of a query stays in it.
func FuzzQuoted(f *testing.F) {
	for _, s := range []string{"", `postmortem`, `a" OR project = "X`, `\`, `\\" OR 1=1 --`, "a\nb", "ä\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := quoted(s)
		require.True(t, len(q) >= 2 && q[0] == '"' && q[len(q)-1] == '"')
		var inner strings.Builder
		for i := 1; i < len(q)-1; i++ {
			require.NotEqual(t, byte('"'), q[i], "%q ends early", q)
			if q[i] == '\\' {
				i++
				require.Less(t, i, len(q)-1, "%q escapes its own end", q)
			}
			inner.WriteByte(q[i])
		}
		require.Equal(t, s, inner.String())
	})
}

// A marker is found only whole, and an error's text is one bounded line.
func FuzzAnswers(f *testing.F) {
	mac := strings.Repeat("a1", 32)
	for _, s := range []string{
		"", "holdfast item pm/1 mac " + mac, "holdfast item pm/1 mac " + mac + "0", `{"errorMessages":["a\nb"],"errors":{"due\ndate":"no"}}`,
		`{"errors":{"a":{"b":[1,2]}}}`, strings.Repeat("[", 20_000), `{"message":"` + strings.Repeat("x", 5000) + `"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := lastMAC(s); got != "" {
			require.Regexp(t, `^[0-9a-f]{64}$`, got)
			require.Contains(t, s, "mac "+got)
		}
		r := refusal(rest.Answer{Status: http.StatusBadRequest, Header: http.Header{}, Body: []byte(s)})
		require.NotContains(t, r.Error(), "\n")
		require.LessOrEqual(t, text.Len(r.Error()), 500)
	})
}

// A comment keeps to its lines: no macro, no mention, no command.
func FuzzComment(f *testing.F) {
	for _, s := range []string{"[~admin]", "{code}", "/holdfast waive 30d x", "!http://x/y.png!", "a\n/holdfast attest x", "{html}<b>{html}", "@x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := (&Tracker{flavor: Cloud}).renderComment(trackers.Text{Lead: "Lead.", Lines: []string{s}, WaysOut: []string{s}, Why: []string{s}}, false)
		require.LessOrEqual(t, text.Len(got), maxBody)
		for line := range strings.Lines(got) {
			require.False(t, strings.HasPrefix(strings.TrimSpace(line), "/holdfast"), "%q", got)
		}
		require.NotContains(t, strings.ReplaceAll(got, `\[`, ""), "[~")
	})
}
