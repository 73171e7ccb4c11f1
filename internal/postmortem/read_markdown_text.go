package postmortem

import (
	"bytes"
	"strings"
	"sync"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	gmparser "github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// leaf is the text of a block of Markdown as it is written. Its markup is
// parsed once, when it is first asked for.
type leaf struct {
	raw     string
	context gmparser.Context
	read    bool
	in      inline
}

// leaf takes the lines of a block.
func (r *markdownReader) leaf(lines *text.Segments) *leaf {
	if lines.Len() == 0 {
		return r.written("", 0)
	}
	return r.written(r.raw(lines), lines.At(0).Start)
}

// written makes a leaf of a text that stands at an offset.
func (r *markdownReader) written(raw string, at int) *leaf {
	if len(raw) > 100 {
		r.checkMarks(raw, at)
	}
	if r.err != nil {
		raw = ""
	}
	return &leaf{raw: raw, context: r.context}
}

// checkMarks refuses a text of which the markup would take seconds to read.
func (r *markdownReader) checkMarks(raw string, at int) {
	marks := 0
	for i := range len(raw) {
		switch raw[i] {
		case '*', '_', '~', '[', '!', '<', '`', '&':
			marks++
		}
	}
	if r.marks += marks * marks; r.err == nil && (marks > maxMarks || r.marks > 10*maxMarks*maxMarks) {
		r.err = refuse(r.lineAt(at), "is where the markup gets too much; split the document, or leave generated text out")
	}
}

func (r *markdownReader) raw(lines *text.Segments) string {
	if lines.Len() == 1 {
		if s := lines.At(0); s.Padding == 0 && !s.ForceNewline {
			return r.text[s.Start:s.Stop]
		}
	}
	return string(lines.Value(r.src))
}

// inline is the text with its markup. Images are left out: what they show
// can't be filed.
func (l *leaf) inline() inline {
	if l.read {
		return l.in
	}
	l.read = true
	if !mayHaveMarkup(l.raw) {
		if s := trimLines(l.raw); s != "" {
			l.in = inline{{text: s}}
		}
		return l.in
	}
	src := []byte(l.raw)
	root := markdownText().Parse(text.NewReader(src), gmparser.WithContext(l.context))
	w := &inlineWriter{src: src}
	w.children(root, 0, 0, "")
	l.in = w.out
	return l.in
}

// cutTask takes the box of a task off the text, and returns its state, nil
// where there is none.
func (l *leaf) cutTask() *bool {
	s := l.raw
	if len(s) < 3 || s[0] != '[' || s[2] != ']' || strings.IndexByte(" \t\r\f\vxX", s[1]) < 0 {
		return nil
	}
	checked := s[1] == 'x' || s[1] == 'X'
	rest := s[3:]
	end := strings.IndexByte(rest, '\n') + 1
	if end == 0 {
		end = len(rest)
	}
	l.raw = strings.TrimLeft(rest[:end], " \t\r\n\f\v") + rest[end:]
	return &checked
}

// mayHaveMarkup is a quick look, as most text has none.
func mayHaveMarkup(s string) bool {
	return strings.ContainsAny(s, "\\`*_~[<&@") || strings.Contains(s, "://") || strings.Contains(s, "www.")
}

// trimLines takes the spaces off the ends of lines.
func trimLines(s string) string {
	if !strings.Contains(s, " \n") && !strings.Contains(s, "\t\n") && !strings.ContainsAny(s, "\f\v") {
		return strings.TrimRight(s, " \t\n")
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t\f\v")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// skipText steps over the text of a block at once.
type skipText struct{}

// Trigger holds all with which the library lets a parser start.
func (skipText) Trigger() []byte { return []byte(" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") }

func (skipText) Parse(_ ast.Node, block text.Reader, _ gmparser.Context) ast.Node {
	for line, _ := block.PeekLine(); line != nil; line, _ = block.PeekLine() {
		block.AdvanceLine()
	}
	return ast.NewString(nil)
}

// markdownText parses text and nothing else: to it, all is one paragraph.
var markdownText = sync.OnceValue(func() gmparser.Parser {
	return gmparser.NewParser(
		gmparser.WithBlockParsers(util.Prioritized(allText{}, 100)),
		gmparser.WithInlineParsers(gmparser.DefaultInlineParsers()...),
		gmparser.WithInlineParsers(util.Prioritized(extension.NewLinkifyParser(), 999), util.Prioritized(extension.NewStrikethroughParser(), 500)),
	)
})

// allText is the parser of the only block that markdownText knows.
type allText struct{}

func (allText) Trigger() []byte { return nil }

func (allText) Open(_ ast.Node, reader text.Reader, _ gmparser.Context) (ast.Node, gmparser.State) {
	n := ast.NewTextBlock()
	_, segment := reader.PeekLine()
	n.Lines().Append(segment)
	return n, gmparser.NoChildren
}

func (allText) Continue(n ast.Node, reader text.Reader, _ gmparser.Context) gmparser.State {
	_, segment := reader.PeekLine()
	n.Lines().Append(segment)
	return gmparser.Continue | gmparser.NoChildren
}

func (allText) Close(ast.Node, text.Reader, gmparser.Context) {}

func (allText) CanInterruptParagraph() bool { return false }

func (allText) CanAcceptIndentedLine() bool { return true }

// maxInline bounds emphasis within emphasis.
const maxInline = 50

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
