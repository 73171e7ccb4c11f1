package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// clean makes text from documents, tickets and servers safe to print on one
// line of a terminal: control characters, which could move the cursor or
// colour what follows, and characters that reorder text are shown as escapes.
func clean(s string) string { return escape(s, false) }

// cleanLines is clean for text of several lines.
func cleanLines(s string) string { return escape(s, true) }

func escape(s string, lines bool) string {
	if strings.IndexFunc(s, unprintable) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n' && lines:
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80 && unprintable(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case unprintable(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unprintable holds for C0 and C1 controls, line and paragraph separators,
// and the marks that change the direction of text.
func unprintable(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0x9f:
		return true
	case r == 0x061c, r >= 0x200e && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
		return true
	}
	return false
}

// cleanJSON escapes in JSON what encoding/json leaves: it can stand only
// within strings, where an escape means the same.
func cleanJSON(doc []byte) []byte {
	var b strings.Builder
	for _, r := range string(doc) {
		if r != '\n' && unprintable(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return []byte(b.String())
}
