package postmortem

import "strings"

var jiraMarkup = &markup{
	delims: []delim{
		{"{{", "}}", code, false}, {"*", "*", bold, true}, {"_", "_", italic, true}, {"-", "-", strike, true}, {"+", "+", 0, true}, {"??", "??", italic, true},
	},
	triggers: "[{(!\\",
	special:  jiraSpecial,
}

func jiraSpecial(s string) (int, inline) {
	switch {
	case s[0] == '\\':
		if strings.HasPrefix(s, `\\`) {
			return 2, inline{{text: "\n"}}
		}
		if len(s) > 1 && strings.IndexByte(`*_-+[]{}|!#^~()\?`, s[1]) >= 0 {
			return 2, inline{{text: s[1:2]}}
		}
		return 0, nil
	case s[0] == '!':
		if inner, n := between(s, "!", "!"); n > 0 && strings.Contains(inner, ".") && !strings.ContainsAny(inner, " \n") {
			return n, nil // an image
		}
		return 0, nil
	case s[0] == '(':
		for _, icon := range []struct{ mark, text string }{{"(/)", "✅ "}, {"(x)", ""}, {"(!)", ""}, {"(i)", ""}, {"(?)", ""}, {"(on)", ""}, {"(off)", ""}, {"(*)", ""}, {"(y)", ""}} {
			if strings.HasPrefix(s, icon.mark) {
				return len(icon.mark), inline{{text: icon.text}}
			}
		}
		return 0, nil
	case s[0] == '[':
		inner, n := between(s, "[", "]")
		if n == 0 || inner == "" || strings.Contains(inner, "\n") {
			return 0, nil
		}
		if user, ok := strings.CutPrefix(inner, "~"); ok {
			return n, inline{{text: "@" + strings.TrimPrefix(user, "accountid:")}}
		}
		text, target, named := strings.Cut(inner, "|")
		if !named {
			target = text
		}
		target, _, _ = strings.Cut(target, "|")
		if strings.HasPrefix(target, "http") || strings.HasPrefix(target, "mailto:") {
			return n, inline{{text, 0, target}}
		}
		if named {
			return n, inline{{text: text}}
		}
		return 0, nil
	}
	// A macro in braces.
	inner, n := between(s, "{", "}")
	if n == 0 || strings.Contains(inner, "\n") {
		return 0, nil
	}
	name, args, _ := strings.Cut(inner, ":")
	switch strings.ToLower(name) {
	case "status":
		for a := range strings.SplitSeq(args, "|") {
			if title, ok := strings.CutPrefix(a, "title="); ok {
				return n, inline{{text: "[" + title + "]"}}
			}
		}
		return n, nil
	case "jira", "jiraissues":
		for a := range strings.SplitSeq(args, "|") {
			key := strings.TrimPrefix(strings.TrimPrefix(a, "key="), "issueKey=")
			if isTicket(key) {
				return n, ticketInline(key, key)
			}
		}
		return n, nil
	case "color", "quote", "panel", "info", "note", "warning", "tip", "anchor", "expand", "section", "column", "toc", "center", "span", "div":
		return n, nil
	}
	return 0, nil
}

func jiraHeading(l string) int {
	l = strings.TrimLeft(l, " ")
	if len(l) > 4 && l[0] == 'h' && l[1] >= '1' && l[1] <= '6' && l[2] == '.' && l[3] == ' ' {
		return int(l[1] - '0')
	}
	return 0
}

