package postmortem

import "strings"

var dokuMarkup = &markup{
	delims: []delim{
		{"**", "**", bold, true}, {"//", "//", italic, true}, {"''", "''", code, true}, {"<del>", "</del>", strike, false},
	},
	triggers: "[\\",
	special: func(s string) (int, inline) {
		if strings.HasPrefix(s, `\\ `) {
			return 3, inline{{text: "\n"}}
		}
		inner, n := between(s, "[[", "]]")
		if n == 0 {
			return 0, nil
		}
		target, text, named := strings.Cut(inner, "|")
		if !named {
			text = target
		}
		if strings.HasPrefix(target, "http") {
			return n, inline{{text, 0, target}}
		}
		return n, inline{{text: text}}
	},
}

var dokuDialect = &dialect{inline: dokuMarkup.read, block: dokuBlock, starts: func(lines []srcLine, _ int) bool {
	level, _ := wikiHeading(lines[0].text)
	return level > 0 || dokuRow(lines[0].text)
}}

// isDokuwiki tells DokuWiki's markup from MediaWiki's: its highest headings
// have the most signs, and its tables start at once.
func isDokuwiki(lines []srcLine) bool {
	for _, l := range lines {
		if level, _ := wikiHeading(l.text); level > 0 {
			return level >= 5
		}
		if strings.HasPrefix(l.text, "^ ") && dokuRow(l.text) {
			return true
		}
	}
	return false
}

func dokuRow(l string) bool {
	return len(l) > 2 && (l[0] == '^' || l[0] == '|') && strings.ContainsAny(l[len(l)-1:], "^|")
}

// dokuBlock reads a heading, or a table: "^ head ^ head ^" above
// "| cell | cell |".
func dokuBlock(_ *dialect, lines []srcLine, _ int) ([]block, int) {
	if level, words := wikiHeading(lines[0].text); level > 0 {
		return []block{{kind: headingBlock, line: lines[0].n, level: 7 - level, text: dokuMarkup.read(words)}}, 1
	}
	t, n := block{kind: tableBlock, line: lines[0].n}, 0
	for ; n < len(lines) && dokuRow(lines[n].text); n++ {
		t.rows = append(t.rows, row{line: lines[n].n, cells: dokuCells(lines[n].text)})
	}
	return []block{t}, n
}

// dokuCells splits a row at its signs, but for those within a link.
func dokuCells(l string) []inline {
	var out []inline
	from, link := 1, 0
	for i := 1; i < len(l); i++ {
		switch {
		case strings.HasPrefix(l[i:], "[["):
			link++
		case strings.HasPrefix(l[i:], "]]") && link > 0:
			link--
		case link == 0 && (l[i] == '|' || l[i] == '^'):
			out = append(out, dokuMarkup.read(strings.TrimSpace(l[from:i])))
			from = i + 1
		}
	}
	return out
}
