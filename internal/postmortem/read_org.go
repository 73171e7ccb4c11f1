package postmortem

import (
	"strings"
)

var orgMarkup = &markup{
	delims: []delim{
		{"*", "*", bold, true}, {"/", "/", italic, true}, {"+", "+", strike, true}, {"=", "=", code, true}, {"~", "~", code, true}, {"_", "_", italic, true},
	},
	triggers: "[<",
	special: func(s string) (int, inline) {
		if inner, n := between(s, "[[", "]]"); n > 0 {
			target, text, ok := strings.Cut(inner, "][")
			if !ok {
				text = target
			}
			if strings.HasPrefix(target, "http") {
				return n, inline{{text, 0, target}}
			}
			return n, inline{{text: text}}
		}
		if date, n := orgDate(s); n > 0 {
			return n, inline{{text: date}}
		}
		return 0, nil
	},
}

// orgDate reads <2026-12-01 Tue 10:00> and [2026-12-01].
func orgDate(s string) (string, int) {
	end := map[byte]string{'<': ">", '[': "]"}[s[0]]
	inner, n := between(s, s[:1], end)
	if n == 0 || len(inner) < 10 || len(inner) > 40 {
		return "", 0
	}
	if _, ok := Date(inner[:10]); !ok {
		return "", 0
	}
	return inner[:10], n
}

func orgKeyword(s string) bool {
	word, _, _ := strings.Cut(s, " ")
	switch word {
	case "TODO", "DONE", "NEXT", "WAITING", "WAIT", "STARTED", "DOING", "INPROGRESS", "IN-PROGRESS", "PROG", "HOLD", "CANCELLED", "CANCELED", "KILL", "PROJ", "STRT":
		return true
	}
	return false
}

var orgDialect = &dialect{inline: orgMarkup.read, block: orgBlock, starts: orgStarts}

// readOrg reads an org document. Headings with a keyword (TODO, DONE) become
// entries of a list, with what stands below them.
func readOrg(text string) []block {
	lines := sourceLines(text, 1)
	r := &orgReader{lines: lines}
	return r.level(0, 0)
}

type orgReader struct {
	lines []srcLine
	i     int
}

func orgHeading(l string) (int, string) {
	n := 0
	for n < len(l) && l[n] == '*' {
		n++
	}
	if n == 0 || n >= len(l) || l[n] != ' ' {
		return 0, ""
	}
	return n, strings.TrimSpace(l[n:])
}

// level reads all that stands below a heading of this level.
func (r *orgReader) level(above, depth int) []block {
	var out []block
	for r.i < len(r.lines) {
		level, words := orgHeading(r.lines[r.i].text)
		if level == 0 {
			out = append(out, r.body()...)
			continue
		}
		if level <= above && depth > 0 {
			return out
		}
		line := r.lines[r.i].n
		words, tags := cutOrgTags(words)
		keyword := orgKeyword(words)
		if keyword {
			kw, rest, _ := strings.Cut(words, " ")
			name, _ := headingName(rest)
			if strings.TrimSpace(rest) != "" && !opens(name) && depth < maxDepth {
				r.i++
				e := orgEntry(kw, strings.TrimSpace(rest), tags, line)
				e.blocks = append(e.blocks, r.level(level, depth+1)...)
				if n := len(out); n > 0 && out[n-1].kind == listBlock {
					out[n-1].entries = append(out[n-1].entries, e)
				} else {
					out = append(out, block{kind: listBlock, line: line, entries: []entry{e}})
				}
				continue
			}
			words = rest
		}
		out = append(out, block{kind: headingBlock, line: line, level: level, text: orgMarkup.read(words)})
		r.i++
	}
	return out
}

func orgEntry(keyword, words string, tags []string, line int) entry {
	checked := keyword == "DONE" || keyword == "CANCELLED" || keyword == "CANCELED" || keyword == "KILL"
	if len(words) > 5 && strings.HasPrefix(words, "[#") && words[3] == ']' {
		rank := map[byte]string{'A': "P1", 'B': "P2", 'C': "P3", 'D': "P4", '0': "P0", '1': "P1", '2': "P2", '3': "P3", '4': "P4"}[words[2]]
		words = strings.TrimSpace(words[4:])
		if rank != "" {
			words = "[" + rank + "] " + words
		}
	}
	e := entry{line: line, checked: &checked, blocks: []block{{kind: paragraphBlock, line: line, text: orgMarkup.read(words)}}}
	for _, t := range tags {
		if isTypeWord(t) {
			e.blocks = append(e.blocks, block{kind: paragraphBlock, line: line, text: plainInline("Type: " + t)})
		}
	}
	return e
}

// cutOrgTags takes ":a:b:" off the end of a heading.
func cutOrgTags(words string) (string, []string) {
	i := strings.LastIndexByte(words, ' ')
	if tail := words[i+1:]; i > 0 && len(tail) > 2 && tail[0] == ':' && tail[len(tail)-1] == ':' {
		return strings.TrimSpace(words[:i]), strings.Split(strings.Trim(tail, ":"), ":")
	}
	return words, nil
}