// readJira reads the wiki markup of Jira and Confluence.
func readJira(s string) []block {
	lines := sourceLines(s, 1)
	var out []block
	var flat []flatEntry
	flush := func() {
		out = append(out, nest(flat)...)
		flat = nil
	}
	for i := 0; i < len(lines); i++ {
		l := strings.TrimSpace(lines[i].text)
		line := lines[i].n
		switch {
		case l == "":
			// An empty line ends the list, unless it goes on behind it.
			if i+1 < len(lines) && jiraDepth(strings.TrimSpace(lines[i+1].text)) == 0 {
				flush()
			}
			continue
		case jiraHeading(l) > 0:
			flush()
			out = append(out, block{kind: headingBlock, line: line, level: jiraHeading(l), text: jiraMarkup.read(strings.TrimSpace(l[3:]))})
			continue
		case strings.HasPrefix(l, "{code"), strings.HasPrefix(l, "{noformat"), l == "{quote}":
			flush()
			end := l[:min(len(l), 1+strings.IndexAny(l[1:], ":}")+0)] + "}"
			j := i + 1
			for j < len(lines) && !strings.Contains(lines[j].text, end) {
				j++
			}
			if strings.Count(l, end) < 2 {
				i = j
			}
			continue
		case strings.HasPrefix(l, "{panel"), strings.HasPrefix(l, "{expand"):
			flush()
			if _, title, ok := strings.Cut(l, "title="); ok {
				title, _, _ = strings.Cut(title, "|")
				title, _, _ = strings.Cut(title, "}")
				if name, _ := headingName(title); opens(name) || excludes(name) {
					out = append(out, block{kind: headingBlock, line: line, level: 5, text: plainInline(title)})
				}
			}
			continue
		case strings.HasPrefix(l, "|"):
			flush()
			t, n := jiraTable(lines[i:])
			out = append(out, t)
			i += n - 1
			continue
		case strings.HasPrefix(l, "----"), strings.HasPrefix(l, "{toc"):
			flush()
			continue
		}
		if depth := jiraDepth(l); depth > 0 {
			f := flatEntry{depth: depth, line: line}
			text := strings.TrimSpace(l[depth:])
			if box, rest, ok := cutBox(text); ok {
				f.checked, text = &box, rest
			}
			// Wrapped lines go on with the entry.
			for i+1 < len(lines) {
				next := strings.TrimSpace(lines[i+1].text)
				if next == "" || jiraDepth(next) > 0 || jiraHeading(next) > 0 || next[0] == '|' || next[0] == '{' {
					break
				}
				text += "\n" + next
				i++
			}
			f.text = jiraMarkup.read(text)
			flat = append(flat, f)
			continue
		}
		flush()
		if box, rest, ok := cutBox(l); ok {
			flat = append(flat, flatEntry{depth: 1, line: line, text: jiraMarkup.read(rest), checked: &box})
			continue
		}
		j := i + 1
		for j < len(lines) {
			next := strings.TrimSpace(lines[j].text)
			if next == "" || jiraDepth(next) > 0 || jiraHeading(next) > 0 || next[0] == '|' || strings.HasPrefix(next, "{panel") || strings.HasPrefix(next, "{code") {
				break
			}
			j++
		}
		out = append(out, joined(lines[i:j], jiraMarkup))
		i = j - 1
	}
	flush()
	return out
}

// jiraDepth is the number of marks of a list entry.
func jiraDepth(l string) int {
	n := 0
	for n < len(l) && (l[n] == '*' || l[n] == '#') {
		n++
	}
	if n == 0 && strings.HasPrefix(l, "- ") {
		return 1
	}
	if n == 0 || n >= len(l) || l[n] != ' ' {
		return 0
	}
	return n
}

func jiraTable(lines []srcLine) (block, int) {
	t := block{kind: tableBlock, line: lines[0].n}
	n := 0
	for n < len(lines) {
		l := strings.TrimSpace(lines[n].text)
		if !strings.HasPrefix(l, "|") {
			break
		}
		r := row{line: lines[n].n}
		n++
		// A cell goes on until a bar ends its line.
		for !strings.HasSuffix(l, "|") && n < len(lines) {
			next := strings.TrimSpace(lines[n].text)
			if next == "" || jiraHeading(next) > 0 || strings.HasPrefix(next, "|") {
				break
			}
			if d := jiraDepth(next); d > 0 {
				next = "• " + strings.TrimSpace(next[d:])
			}
			l += "\n" + next
			n++
		}
		for _, c := range jiraCells(l) {
			r.cells = append(r.cells, jiraMarkup.read(strings.TrimSpace(c)))
		}
		t.rows = append(t.rows, r)
	}
	return t, n
}

// jiraCells splits a row at its bars, but not those within links and macros.
func jiraCells(l string) []string {
	l = strings.TrimRight(strings.TrimLeft(l, "|"), "|")
	var out []string
	depth, start := 0, 0
	closed := strings.LastIndexAny(l, "]}")
	for i := 0; i < len(l); i++ {
		switch l[i] {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		case '\\':
			i++
		case '|':
			if depth > 0 && i < closed {
				continue
			}
			out = append(out, l[start:i])
			for i+1 < len(l) && l[i+1] == '|' && strings.HasPrefix(l[i:], "||") {
				i++
			}
			start, depth = i+1, 0
		}
	}
	return append(out, l[start:])
}
