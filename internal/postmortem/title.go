package postmortem

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	group      = `[\[(（［【]([^\[\]()（）［］【】]{1,200})[\])）］】]`
	leadGroup  = regexp.MustCompile(`^` + group + `\s*[:：–—-]?\s*`)
	tailGroup  = regexp.MustCompile(`\s*` + group + `\s*[.。]?$`)
	leadWords  = regexp.MustCompile(`^([^\n:：]{1,40}?)(?:\s*[:：]\s*|\s+[–—-]\s+)`)
	leadRank   = regexp.MustCompile(`^(P[0-4])\s+(\p{Lu})`)
	leadHandle = regexp.MustCompile(`^(@[\pL\pN][\pL\pN._/-]*)(?:\s*[:：]\s*|\s+[–—-]\s+)`)
	tailHandle = regexp.MustCompile(`(?:\s*[–—,:→(-]+|\s)\s*(@[\pL\pN][\pL\pN._/-]*(?:(?:\s*[,&/、]\s*|\s+and\s+|\s+)@[\pL\pN][\pL\pN._/-]*)*)\.?$`)
	tailDue    = regexp.MustCompile(`(?i)[\s,;–—-]+(?:due(?: on| by)?|by|eta|deadline|before|until)\s+([^\s,;][^,;]{0,20}(?:,\s*\d{4})?)\.?$`)
	tailDate   = regexp.MustCompile(`\s+[–—-]\s+([^–—]{6,30})$`)
	tailDone   = regexp.MustCompile(`(?:\s+[–—-]\s+|\s+)(DONE|Done|✅|☑|✔)\.?$`)
	leadTick   = regexp.MustCompile(`^(?:[✅☑✔]\x{FE0F}?|DONE[:：]?)\s+`)
	leadBox    = regexp.MustCompile(`^\[([ xX])\]\s+`)
	parts      = regexp.MustCompile(`\s*[,;|、，；]\s*|\s+[–—]\s+`)
	longDate   = regexp.MustCompile(`(?i)\b([a-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?),\s+(\d{4})\b`)
)

// takeFields takes the decoration off both ends of a title and returns the
// bare title. What is not clearly a field stays in the title.
func takeFields(s string, f *fields) string {
	for range 20 { // each round takes one piece
		next := takeOne(strings.TrimSpace(s), f)
		if next == s {
			break
		}
		s = next
	}
	return strings.TrimSpace(strings.Trim(s, " \t\n–—,;|"))
}

func takeOne(s string, f *fields) string {
	if m := leadBox.FindStringSubmatch(s); m != nil {
		if m[1] != " " {
			put(&f.status, "done")
		}
		return s[len(m[0]):]
	}
	if m := leadTick.FindString(s); m != "" {
		put(&f.status, "done")
		return s[len(m):]
	}
	if m := leadGroup.FindStringSubmatch(s); m != nil && len(m[0]) < len(s) && f.all(m[1]) {
		return s[len(m[0]):]
	}
	if m := leadHandle.FindStringSubmatch(s); m != nil {
		put(&f.owner, m[1])
		return s[len(m[0]):]
	}
	if m := leadRank.FindStringSubmatch(s); m != nil {
		put(&f.priority, m[1])
		return strings.TrimSpace(s[len(m[1]):])
	}
	if m := leadWords.FindStringSubmatch(s); m != nil && len(m[0]) < len(s) && f.head(m[1]) {
		return s[len(m[0]):]
	}
	// From here on the end.
	if m := tailGroup.FindStringSubmatchIndex(s); m != nil && m[0] > 0 && f.all(s[m[2]:m[3]]) {
		return s[:m[0]]
	}
	if m := keyMark.FindAllStringSubmatchIndex(s, -1); m != nil {
		last := m[len(m)-1]
		if last[0] > 0 && f.set(s[last[2]:last[3]], strings.TrimRight(s[last[1]:], ")）")) {
			return strings.TrimRight(s[:last[0]], " (（–—-,;")
		}
	}
	if m := tailDone.FindStringSubmatchIndex(s); m != nil && m[0] > 0 {
		put(&f.status, "done")
		return s[:m[0]]
	}
	if m := tailHandle.FindStringSubmatchIndex(s); m != nil && m[0] > 0 {
		put(&f.owner, s[m[2]:m[3]])
		return s[:m[0]]
	}
	if m := tailDue.FindStringSubmatchIndex(s); m != nil && looksLikeDue(s[m[2]:m[3]]) {
		put(&f.due, s[m[2]:m[3]])
		return s[:m[0]]
	}
	if m := tailDate.FindStringSubmatchIndex(s); m != nil && looksLikeDue(s[m[2]:m[3]]) {
		put(&f.due, s[m[2]:m[3]])
		return s[:m[0]]
	}
	end := strings.TrimRight(s, ". ")
	if r, n := utf8.DecodeLastRuneInString(end); isSentinel(string(r)) && n < len(end) {
		put(&f.ticket, string(r))
		return strings.TrimRight(end[:len(end)-n], " :：–—-([→")
	}
	if r, n := utf8.DecodeRuneInString(s); isSentinel(string(r)) && n < len(s) {
		put(&f.ticket, string(r))
		return strings.TrimLeft(s[n:], " :：–—-)]")
	}
	return s
}

// all takes every part of a bracketed group, or none of it.
func (f *fields) all(inside string) bool {
	try := *f
	// The comma within "Oct 12, 2026" separates no parts.
	inside = longDate.ReplaceAllString(inside, "$1 $2")
	n := 0
	for _, part := range parts.Split(inside, -1) {
		if part == "" {
			continue
		}
		if !try.bare(part) {
			return false
		}
		n++
	}
	if n == 0 {
		return false
	}
	*f = try
	return true
}

// head takes the words before a colon or a dash when all of them are a
// priority, a type, a ticket or a status: "P1 preventative", "PAY-12".
func (f *fields) head(words string) bool {
	try := *f
	list := strings.FieldsFunc(words, func(r rune) bool { return r == ' ' || r == '/' || r == ',' || r == '|' })
	for _, w := range list {
		w = strings.Trim(w, "[]()*_")
		switch {
		case isPriorityWord(w):
			put(&try.priority, w)
		case isTypeWord(w):
			put(&try.kind, w)
		case isTicket(w), isSentinel(w):
			put(&try.ticket, w)
		case isStatus(w) && w == strings.ToUpper(w):
			put(&try.status, w)
		default:
			return false
		}
	}
	if len(list) == 0 {
		return false
	}
	*f = try
	return true
}
