package postmortem

import (
	"slices"
	"strings"
	"unicode"
)

// datum is a value of a YAML or JSON document, in the order as written.
type datum struct {
	line   int
	kind   datumKind
	scalar string
	keys   []string // of a map, beside values
	values []datum
}

type datumKind int

const (
	nullDatum datumKind = iota
	scalarDatum
	listDatum
	mapDatum
)

// Bounds on data. What lies deeper, or beyond, is left out.
const (
	maxDataDepth = 40
	maxData      = 200_000
)

// dataReader writes data as an outline: a map's keys are headings, a list of
// maps is a table whose columns are the keys, a text of several lines is
// Markdown.
type dataReader struct {
	out []block
}

// readData makes the outline of a document that is data.
func readData(d datum) []block {
	r := &dataReader{}
	d = resources(d, 0)
	if d.kind == listDatum && len(d.values) > 0 && d.values[0].kind == mapDatum {
		// A bare list of items, or of documents with their items.
		if _, ok := layoutOf(headersOf(d.values), true); ok {
			r.heading("Action items", 2, d.line)
			r.list(d, 2)
			return r.out
		}
	}
	r.value(d, 1)
	return r.out
}

// resources brings the resources of JSON:API, whose fields stand below
// "attributes", into the form of other data: lists of them by their type.
func resources(d datum, depth int) datum {
	if depth > maxDataDepth || d.kind == scalarDatum {
		return d
	}
	if d.kind == mapDatum {
		if inner, ok := d.get("attributes"); ok && inner.kind == mapDatum {
			return resources(inner, depth+1)
		}
		out := d
		out.values = make([]datum, len(d.values))
		for i, v := range d.values {
			out.values[i] = resources(v, depth+1)
		}
		return out
	}
	kinds := datum{line: d.line, kind: mapDatum}
	for _, v := range d.values {
		kind, named := v.get("type")
		_, has := v.get("attributes")
		if !named || !has || kind.kind != scalarDatum {
			kinds.keys = nil
			break
		}
		i := slices.Index(kinds.keys, kind.scalar)
		if i < 0 {
			i = len(kinds.keys)
			kinds.keys = append(kinds.keys, kind.scalar)
			kinds.values = append(kinds.values, datum{line: v.line, kind: listDatum})
		}
		kinds.values[i].values = append(kinds.values[i].values, resources(v, depth+1))
	}
	if kinds.keys != nil {
		return kinds
	}
	out := d
	out.values = make([]datum, len(d.values))
	for i, v := range d.values {
		out.values[i] = resources(v, depth+1)
	}
	return out
}

// get is the value of a key.
func (d datum) get(key string) (datum, bool) {
	i := slices.Index(d.keys, key)
	if i < 0 {
		return datum{}, false
	}
	return d.values[i], true
}

func (r *dataReader) heading(words string, level, line int) {
	r.out = append(r.out, block{kind: headingBlock, line: line, level: min(level, labelLevel-1), text: inline{{text: words}}})
}

func (r *dataReader) paragraph(words string, line int) {
	r.out = append(r.out, block{kind: paragraphBlock, line: line, text: plainInline(words)})
}

func (r *dataReader) value(d datum, depth int) {
	if depth > maxDataDepth {
		return
	}
	switch d.kind {
	case listDatum:
		r.list(d, depth)
	case mapDatum:
		// Scalars first: they are facts, and belong to no heading.
		for i, v := range d.values {
			if v.kind == scalarDatum && !isText(keyWords(d.keys[i]), v) {
				r.paragraph(keyWords(d.keys[i])+": "+v.scalar, v.line)
			}
		}
		for i, v := range d.values {
			words := keyWords(d.keys[i])
			switch {
			case v.kind == scalarDatum && isText(words, v):
				r.heading(words, depth+1, v.line)
				r.text(v, depth+1)
			case v.kind == listDatum || v.kind == mapDatum:
				r.heading(words, depth+1, v.line)
				r.value(v, depth+1)
			}
		}
	}
}

// isText reports whether a scalar is a section of its own.
func isText(words string, v datum) bool {
	name, _ := headingName(words)
	return strings.Contains(strings.TrimSpace(v.scalar), "\n") || opens(name)
}

// text reads a text within the data as a document below its key.
func (r *dataReader) text(v datum, level int) {
	var blocks []block
	if looksLikeHTML(strings.TrimSpace(v.scalar)) {
		blocks, _, _ = readHTML(v.scalar, v.line)
	} else if checkWork(v.scalar) == nil {
		blocks, _ = readMarkdown(v.scalar)
	}
	for _, b := range blocks {
		if b.kind == headingBlock {
			b.level = min(b.level+level, labelLevel-1)
		}
		setLines(&b, v.line)
		r.out = append(r.out, b)
	}
}

// setLines gives a block the line of the value that it came from: how the
// text stands in the file depends on quoting.
func setLines(b *block, line int) {
	b.line = line
	for i := range b.entries {
		b.entries[i].line = line
		for j := range b.entries[i].blocks {
			setLines(&b.entries[i].blocks[j], line)
		}
	}
	for i := range b.rows {
		b.rows[i].line = line
	}
}

