package postmortem

import (
	"sort"
	"strings"
	"sync"

	"github.com/yuin/goldmark/ast"
	gmparser "github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdownBlocks parses the blocks of GitHub's Markdown and leaves the text in
// them as it is written: of a long report, most is never looked at, so its
// markup is read when somebody asks for it (leaf).
var markdownBlocks = sync.OnceValue(func() gmparser.Parser {
	return gmparser.NewParser(
		gmparser.WithBlockParsers(gmparser.DefaultBlockParsers()...),
		gmparser.WithParagraphTransformers(gmparser.DefaultParagraphTransformers()...),
		gmparser.WithParagraphTransformers(util.Prioritized(tableFinder{}, 200)),
		gmparser.WithInlineParsers(util.Prioritized(skipText{}, 100)),
	)
})

// readMarkdown reads GitHub's Markdown. The caller has checked the work that
// it takes (checkWork).
func readMarkdown(s string) ([]block, error) {
	r := &markdownReader{text: s, src: []byte(s), starts: lineStarts(s), context: gmparser.NewContext()}
	root := markdownBlocks().Parse(text.NewReader(r.src), gmparser.WithContext(r.context))
	blocks := r.blocks(root, 0)
	return blocks, r.err
}

type markdownReader struct {
	text    string
	src     []byte // the same
	starts  []int
	context gmparser.Context // the definitions of links
	padded  int              // cells that rows were filled up with
	marks   int              // the sum of the squares of the marks in each text
	err     error
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
			out = append(out, block{kind: headingBlock, line: r.line(n), level: n.Level, leaf: r.leaf(n.Lines())})
		case *ast.Paragraph, *ast.TextBlock:
			out = append(out, block{kind: paragraphBlock, line: r.line(n), leaf: r.leaf(n.Lines())})
		case *ast.List:
			b := block{kind: listBlock, line: r.line(n)}
			for c := n.FirstChild(); c != nil; c = c.NextSibling() {
				e := entry{line: r.line(c), blocks: r.blocks(c, depth+1)}
				if len(e.blocks) > 0 && e.blocks[0].kind == paragraphBlock && e.blocks[0].leaf != nil {
					e.checked = e.blocks[0].leaf.cutTask()
				}
				b.entries = append(b.entries, e)
			}
			out = append(out, b)
		case *tableLines:
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

// line is the number, from 1, of the line on which a node starts.
func (r *markdownReader) line(n ast.Node) int {
	at := n.Pos()
	if at < 0 {
		at = firstSegment(n)
	}
	return r.lineAt(at)
}

// lineAt is the number of the line that holds an offset.
func (r *markdownReader) lineAt(at int) int { return sort.SearchInts(r.starts, at+1) }

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
