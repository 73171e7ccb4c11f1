package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Bounds on what the YAML parser is given. Its time grows with the square of
// these; no configuration comes near them.
const (
	maxOpenBrackets = 1000 // brackets opened and not closed, quotes and comments not looked at
	maxIndicators   = 32   // dashes and the like at the start of one line
	maxSiblings     = 5000 // lines of one indentation without a list entry between them
)

// parse turns the text into the root mapping, or tells the problem and
// returns nil.
func (d *decoder) parse(data []byte) ast.Node {
	if msg, line := refuse(data); msg != "" {
		d.problemAt(place{line: line, column: 1}, "", msg, "")
		return nil
	}
	file, err := parseYAML(tidy(data))
	if err != nil {
		at, msg := place{line: 1, column: 1}, err.Error()
		var ye yaml.Error
		if errors.As(err, &ye) {
			msg = ye.GetMessage()
			if tk := ye.GetToken(); tk != nil && tk.Position != nil {
				at = placeOf(tk)
			}
		}
		d.problemAt(at, "", "can't be read as YAML: "+strings.ReplaceAll(unmask(msg), "\t", "tab"), "compare the indentation, quotes and brackets with the lines around it")
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc == nil || doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if root != nil {
			d.problemAt(placeOf(doc.Start), "", "a second YAML document starts here", "remove the line --- and keep one document")
			return nil
		}
		root = doc.Body
	}
	if root == nil || root.Type() == ast.NullType {
		d.problemAt(place{line: 1, column: 1}, "", "the file is empty", "start from docs/examples/minimal-github.yaml")
		return nil
	}
	return root
}

func parseYAML(data []byte) (f *ast.File, err error) {
	// The parser has been seen to panic on broken input.
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the parser gave up on it")
		}
	}()
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

// refuse tells why the text can't be a configuration, and the line.
func refuse(data []byte) (msg string, line int) {
	if len(data) > MaxSize {
		return fmt.Sprintf("the file is larger than %d bytes", MaxSize), 1
	}
	open := 0
	siblings := map[int]int{} // indentation → lines
	n := 0
	for text := range bytes.Lines(data) {
		n++
		if !utf8.Valid(text) {
			return "is not UTF-8 text", n
		}
		text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
		if i := bytes.IndexFunc(text, unwanted); i >= 0 {
			return fmt.Sprintf("holds the character %U", firstRune(text[i:])), n
		}
		open += bytes.Count(text, []byte("[")) + bytes.Count(text, []byte("{")) - bytes.Count(text, []byte("]")) - bytes.Count(text, []byte("}"))
		open = max(open, 0)
		if open > maxOpenBrackets || indicators(text) > maxIndicators || nests(text) > maxOpenBrackets {
			return "is nested too deeply", n
		}
		body := bytes.TrimLeft(text, " ")
		indent := len(text) - len(body)
		for k := range siblings {
			if k > indent || bytes.HasPrefix(body, []byte("- ")) {
				delete(siblings, k)
			}
		}
		if siblings[indent]++; siblings[indent] > maxSiblings {
			return fmt.Sprintf("has more than %d lines of one indentation in a row", maxSiblings), n
		}
	}
	return "", 0
}

// unwanted are control characters that YAML forbids or, like a carriage return
// inside a line, counts as the end of one where editors do not; and the two
// characters that stand for ${ } while the file is parsed.
func unwanted(r rune) bool {
	return r < ' ' && r != '\t' || r == 0x7f || r == maskOpen || r == maskClose
}

func firstRune(b []byte) rune { r, _ := utf8.DecodeRune(b); return r }

// nests is the number of brackets in a line; on one line, closed ones cost the
// parser as much as open ones do.
func nests(line []byte) int {
	depth, deepest := 0, 0
	for _, c := range line {
		switch c {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return deepest
}

// indicators counts the words at the start of a line that open a level, an
// anchor or a tag.
func indicators(line []byte) int {
	n := 0
	for word := range bytes.FieldsSeq(line) {
		if !strings.ContainsRune("-?&!*:", rune(word[0])) {
			break
		}
		n++
	}
	return n
}

// tidy removes what makes the parser tell wrong columns (a byte order mark,
// carriage returns and blanks at the end of a line) and masks ${NAME}, whose
// braces plain YAML would take for a mapping.
func tidy(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var out bytes.Buffer
	out.Grow(len(data))
	for line := range bytes.Lines(data) {
		out.Write(bytes.TrimRight(line, " \t\r\n"))
		out.WriteByte('\n')
	}
	return mask(out.Bytes())
}
