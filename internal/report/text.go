package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// textWidth is where lines of the text form are broken.
const textWidth = 100

// Text renders reports for a terminal and for the plain part of a mail. Links
// stand only where they are tickets; the numbers are enough to ask for lists.
func Text(d Digest) string { return textOf(document(d)) }

func textOf(blocks []block) string {
	var b strings.Builder
	for i, bl := range blocks {
		switch bl.kind {
		case heading:
			words := textSpans(bl.spans, false)
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(words + "\n")
			if bl.level < 3 {
				b.WriteString(strings.Repeat(map[bool]string{true: "=", false: "-"}[bl.level == 1], utf8.RuneCountInString(words)) + "\n")
			}
			b.WriteByte('\n')
		case paragraph:
			b.WriteString(wrap(textSpans(bl.spans, false), "", "") + "\n\n")
		case list:
			for _, it := range bl.items {
				b.WriteString(wrap(textSpans(it, true), "* ", "  ") + "\n")
			}
			b.WriteByte('\n')
		case table:
			writeTable(&b, bl)
		case chart:
			writeTable(&b, weeksTable(bl.points))
		case fold:
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func textSpans(spans []span, links bool) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(oneLine(s.text))
		if links && s.link != "" && strings.HasPrefix(s.link, "http") && !strings.Contains(s.link, "/api/v1/") {
			b.WriteString(" " + s.link)
		}
	}
	return strings.TrimSpace(b.String())
}

// wrap breaks a text into lines between words.
func wrap(s, first, next string) string {
	var b strings.Builder
	b.WriteString(first)
	col := utf8.RuneCountInString(first)
	for i, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case col+1+n > textWidth:
			b.WriteString("\n" + next)
			col = utf8.RuneCountInString(next)
		default:
			b.WriteByte(' ')
			col++
		}
		b.WriteString(word)
		col += n
	}
	return b.String()
}

func writeTable(b *strings.Builder, t block) {
	rows := [][]string{t.header}
	for _, r := range t.rows {
		var cells []string
		for _, c := range r {
			cells = append(cells, short(textSpans(c, false), 60))
		}
		rows = append(rows, cells)
	}
	width := make([]int, len(t.header))
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for n, r := range rows {
		var line strings.Builder
		for i, c := range r {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i == 0 {
				line.WriteString(c + pad)
			} else {
				line.WriteString("  " + pad + c)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		if n == 0 {
			b.WriteString(strings.Repeat("-", sum(width)+2*(len(width)-1)) + "\n")
		}
	}
	b.WriteByte('\n')
}

func sum(list []int) int {
	n := 0
	for _, x := range list {
		n += x
	}
	return n
}

// weeksTable is the line of weeks where no picture can be.
func weeksTable(points []Point) block {
	t := block{kind: table, header: []string{"week", "open", "overdue", "verified"}}
	for _, p := range points {
		row := [][]span{{plain("%s", p.Week)}}
		for _, n := range []int{p.Open, p.Overdue, p.Verified} {
			row = append(row, []span{{text: fmt.Sprint(n)}})
		}
		t.rows = append(t.rows, row)
	}
	return t
}
