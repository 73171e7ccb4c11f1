package writeback

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// table is the part of a table that says where a link goes.
type table struct {
	columns []string // of its head, in lower case
	ticket  int      // the column for tickets, -1 if it has none
}

// ticketColumns are the heads of columns that hold tickets.
var ticketColumns = []string{"ticket", "tickets", "issue", "issues", "tracking", "tracker", "tracked in", "tracking issue", "tracking ticket", "jira", "jira ticket", "jira link", "github", "github issue", "bug", "link",
	"links", "task", "reference", "ticket link", "ticket url", "issue link", "url", "vorgang", "enlace", "lien", "チケット", "工单", "티켓", "задача", "тикет"}

// tableAt finds the table that a line is a row of.
func tableAt(lines [][]byte, at int) (table, bool) {
	if !strings.Contains(string(lines[at]), "|") {
		return table{}, false
	}
	for i := at - 1; i > 0; i-- {
		line := string(lines[i])
		if !strings.Contains(line, "|") {
			return table{}, false
		}
		if !delimiter(line) {
			continue
		}
		t := table{ticket: -1}
		for _, c := range cells(string(lines[i-1])) {
			t.columns = append(t.columns, strings.ToLower(strings.Trim(strings.TrimSpace(c.text), "*_` :")))
		}
		for i, c := range t.columns {
			if slices.Contains(ticketColumns, c) {
				t.ticket = i
				break
			}
		}
		return t, len(t.columns) > 0
	}
	return table{}, false
}

func delimiter(line string) bool {
	s := strings.TrimSpace(line)
	return strings.Contains(s, "-") && strings.Trim(s, "|-: \t\r>") == ""
}

// cell is the text between two bars, with its place in the line.
type cell struct {
	text     string
	from, to int
}

// cells takes a row apart. A bar behind a backslash, or within code, is text.
func cells(line string) []cell {
	var out []cell
	start, code := 0, false
	if lead := strings.TrimLeft(line, " \t>"); strings.HasPrefix(lead, "|") {
		start = len(line) - len(lead) + 1
	}
	body, _ := ending(line)
	for i := start; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '`':
			code = !code
		case '|':
			if !code {
				out = append(out, cell{line[start:i], start, i})
				start = i + 1
			}
		}
	}
	if start < len(body) {
		out = append(out, cell{line[start:], start, len(body)})
	}
	return out
}

// with lists the rows with the link put in: in the column for tickets where it
// is free, else behind the text of the item.
func (t table) with(line string, l Link, title string) []string {
	row := cells(line)
	link := fmt.Sprintf("[%s](%s)", l.Text, l.URL)
	if t.ticket >= 0 {
		if t.ticket >= len(row) {
			return nil // the row ends before that column
		}
		c := row[t.ticket]
		if !free(c.text) {
			return nil
		}
		return []string{line[:c.from] + " " + link + " " + line[c.to:]}
	}
	best, most := -1, 0
	for i, c := range row {
		if n := common(c.text, title); n > most {
			best, most = i, n
		}
	}
	if best < 0 {
		return nil
	}
	c := row[best]
	text := line[c.from:c.to]
	body := strings.TrimRight(text, " \t")
	pad := text[len(body):]
	var out []string
	for _, form := range []string{body + " (" + link + ")" + pad, body + " " + link + pad} {
		out = append(out, line[:c.from]+form+line[c.to:])
	}
	return out
}

// free reports whether a cell holds nothing that somebody meant.
func free(text string) bool {
	s := strings.ToLower(strings.Trim(strings.TrimSpace(text), "*_`<>[]()"))
	switch s {
	case "", "-", "--", "–", "—", "?", "tbd", "todo", "n/a", "na", "none", "tba", "open", "new", "pending", "link", "ticket":
		return true
	}
	return strings.Trim(s, "-–—_. x#") == ""
}

// common counts the words of the title that a cell holds.
func common(text, title string) int {
	split := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	}
	have := split(text)
	n := 0
	for _, w := range split(title) {
		if slices.Contains(have, w) {
			n++
		}
	}
	return n
}
