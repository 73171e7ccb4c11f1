package postmortem

import (
	"strings"
)

// list reads the entries of a list in a section as items.
func (p *parser) list(b block, st state, depth int) {
	names := p.tails(b) || p.named != 0 && p.named == st.section
	if names {
		p.named = st.section
	}
	before := len(p.doc.Items)
	for _, e := range b.entries {
		if len(p.doc.Items) == MaxItems {
			return
		}
		if len(e.blocks) == 0 || depth >= maxNesting {
			continue
		}
		head := e.blocks[0]
		r := rich{}
		more := e.blocks
		if head.kind == paragraphBlock {
			r = render(head.inline())
			more = e.blocks[1:]
		}
		r.checked = e.checked
		if label, ok := p.labelEntry(e, r); ok {
			inner := st
			if t := typeIn(strings.TrimRight(label, ":："), ""); t != "" {
				inner.hint.kind = t
			}
			h := subHint(r, label, fold(strings.TrimRight(label, ":： ")), "", p.sec.names)
			if who := strings.Trim(label, " :："); h.owner == "" && p.people.all(who) {
				h.owner = who
			}
			if h.owner != "" {
				inner.hint.owner = h.owner
			}
			if h.priority != "" {
				inner.hint.priority = h.priority
			}
			if name, _ := headingName(label); excludes(name) {
				continue
			}
			for _, c := range more {
				if c.kind == listBlock {
					p.list(c, inner, depth+1)
				}
			}
			continue
		}
		if courtesy.get().MatchString(r.text) {
			p.dropped++
			continue
		}
		if e.checked != nil && len(r.text) < 200 && chores.get().MatchString(fold(r.text)) {
			p.dropped++
			continue
		}
		if len(more) == 0 && e.checked == nil && unanswered(r.text) {
			p.dropped++
			continue
		}
		f := fields{}
		if who, text, ok := italicName(head, r.text); ok {
			f.owner, r.text = who, text
		}
		if len(more) == 0 && takeLine(strings.ReplaceAll(r.text, "\n", " "), &f) {
			p.amend(f, before)
			continue
		}
		r.text = titleLine(r.text, &f)
		if names {
			r.text = takeName(r.text, &f)
		}
		below := p.below(more, &f, &r, 0)
		p.item(r, below, f, st, e.line)
	}
}

// italicName takes a name alone in brackets off the end of an entry, where the
// brackets are set in italics: "Add a second relay *(Ada)*".
func italicName(b block, text string) (string, string, bool) {
	if b.kind != paragraphBlock || !strings.HasSuffix(text, ")") && !strings.HasSuffix(text, "]") {
		return "", text, false
	}
	in := b.inline()
	if len(in) == 0 {
		return "", text, false
	}
	last := in[len(in)-1]
	said := strings.TrimSpace(last.text)
	if last.style&italic == 0 || len(said) < 4 || said[0] != '(' && said[0] != '[' {
		return "", text, false
	}
	who := strings.TrimSpace(said[1 : len(said)-1])
	head, ok := strings.CutSuffix(text, said)
	if head = strings.TrimSpace(head); !ok || head == "" || !looksLikeName(who) && !teamName.get().MatchString(who) {
		return "", text, false
	}
	return who, head, true
}

// finishedList reports whether every entry of a list says what was done:
// results below a line in bold, not what is still to do.
func finishedList(b block) bool {
	for _, e := range b.entries {
		if len(e.blocks) == 0 || e.blocks[0].kind != paragraphBlock || e.checked != nil {
			return false
		}
		text := e.blocks[0].inline().plainText()
		word, _, _ := strings.Cut(strings.ToLower(text), " ")
		if !past(text) && (!pastOf(word, "the") || commits(text)) {
			return false
		}
	}
	return len(b.entries) >= 2
}

// item builds and keeps an item, with what its section says.
func (p *parser) item(r rich, below string, f fields, st state, line int) {
	it, ok := p.build(r, below, f, line)
	if !ok {
		return
	}
	if it.TypeWritten == nil && st.hint.kind != "" {
		t := Type(st.hint.kind)
		it.TypeWritten, it.Type = some(st.hint.kind), &t
	}
	hint := func(to **string, value string) {
		if *to == nil && value != "" {
			*to = some(clip(value, maxField))
		}
	}
	hint(&it.Service, st.hint.service)
	hint(&it.Owner, st.hint.owner)
	hint(&it.Ticket, st.hint.ticket)
	if pr, ok := Priority(st.hint.priority); ok && it.Priority == nil {
		it.Priority = &pr
	}
	if it.DueWritten == nil && st.hint.due != "" {
		hint(&it.DueWritten, st.hint.due)
		if d, ok := p.calendar.due(st.hint.due); ok {
			it.Due = &d
		}
	}
	it.Done = it.Done || st.done
	p.parts[[2]int{st.section, st.part}]++
	p.add(it)
}

// amend gives the fields of an entry of its own ("- Owner: alice") to the
// item above it in the same list.
func (p *parser) amend(f fields, from int) {
	if len(p.doc.Items) == from {
		return
	}
	it := &p.doc.Items[len(p.doc.Items)-1]
	if it.Owner == nil {
		it.Owner = some(clip(f.owner, maxField))
	}
	if it.Service == nil {
		it.Service = some(clip(f.service, maxField))
	}
	if it.Ticket == nil && isTicket(f.ticket) {
		it.Ticket = some(f.ticket)
	}
	it.Done = it.Done || isDone(f.status)
	old := *it
	p.values(it, &rich{}, f)
	if old.Priority != nil {
		it.Priority = old.Priority
	}
	if old.Type != nil {
		it.Type, it.TypeWritten = old.Type, old.TypeWritten
	}
	if old.DueWritten != nil {
		it.Due, it.DueWritten = old.Due, old.DueWritten
	}
}

