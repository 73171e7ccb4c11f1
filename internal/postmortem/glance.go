package postmortem

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quick looks at text as it is written in Markdown. Of a long report, most is
// neither item nor fact, and its markup need not be read to see that. When in
// doubt, they say that it must.

// glance measures the start of a line of Markdown: at least so many bytes of
// it are seen, with at least so many words, before the first colon of its
// first 60 bytes, if there is one. It gives up at what may hide any number of
// bytes.
type glance struct {
	seen, words int
	colon       bool
	unclear     bool
}

func glanceAt(line string) glance {
	g := glance{}
	inWord := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case '<', '&', '|':
			g.unclear = true
			return g
		case '!':
			if strings.HasPrefix(line[i:], "![") {
				g.unclear = true
				return g
			}
			g.seen++
		case '*', '_', '~', '`', '\\', '[':
		case ']':
			// What stands behind a link's text is not seen.
			var end byte
			switch {
			case strings.HasPrefix(line[i:], "]("):
				end = ')'
			case strings.HasPrefix(line[i:], "]["):
				end = ']'
			default:
				continue
			}
			j := strings.IndexByte(line[i+1:], end)
			if j < 0 {
				g.unclear = true
				return g
			}
			i += 1 + j
		case ' ', '\t':
			g.seen++
			inWord = false
		default:
			if c == ':' && g.seen <= 60 || c == 0xef && strings.HasPrefix(line[i:], "：") && g.seen <= 60 {
				g.colon = true
			}
			g.seen++
			if !inWord && (isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= utf8.RuneSelf) {
				g.words++
				inWord = true
			}
		}
	}
	return g
}

// unread reports that a paragraph outside of any section has nothing to say:
// it is too long for a label, and no line of it starts "word:".
func unread(raw string) bool {
	seen := 0
	for line := range strings.SplitSeq(raw, "\n") {
		g := glanceAt(line)
		if g.unclear || g.colon {
			return false
		}
		seen += g.seen
	}
	return seen > 120
}

// mayHaveHead reports whether the first line of a paragraph may serve as a
// heading of the others.
func mayHaveHead(raw string) bool {
	line, _, more := strings.Cut(raw, "\n")
	if !more {
		return strings.IndexByte(raw, '<') >= 0 // a line's end may be a tag
	}
	g := glanceAt(line)
	if g.unclear {
		return true
	}
	first, _ := utf8.DecodeRuneInString(line)
	line = strings.TrimRight(line, " \t")
	bracket := hasSuffix(line, ")", "]", "）")
	return g.seen <= 80 && !strings.HasSuffix(line, ".") && (bracket || g.words <= 8 || !unicode.IsLetter(first) && !unicode.IsDigit(first))
}

// mayHaveKey reports whether a word may stand before a colon.
func mayHaveKey(raw string) bool {
	i := indexColon(raw)
	return strings.IndexByte(raw, '&') >= 0 || i >= 0 && (strings.ContainsFunc(raw[:i], unicode.IsLetter) || strings.Contains(raw, " | "))
}

// indexColon is where the first colon of either width is, or -1.
func indexColon(s string) int {
	i := strings.IndexByte(s, ':')
	if i < 0 {
		return strings.Index(s, "：")
	}
	if j := strings.Index(s[:i], "："); j >= 0 {
		return j
	}
	return i
}
