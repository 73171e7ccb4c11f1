package report

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// teamsSize is how large a card may be, in bytes: a workflow of Microsoft Teams
// takes 28 KB.
const teamsSize = 26 << 10

// teamsVersion is the version of the schema that brought tables and headings.
const teamsVersion = "1.5"

type card map[string]any

// Teams renders reports as an Adaptive Card in the envelope that a workflow of
// Microsoft Teams takes. Sections that do not fit are left out with a word.
// again says that the same may have come before.
func Teams(d Digest, again bool) []byte {
	return teamsOf(document(d), again, "More than fits here: `holdfast report` prints all of it.")
}

// teamsOf renders blocks as a card, and ends it with more where they do not fit.
func teamsOf(blocks []block, again bool, more string) []byte {
	var body []card
	if again {
		body = append(body, teamsText(mayRepeat, card{"isSubtle": true}))
	}
	left := teamsSize
	for _, b := range blocks {
		cards := teamsBlock(b)
		if b.kind == table && cardSize(cards[0]) > left {
			b = unlinked(b)
			cards = teamsBlock(b)
		}
		for _, c := range cards {
			n := cardSize(c)
			if n > left {
				if b.kind == table {
					body = append(body, firstRows(c, left)...)
				}
				return teamsMessage(append(body, teamsText(more, nil)))
			}
			left -= n
			body = append(body, c)
		}
	}
	return teamsMessage(body)
}

// cardSize is what an element adds to the message, its comma included.
func cardSize(c card) int {
	raw, _ := json.Marshal(c) // strings and numbers
	return len(raw) + 1
}

// unlinked is a table without the links behind its numbers, which are most of
// its size.
func unlinked(b block) block {
	rows := make([][][]span, len(b.rows))
	for i, row := range b.rows {
		for _, cell := range row {
			plain := slices.Clone(cell)
			for j := range plain {
				plain[j].link = ""
			}
			rows[i] = append(rows[i], plain)
		}
	}
	b.rows = rows
	return b
}

// firstRows is as much of a table as fits; nothing where not even one row does.
func firstRows(c card, left int) []card {
	rows, _ := c["rows"].([]card)
	cut := maps.Clone(c)
	cut["rows"] = []card{}
	left -= cardSize(cut)
	n := 0
	for ; n < len(rows) && cardSize(rows[n]) <= left; n++ {
		left -= cardSize(rows[n])
	}
	if n < 2 { // the names of the columns alone
		return nil
	}
	cut["rows"] = rows[:n]
	return []card{cut}
}

func teamsMessage(body []card) []byte {
	b, _ := json.Marshal(card{"type": "message", "attachments": []card{{
		"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil,
		"content": card{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": teamsVersion, "msteams": card{"width": "Full"}, "body": body},
	}}})
	return b
}

func teamsText(text string, more card) card {
	c := card{"type": "TextBlock", "wrap": true, "text": text}
	for k, v := range more {
		c[k] = v
	}
	return c
}

func teamsBlock(b block) []card {
	switch b.kind {
	case heading:
		size := map[int]string{1: "Large", 2: "Medium"}[b.level]
		if size == "" {
			size = "Default"
		}
		return []card{teamsText(teamsSpans(b.spans), card{"size": size, "weight": "Bolder", "style": "heading"})}
	case paragraph:
		return []card{teamsText(teamsSpans(b.spans), nil)}
	case list:
		var out []card
		for _, it := range b.items {
			out = append(out, teamsText("- "+teamsSpans(it), card{"spacing": "Small"}))
		}
		return out
	case chart:
		return teamsBlock(weeksTable(b.points))
	case table:
		var columns []card
		for i := range b.header {
			columns = append(columns, card{"width": map[bool]int{true: 3, false: 1}[i == 0]})
		}
		var head [][]span
		for _, h := range b.header {
			head = append(head, []span{{text: h, bold: true}})
		}
		var rows []card
		for _, r := range append([][][]span{head}, b.rows...) {
			var cells []card
			for _, c := range r {
				cells = append(cells, card{"type": "TableCell", "items": []card{teamsText(teamsSpans(c), nil)}})
			}
			rows = append(rows, card{"type": "TableRow", "cells": cells})
		}
		return []card{{"type": "Table", "columns": columns, "rows": rows}}
	}
	return nil
}

// teamsSpans writes the small Markdown of cards. What a card has no escape for
// is replaced by a character that looks like it.
func teamsSpans(spans []span) string {
	safe := strings.NewReplacer("\\", "\\\\", "*", "\u2217", "_", "\uff3f", "[", "\uff3b", "]", "\uff3d", "<", "\u2039", ">", "\u203a", "&", "\uff06", "`", "'", "@", "@\u200b", "~", "\u223c", "#", "#\u200b", "://", ":\u200b//", "{{", "{\u200b{")
	var b strings.Builder
	for _, s := range spans {
		text := safe.Replace(oneLine(s.text))
		inner := strings.TrimSpace(text)
		if s.bold && inner != "" {
			inner = "**" + inner + "**"
		}
		if u, err := url.Parse(s.link); s.link != "" && inner != "" && err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			inner = "[" + inner + "](" + strings.NewReplacer("(", "%28", ")", "%29", " ", "%20").Replace(u.String()) + ")"
		}
		if strings.HasPrefix(text, " ") {
			inner = " " + inner
		}
		if strings.HasSuffix(text, " ") {
			inner += " "
		}
		b.WriteString(inner)
	}
	out := strings.TrimSpace(b.String())
	if out == "" {
		return " " // a card refuses an empty text
	}
	return out
}
