package claims

import "strings"

// inline hides code spans and HTML comments in the paragraph text[s:e]. Both
// may run over lines. It is linear: the closing run of each length is found
// with the help of one list per length.
func (m *masker) inline(s, e int) {
	p := m.text[s:e]
	if strings.IndexByte(p, '`') < 0 && !strings.Contains(p, "<!--") {
		return
	}
	runs := backticks(p)
	comments := true // false once no comment can end any more
	for i := 0; i < len(p); {
		switch {
		case p[i] == '\\':
			i += 2
		case p[i] == '`':
			n := runLen(p, i)
			if end := runs.next(n, i+n); end >= 0 {
				m.hide(s+i, s+end+n)
				i = end + n
			} else {
				i += n
			}
		case comments && strings.HasPrefix(p[i:], "<!--"):
			end := commentEnd(p, i)
			if end < 0 {
				comments = false
				i++
				continue
			}
			m.blank(s+i, s+end)
			i = end
		default:
			i++
		}
	}
}

func runLen(p string, i int) int {
	n := 0
	for i+n < len(p) && p[i+n] == '`' {
		n++
	}
	return n
}

// tickRuns holds where the runs of backticks of each length start, in order.
type tickRuns map[int][]int

func backticks(p string) tickRuns {
	runs := tickRuns{}
	for i := 0; i < len(p); i++ {
		if p[i] == '`' {
			n := runLen(p, i)
			runs[n] = append(runs[n], i)
			i += n
		}
	}
	return runs
}

// next returns the first run of length n at or after i, -1 if there is none.
// It forgets the runs before, so i must not go back.
func (t tickRuns) next(n, i int) int {
	starts := t[n]
	for len(starts) > 0 && starts[0] < i {
		starts = starts[1:]
	}
	t[n] = starts
	if len(starts) == 0 {
		return -1
	}
	return starts[0]
}

// hideElements hides the content of HTML elements that show code or
// quotations: bots put other projects' release notes into them, and these are
// full of "Fixes #1". An element without an end reaches to the end of the
// text, <code> to the end of its block.
func hideElements(out []byte) {
	s := string(out)
	if strings.IndexByte(s, '<') < 0 {
		return
	}
	low := asciiLower(s)
	for _, name := range []string{"pre", "blockquote", "code"} {
		depth, from := 0, 0
		for at := 0; ; {
			i, closing := tag(low, name, at)
			if i < 0 {
				break
			}
			at = i + 1
			switch {
			case !closing:
				if depth == 0 {
					from = i
				}
				depth++
			case depth > 0:
				depth--
				if depth == 0 {
					wipe(out, from, i)
				}
			}
		}
		if depth > 0 {
			end := len(out)
			if name == "code" {
				if n := strings.IndexByte(s[from:], brk); n >= 0 {
					end = from + n
				}
			}
			wipe(out, from, end)
		}
	}
}

// tag finds the next opening or closing tag of an element.
func tag(low, name string, at int) (int, bool) {
	for at < len(low) {
		n := strings.IndexByte(low[at:], '<')
		if n < 0 {
			return -1, false
		}
		i := at + n
		rest := low[i+1:]
		closing := strings.HasPrefix(rest, "/")
		if closing {
			rest = rest[1:]
		}
		if after, ok := strings.CutPrefix(rest, name); ok && after != "" && strings.ContainsAny(after[:1], "> \t\n/") {
			return i, closing
		}
		at = i + 1
	}
	return -1, false
}

func wipe(out []byte, s, e int) {
	for i := s; i < e; i++ {
		if out[i] != '\n' && out[i] != brk {
			out[i] = hidden
		}
	}
}

// asciiLower keeps the length of s, which strings.ToLower does not.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
