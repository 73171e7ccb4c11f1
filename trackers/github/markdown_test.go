package github

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

const zw = text.NoBreak

func TestHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"ask @alice":                            "ask @" + zw + "alice",
		"@acme/sre":                             "@" + zw + "acme/sre",
		"mail bob@acme.example":                 "mail bob@acme.example",
		"(@bob) _@bob_ \\@bob":                  "(@" + zw + "bob) _@" + zw + "bob_ \\@" + zw + "bob",
		"&#64;bob &#x40;bob &commat;bob &amp;":  "&" + zw + "#64;bob &" + zw + "#x40;bob &" + zw + "commat;bob &amp;",
		"<!-- holdfast:item=x mac=y -->":        "<" + zw + "!-- holdfast:item=x mac=y -->",
		"<script> </p> <?x 1 < 2 <3":            "<" + zw + "script> <" + zw + "/p> <" + zw + "?x 1 < 2 <3",
		"<https://acme.example/a> <mailto:a@b>": "<https://acme.example/a> <mailto:a@b>",
		"https://medium.example/@bob/post":      "https://medium.example/%40bob/post",
		"https://a.example @bob":                "https://a.example @" + zw + "bob",
		"plain *text* `code`":                   "plain *text* `code`",
	} {
		require.Equal(t, want, harmless(in), in)
	}
}

func TestBody(t *testing.T) {
	got := renderBody(trackers.Body{
		Text:  "Add an alert.\n\n```\nopen",
		Table: [][2]string{{"Postmortem", "Queue [1] outage"}, {"Owner", "a|b\nc"}, {"Due", "2026-12-01"}},
		Links: map[string]string{"Postmortem": "https://acme.example/pm(1)", "2026-12-01": "javascript:alert(1)"},
		Close: []string{"It closes itself."}, Failed: []string{"assignee ghost – not assignable"},
	}, trackers.Marker{Item: "pm/1", MAC: strings.Repeat("a", 64)})
	require.Equal(t, "Add an alert.\n\n```\nopen\n```\n\n| | |\n| --- | --- |\n"+
		"| Postmortem | [Queue \\[1\\] outage](https://acme.example/pm%281%29) |\n| Owner | a\\|b c |\n| Due | 2026-12-01 |\n\n"+
		"It closes itself.\n\nNot set on this ticket: assignee ghost – not assignable\n\n<!-- holdfast:item=pm/1 mac="+strings.Repeat("a", 64)+" -->", got)
}

func TestComment(t *testing.T) {
	c := trackers.Text{
		Lead: "**Not in production yet.**", Lines: []string{"`abc` is not live; see @alice", "/holdfast unwaive"},
		WaysOut: []string{"/holdfast waive <duration> `x`", "wait"}, Why: []string{"a\nb"}, Mention: "bob", Marker: "holdfast:comment",
	}
	want := "**Not in production yet.**\n\n`abc` is not live; see @" + zw + "alice\n\n`/holdfast unwaive`\n\n" +
		"- `` /holdfast waive <duration> `x` ``\n- wait\n\n<details><summary>Why</summary>\n\n- a b\n\n</details>\n\n"
	require.Equal(t, want+"cc @bob\n\n<!-- holdfast:comment -->", renderComment(c, true))
	require.Equal(t, want+"<!-- holdfast:comment -->", renderComment(c, false))
	c.Mention = "bob @everybody"
	require.NotContains(t, renderComment(c, true), "everybody")
	c.Lines = slices.Repeat([]string{strings.Repeat("@x ", 9000)}, 30)
	c.WaysOut = slices.Repeat(c.Lines, 2)
	c.Why = []string{}
	for range 5000 {
		c.Why = append(c.Why, strings.Repeat("@x ", 50))
	}
	long := renderComment(c, true)
	require.LessOrEqual(t, text.Len(long), maxBody)
	require.True(t, strings.HasSuffix(long, "</details>\n\n<!-- holdfast:comment -->"))
}

func FuzzBodyKeepsItsEndAndNotifiesNobody(f *testing.F) {
	for _, s := range []string{"@a", "```", "~~~~ x", "<!--", "<a href='@b'>", "&#064;x", "\u202e@x", strings.Repeat("`", 99), "http://@bob"} {
		f.Add(s)
	}
	m := trackers.Marker{Item: "pm/1", MAC: strings.Repeat("a", 64)}
	f.Fuzz(func(t *testing.T, s string) {
		got := renderBody(trackers.Body{Text: s, Table: [][2]string{{"k", s}}}, m)
		require.True(t, strings.HasSuffix(got, "\n\n"+marker(m)))
		require.Equal(t, 1, strings.Count(got, "<!--"))
		require.LessOrEqual(t, text.Len(got), maxBody)
		for i := range len(got) - 1 {
			if got[i] == '@' && alnum(got[i+1]) {
				require.True(t, i > 0 && alnum(got[i-1]), "a mention in %q", got)
			}
		}
	})
}
