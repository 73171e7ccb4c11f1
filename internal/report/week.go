package report

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Week is a week of the ISO calendar: it starts on Monday, and belongs to the
// year that holds its Thursday.
type Week struct{ Year, Number int }

var weekForm = regexp.MustCompile(`^(\d{4})-W(\d{2})$`)

// ParseWeek reads the form 2026-W47, and refuses weeks that no calendar has.
func ParseWeek(s string) (Week, error) {
	m := weekForm.FindStringSubmatch(s)
	if m == nil {
		return Week{}, fmt.Errorf("%q is no week: write the year and the ISO week, as in 2026-W47", short(s, 40))
	}
	year, _ := strconv.Atoi(m[1]) // four digits
	number, _ := strconv.Atoi(m[2])
	w := Week{year, number}
	if year < 2000 || WeekOf(w.Start(time.UTC), time.UTC) != w {
		last := WeekOf(time.Date(year, time.December, 28, 0, 0, 0, 0, time.UTC), time.UTC)
		if year < 2000 {
			return Week{}, fmt.Errorf("%s is before any report: write a week from 2000 on", s)
		}
		return Week{}, fmt.Errorf("there is no week %s: %d has the weeks W01 to W%02d", s, year, last.Number)
	}
	return w, nil
}

// WeekOf is the week in which t lies for people in loc.
func WeekOf(t time.Time, loc *time.Location) Week {
	year, number := t.In(loc).ISOWeek()
	return Week{year, number}
}

// String is the form that ParseWeek reads.
func (w Week) String() string { return fmt.Sprintf("%04d-W%02d", w.Year, w.Number) }

// monday gives the date of the week's first day.
func (w Week) monday() (int, time.Month, int) {
	// 4 January always lies in the first week.
	jan4 := time.Date(w.Year, time.January, 4, 0, 0, 0, 0, time.UTC)
	back := (int(jan4.Weekday()) + 6) % 7
	return jan4.AddDate(0, 0, 7*(w.Number-1)-back).Date()
}

// Start is the first instant of the week in loc.
func (w Week) Start(loc *time.Location) time.Time {
	y, m, d := w.monday()
	return dayStart(y, m, d, loc)
}

// End is the first instant after the week in loc. Across a change of the
// clocks a week is an hour longer or shorter.
func (w Week) End(loc *time.Location) time.Time { return w.Add(1).Start(loc) }

// At is a moment of the week: so many days after Monday, at this time of day.
// Where the clocks skip that time, it is the first moment after the gap.
func (w Week) At(days int, hour, minute int, loc *time.Location) time.Time {
	y, m, d := w.monday()
	t := time.Date(y, m, d+days, hour, minute, 0, 0, loc)
	if t.Hour() == hour && t.Minute() == minute {
		return t
	}
	// In a gap, Date uses one of the two offsets; the later reading is the one
	// after the gap.
	other := t.Add(time.Hour)
	if t.Hour() > hour || t.Day() != other.Day() && t.Hour() < hour {
		return t
	}
	return other
}

// Add is the week n weeks later, earlier for a negative n.
func (w Week) Add(n int) Week {
	y, m, d := w.monday()
	return WeekOf(time.Date(y, m, d+7*n, 12, 0, 0, 0, time.UTC), time.UTC)
}

// Before reports whether w is earlier than v.
func (w Week) Before(v Week) bool {
	return w.Year < v.Year || w.Year == v.Year && w.Number < v.Number
}

// dayStart is the first instant of a day: midnight, or the end of the gap
// where the clocks skip midnight.
func dayStart(y int, m time.Month, d int, loc *time.Location) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, loc)
	want := time.Date(y, m, d, 12, 0, 0, 0, time.UTC).Day()
	if t.Day() != want { // Date took the offset before the gap
		t = t.Add(time.Hour)
	}
	return t
}

// Period is what a report is about.
type Period struct {
	Week     Week
	Location *time.Location
	// Until cuts a week short that is not over yet; zero: the whole week.
	Until time.Time
}

// From is the first instant of the period.
func (p Period) From() time.Time { return p.Week.Start(p.Location) }

// To is the first instant after the period.
func (p Period) To() time.Time {
	if !p.Until.IsZero() {
		return p.Until
	}
	return p.Week.End(p.Location)
}

// Complete reports whether the whole week is covered. Only then does the same
// week always give the same report.
func (p Period) Complete() bool { return p.Until.IsZero() }

// weeksShown is how many weeks the line shows.
const weeksShown = 8

// ends lists the ends of the weeks that a report looks at, oldest first: one
// more than are shown, for the change in the first, then the eight of which
// the last is the period's own end.
func (p Period) ends() []time.Time {
	out := make([]time.Time, 0, weeksShown+1)
	for n := -weeksShown; n < 0; n++ {
		out = append(out, p.Week.Add(n).End(p.Location))
	}
	return append(out, p.To())
}

// short cuts a text to n characters.
func short(s string, n int) string {
	if len(s) <= n {
		return s
	}
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
