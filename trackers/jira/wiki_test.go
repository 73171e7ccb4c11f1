package jira

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

const zw = text.NoBreak

func TestWiki(t *testing.T) {
	for in, want := range map[string]string{
		"a **b** `c{d}` [e](https://acme.example/x) f": `a *b* {{c\{d\}}} [e|https://acme.example/x] f`,
		"{panel} [~alice] [x|http://y] !img.png! wow!": `\{panel\} \[~alice\] \[x\|http://y\] \!img.png! wow!`,
		"h1. big\nbq. quote\n* item":                   zw + "h1. big\n" + zw + "bq. quote\n* item",
		"```sh\nrm {noformat} *x*\n```\nafter {x}":     "{noformat}\nrm {" + zw + "noformat} *x*\n{noformat}\n" + `after \{x\}`,
		"```\nleft open":                               "{noformat}\nleft open\n{noformat}",
		`back\slash`:                                   "back&#92;slash",
		"``two` ticks":                                 "``two` ticks",
		"[bad](javascript:alert(1))":                   `\[bad\](javascript:alert(1))`,
	} {
		require.Equal(t, want, wiki(in), in)
	}
}

func TestBody(t *testing.T) {
	got := renderBody(trackers.Body{
		Text: "Add an {alert}.", Table: [][2]string{{"Postmortem", "Queue [1]"}, {"Owner", "a|b\nc"}, {"Due", ""}},
		Links: map[string]string{"Postmortem": "https://acme.example/pm"}, Close: []string{"It closes itself."}, Failed: []string{"assignee ghost – no"},
	}, trackers.Marker{Item: "pm/1", MAC: strings.Repeat("a", 64)})
	require.Equal(t, `Add an \{alert\}.`+"\n\n||Postmortem|[Queue (1)|https://acme.example/pm]|\n||Owner|a\\|b c|\n||Due| |\n\nIt closes itself.\n\n"+
		"Not set on this ticket: assignee ghost – no\n\nholdfast item pm/1 mac "+strings.Repeat("a", 64), got)
}

func TestComment(t *testing.T) {
	c := trackers.Text{Lead: "Not in production yet.", Lines: []string{"`abc` is not live", "/holdfast unwaive"}, WaysOut: []string{"/holdfast waive <d>", "wait"},
		Why: []string{"a\nb"}, Mention: "712020:abc", Marker: "holdfast:comment"}
	want := "*Not in production yet.*\n\n{{abc}} is not live\n\n{{/holdfast unwaive}}\n\n* {{/holdfast waive <d>}}\n* wait\n\n{panel:title=Why}\n* a b\n{panel}"
	cloud, dc := &Tracker{flavor: Cloud}, &Tracker{flavor: DataCenter}
	require.Equal(t, want+"\n\ncc [~accountid:712020:abc]", cloud.renderComment(c, true))
	require.Equal(t, want, cloud.renderComment(c, false))
	c.Mention = "alice"
	require.Equal(t, want+"\n\ncc [~alice]", dc.renderComment(c, true))
	c.Mention = "alice] {panel}"
	require.Equal(t, want, dc.renderComment(c, true))
	c.Lines = slices.Repeat([]string{strings.Repeat("{x} ", 4000)}, 30)
	c.WaysOut = slices.Repeat([]string{"/" + strings.Repeat(`\`, 4000)}, 20)
	c.Why = slices.Repeat(c.Lines, 30)
	long := dc.renderComment(c, true)
	require.LessOrEqual(t, text.Len(long), maxBody)
	require.True(t, strings.HasSuffix(long, "{panel}"))
}

func TestALongTextLosesNoMoreThanItMust(t *testing.T) {
	m := trackers.Marker{Item: "pm/1", MAC: strings.Repeat("a", 64)}
	for _, s := range []string{"\\", "{", "word ", "😀", "`a` ", "[a](https://b.example/) ", "!a", "```\n", "\n"} {
		start := time.Now()
		got := renderBody(trackers.Body{Text: "x" + strings.Repeat(s, 200000/len(s))}, m)
		require.Less(t, time.Since(start), time.Minute, "%q", s)
		require.LessOrEqual(t, text.Len(got), maxBody)
		if s != "\n" {
			require.Greater(t, text.Len(got), maxBody*3/4, "%q", s)
		}
	}
}

func FuzzBodyKeepsItsEnd(f *testing.F) {
	for _, s := range []string{"{panel}", "```", "[~a]", "!x!", "||a||", `\{x}`, "{noformat}", strings.Repeat("{", 40000)} {
		f.Add(s)
	}
	m := trackers.Marker{Item: "pm/1", MAC: strings.Repeat("a", 64)}
	macro := regexp.MustCompile(`(^|[^\\{]){[a-z]`)
	f.Fuzz(func(t *testing.T, s string) {
		got := renderBody(trackers.Body{Text: s, Table: [][2]string{{"k", s}}}, m)
		require.True(t, strings.HasSuffix(got, markerLine(m)))
		require.LessOrEqual(t, text.Len(got), maxBody)
		require.Zero(t, strings.Count(got, "{noformat}")%2, "a code block is left open")
		rest := regexp.MustCompile(`(?s)\{noformat\}.*?\{noformat\}`).ReplaceAllString(got, "")
		require.NotRegexp(t, macro, rest)
		require.NotContains(t, strings.ReplaceAll(rest, `\[`, ""), "[~")
		require.Equal(t, m.MAC, lastMAC(got))
	})
}
