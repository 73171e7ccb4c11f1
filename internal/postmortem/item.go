package postmortem

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds on one item, in runes.
const (
	maxTitle = 1000
	maxText  = 20_000
	maxField = 200
)

// build makes an item of a title with its decoration, what stands below it,
// and fields that a table or sub-bullets gave. It reports false for a
// placeholder.
func (p *parser) build(r rich, below string, f fields, line int) (Item, bool) {
	title, rest := cutLong(r.text)
	if lead := strings.TrimRight(r.lead, ":：.。 –—-"); lead != "" && lead != title && len(strings.Fields(lead)) > 1 {
		// A lead in bold is the title, and the sentence behind it the text.
		if after, ok := strings.CutPrefix(title, r.lead); ok {
			title, rest = lead, takeFields(strings.TrimLeft(after, " :：.–—-\n"), &f)+rest
		}
	}
	title = takeFields(title, &f)
	if rest == "" && utf8.RuneCountInString(title) > 250 {
		if first := firstSentence(title); first != "" {
			title, rest = first, title
		}
	}
	title = clip(strings.ReplaceAll(r.plain(title), "\n", " "), maxTitle)
	whole := r.whole
	if title == "" && f.ticket != "" { // an item that is only its ticket
		title = r.plain(f.ticket)
	}
	if isSentinel(r.text) {
		l, _ := r.ticketAt([]rune(r.text)[0])
		title, whole = firstNonEmpty(l.text, l.target), l.target
	}
	if placeholder(title) {
		return Item{}, false
	}
	if f.ticket == "" {
		f.ticket = r.sole(r.text)
	}
	text := strings.TrimSpace(r.plain(rest + "\n" + below))
	it := Item{Title: title, Text: some(clip(text, maxText)), Line: line}
	it.Owner = some(r.plain(f.owner))
	it.Service = some(r.plain(f.service))
	if f.priority != "" {
		if pr, ok := Priority(f.priority); ok {
			it.Priority = &pr
		} else {
			p.note(line, "the priority "+quoted(f.priority)+" is not known; write P0 to P4")
		}
	}
	if f.kind != "" {
		it.TypeWritten = some(r.plain(f.kind))
		t := Type(f.kind)
		it.Type = &t
	}
	if f.due != "" {
		it.DueWritten = some(r.plain(f.due))
		if d, ok := Date(f.due); ok {
			it.Due = &d
		} else {
			p.note(line, "the due date "+quoted(f.due)+" is not clear; write YYYY-MM-DD")
		}
	}
	it.Ticket = some(r.ticketOf(f.ticket, whole))
	it.Done = r.struck || r.checked != nil && *r.checked || isDone(f.status)
	return it, true
}

// cutLong parts a text that is no title any more, so that the search for
// fields stays quick. What is cut off is kept as the item's text.
func cutLong(s string) (string, string) {
	const limit = 4000
	if len(s) <= limit {
		return s, ""
	}
	i := limit
	for !utf8.RuneStart(s[i]) {
		i--
	}
	return s[:i], s[i:]
}

// ticketOf is the ticket that a field names, else the one that the whole
// title links to.
func (r *rich) ticketOf(field, whole string) string {
	field = strings.TrimSpace(field)
	for _, c := range field {
		if l, ok := r.ticketAt(c); ok {
			return l.target
		}
	}
	for _, w := range strings.FieldsFunc(field, func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune(",;()[]<>", c) }) {
		if isTicket(w) || strings.HasPrefix(w, "https://") || strings.HasPrefix(w, "http://") {
			return w
		}
	}
	return whole
}

// sole returns the only ticket link in a text. Of several, none is the one.
func (r *rich) sole(s string) string {
	only := ""
	for _, c := range s {
		if _, ok := r.ticketAt(c); ok {
			if only != "" {
				return ""
			}
			only = string(c)
		}
	}
	return only
}

// firstSentence returns the first sentence of a long text, if it is a title.
func firstSentence(s string) string {
	for i, c := range s {
		if i > 250 {
			break
		}
		end := i + utf8.RuneLen(c)
		if i > 20 && (c == '。' || (c == '.' || c == '!' || c == '?') && end < len(s) && (s[end] == ' ' || s[end] == '\n')) {
			return strings.TrimRight(s[:end], ".。")
		}
	}
	return ""
}

func some(s string) *string {
	s = clip(strings.TrimSpace(s), maxText)
	if s == "" || isBlank(s) {
		return nil
	}
	return &s
}

func clip(s string, runes int) string {
	s = strings.TrimSpace(s)
	if len(s) <= runes {
		return s
	}
	if r := []rune(s); len(r) > runes {
		return strings.TrimSpace(string(slices.Concat(r[:runes-1], []rune{'…'})))
	}
	return s
}

func quoted(s string) string { return "“" + clip(strings.ReplaceAll(s, "\n", " "), 40) + "”" }
