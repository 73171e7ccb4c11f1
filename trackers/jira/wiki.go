package jira

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

// The limits of Jira, in characters.
const (
	maxSummary = 255
	maxBody    = 32767
	maxLabel   = 255
)

var (
	fence    = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})")
	inline   = regexp.MustCompile("(`+)([^`\n]+)(`+)|\\*\\*([^*\n]+)\\*\\*|\\[([^\\[\\]\n]*)\\]\\((https?://[^\\s()<>|\\]\\[{}]+)\\)")
	lineMark = regexp.MustCompile(`^(\s*)(h[1-6]\.|bq\.)`)
	itemID   = regexp.MustCompile(`^[\pL\pN][\pL\pN._/+@~-]*$`)
	escaper  = strings.NewReplacer(`\`, "&#92;", "{", `\{`, "}", `\}`, "[", `\[`, "]", `\]`, "|", `\|`, "<!--", "<"+text.NoBreak+"!--")
	image    = regexp.MustCompile(`!(\S)`)
)

// escape makes s plain text of wiki markup: no macro, link, mention, image,
// heading or table cell can begin in it. Lists and emphasis are left.
func escape(s string) string {
	s = escaper.Replace(s)
	s = image.ReplaceAllString(s, `\!$1`)
	return lineMark.ReplaceAllString(s, "$1"+text.NoBreak+"$2")
}

// wiki turns the Markdown that texts are written in into wiki markup: code,
// bold and links to the web are kept, all else becomes plain text.
func wiki(s string) string {
	var b strings.Builder
	inCode := ""
	for _, l := range strings.Split(strings.TrimSpace(text.Clean(s)), "\n") {
		m := fence.FindStringSubmatch(l)
		switch {
		case inCode == "" && m != nil:
			inCode = m[1]
			b.WriteString("{noformat}\n")
		case inCode != "" && m != nil && strings.HasPrefix(strings.TrimSpace(l), inCode):
			inCode = ""
			b.WriteString("{noformat}\n")
		case inCode != "":
			b.WriteString(strings.ReplaceAll(l, "{noformat}", "{"+text.NoBreak+"noformat}") + "\n")
		default:
			b.WriteString(wikiLine(l) + "\n")
		}
	}
	if inCode != "" {
		b.WriteString("{noformat}\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

func wikiLine(l string) string {
	var b strings.Builder
	at := 0
	for _, m := range inline.FindAllStringSubmatchIndex(l, -1) {
		part := func(n int) string {
			if m[2*n] < 0 {
				return ""
			}
			return l[m[2*n]:m[2*n+1]]
		}
		b.WriteString(escape(l[at:m[0]]))
		switch {
		case part(1) != "" && part(1) == part(3):
			b.WriteString(code(part(2)))
		case part(1) != "": // backticks that do not pair
			b.WriteString(escape(part(0)))
		case part(4) != "":
			b.WriteString("*" + escape(part(4)) + "*")
		default:
			b.WriteString(link(part(5), part(6)))
		}
		at = m[1]
	}
	b.WriteString(escape(l[at:]))
	return b.String()
}

func code(s string) string {
	s = strings.TrimSpace(text.OneLine(s))
	if s == "" {
		return ""
	}
	return "{{" + escape(s) + "}}"
}

// link is a link to the web, or plain text where the address is none.
func link(label, target string) string {
	u, err := url.Parse(strings.TrimSpace(target))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return escape(label)
	}
	addr := strings.NewReplacer("|", "%7C", "]", "%5D", "[", "%5B", "{", "%7B", "}", "%7D", " ", "%20").Replace(u.String())
	label = strings.NewReplacer("|", "/", "[", "(", "]", ")", "{", "(", "}", ")", "!", "").Replace(text.OneLine(label))
	if label == "" {
		label = "link"
	}
	return "[" + label + "|" + addr + "]"
}

func cell(s string) string {
	s = text.Cut(text.OneLine(s), 1000)
	if s == "" {
		return " " // an empty cell would join its neighbours
	}
	return wikiLine(s)
}

// markerLine is the last line of a description.
func markerLine(m trackers.Marker) string {
	return fmt.Sprintf("holdfast item %s mac %s", m.Item, m.MAC)
}

// markerLabel is what a search finds a ticket by.
func markerLabel(m trackers.Marker) string { return "holdfast-" + m.MAC[:20] }

// renderBody is the description: the item's text, the table, how it is closed,
// what was refused, the marker. When it is too long, the item's text is what
// gets shorter.
func renderBody(b trackers.Body, m trackers.Marker) string {
	var rest strings.Builder
	for _, row := range b.Table {
		v := cell(row[1])
		if l := b.Links[row[0]]; l != "" {
			v = link(row[1], l)
		} else if l := b.Links[row[1]]; l != "" {
			v = link(row[1], l)
		}
		fmt.Fprintf(&rest, "||%s|%s|\n", cell(row[0]), v)
	}
	if len(b.Table) > 0 {
		rest.WriteString("\n")
	}
	for _, p := range b.Close {
		rest.WriteString(wikiUpTo(p, 4000) + "\n\n")
	}
	if len(b.Failed) > 0 {
		rest.WriteString("Not set on this ticket: " + wikiLine(text.Cut(text.OneLine(strings.Join(b.Failed, "; ")), 4000)) + "\n\n")
	}
	if m.MAC != "" {
		rest.WriteString(markerLine(m) + "\n")
	}
	tail := strings.TrimRight(rest.String(), "\n")
	head := wikiUpTo(b.Text, maxBody-text.Len(tail)-2)
	if head == "" {
		return tail
	}
	return head + "\n\n" + tail
}

// wikiUpTo renders as much of s as fits: escapes make it longer, and a cut
// through the rendered text could leave a macro open.
func wikiUpTo(s string, room int) string {
	s = text.Cut(strings.TrimSpace(text.Clean(s)), room)
	for {
		out := wiki(s)
		long := text.Len(out)
		if long <= room {
			return out
		}
		n := text.Len(s)
		if s = text.Cut(s, min(n-16, n*room/long)); s == "" {
			return ""
		}
	}
}

// renderComment is the text of a comment. The mention is written in new
// comments only.
func (t *Tracker) renderComment(c trackers.Text, mention bool) string {
	var b strings.Builder
	if lead := strings.Trim(text.OneLine(c.Lead), "* "); lead != "" {
		b.WriteString("*" + escape(text.Cut(lead, 1000)) + "*\n\n")
	}
	for _, l := range c.Lines {
		if b.Len() > maxBody/3 { // whole paragraphs only: a cut could leave a macro open
			b.WriteString("…\n\n")
			break
		}
		if l = wikiUpTo(l, 4000); l != "" {
			b.WriteString(noCommand(l) + "\n\n")
		}
	}
	for _, w := range c.WaysOut[:min(len(c.WaysOut), 10)] {
		w = text.OneLine(w)
		if strings.HasPrefix(w, "/") {
			w = code(text.Cut(w, 250))
		} else {
			w = wikiUpTo(w, 1000)
		}
		b.WriteString("* " + w + "\n")
	}
	if len(c.WaysOut) > 0 {
		b.WriteString("\n")
	}
	tail := ""
	if who := strings.TrimPrefix(c.Mention, "@"); mention && validAccount(who) {
		if t.flavor == Cloud {
			who = "accountid:" + who
		}
		tail = "cc [~" + who + "]"
	}
	head := strings.TrimRight(b.String(), "\n")
	why := ""
	if len(c.Why) > 0 {
		room := maxBody - text.Len(head) - text.Len(tail) - 200
		var w strings.Builder
		for _, l := range c.Why {
			line := "* " + wikiLine(text.Cut(text.OneLine(l), 1000)) + "\n"
			if room -= text.Len(line); room < 0 {
				w.WriteString("* …\n")
				break
			}
			w.WriteString(line)
		}
		why = "{panel:title=Why}\n" + w.String() + "{panel}\n\n"
	}
	return strings.TrimRight(head+"\n\n"+why+tail, "\n")
}

// noCommand sees to it that no line of ours can be taken for a command.
func noCommand(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(strings.TrimSpace(l), "/holdfast") {
			lines[i] = "{{" + strings.TrimSpace(l) + "}}"
		}
	}
	return strings.Join(lines, "\n")
}

// clipLabel is a label as Jira takes it: without spaces.
func clipLabel(l string) string {
	return text.Cut(strings.Join(strings.Fields(text.Clean(l)), "-"), maxLabel)
}
