package postmortem

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	gmparser "github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// tableLines is a table whose cells were not taken apart yet. The library's
// own tables fill each row up to the width of the header, so that a few
// kilobytes could ask for all the memory there is.
type tableLines struct {
	ast.BaseBlock
	columns int
}

var tableKind = ast.NewNodeKind("TableLines")

func (*tableLines) Kind() ast.NodeKind { return tableKind }

func (*tableLines) IsRaw() bool { return true }

func (t *tableLines) Dump(src []byte, level int) { ast.DumpHelper(t, src, level, nil, nil) }

// tableFinder finds the tables in paragraphs: a header, and below it a line
// of dashes with as many columns.
type tableFinder struct{}

func (tableFinder) Transform(n *ast.Paragraph, reader text.Reader, _ gmparser.Context) {
	lines := n.Lines()
	for i := 1; i < lines.Len(); i++ {
		columns := delimiterColumns(lines.At(i), reader.Source())
		if columns == 0 {
			continue
		}
		head := lines.At(i - 1)
		if len(splitCells(string(head.Value(reader.Source())), maxLine)) != columns {
			return
		}
		t := &tableLines{columns: columns}
		t.SetPos(n.Pos())
		t.Lines().AppendAll(lines.Sliced(i-1, lines.Len()))
		lines.SetSliced(0, i-1)
		n.Parent().InsertAfter(n.Parent(), n, t)
		if i == 1 {
			n.Parent().RemoveChild(n.Parent(), n)
			return
		}
		last := lines.At(i - 2)
		lines.Set(i-2, last.TrimRightSpace(reader.Source()))
		return
	}
}

// delimiterColumns counts the columns of the line below a table's header, "|---|:-:|".
// It is 0 for any other line.
func delimiterColumns(segment text.Segment, src []byte) int {
	line := segment.Value(src)
	dashes, only := 0, true
	for i, c := range line {
		switch c {
		case '-':
			dashes++
		case '|', ':':
			only = false
		case ' ', '\t', '\n', '\r':
			only = only && i < len(line)-1
		default:
			return 0
		}
	}
	if dashes == 0 || only {
		return 0
	}
	indent := len(line) - len(bytes.TrimLeft(line, " "))
	if indent > 3 || line[indent] == '\t' {
		return 0
	}
	columns := 0
	for _, cell := range splitCells(string(line), maxLine) {
		cell = strings.TrimSuffix(strings.TrimPrefix(cell, ":"), ":")
		if cell == "" || strings.Trim(cell, "-") != "" {
			return 0
		}
		columns++
	}
	return columns
}

// splitCells parts a row at its bars, but for those behind a backslash, into
// at most so many cells.
func splitCells(line string, most int) []string {
	line = strings.TrimPrefix(strings.TrimSpace(line), "|")
	var out []string
	for from := 0; line != "" && len(out) < most; {
		i := strings.IndexByte(line[from:], '|')
		if i < 0 {
			return append(out, strings.TrimSpace(line))
		}
		if i += from; i > 0 && line[i-1] == '\\' {
			from = i + 1
			continue
		}
		out = append(out, strings.TrimSpace(line[:i]))
		line, from = line[i+1:], 0
	}
	return out
}

func (r *markdownReader) table(n *tableLines) block {
	t := block{kind: tableBlock, line: r.line(n)}
	lines := n.Lines()
	for i := range lines.Len() {
		if i == 1 { // the dashes
			continue
		}
		s := lines.At(i)
		out := row{line: r.lineAt(s.Start)}
		for _, c := range splitCells(r.text[s.Start:s.Stop], n.columns) {
			out.cells = append(out.cells, r.written(strings.ReplaceAll(c, `\|`, "|"), s.Start).inline())
		}
		for ; len(out.cells) < n.columns && r.padded < maxCells; r.padded++ {
			out.cells = append(out.cells, nil)
		}
		t.rows = append(t.rows, out)
	}
	return t
}
