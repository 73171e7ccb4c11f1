package postmortem

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// rich is the text of a block without its markup, and what the markup said.
type rich struct {
	text    string
	tickets []link // ticket links, named in text by a rune from ticketBase on
	lead    string // the text in bold that the block starts with
	struck  bool   // most of it is struck out
	coded   bool   // all of it is code
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
	// ticketURL matches the address of an issue, a pull request, a Jira ticket
	// or the like.
	ticketURL = lazy(`^https?://[^/\s]+/(?:[^?#\s]*/(?:-/)?(?:issues|pull|pulls|merge_requests|pull-requests|work_items)/\d+|issues/\d+|(?:[^?#\s]*/)?browse/[A-Za-z][A-Za-z0-9_]*-\d+|(?:[^?#\s]*/)?show_bug\.cgi\?id=\d+|T\d+$|[^?#\s]*/_workitems/edit/\d+|[^?#\s]*/issue/[A-Z][A-Z0-9]*-\d+|[^?#\s]*/\+bug/\d+|[^?#\s]*/story/\d+)[^\s]*$|^https://(?:trello\.com/c/|app\.asana\.com/0/|b/)\S+$`)
	// ticketRef matches a ticket's short name.
	ticketRef = lazy(`^(?:[\w.-]+/[\w.-]+)?[#!]\d{1,9}$|^(?:GH|[A-Z][A-Z0-9_]{1,20})-\d{1,9}$|^T\d{4,7}$|^(?i:bug|rt|b/) ?#?\d{3,9}$`)
	// noTicket are words that look like a Jira key.
	noTicket  = lazy(`^(?:UTF|SHA|ISO|RFC|CVE|CWE|COVID|TLS|HTTP|AES|RSA|ES|IPV|SEV|PRIO|ADR|PM|AI|AP|ACTION|ITEM|INC|TODO|GPT|MD|KB|P|REC|ACT|FU|CA|PA)-\d`)
	linkLabel = lazy(`(?i)^(?:(?:see|this|the|tracked in|github|gitlab|jira|tracking) )*(?:issue|ticket|bug|task|pull request|pr|mr|merge request|link|jira|tracking(?: issue)?|チケット|课题|工单|issue リンク)(?: ?#?\d+)?(?: here)?$`)
)

func isTicket(s string) bool {
	if len(s) > 2000 {
		return false
	}
	return strings.HasPrefix(s, "http") && ticketURL.get().MatchString(s) || ticketRef.get().MatchString(s) && !noTicket.get().MatchString(s)
}

func isTicketURL(s string) bool {
	return len(s) < 2000 && (strings.HasPrefix(s, "ticket:") || strings.HasPrefix(s, "http") && ticketURL.get().MatchString(s))
}

// render makes rich text. Its ticket links are counted on from those in
// before, so that several blocks of one item can share one list.
func render(in inline, before ...link) rich {
	r := rich{tickets: before}
	var b strings.Builder
	letters, struck, coded := 0, 0, 0
	target, linked := "", true
	for i := 0; i < len(in); {
		j := i + 1
		for j < len(in) && in[j].href == in[i].href && (in[i].href != "" || in[j].style&(bold|italic) == in[i].style&(bold|italic)) {
			j++
		}
		var text strings.Builder
		for _, s := range in[i:j] {
			n := len(strings.TrimSpace(s.text))
			letters += n
			if s.style&strike != 0 {
				struck += n
			}
			if s.style&code != 0 {
				coded += n
			}
			text.WriteString(cleanText(s.text))
		}
		run, st, href := text.String(), in[i].style, in[i].href
		if strings.TrimSpace(run) != "" {
			linked = linked && href != "" && (target == "" || target == href)
			target = href
		}
		switch bare := strings.TrimRight(strings.TrimSpace(run), ":： "); {
		case href != "":
			r.link(&b, run, href)
		case st&(bold|italic) != 0 && (isPriorityWord(bare) || b.Len() == 0 && isTypeWord(bare)):
			b.WriteString("[" + bare + "] ")
		default:
			if st&bold != 0 && strings.TrimSpace(b.String()) == "" && r.lead == "" {
				r.lead = run
			}
			b.WriteString(run)
		}
		i = j
	}
	r.text, r.lead = squeeze(b.String()), squeeze(r.lead)
	r.struck = letters > 0 && struck*10 >= letters*6
	r.coded = letters > 0 && coded == letters
	if linked && letters > 0 && isTicketURL(target) {
		r.whole = strings.TrimPrefix(target, "ticket:")
	}
	return r
}

// link keeps a ticket link apart from the text, so that it can be taken off
// the ends of a title.
func (r *rich) link(b *strings.Builder, text, target string) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\n", " "))
	label := strings.Trim(text, "[]() ")
	isLabel := len(label) <= 60 && linkLabel.get().MatchString(label)
	isRef := isLabel || isTicket(label) || text == "" || strings.HasPrefix(target, "ticket:")
	if len(r.tickets) < maxTickets && len(target) < 2000 &&
		(isRef && isTicketURL(target) || isLabel && strings.HasPrefix(target, "http") && strings.Count(strings.TrimRight(target, "/"), "/") > 2) { // more than a host
		b.WriteRune(rune(ticketBase + len(r.tickets)))
		r.tickets = append(r.tickets, link{text, strings.TrimPrefix(target, "ticket:")})
		return
	}
	b.WriteString(text)
}

func visible(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || r == '\u00a0':
		return ' '
	case r < 0x7f && r >= ' ':
		return r
	case unicode.IsControl(r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Bidi_Control, r), r == '\u200b', r == '\ufeff', r == '\u00ad':
		return -1
	}
	return r
}

// squeeze trims every line and drops the empty ones.
func squeeze(s string) string {
	if tight(s) {
		return s
	}
	lines := strings.Split(s, "\n")
	out := lines[:0]
	for _, l := range lines {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

// tight reports whether there is nothing to squeeze, as most often.
func tight(s string) bool {
	prev := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c == '\n' || c == '\t' || c >= utf8.RuneSelf || c == ' ' && prev == ' ' {
			return false
		}
		prev = c
	}
	return s == "" || prev != ' '
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
	if asciiOnly(s) {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		if l, ok := r.ticketAt(c); ok {
			b.WriteString(firstNonEmpty(l.text, l.target))
			continue
		}
		b.WriteRune(c)
	}
	return unjoin(b.String())
}

// unjoin puts spaces for joiners between words, and nothing elsewhere.
func unjoin(s string) string {
	if !strings.Contains(s, joiner) {
		return s
	}
	lines := strings.Split(strings.ReplaceAll(s, joiner, " "), "\n")
	for i, l := range lines {
		lines[i] = strings.NewReplacer(" ,", ",", " )", ")", " .", ".").Replace(strings.Join(strings.Fields(l), " "))
	}
	return strings.Join(lines, "\n")
}

// line is the text with its ticket links, on one line.
func (r *rich) line() string { return strings.ReplaceAll(r.plain(r.text), "\n", " ") }

// onlyTicket is the address of the only ticket link, if there is one.
func (r *rich) onlyTicket() string {
	if r.whole != "" {
		return r.whole
	}
	for _, c := range r.sole(r.text) {
		if l, ok := r.ticketAt(c); ok {
			return l.target
		}
	}
	return ""
}
