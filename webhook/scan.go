package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// maxDepth bounds how deep a document may nest. Real deliveries stay below
// fifteen levels.
const maxDepth = 64

// scanner reads a JSON document once, from front to back. It checks the whole
// document as it goes and copies out only what the caller asks for, without
// reflection: a delivery of 11 KB costs a few microseconds, and a hostile one
// costs no more than its length. The first mistake stops it; every later call
// does nothing, so callers look at err once, at the end.
//
// The functions given to object and array are written out where they are
// used. Go 1.26.8 loses writes when such a function is instead the result of
// another one that is inlined: it keeps a pointer into a stack that has since
// been moved. TestReadingsDoNotDependOnTheStack watches over it.
//
// A value of another kind than the one asked for is skipped and reads as
// empty: a tracker that leaves a field out, or sends null, is no mistake.
type scanner struct {
	data  []byte
	pos   int
	depth int
	err   error
}

var errTruncated = errors.New("the JSON document ends too early")

// scan runs read at the top-level object of data and then checks that nothing
// but white space follows.
func scan(data []byte, read func(s *scanner)) error {
	s := &scanner{data: data}
	if s.peek() != '{' && s.err == nil {
		s.fail("want an object")
	}
	if s.err == nil {
		read(s)
	}
	if s.err == nil {
		if s.space(); s.pos < len(s.data) {
			s.fail("text after the end of the document")
		}
	}
	return s.err
}

func (s *scanner) fail(what string) {
	if s.err != nil {
		return
	}
	if s.pos >= len(s.data) {
		s.err = errTruncated
	} else {
		s.err = fmt.Errorf("the JSON document is malformed at byte %d: %s", s.pos, what)
	}
	s.pos = len(s.data)
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek is the first byte of the next token, 0 at the end or after a mistake,
// which leaves pos at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) && s.data[s.pos] > ' ' {
		return s.data[s.pos]
	}
	return s.peekFar()
}

func (s *scanner) peekFar() byte {
	if s.err != nil {
		return 0
	}
	s.space()
	if s.pos >= len(s.data) {
		s.fail("")
		return 0
	}
	return s.data[s.pos]
}

// object calls field with each key; field must consume the value, with skip
// if it has no use for it. Without a field every value is skipped.
func (s *scanner) object(field func(key []byte)) {
	if s.peek() != '{' {
		s.skip()
		return
	}
	if s.enter(); s.peek() == '}' {
		s.leave()
		return
	}
	for s.err == nil {
		if s.peek() != '"' {
			s.fail("want a key")
			return
		}
		key, _ := s.quoted()
		if s.peek() != ':' {
			s.fail("want a colon")
			return
		}
		s.pos++
		if field == nil {
			s.skip()
		} else {
			field(key[1 : len(key)-1])
		}
		if s.next('}') {
			return
		}
	}
}

// array calls element at each element, which it must consume; without one
// every element is skipped.
func (s *scanner) array(element func()) {
	if s.peek() != '[' {
		s.skip()
		return
	}
	if s.enter(); s.peek() == ']' {
		s.leave()
		return
	}
	for s.err == nil {
		if element == nil {
			s.skip()
		} else {
			element()
		}
		if s.next(']') {
			return
		}
	}
}

func (s *scanner) enter() {
	s.pos++
	if s.depth++; s.depth > maxDepth {
		s.fail("nested too deeply")
	}
}

func (s *scanner) leave() {
	s.pos++
	s.depth--
}

// next steps over a comma, or over the closing bracket, which it reports.
func (s *scanner) next(closing byte) bool {
	switch s.peek() {
	case ',':
		s.pos++
	case closing:
		s.leave()
		return true
	default:
		s.fail("want a comma or a closing bracket")
	}
	return s.err != nil
}

// skip checks the next value and passes over it.
func (s *scanner) skip() {
	switch c := s.peek(); {
	case c == '{':
		s.object(nil)
	case c == '[':
		s.array(nil)
	case c == '"':
		s.quoted()
	case c == '-' || c >= '0' && c <= '9':
		s.number()
	case c == 't':
		s.word("true")
	case c == 'f':
		s.word("false")
	case c == 'n':
		s.word("null")
	default:
		s.fail("want a value")
	}
}

// raw passes over the next value and returns its text.
func (s *scanner) raw() []byte {
	s.peek()
	start := s.pos
	s.skip()
	return s.data[start:s.pos]
}

func (s *scanner) word(w string) {
	if rest := s.data[s.pos:]; len(rest) < len(w) {
		s.pos = len(s.data)
		s.fail("")
	} else if string(rest[:len(w)]) != w {
		s.fail("unknown word")
	} else {
		s.pos += len(w)
	}
}

// str reads a string whole, unescaped.
func (s *scanner) str() string {
	if s.peek() != '"' {
		s.skip()
		return ""
	}
	raw, escaped := s.quoted()
	if !escaped {
		return string(raw[1 : len(raw)-1])
	}
	var out string
	if err := json.Unmarshal(raw, &out); err != nil {
		s.fail("malformed string")
	}
	return out
}

// integer reads a whole number, 0 for anything else.
func (s *scanner) integer() int64 {
	if c := s.peek(); c != '-' && (c < '0' || c > '9') {
		s.skip()
		return 0
	}
	n, err := strconv.ParseInt(string(s.number()), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// id reads an identifier that trackers send as a number or as a string.
func (s *scanner) id() string {
	if c := s.peek(); c == '"' {
		return oneLine(s.str(), 100)
	} else if c < '0' || c > '9' {
		s.skip()
		return ""
	}
	return oneLine(string(s.number()), 100)
}

// boolean reads true; all else is false.
func (s *scanner) boolean() bool {
	yes := s.peek() == 't'
	s.skip()
	return yes
}
