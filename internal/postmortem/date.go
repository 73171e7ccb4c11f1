package postmortem

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

var (
	yearFirst  = lazy(`(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年\s*(\d{1,2})月\s*(\d{1,2})日|년\s*(\d{1,2})월\s*(\d{1,2})일)`)
	monthFirst = lazy(`(?i)\b([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b`)
	dayFirst   = lazy(`(?i)\b(\d{1,2})(?:st|nd|rd|th|er|o|a|°)?\.?[\s-]+(?:of\s+|de\s+)?([\pL\pM]{3,14})\.?,?[\s-]+(?:de\s+)?(\d{4})\b`)
	dateLead   = lazy(`(?i)^(?:(?:due|by|before|until|on|end of day|eod|eta|target|mon|tue|wed|thu|fri|sat|sun)[a-z]*[\s:.,]*)*$`)
	clockTail  = lazy(`(?i)^(?:[t ]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:z|utc|gmt|[ap]m|[+-]\d{2}:?\d{2})?)?`)
)

// Date reads a date that can be read in one way only, and returns it as
// YYYY-MM-DD: year first (2026-12-01, 2026/12/01, 2026年12月1日) or with the
// month's name (Dec 1, 2026; 1 December 2026; 1. Dezember 2026). A clock time may follow. It
// refuses 12/01/2026 and 01.12.2026, dates without a year, days that do not
// exist, and texts with more than one date.
func Date(s string) (string, bool) {
	s = strings.TrimSpace(norm.NFKC.String(s))
	if len(s) > 200 {
		return "", false
	}
	at, date := findDate(s)
	if at == nil || !dateLead.get().MatchString(s[:at[0]]) {
		return "", false
	}
	rest := s[at[1]:]
	rest = rest[len(clockTail.get().FindString(rest)):]
	if rest != "" && strings.IndexByte(" ,.;()", rest[0]) < 0 || strings.ContainsAny(rest, "0123456789") {
		return "", false
	}
	return date, true
}

// findDate returns where the first date of s stands, and the date.
func findDate(s string) ([]int, string) {
	if m := yearFirst.get().FindStringSubmatchIndex(s); m != nil {
		for i := 4; i <= 20; i += 4 {
			if m[i] >= 0 {
				if m[0] > 0 && s[m[0]-1] >= '0' && s[m[0]-1] <= '9' {
					return nil, ""
				}
				return day(m, s[m[2]:m[3]], s[m[i]:m[i+1]], s[m[i+2]:m[i+3]])
			}
		}
	}
	if m := monthFirst.get().FindStringSubmatchIndex(s); m != nil {
		return day(m, s[m[6]:m[7]], s[m[2]:m[3]], s[m[4]:m[5]])
	}
	if m := dayFirst.get().FindStringSubmatchIndex(s); m != nil {
		return day(m, s[m[6]:m[7]], s[m[4]:m[5]], s[m[2]:m[3]])
	}
	return nil, ""
}

// day checks that the day exists in a year that a due date can have.
func day(at []int, y, m, d string) ([]int, string) {
	year, _ := strconv.Atoi(y)
	month := monthNumber(m)
	if month == 0 {
		month, _ = strconv.Atoi(m)
	}
	dom, _ := strconv.Atoi(d)
	t := time.Date(year, time.Month(month), dom, 0, 0, 0, 0, time.UTC)
	if year < 1990 || year > 2199 || int(t.Month()) != month || t.Day() != dom {
		return nil, ""
	}
	return at[:2], t.Format(time.DateOnly)
}
