package app

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/report"
)

// calendar is the calendar of a team; nil where it works every day.
func calendar(t config.Team) *report.Calendar {
	if len(t.Workdays) == 0 && len(t.Holidays) == 0 {
		return nil
	}
	c := &report.Calendar{Holidays: map[string]bool{}}
	for i, name := range []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"} {
		c.Days[time.Weekday(i)] = len(t.Workdays) == 0 || slices.Contains(t.Workdays, name)
	}
	for _, h := range t.Holidays {
		c.Holidays[h] = true
	}
	return c
}
