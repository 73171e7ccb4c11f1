package claims

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// holdfastItem is the trailer that names an item or a ticket.
const holdfastItem = "holdfast-item:"

// text finds the claims of one text, in one pass from word to word.
func (r *reader) text(s string) {
	s = withoutReverted(visible(clip(s)))
	for i := 0; i < len(s) && !r.full(); {
		if !letter(s[i]) || !startsWord(s[:i]) {
			i++
			continue
		}
		n := 0
		switch word := leadingWord(s[i:]); {
		case closes(word):
			if !negated(s[:i]) {
				n = r.closing(s, i+len(word))
			}
		case strings.EqualFold(word, "refs"):
			if !negated(s[:i]) {
				n = r.list(s, i+len(word), false)
			}
		case strings.EqualFold(word, "part"):
			if of := skipOf(s, i+len(word)); of > 0 && !negated(s[:i]) {
				n = r.list(s, of, false)
			}
		case strings.EqualFold(word, "holdfast") && len(s)-i >= len(holdfastItem) &&
			strings.EqualFold(s[i:i+len(holdfastItem)], holdfastItem) && startsLine(s[:i]):
			n = r.list(s, i+len(holdfastItem)-1, true)
		default:
			n = r.smartCommit(s, i)
		}
		if n > i {
			i = n
			continue
		}
		for i < len(s) && (letter(s[i]) || digit(s[i])) {
			i++
		}
	}
}

// closes reports whether word is one of GitHub's closing keywords.
func closes(word string) bool {
	if len(word) > len("resolved") {
		return false
	}
	switch strings.ToLower(word) {
	case "close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved":
		return true
	}
	return false
}

// leadingWord is the word that s starts with: letters alone. A word that
// goes on with something else is none, so that "fix-up" and "fix2" are no
// keywords.
func leadingWord(s string) string {
	n := 0
	for n < len(s) && letter(s[n]) {
		n++
	}
	if wordAfter(s[n:]) {
		return ""
	}
	if rest := s[n:]; len(rest) > 1 && (rest[0] == '-' || rest[0] == '_') && wordAfter(rest[1:]) &&
		!strings.EqualFold(s[:n], "holdfast") {
		return ""
	}
	return s[:n]
}

// startsWord reports whether a keyword may start after before. Neither
// "prefixes" nor "bug-fixes", "/fixes", "@fixes" or "x.fixes" hold one, while
// emphasis and a dash that begins the line do not matter.
func startsWord(before string) bool {
	if before == "" {
		return true
	}
	trimmed := strings.TrimRight(before, "_*~")
	if wordBefore(trimmed) {
		return len(trimmed) < len(before) && before[len(before)-1] != '_'
	}
	if trimmed == "" {
		return true
	}
	switch trimmed[len(trimmed)-1] {
	case '/', '@', '#', '.', '\\', '$', '=', '&', hidden:
		return false
	case '-':
		return startsLine(trimmed[:len(trimmed)-1])
	}
	return true
}

// startsLine reports whether only blanks and emphasis stand on the line
// before.
func startsLine(before string) bool {
	before = strings.TrimRight(before, " \t_*")
	return before == "" || before[len(before)-1] == '\n' || before[len(before)-1] == brk
}

// negated reports whether the words before a keyword turn it round: "does not
// fix #12", "doesn't yet fix #12". GitHub closes #12 all the same; we do not
// take it for a statement that the change fixes it.
func negated(before string) bool {
	w, rest := lastWord(before)
	if isNot(w) {
		return true
	}
	switch w {
	case "yet", "quite", "to", "be", "been", "really", "fully", "actually", "completely", "entirely", "directly", "necessarily":
		w, _ = lastWord(rest)
		return isNot(w)
	}
	return false
}

func isNot(w string) bool {
	switch w {
	case "not", "never", "cannot", "nor", "dont", "doesnt", "didnt", "wont", "cant", "isnt":
		return true
	}
	return strings.HasSuffix(w, "n't") || strings.HasSuffix(w, "n’t")
}

// lastWord returns the last word of s in lower case, and what is before it.
func lastWord(s string) (string, string) {
	s = strings.TrimRight(s, " \t\n*_")
	i := len(s)
	for i > 0 && len(s)-i < 32 {
		c, n := utf8.DecodeLastRuneInString(s[:i])
		if !unicode.IsLetter(c) && c != '\'' && c != '’' {
			break
		}
		i -= n
	}
	return strings.ToLower(s[i:]), s[:i]
}

// skipOf steps over " of" behind "part" and returns 0 if it is not there.
func skipOf(s string, i int) int {
	start := i
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	if i == start || !strings.EqualFold(leadingWord(s[i:]), "of") {
		return 0
	}
	return i + 2
}

// closing reads the one reference behind a closing keyword that ends at i,
// and returns where it ends, 0 if there is none.
func (r *reader) closing(s string, i int) int {
	at := skipGap(s, i)
	if at == 0 {
		return 0
	}
	ref, n := r.ref(s[at:])
	if n == 0 {
		return 0
	}
	r.add(Ref{Ticket: ref, Closing: true})
	return at + n
}

// list reads the references behind a word that takes a list, separated by
// commas or "and".
func (r *reader) list(s string, i int, items bool) int {
	at := skipGap(s, i)
	if at == 0 {
		return 0
	}
	end := 0
	for !r.full() {
		ref, n := r.ref(s[at:])
		item := ""
		if n == 0 && items {
			item, n = itemID(s[at:])
		}
		if n == 0 {
			break
		}
		r.add(Ref{Ticket: ref, Item: item})
		end = at + n
		if at = skipComma(s, end); at == 0 {
			break
		}
	}
	return end
}

// skipGap steps over what may stand between a word and its reference: blanks,
// one line break within the paragraph, one colon, emphasis. It returns 0 if
// there is neither blank nor colon.
func skipGap(s string, i int) int {
	lines, colon, gap := 0, false, false
	for i < len(s) {
		c, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case c == '\n':
			if lines++; lines > 1 {
				return 0
			}
			gap = true
		case unicode.IsSpace(c):
			gap = true
		case (c == ':' || c == '：') && !colon:
			colon, gap = true, true
		case c == '*' || c == '_':
		default:
			if !gap {
				return 0
			}
			return i
		}
		i += n
	}
	return 0
}

// skipComma steps over ",", "and", "&" and blanks between two references of a
// list, and returns 0 if there is none of the words.
func skipComma(s string, i int) int {
	seen := false
	for i < len(s) {
		switch {
		case s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '*' || s[i] == '_':
			i++
		case s[i] == ',' || s[i] == '&':
			seen = true
			i++
		case strings.EqualFold(leadingWord(s[i:]), "and"):
			seen = true
			i += len("and")
		case seen:
			return i
		default:
			return 0
		}
	}
	return 0
}
