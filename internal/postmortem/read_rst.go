package postmortem

import "strings"

// rstReader reads reStructuredText: the level of a heading follows from the
// order in which its adornment first stood in the document.
type rstReader struct {
	levels  []string
	targets map[string]string // addresses of `name`_
	m       *markup
}

func readRST(s string) []block {
	r := &rstReader{targets: map[string]string{}}
	r.m = &markup{
		delims:   []delim{{"``", "``", code, false}, {"**", "**", bold, true}, {"*", "*", italic, true}},
		triggers: "`:|\\[",
		special:  r.special,
	}
	lines := sourceLines(s, 1)
	for _, l := range lines {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(l.text), ".. _"); ok {
			if i := strings.LastIndex(rest, ": "); i > 0 && len(r.targets) < 10_000 {
				r.targets[fold(strings.Trim(rest[:i], "`"))] = strings.TrimSpace(rest[i+2:])
			}
		}
	}
	d := &dialect{inline: r.m.read, block: r.block, starts: func([]srcLine, int) bool { return false }}
	return d.read(lines, 0)
}

func (r *rstReader) special(s string) (int, inline) {
	switch s[0] {
	case '\\':
		if len(s) > 1 {
			return 2, inline{{text: strings.TrimSpace(s[1:2])}}
		}
	case '`':
		inner, n := between(s, "`", "`")
		if n == 0 || inner == "" || strings.HasPrefix(s, "``") {
			return 0, nil
		}
		rest := s[n:]
		under := len(rest) - len(strings.TrimLeft(rest, "_"))
		if i := strings.LastIndexByte(inner, '<'); i >= 0 && strings.HasSuffix(inner, ">") {
			target := inner[i+1 : len(inner)-1]
			return n + under, inline{{firstNonEmpty(strings.TrimSpace(inner[:i]), target), 0, target}}
		}
		if under > 0 {
			return n + under, inline{{inner, 0, r.targets[fold(inner)]}}
		}
		return n, inline{{inner, code, ""}}
	case ':': // :role:`text`
		role, n := between(s, ":", ":`")
		if n == 0 || !yamlKey(strings.ReplaceAll(role, ":", "")) {
			return 0, nil
		}
		inner, m := between(s[n-1:], "`", "`")
		if m == 0 {
			return 0, nil
		}
		text, _, _ := strings.Cut(inner, " <")
		text = strings.TrimLeft(text, "~!")
		switch strings.ToLower(role) {
		case "issue", "bug", "ticket", "pr", "pull", "jira", "gh":
			if text[:min(1, len(text))] >= "0" && text[:min(1, len(text))] <= "9" {
				text = "#" + text
			}
			return n - 1 + m, ticketInline(text, text)
		}
		return n - 1 + m, inline{{text: text}}
	case '|':
		if inner, n := between(s, "|", "|"); n > 0 && len(inner) < 40 && inner != "" && !strings.ContainsAny(inner, " \n") {
			switch strings.ToLower(inner) {
			case "check", "done", "yes", "x":
				return n, inline{{text: "✅ "}}
			}
			return n, inline{{text: inner}}
		}
	case '[': // a footnote
		if inner, n := between(s, "[", "]_"); n > 0 && len(inner) < 20 && !strings.Contains(inner, " ") {
			return n, nil
		}
	}
	return 0, nil
}

func (r *rstReader) block(d *dialect, lines []srcLine, depth int) ([]block, int) {
	l := lines[0].text
	if l == "" {
		return nil, 0
	}
	if depth == 0 {
		if b, n := r.heading(lines); n > 0 {
			return b, n
		}
	}
	t := strings.TrimLeft(l, " ")
	switch {
	case strings.HasPrefix(t, ".."):
		return r.directive(d, lines, depth)
	case strings.HasPrefix(t, "+-") || strings.HasPrefix(t, "+="):
		return r.grid(lines)
	case strings.HasPrefix(t, "==") && strings.Contains(t, "= ") && strings.Trim(t, "= ") == "":
		return r.simple(lines)
	case t[0] == ':' && len(t) > 2:
		if key, value, ok := strings.Cut(t[1:], ":"); ok && (value == "" || value[0] == ' ') && len(key) < 60 && !strings.Contains(key, "`") {
			n := 1
			for n < len(lines) && lines[n].text != "" && indentOf(lines[n].text) > indentOf(l) {
				value += " " + strings.TrimSpace(lines[n].text)
				n++
			}
			b := factBlock(key, "", lines[0].n)
			b.text = append(b.text, r.m.read(strings.TrimSpace(value))...)
			return []block{b}, n
		}
	case adornment(t) != 0:
		return nil, 1
	}
	return nil, 0
}

