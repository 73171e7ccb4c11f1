package postmortem

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// markup is how a format that is read line by line marks its text.
type markup struct {
	delims []delim
	// special reads links, macros and the like at a byte of triggers. It
	// returns how many bytes it took, 0 for none.
	triggers string
	special  func(s string) (int, inline)
}

// delim is a pair of marks around styled text.
type delim struct {
	open, close string
	style       style
	// tight: as in most formats, the marks count only at the edges of words.
	tight bool
}

const (
	maxStyles  = 8    // styles within each other
	maxClosers = 20   // candidates for the end of a style that are tried
	maxStyled  = 4000 // bytes between two marks
)

// read makes inline of a text in this markup. Its work is bounded by a
// constant for each byte.
func (m *markup) read(s string) inline {
	return linkify(m.scan(s, 0, 0))
}

func (m *markup) scan(s string, now style, depth int) inline {
	var out inline
	plain := 0
	flush := func(end int) {
		if end > plain {
			out = append(out, span{s[plain:end], now, ""})
		}
	}
	var prev rune
	for i := 0; i < len(s); {
		if strings.IndexByte(m.triggers, s[i]) >= 0 {
			if n, in := m.special(s[i:]); n > 0 {
				flush(i)
				for _, sp := range in {
					sp.style |= now
					out = append(out, sp)
				}
				i += n
				plain, prev = i, ' '
				continue
			}
		}
		if n, inner, d := m.styled(s[i:], prev); n > 0 && depth < maxStyles {
			flush(i)
			if d.style == code {
				out = append(out, span{inner, now | code, ""})
			} else {
				out = append(out, m.scan(inner, now|d.style, depth+1)...)
			}
			i += n
			plain, prev = i, ' '
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		prev = r
		i += n
	}
	flush(len(s))
	return out
}

// styled reads a styled text at the start of s.
func (m *markup) styled(s string, prev rune) (int, string, delim) {
	for _, d := range m.delims {
		if !strings.HasPrefix(s, d.open) || d.tight && (unicode.IsLetter(prev) || unicode.IsDigit(prev)) {
			continue
		}
		body := s[len(d.open):min(len(s), len(d.open)+maxStyled)]
		first, _ := utf8.DecodeRuneInString(body)
		if body == "" || d.tight && unicode.IsSpace(first) {
			continue
		}
		for from, tries := 0, 0; tries < maxClosers; tries++ {
			j := strings.Index(body[from:], d.close)
			if j < 0 {
				break
			}
			j += from
			last, _ := utf8.DecodeLastRuneInString(body[:j])
			next, _ := utf8.DecodeRuneInString(body[j+len(d.close):])
			if j > 0 && (!d.tight || !unicode.IsSpace(last) && !unicode.IsLetter(next) && !unicode.IsDigit(next)) {
				return len(d.open) + j + len(d.close), body[:j], d
			}
			from = j + len(d.close)
		}
	}
	return 0, "", delim{}
}

// between returns what stands between two marks at the start of s, within one
// line, and the length of it all.
func between(s, open, end string) (string, int) {
	if !strings.HasPrefix(s, open) {
		return "", 0
	}
	body := s[len(open):min(len(s), len(open)+maxStyled)]
	j := strings.Index(body, end)
	if j < 0 {
		return "", 0
	}
	return body[:j], len(open) + j + len(end)
}
