package postmortem

import (
	"strings"
	"unicode/utf8"
)

// tidy finds the lists that a format did not mark as such: lines that start
// with "•", "☐" or "（1）" within a paragraph, as pasted text and exports have
// them.
func tidy(blocks []block) []block {
	out := make([]block, 0, len(blocks))
	for _, b := range blocks {
		if b.kind != paragraphBlock {
			out = append(out, b)
			continue
		}
		if head, rest, ok := cutHead(b); ok {
			out = append(out, head)
			b = rest
		}
		for _, part := range bulletLines(b) {
			if k := len(out); part.kind == listBlock && k > 0 && out[k-1].kind == listBlock && out[k-1].level == pasted {
				out[k-1].entries = append(out[k-1].entries, part.entries...)
				continue
			}
			out = append(out, part)
		}
	}
	return out
}

// pasted marks, in the level of a list, one that was found in a paragraph.
const pasted = 1

// bulletLines splits a paragraph at its bullets: the text above them, and a
// list of them.
func bulletLines(b block) []block {
	if b.leaf != nil && !strings.ContainsAny(b.leaf.raw, "<&") && !mayHaveBullets(b.leaf.raw) {
		return []block{b}
	}
	text := b.inline().plainText()
	if !mayHaveBullets(text) {
		return []block{b}
	}
	lines := b.inline().lines()
	type found struct {
		at, skip int
		box      *bool
		dash     bool
	}
	var marks []found
	filled, dashes := 0, 0
	for i, l := range lines {
		t := l.plainText()
		lead := len(t) - len(strings.TrimLeft(t, " \u3000"))
		t = t[lead:]
		if t == "" {
			continue
		}
		filled++
		if box, rest, ok := cutBox(t); ok && rest != "" {
			marks = append(marks, found{i, lead + len(t) - len(rest), &box, false})
			continue
		}
		if n := emojiBullet(l.skip(lead)); n > 0 {
			marks = append(marks, found{i, lead + n - 1, nil, false})
			continue
		}
		if n, ordered := bullet(t); n > 0 && n < len(t) {
			first, _ := utf8.DecodeRuneInString(t)
			dash := strings.ContainsRune("-*+–—·→", first) || ordered && first < utf8.RuneSelf
			if dash {
				dashes++
			}
			marks = append(marks, found{i, lead + n, nil, dash})
		}
	}
	// A single dash or number may be the text's own.
	if len(marks) == 0 || dashes == len(marks) && (len(marks) < 2 && filled > 1 || marks[0].at > 1) {
		return []block{b}
	}
	if dashes == 1 && len(marks) == 1 {
		first, _ := utf8.DecodeRuneInString(strings.TrimSpace(text))
		if first != '-' && first != '*' {
			return []block{b}
		}
	}
	var out []block
	if head := joinLines(lines[:marks[0].at]); !head.empty() {
		out = append(out, block{kind: paragraphBlock, line: b.line, text: head})
	}
	list := block{kind: listBlock, line: b.line + marks[0].at, level: pasted}
	for k, m := range marks {
		end := len(lines)
		if k+1 < len(marks) {
			end = marks[k+1].at
		}
		in := joinLines(append([]inline{lines[m.at].skip(m.skip)}, lines[m.at+1:end]...))
		e := entry{line: b.line, checked: m.box, blocks: []block{{kind: paragraphBlock, line: b.line, text: in}}}
		list.entries = append(list.entries, e)
	}
	return append(out, list)
}

// cutHead parts the first line of a paragraph from the rest where it serves as
// a heading: it is all in bold, or it opens a section.
func cutHead(b block) (block, block, bool) {
	if b.leaf != nil && !mayHaveHead(b.leaf.raw) {
		return b, b, false
	}
	lines := b.inline().lines()
	if len(lines) < 2 || lines[0].empty() {
		return b, b, false
	}
	words := strings.TrimSpace(lines[0].plainText())
	if len(words) > 80 || strings.HasSuffix(words, ".") {
		return b, b, false
	}
	allBold := true
	for _, s := range lines[0] {
		if strings.Trim(s.text, " :：") != "" && s.style&bold == 0 {
			allBold = false
		}
	}
	if name, _ := headingName(words); !allBold && !(len(strings.Fields(name)) <= 5 && opens(name)) {
		return b, b, false
	}
	// A bold key is a fact or a field: "**Owner:**" above the name.
	if key := strings.Trim(words, " :：*"); fieldKey(key) != noField || factKeys()[fold(key)] != "" {
		return b, b, false
	}
	head, rest := b, b
	head.leaf, rest.leaf = nil, nil
	head.text, rest.text = lines[0], joinLines(lines[1:])
	rest.line++
	return head, rest, true
}

// mayHaveBullets is a quick look, as most paragraphs have none.
func mayHaveBullets(s string) bool {
	for l := range strings.SplitSeq(s, "\n") {
		l = strings.TrimLeft(l, " \u3000")
		if l == "" {
			continue
		}
		if l[0] >= utf8.RuneSelf {
			if n, _ := bullet(l); n > 0 {
				return true
			}
			if _, _, ok := cutBox(l); ok || pictograph(firstRune(l)) {
				return true
			}
			continue
		}
		if strings.IndexByte("[-*(+_`~\\!", l[0]) >= 0 || isDigit(l[0]) {
			return true
		}
	}
	return false
}

// emojiBullet reports how long the emoji before an entry is, plus one; 0 if the
// line is no entry, which is a task, or a text with a lead in bold. An emoji that
// says how far it is or how urgent stays with the text.
func emojiBullet(l inline) int {
	text := l.plainText()
	first, n := utf8.DecodeRuneInString(text)
	if !pictograph(first) {
		return 0
	}
	rest := strings.TrimPrefix(text[n:], "\ufe0f")
	body := strings.TrimLeft(rest, " ")
	if body == "" || body == rest {
		return 0
	}
	n = len(text) - len(body)
	in := l.skip(n)
	lead := in[0].style&bold != 0 && strings.Trim(in[1:].plainText(), " :：.") != ""
	if !lead && !imperative(body) {
		return 0
	}
	if tells.get().MatchString(text) {
		return 1
	}
	return n + 1
}

// tells matches an emoji that stands for a state or a priority.
var tells = lazy(`^(?:[✅☑✔✓❌❎⏳⌛🚧🔄⬜🔲⚠⬆⬇]|🔴|🟠|🟡|🟢|🔥)`)

// pictograph reports whether a rune is one of the small pictures with which
// people start lines.
func pictograph(r rune) bool { return r >= 0x1f300 && r <= 0x1faff || r >= 0x2600 && r <= 0x27bf }

func joinLines(lines []inline) inline {
	var out inline
	for i, l := range lines {
		if i > 0 {
			out = append(out, span{text: "\n"})
		}
		out = append(out, l...)
	}
	return out
}
