package postmortem

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Bounds on HTML: exports are full of spans, but not of more than this.
const (
	maxTags      = 200_000
	maxTreeDepth = 200
	maxCells     = 50_000
	maxSpan      = 50
)

// lineAttr carries the line of a tag through the parser, which keeps none.
const lineAttr = "data-source-line"

// readHTML reads a page or an export. It runs nothing and fetches nothing;
// scripts, comments and quotations are left out.
func readHTML(s string, firstLine int) ([]block, string, error) {
	numbered, err := numberTags(s, firstLine)
	if err != nil {
		return nil, "", err
	}
	root, err := html.Parse(strings.NewReader(numbered))
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w; export the document again, or as Markdown", ErrMalformed, err)
	}
	r := &htmlReader{line: firstLine, classes: map[string]style{}}
	r.styles(root, 0)
	r.children(root, style(0), 0)
	r.flush()
	return r.out, r.title, nil
}

// numberTags writes its line into every start tag.
func numberTags(s string, line int) (string, error) {
	z := html.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(MaxBytes)
	var b strings.Builder
	b.Grow(len(s) + len(s)/4)
	tags := 0
	for {
		kind := z.Next()
		raw := z.Raw()
		if kind == html.ErrorToken {
			break
		}
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			if tags++; tags > maxTags {
				return "", fmt.Errorf("%w: more than %d tags; export the document without embedded data", ErrMalformed, maxTags)
			}
			i := 1
			for i < len(raw) && raw[i] != ' ' && raw[i] != '\t' && raw[i] != '\n' && raw[i] != '/' && raw[i] != '>' {
				i++
			}
			b.Write(raw[:i])
			b.WriteString(` ` + lineAttr + `="` + strconv.Itoa(line) + `"`)
			b.Write(raw[i:])
			// Storage formats close elements in the XML way, HTML does not.
			if name := string(raw[1:i]); kind == html.SelfClosingTagToken && (strings.Contains(name, ":") || name == "time") {
				b.WriteString("</" + name + ">")
			}
		} else if kind != html.CommentToken {
			b.Write(raw)
		}
		for _, c := range raw {
			if c == '\n' {
				line++
			}
		}
	}
	return b.String(), nil
}

