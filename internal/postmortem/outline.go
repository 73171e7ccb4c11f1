package postmortem

import "strings"

// The outline is what every reader makes of a document, whatever its format:
// blocks in the order in which they stand. Extraction sees nothing else.

type blockKind int

const (
	headingBlock blockKind = iota
	paragraphBlock
	listBlock
	tableBlock
	codeBlock
)

// block is one block of the outline. Line is where it starts, from 1.
type block struct {
	kind    blockKind
	line    int
	level   int // of a heading, from 1
	text    inline
	leaf    *leaf   // the text, where its markup was not read yet
	entries []entry // of a list
	rows    []row   // of a table; the first is its header
	plain   string  // of code
}

// inline is the text with its markup.
func (b *block) inline() inline {
	if b.leaf != nil {
		return b.leaf.inline()
	}
	return b.text
}

// source is the text as it is written, for quick looks (glance.go).
func (b *block) source() string {
	if b.leaf != nil {
		return b.leaf.raw
	}
	return b.text.plainText()
}

// entry is one entry of a list. Its first block is its text.
type entry struct {
	line    int
	checked *bool // state of its checkbox, if it has one
	blocks  []block
}

type row struct {
	line  int
	cells []inline
	// spans reports that one cell fills the whole row, as a group's name does.
	spans bool
}

// inline is text with its markup, as runs of equal style. A newline in a run
// is a line break that the author made, or a line's end in the source.
type inline []span

type style uint8

const (
	bold style = 1 << iota
	italic
	strike
	code
)

type span struct {
	text  string
	style style
	href  string // target of a link
}

// plainText is inline without its markup.
func (in inline) plainText() string {
	var b strings.Builder
	for _, s := range in {
		b.WriteString(s.text)
	}
	return b.String()
}

func (in inline) empty() bool { return strings.TrimSpace(in.plainText()) == "" }

// lines splits inline at its newlines.
func (in inline) lines() []inline {
	var out []inline
	var now inline
	for _, s := range in {
		for {
			head, rest, found := strings.Cut(s.text, "\n")
			if head != "" {
				now = append(now, span{head, s.style, s.href})
			}
			if !found {
				break
			}
			out, now = append(out, now), nil
			s.text = rest
		}
	}
	return append(out, now)
}

// skip takes n bytes off the start.
func (in inline) skip(n int) inline {
	for i, s := range in {
		if n < len(s.text) {
			out := append(inline{}, in[i:]...)
			out[0].text = s.text[n:]
			return out
		}
		n -= len(s.text)
	}
	return nil
}

// plainInline is text without markup, but for the addresses in it.
func plainInline(s string) inline { return linkify(inline{{text: s}}) }

// linkify makes links of the addresses in plain runs.
func linkify(in inline) inline {
	var out inline
	for _, s := range in {
		if s.href != "" || s.style&code != 0 || !strings.Contains(s.text, "://") {
			out = append(out, s)
			continue
		}
		text, from := s.text, 0
		for from < len(text) {
			i := nextAddress(text[from:])
			if i < 0 {
				break
			}
			i += from
			end := i + addressLen(text[i:])
			if i > 0 {
				out = append(out, span{text[:i], s.style, ""})
			}
			out = append(out, span{text[i:end], s.style, text[i:end]})
			text, from = text[end:], 0
		}
		if text != "" {
			out = append(out, span{text, s.style, ""})
		}
	}
	return out
}

// nextAddress is where the first web address in s starts, or -1.
func nextAddress(s string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], "://")
		if i < 0 {
			return -1
		}
		i += from
		for _, scheme := range []string{"https", "http"} {
			if strings.HasSuffix(s[:i], scheme) && addressLen(s[i-len(scheme):]) > len(scheme)+3 {
				return i - len(scheme)
			}
		}
		from = i + 3
	}
}

// addressLen is the length of the address that s starts with, without the
// punctuation of the sentence around it.
func addressLen(s string) int {
	n := len(s)
	open := 0
	for i, r := range s {
		switch r {
		case ' ', '\t', '\n', '<', '>', '"', '|', '{', '}', '\\', '^', '`', '、', '。', '，', '；', '）', '】', '」', '（', '\u3000', '\u00a0':
			n = i
		case '(':
			open++
		case ')':
			if open == 0 {
				n = i
			}
			open--
		case ']':
			n = i
		}
		if n < len(s) {
			break
		}
	}
	return len(strings.TrimRight(s[:n], ".,;:!?'*_"))
}
