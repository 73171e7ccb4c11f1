package postmortem

import "strings"

var asciidocMarkup = &markup{
	delims: []delim{
		{"[line-through]#", "#", strike, false}, {"[.line-through]#", "#", strike, false}, {"**", "**", bold, false}, {"*", "*", bold, true}, {"__", "__", italic, false}, {"_", "_", italic, true}, {"``", "``", code, false}, {"`", "`", code, true}, {"#", "#", 0, true},
	},
	triggers: "hlmxj<i",
	special: func(s string) (int, inline) {
		switch {
		case strings.HasPrefix(s, "<<"):
			inner, n := between(s, "<<", ">>")
			if n == 0 {
				return 0, nil
			}
			id, text, _ := strings.Cut(inner, ",")
			return n, inline{{text: firstNonEmpty(strings.TrimSpace(text), id)}}
		case strings.HasPrefix(s, "image:"):
			if i, j := strings.IndexByte(s, '['), strings.IndexByte(s, ']'); i > 0 && j > i && j < 400 && !strings.ContainsAny(s[:i], " \n") {
				return j + 1, nil
			}
		case strings.HasPrefix(s, "http://"), strings.HasPrefix(s, "https://"), strings.HasPrefix(s, "link:"), strings.HasPrefix(s, "mailto:"), strings.HasPrefix(s, "xref:"), strings.HasPrefix(s, "jira:"), strings.HasPrefix(s, "issue:"):
			i := strings.IndexAny(s[:min(len(s), 2000)], "[ \n\t")
			if i < 0 || s[i] != '[' {
				return 0, nil
			}
			text, n := between(s[i:], "[", "]")
			if n == 0 {
				return 0, nil
			}
			text, _, _ = strings.Cut(text, ",window=")
			text = strings.Trim(strings.TrimSuffix(text, "^"), `"`)
			target := strings.TrimPrefix(strings.TrimPrefix(s[:i], "link:"), "jira:")
			if strings.HasPrefix(s, "jira:") || strings.HasPrefix(s, "issue:") {
				return i + n, ticketInline(strings.TrimPrefix(target, "issue:"), text)
			}
			if strings.HasPrefix(target, "http") {
				return i + n, inline{{firstNonEmpty(text, target), 0, target}}
			}
			return i + n, inline{{text: text}}
		}
		return 0, nil
	},
}

// asciidocHeading returns the level of a heading, from 1.
func asciidocHeading(l string) int {
	n := 0
	for n < len(l) && l[n] == '=' {
		n++
	}
	if n == 0 || n > 6 || n >= len(l)-1 || l[n] != ' ' || strings.HasSuffix(l, " "+l[:n]) && n > 1 {
		return 0
	}
	return n
}

// readAsciidoc reads AsciiDoc.
func readAsciidoc(s string) []block {
	lines := sourceLines(s, 1)
	var out []block
	var flat []flatEntry
	flush := func() {
		out = append(out, nest(flat)...)
		flat = nil
	}
	endless := map[string]bool{}
	var ladder []string // the marks of the lists that are open
	for i := 0; i < len(lines); i++ {
		l := strings.TrimSpace(lines[i].text)
		line := lines[i].n
		switch {
		case l == "":
			continue
		case strings.HasPrefix(l, "//"):
			if l == "////" && !endless[l] {
				j := closing(lines, i, l)
				endless[l] = j == i
				i = j
			}
			flush() // a comment is what parts two lists
			ladder = nil
			continue
		case asciidocHeading(l) > 0:
			flush()
			ladder = nil
			n := asciidocHeading(l)
			out = append(out, block{kind: headingBlock, line: line, level: n, text: asciidocMarkup.read(strings.TrimSpace(l[n:]))})
			continue
		case l == "|===" || l == "!===" || l == ",===":
			flush()
			ladder = nil
			t, n := asciidocTable(lines[i:])
			out = append(out, t)
			i += n - 1
			continue
		case l == "----", l == "....", l == "____", l == "++++", strings.HasPrefix(l, "```"):
			mark := l
			if l[0] == '`' {
				mark = "```"
			}
			if endless[mark] {
				continue
			}
			j := closing(lines, i, mark)
			endless[mark] = j == i // then nothing below closes it either
			i = j
			continue
		case l == "====", l == "****", l == "--", l == "'''", l == "<<<", l == "+":
			if l == "+" && len(flat) > 0 && i+1 < len(lines) {
				j := i + 1
				for j < len(lines) && lines[j].text != "" && strings.TrimSpace(lines[j].text) != "+" && asciidocMark(strings.TrimSpace(lines[j].text)) == "" {
					j++
				}
				if j > i+1 {
					last := &flat[len(flat)-1]
					last.more = append(last.more, joined(lines[i+1:j], asciidocMarkup))
					i = j - 1
				}
			}
			continue
		case l[0] == '[' && l[len(l)-1] == ']' && !strings.HasPrefix(l, "[ ]") && !strings.Contains(l, "]("):
			continue
		case l[0] == ':' && strings.Count(l, ":") >= 2:
			if key, value, ok := strings.Cut(l[1:], ":"); ok && !strings.Contains(key, " ") {
				out = append(out, factBlock(strings.ReplaceAll(key, "-", " "), value, line))
				continue
			}
		case l[0] == '.' && len(l) > 1 && l[1] != '.' && l[1] != ' ': // a block's title
			flush()
			out = append(out, block{kind: paragraphBlock, line: line, text: styled(asciidocMarkup.read(l[1:]), bold)})
			continue
		}
		if mark := asciidocMark(l); mark != "" {
			depth := len(ladder) + 1
			for k, have := range ladder {
				if have == mark {
					depth = k + 1
				}
			}
			ladder = append(ladder[:depth-1:depth-1], mark)
			f := flatEntry{depth: min(depth, maxDepth), line: line}
			text := strings.TrimSpace(l[len(mark):])
			if mark == "1." {
				n, _ := number(l)
				text = l[n:]
			}
			if box, rest, ok := cutBox(text); ok {
				f.checked, text = &box, rest
			}
			for i+1 < len(lines) {
				next := strings.TrimSpace(lines[i+1].text)
				if next == "" || next == "+" || asciidocMark(next) != "" || asciidocHeading(next) > 0 || next == "|===" || next[0] == '[' {
					break
				}
				text += "\n" + next
				i++
			}
			f.text = asciidocMarkup.read(text)
			flat = append(flat, f)
			continue
		}
		flush()
		ladder = nil
		if term, def, ok := strings.Cut(l, "::"); ok && (def == "" || def[0] == ' ') && len(term) < 80 {
			if def = strings.TrimSpace(def); def == "" && i+1 < len(lines) {
				def = strings.TrimSpace(lines[i+1].text)
				i++
			}
			b := block{kind: paragraphBlock, line: line, text: styled(asciidocMarkup.read(term+": "), bold)}
			b.text = append(b.text, asciidocMarkup.read(def)...)
			out = append(out, b)
			continue
		}
		j := i + 1
		for j < len(lines) {
			next := strings.TrimSpace(lines[j].text)
			if next == "" || asciidocMark(next) != "" || asciidocHeading(next) > 0 || next == "|===" || next == "----" || next == "====" {
				break
			}
			j++
		}
		out = append(out, joined(lines[i:j], asciidocMarkup))
		i = j - 1
	}
	flush()
	return out
}