type htmlReader struct {
	out     []block
	now     inline // the paragraph that is being read
	nowLine int
	line    int
	title   string
	classes map[string]style // what the style sheet says of a class
	cells   int
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func hasClass(n *html.Node, class string) bool {
	for c := range strings.FieldsSeq(attr(n, "class")) {
		if c == class {
			return true
		}
	}
	return false
}

// styles learns from the style sheet which classes are bold or struck out;
// Google Docs writes all its formatting so.
func (r *htmlReader) styles(n *html.Node, depth int) {
	if depth > maxTreeDepth {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == atom.Style && c.FirstChild != nil {
			for rule := range strings.SplitSeq(c.FirstChild.Data, "}") {
				names, body, ok := strings.Cut(rule, "{")
				if !ok {
					continue
				}
				if st := cssStyle(body); st != 0 {
					for name := range strings.SplitSeq(names, ",") {
						if name = strings.TrimSpace(name); strings.HasPrefix(name, ".") && !strings.ContainsAny(name, " :>") && len(r.classes) < 1000 {
							r.classes[name[1:]] |= st
						}
					}
				}
			}
		}
		if c.DataAtom == atom.Html || c.DataAtom == atom.Head || c.DataAtom == atom.Body {
			r.styles(c, depth+1)
		}
	}
}

func cssStyle(body string) style {
	body = strings.ReplaceAll(strings.ToLower(body), " ", "")
	var st style
	if strings.Contains(body, "font-weight:700") || strings.Contains(body, "font-weight:bold") || strings.Contains(body, "font-weight:800") {
		st |= bold
	}
	if strings.Contains(body, "line-through") {
		st |= strike
	}
	return st
}

func (r *htmlReader) styleOf(n *html.Node) style {
	var st style
	switch n.DataAtom {
	case atom.B, atom.Strong:
		st = bold
	case atom.I, atom.Em:
		st = italic
	case atom.S, atom.Del, atom.Strike:
		st = strike
	case atom.Code, atom.Tt, atom.Kbd, atom.Samp:
		st = code
	}
	if v := attr(n, "style"); v != "" {
		st |= cssStyle(v)
	}
	for c := range strings.FieldsSeq(attr(n, "class")) {
		st |= r.classes[c]
	}
	return st
}

// flush ends the paragraph that is being read.
func (r *htmlReader) flush() {
	if !r.now.empty() {
		r.out = append(r.out, block{kind: paragraphBlock, line: r.nowLine, text: linkify(r.now)})
	}
	r.now = nil
}

func (r *htmlReader) add(s span) {
	if len(r.now) == 0 {
		r.nowLine = r.line
	}
	r.now = append(r.now, s)
}

func (r *htmlReader) children(n *html.Node, st style, depth int) {
	if depth > maxTreeDepth {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		r.node(c, st, depth+1)
	}
}

func (r *htmlReader) node(n *html.Node, st style, depth int) {
	switch n.Type {
	case html.TextNode:
		if text := strings.Join(strings.Fields(n.Data), " "); text != "" {
			r.add(span{text: edges(n.Data, text), style: st})
		} else if len(r.now) > 0 && n.Data != "" {
			r.add(span{text: " ", style: st})
		}
		return
	case html.ElementNode:
	default:
		r.children(n, st, depth)
		return
	}
	if l, err := strconv.Atoi(attr(n, lineAttr)); err == nil {
		r.line = l
	}
	if hidden(n) {
		return
	}
	if r.confluence(n, st, depth) {
		return
	}
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Svg, atom.Img, atom.Nav, atom.Iframe, atom.Object, atom.Select, atom.Textarea, atom.Button, atom.Blockquote, atom.Math, atom.Video, atom.Audio:
		return
	case atom.Title:
		if n.FirstChild != nil && r.title == "" {
			r.title = strings.Join(strings.Fields(n.FirstChild.Data), " ")
		}
		return
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		r.flush()
		b := block{kind: headingBlock, line: r.line, level: int(n.Data[1] - '0'), text: r.inlineOf(n, 0, depth)}
		if !b.text.empty() {
			r.out = append(r.out, b)
		}
		return
	case atom.Summary, atom.Caption, atom.Legend, atom.Dt:
		r.flush()
		r.out = append(r.out, block{kind: paragraphBlock, line: r.line, text: styled(r.inlineOf(n, 0, depth), bold)})
		return
	case atom.Ul, atom.Ol, atom.Menu:
		r.flush()
		r.list(n, depth)
		return
	case atom.Table:
		r.flush()
		r.table(n, depth)
		return
	case atom.Pre:
		r.flush()
		r.out = append(r.out, block{kind: codeBlock, line: r.line})
		return
	case atom.Br:
		if len(r.now) > 0 {
			r.add(span{text: "\n"})
		}
		return
	case atom.A:
		r.anchor(n, st, depth)
		return
	case atom.Time:
		if at := attr(n, "datetime"); len(at) >= 10 {
			r.add(span{text: " " + joiner + at[:10] + joiner + " ", style: st})
			return
		}
	case atom.Input:
		if strings.EqualFold(attr(n, "type"), "checkbox") {
			r.add(span{text: boxText(hasAttr(n, "checked"))})
		}
		return
	}
	if isBlockTag(n.DataAtom) {
		r.flush()
		r.children(n, st|r.styleOf(n)&^bold|boldParagraph(n, r), depth)
		r.flush()
		return
	}
	r.children(n, st|r.styleOf(n), depth)
}

// boldParagraph keeps the weight that a class gives to a paragraph.
func boldParagraph(n *html.Node, r *htmlReader) style {
	if n.DataAtom == atom.P {
		return r.styleOf(n) & bold
	}
	return 0
}

func boxText(checked bool) string {
	if checked {
		return "[x] "
	}
	return "[ ] "
}

func hasAttr(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

func hidden(n *html.Node) bool {
	if hasAttr(n, "hidden") || attr(n, "aria-hidden") == "true" && n.DataAtom != atom.Input {
		return true
	}
	css := strings.ReplaceAll(attr(n, "style"), " ", "")
	return strings.Contains(css, "display:none") || hasClass(n, "sr-only") || hasClass(n, "headerlink") || hasClass(n, "toc") || hasClass(n, "mw-editsection")
}

// edges squeezes the spaces of a text and keeps one at each end.
func edges(raw, text string) string {
	if strings.IndexByte(" \t\n\r", raw[0]) >= 0 {
		text = " " + text
	}
	if strings.IndexByte(" \t\n\r", raw[len(raw)-1]) >= 0 {
		text += " "
	}
	return text
}

func isBlockTag(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Main, atom.Header, atom.Footer, atom.Aside, atom.Details, atom.Dl, atom.Dd, atom.Figure,
		atom.Form, atom.Fieldset, atom.Address, atom.Hr, atom.Li, atom.Tr, atom.Td, atom.Th, atom.Body, atom.Html, atom.Head, atom.Center, atom.Hgroup, atom.Figcaption:
		return true
	}
	return false
}

