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
	maxMarks   = 10_000    // marks of inline markup in one paragraph
)

func refuse(line int, why string) error {
	return fmt.Errorf("%w: line %d %s", ErrMalformed, line, why)
}

// checkWork refuses a document that would take seconds to read.
func checkWork(s string) error {
	n := 0
	for line := range strings.SplitSeq(s, "\n") {
		n++
		if len(line) > maxLine {
			return refuse(n, fmt.Sprintf("is longer than %d bytes; leave embedded data out", maxLine))
		}
		if opening(line) > maxNesting {
			return refuse(n, "nests too deeply; take quotations and lists apart")
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
