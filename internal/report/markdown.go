package report

import (
	"net/url"
	"strings"
)

// Markdown renders reports as GitHub's Markdown. Foreign text cannot make
// markup, mention anybody or leave its line.
func Markdown(d Digest) string {
	var b strings.Builder
	for _, bl := range document(d) {
		switch bl.kind {
		case heading:
			b.WriteString(strings.Repeat("#", bl.level) + " " + mdSpans(bl.spans) + "\n\n")
		case paragraph:
			b.WriteString(mdSpans(bl.spans) + "\n\n")
		case list:
			for _, it := range bl.items {
				b.WriteString("* " + mdSpans(it) + "\n")
			}
			b.WriteByte('\n')
		case table:
			mdTable(&b, bl)
		case chart:
			mdTable(&b, weeksTable(bl.points))
		case fold:
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func mdTable(b *strings.Builder, t block) {
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	var head, rule []string
	for i, h := range t.header {
		head = append(head, mdText(h, false))
		rule = append(rule, map[bool]string{true: "---", false: "---:"}[i == 0])
	}
	line(head)
	line(rule)
	for _, r := range t.rows {
		var cells []string
		for _, c := range r {
			cells = append(cells, mdSpans(c))
		}
		line(cells)
	}
	b.WriteByte('\n')
}

func mdSpans(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		text := mdText(oneLine(s.text), s.link != "")
		lead, trail := text[:len(text)-len(strings.TrimLeft(text, " "))], text[len(strings.TrimRight(text, " ")):]
		text = strings.TrimSpace(text)
		switch {
		case text == "":
		case s.code:
			// Our own words, without backticks and bars.
			text = "`" + strings.TrimSpace(oneLine(s.text)) + "`"
		case s.bold:
			text = "**" + text + "**"
		}
		if s.link != "" && text != "" {
			text = "[" + text + "](" + mdAddress(s.link) + ")"
		}
		if text == "" {
			trail = ""
		}
		b.WriteString(lead + text + trail)
	}
	return strings.TrimSpace(b.String())
}

// mdText escapes whatever Markdown could read as markup. A name that follows
// an @, and a number that follows a #, are parted from it by a character that
// nobody sees: GitHub looks for them after the escapes are gone.
func mdText(s string, inLink bool) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '#' && inLink:
			b.WriteRune(r)
			continue
		case strings.ContainsRune("\\`*_{}[]()<>#!|~&$^=", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case (r == '+' || r == '-' || r == '.') && strings.TrimSpace(strings.Trim(s[:i], "0123456789")) == "":
			b.WriteByte('\\') // at the start of a line it makes a list
			b.WriteRune(r)
		case r == ':' && strings.HasPrefix(s[i:], "://"):
			b.WriteString(":\u200b") // no link that the text made by itself
			continue
		default:
			b.WriteRune(r)
		}
		if r == '@' || r == '#' {
			b.WriteString("\u200b")
		}
	}
	return strings.ReplaceAll(b.String(), "www.", "www\u200b.")
}

func mdAddress(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "#"
	}
	return strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "|", "%7C", " ", "%20", "\\", "%5C", "`", "%60").Replace(u.String())
}
