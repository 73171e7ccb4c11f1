package app_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	reports "github.com/holdfast-dev/holdfast/internal/report"
)

// weekly reads the report of the running week.
func (w *world) weekly(team string) reports.Report {
	w.t.Helper()
	week := reports.WeekOf(w.clock.now(), time.UTC).String()
	body, err := w.api.Report(w.t.Context(), team, week, "json")
	require.NoError(w.t, err)
	r, err := reports.FromJSON(body)
	require.NoError(w.t, err)
	return r
}

// countsOf finds every number of a report that has a list behind it.
func countsOf(v any, found map[string]int) {
	switch v := v.(type) {
	case map[string]any:
		link, _ := v["link"].(string)
		if n, ok := v["count"].(float64); ok && strings.Contains(link, "/items?") {
			found[link] = int(n)
		}
		for _, x := range v {
			countsOf(x, found)
		}
	case []any:
		for _, x := range v {
			countsOf(x, found)
		}
	}
}

func TestTheWeeklyReportSaysWhatTheAPISays(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	_, err := w.api.File(t.Context(), api.FileRequest{ContentType: api.MarkdownType, Name: "down.md", Body: []byte(strings.Replace(markdown, "| P2 | Detect |", "| P0 | Detect |", 1) +
		"| Write the runbook @channel <!here> =HYPERLINK(1) <b>x</b> | P1 | Mitigate | | payments |\n")})
	require.NoError(t, err)
	w.until("two tickets on GitHub", func() bool { return len(w.gh.Issues(checkout)) == 2 })
	w.settle()
	one := 1
	if strings.HasPrefix(w.issue(1).Title, "Alert") {
		one = 2
	}
	base := w.base()
	w.pass(time.Minute)
	fix := w.merge(checkout, "Time out calls", "Fixes #"+string(rune('0'+one)))
	w.reopened(one)

	r := w.weekly("shop")
	require.Equal(t, 3, r.Open.N)
	require.Equal(t, 1, r.Reopened.N)
	require.Zero(t, r.Shipped.N)
	require.NotEmpty(t, r.Decide.Lines)
	require.Contains(t, r.Sentence, "1 was closed too early and reopened")
	w.sameOnTheAPI("shop")
	w.sameOnTheAPI("")

	w.deploy("prod-eu", fix)
	w.closed(one)
	r = w.weekly("shop")
	require.Equal(t, 2, r.Open.N)
	require.Equal(t, 1, r.Shipped.N)
	require.Equal(t, 1, r.ShippedList.N)
	require.NotNil(t, r.Postmortems.Oldest)
	require.Equal(t, 2, r.Postmortems.Oldest.Open.N)
	w.sameOnTheAPI("shop")

	// The same week, when it is over, always gives the same report.
	week := reports.WeekOf(w.clock.now(), time.UTC)
	w.pass(week.End(time.UTC).Sub(w.clock.now()) + 9*time.Hour)
	before, err := w.api.Report(t.Context(), "shop", week.String(), "json")
	require.NoError(t, err)
	def, err := w.api.Report(t.Context(), "shop", "", "json")
	require.NoError(t, err)
	require.JSONEq(t, string(before), string(def), "the default is the last complete week")
	w.deploy("prod-eu", base)
	w.pass(31 * time.Minute)
	w.reopened(one)
	after, err := w.api.Report(t.Context(), "shop", week.String(), "json")
	require.NoError(t, err)
	require.JSONEq(t, string(before), string(after))
	now := w.weekly("shop")
	require.Equal(t, 1, now.Regressed.N)
	require.Equal(t, 2, now.Weeks[6].Open, "the line takes last week from what was stored")
	w.sameOnTheAPI("shop")

	// Hostile text is harmless in every form.
	for _, format := range api.ReportFormats {
		body, err := w.api.Report(t.Context(), "shop", week.String(), format)
		require.NoError(t, err, format)
		text := string(body)
		switch format {
		case "html":
			require.NotContains(t, text, "<b>x</b>")
			require.NotContains(t, text, "<!here>")
		case "md":
			require.NotContains(t, text, "<!here>")
			require.NotContains(t, text, "@channel")
		case "csv":
			require.NotContains(t, text, "\r\n=")
			require.NotContains(t, text, ",=")
		}
	}
	for query, says := range map[string]string{"week=2026-W54": "2026 has the weeks W01 to W53", "week=2099-W01": "has not begun yet", "week=47": "is no week", "team=nobody": "the teams are shop", "format=pdf": "format"} {
		w.call("GET", "/api/v1/reports/weekly?"+query, viewToken, "").problem(t, 422, says)
	}
}

// sameOnTheAPI compares every number of the running week's report with the list
// behind it.
func (w *world) sameOnTheAPI(team string) {
	w.t.Helper()
	body, err := w.weekly(team).JSON()
	require.NoError(w.t, err)
	var doc any
	require.NoError(w.t, json.Unmarshal(body, &doc))
	found := map[string]int{}
	countsOf(doc, found)
	require.Greater(w.t, len(found), 50)
	for link, n := range found {
		u, err := url.Parse(link)
		require.NoError(w.t, err)
		var page struct{ Items []api.ItemView }
		w.call("GET", u.RequestURI()+"&limit=500", viewToken, "").json(w.t, &page)
		require.Len(w.t, page.Items, n, link)
	}
}

func TestABusyServiceIsHeardInTheReportOfAnEarlierWeek(t *testing.T) {
	t.Parallel()
	w := start(t, scene{})
	sha := w.commit(checkout, "Release notes")
	w.deploy("prod-eu", sha)
	week := reports.WeekOf(w.clock.now(), time.UTC)
	w.pass(8 * 24 * time.Hour)
	w.settle()
	for range 25 {
		w.clock.ahead.Add(int64(time.Minute))
		require.Equal(t, 202, w.report(report{Service: "checkout", Environment: "prod-eu", SHA: sha}).status)
	}
	body, err := w.api.Report(t.Context(), "", week.String(), "json")
	require.NoError(t, err)
	r, err := reports.FromJSON(body)
	require.NoError(t, err)
	for _, q := range r.Quality {
		if q.Name == "no_deployment_heard" {
			require.NotContains(t, q.Of, "checkout")
		}
	}
}
