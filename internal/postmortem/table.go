package postmortem

import (
	"strconv"
	"strings"
)

// layout says which column holds what.
type layout struct {
	title, text int
	cols        []field
}

// layoutOf reads the headers of a table. It reports false for a table that
// holds no action items: a timeline, a legend, figures.
func layoutOf(names []string, active bool) (layout, bool) {
	l := layout{title: -1, text: -1}
	have := map[field]int{}
	for _, name := range names {
		c := headerField(name)
		if c == noField && strings.Contains(fold(name), "cause") { // "RC-1" there is no ticket
			c = idField
		}
		l.cols = append(l.cols, c)
		have[c]++
	}
	known := have[ownerField] + have[priorityField] + have[dueField] + have[ticketField] + have[statusField]
	if have[timeField] > 0 && !(active && have[ownerField]+have[dueField]+have[priorityField] > 1) || have[dateField] > 0 && (!active || known == 0) {
		return l, false
	}
	l.title = find(l.cols, titleField)
	maybe := find(l.cols, maybeField)
	switch {
	case l.title >= 0:
		l.text = maybe
	case maybe >= 0 && active:
		l.title = maybe
		// "Item | Description | Owner": the second is the longer text.
		if i := find(l.cols[maybe+1:], maybeField); i >= 0 {
			l.text = maybe + 1 + i
		}
	case maybe >= 0 && have[ownerField] > 0 && have[dueField] > 0 && (have[ticketField]+have[priorityField]+have[statusField] > 0):
		l.title = maybe // "Task | Who | By when | Jira" says enough without a heading
	case active && known-have[ticketField] > 0 && len(names) > 2:
		// No header says which column is the text: the one without a meaning.
		l.title = find(l.cols, noField)
		if l.title < 0 {
			l.title = find(l.cols, ticketField)
		}
		if l.title < 0 {
			return l, false
		}
	default:
		return l, false
	}
	if l.text < 0 {
		l.text = find(l.cols, textField)
	}
	// Outside a section, "Action" alone could be anything.
	if !active && (known == have[priorityField] || have[titleField] == 0 && (have[ownerField] == 0 || have[dueField] == 0)) { // "Severity | Action" tells what to do when
		return l, false
	}
	return l, true
}

func find(cols []field, c field) int {
	for i, have := range cols {
		if have == c {
			return i
		}
	}
	return -1
}

func count(cols []field, c field) int {
	n := 0
	for _, have := range cols {
		if have == c {
			n++
		}
	}
	return n
}

// table reads the rows of a table as items, if it is one of action items.
func (p *parser) table(t block, st state) {
	if len(t.rows) == 0 {
		return
	}
	rows := t.rows
	if rows[0].spans && len(rows) > 1 { // a caption above the header
		rows = rows[1:]
	}
	names := headerNames(rows[0])
	l, ok := layoutOf(names, st.active)
	if st.excluded {
		// Among lessons or causes, only a table that says "action item".
		ok = ok && l.title >= 0 && strings.Contains(fold(names[l.title]), "action item") && !p.timeline
		st = state{}
	}
	if ok && l.title >= 0 && l.cols[l.title] == noField {
		l.title = longest(rows, l.cols)
	}
	switch {
	case ok:
		p.tablesSeen++
		p.tables[st.section] = st.active
		hint := st
		for _, r := range rows[1:] {
			if st.active && groupRow(r) {
				hint = st
				for _, c := range r.cells {
					if !c.empty() {
						text := render(c)
						name, bracket := headingName(text.line())
						h := subHint(text, text.line(), name, bracket, p.sec.names)
						hint.hint = h
						break
					}
				}
				continue
			}
			p.row(r, l, hint)
		}
	case st.active && p.card(t, st):
	case !st.active && !st.excluded:
		p.factTable(t)
	}
}

// groupRow reports whether a row only names the rows below it.
func groupRow(r row) bool {
	filled := 0
	for _, c := range r.cells {
		if !c.empty() {
			filled++
		}
	}
	if filled != 1 || len(r.cells) < 3 || r.cells[0].empty() {
		return false
	}
	name, _ := headingName(r.cells[0].plainText())
	return r.spans || isTypeWord(name) || horizon(name) || isPriorityWord(name)
}

// longest is the column without a meaning that holds most text.
func longest(rows []row, cols []field) int {
	best, most := find(cols, noField), -1
	for i, c := range cols {
		if c != noField {
			continue
		}
		n := 0
		for _, r := range rows[1:] {
			if i < len(r.cells) {
				n += len(r.cells[i].plainText())
			}
		}
		if n > most {
			best, most = i, n
		}
	}
	return best
}

// card reads a table that describes one item in rows of name and value.
func (p *parser) card(t block, st state) bool {
	f, r := fields{}, rich{}
	known := 0
	for _, tr := range t.rows {
		if len(tr.cells) != 2 {
			return false
		}
		switch key := tr.cells[0].plainText(); headerField(key) {
		case titleField, maybeField:
			if r.text == "" {
				r = render(tr.cells[1], r.tickets...)
			}
		case ownerField, priorityField, typeField, dueField, statusField, ticketField, serviceField:
			if f.set(key, strings.ReplaceAll(more(block{text: tr.cells[1]}, &r), "\n", " ")) {
				known++
			}
		}
	}
	if r.text == "" || known == 0 {
		return false
	}
	p.tablesSeen++
	p.item(r, "", f, st, t.line)
	return true
}

