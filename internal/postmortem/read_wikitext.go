package postmortem

import (
	"strings"
)

var wikiMarkup = &markup{
	delims:   []delim{{"'''", "'''", bold, false}, {"''", "''", italic, false}},
	triggers: "[{<",
	special:  wikiSpecial,
}

func wikiSpecial(s string) (int, inline) {
	switch {
	case strings.HasPrefix(s, "[["):
		inner, n := between(s, "[[", "]]")
		if n == 0 {
			return 0, nil
		}
		target, text, named := strings.Cut(inner, "|")
		if low := strings.ToLower(target); strings.HasPrefix(low, "file:") || strings.HasPrefix(low, "image:") || strings.HasPrefix(low, "category:") {
			return n, nil
		}
		if !named {
			text = target
		}
		if low := strings.ToLower(target); strings.HasPrefix(low, "phab:") {
			return n, ticketInline(target[len("phab:"):], text)
		}
		if user, ok := strings.CutPrefix(target, "User:"); ok {
			if !named {
				text = "@" + user
			}
		}
		return n, inline{{text: strings.TrimLeft(text, ":")}}
	case s[0] == '[':
		inner, n := between(s, "[", "]")
		if n == 0 || !strings.HasPrefix(inner, "http") && !strings.HasPrefix(inner, "//") {
			return 0, nil
		}
		target, text, _ := strings.Cut(inner, " ")
		return n, inline{{firstNonEmpty(strings.TrimSpace(text), target), 0, target}}
	case strings.HasPrefix(s, "{{"):
		inner, n := between(s, "{{", "}}")
		if n == 0 {
			return 0, nil
		}
		return n, wikiTemplate(inner)
	}
	return htmlish(s)
}

// ticketInline is a ticket's short name, as a link if it is an address.
func ticketInline(name, text string) inline {
	name = strings.TrimSpace(name)
	return inline{{firstNonEmpty(strings.TrimSpace(text), name), 0, "ticket:" + name}}
}

// wikiTemplate reads the templates that postmortems use: a ticket, a status.
// Others become their first argument that is no name=value.
func wikiTemplate(inner string) inline {
	parts := strings.Split(inner, "|")
	name := strings.ToLower(strings.TrimSpace(parts[0]))
	arg := ""
	for _, p := range parts[1:] {
		if v, ok := strings.CutPrefix(p, "1="); ok {
			p = v
		}
		if !strings.Contains(p, "=") {
			arg = strings.TrimSpace(p)
			break
		}
	}
	switch name {
	case "phabricator", "phab", "phabt", "bug", "bugzilla", "ticket", "task", "jira", "issue":
		if arg == "" {
			return nil
		}
		if arg[0] >= '0' && arg[0] <= '9' {
			arg = "#" + arg
		}
		return ticketInline(arg, arg)
	case "done", "tick", "yes", "ok", "resolved", "fixed", "check", "y":
		return inline{{text: " (done)"}}
	case "todo", "not done", "no", "pending", "n":
		return nil
	case "u", "user", "ping", "reply to", "ut":
		return inline{{text: "@" + arg}}
	case "irclog", "tracked", "reflist", "toc":
		return nil
	}
	return inline{{text: arg}}
}

