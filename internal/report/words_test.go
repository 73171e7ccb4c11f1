package report_test

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/report"
)

// none is a ledger without items.
func none(func(report.Item, error) bool) {}

func TestTheReportSaysWhenTheDueClockStarts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		team string
		from []string
		want string
	}{
		{"shop", nil, "It starts on the day of the postmortem, else with the filing."},
		{"shop", []string{"search"}, "It starts on the day of the postmortem, else with the filing."},
		{"shop", []string{"search", "shop"}, "It starts with the filing."},
		{"", []string{"search"}, "It starts on the day of the postmortem, else with the filing; for team search always with the filing."},
		{"", []string{"search", "shop"}, "It starts on the day of the postmortem, else with the filing; for the teams search and shop always with the filing."},
	} {
		r, err := report.Build(report.Facts{Team: c.team, Items: none, FromFiling: c.from}, report.Period{Week: report.Week{Year: 2026, Number: 47}, Location: time.UTC})
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(r.About, func(s string) bool { return strings.Contains(s, c.want) }), "%+v: %q", c, r.About)
	}
}

// Who listens to the page hears the column and the row before each number.
func TestEveryTableOfThePageHasNamesForRowsAndColumns(t *testing.T) {
	t.Parallel()
	page := report.HTML(report.Of(build(t, generate(60), "2026-W47", false)))
	dec := xml.NewDecoder(strings.NewReader(page))
	dec.Strict, dec.AutoClose, dec.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	columns, rows, cells, inLayout := 0, 0, 0, 0
	scope := func(e xml.StartElement, name string) string {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	for {
		token, err := dec.Token()
		if err != nil {
			break
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch {
		case e.Name.Local == "table" && scope(e, "role") == "presentation":
			inLayout++
		case e.Name.Local == "th" && scope(e, "scope") == "col":
			columns++
		case e.Name.Local == "th":
			require.Equal(t, "row", scope(e, "scope"))
			rows++
		case e.Name.Local == "td":
			cells++
		}
	}
	require.Greater(t, columns, 10)
	require.Greater(t, rows, 10)
	require.Greater(t, cells, inLayout)
	require.NotContains(t, page, "></th>", "no name is empty")
	// What is wider than a phone scrolls by itself; the page stays as wide as it.
	require.Equal(t, strings.Count(page, "<table cellpadding"), strings.Count(page, `<div style="overflow-x:auto`))
	require.Equal(t, inLayout, strings.Count(page, "table-layout:fixed;width:100%"))
}
