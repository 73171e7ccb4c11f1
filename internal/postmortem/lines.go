package postmortem

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// srcLine is one line of a document, with its number.
type srcLine struct {
	text string
	n    int
}

func sourceLines(s string, first int) []srcLine {
	var out []srcLine
	for l := range strings.SplitSeq(s, "\n") {
		out = append(out, srcLine{strings.TrimRight(expandTabs(l), " \t"), first})
		first++
	}
	return out
}

// expandTabs turns the tabs in a line's indentation into spaces.
func expandTabs(l string) string {
	if strings.IndexByte(l, '\t') < 0 {
		return l
	}
	i := 0
	for i < len(l) && (l[i] == ' ' || l[i] == '\t') {
		i++
	}
	return strings.ReplaceAll(l[:i], "\t", "    ") + l[i:]
}

func indentOf(l string) int { return len(l) - len(strings.TrimLeft(l, " ")) }

// dialect is a format in which indentation nests the lists: org,
// reStructuredText, plain text.
type dialect struct {
	inline func(s string) inline
	// block reads what only this format has (a heading, a table, a directive)
	// at the start of lines: its blocks, and how many lines it took; 0: none.
	block func(d *dialect, lines []srcLine, depth int) ([]block, int)
	// starts reports cheaply whether such a block interrupts a paragraph.
	starts func(lines []srcLine, depth int) bool
	// lazy: the text of an entry goes on in lines that are not indented.
	lazy bool
}

// maxDepth bounds lists within lists; deeper ones are read as text.
const maxDepth = 30

// read makes blocks of lines.
func (d *dialect) read(lines []srcLine, depth int) []block {
	var out []block
	for i := 0; i < len(lines); {
		if lines[i].text == "" {
			i++
			continue
		}
		if b, n := d.block(d, lines[i:], depth); n > 0 {
			out = append(out, b...)
			i += n
			continue
		}
		if n, _ := bullet(strings.TrimLeft(lines[i].text, " ")); n > 0 && depth < maxDepth {
			b, taken := d.list(lines[i:], depth)
			out = append(out, b)
			i += taken
			continue
		}
		// A paragraph: to an empty line, a list, or a block of its own.
		j := i + 1
		for j < len(lines) && lines[j].text != "" {
			if n, ordered := bullet(strings.TrimLeft(lines[j].text, " ")); n > 0 && !ordered {
				break
			}
			if d.starts(lines[j:], depth) {
				break
			}
			j++
		}
		out = append(out, d.paragraph(lines[i:j]))
		i = j
	}
	return out
}

func (d *dialect) paragraph(lines []srcLine) block {
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.TrimSpace(l.text))
	}
	return block{kind: paragraphBlock, line: lines[0].n, text: d.inline(b.String())}
}

// list reads a list: entries at the indentation of the first.
func (d *dialect) list(lines []srcLine, depth int) (block, int) {
	out := block{kind: listBlock, line: lines[0].n}
	at := indentOf(lines[0].text)
	i := 0
	for i < len(lines) {
		l := lines[i].text
		if l == "" {
			// The list goes on behind an empty line if an entry follows.
			j := i
			for j < len(lines) && lines[j].text == "" {
				j++
			}
			if j == len(lines) || indentOf(lines[j].text) != at {
				break
			}
			if n, _ := bullet(lines[j].text[at:]); n == 0 {
				break
			}
			i = j
			continue
		}
		n, _ := bullet(strings.TrimLeft(l, " "))
		if n == 0 || indentOf(l) != at {
			break
		}
		first := srcLine{l[at+n:], lines[i].n}
		body := []srcLine{first}
		j := i + 1
		for j < len(lines) {
			t := lines[j].text
			if t == "" {
				k := j
				for k < len(lines) && lines[k].text == "" {
					k++
				}
				if k == len(lines) || indentOf(lines[k].text) <= at {
					break
				}
				for ; j < k; j++ {
					body = append(body, srcLine{"", lines[j].n})
				}
				continue
			}
			if indentOf(t) <= at {
				m, _ := bullet(strings.TrimLeft(t, " "))
				if !d.lazy || m > 0 || lines[j-1].text == "" || indentOf(t) < at || d.starts(lines[j:], depth) {
					break
				}
				body = append(body, srcLine{strings.TrimSpace(t), lines[j].n})
				j++
				continue
			}
			// Keep what is indented beyond the entry's own text.
			body = append(body, srcLine{t[min(indentOf(t), at+n):], lines[j].n})
			j++
		}
		e := entry{line: lines[i].n}
		if box, text, ok := cutBox(body[0].text); ok {
			e.checked, body[0].text = &box, text
		}
		e.blocks = d.entryBlocks(body, depth)
		out.entries = append(out.entries, e)
		i = j
	}
	return out, i
}

