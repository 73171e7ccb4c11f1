package webhook

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Lengths of what is kept of a delivery, in runes. A longer one is cut, or
// dropped where half of it would be another thing.
const (
	maxTitle  = 300
	maxName   = 255 // branch, environment, version
	maxPerson = 100 // login or account id
	maxURL    = 1000
)

// oneLine makes a text from outside fit to be stored, logged and shown: valid
// UTF-8 on one line, without control and format characters, cut to limit
// runes.
func oneLine(s string, limit int) string {
	if len(s) <= limit && plain(s) {
		return s
	}
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD")) {
		if n++; n > limit {
			break
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plain reports whether s is printable ASCII with no space at its ends.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= utf8.RuneSelf-1 {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

// firstLine is the first line of a commit message.
func firstLine(s string) string {
	s = strings.TrimLeft(s, "\r\n")
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		s = s[:i]
	}
	return oneLine(s, maxTitle)
}

// webURL keeps an http or https address of bearable length, else nothing.
func webURL(s string) string {
	if len(s) > maxURL || !plain(s) || strings.ContainsAny(s, " <>\"`\\") {
		return ""
	}
	if strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		return s
	}
	return ""
}

// commitSHA keeps a full SHA-1 or SHA-256 in lower case, else nothing. The
// null SHA, which stands for "no commit", is nothing too.
func commitSHA(s string) string {
	if len(s) != 40 && len(s) != 64 {
		return ""
	}
	s = strings.ToLower(s)
	if strings.Trim(s, "0123456789abcdef") != "" || strings.Trim(s, "0") == "" {
		return ""
	}
	return s
}

// clockSkew is how far a tracker's clock may be ahead of ours before its
// times are replaced by the time of receipt.
const clockSkew = 5 * time.Minute

// sane returns t in UTC, or the zero time where t can be no time of an event:
// before trackers existed, or in the future.
func sane(t, now time.Time) time.Time {
	if t.Year() < 2000 || t.After(now.Add(clockSkew)) {
		return time.Time{}
	}
	return t.UTC()
}

// moment reads an RFC 3339 time, zero where it is missing or absurd.
func moment(s string, now time.Time) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return sane(t, now)
}

// firstOf is the first time that is set; the last one should be.
func firstOf(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