// htmlish reads the few HTML tags that wikis allow, and drops the others.
func htmlish(s string) (int, inline) {
	if s[0] != '<' {
		return 0, nil
	}
	for _, t := range []struct {
		name  string
		style style
		keep  bool
	}{{"s", strike, true}, {"del", strike, true}, {"strike", strike, true}, {"b", bold, true}, {"strong", bold, true}, {"code", code, true}, {"tt", code, true}, {"nowiki", code, true}, {"ref", 0, false}} {
		open := "<" + t.name + ">"
		inner, n := between(s, open, "</"+t.name+">")
		if n == 0 && t.name == "ref" && strings.HasPrefix(s, "<ref") {
			inner, n = between(s, "<ref", "</ref>")
			if i := strings.IndexByte(s, '>'); i > 0 && s[i-1] == '/' {
				inner, n = "", i+1
			}
		}
		if n == 0 {
			continue
		}
		if !t.keep {
			return n, nil
		}
		if t.style == code {
			return n, inline{{inner, code, ""}}
		}
		return n, inline{{inner, t.style, ""}}
	}
	if len(s) > 2 && (s[1] == '/' || s[1] >= 'a' && s[1] <= 'z' || s[1] >= 'A' && s[1] <= 'Z') {
		if inner, n := between(s, "<", ">"); n > 0 && n < 200 && !strings.Contains(inner, "<") {
			if strings.HasPrefix(strings.ToLower(inner), "br") {
				return n, inline{{text: "\n"}}
			}
			if strings.ContainsAny(inner, " =/") || len(inner) <= 10 && htmlName(inner) {
				return n, nil
			}
		}
	}
	return 0, nil
}

func htmlName(s string) bool {
	switch strings.ToLower(s) {
	case "u", "i", "em", "sub", "sup", "small", "big", "span", "div", "p", "center", "ins", "kbd", "var", "pre":
		return true
	}
	return false
}

// readWikitext reads MediaWiki's markup, and DokuWiki's, which looks alike.
func readWikitext(s string) []block {
	lines := sourceLines(dropComments(s), 1)
	if isDokuwiki(lines) {
		return dokuDialect.read(lines, 0)
	}
	var out []block
	var flat []flatEntry
	flush := func() {
		out = append(out, nest(flat)...)
		flat = nil
	}
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		switch level, words := wikiHeading(l.text); {
		case level > 0:
			flush()
			out = append(out, block{kind: headingBlock, line: l.n, level: level, text: wikiMarkup.read(words)})
			continue
		case strings.HasPrefix(l.text, "{|"):
			flush()
			t, n := wikiTable(lines[i:])
			out = append(out, t)
			i += n - 1
			continue
		case strings.HasPrefix(l.text, "{{"):
			flush()
			facts, n := wikiInfobox(lines[i:])
			if n > 0 {
				out = append(out, facts...)
				i += n - 1
				continue
			}
		}
		depth := len(l.text) - len(strings.TrimLeft(l.text, "*#:;"))
		switch {
		case l.text == "":
			if len(flat) == 0 || i+1 < len(lines) && !strings.ContainsAny(firstByte(lines[i+1].text), "*#") {
				flush()
			}
		case depth > 0 && l.text[0] == ';': // a term, and what it means behind a colon
			flush()
			term, def, _ := strings.Cut(strings.TrimSpace(l.text[depth:]), " : ")
			out = append(out, block{kind: paragraphBlock, line: l.n, text: styled(wikiMarkup.read(term), bold)})
			if def != "" {
				out = append(out, block{kind: paragraphBlock, line: l.n, text: wikiMarkup.read(def)})
			}
		case depth > 0 && strings.TrimLeft(l.text[:depth], ":") == "":
			flush()
			out = append(out, block{kind: paragraphBlock, line: l.n, text: wikiMarkup.read(strings.TrimSpace(l.text[depth:]))})
		case depth > 0 && l.text[depth-1] == ':' && len(flat) > 0: // goes on with the entry above
			last := &flat[len(flat)-1]
			last.more = append(last.more, block{kind: paragraphBlock, line: l.n, text: wikiMarkup.read(strings.TrimSpace(l.text[depth:]))})
		case depth > 0:
			f := flatEntry{depth: depth, line: l.n}
			text := strings.TrimSpace(l.text[depth:])
			if box, rest, ok := cutBox(text); ok {
				f.checked, text = &box, rest
			}
			f.text = wikiMarkup.read(text)
			flat = append(flat, f)
		default:
			flush()
			j := i + 1
			for j < len(lines) && lines[j].text != "" && !strings.ContainsAny(firstByte(lines[j].text), "*#:;={") {
				j++
			}
			out = append(out, joined(lines[i:j], wikiMarkup))
			i = j - 1
		}
	}
	flush()
	return out
}

