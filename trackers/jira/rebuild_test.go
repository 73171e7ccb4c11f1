package jira

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/trackers"
)

func TestWhatIsRenderedIsReadAgain(t *testing.T) {
	mark := trackers.Marker{Item: "2026-11-01-down/3", MAC: strings.Repeat("ab", 32)}
	for _, text := range []string{"", "It was seen late.", `Because [it] {said} so | and ! more \ here`, "holdfast item other/1 mac " + strings.Repeat("0", 64)} {
		b := trackers.Body{Text: text, Close: []string{"It closes itself."}, Table: [][2]string{
			{"Postmortem", "Checkout | down (2026-11-01-down)"}, {"Document", ""}, {"Priority", "P1"}, {"Owner", "Bob [x] {y}"}, {"Services", "checkout, payments"}}}
		body := renderBody(b, mark)
		got, ok := markerIn(body)
		require.True(t, ok)
		require.Equal(t, mark, got, "a marker in the item's text is none")
		back := parseBody(strings.ReplaceAll(body, "\n", "\r\n"))
		require.Equal(t, b.Table, back.Table)
		require.Equal(t, text, back.Text)
	}
	require.Empty(t, parseBody("somebody wrote this anew").Table)
}

func FuzzParseBody(f *testing.F) {
	f.Add("||a|b|\n||c| |\n\nholdfast item a/1 mac 0")
	f.Fuzz(func(t *testing.T, body string) {
		parseBody(body)
		if m, ok := markerIn(body); ok && (strings.ContainsAny(m.Item, " <>\n") || len(m.MAC) != 64) {
			t.Fatalf("taken for a marker: %q", m)
		}
	})
}
