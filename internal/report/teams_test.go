package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/report"
)

// A card may have 28 KB. What a director gets is one table: it loses the links
// behind its numbers before it loses a row.
func TestACardForManyTeamsShowsTheirRows(t *testing.T) {
	t.Parallel()
	of := func(teams int) string {
		r := build(t, generate(60), "2026-W47", false)
		d := report.Digest{}
		for i := range teams {
			r.Team = fmt.Sprintf("team-%03d", i)
			d.Overview = append(d.Overview, r)
		}
		body := string(report.Teams(d, true))
		require.Less(t, len(body), 28<<10)
		return body
	}
	for _, c := range []struct {
		teams, atLeast int
		links, more    bool
	}{{5, 5, true, false}, {40, 40, false, false}, {300, 35, false, true}} {
		body := of(c.teams)
		require.GreaterOrEqual(t, strings.Count(body, `"team-`), c.atLeast, c.teams)
		require.Equal(t, c.links, strings.Contains(body, "/api/v1/items"), c.teams)
		require.Equal(t, c.more, strings.Contains(body, "More than fits here"), c.teams)
	}
}

func TestADirectorGetsNumbersAndNoListsOfItems(t *testing.T) {
	t.Parallel()
	r := build(t, generate(60), "2026-W47", false)
	require.NotEmpty(t, r.Items)
	row := r.Row()
	require.NotEmpty(t, r.Decide.Lines, "the report itself stays whole")
	for _, line := range strings.Split(strings.TrimSpace(report.CSV(report.Digest{Overview: []report.Report{row}})), "\r\n")[1:] {
		require.True(t, strings.HasPrefix(line, "number,"), line)
	}
	text, err := row.JSON()
	require.NoError(t, err)
	require.NotContains(t, string(text), `"items":null`)
	require.Equal(t, r.Decide.N, row.Decide.N)
	require.Equal(t, report.Text(report.Digest{Overview: []report.Report{r}}), report.Text(report.Digest{Overview: []report.Report{row}}))
}