func (r *dataReader) list(d datum, depth int) {
	if len(d.values) == 0 {
		return
	}
	if mostlyMaps(d) {
		if k := len(r.out); k > 0 && r.out[k-1].kind == headingBlock && genericKey[fold(r.out[k-1].inline().plainText())] {
			// "items" says nothing by itself; with an owner in them it does.
			if l, ok := layoutOf(headersOf(d.values), true); ok && find(l.cols, ownerField)+find(l.cols, dueField)+find(l.cols, priorityField) > -3 {
				r.out[k-1].text = inline{{text: "Action items"}}
			}
		}
		if groups(d) {
			for _, v := range d.values {
				r.heading(firstNonEmpty(label(v), "group"), depth+1, v.line)
				r.value(v, depth+1)
			}
			return
		}
		r.table(d)
		return
	}
	b := block{kind: listBlock, line: d.line}
	for _, v := range d.values {
		e := entry{line: v.line}
		text := flat(v)
		if box, rest, ok := cutBox(text); ok {
			e.checked, text = &box, rest
		}
		var in inline
		if checkWork(text) == nil {
			if blocks, err := readMarkdown(text); err == nil && len(blocks) == 1 && blocks[0].kind == paragraphBlock {
				in = blocks[0].inline()
			}
		}
		if in == nil {
			in = plainInline(text)
		}
		e.blocks = []block{{kind: paragraphBlock, line: v.line, text: in}}
		b.entries = append(b.entries, e)
	}
	r.out = append(r.out, b)
}

var genericKey = wordSet("items tasks tickets issues entries list")

// mostlyMaps reports whether half of a list, or more, are maps.
func mostlyMaps(d datum) bool {
	n := 0
	for _, v := range d.values {
		if v.kind == mapDatum {
			n++
		}
	}
	return n*2 >= len(d.values)
}

// groups reports whether the entries hold lists of items of their own.
func groups(d datum) bool {
	for _, v := range d.values {
		for i, inner := range v.values {
			if v.kind == mapDatum && inner.kind == listDatum && len(inner.values) > 0 {
				name, _ := headingName(keyWords(v.keys[i]))
				if inner.values[0].kind == mapDatum && opensData(name) || opens(name) {
					return true
				}
			}
		}
	}
	return false
}

func opensData(name string) bool {
	return opens(name) || wordField(name) == titleField || wordField(name) == maybeField
}

// label is what a map calls itself.
func label(d datum) string {
	for _, want := range []string{"category", "type", "group", "horizon", "name", "title", "team", "service", "component"} {
		for i, k := range d.keys {
			if fold(k) == want && d.values[i].kind == scalarDatum {
				return d.values[i].scalar
			}
		}
	}
	return ""
}

func headersOf(rows []datum) []string {
	var names []string
	seen := map[string]bool{}
	for _, v := range rows {
		for _, k := range v.keys {
			if !seen[k] && len(names) < maxSpan {
				seen[k] = true
				names = append(names, keyWords(k))
			}
		}
	}
	return names
}

func (r *dataReader) table(d datum) {
	names := headersOf(d.values)
	t := block{kind: tableBlock, line: d.line}
	head := row{line: d.line}
	at := map[string]int{}
	for i, n := range names {
		head.cells = append(head.cells, inline{{text: n}})
		at[n] = i
	}
	t.rows = append(t.rows, head)
	for _, v := range d.values {
		tr := row{line: v.line, cells: make([]inline, len(names))}
		if v.kind == scalarDatum && len(names) > 0 { // a bare text among maps
			if l, ok := layoutOf(names, true); ok {
				tr.cells[l.title] = plainInline(v.scalar)
			}
		}
		for i, k := range v.keys {
			if c, ok := at[keyWords(k)]; ok {
				tr.cells[c] = plainInline(flat(v.values[i]))
			}
		}
		t.rows = append(t.rows, tr)
	}
	r.out = append(r.out, t)
}

// flat writes a value as one text. Of a map such as an owner, what it is
// called.
func flat(d datum) string {
	switch d.kind {
	case scalarDatum:
		return strings.TrimSpace(d.scalar)
	case listDatum:
		var parts []string
		for _, v := range d.values[:min(len(d.values), 50)] {
			if s := flat(v); s != "" && v.kind != listDatum {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, ", ")
	case mapDatum:
		for _, want := range []string{"name", "title", "login", "handle", "username", "displayname", "display_name", "email", "url", "key", "id", "value", "text"} {
			for i, k := range d.keys {
				if fold(k) == want && d.values[i].kind == scalarDatum {
					return strings.TrimSpace(d.values[i].scalar)
				}
			}
		}
		for i, k := range d.keys { // {"issue_name": …, "issue_permalink": …}
			if v := d.values[i]; v.kind == scalarDatum && strings.HasPrefix(v.scalar, "http") && (strings.HasSuffix(fold(k), "url") || strings.HasSuffix(fold(k), "link")) {
				return strings.TrimSpace(v.scalar)
			}
		}
		if len(d.keys) == 1 && d.values[0].kind == scalarDatum { // "Monitoring: add an alarm" in YAML
			return d.keys[0] + ": " + d.values[0].scalar
		}
	}
	return ""
}

// keyWords turns actionItems and action_items into "action items".
func keyWords(k string) string {
	var b strings.Builder
	var prev rune
	for _, r := range k {
		if r == '_' || r == '-' {
			r = ' '
		}
		if unicode.IsUpper(r) && (unicode.IsLower(prev) || unicode.IsDigit(prev)) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		prev = r
	}
	return b.String()
}
