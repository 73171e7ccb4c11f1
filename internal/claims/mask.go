package claims

import "strings"

// What replaces hidden bytes. Neither is a space, so that nothing is read
// across them; a brk is also the end of a line.
const (
	hidden = 0x00
	brk    = 0x01
)

// maxNesting bounds the lists within lists that are followed; GitHub shows
// about a dozen.
const maxNesting = 64

// visible returns a copy of text, of the same length, in which everything
// that a reader of the rendered Markdown sees as code, as a quotation or not
// at all is hidden: fenced and indented code, code spans, lines that start
// with ">", HTML comments and <pre>, <code> and <blockquote>. Between blocks,
// the newline becomes a break; list markers and comments become spaces.
//
// A quotation ends with its last ">". CommonMark lets it run on through the
// lines below, but a quoted reply marks every line: what stands without the
// mark was typed by the author.
func visible(text string) string {
	m := masker{text: text, out: []byte(text), para: -1}
	for i, c := range m.out {
		if c == brk { // ours alone
			m.out[i] = hidden
		}
	}
	for at := 0; at < len(text); {
		at = m.line(at)
	}
	m.flush(len(text))
	hideElements(m.out)
	return string(m.out)
}

// masker follows the block structure of CommonMark, line by line.
type masker struct {
	text  string
	out   []byte
	para  int   // where the open paragraph starts, -1 when none is open
	lists []int // column at which the content of each open list item starts
	fence fence
}

// fence is the code fence that is open, if n > 0.
type fence struct {
	char byte
	n    int // length of the opening run
	base int // column of the list item it stands in
}

// line handles the line that starts at s and returns where to go on.
func (m *masker) line(s int) int {
	e := len(m.text)
	if n := strings.IndexByte(m.text[s:], '\n'); n >= 0 {
		e = s + n
	}
	next := e + 1
	i, col := m.indent(s, e, 0)
	blank := i == e

	if m.fence.n > 0 {
		if blank || col >= m.fence.base {
			m.hide(s, e)
			if !blank && col-m.fence.base < 4 && m.closesFence(m.text[i:e]) {
				m.fence.n = 0
			}
			return next
		}
		m.fence.n = 0 // its list item ended
	}
	if blank {
		m.flush(s)
		return next
	}

	keep := len(m.lists)
	for keep > 0 && col < m.lists[keep-1] {
		keep--
	}
	base := 0
	if keep > 0 {
		base = m.lists[keep-1]
	}
	if col-base >= 4 {
		if m.para < 0 { // indented code can't interrupt a paragraph
			m.lists = m.lists[:keep]
			m.hide(s, e)
		}
		return next
	}
	if m.para >= 0 && !m.startsBlock(m.text[i:e]) {
		return next // a paragraph goes on, even out of its list item
	}
	m.lists = m.lists[:keep]
	return m.block(s, i, e, col)
}

// block handles the line from i on, at column col, where a block may start.
// It goes round once for each list marker.
func (m *masker) block(s, i, e, col int) int {
	for {
		rest := m.text[i:e]
		switch {
		case rest[0] == '>':
			m.flush(s)
			m.hide(i, e)
			return e + 1
		case fenceLen(rest) > 0:
			m.flush(s)
			m.hide(i, e)
			m.fence = fence{char: rest[0], n: fenceLen(rest)}
			if n := len(m.lists); n > 0 {
				m.fence.base = m.lists[n-1]
			}
			return e + 1
		case strings.HasPrefix(rest, "<!--"):
			m.flush(s)
			end := commentEnd(m.text, i)
			if end < 0 {
				end = len(m.text)
			}
			m.blank(i, end)
			for end < len(m.text) && (m.text[end] == ' ' || m.text[end] == '\t') {
				end++
			}
			if end < len(m.text) && m.text[end] == '\n' {
				end++
			}
			return end
		case heading(rest):
			m.flush(s)
			m.para = i
			m.flush(e)
			return e + 1
		}
		n := marker(rest)
		if n == 0 || len(m.lists) >= maxNesting {
			if m.para < 0 {
				m.para = i
			}
			return e + 1
		}
		m.flush(s)
		for k := range n {
			m.out[i+k] = ' '
		}
		col += n
		after, afterCol := m.indent(i+n, e, col)
		switch {
		case after == e: // an empty item
			m.lists = append(m.lists, col+1)
			return e + 1
		case afterCol-col > 4: // indented code in an item
			m.lists = append(m.lists, col+1)
			m.hide(after, e)
			return e + 1
		}
		m.lists = append(m.lists, afterCol)
		i, col, s = after, afterCol, after
	}
}

