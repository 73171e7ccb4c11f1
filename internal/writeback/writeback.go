// Package writeback puts the links of tickets into the Markdown document that
// named their action items: into the cell of a table, or behind an entry of a
// list. It is pure: text in, text out. Every other byte stays as it is, and a
// link is only put where the document reads the same afterwards, but for the
// ticket; where no such place is found it says so and changes nothing.
package writeback

import (
	"bytes"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// Link is the ticket of one item of the document.
type Link struct {
	Item int    // index among the items that are read from the document
	Text string // as people call the ticket: acme/checkout#12, PAY-12
	URL  string
}

// Edit is one line that is another one now.
type Edit struct {
	Line     int // from 1
	Old, New string
}

// Skip is a link that was not put in, and why.
type Skip struct {
	Link Link
	Why  string
}

// Possible reports whether documents of this name can be written to.
func Possible(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown", ".mdown", ".mkd":
		return true
	}
	return false
}

// Apply puts the links in. An item that names a ticket already is left alone.
func Apply(name string, data []byte, links []Link) (out []byte, edits []Edit, skipped []Skip, err error) {
	before, err := postmortem.Parse(name, data)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("reading %s: %w", name, err)
	}
	w := writer{name: name, lines: split(data), want: before.Items}
	for _, l := range links {
		if l.Item < 0 || l.Item >= len(before.Items) {
			return nil, nil, nil, fmt.Errorf("%s has no item %d", name, l.Item+1)
		}
		item := before.Items[l.Item]
		switch {
		case item.Ticket != nil && strings.TrimSpace(*item.Ticket) != "":
		case !plain(l):
			skipped = append(skipped, Skip{l, "its address cannot stand in a document"})
		case item.Line < 1 || item.Line > len(w.lines):
			skipped = append(skipped, Skip{l, "the line of the item cannot be told"})
		case !w.put(l, item.Line-1):
			skipped = append(skipped, Skip{l, "no place was found where the document would read the same"})
		}
	}
	slices.SortFunc(w.edits, func(a, b Edit) int { return a.Line - b.Line })
	return bytes.Join(w.lines, []byte("\n")), w.edits, skipped, nil
}

// plain reports whether a link can be written without being taken for markup.
func plain(l Link) bool {
	return (strings.HasPrefix(l.URL, "https://") || strings.HasPrefix(l.URL, "http://")) && !strings.ContainsAny(l.URL, " \t\r\n()<>|\"`\\") &&
		l.Text != "" && !strings.ContainsAny(l.Text, "[]()|\r\n`\\<>")
}

func split(data []byte) [][]byte {
	return bytes.Split(slices.Clone(data), []byte("\n"))
}

// writer is the work on one document.
type writer struct {
	name  string
	lines [][]byte
	want  []postmortem.Item // what must still be read, with the tickets put in so far
	edits []Edit
}

// furtherLines is how far an entry that goes over several lines is followed.
const furtherLines = 6

// put tries the places for a link, the most usual first.
func (w *writer) put(l Link, at int) bool {
	if t, ok := tableAt(w.lines, at); ok {
		for _, line := range t.with(string(w.lines[at]), l, w.want[l.Item].Title) {
			if w.try(l, at, line) {
				return true
			}
		}
		return false
	}
	for i := at; i < min(at+furtherLines, len(w.lines)); i++ {
		text := string(w.lines[i])
		if i > at && (strings.TrimSpace(text) == "" || starts(text)) {
			break
		}
		body, end := ending(text)
		for _, form := range []string{" ([%s](%s))", " [%s](%s)"} {
			if w.try(l, i, body+fmt.Sprintf(form, l.Text, l.URL)+end) {
				return true
			}
		}
	}
	return false
}

// ending splits a line at the blanks and the carriage return at its end.
func ending(line string) (body, end string) {
	body = strings.TrimRight(line, " \t\r")
	return body, line[len(body):]
}

// starts reports whether a line begins an entry of its own.
func starts(line string) bool {
	s := strings.TrimLeft(line, " \t>")
	return strings.HasPrefix(s, "- ") || strings.HasPrefix(s, "* ") || strings.HasPrefix(s, "+ ") || strings.HasPrefix(s, "#") || strings.HasPrefix(s, "|") ||
		strings.TrimLeft(s, "0123456789") != s && strings.IndexAny(strings.TrimLeft(s, "0123456789"), ".)") == 0
}

// try puts a line in the place of another, and keeps it if the document then
// reads as it should.
func (w *writer) try(l Link, at int, line string) bool {
	old := w.lines[at]
	if string(old) == line {
		return false
	}
	w.lines[at] = []byte(line)
	doc, err := postmortem.Parse(w.name, bytes.Join(w.lines, []byte("\n")))
	if err != nil || !w.same(doc.Items, l) {
		w.lines[at] = old
		return false
	}
	w.want = doc.Items
	for i, e := range w.edits {
		if e.Line == at+1 { // two items of one line
			w.edits[i].New = line
			return true
		}
	}
	w.edits = append(w.edits, Edit{Line: at + 1, Old: string(old), New: line})
	return true
}

// same reports whether only the ticket of one item is new.
func (w *writer) same(now []postmortem.Item, l Link) bool {
	if len(now) != len(w.want) {
		return false
	}
	for i, item := range now {
		was := w.want[i]
		if i == l.Item {
			if item.Ticket == nil || !strings.Contains(*item.Ticket, l.URL) && !strings.HasSuffix(*item.Ticket, l.Text) {
				return false
			}
			was.Ticket = item.Ticket
		}
		if !reflect.DeepEqual(item, was) {
			return false
		}
	}
	return true
}
