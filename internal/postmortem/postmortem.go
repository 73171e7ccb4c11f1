// Package postmortem reads a postmortem document and finds its action items,
// with what the document says of each: owner, priority, type, due date,
// service, ticket, done or not. It also finds the facts of the incident.
//
// It is pure and knows no configuration: owners and services are given as
// written, and a field on which the document is silent is nil, never a guess.
// It refuses dates that can be read in two ways, placeholders left over from
// a template, and documents of a size or nesting that no person writes.
package postmortem

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds on a document. MaxItems is far above what one review can follow up.
const (
	MaxBytes = 2 << 20
	MaxItems = 1000
)

// The errors that Parse and ParseJSON wrap.
var (
	ErrTooLarge    = errors.New("the document is too large")
	ErrUnsupported = errors.New("the kind of document is not supported")
	ErrMalformed   = errors.New("the document can't be read")
)

// Document is one parsed postmortem.
type Document struct {
	// ID is the id that the document asks for: front matter, else its file
	// name, else the slug of date and title. It may be empty.
	ID       string   `json:"id,omitempty"`
	Title    string   `json:"title,omitempty"`
	Date     string   `json:"date,omitempty"` // YYYY-MM-DD
	Severity string   `json:"severity,omitempty"`
	Services []string `json:"services,omitempty"` // as written
	Source   string   `json:"source,omitempty"`   // link from the front matter
	Draft    bool     `json:"draft,omitempty"`
	Items    []Item   `json:"items"`
	// Notes say, for a person, what was not understood: why there are no
	// items, which due date was refused.
	Notes []string `json:"notes,omitempty"`
}

// Item is one action item. Nil fields: the document is silent.
type Item struct {
	Title       string  `json:"title"`
	Text        *string `json:"text,omitempty"` // what stands below the title
	Priority    *string `json:"priority"`       // P0 to P4
	Type        *string `json:"type"`           // preventative, mitigative, other
	TypeWritten *string `json:"type_written"`   // the document's own word
	Owner       *string `json:"owner"`          // as written
	Due         *string `json:"due"`            // YYYY-MM-DD
	DueWritten  *string `json:"due_written"`    // as written, also where it is no clear date
	Service     *string `json:"service"`        // as written
	Ticket      *string `json:"ticket"`         // address, #12, owner/repo#12 or KEY-12
	Done        bool    `json:"done"`
	Line        int     `json:"line"` // from 1; 0 when there are no lines
}

// Parse reads a document. The name's extension chooses the format: .json for
// the JSON form of the API, Markdown for the rest; the name may be empty, and
// its base serves as the id where the document has none. The result depends
// on name and data alone. A document without items is no error: Notes say so.
func Parse(name string, data []byte) (Document, error) {
	if len(data) > MaxBytes {
		return Document{}, fmt.Errorf("%w: %d bytes, at most %d: split it, or leave attachments out", ErrTooLarge, len(data), MaxBytes)
	}
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".json":
		doc, err := ParseJSON(data)
		if err == nil && doc.ID == "" {
			doc.ID = firstNonEmpty(idFromName(name), Slug(doc.Date, doc.Title))
		}
		return doc, err
	case ".html", ".htm", ".org", ".yaml", ".yml", ".adoc", ".rst", ".docx", ".pdf":
		return Document{}, fmt.Errorf("%w: %s; export it as Markdown or JSON", ErrUnsupported, ext)
	}
	text, err := decode(data)
	if err != nil {
		return Document{}, err
	}
	return parseMarkdown(name, text)
}

// decode checks that the data is text, and takes off a byte order mark.
func decode(data []byte) (string, error) {
	s := strings.TrimPrefix(string(data), "\uFEFF")
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return "", fmt.Errorf("%w: it is no UTF-8 text; save it as UTF-8", ErrMalformed)
	}
	s = strings.Map(dropPrivate, s)
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.ReplaceAll(s, "\r", "\n"), nil
}

func firstNonEmpty(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// dropPrivate takes out the runes that stand for ticket links while a title
// is read.
func dropPrivate(r rune) rune {
	if unicode.Is(unicode.Co, r) {
		return -1
	}
	return r
}
