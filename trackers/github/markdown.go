package github

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

// The limits of GitHub, in characters.
const (
	maxTitle = 256
	maxBody  = 65536
	maxLabel = 50
)

var (
	autolink  = regexp.MustCompile(`^<(?:https?://|mailto:)[^\s<>]*>`)
	atEntity  = regexp.MustCompile(`^&(?i:#0*64|#x0*40|commat);`)
	fenceLine = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})(.*)$")
	longFence = regexp.MustCompile("`{61,}|~{61,}")
	itemID    = regexp.MustCompile(`^[\pL\pN][\pL\pN._/+@~-]*$`)
)

// harmless keeps s as Markdown but takes its power to notify people, to hide
// text and to pass for a marker: @names, comments and raw HTML are broken by a
// character that nobody sees. Code stays readable, unlike with entities.
func harmless(s string) string {
	s = text.Clean(s)
	if !strings.ContainsAny(s, "@<&") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	autolinkEnd := 0
	address := false // an address began since the last white space
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == ' ' || c == '\n' || c == '\t':
			address = false
		case c == ':' && strings.HasPrefix(s[i:], "://"):
			address = true
		}
		next := byte(0)
		if i+1 < len(s) {
			next = s[i+1]
		}
		name := c == '@' && alnum(next) && (i == 0 || !alnum(s[i-1]))
		if name && address {
			b.WriteString("%40") // the same address, and no name
			continue
		}
		b.WriteByte(c)
		switch {
		case name:
			b.WriteString(text.NoBreak)
		case i < autolinkEnd:
		case c == '<' && (alpha(next) || next == '/' || next == '!' || next == '?'):
			if m := autolink.FindString(s[i:]); m != "" {
				autolinkEnd = i + len(m)
			} else {
				b.WriteString(text.NoBreak)
			}
		case c == '&' && atEntity.MatchString(s[i:min(len(s), i+40)]):
			b.WriteString(text.NoBreak)
		}
	}
	return b.String()
}

func alpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func alnum(c byte) bool { return alpha(c) || c >= '0' && c <= '9' }

// closeFences ends a code block that s leaves open, which would swallow what
// follows it.
func closeFences(s string) string {
	s = longFence.ReplaceAllStringFunc(s, func(f string) string { return f[:60] })
	open := ""
	for line := range strings.Lines(s) {
		m := fenceLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		switch {
		case m == nil:
		case open == "":
			if m[1][0] == '~' || !strings.Contains(m[2], "`") {
				open = m[1]
			}
		case m[1][0] == open[0] && len(m[1]) >= len(open) && strings.TrimSpace(m[2]) == "":
			open = ""
		}
	}
	if open == "" {
		return s
	}
	return strings.TrimRight(s, "\n") + "\n" + open
}

// code is s in a code span, whatever backticks it holds.
func code(s string) string {
	s = strings.ReplaceAll(text.OneLine(s), "<!--", "<"+text.NoBreak+"!--")
	if s == "" {
		return ""
	}
	longest, run := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	f := strings.Repeat("`", longest+1)
	if longest > 0 {
		return f + " " + s + " " + f
	}
	return f + s + f
}

func cell(s string) string {
	return strings.ReplaceAll(harmless(text.Cut(text.OneLine(s), 1000)), "|", "\\|")
}

func link(label, target string) string {
	u, err := url.Parse(strings.TrimSpace(target))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return cell(label)
	}
	esc := strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "|", "%7C", "@", "%40", " ", "%20")
	return "[" + strings.NewReplacer("[", "\\[", "]", "\\]").Replace(cell(label)) + "](" + esc.Replace(u.String()) + ")"
}

func marker(m trackers.Marker) string {
	return fmt.Sprintf("<!-- holdfast:item=%s mac=%s -->", m.Item, m.MAC)
}