// labelEntry reports whether an entry only groups the entries below it, as
// "Short term:" does. Below an entry with a checkbox, the rest is detail.
func (p *parser) labelEntry(e entry, r rich) (string, bool) {
	var sub []entry
	boxes := false
	for _, c := range e.blocks {
		if c.kind == listBlock {
			sub = append(sub, c.entries...)
		}
	}
	for _, s := range sub {
		boxes = boxes || s.checked != nil
	}
	label := r.line()
	if len(sub) == 0 || r.checked != nil {
		return "", false
	}
	if boxes || r.text == "" {
		return label, true
	}
	name, _ := headingName(label)
	if isTypeWord(name) || opens(name) && !imperative(label) || horizon(name) || isPriorityWord(name) || isHandles(strings.Trim(label, " :")) {
		return label, true
	}
	// What holds fields is an item, whatever its title looks like.
	if fieldEntries(sub) > 0 {
		return "", false
	}
	n := len(strings.Fields(label))
	colon := strings.HasSuffix(label, ":") || strings.HasSuffix(label, "：")
	switch {
	case colon && (n <= 7 && !imperative(label) || n <= 4 && len(sub) > 1):
		return label, true
	case n <= 3 && !imperative(label) && len([]rune(label)) <= 40 && !hasSentinel(r.text):
		// Two words above entries that say more are the name of a group.
		longer, verbs := 0, 0
		for _, s := range sub {
			if len(s.blocks) > 0 {
				t := s.blocks[0].inline().plainText()
				if len(t) > len(label) {
					longer++
				}
				if imperative(t) {
					verbs++
				}
			}
		}
		return label, longer == len(sub) && verbs*2 >= len(sub) && verbs > 0
	}
	return "", false
}

// unanswered reports whether an entry is a prompt that nobody answered:
// "Preventive actions (owner, due date):".
func unanswered(s string) bool {
	return (strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：")) && len(strings.Fields(s)) <= 8
}

// fieldEntries counts the entries that are a field: "Owner: alice".
func fieldEntries(list []entry) int {
	n := 0
	for _, e := range list {
		if len(e.blocks) > 0 && e.blocks[0].kind == paragraphBlock {
			text := e.blocks[0].inline().plainText()
			if i := indexColon(text); i > 0 && i < 60 && fieldKey(text[:i]) != noField {
				n++
			}
		}
	}
	return n
}

// titleLine joins the lines of a title. Lines that are fields ("Owner: x")
// are taken off.
func titleLine(s string, f *fields) string {
	lines := strings.Split(s, "\n")
	title := lines[:1:1]
	for _, l := range lines[1:] {
		if takeLine(l, f) {
			continue
		}
		title = append(title, l)
	}
	return strings.Join(title, " ")
}

// takeLine takes a line that holds nothing but fields: "Owner: x | Due: y".
func takeLine(l string, f *fields) bool {
	if indexColon(l) < 0 {
		return false
	}
	l = strings.TrimLeft(l, "-*• ")
	if key, value, ok := cutKey(l); ok {
		try := *f
		rest := value
		// Several on one line: the value ends where the next key starts.
		if m := keyMark.get().FindStringSubmatchIndex(" " + value); m != nil && m[0] > 0 {
			rest = takeFields(value, &try)
		}
		if try.set(key, rest) {
			*f = try
			return true
		}
	}
	return false
}

// below renders what stands below a title. Entries that are fields become
// fields of the item.
func (p *parser) below(blocks []block, f *fields, r *rich, depth int) string {
	var out []string
	if depth >= maxNesting {
		return ""
	}
	for _, b := range blocks {
		switch b.kind {
		case listBlock:
			for _, e := range b.entries {
				if len(e.blocks) == 0 {
					continue
				}
				sub := more(e.blocks[0], r)
				if isSentinel(sub) { // a lone address below the title
					put(&f.ticket, sub)
					continue
				}
				if takeLine(strings.ReplaceAll(sub, "\n", " "), f) || isHandles(sub) && f.all(sub) {
					continue
				}
				line := "- " + sub
				if more := p.below(e.blocks[1:], &fields{}, r, depth+1); more != "" {
					line += "\n" + more
				}
				out = append(out, strings.ReplaceAll(line, "\n", "\n  "))
			}
		case codeBlock:
			if b.plain != "" {
				out = append(out, b.plain)
			}
		case paragraphBlock:
			sub := more(b, r)
			if isSentinel(sub) {
				put(&f.ticket, sub)
				continue
			}
			var kept []string
			for l := range strings.SplitSeq(sub, "\n") {
				if !takeLine(l, f) && !(strings.Contains(l, "|") && f.all(l)) {
					kept = append(kept, l)
				}
			}
			if len(kept) > 0 {
				out = append(out, strings.Join(kept, "\n"))
			}
		case tableBlock: // "Owner | alice" below the title
			for _, tr := range b.rows {
				if len(tr.cells) == 2 {
					value := more(block{text: tr.cells[1]}, r)
					key := tr.cells[0].plainText()
					_ = fieldKey(key) != noField && f.set(key, value)
				}
			}
		}
	}
	return strings.Join(out, "\n")
}

// more renders a further block of an item, and adds its ticket links to r.
func more(b block, r *rich) string {
	in := render(b.inline(), r.tickets...)
	r.tickets = in.tickets
	return in.text
}
