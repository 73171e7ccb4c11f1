package postmortem

import (
	"bytes"
	"sort"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	gmparser "github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var gfm = sync.OnceValue(func() gmparser.Parser {
	return goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()
})

// readMarkdown reads GitHub's Markdown. The caller has checked the work that
// it takes (checkWork).
func readMarkdown(s string) []block {
	r := &markdownReader{src: []byte(s), starts: lineStarts(s)}
	root := gfm().Parse(text.NewReader(r.src))
	return r.blocks(root, 0)
}

type markdownReader struct {
	src    []byte
	starts []int
}

func (r *markdownReader) blocks(parent ast.Node, depth int) []block {
	var out []block
	if depth > maxNesting {
		return out
	}
	var next ast.Node
	for n := parent.FirstChild(); n != nil; n = next {
		next = n.NextSibling()
		switch n := n.(type) {
		case *ast.Heading:
			out = append(out, block{kind: headingBlock, line: r.line(n), level: n.Level, text: r.inline(n)})
		case *ast.Paragraph, *ast.TextBlock:
			out = append(out, block{kind: paragraphBlock, line: r.line(n), text: r.inline(n)})
		case *ast.List:
			b := block{kind: listBlock, line: r.line(n)}
			for c := n.FirstChild(); c != nil; c = c.NextSibling() {
				e := entry{line: r.line(c), blocks: r.blocks(c, depth+1)}
				if f := c.FirstChild(); f != nil {
					if box, ok := f.FirstChild().(*extast.TaskCheckBox); ok {
						checked := box.IsChecked
						e.checked = &checked
					}
				}
				b.entries = append(b.entries, e)
			}
			out = append(out, b)
		case *extast.Table:
			out = append(out, r.table(n))
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			out = append(out, block{kind: codeBlock, line: r.line(n), plain: cleanText(string(n.Lines().Value(r.src)))})
		case *ast.HTMLBlock:
			// An empty line parts HTML into blocks that are one for a browser.
			html, last := r.html(n)
			blocks, _, err := readHTML(html, r.line(n))
			if err == nil { // what can't be read as HTML holds no items
				out = append(out, blocks...)
			}
			next = last.NextSibling()
		}
	}
	return out
}

// html is the text of an HTML block and of those that follow it at once, and
// the last of them.
func (r *markdownReader) html(n ast.Node) (string, ast.Node) {
	var raw strings.Builder
	first := r.line(n)
	last := n
	for c := n; c != nil && raw.Len() < 64<<10; c = c.NextSibling() {
		h, ok := c.(*ast.HTMLBlock)
		if !ok {
			break
		}
		for gap := r.line(h) - first - strings.Count(raw.String(), "\n"); gap > 0; gap-- {
			raw.WriteByte('\n')
		}
		raw.Write(h.Lines().Value(r.src))
		if h.HasClosure() {
			raw.Write(h.ClosureLine.Value(r.src))
		}
		last = c
	}
	return raw.String(), last
}

func (r *markdownReader) table(n *extast.Table) block {
	t := block{kind: tableBlock, line: r.line(n)}
	for tr := n.FirstChild(); tr != nil; tr = tr.NextSibling() {
		out := row{line: r.line(tr)}
		for c := tr.FirstChild(); c != nil; c = c.NextSibling() {
			out.cells = append(out.cells, r.inline(c))
		}
		t.rows = append(t.rows, out)
	}
	return t
}

// maxInline bounds emphasis within emphasis.
const maxInline = 50

// inline reads the text below a node. Images are left out: what they show
// can't be filed.
func (r *markdownReader) inline(n ast.Node) inline {
	w := &inlineWriter{src: r.src}
	w.children(n, 0, 0, "")
	return w.out
}

type inlineWriter struct {
	src  []byte
	out  inline
	html style // from tags among the text
}

func (w *inlineWriter) children(n ast.Node, depth int, st style, href string) {
	if depth > maxInline {
		return
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		w.node(c, depth+1, st, href)
	}
}

func (w *inlineWriter) add(text string, st style, href string) {
	st |= w.html
	if k := len(w.out); k > 0 && w.out[k-1].style == st && w.out[k-1].href == href {
		w.out[k-1].text += text
		return
	}
	w.out = append(w.out, span{text, st, href})
}

func (w *inlineWriter) node(n ast.Node, depth int, st style, href string) {
	switch n := n.(type) {
	case *ast.Text:
		w.leaf(n.Segment.Value(w.src), n.IsRaw(), st, href)
		if n.SoftLineBreak() || n.HardLineBreak() {
			w.add("\n", st, href)
		}
	case *ast.String:
		w.leaf(n.Value, n.IsRaw(), st, href)
	case *extast.TaskCheckBox, *ast.Image:
	case *ast.RawHTML:
		w.tag(strings.ToLower(string(n.Segments.Value(w.src))), st, href)
	case *ast.AutoLink:
		w.add(string(n.Label(w.src)), st, string(n.URL(w.src)))
	case *ast.Link:
		w.children(n, depth, st, string(n.Destination))
		if n.FirstChild() == nil {
			w.add(" ", st, string(n.Destination))
		}
	case *ast.CodeSpan:
		w.children(n, depth, st|code, href)
	case *ast.Emphasis:
		if n.Level == 2 {
			w.children(n, depth, st|bold, href)
		} else {
			w.children(n, depth, st|italic, href)
		}
	case *extast.Strikethrough:
		w.children(n, depth, st|strike, href)
	default:
		w.children(n, depth, st, href)
	}
}

// tag heeds the few tags that people write among Markdown.
func (w *inlineWriter) tag(tag string, st style, href string) {
	name := strings.Trim(tag, "</> ")
	name, _, _ = strings.Cut(name, " ")
	var mark style
	switch name {
	case "br":
		w.add("\n", st, href)
		return
	case "s", "del", "strike":
		mark = strike
	case "b", "strong":
		mark = bold
	default:
		w.add(" ", st, href)
		return
	}
	if strings.HasPrefix(tag, "</") {
		w.html &^= mark
	} else {
		w.html |= mark
	}
}

// leaf takes text as a reader sees it: entities and escapes resolved.
func (w *inlineWriter) leaf(value []byte, raw bool, st style, href string) {
	if !raw && bytes.ContainsAny(value, `&\`) {
		value = util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(value)))
	}
	w.add(strings.ReplaceAll(string(value), "\n", " "), st, href)
}

// line is the number, from 1, of the line on which a node starts.
func (r *markdownReader) line(n ast.Node) int {
	at := n.Pos()
	if at < 0 {
		at = firstSegment(n)
	}
	return sort.SearchInts(r.starts, at+1)
}

// firstSegment is where the first text below a node starts.
func firstSegment(n ast.Node) int {
	at := -1
	_ = ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := c.(*ast.Text); ok && entering {
			at = t.Segment.Start
			return ast.WalkStop, nil
		}
		if entering && c.Type() == ast.TypeBlock && c.Lines().Len() > 0 {
			at = c.Lines().At(0).Start
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return max(at, 0)
}

func lineStarts(s string) []int {
	starts := []int{0}
	for i := range len(s) {
		if s[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}
