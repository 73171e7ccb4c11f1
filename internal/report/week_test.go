package report

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

func TestWeeksOfTheCalendar(t *testing.T) {
	for text, monday := range map[string]string{"2026-W47": "2026-11-16", "2026-W01": "2025-12-29", "2026-W53": "2026-12-28", "2020-W53": "2020-12-28", "2024-W01": "2024-01-01"} {
		w, err := ParseWeek(text)
		require.NoError(t, err)
		require.Equal(t, text, w.String())
		require.Equal(t, monday, w.Start(time.UTC).Format(time.DateOnly))
		require.Equal(t, w, w.Add(1).Add(-1))
		require.Equal(t, w, WeekOf(w.Start(time.UTC), time.UTC))
		require.Equal(t, w.Add(1), WeekOf(w.End(time.UTC), time.UTC))
	}
	for text, says := range map[string]string{"2025-W53": "W01 to W52", "2026-W54": "W01 to W53", "2026-W00": "there is no week", "2026-47": "is no week", "": "is no week",
		"1999-W10": "before any report", "2026-W47\n": "is no week", "２０２６-W47": "is no week"} {
		_, err := ParseWeek(text)
		require.ErrorContains(t, err, says, text)
	}
}

// Each week is as long as it is for people, and reports come at the same time
// of their day.
func TestWeeksAcrossChangesOfTheClocks(t *testing.T) {
	for _, c := range []struct {
		zone, week string
		hours      float64
		monday     string // the next one, 08:00, in UTC
	}{
		{"Europe/Berlin", "2026-W13", 167, "2026-03-30T06:00:00Z"},
		{"Europe/Berlin", "2026-W43", 169, "2026-10-26T07:00:00Z"},
		{"America/New_York", "2026-W44", 169, "2026-11-02T13:00:00Z"},
		{"Australia/Lord_Howe", "2026-W40", 167.5, "2026-10-04T21:00:00Z"},
		{"Asia/Kolkata", "2026-W43", 168, "2026-10-26T02:30:00Z"},
	} {
		loc := zone(t, c.zone)
		w, err := ParseWeek(c.week)
		require.NoError(t, err)
		require.Equal(t, c.hours, w.End(loc).Sub(w.Start(loc)).Hours(), c.zone)
		require.Equal(t, c.monday, w.Add(1).At(0, 8, 0, loc).UTC().Format(time.RFC3339), c.zone)
		require.Equal(t, 0, w.Start(loc).Hour())
	}
	// Clocks that skip midnight: the day begins at one.
	beirut := zone(t, "Asia/Beirut")
	require.Equal(t, "2026-03-29T01:00:00+03:00", dayStart(2026, 3, 29, beirut).Format(time.RFC3339))
	// A time that the clocks skip is the first moment after the gap.
	berlin := zone(t, "Europe/Berlin")
	w, _ := ParseWeek("2026-W13")
	require.Equal(t, "2026-03-29T03:30:00+02:00", w.At(6, 2, 30, berlin).Format(time.RFC3339))
}

func TestDaysOfTheCalendar(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		require.NoError(t, err)
		return d
	}
	office := &Calendar{Days: [7]bool{time.Monday: true, time.Tuesday: true, time.Wednesday: true, time.Thursday: true, time.Friday: true}, Holidays: map[string]bool{"2026-12-25": true}}
	var all *Calendar
	friday, monday := day("2026-12-18"), day("2026-12-21")
	require.Equal(t, 3, all.Between(friday, monday))
	require.Equal(t, 1, office.Between(friday, monday))
	require.Equal(t, -1, office.Between(monday, friday))
	require.Equal(t, 3, office.Between(monday, day("2026-12-25")), "the holiday is no working day")
	require.Equal(t, day("2026-12-28"), office.Next(day("2026-12-25")))
	require.Equal(t, friday, office.Next(friday))
	require.Equal(t, friday, (&Calendar{}).Next(friday), "a team that never works")
}
