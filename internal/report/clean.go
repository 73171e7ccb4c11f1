package report

import (
	"strings"
	"unicode"
)

// maxText bounds one piece of foreign text in a report, in characters.
const maxText = 700

// oneLine makes foreign text fit to stand anywhere: one line, valid, without
// control characters and marks that turn the direction of writing, and not
// endless.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == '\u061c', r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u2069', r == '\ufeff', r >= '\U000E0000' && r <= '\U000E007F':
			return -1
		}
		return r
	}, s)
	lead := strings.HasPrefix(s, " ")
	trail := strings.HasSuffix(s, " ") && len(s) > 1
	out := short(strings.Join(strings.Fields(s), " "), maxText)
	// Spaces at the ends separate spans.
	if lead {
		out = " " + out
	}
	if trail && !strings.HasSuffix(out, " ") {
		out += " "
	}
	return out
}
