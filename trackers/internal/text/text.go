// Package text makes foreign text fit to be written into a tracker: one line
// where one line is wanted, no control characters, never longer than allowed.
// It knows no markup; each adapter escapes its own.
package text

import (
	"strings"
	"unicode"
	"unicode/utf16"
)

// NoBreak is the zero-width space that adapters put between two characters
// which together would mean something to the tracker.
const NoBreak = "\u200b"

// Clean makes s valid UTF-8 with \n as its only line end and without control
// characters other than tab. Characters that turn the direction of writing are
// dropped too: they can make a line read as another one.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r', r == '\u2028', r == '\u2029', r == '\v', r == '\f', r == '\u0085':
			return '\n'
		case r == '\n', r == '\t':
			return r
		case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\ufeff':
			return -1
		}
		return r
	}, s)
}

// OneLine is Clean with every run of white space made one space.
func OneLine(s string) string { return strings.Join(strings.Fields(Clean(s)), " ") }

// Len counts UTF-16 units. Trackers count characters, code points or these
// units; these are never fewer than the other two.
func Len(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// Cut shortens s to at most limit units, the last being … when something was
// cut. It never cuts inside a character.
func Cut(s string, limit int) string {
	if len(s) <= limit || Len(s) <= limit {
		return s
	}
	if limit <= 0 {
		return ""
	}
	n := 0
	for i, r := range s {
		n += max(1, utf16.RuneLen(r))
		if n > limit-1 {
			return strings.TrimRightFunc(s[:i], unicode.IsSpace) + "…"
		}
	}
	return s
}

// Brief is the form in which a tracker's words go into an error: one line of
// at most 300 characters.
func Brief(s string) string {
	if len(s) > 4000 { // do not clean megabytes for one line
		s = s[:4000]
	}
	return Cut(OneLine(s), 300)
}