// statusRef matches the ticket in a status such as "Done (#12)".
var statusRef = lazy(`(?:[\w.-]+/[\w.-]+)?#\d{1,9}\b`)

func headerNames(r row) []string {
	var names []string
	for _, c := range r.cells {
		text := render(c)
		names = append(names, text.line())
	}
	return names
}

func (p *parser) row(tr row, l layout, st state) {
	r, f := rich{}, fields{}
	var text, inStatus, other string
	var inTitle inline
	for i, c := range tr.cells {
		if i >= len(l.cols) {
			break
		}
		if i == l.title {
			inTitle = c
			r = render(c, r.tickets...)
			continue
		}
		cell := strings.ReplaceAll(more(block{text: c}, &r), "\n", " ")
		if i == l.text {
			if isSentinel(cell) || isTicket(cell) { // "Task | LK-40" beside the action
				other = cell
				continue
			}
			text = r.plain(cell)
			continue
		}
		bare := strings.Trim(cell, "[] ")
		switch l.cols[i] {
		case ownerField:
			put(&f.owner, cell)
		case priorityField:
			put(&f.priority, bare)
		case typeField:
			put(&f.kind, bare)
		case dueField, dateField:
			put(&f.due, cell)
		case timeField:
			if looksLikeDue(cell) {
				put(&f.due, cell)
			}
		case ticketField:
			if link := render(c).whole; link != "" && !hasSentinel(cell) { // whatever its words are
				put(&f.ticket, link)
			}
			if isStatus(cell) || isDone(cell) && !hasSentinel(cell) && !isTicket(cell) { // "done" where others have a ticket
				put(&f.status, cell)
				continue
			}
			if _, plain := strconv.Atoi(cell); plain != nil || count(l.cols, ticketField) == 1 { // of two, "Ref | 1" counts the rows
				put(&f.ticket, cell)
			}
		case statusField:
			put(&f.status, firstNonEmpty(bare, cell))
			inStatus = statusRef.get().FindString(cell)
		case serviceField:
			put(&f.service, cell)
		case noField, titleField, maybeField:
			if isSentinel(cell) || isTicket(cell) {
				other = cell
			}
		}
	}
	put(&f.ticket, inStatus)
	put(&f.ticket, other)
	if several := bulleted(inTitle); len(several) > 1 {
		// A cell that lists several things holds several items.
		for _, one := range several {
			each := render(one, r.tickets...)
			g := f
			each.text = strings.ReplaceAll(each.text, "\n", " ")
			p.item(each, text, g, st, tr.line)
		}
		return
	}
	if r.text == "" && l.text >= 0 && text != "" && !placeholder(text) {
		r.text, text = text, ""
	}
	r.text = strings.ReplaceAll(r.text, "\n", " ")
	if r.text == "" && f.ticket != "" && (f.owner != "" || f.status != "" || f.due != "") && !isBlank(r.plain(f.ticket)) {
		r.text = f.ticket // a row that is only its ticket
	}
	p.item(r, text, f, st, tr.line)
}

// bulleted splits a cell in which every line is the entry of a list.
func bulleted(in inline) []inline {
	var out []inline
	for _, l := range in.lines() {
		text := l.plainText()
		lead := len(text) - len(strings.TrimLeft(text, " "))
		n, _ := bullet(text[lead:])
		switch {
		case strings.TrimSpace(text) == "":
		case n > 0:
			out = append(out, l.skip(lead+n))
		default:
			return nil
		}
	}
	return out
}

// maxLegend is how many blocks may stand between a legend and its table.
const maxLegend = 30

// isLegend reports whether a list explains the words of a table that follows
// it in the same section: "P0 – critical for reliability".
func (p *parser) isLegend(b block, rest []block, st state) bool {
	follows := false
	for _, s := range rest[:min(len(rest), maxLegend)] {
		if s.kind == headingBlock && s.level <= st.level {
			break
		}
		if s.kind == tableBlock && len(s.rows) > 0 {
			if _, follows = layoutOf(headerNames(s.rows[0]), true); follows {
				break
			}
		}
	}
	if !follows {
		return false
	}
	return allLegend(b)
}

// allLegend reports whether every entry explains a type, a priority or a
// status.
func allLegend(b block) bool {
	for _, e := range b.entries {
		if len(e.blocks) == 0 {
			continue
		}
		r := render(e.blocks[0].inline())
		head := strings.Trim(leadWords.get().FindString(r.text), " :：–—-[]")
		if before, _, ok := strings.Cut(r.text, "="); ok && len(before) < 40 { // "P0 = at once"
			head = strings.Trim(before, " []")
		}
		if head == "" {
			head, _, _ = strings.Cut(strings.TrimLeft(r.text, "["), "]")
		}
		if !isTypeWord(head) && !isPriorityWord(head) && !isStatus(head) {
			return false
		}
	}
	return true
}