// anchor reads a link. Google Docs routes links through an address of its
// own, and marks comments with anchors.
func (r *htmlReader) anchor(n *html.Node, st style, depth int) {
	href := attr(n, "href")
	if strings.HasPrefix(href, "#cmnt") || strings.HasPrefix(href, "#ftnt") {
		return
	}
	href = unwrapLink(href)
	text := r.inlineOf(n, st|r.styleOf(n), depth)
	if hasClass(n, "user-mention") || hasClass(n, "confluence-userlink") || hasClass(n, "mention") {
		name := strings.TrimSpace(text.plainText())
		r.mention(firstNonEmpty(name, attr(n, "data-username")), st)
		return
	}
	if !strings.HasPrefix(href, "http://") && !strings.HasPrefix(href, "https://") {
		href = ""
	}
	for _, s := range text {
		if s.href == "" {
			s.href = href
		}
		r.add(s)
	}
}

// joiner holds the words of a mention together, and ends it: such a name is a
// person, not a word that starts with an at sign. It stands around a date that
// is marked as one, too. The document's own joiners are dropped.
const joiner = "\u2060"

func (r *htmlReader) mention(name string, st style) {
	name = strings.Join(strings.Fields(strings.TrimLeft(name, "@")), joiner)
	if name != "" {
		r.add(span{text: "@" + name + joiner, style: st})
	}
}

// inlineOf reads the text below a node apart.
func (r *htmlReader) inlineOf(n *html.Node, st style, depth int) inline {
	sub := &htmlReader{line: r.line, classes: r.classes}
	sub.children(n, st, depth)
	sub.flush()
	return cellText(sub.out)
}

// list reads a list. Exports nest lists by class or put them beside their
// entry; both become children of the entry above.
func (r *htmlReader) list(n *html.Node, depth int) {
	b := block{kind: listBlock, line: r.line}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode || depth > maxTreeDepth {
			continue
		}
		if l, err := strconv.Atoi(attr(c, lineAttr)); err == nil {
			r.line = l
		}
		switch c.DataAtom {
		case atom.Ul, atom.Ol:
			sub := &htmlReader{line: r.line, classes: r.classes}
			sub.list(c, depth+1)
			if k := len(b.entries); k > 0 {
				b.entries[k-1].blocks = append(b.entries[k-1].blocks, sub.out...)
			} else if len(sub.out) > 0 {
				b.entries = append(b.entries, sub.out[0].entries...)
			}
		case atom.Li:
			if hidden(c) {
				continue
			}
			b.entries = append(b.entries, r.entry(c, depth))
		}
	}
	if len(b.entries) == 0 {
		return
	}
	if level := docsLevel(n); level > 0 && len(r.out) > 0 && r.out[len(r.out)-1].kind == listBlock {
		into := &r.out[len(r.out)-1]
		for range level - 1 {
			e := &into.entries[len(into.entries)-1]
			if k := len(e.blocks); k > 0 && e.blocks[k-1].kind == listBlock {
				into = &e.blocks[k-1]
			}
		}
		e := &into.entries[len(into.entries)-1]
		if k := len(e.blocks); k > 0 && e.blocks[k-1].kind == listBlock {
			e.blocks[k-1].entries = append(e.blocks[k-1].entries, b.entries...)
		} else {
			e.blocks = append(e.blocks, b)
		}
		return
	}
	// Google Docs breaks a list off where a nested one stands.
	if k := len(r.out); docsLevel(n) == 0 && k > 0 && r.out[k-1].kind == listBlock && docsList(n) && !hasClass(n, "start") {
		r.out[k-1].entries = append(r.out[k-1].entries, b.entries...)
		return
	}
	r.out = append(r.out, b)
}

func docsList(n *html.Node) bool { return strings.Contains(attr(n, "class"), "lst-kix") }

