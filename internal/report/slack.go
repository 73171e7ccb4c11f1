package report

import (
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"
)

// The limits of Slack's Block Kit.
const (
	slackBlocks  = 49   // in one message: Slack takes 50, and one is left for Again
	slackSection = 3000 // characters of a section's text
	slackHeader  = 150  // characters of a header
	slackChars   = 38000
)

// SlackMessage is one message in Slack's Block Kit.
type SlackMessage struct {
	Text   string       `json:"text"` // what a notification shows
	Blocks []slackBlock `json:"blocks"`
	// Unfurling would fetch every ticket.
	UnfurlLinks bool `json:"unfurl_links"`
	UnfurlMedia bool `json:"unfurl_media"`
}

type slackBlock struct {
	Type string     `json:"type"`
	Text *slackText `json:"text,omitempty"`
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
	// Verbatim keeps Slack from making links and mentions of plain words.
	Verbatim bool `json:"verbatim,omitempty"`
}

// Slack renders reports as messages: the first is what to act on, the others
// are the detail, for its thread.
func Slack(d Digest) []SlackMessage { return slackOf(d.Title(), document(d)) }

// SlackWhole renders reports as one message, for a webhook, which can't write
// into a thread. What does not fit is left out with a word.
func SlackWhole(d Digest) SlackMessage {
	all := slackOf(d.Title(), unfolded(document(d)))
	m := all[0]
	if len(all) > 1 {
		m.Blocks = append(m.Blocks[:min(len(m.Blocks), slackBlocks-1)], slackSectionOf("_More than fits here: `holdfast report` prints all of it._"))
	}
	return m
}

// unfolded drops the folds: all goes into one message.
func unfolded(blocks []block) []block {
	out := make([]block, 0, len(blocks))
	for _, b := range blocks {
		if b.kind != fold {
			out = append(out, b)
		}
	}
	return out
}

func slackOf(title string, blocks []block) []SlackMessage {
	var out []SlackMessage
	var now *SlackMessage
	size := 0
	open := func() {
		out = append(out, SlackMessage{Text: slackEscape(oneLine(title))})
		now, size = &out[len(out)-1], 0
	}
	open()
	add := func(b slackBlock, n int) {
		if len(now.Blocks) >= slackBlocks || size+n > slackChars {
			open()
		}
		now.Blocks, size = append(now.Blocks, b), size+n
	}
	section := func(text string) {
		for _, part := range cutLines(text, slackSection) {
			add(slackSectionOf(part), len(part))
		}
	}
	for _, b := range blocks {
		switch b.kind {
		case heading:
			if b.level == 1 {
				t := short(oneLine(b.spans[0].text), slackHeader)
				add(slackBlock{Type: "header", Text: &slackText{Type: "plain_text", Text: t}}, len(t))
				continue
			}
			section("*" + slackSpans(b.spans) + "*")
		case paragraph:
			section(slackSpans(b.spans))
		case list:
			var lines []string
			for _, it := range b.items {
				lines = append(lines, short("• "+slackSpans(it), slackSection))
			}
			section(strings.Join(lines, "\n"))
		case table, chart:
			if b.kind == chart {
				b = weeksTable(b.points)
			}
			var t strings.Builder
			writeTable(&t, b)
			// Tables stand in a code block: Slack has no others. The links
			// behind the numbers are in the other forms.
			for _, part := range cutLines(strings.TrimRight(strings.ReplaceAll(slackEscape(t.String()), "`", "'"), "\n"), slackSection-8) {
				add(slackSectionOf("```\n"+part+"\n```"), len(part))
			}
		case fold:
			open()
		}
	}
	return out
}

// Again says on the message, and in its notification, that the same may have
// come before.
func (m SlackMessage) Again() SlackMessage {
	m.Text += " (" + mayRepeat + ")"
	m.Blocks = append([]slackBlock{slackSectionOf("_" + mayRepeat + "_")}, m.Blocks...)
	return m
}

func slackSectionOf(text string) slackBlock {
	return slackBlock{Type: "section", Text: &slackText{Type: "mrkdwn", Text: text, Verbatim: true}}
}

// slackEscape escapes the three characters by which Slack makes links,
// mentions and commands such as <!here>, and parts names from their @.
func slackEscape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@\u200b").Replace(s)
}

// slackWord is slackEscape for text that is not to make bold, italic, struck
// out or code either.
func slackWord(s string) string {
	return strings.NewReplacer("*", "\u2217", "_", "\uff3f", "~", "\u223c", "`", "'").Replace(slackEscape(s))
}

func slackSpans(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		raw := oneLine(s.text)
		text := slackWord(raw)
		inner := strings.TrimSpace(text)
		switch {
		case inner == "":
		case s.code:
			inner = "`" + strings.TrimSpace(slackEscape(raw)) + "`"
		case s.link != "":
			if u, err := url.Parse(s.link); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
				inner = "<" + strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", "&", "&amp;").Replace(u.String()) + "|" + inner + ">"
			}
		}
		if s.bold && inner != "" {
			inner = "*" + inner + "*"
		}
		if strings.HasPrefix(raw, " ") {
			inner = " " + inner
		}
		if strings.HasSuffix(raw, " ") {
			inner += " "
		}
		b.WriteString(inner)
	}
	return strings.TrimSpace(b.String())
}

// cutLines cuts a text at line ends into parts of at most n characters.
func cutLines(s string, n int) []string {
	var out []string
	var now strings.Builder
	size := 0
	for _, line := range strings.Split(s, "\n") {
		line = short(line, n)
		length := utf8.RuneCountInString(line)
		if size > 0 && size+1+length > n {
			out = append(out, now.String())
			now.Reset()
			size = 0
		}
		if size > 0 {
			now.WriteByte('\n')
			size++
		}
		now.WriteString(line)
		size += length
	}
	if size > 0 {
		out = append(out, now.String())
	}
	return out
}

// JSON is the message as it goes over the wire.
func (m SlackMessage) JSON() []byte {
	b, _ := json.Marshal(m) // strings and booleans
	return b
}
