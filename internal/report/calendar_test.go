package report_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/report"
)

// A holiday on Monday, when the report is sent, leaves no working day between
// it and what was due on the weekend.
func TestWhatIsOverIsNotDueNowOnADayOff(t *testing.T) {
	t.Parallel()
	cal := &report.Calendar{Days: [7]bool{false, true, true, true, true, true, false}, Holidays: map[string]bool{"2026-11-23": true}}
	for due, want := range map[string]int{"2026-11-20": 1, "2026-11-22": 1, "2026-11-23": 0, "2026-11-24": -1, "2026-11-19": 1, "2026-11-18": 2} {
		st := domain.State{FiledAt: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), Spec: domain.ItemSpec{ID: "pm/1", Priority: "P2", Type: domain.Other, Due: due}}
		points := make([]report.Standing, 9)
		points[8].Open = true
		open := func(yield func(report.Item, error) bool) { yield(report.Item{Points: points, This: &st}, nil) }
		p := report.Period{Week: report.Week{Year: 2026, Number: 47}, Location: time.UTC}
		r, err := report.Build(report.Facts{Items: open, Calendar: cal}, p)
		require.NoError(t, err)
		require.Equal(t, want, r.Items[0].DaysOver, due)
	}
}