// renderBody is the text of a ticket: the item's text, the table, how it is
// closed, what was refused, the marker. When it is too long, the item's text
// is what gets shorter.
func renderBody(b trackers.Body, m trackers.Marker) string {
	var rest strings.Builder
	if len(b.Table) > 0 {
		rest.WriteString("| | |\n| --- | --- |\n")
		for _, row := range b.Table {
			v := cell(row[1])
			if l := b.Links[row[0]]; l != "" {
				v = link(row[1], l)
			} else if l := b.Links[row[1]]; l != "" {
				v = link(row[1], l)
			}
			fmt.Fprintf(&rest, "| %s | %s |\n", cell(row[0]), v)
		}
		rest.WriteString("\n")
	}
	for _, p := range b.Close {
		rest.WriteString(text.Cut(harmless(p), 4000) + "\n\n")
	}
	if len(b.Failed) > 0 {
		rest.WriteString("Not set on this ticket: " + harmless(text.Cut(text.OneLine(strings.Join(b.Failed, "; ")), 4000)) + "\n\n")
	}
	if m.MAC != "" {
		rest.WriteString(marker(m) + "\n")
	}
	tail := strings.TrimRight(rest.String(), "\n")
	head := strings.TrimSpace(harmless(text.Cut(b.Text, maxBody)))
	if head == "" {
		return tail
	}
	// 90: a fence that must be closed, and the blank lines.
	if room := maxBody - text.Len(tail) - 90; text.Len(head) > room {
		head = text.Cut(head, room)
	}
	return closeFences(head) + "\n\n" + tail
}

// renderComment is the text of a comment. The mention is written in new
// comments only; an edit would notify nobody but could be taken to.
func renderComment(t trackers.Text, mention bool) string {
	var b strings.Builder
	para := func(s string) {
		if s != "" {
			b.WriteString(s + "\n\n")
		}
	}
	if lead := strings.Trim(text.OneLine(t.Lead), "* "); lead != "" {
		para("**" + harmless(lead) + "**")
	}
	for _, l := range t.Lines {
		if b.Len() > maxBody/2 { // whole paragraphs only: a cut could leave a code block open
			para("…")
			break
		}
		para(noCommand(closeFences(strings.TrimSpace(harmless(text.Cut(l, 8000))))))
	}
	for _, w := range t.WaysOut[:min(len(t.WaysOut), 10)] {
		w = text.Cut(text.OneLine(w), 1000)
		if strings.HasPrefix(w, "/") {
			w = code(w)
		} else {
			w = harmless(w)
		}
		b.WriteString("- " + w + "\n")
	}
	if len(t.WaysOut) > 0 {
		b.WriteString("\n")
	}
	tail := ""
	if who := strings.TrimPrefix(t.Mention, "@"); mention && loginName.MatchString(who) {
		tail += "cc @" + who + "\n\n"
	}
	if t.Marker != "" {
		tail += hidden(t.Marker) + "\n"
	}
	head := strings.TrimRight(b.String(), "\n")
	why := ""
	if len(t.Why) > 0 {
		var w strings.Builder
		room := maxBody - text.Len(head) - text.Len(tail) - 200
		for _, l := range t.Why {
			line := "- " + harmless(text.Cut(text.OneLine(l), 2000)) + "\n"
			if room -= text.Len(line); room < 0 {
				w.WriteString("- …\n")
				break
			}
			w.WriteString(line)
		}
		why = "<details><summary>Why</summary>\n\n" + w.String() + "\n</details>\n\n"
	}
	return strings.TrimRight(head+"\n\n"+why+tail, "\n")
}

// hidden writes a marker where nobody reads it.
func hidden(m string) string {
	return "<!-- " + strings.NewReplacer("<", "", ">", "", "--", "").Replace(text.OneLine(m)) + " -->"
}

// noCommand sees to it that no line of ours can be taken for a command.
func noCommand(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(strings.TrimSpace(l), "/holdfast") {
			lines[i] = code(l)
		}
	}
	return strings.Join(lines, "\n")
}

// clipLabel is a label as GitHub takes it.
func clipLabel(l string) string { return text.Cut(text.OneLine(l), maxLabel) }
