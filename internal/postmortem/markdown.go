package postmortem

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	gmparser "github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"go.abhg.dev/goldmark/frontmatter"
)

// maxNotes bounds what is told of one document.
const maxNotes = 50

// parser holds one document while it is read.
type parser struct {
	src   []byte
	lines []int // where each line starts
	doc   Document
	facts facts
}

func parseMarkdown(name, s string) (Document, error) {
	if err := checkWork(s); err != nil {
		return Document{}, err
	}
	p := &parser{src: []byte(s), lines: lineStarts(s)}
	var options []goldmark.Option
	options = append(options, goldmark.WithExtensions(extension.GFM))
	if hasFrontMatter(s) {
		options = append(options, goldmark.WithExtensions(&frontmatter.Extender{}))
	}
	context := gmparser.NewContext()
	root := goldmark.New(options...).Parser().Parse(text.NewReader(p.src), gmparser.WithContext(context))
	if data := frontmatter.Get(context); data != nil {
		p.frontMatter(data)
	}
	p.walk(root)
	p.settle(name)
	return p.doc, nil
}

// walk goes through the blocks of the document in order.
func (p *parser) walk(root ast.Node) {
	var sec sections
	for n := root.FirstChild(); n != nil && len(p.doc.Items) < MaxItems; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			h := p.render(n)
			sec.heading(n.Level, h.plain(h.text), p.facts.title == "" && n.Level == 1)
			p.facts.heading(n.Level, h.plain(h.text))
		case *ast.Paragraph:
			if words, ok := p.labelOnly(n); ok {
				sec.label(words)
				continue
			}
			p.factLines(n)
		case *extast.Table:
			p.table(n, sec.state())
		case *ast.List:
			switch st := sec.state(); {
			case st.active && !p.isLegend(n, st):
				p.list(n, st, 0)
			case !sec.opened:
				p.factList(n)
			}
		}
	}
	if len(p.doc.Items) == MaxItems {
		p.note(0, fmt.Sprintf("only the first %d items were read", MaxItems))
	}
	p.explain(sec)
}

// explain says why a document has no items.
func (p *parser) explain(sec sections) {
	switch {
	case len(p.doc.Items) > 0:
	case sec.opened:
		p.note(0, "the section of the action items holds none: only placeholders, or text that is neither a list nor a table")
	default:
		p.note(0, "no action items were found: put them in a list under a heading such as “Action items”, or in a table with a column “Action item”")
	}
}

func (p *parser) note(line int, s string) {
	if line > 0 {
		s = fmt.Sprintf("line %d: %s", line, s)
	}
	if len(p.doc.Notes) < maxNotes && !slices.Contains(p.doc.Notes, s) {
		p.doc.Notes = append(p.doc.Notes, s)
	}
}

// add keeps an item.
func (p *parser) add(it Item) {
	if len(p.doc.Items) < MaxItems {
		p.doc.Items = append(p.doc.Items, it)
	}
}

// line is the number, from 1, of the line on which a node starts.
func (p *parser) line(n ast.Node) int {
	at := n.Pos()
	if at < 0 {
		at = firstSegment(n)
	}
	return sort.SearchInts(p.lines, at+1)
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

// hasFrontMatter reports whether the document starts with closed front
// matter. Without a closing line, the front matter would be all of it.
func hasFrontMatter(s string) bool {
	for _, mark := range []string{"---", "+++"} {
		rest, ok := strings.CutPrefix(s, mark)
		if !ok {
			continue
		}
		first, rest, _ := strings.Cut(rest[:min(len(rest), 64<<10)], "\n")
		if strings.TrimSpace(first) != "" {
			return false
		}
		for line := range strings.SplitSeq(rest, "\n") {
			if strings.TrimRight(line, " \t") == mark {
				return true
			}
		}
	}
	return false
}