// body reads to the next heading.
func (r *orgReader) body() []block {
	start := r.i
	for r.i < len(r.lines) {
		if level, _ := orgHeading(r.lines[r.i].text); level > 0 {
			break
		}
		r.i++
	}
	return orgDialect.read(r.lines[start:r.i], 0)
}

func orgBlock(d *dialect, lines []srcLine, _ int) ([]block, int) {
	l := strings.TrimSpace(lines[0].text)
	if l == "" {
		return nil, 0
	}
	switch l[0] {
	case '|':
		return orgTable(lines)
	case '#':
		return orgDirective(lines, l)
	case ':':
		return orgDrawer(lines, l)
	case 'D', 'S', 'C':
		if strings.HasPrefix(l, "DEADLINE:") || strings.HasPrefix(l, "SCHEDULED:") || strings.HasPrefix(l, "CLOSED:") {
			if _, after, ok := strings.Cut(l, "DEADLINE:"); ok {
				if after = strings.TrimSpace(after); after != "" && (after[0] == '<' || after[0] == '[') {
					if date, n := orgDate(after); n > 0 {
						return []block{{kind: paragraphBlock, line: lines[0].n, text: plainInline("Due: " + date)}}, 1
					}
				}
			}
			return nil, 1
		}
	case '-':
		if strings.Trim(l, "-") == "" && len(l) >= 5 {
			return nil, 1
		}
	}
	return nil, 0
}

func orgStarts(lines []srcLine, _ int) bool {
	l := strings.TrimSpace(lines[0].text)
	return strings.HasPrefix(l, "|") || strings.HasPrefix(l, "#+") || strings.HasPrefix(l, ":PROPERTIES:") || strings.HasPrefix(l, "DEADLINE:")
}

func orgDirective(lines []srcLine, l string) ([]block, int) {
	low := strings.ToLower(l)
	if name, ok := strings.CutPrefix(low, "#+begin_"); ok {
		name, _, _ = strings.Cut(name, " ")
		end := "#+end_" + name
		for j := 1; j < len(lines) && j < maxOrgBlock; j++ {
			if l := strings.TrimSpace(lines[j].text); len(l) >= len(end) && strings.EqualFold(l[:len(end)], end) {
				return []block{{kind: codeBlock, line: lines[0].n}}, j + 1
			}
		}
		return nil, 1
	}
	if rest, ok := strings.CutPrefix(l, "#+"); ok {
		if key, value, ok := strings.Cut(rest, ":"); ok {
			return []block{factBlock(key, value, lines[0].n)}, 1
		}
		return nil, 1
	}
	if l == "#" || strings.HasPrefix(l, "# ") { // a comment
		return nil, 1
	}
	return nil, 0
}

// factBlock is a paragraph "key: value".
func factBlock(key, value string, line int) block {
	return block{kind: paragraphBlock, line: line, text: plainInline(strings.ReplaceAll(strings.TrimSpace(key), "_", " ") + ": " + strings.TrimSpace(value))}
}

// Bounds, in lines, on what is searched for the end of a block.
const (
	maxOrgBlock  = 500
	maxOrgDrawer = 50
)

// orgDrawer reads :PROPERTIES: … :END:, whose fields count, and leaves other
// drawers out.
func orgDrawer(lines []srcLine, l string) ([]block, int) {
	if len(l) < 3 || l[len(l)-1] != ':' || strings.ContainsAny(l, " \t") {
		return nil, 0
	}
	for j := 1; j < len(lines) && j < maxOrgDrawer; j++ {
		if !strings.EqualFold(strings.TrimSpace(lines[j].text), ":END:") {
			continue
		}
		var out []block
		if strings.EqualFold(l, ":PROPERTIES:") {
			for _, p := range lines[1:j] {
				key, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(p.text), ":"), ":")
				if ok && strings.TrimSpace(value) != "" && wordField(strings.ReplaceAll(key, "_", " ")) != noField {
					out = append(out, block{kind: paragraphBlock, line: p.n, text: orgMarkup.read(strings.ReplaceAll(key, "_", " ") + ": " + strings.TrimSpace(value))})
				}
			}
		}
		return out, j + 1
	}
	return nil, 0
}

func orgTable(lines []srcLine) ([]block, int) {
	t := block{kind: tableBlock, line: lines[0].n}
	n := 0
	for ; n < len(lines); n++ {
		l := strings.TrimSpace(lines[n].text)
		if l == "" || l[0] != '|' {
			break
		}
		if strings.HasPrefix(l, "|-") {
			continue
		}
		t.rows = append(t.rows, pipeRow(l, lines[n].n, orgMarkup.read))
	}
	return []block{t}, n
}

// pipeRow reads "| a | b |".
func pipeRow(l string, line int, read func(string) inline) row {
	l = strings.TrimPrefix(strings.TrimSpace(l), "|")
	l = strings.TrimSuffix(l, "|")
	r := row{line: line}
	for c := range strings.SplitSeq(l, "|") {
		r.cells = append(r.cells, read(strings.TrimSpace(c)))
	}
	return r
}
