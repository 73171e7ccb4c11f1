package postmortem

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// list reads the entries of a list in a section as items.
func (p *parser) list(n *ast.List, st state, depth int) {
	for c := n.FirstChild(); c != nil && depth < maxNesting; c = c.NextSibling() {
		entry, ok := c.(*ast.ListItem)
		if !ok || entry.FirstChild() == nil {
			continue
		}
		head := entry.FirstChild()
		r := rich{}
		if head.Kind() == ast.KindTextBlock || head.Kind() == ast.KindParagraph {
			r = p.render(head)
		}
		if p.isLabel(entry, r) {
			inner := st
			if t := typeIn(strings.TrimRight(r.text, ":："), ""); t != "" {
				inner.hint.kind = t
			}
			for b := head; b != nil; b = b.NextSibling() {
				if l, ok := b.(*ast.List); ok {
					p.list(l, inner, depth+1)
				}
			}
			continue
		}
		f := fields{}
		r.text = titleLine(r.text, &f)
		below := p.below(head.NextSibling(), &f, &r, 0)
		p.item(r, below, f, st, p.line(entry))
	}
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
	if it.Service == nil && st.hint.service != "" {
		it.Service = some(st.hint.service)
	}
	it.Done = it.Done || st.done
	p.add(it)
}

// isLabel reports whether an entry only groups the entries below it, as
// "Short term:" does. Below an entry with a checkbox, the rest is detail.
func (p *parser) isLabel(entry *ast.ListItem, r rich) bool {
	sub := false
	boxes := false
	for c := entry.FirstChild(); c != nil; c = c.NextSibling() {
		if l, ok := c.(*ast.List); ok {
			sub = true
			boxes = boxes || hasBoxes(l)
		}
	}
	if !sub || r.checked != nil {
		return false
	}
	if boxes || r.text == "" {
		return true
	}
	name, _ := headingName(r.text)
	return isTypeWord(name) || opens(name) || horizon(name) || strings.HasSuffix(r.text, ":") && len(strings.Fields(r.text)) <= 4
}

func hasBoxes(l *ast.List) bool {
	for c := l.FirstChild(); c != nil; c = c.NextSibling() {
		if b := c.FirstChild(); b != nil {
			if _, ok := b.FirstChild().(*extast.TaskCheckBox); ok {
				return true
			}
		}
	}
	return false
}

func horizon(name string) bool {
	switch strings.ReplaceAll(name, "-", " ") {
	case "immediate", "immediately", "short term", "medium term", "mid term", "long term", "now", "later", "this week", "next week", "this quarter", "next quarter":
		return true
	}
	return false
}

// titleLine joins the lines of a title. Lines that are fields ("Owner: x")
// are taken off.
func titleLine(s string, f *fields) string {
	lines := strings.Split(s, "\n")
	title := lines[:1:1]
	for _, l := range lines[1:] {
		if key, value, ok := cutKey(l); ok && strings.ContainsAny(l, ":：") && f.set(key, value) {
			continue
		}
		title = append(title, l)
	}
	return strings.Join(title, " ")
}

// below renders what stands below a title. Entries that are fields become
// fields of the item.
func (p *parser) below(n ast.Node, f *fields, r *rich, depth int) string {
	var out []string
	for ; n != nil && depth < maxNesting; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.List:
			for c := n.FirstChild(); c != nil; c = c.NextSibling() {
				if c.FirstChild() == nil {
					continue
				}
				sub := p.more(c.FirstChild(), r)
				if isSentinel(sub) { // a lone address below the title
					put(&f.ticket, sub)
					continue
				}
				if key, value, ok := cutKey(strings.ReplaceAll(sub, "\n", " ")); ok && f.set(key, value) {
					continue
				}
				line := "- " + sub
				if more := p.below(c.FirstChild().NextSibling(), &fields{}, r, depth+1); more != "" {
					line += "\n" + more
				}
				out = append(out, strings.ReplaceAll(line, "\n", "\n  "))
			}
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			out = append(out, string(n.Lines().Value(p.src)))
		case *ast.Paragraph, *ast.TextBlock:
			sub := p.more(n, r)
			if isSentinel(sub) {
				put(&f.ticket, sub)
				continue
			}
			if key, value, ok := cutKey(strings.ReplaceAll(sub, "\n", " ")); ok && f.set(key, value) {
				continue
			}
			out = append(out, sub)
		}
	}
	return strings.Join(out, "\n")
}

// more renders a further block of an item, and adds its ticket links to r.
func (p *parser) more(n ast.Node, r *rich) string {
	b := p.render(n, r.tickets...)
	r.tickets = b.tickets
	return b.text
}