// startsBlock reports whether a line can interrupt a paragraph.
func (m *masker) startsBlock(rest string) bool {
	if rest[0] == '>' || fenceLen(rest) > 0 || strings.HasPrefix(rest, "<!--") || heading(rest) {
		return true
	}
	n := marker(rest)
	if n == 0 || n == len(rest) { // an empty item can't
		return false
	}
	// Of the numbers only 1 can, outside a list.
	return !digit(rest[0]) || n == 2 && rest[0] == '1' || len(m.lists) > 0
}

// indent returns the first byte of text[s:e] that is neither blank nor tab,
// and its column when s is at column col.
func (m *masker) indent(s, e, col int) (int, int) {
	for ; s < e; s++ {
		switch m.text[s] {
		case ' ':
			col++
		case '\t':
			col += 4 - col%4
		default:
			return s, col
		}
	}
	return s, col
}

func (m *masker) hide(s, e int) {
	for i := s; i < e; i++ {
		if m.out[i] != '\n' {
			m.out[i] = hidden
		}
	}
}

// blank makes text[s:e] look like spaces, as it is for a reader of the page.
func (m *masker) blank(s, e int) {
	for i := s; i < e; i++ {
		if m.out[i] != '\n' {
			m.out[i] = ' '
		}
	}
}

// flush ends the open paragraph before end, and hides what its inline markup
// says. The newlines on both sides become breaks.
func (m *masker) flush(end int) {
	if end > 0 && end <= len(m.out) && m.out[end-1] == '\n' {
		m.out[end-1] = brk
	}
	if end < len(m.out) && m.out[end] == '\n' {
		m.out[end] = brk
	}
	if m.para >= 0 {
		m.inline(m.para, end)
		m.para = -1
	}
}

func (m *masker) closesFence(rest string) bool {
	n := 0
	for n < len(rest) && rest[n] == m.fence.char {
		n++
	}
	return n >= m.fence.n && strings.Trim(rest[n:], " \t") == ""
}

// fenceLen is the length of the run that opens a code fence, 0 if none does.
func fenceLen(rest string) int {
	c := rest[0]
	if c != '`' && c != '~' {
		return 0
	}
	n := 0
	for n < len(rest) && rest[n] == c {
		n++
	}
	if n < 3 || c == '`' && strings.IndexByte(rest[n:], '`') >= 0 {
		return 0
	}
	return n
}

func heading(rest string) bool {
	n := 0
	for n < len(rest) && n < 7 && rest[n] == '#' {
		n++
	}
	return n > 0 && n < 7 && (n == len(rest) || rest[n] == ' ' || rest[n] == '\t')
}

// marker is the length of a list marker at the start of rest, 0 if there is
// none.
func marker(rest string) int {
	n := 0
	switch {
	case strings.IndexByte("-*+", rest[0]) >= 0:
		n = 1
	case digit(rest[0]):
		for n < len(rest) && n < 10 && digit(rest[n]) {
			n++
		}
		if n > 9 || n == len(rest) || rest[n] != '.' && rest[n] != ')' {
			return 0
		}
		n++
	default:
		return 0
	}
	if n < len(rest) && rest[n] != ' ' && rest[n] != '\t' {
		return 0
	}
	return n
}

// commentEnd is the end of the HTML comment that starts at i, -1 if it has
// none.
func commentEnd(s string, i int) int {
	n := strings.Index(s[i+2:], "-->")
	if n < 0 {
		return -1
	}
	return i + 2 + n + 3
}