func firstByte(s string) string { return s[:min(1, len(s))] }

func styled(in inline, s style) inline {
	for i := range in {
		in[i].style |= s
	}
	return in
}

// joined makes a paragraph of lines.
func joined(lines []srcLine, m *markup) block {
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.TrimSpace(l.text))
	}
	return block{kind: paragraphBlock, line: lines[0].n, text: m.read(b.String())}
}

// dropComments blanks HTML comments and keeps the line numbers.
func dropComments(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "<!--")
		if i < 0 {
			break
		}
		j := strings.Index(s[i:], "-->")
		if j < 0 {
			break
		}
		b.WriteString(s[:i])
		b.WriteString(strings.Repeat("\n", strings.Count(s[i:i+j], "\n")))
		s = s[i+j+3:]
	}
	b.WriteString(s)
	return b.String()
}

func wikiHeading(l string) (int, string) {
	n := 0
	for n < len(l) && l[n] == '=' {
		n++
	}
	if n == 0 || n > 6 || len(l) < 2*n+1 || !strings.HasSuffix(l, l[:n]) {
		return 0, ""
	}
	words := strings.TrimSpace(l[n : len(l)-n])
	if words == "" {
		return 0, ""
	}
	return n, words
}

// wikiInfobox reads a template that stands over several lines, with its
// name = value pairs as facts.
func wikiInfobox(lines []srcLine) ([]block, int) {
	depth := 0
	for j := 0; j < len(lines) && j < 300; j++ {
		depth += strings.Count(lines[j].text, "{{") - strings.Count(lines[j].text, "}}")
		if depth > 0 {
			continue
		}
		if j == 0 {
			return nil, 0
		}
		var out []block
		for _, l := range lines[1 : j+1] {
			if key, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(l.text), "|"), "="); ok && len(key) < 40 {
				b := factBlock(key, "", l.n)
				b.text = append(b.text, wikiMarkup.read(strings.TrimSpace(strings.TrimSuffix(value, "}}")))...)
				out = append(out, b)
			}
		}
		return out, j + 1
	}
	return nil, 0
}

// wikiTable reads {| … |}.
func wikiTable(lines []srcLine) (block, int) {
	t := block{kind: tableBlock, line: lines[0].n}
	now := row{line: lines[0].n}
	var cell strings.Builder
	open := false
	endCell := func() {
		if open {
			now.cells = append(now.cells, wikiMarkup.read(strings.TrimSpace(cell.String())))
			cell.Reset()
			open = false
		}
	}
	endRow := func(next int) {
		endCell()
		if len(now.cells) > 0 {
			t.rows = append(t.rows, now)
		}
		now = row{line: next}
	}
	n := 1
	for ; n < len(lines); n++ {
		l := strings.TrimSpace(lines[n].text)
		switch {
		case strings.HasPrefix(l, "|}"):
			endRow(0)
			return t, n + 1
		case strings.HasPrefix(l, "|-"):
			endRow(lines[n].n + 1)
		case strings.HasPrefix(l, "|+"):
		case strings.HasPrefix(l, "|"), strings.HasPrefix(l, "!"):
			endCell()
			mark := l[:1]
			body := l[1:]
			if mark == "!" {
				body = strings.ReplaceAll(body, "!!", "||")
			}
			for c := range strings.SplitSeq(body, "||") {
				endCell()
				attrs, text, ok := strings.Cut(c, "|")
				if ok && strings.Contains(attrs, "=") && !strings.ContainsAny(attrs, "[{") {
					now.spans = now.spans || strings.Contains(attrs, "colspan") && len(now.cells) == 0
					c = text
				}
				cell.WriteString(c)
				open = true
			}
		default:
			if open {
				if strings.HasPrefix(l, "*") {
					l = "• " + strings.TrimLeft(l, "* ")
				}
				cell.WriteString("\n" + l)
			}
		}
	}
	endRow(0)
	return t, n
}