func (r *rstReader) heading(lines []srcLine) ([]block, int) {
	over := adornment(lines[0].text)
	if over != 0 && len(lines) > 2 && adornment(lines[2].text) == over && lines[1].text != "" && indentOf(lines[0].text) == 0 {
		return r.titled(lines[1], string(over)+string(over)), 3
	}
	if over == 0 && len(lines) > 1 && indentOf(lines[0].text) == 0 {
		if under := adornment(lines[1].text); under != 0 && len(lines[1].text) >= min(len([]rune(lines[0].text)), 4) {
			if n, _ := bullet(lines[0].text); n > 0 && under == '.' {
				return nil, 0
			}
			return r.titled(lines[0], string(under)), 2
		}
	}
	return nil, 0
}

func (r *rstReader) titled(l srcLine, mark string) []block {
	level := 0
	for i, m := range r.levels {
		if m == mark {
			level = i + 1
		}
	}
	if level == 0 {
		r.levels = append(r.levels, mark)
		level = len(r.levels)
	}
	return []block{{kind: headingBlock, line: l.n, level: level, text: r.m.read(strings.TrimSpace(l.text))}}
}

// directive reads ".. name:: argument" and what is indented below it. A
// comment is dropped.
func (r *rstReader) directive(d *dialect, lines []srcLine, depth int) ([]block, int) {
	l := strings.TrimLeft(lines[0].text, " ")
	if len(l) > 2 && l[2] != ' ' {
		return nil, 0
	}
	at := indentOf(lines[0].text)
	n := 1
	for n < len(lines) && (lines[n].text == "" || indentOf(lines[n].text) > at) {
		n++
	}
	for n > 1 && lines[n-1].text == "" {
		n--
	}
	name, arg, ok := strings.Cut(strings.TrimSpace(l[2:]), "::")
	if !ok || strings.ContainsAny(name, " _") {
		return nil, n
	}
	body := make([]srcLine, 0, n)
	for _, b := range lines[1:n] {
		body = append(body, srcLine{b.text[min(len(b.text), max(0, min(indentOf(b.text), at+3))):], b.n})
	}
	// Options stand first.
	for len(body) > 0 && strings.HasPrefix(strings.TrimSpace(body[0].text), ":") {
		body = body[1:]
	}
	switch strings.ToLower(name) {
	case "list-table":
		return r.listTable(d, body, depth), n
	case "csv-table":
		return r.csvTable(lines[0].n, lines[1:n]), n
	case "table", "note", "tip", "important", "admonition", "container", "rst-class", "topic", "todo", "warning", "attention", "sidebar", "dropdown", "tab-set", "tab-item":
		if depth >= maxDepth {
			return nil, n
		}
		var out []block
		if name, _ := headingName(arg); opens(name) {
			out = append(out, block{kind: paragraphBlock, line: lines[0].n, text: styled(r.m.read(strings.TrimSpace(arg)), bold)})
		}
		return append(out, d.read(body, depth+1)...), n
	}
	return nil, n
}

// listTable reads a table that is written as lists within a list.
func (r *rstReader) listTable(d *dialect, body []srcLine, depth int) []block {
	if depth >= maxDepth {
		return nil
	}
	var out []block
	for _, b := range d.read(body, depth+1) {
		if b.kind != listBlock {
			continue
		}
		t := block{kind: tableBlock, line: b.line}
		for _, e := range b.entries {
			tr := row{line: e.line}
			// "* - a": the first block holds the inner list's mark as text.
			for _, inner := range d.read(unwrap(body, e, b), depth+1) {
				if inner.kind != listBlock {
					continue
				}
				for _, c := range inner.entries {
					tr.cells = append(tr.cells, cellText(c.blocks))
				}
			}
			t.rows = append(t.rows, tr)
		}
		out = append(out, t)
	}
	return out
}

// unwrap returns the lines of one entry without the entry's own mark.
func unwrap(body []srcLine, e entry, list block) []srcLine {
	end := body[len(body)-1].n + 1
	for _, other := range list.entries {
		if other.line > e.line && other.line < end {
			end = other.line
		}
	}
	var out []srcLine
	for _, l := range body {
		if l.n < e.line || l.n >= end {
			continue
		}
		if l.n == e.line {
			at := indentOf(l.text)
			n, _ := bullet(l.text[at:])
			out = append(out, srcLine{strings.Repeat(" ", at+n) + l.text[min(len(l.text), at+n):], l.n})
			continue
		}
		out = append(out, l)
	}
	return out
}

