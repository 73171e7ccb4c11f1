package postmortem

import (
	"fmt"
	"strings"
)

// Bounds on the work of the Markdown parser, which for some texts grows with
// the square of their length. People's documents stay far below them.
const (
	maxNesting = 100       // quotations and lists within each other
	maxLine    = 256 << 10 // bytes
	maxBlock   = 10_000    // marks of inline markup between two empty lines
	maxMarks   = 100_000   // marks in the document
)

// checkWork refuses a document that would take seconds to read.
func checkWork(s string) error {
	refuse := func(line int, why string) error {
		return fmt.Errorf("%w: line %d %s", ErrMalformed, line, why)
	}
	n, block, total := 0, 0, 0
	for line := range strings.SplitSeq(s, "\n") {
		n++
		if len(line) > maxLine {
			return refuse(n, fmt.Sprintf("is longer than %d bytes; leave embedded data out", maxLine))
		}
		if strings.TrimSpace(line) == "" {
			block = 0
			continue
		}
		if opening(line) > maxNesting {
			return refuse(n, "nests too deeply; take quotations and lists apart")
		}
		marks := 0
		for i := range len(line) {
			switch line[i] {
			case '*', '_', '~', '[', '!', '<', '`', '&', '|':
				marks++
			}
		}
		block += marks
		total += marks
		if block > maxBlock || total > maxMarks {
			return refuse(n, "is where the markup gets too much; split the document, or leave generated tables out")
		}
	}
	return nil
}

// opening counts the quotations and lists that a line may open.
func opening(line string) int {
	n := 0
	for i := range len(line) {
		switch c := line[i]; {
		case c == '>', c == '-', c == '+', c == '*':
			// A rule such as "-----" opens nothing.
			if c == '>' || i+1 < len(line) && (line[i+1] == ' ' || line[i+1] == '\t') {
				n++
			}
		case c == ' ', c == '\t', c == '.', c == ')', c >= '0' && c <= '9':
			if c == '.' || c == ')' {
				n++
			}
		default:
			return n
		}
	}
	return n
}