// entryBlocks reads what belongs to one entry. Its first lines are its text,
// whatever they look like.
func (d *dialect) entryBlocks(body []srcLine, depth int) []block {
	j := 1
	for j < len(body) && body[j].text != "" {
		if n, _ := bullet(strings.TrimLeft(body[j].text, " ")); n > 0 {
			break
		}
		if d.starts(body[j:], depth+1) {
			break
		}
		j++
	}
	out := []block{d.paragraph(body[:j])}
	return append(out, d.read(body[j:], depth+1)...)
}

// bullet reports how long the mark of a list entry at the start of s is, with
// the space behind it, and whether it is a number.
func bullet(s string) (int, bool) {
	r, n := utf8.DecodeRuneInString(s)
	switch r {
	case '-', '*', '+', '•', '‣', '◦', '▪', '●', '○', '■', '·', '–', '—', '→', '►', '➢', '✓', '⁃', '\uf0b7', '➔', '▸':
		if n < len(s) && s[n] == ' ' {
			return n + spaces(s[n:]), false
		}
		if r == '•' || r == '●' || r == '▪' || r == '◦' || r == '‣' {
			return n, false
		}
		return 0, false
	case '・', '※', '◆', '◇': // Japanese bullets need no space
		return n + spaces(s[n:]), false
	case '☐', '⬜', '🔲', '☑':
		return 0, false
	}
	if '①' <= r && r <= '⑳' {
		return n + spaces(s[n:]), true
	}
	return number(s)
}

// number reads "1." "1)" "(1)" "a)" "1、" and the like.
func number(s string) (int, bool) {
	i := 0
	open := strings.HasPrefix(s, "(") || strings.HasPrefix(s, "（")
	if open {
		_, i = utf8.DecodeRuneInString(s)
	}
	start := i
	digits := 0
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r < '0' || r > '9' && (r < '０' || r > '９') {
			break
		}
		digits++
		i += n
	}
	letter := false
	if digits == 0 && i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] == '#') {
		letter = true
		i++
	}
	if i == start || digits > 3 || i >= len(s) {
		return 0, false
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	wide := r == '、' || r == '．' || r == '）'
	switch {
	case open && r != ')' && r != '）', !open && r != '.' && r != ')' && !wide, letter && r == '.' && s[start] != '#':
		return 0, false
	}
	i += n
	if !wide && (i >= len(s) || s[i] != ' ') {
		return 0, false
	}
	return i + spaces(s[i:]), true
}

func spaces(s string) int { return len(s) - len(strings.TrimLeft(s, " \u3000")) }

// cutBox takes the checkbox off a text.
func cutBox(s string) (bool, string, bool) {
	for _, box := range []struct {
		mark    string
		checked bool
	}{
		{"[ ]", false}, {"[]", false}, {"[x]", true}, {"[X]", true}, {"[-]", false}, {"[*]", true}, {"[✓]", true}, {"[✔]", true},
		{"☐", false}, {"⬜", false}, {"🔲", false}, {"☑", true}, {"☒", true},
	} {
		if rest, ok := strings.CutPrefix(s, box.mark); ok && (rest == "" || rest[0] == ' ' || box.mark[0] > unicode.MaxASCII || strings.HasPrefix(rest, "\ufe0f")) {
			return box.checked, strings.TrimLeft(strings.TrimPrefix(rest, "\ufe0f"), " "), true
		}
	}
	return false, s, false
}

// flatEntry is a list entry of a format that writes depth with repeated marks.
type flatEntry struct {
	depth   int
	line    int
	text    inline
	checked *bool
	more    []block
}

// nest makes lists within lists of flat entries.
func nest(flat []flatEntry) []block {
	if len(flat) == 0 {
		return nil
	}
	var build func(depth int) block
	i, level := 0, 0
	build = func(depth int) block {
		level++
		defer func() { level-- }()
		b := block{kind: listBlock, line: flat[i].line}
		for i < len(flat) && flat[i].depth >= depth {
			if flat[i].depth > depth && len(b.entries) > 0 && level < maxDepth {
				last := &b.entries[len(b.entries)-1]
				last.blocks = append(last.blocks, build(flat[i].depth))
				continue
			}
			f := flat[i]
			e := entry{line: f.line, checked: f.checked, blocks: []block{{kind: paragraphBlock, line: f.line, text: f.text}}}
			e.blocks = append(e.blocks, f.more...)
			b.entries = append(b.entries, e)
			i++
		}
		return b
	}
	out := []block{build(flat[0].depth)}
	for i < len(flat) { // a first entry that was deeper than the rest
		out = append(out, build(flat[i].depth))
	}
	return out
}

// adornment returns the character of a line that is nothing but it, as under
// a heading, or 0.
func adornment(line string) byte {
	l := strings.TrimRight(line, " ")
	if len(l) < 3 || strings.IndexByte("=-~^\"'`#*+.:_<>!$%&,;?@|/\\", l[0]) < 0 || strings.Trim(l, l[:1]) != "" {
		return 0
	}
	return l[0]
}
