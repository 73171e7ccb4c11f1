package postmortem

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// rich is the text of a block without its markup, and what the markup said.
type rich struct {
	text    string
	tickets []link // ticket links, named in text by a rune from ticketBase on
	lead    string // the text in bold that the block starts with
	struck  bool   // all of it is struck out
	checked *bool  // state of its checkbox
	whole   string // address of the ticket that all of it links to
}

type link struct{ text, target string }

// ticketBase is the first rune that stands for a ticket link in rich.text.
// The document's own private runes are dropped.
const (
	ticketBase = '\uE000'
	maxTickets = 1000
)

var (
	// ticketURL matches the address of an issue, a pull request or a Jira ticket.
	ticketURL = regexp.MustCompile(`^https?://[^/\s]+/(?:[^/\s]+/[^/\s]+/(?:-/)?(?:issues|pull|merge_requests)/\d+|(?:[^?#\s]*/)?browse/[A-Za-z][A-Za-z0-9_]*-\d+)[^\s]*$`)
	// ticketRef matches a ticket's short name.
	ticketRef = regexp.MustCompile(`^(?:[\w.-]+/[\w.-]+)?#\d{1,9}$|^(?:GH|[A-Z][A-Z0-9_]{1,20})-\d{1,9}$`)
	// noTicket are words that look like a Jira key.
	noTicket  = regexp.MustCompile(`^(?:UTF|SHA|ISO|RFC|CVE|COVID|TLS|HTTP|AES|RSA|ES|IPV|SEV|PRIO|ADR|PM)-\d`)
	linkLabel = regexp.MustCompile(`(?i)^(?:(?:see|this|the|tracked in|github|gitlab|jira) )*(?:issue|ticket|bug|task|pull request|pr|mr|merge request|link|jira|tracking(?: issue)?)(?: ?#?\d+)?(?: here)?$`)
)

func isTicket(s string) bool {
	return ticketURL.MatchString(s) || ticketRef.MatchString(s) && !noTicket.MatchString(s)
}

// render collects the text below a node. Its ticket links are counted on from
// those in before, so that several blocks of one item can share one list.
func (p *parser) render(n ast.Node, before ...link) rich {
	w := &inlineWriter{src: p.src, rich: rich{tickets: before}}
	w.children(n, 0)
	r := w.rich
	r.text = squeeze(w.b.String())
	r.lead = squeeze(r.lead)
	switch c := soleChild(n).(type) {
	case *extast.Strikethrough:
		r.struck = true
	case *ast.Link:
		if target := string(c.Destination); ticketURL.MatchString(target) {
			r.whole = target
		}
	}
	return r
}

// soleChild returns the only child of n that shows something.
func soleChild(n ast.Node) ast.Node {
	var only ast.Node
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if _, ok := c.(*extast.TaskCheckBox); ok {
			continue
		}
		if only != nil {
			return nil
		}
		only = c
	}
	return only
}

type inlineWriter struct {
	src []byte
	b   strings.Builder
	rich
}

// maxInline bounds emphasis within emphasis.
const maxInline = 50

func (w *inlineWriter) children(n ast.Node, depth int) {
	if depth > maxInline {
		return
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		w.node(c, depth+1)
	}
}

func (w *inlineWriter) node(n ast.Node, depth int) {
	switch n := n.(type) {
	case *ast.Text:
		w.leaf(n.Segment.Value(w.src), n.IsRaw())
		if n.SoftLineBreak() || n.HardLineBreak() {
			w.b.WriteByte('\n')
		}
	case *ast.String:
		w.leaf(n.Value, n.IsRaw())
	case *extast.TaskCheckBox:
		checked := n.IsChecked
		w.checked = &checked
	case *ast.RawHTML:
		w.b.WriteByte(' ')
	case *ast.Image: // what it shows can't be filed
	case *ast.AutoLink:
		w.link(string(n.Label(w.src)), string(n.URL(w.src)))
	case *ast.Link:
		w.link(w.sub(n, depth), string(n.Destination))
	case *ast.Emphasis:
		text := w.sub(n, depth)
		if bare := strings.TrimRight(text, ":： "); isPriorityWord(bare) || w.b.Len() == 0 && isTypeWord(bare) {
			w.b.WriteString("[" + bare + "] ")
			return
		}
		if w.b.Len() == 0 && n.Level == 2 {
			w.lead = text
		}
		w.b.WriteString(text)
	default:
		w.children(n, depth)
	}
}

// sub renders the children of n apart.
func (w *inlineWriter) sub(n ast.Node, depth int) string {
	s := &inlineWriter{src: w.src}
	s.tickets = w.tickets
	s.children(n, depth)
	w.tickets = s.tickets
	return s.b.String()
}

// link keeps a ticket link apart from the text, so that it can be taken off
// the ends of a title.
func (w *inlineWriter) link(text, target string) {
	text = strings.TrimSpace(strings.Map(visible, text))
	label := strings.Trim(text, "[]() ")
	isRef := isTicket(label) || linkLabel.MatchString(label) || text == ""
	if len(w.tickets) < maxTickets && len(target) < 2000 &&
		(ticketURL.MatchString(target) && isRef || linkLabel.MatchString(label) && strings.HasPrefix(target, "http")) {
		w.b.WriteRune(rune(ticketBase + len(w.tickets)))
		w.tickets = append(w.tickets, link{text, target})
		return
	}
	w.b.WriteString(text)
}

// leaf takes text as a reader sees it: entities and escapes resolved, without
// control characters and private runes.
func (w *inlineWriter) leaf(value []byte, raw bool) {
	if !raw {
		value = util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(value)))
	}
	w.b.WriteString(strings.Map(visible, string(value)))
}

func visible(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Bidi_Control, r), r == '\u200b':
		return -1
	}
	return r
}

// squeeze trims every line and drops the empty ones.
func squeeze(s string) string {
	lines := strings.Split(s, "\n")
	out := lines[:0]
	for _, l := range lines {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

// ticketAt returns the link that a rune of rich.text stands for.
func (r *rich) ticketAt(c rune) (link, bool) {
	if i := int(c - ticketBase); i >= 0 && i < len(r.tickets) {
		return r.tickets[i], true
	}
	return link{}, false
}

// plain puts the text of the remaining ticket links in place.
func (r *rich) plain(s string) string {
	var b strings.Builder
	for _, c := range s {
		if l, ok := r.ticketAt(c); ok {
			b.WriteString(firstNonEmpty(l.text, l.target))
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}