// docsLevel is the depth of a list in an export of Google Docs, from 0.
func docsLevel(n *html.Node) int {
	for c := range strings.FieldsSeq(attr(n, "class")) {
		if rest, ok := strings.CutPrefix(c, "lst-kix"); ok {
			if i := strings.LastIndexByte(rest, '-'); i >= 0 {
				if level, err := strconv.Atoi(rest[i+1:]); err == nil && level >= 0 && level < maxDepth {
					return level
				}
			}
		}
	}
	return 0
}

func (r *htmlReader) entry(n *html.Node, depth int) entry {
	sub := &htmlReader{line: r.line, classes: r.classes}
	e := entry{line: r.line}
	sub.children(n, r.styleOf(n), depth+1)
	sub.flush()
	e.blocks = sub.out
	if len(e.blocks) == 0 || e.blocks[0].kind != paragraphBlock {
		e.blocks = append([]block{{kind: paragraphBlock, line: e.line}}, e.blocks...)
	}
	if box, rest, ok := inlineBox(e.blocks[0].text); ok {
		e.checked, e.blocks[0].text = &box, rest
	} else if len(e.blocks) > 1 && e.blocks[1].kind == paragraphBlock && e.blocks[0].text.empty() {
		e.blocks = e.blocks[1:]
	}
	parent := n.Parent
	if strings.Contains(attr(n, "class"), "task") || parent != nil && strings.Contains(attr(parent, "class"), "task") || hasAttr(n, "data-inline-task-id") {
		done := hasClass(n, "checked") || hasClass(n, "complete")
		if e.checked == nil {
			e.checked = &done
		}
	}
	return e
}

// inlineBox takes a checkbox off the start of a text.
func inlineBox(in inline) (bool, inline, bool) {
	text := in.plainText()
	lead := len(text) - len(strings.TrimLeft(text, " \n"))
	box, rest, ok := cutBox(text[lead:])
	if !ok {
		return false, in, false
	}
	return box, in.skip(len(text) - len(rest)), true
}

// table reads a table. Cells that span rows are repeated, as a reader sees
// them; a row that is one cell is the name of a group.
func (r *htmlReader) table(n *html.Node, depth int) {
	t := block{kind: tableBlock, line: r.line}
	var below [maxSpan]struct { // cells that reach down into the next rows
		left int
		text inline
	}
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		for c := n.FirstChild; c != nil && depth < maxTreeDepth; c = c.NextSibling {
			if c.Type != html.ElementNode {
				continue
			}
			if l, err := strconv.Atoi(attr(c, lineAttr)); err == nil {
				r.line = l
			}
			switch c.DataAtom {
			case atom.Thead, atom.Tbody, atom.Tfoot:
				walk(c, depth+1)
			case atom.Caption:
				r.node(c, 0, depth)
			case atom.Tr:
				if hidden(c) {
					continue
				}
				tr := row{line: r.line}
				own, width := 0, 0
				fill := func() {
					for len(tr.cells) < maxSpan && below[len(tr.cells)].left > 0 {
						below[len(tr.cells)].left--
						tr.cells = append(tr.cells, below[len(tr.cells)].text)
					}
				}
				for cell := c.FirstChild; cell != nil && r.cells < maxCells; cell = cell.NextSibling {
					if cell.DataAtom != atom.Td && cell.DataAtom != atom.Th {
						continue
					}
					r.cells++
					own++
					fill()
					if l, err := strconv.Atoi(attr(cell, lineAttr)); err == nil {
						r.line = l
					}
					text := r.inlineOf(cell, 0, depth+1)
					cols, rows := spanOf(cell, "colspan"), spanOf(cell, "rowspan")
					width = cols
					for k := range cols {
						if len(tr.cells) >= maxSpan {
							break
						}
						if rows > 1 {
							below[len(tr.cells)].left, below[len(tr.cells)].text = rows-1, text
						}
						if k > 0 {
							tr.cells = append(tr.cells, nil)
							continue
						}
						tr.cells = append(tr.cells, text)
					}
				}
				fill()
				tr.spans = own == 1 && width > 1
				if len(tr.cells) > 0 {
					t.rows = append(t.rows, tr)
				}
			}
		}
	}
	walk(n, depth)
	if len(t.rows) > 0 {
		r.out = append(r.out, t)
	}
}

func spanOf(n *html.Node, key string) int {
	v, err := strconv.Atoi(attr(n, key))
	if err != nil {
		return 1
	}
	return min(max(v, 1), maxSpan)
}
