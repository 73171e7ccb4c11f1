package claims

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// nameByte is a byte of an owner's, repository's or tracker's name.
func nameByte(c byte) bool {
	return letter(c) || digit(c) || c == '-' || c == '_' || c == '.'
}

// wordBefore reports whether s ends within a word.
func wordBefore(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}

// wordAfter reports whether s begins within a word.
func wordAfter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// endsRef reports whether a reference may end before s: "#12" is no reference
// in "#12a", "#12-rc1", "#12.5" and "#12/3", but is one in "#12.", "#12-" and
// "_#12_".
func endsRef(s string) bool {
	if s == "" {
		return true
	}
	if wordAfter(s) {
		return false
	}
	if strings.ContainsAny(s[:1], "-._/#@") {
		return !wordAfter(s[1:])
	}
	return true
}

// clip cuts s to MaxText at a rune boundary and gives every line the ending
// "\n".
func clip(s string) string {
	if len(s) > MaxText {
		i := MaxText
		for i > 0 && !utf8.RuneStart(s[i]) {
			i--
		}
		s = s[:i]
	}
	if strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(s, "\r\n", "\n")
		s = strings.ReplaceAll(s, "\r", "\n")
	}
	return s
}
