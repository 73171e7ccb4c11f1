package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Problem is one mistake in a configuration.
type Problem struct {
	File    string `json:"file"`   // as it was named to Load or Parse
	Line    int    `json:"line"`   // 0 where no line can be named
	Column  int    `json:"column"` // counted in characters, from 1
	Path    string `json:"path"`   // as in services[0].repo; empty for the whole file
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// String is one line: file:line:column: path: message; remedy.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(printable(p.File) + ":")
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", p.Line, p.Column)
	}
	b.WriteByte(' ')
	if p.Path != "" {
		b.WriteString(printable(p.Path) + ": ")
	}
	b.WriteString(printable(p.Message))
	if p.Remedy != "" {
		b.WriteString("; " + printable(p.Remedy))
	}
	return b.String()
}

// Problems are all mistakes of a configuration, in the order of the file.
type Problems []Problem

// maxShown bounds the error of a file that is no configuration at all.
const maxShown = 100

// Error has one line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps))
	for i, p := range ps {
		if i == maxShown {
			lines = append(lines, fmt.Sprintf("and %d more", len(ps)-i))
			break
		}
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path))
	})
}

// printable keeps what comes from the file from breaking a line of a log or
// steering a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '�'
		}
		return r
	}, s)
}

// cut shortens a value for a message.
func cut(s string) string {
	const limit = 60
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
