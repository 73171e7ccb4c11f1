package postmortem

import (
	"strings"
	"unicode"
)

var textDialect = &dialect{inline: plainInline, block: textBlock, starts: textStarts, lazy: true}

// readText reads text without any markup. A heading is a line in capitals,
// underlined, numbered, or one that ends with a colon above its text.
func readText(s string) []block {
	return textDialect.read(sourceLines(s, 1), 0)
}

func textBlock(_ *dialect, lines []srcLine, depth int) ([]block, int) {
	l := lines[0].text
	if depth > 0 || l == "" || l[0] == ' ' {
		return nil, 0
	}
	heading := func(level int, words string) []block {
		return []block{{kind: headingBlock, line: lines[0].n, level: level, text: plainInline(words)}}
	}
	if len(lines) > 2 && adornment(l) != 0 && adornment(l) == adornment(lines[2].text) && lines[1].text != "" {
		return []block{{kind: headingBlock, line: lines[1].n, level: 1, text: plainInline(strings.TrimSpace(lines[1].text))}}, 3
	}
	if adornment(l) != 0 {
		return nil, 1
	}
	if len(lines) > 1 && adornment(lines[1].text) != 0 && len(l) <= 120 {
		if c := lines[1].text[0]; c == '=' || c == '#' || c == '*' {
			return heading(1, l), 2
		}
		return heading(2, l), 2
	}
	if rows := tabbed(lines); rows > 1 {
		t := block{kind: tableBlock, line: lines[0].n}
		for _, r := range lines[:rows] {
			cells := row{line: r.n}
			for c := range strings.SplitSeq(r.text, "\t") {
				cells.cells = append(cells.cells, plainInline(strings.TrimSpace(c)))
			}
			t.rows = append(t.rows, cells)
		}
		return []block{t}, rows
	}
	if n := pipes(lines); n > 1 {
		t := block{kind: tableBlock, line: lines[0].n}
		for _, r := range lines[:n] {
			if strings.Trim(r.text, "|-+=: ") != "" {
				t.rows = append(t.rows, pipeRow(r.text, r.n, plainInline))
			}
		}
		return []block{t}, n
	}
	words := strings.TrimSpace(l)
	if len(words) > 100 || len(lines) > 1 && lines[1].text == "" && len(lines) == 2 {
		return nil, 0
	}
	if capitals(words) {
		return heading(2, strings.TrimRight(words, ":")), 1
	}
	name, _ := headingName(words)
	if len(strings.Fields(name)) <= 8 && opens(name) || excludes(name) && len(strings.Fields(name)) <= 4 {
		if body := strings.TrimRight(words, " "); !strings.HasSuffix(body, ".") {
			return heading(2, strings.TrimRight(words, ":：")), 1
		}
	}
	// "Timeline:" alone on its line, with an empty line before or behind it.
	if (strings.HasSuffix(words, ":") || strings.HasSuffix(words, "：")) && len(strings.Fields(words)) <= 6 {
		if n, _ := bullet(words); n == 0 {
			return heading(3, strings.TrimRight(words, ":：")), 1
		}
	}
	if n, ok := number(words); ok && len(lines) > 1 && lines[1].text == "" && len(strings.Fields(words)) <= 7 {
		// A number above a paragraph heads it; above a list entry it is one.
		if len(lines) > 2 && sectionName(words[n:]) {
			return heading(2, words), 1
		}
	}
	if sectionName(words) {
		return heading(2, words), 1
	}
	return nil, 0
}

func textStarts(lines []srcLine, depth int) bool {
	_, n := textBlock(nil, lines, depth)
	return n > 0
}

// capitals reports whether a line is a heading in capitals.
func capitals(s string) bool {
	letters := 0
	for _, r := range s {
		switch {
		case unicode.IsLower(r) || unicode.Is(unicode.Lo, r):
			return false
		case unicode.IsUpper(r):
			letters++
		}
	}
	if n, _ := bullet(s); n > 0 {
		name, _ := headingName(s)
		return letters >= 4 && opens(name)
	}
	return letters >= 4 && !strings.HasSuffix(s, ".") && !strings.Contains(s, "://")
}

// tabbed counts the rows of a table whose cells are parted by tabs.
func tabbed(lines []srcLine) int {
	tabs := strings.Count(lines[0].text, "\t")
	if tabs == 0 {
		return 0
	}
	n := 1
	for n < len(lines) && lines[n].text != "" && strings.Count(lines[n].text, "\t") > 0 {
		n++
	}
	return n
}

func pipes(lines []srcLine) int {
	n := 0
	for n < len(lines) && strings.Count(lines[n].text, "|") >= 2 {
		n++
	}
	return n
}
