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

// actionLabel is what stands before an item to say that it is one.
var actionLabel = lazy(`(?i)^(?:\[?(?:action items?|action|a\.?i\.?|follow[- ]?up(?: item| task| action)?|to-?do|next step|corrective action|preventive action|maßnahme|aktion|todo|action corrective|action à mener|acción|accion|ação|azione|actie(?:punt)?|działanie|действие|задача|アクション(?:アイテム)?|行动项|后续行动|措施|조치|액션 아이템)(?:\(s\))?\]?(?: ?#?\d{1,3})?)\s*[:：]\s*`)

// build makes an item of a title with its decoration, what stands below it,
// and fields that a table or sub-bullets gave. It reports false for a
// placeholder.
func (p *parser) build(r rich, below string, f fields, line int) (Item, bool) {
	title, rest := cutLong(r.text)
	if m := actionLabel.get().FindString(title); m != "" && len(m) < len(title) {
		title = title[len(m):]
		if r.lead = strings.TrimSpace(strings.TrimPrefix(r.lead, strings.TrimRight(m, " "))); actionLabel.get().MatchString(r.lead + ":") {
			r.lead = ""
		}
	}
	title = p.takeLeadingBold(title, &r, &f)
	if lead := strings.TrimRight(r.lead, ":：.。 –—-"); lead != "" && lead != title && len(strings.Fields(lead)) > 1 {
		// A lead in bold is the title, and the sentence behind it the text.
		if after, ok := strings.CutPrefix(title, r.lead); ok {
			title, rest = lead, takeRest(strings.TrimLeft(after, " :：.–—-\n"), &f)+rest
			if who := strings.TrimSpace(rest); f.owner == "" && (p.people.all(who) || (f.due != "" || f.priority != "") && looksLikeName(who)) {
				f.owner, rest = who, ""
			}
		}
	}
	title = takeFields(title, &f)
	if _, who := cutTail(title); f.owner == "" && who != "" && len(title) < 1000 && p.people.all(who) {
		title = takeFields(takeName(title, &f), &f)
	}
	title = leadName(title, &f)
	if r.struck { // "~~Remove the node~~ erledigt"
		if head, last, ok := cutLast(title); ok && isStatus(last) && isDone(last) {
			title = head
		}
	}
	if utf8.RuneCountInString(title) > 250 {
		if first := firstSentence(title); first != "" {
			title, rest = first, title+"\n"+rest
		}
	}
	title = clip(strings.ReplaceAll(r.plain(title), "\n", " "), maxTitle)
	whole := r.whole
	if title == "" && f.ticket != "" { // an item that is only its ticket
		title = r.plain(f.ticket)
	}
	if f.ticket != "" && isStatus(title) { // "https://… - DONE"
		put(&f.status, title)
		title = r.plain(f.ticket)
	}
	if f.ticket == "" && whole == "" && isTicket(title) { // "- #91"
		f.ticket = title
	}
	if isSentinel(r.text) {
		l, _ := r.ticketAt([]rune(r.text)[0])
		title, whole = firstNonEmpty(l.text, l.target), l.target
	}
	if placeholder(title) || len(title) == 1 {
		p.dropped++
		return Item{}, false
	}
	if f.ticket == "" {
		f.ticket = r.sole(r.text)
	}
	if f.owner == "" {
		f.owner = p.people.subject(title)
	}
	text := strings.TrimSpace(r.plain(rest + "\n" + below))
	it := Item{Title: title, Text: some(clip(text, maxText)), Line: line}
	it.Owner = some(clip(strings.Trim(strings.ReplaceAll(r.plain(f.owner), "\n", ", "), " ,"), maxField))
	it.Service = some(clip(r.plain(f.service), maxField))
	p.values(&it, &r, f)
	it.Ticket = some(r.ticketOf(f.ticket, whole))
	it.Done = r.struck || r.checked != nil && *r.checked || isDone(f.status) || f.status == "" && r.checked == nil && past(title)
	return it, true
}

// takeLeadingBold takes off what stands in bold before a task and is none of
// its words: who does it ("**Ada** Write the runbook"), or how far it is
// ("**TODO due 2026-12-01** — Write the runbook").
func (p *parser) takeLeadingBold(title string, r *rich, f *fields) string {
	after, ok := strings.CutPrefix(title, r.lead)
	task := strings.TrimLeft(after, " :：–—-\n")
	lead := strings.Trim(r.lead, " :：–—-")
	if !ok || lead == "" || task == "" {
		return title
	}
	switch {
	case f.owner == "" && imperative(task) && p.person(lead):
		f.owner = lead
	case f.stateLead(lead, strings.TrimLeft(after, " ") != task):
	default:
		return title
	}
	r.lead = ""
	return task
}

// person reports whether a label is somebody: a name that is known, or
// initials.
func (p *parser) person(s string) bool { return initials(s) || p.people.all(s) }

// values reads priority, type and due date, and notes what it can't read.
func (p *parser) values(it *Item, r *rich, f fields) {
	if f.priority != "" {
		if pr, ok := Priority(f.priority); ok {
			it.Priority = &pr
		} else if pr, ok := letterPriority(f.priority); ok {
			it.Priority = &pr
		} else {
			p.note(it.Line, "the priority "+quoted(f.priority)+" is not known; write P0 to P4")
		}
	}
	if f.kind != "" {
		it.TypeWritten = some(clip(r.plain(f.kind), maxField))
		if it.TypeWritten != nil {
			t := Type(f.kind)
			it.Type = &t
		}
	}
	if f.due != "" {
		it.DueWritten = some(clip(r.plain(f.due), maxField))
		if d, ok := p.calendar.due(f.due); ok {
			it.Due = &d
		} else {
			p.note(it.Line, "the due date "+quoted(f.due)+" is not clear; write YYYY-MM-DD")
		}
	}
}

// letterPriority reads the letters of a column of priorities.
func letterPriority(s string) (string, bool) {
	p, ok := map[string]string{"a": "P1", "b": "P2", "c": "P3", "h": "P1", "m": "P2", "l": "P3", "h (high)": "P1", "s1": "P1", "s2": "P2", "s3": "P3", "s4": "P4"}[fold(s)]
	return p, ok
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
	if isTicket(field) {
		return field
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
		if i > 400 {
			break
		}
		end := i + utf8.RuneLen(c)
		if i > 20 && (c == '。' || (c == '.' || c == '!' || c == '?') && end < len(s) && (s[end] == ' ' || s[end] == '\n') && !strings.HasSuffix(s[:i], "e.g") && !strings.HasSuffix(s[:i], "i.e")) {
			return strings.TrimRight(s[:end], ".。")
		}
	}
	return ""
}

// cutLast splits off the last word.
func cutLast(s string) (string, string, bool) {
	i := strings.LastIndexByte(s, ' ')
	if i <= 0 {
		return s, "", false
	}
	return strings.TrimRight(s[:i], " –—-:("), strings.Trim(s[i+1:], "().!"), true
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