// cellText joins the blocks of a cell, each on its own line.
func cellText(blocks []block) inline {
	var out inline
	for _, b := range blocks {
		add := b.text
		if b.kind == listBlock {
			for _, e := range b.entries {
				out = append(out, span{text: "\n• "})
				out = append(out, cellText(e.blocks)...)
			}
			continue
		}
		if len(out) > 0 && len(add) > 0 {
			out = append(out, span{text: "\n"})
		}
		out = append(out, add...)
	}
	return out
}

func (r *rstReader) csvTable(line int, body []srcLine) []block {
	t := block{kind: tableBlock, line: line}
	for _, l := range body {
		s := strings.TrimSpace(l.text)
		if rest, ok := strings.CutPrefix(s, ":header:"); ok {
			s = strings.TrimSpace(rest)
		} else if s == "" || s[0] == ':' {
			continue
		}
		tr := row{line: l.n}
		for _, c := range csvCells(s) {
			tr.cells = append(tr.cells, r.m.read(c))
		}
		t.rows = append(t.rows, tr)
	}
	return []block{t}
}

func csvCells(s string) []string {
	var out []string
	for s != "" {
		s = strings.TrimLeft(s, " ")
		if strings.HasPrefix(s, `"`) {
			if j := strings.IndexByte(s[1:], '"'); j >= 0 {
				out = append(out, s[1:1+j])
				_, s, _ = strings.Cut(s[j+2:], ",")
				continue
			}
		}
		var c string
		c, s, _ = strings.Cut(s, ",")
		out = append(out, strings.TrimSpace(c))
	}
	return out
}

// grid reads a table drawn with +---+ and bars.
func (r *rstReader) grid(lines []srcLine) ([]block, int) {
	t := block{kind: tableBlock, line: lines[0].n}
	var cells []string
	at, n := 0, 0
	for ; n < len(lines); n++ {
		l := strings.TrimSpace(lines[n].text)
		if strings.HasPrefix(l, "+") {
			if cells != nil {
				t.rows = append(t.rows, r.row(cells, at))
				cells = nil
			}
			continue
		}
		if !strings.HasPrefix(l, "|") {
			break
		}
		parts := strings.Split(strings.Trim(l, "|"), "|")
		if cells == nil {
			cells, at = make([]string, len(parts)), lines[n].n
		}
		for i, p := range parts[:min(len(parts), len(cells))] {
			if p = strings.TrimSpace(p); p != "" {
				cells[i] += "\n" + p
			}
		}
	}
	return []block{t}, n
}

func (r *rstReader) row(cells []string, line int) row {
	out := row{line: line}
	for _, c := range cells {
		out.cells = append(out.cells, r.m.read(strings.TrimSpace(c)))
	}
	return out
}

// simple reads a table whose columns are drawn with ===.
func (r *rstReader) simple(lines []srcLine) ([]block, int) {
	var cols [][2]int
	rule := lines[0].text
	for i := 0; i < len(rule); {
		if rule[i] != '=' {
			i++
			continue
		}
		j := i
		for j < len(rule) && rule[j] == '=' {
			j++
		}
		cols = append(cols, [2]int{i, j})
		i = j
	}
	if len(cols) < 2 || len(cols) > 50 {
		return nil, 0
	}
	cols[len(cols)-1][1] = 1 << 20
	t := block{kind: tableBlock, line: lines[0].n}
	rules := 1
	n := 1
	var cells []string
	at := 0
	end := func() {
		if cells != nil {
			t.rows = append(t.rows, r.row(cells, at))
		}
		cells = nil
	}
	for ; n < len(lines); n++ {
		l := lines[n].text
		if strings.HasPrefix(strings.TrimSpace(l), "==") && strings.Trim(l, "= ") == "" {
			end()
			rules++
			// The last rule has an empty line, or nothing, behind it.
			if rules > 2 || n+1 == len(lines) || lines[n+1].text == "" {
				n++
				break
			}
			continue
		}
		if strings.Trim(l, "- ") == "" {
			end()
			if l == "" && (n+1 == len(lines) || indentOf(lines[n+1].text) < cols[0][0]) {
				break
			}
			continue
		}
		runes := []rune(l)
		parts := make([]string, len(cols))
		for i, c := range cols {
			from := min(c[0], len(runes))
			to := len(runes)
			if i+1 < len(cols) {
				to = min(cols[i+1][0], len(runes))
			}
			parts[i] = strings.TrimSpace(string(runes[from:to]))
		}
		if parts[0] != "" || cells == nil {
			end()
			cells, at = make([]string, len(cols)), lines[n].n
		}
		for i, p := range parts {
			if p != "" {
				cells[i] += "\n" + p
			}
		}
	}
	end()
	return []block{t}, n
}
