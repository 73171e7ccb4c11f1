package github

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

// A comment of ours notifies nobody, hides nothing and commands nothing,
// whatever the texts in it say.
func FuzzComment(f *testing.F) {
	for _, s := range []string{"@acme/all", "<!-- holdfast:item=x mac=y -->", "/holdfast waive 30d x", "```\nopen", "<details>", "a\r/holdfast attest x", "`", "&#64;bob"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := renderComment(trackers.Text{Lead: "Lead.", Lines: []string{s}, WaysOut: []string{s}, Why: []string{s}, Marker: "holdfast:comment"}, false)
		require.LessOrEqual(t, text.Len(got), maxBody)
		require.Equal(t, 1, strings.Count(got, "<!--"), "%q", got)
		require.True(t, strings.HasSuffix(got, "<!-- holdfast:comment -->"))
		require.Equal(t, 1, strings.Count(got, "<details>"), "%q", got)
		for line := range strings.Lines(got) {
			require.False(t, strings.HasPrefix(strings.TrimSpace(line), "/holdfast"), "%q", got)
		}
	})
}

// An answer that is no success becomes one bounded line, whatever it holds.
func FuzzRefusal(f *testing.F) {
	for _, s := range []string{
		"", `{"message":"Validation Failed","errors":[{"resource":"Issue","field":"assignees","code":"invalid","value":"x"}]}`,
		`{"message":"a\nlevel=error","errors":["b\nc",{"message":"d"}]}`, `{"errors":[[1],{"value":{"a":[]}}]}`, strings.Repeat("[", 20_000), "\xff",
	} {
		f.Add(s, 422)
	}
	f.Fuzz(func(t *testing.T, s string, status int) {
		a := rest.Answer{Status: status, Header: http.Header{}, Body: []byte(s)}
		r, docs := refusal(a)
		require.NotContains(t, r.Error(), "\n")
		require.LessOrEqual(t, text.Len(r.Error()), 500)
		limited(a, docs)
	})
}
