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
	"time"
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
	Owners   []string `json:"owners,omitempty"`   // of the document, as written
	Summary  string   `json:"summary,omitempty"`  // first paragraph of the summary
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

// Parse reads a document. Its format follows from the name's extension, else
// from what the text looks like: Markdown, HTML (also exports of Confluence
// and Google Docs), org, reStructuredText, MediaWiki's and Jira's markup,
// AsciiDoc, YAML, JSON, plain text. The name may be empty, and its base serves
// as the id where the document has none. The result depends on name and data
// alone. A document without items is no error: Notes say why there are none.
func Parse(name string, data []byte) (Document, error) {
	if len(data) > MaxBytes {
		return Document{}, fmt.Errorf("%w: %d bytes, at most %d: split it, or leave attachments out", ErrTooLarge, len(data), MaxBytes)
	}
	if ext := strings.ToLower(path.Ext(name)); extensions[ext] == unsupportedFormat {
		return Document{}, fmt.Errorf("%w: %s; export it as Markdown, HTML or JSON", ErrUnsupported, ext)
	}
	text, err := decode(data)
	if err != nil {
		return Document{}, err
	}
	format := formatOf(name, text)
	if format == jsonFormat {
		if doc, done, err := parseJSONFile(name, []byte(text)); done {
			return doc, err
		}
	}
	p := &parser{people: people{}, parts: map[[2]int]int{}, tables: map[int]bool{}}
	p.facts.people, p.facts.calendar = p.people, &p.calendar
	mark, front, body := "", "", text
	if format != yamlFormat && format != jsonFormat {
		mark, front, body = cutFrontMatter(text)
	}
	blocks, err := p.read(format, name, body)
	if err != nil {
		return Document{}, err
	}
	blocks = append(p.frontMatter(mark, front), blocks...)
	blocks = tidy(blocks)
	p.survey(name, text, blocks)
	p.extract(blocks)
	if len(p.doc.Items) > 0 && p.template(name, outlineText(blocks, format, text), blocks) {
		p.note(0, "this looks like a template that nobody has filled in, so none of its items counts")
		p.doc.Items = nil
	} else if len(p.doc.Items) > 0 && p.facts.date == "" && readme(blocks) {
		p.note(0, "this looks like the description of a project, which tells of no incident, so none of its items counts")
		p.doc.Items = nil
	}
	p.explain()
	p.settle(name)
	return p.doc, nil
}

// read makes the outline of a document.
func (p *parser) read(f format, name, text string) ([]block, error) {
	if f != htmlFormat {
		if err := checkWork(text); err != nil {
			return nil, err
		}
	}
	switch f {
	case htmlFormat:
		blocks, title, err := readHTML(text, 1)
		p.pageTitle = title
		return blocks, err
	case orgFormat:
		return readOrg(text), nil
	case rstFormat:
		return readRST(text), nil
	case wikitextFormat:
		return readWikitext(text), nil
	case jiraFormat:
		return readJira(text), nil
	case asciidocFormat:
		return readAsciidoc(text), nil
	case textFormat:
		return readText(text), nil
	case yamlFormat:
		d, err := readYAML(text, 1)
		if err != nil && extensions[strings.ToLower(path.Ext(name))] != yamlFormat {
			return readText(text), nil // it only looked like YAML
		}
		return readData(d), err
	case jsonFormat:
		d, err := readJSONData([]byte(text))
		return readData(d), err
	}
	return readMarkdown(text)
}

// The facts stand at the top: so much is looked at before the items.
const (
	maxSurvey   = 32 << 10 // bytes
	maxSurveyed = 200      // blocks, and entries of a list
)

// survey learns, before the items are read, what they may refer to: the day of
// the incident and the order of its dates.
func (p *parser) survey(name, text string, blocks []block) {
	p.calendar.learn(text[:min(len(text), maxSurvey)])
	p.calendar.dotted = p.calendar.dotted || p.calendar.dots && dottedWords.get().MatchString(text[:min(len(text), maxSurvey)])
	ahead := parser{people: p.people}
	ahead.facts = p.facts
	for _, b := range blocks[:min(len(blocks), maxSurveyed)] {
		switch b.kind {
		case headingBlock:
			r := render(b.inline())
			ahead.facts.heading(b.level, r.line())
		case paragraphBlock:
			r := render(b.inline())
			for l := range strings.SplitSeq(r.plain(r.text), "\n") {
				ahead.facts.line(l)
			}
		case listBlock:
			b.entries = b.entries[:min(len(b.entries), maxSurveyed)]
			ahead.factList(b)
		case tableBlock:
			if len(b.rows) > 0 {
				if _, ok := layoutOf(headerNames(b.rows[0]), false); !ok {
					ahead.factTable(b)
				}
			}
		}
	}
	ahead.facts.dateFromName(name)
	if t, err := time.Parse(time.DateOnly, ahead.facts.date); err == nil {
		p.calendar.day = t
	}
	if p.facts.title == "" && ahead.facts.title == "" && p.pageTitle != "" && !placeholder(p.pageTitle) {
		p.facts.title = clip(p.pageTitle, maxTitle)
	}
}

// dottedWords are small words of languages in which 01.12.2026 is the first
// of December.
var dottedWords = lazy(`(?i)\b(?:und|der|wurde|nicht|czy|oraz|został[ao]?|není|bylo|oli|että|ikke|blev|ble|için|olarak)\b|[а-яё]{4,}|[äöüßåøæěščřžůąęłńśźżğışő]`)

// decode checks that the data is text, and takes off a byte order mark.
func decode(data []byte) (string, error) {
	s := strings.TrimPrefix(string(data), "\uFEFF")
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return "", fmt.Errorf("%w: it is no UTF-8 text; save it as UTF-8", ErrMalformed)
	}
	if mayBePrivate(s) {
		s = strings.Map(dropPrivate, s)
	}
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

// mayBePrivate is a quick look at the bytes with which such runes start.
func mayBePrivate(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0xee && c != 0xf0 || c == 0xe2 && i+2 < len(s) && s[i+1] == 0x81 {
			return true
		}
	}
	return false
}

// dropPrivate takes out the runes that stand for ticket links while a title
// is read.
func dropPrivate(r rune) rune {
	if unicode.Is(unicode.Co, r) || r == '\u2060' {
		return -1
	}
	return r
}
