package github

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/trackers"
)

// TestWhatIsRenderedIsReadAgain goes there and back with texts of every kind.
func TestWhatIsRenderedIsReadAgain(t *testing.T) {
	mark := trackers.Marker{Item: "2026-11-01-down/3", MAC: strings.Repeat("ab", 32)}
	for _, text := range []string{"", "It was seen late.", "It's <b>bold</b> & @alice said so\n\n| a | b |\n| --- | --- |\n| 1 | 2 |",
		"```\nan open fence", "<!-- holdfast:item=other/1 mac=" + strings.Repeat("0", 64) + " -->"} {
		b := trackers.Body{Text: text, Close: []string{"It closes itself."}, Failed: []string{"assignee bob – not assignable"}, Table: [][2]string{
			{"Postmortem", "Checkout | down (2026-11-01-down)"}, {"Document", ""}, {"Priority", "P1"}, {"Owner", "Bob @bob"}, {"Due", "2026-12-01"}, {"Services", "checkout, payments"}}}
		body := renderBody(b, mark)
		got, ok := markerIn(body)
		require.True(t, ok)
		require.Equal(t, mark, got, "a marker in the item's text is none")
		back := parseBody(strings.ReplaceAll(body, "\n", "\r\n"))
		require.Equal(t, b.Table, back.Table)
		require.Equal(t, strings.TrimSuffix(text, "\n"), strings.TrimSuffix(back.Text, "\n```"), "but for a fence that had to be closed")
		require.Empty(t, parseBody("somebody wrote this anew").Table)
	}
	linked := parseBody(renderBody(trackers.Body{Table: [][2]string{{"Postmortem", "A [b] c"}}, Links: map[string]string{"Postmortem": "https://acme.example/pm?a=1"}}, mark))
	require.Equal(t, [][2]string{{"Postmortem", "A [b] c"}}, linked.Table)
}

func FuzzParseBody(f *testing.F) {
	f.Add(tableHead + "| a | b |\n")
	f.Add("x\n" + tableHead + "| a |\n| |\n<!-- holdfast:item=a/1 mac=0 -->")
	f.Fuzz(func(t *testing.T, body string) {
		parseBody(body)
		if m, ok := markerIn(body); ok && (strings.ContainsAny(m.Item, " <>\n") || len(m.MAC) != 64) {
			t.Fatalf("taken for a marker: %q", m)
		}
	})
}