// closing is the line that closes the block opened at i, else i.
func closing(lines []srcLine, i int, mark string) int {
	for j := i + 1; j < len(lines); j++ {
		if strings.TrimSpace(lines[j].text) == mark {
			return j
		}
	}
	return i
}

// asciidocMark is the mark of a list entry: "*", "**", ".", "-", "1.".
func asciidocMark(l string) string {
	n := 0
	for n < len(l) && n < 6 && l[n] == l[0] && (l[0] == '*' || l[0] == '.' || l[0] == '-') {
		n++
	}
	if n > 0 && n < len(l) && l[n] == ' ' && (l[0] != '-' || n == 1) {
		return l[:n]
	}
	if n, _ := number(l); n > 0 && l[0] >= '0' && l[0] <= '9' {
		return "1."
	}
	return ""
}

func asciidocTable(lines []srcLine) (block, int) {
	t := block{kind: tableBlock, line: lines[0].n}
	end := strings.TrimSpace(lines[0].text)
	var cells []inline
	var at []int
	var widths []int // cells on each line, to know how many columns there are
	var now strings.Builder
	open := false
	done := func() {
		if open {
			cells = append(cells, asciidocMarkup.read(strings.TrimSpace(now.String())))
			now.Reset()
			open = false
		}
	}
	n := 1
	for ; n < len(lines); n++ {
		l := strings.TrimSpace(lines[n].text)
		if l == end {
			n++
			break
		}
		if l == "" {
			continue
		}
		i := strings.IndexByte(l, '|')
		if i > 0 && !cellSpec(l[:i]) || i < 0 {
			if open {
				if m := asciidocMark(l); m != "" {
					l = "• " + strings.TrimSpace(l[len(m):])
				}
				now.WriteString("\n" + l)
			}
			continue
		}
		width := 0
		for c := range strings.SplitSeq(l[i+1:], "|") {
			done()
			at = append(at, lines[n].n)
			if k := strings.LastIndexByte(c, ' '); k >= 0 && cellSpec(c[k+1:]) && strings.HasSuffix(c, "a") && len(c[k+1:]) == 1 {
				c = c[:k]
			}
			now.WriteString(c)
			open = true
			width++
		}
		widths = append(widths, width)
	}
	done()
	if len(widths) == 0 {
		return t, n
	}
	cols := widths[0]
	if cols == 1 { // each cell on its own line: an empty line ends the header
		cols = asciidocColumns(lines)
	}
	for i := 0; i+cols <= len(cells) && cols > 0; i += cols {
		t.rows = append(t.rows, row{line: at[i], cells: cells[i : i+cols]})
	}
	return t, n
}

// asciidocColumns counts the cells above the first empty line.
func asciidocColumns(lines []srcLine) int {
	n := 0
	for _, l := range lines[1:] {
		t := strings.TrimSpace(l.text)
		if t == "" && n > 0 || t == "|===" {
			break
		}
		if strings.Contains(t, "|") {
			n++
		}
	}
	return max(n, 1)
}

// cellSpec reports whether s stands before a bar to say how a cell is shown.
func cellSpec(s string) bool {
	return len(s) <= 6 && strings.Trim(s, "0123456789.+*<>^adehlms") == ""
}
