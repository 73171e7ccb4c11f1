package postmortem

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// facts are what the document says of the incident. The front matter comes
// first, then the first place that names a fact.
type facts struct {
	id, title, date, severity, source string
	services                          []string
	draft                             bool
}

var (
	factKeys = map[string]string{
		"title": "title", "incident title": "title", "id": "id", "incident id": "id", "postmortem id": "id",
		"date": "date", "incident date": "date", "date of incident": "date", "date of the incident": "date", "incident_date": "date", "occurred": "date", "occurred on": "date", "日付": "date", "発生日": "date", "发生日期": "date",
		"severity": "severity", "sev": "severity", "incident severity": "severity", "severity level": "severity", "重大度": "severity",
		"service": "services", "services": "services", "affected service": "services", "affected services": "services", "affected_services": "services", "service(s)": "services", "service(s) affected": "services", "services affected": "services", "impacted services": "services", "component": "services", "components": "services",
		"source": "source", "url": "source", "link": "source", "draft": "draft", "status": "status", "state": "status",
	}
	comma = regexp.MustCompile(`\s*(?:[,;、，]|\s+and\s+|\n)\s*`)
)

// fact takes one value, unless the fact is known or the value says nothing.
func (f *facts) fact(key, value string) {
	value = strings.Trim(strings.TrimSpace(value), "*`")
	if value == "" || len(value) > 1000 || isBlank(value) || bracketed.MatchString(value) {
		return
	}
	switch factKeys[fold(key)] {
	case "id":
		set(&f.id, CleanID(value))
	case "title":
		set(&f.title, clip(strings.ReplaceAll(value, "\n", " "), maxTitle))
	case "date":
		if d, ok := Date(value); ok {
			set(&f.date, d)
		}
	case "severity":
		if len(value) <= 60 && strings.Count(value, "/") < 2 && strings.Count(value, "|") < 2 { // else a template's choice
			set(&f.severity, value)
		}
	case "services":
		if f.services == nil {
			for _, s := range comma.Split(value, 50) {
				if s = strings.Trim(s, "`* \t."); s != "" && !isBlank(s) && len(s) <= maxField {
					f.services = append(f.services, s)
				}
			}
		}
	case "source":
		if strings.HasPrefix(value, "http://") || strings.HasPrefix(value, "https://") {
			set(&f.source, value)
		}
	case "draft":
		f.draft = f.draft || fold(value) == "true" || fold(value) == "yes"
	case "status":
		f.draft = f.draft || fold(value) == "draft"
	}
}

func set(to *string, value string) {
	if *to == "" {
		*to = value
	}
}

// heading takes the first heading of level 1 for the title.
func (f *facts) heading(level int, words string) {
	name, _ := headingName(words)
	if level == 1 && !placeholder(words) && !sectionName.MatchString(name) && !opens(name) {
		set(&f.title, clip(strings.ReplaceAll(words, "\n", " "), maxTitle))
	}
}

// sectionName matches headings that are no title, in documents where all
// headings have level 1.
var sectionName = regexp.MustCompile(`^(?:metadata|overview|(?:executive |incident )?summary|(?:events ?/ ?)?timeline|background|impact|root causes?|cause|introduction)$`)

// line takes "Date: 2026-11-20".
func (f *facts) line(s string) {
	i := strings.IndexAny(s, ":：")
	if i <= 0 || i > 40 {
		return
	}
	f.fact(s[:i], strings.TrimLeft(s[i:], ":： "))
}

func (p *parser) factLines(n *ast.Paragraph) {
	r := p.render(n)
	for l := range strings.SplitSeq(r.plain(r.text), "\n") {
		p.facts.line(l)
	}
}

func (p *parser) factList(n *ast.List) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c.FirstChild() != nil && c.FirstChild() == c.LastChild() {
			r := p.render(c.FirstChild())
			p.facts.line(r.plain(r.text))
		}
	}
}

// factTable takes a table of two columns, key and value, the header being a
// row like the others, and a table with one row whose headers are the keys.
func (p *parser) factTable(n *extast.Table) {
	names := p.headerNames(n)
	if len(names) == 2 {
		p.facts.fact(names[0], names[1])
	}
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		if row.Kind() != extast.KindTableRow || row.FirstChild() == nil {
			continue
		}
		switch key := p.render(row.FirstChild()); {
		case len(names) == 2 && row.FirstChild().NextSibling() != nil:
			value := p.render(row.FirstChild().NextSibling())
			p.facts.fact(strings.Trim(key.plain(key.text), ":： "), value.plain(value.text))
		case len(names) > 2 && n.ChildCount() == 2:
			i := 0
			for c := row.FirstChild(); c != nil && i < len(names); c = c.NextSibling() {
				value := p.render(c)
				p.facts.fact(names[i], value.plain(value.text))
				i++
			}
		}
	}
}

// labelOnly reports whether a paragraph is a line that serves as a heading:
// one short line wholly in bold, or the bare words "Action items" above a
// list or table.
func (p *parser) labelOnly(n *ast.Paragraph) (string, bool) {
	r := p.render(n)
	words := r.plain(r.text)
	if words == "" || len(words) > 80 || strings.Contains(words, "\n") {
		return "", false
	}
	if e, ok := soleChild(n).(*ast.Emphasis); ok && e.Level == 2 {
		return strings.Trim(words, "[] "), true
	}
	switch n.NextSibling().(type) {
	case *ast.List, *extast.Table:
		name, _ := headingName(words)
		return words, opens(name) && !strings.HasSuffix(words, ".")
	}
	return "", false
}

// settle puts the facts into the document.
func (p *parser) settle(name string) {
	f, d := p.facts, &p.doc
	// Many name the file or the title after the day.
	base := name[strings.LastIndexAny(name, `/\`)+1:]
	for _, s := range []string{base, f.title} {
		if len(s) > 10 && f.date == "" && strings.IndexByte("-_, :.", s[10]) >= 0 {
			f.date, _ = Date(s[:10])
		}
	}
	d.Title, d.Date, d.Severity, d.Services, d.Source, d.Draft = f.title, f.date, f.severity, f.services, f.source, f.draft
	d.ID = firstNonEmpty(f.id, idFromName(name), Slug(d.Date, d.Title))
	if d.Items == nil {
		d.Items = []Item{}
	}
}
