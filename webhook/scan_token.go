package webhook

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// quoted passes over a string and returns it with its quotes, still escaped.
// It looks at eight bytes at a time: most of a delivery is long strings.
func (s *scanner) quoted() (raw []byte, escaped bool) {
	start := s.pos
	i := start + 1
	for i < len(s.data) {
		if i+8 <= len(s.data) {
			m := special(binary.LittleEndian.Uint64(s.data[i:]))
			if m == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(m) / 8
		}
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return s.data[start:s.pos], escaped
		case c == '\\':
			escaped = true
			n := escapeLen(s.data[i:])
			if n == 0 {
				if s.pos = i; len(s.data)-i < 6 {
					s.pos = len(s.data)
				}
				s.fail("bad escape in a string")
				return []byte(`""`), false
			}
			i += n
		case c < 0x20:
			s.pos = i
			s.fail("control character in a string")
			return []byte(`""`), false
		default:
			i++
		}
	}
	s.pos = len(s.data)
	s.fail("")
	return []byte(`""`), false
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special marks, with the high bit of its byte, the first quote, backslash or
// control character among eight bytes. Marks above the first may be wrong.
func special(w uint64) uint64 {
	q, b := w^(ones*'"'), w^(ones*'\\')
	return ((q-ones)&^q | (b-ones)&^b | (w-ones*0x20)&^w) & highs
}

// escapeLen is the length of the escape sequence that b starts with, 0 if it
// is none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) < 6 {
			return 0
		}
		if _, err := strconv.ParseUint(string(b[2:6]), 16, 16); err == nil {
			return 6
		}
	}
	return 0
}

// number passes over a number and returns its text.
func (s *scanner) number() []byte {
	start := s.pos
	if s.at('-') {
		s.pos++
	}
	if s.at('0') {
		s.pos++
	} else if !s.digits() {
		s.fail("malformed number")
		return nil
	}
	if s.at('.') {
		if s.pos++; !s.digits() {
			s.fail("malformed number")
			return nil
		}
	}
	if s.at('e') || s.at('E') {
		if s.pos++; s.at('+') || s.at('-') {
			s.pos++
		}
		if !s.digits() {
			s.fail("malformed number")
			return nil
		}
	}
	return s.data[start:s.pos]
}

func (s *scanner) at(c byte) bool { return s.pos < len(s.data) && s.data[s.pos] == c }

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}
