package report

import "time"

// Calendar says on which days a team works. A nil Calendar works every day.
type Calendar struct {
	Days     [7]bool         // by time.Weekday
	Holidays map[string]bool // YYYY-MM-DD
}

// Works reports whether the team works on the day that t shows.
func (c *Calendar) Works(t time.Time) bool {
	return c == nil || c.Days[t.Weekday()] && !c.Holidays[t.Format(time.DateOnly)]
}

// maxSpan bounds how far days are counted one by one.
const maxSpan = 2000

// Between counts the working days after a, up to and with b; negative where b
// is earlier.
func (c *Calendar) Between(a, b time.Time) int {
	days := int(b.Sub(a) / (24 * time.Hour))
	if c == nil || days > maxSpan || days < -maxSpan {
		return days
	}
	n := 0
	for d := a; d.Before(b); {
		d = d.AddDate(0, 0, 1)
		count(&n, c.Works(d))
	}
	for d := b; d.Before(a); {
		d = d.AddDate(0, 0, 1)
		if c.Works(d) {
			n--
		}
	}
	return n
}

// Next is the first working day from t on. It gives t itself where the team
// would not work for a year: such a calendar is a mistake.
func (c *Calendar) Next(t time.Time) time.Time {
	for d, n := t, 0; n < 366; d, n = d.AddDate(0, 0, 1), n+1 {
		if c.Works(d) {
			return d
		}
	}
	return t
}
