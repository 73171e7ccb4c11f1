package postmortem

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ParseJSON reads the JSON form: {"id","title","date","severity","services",
// "source","draft","items"} with items as they are printed. An unknown field
// is an error, and so is a priority, type or date that can't be read: a
// program wrote it, and can be corrected. All errors are told at once.
func ParseJSON(data []byte) (Document, error) {
	d, err := decodeJSON(data)
	if err == nil && d.ID == "" {
		d.ID = Slug(d.Date, d.Title)
	}
	return d, err
}

func decodeJSON(data []byte) (Document, error) {
	if len(data) > MaxBytes {
		return Document{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(data), MaxBytes)
	}
	// What parse prints beside the items can come back, and is not read.
	var in struct {
		Document
		Items []struct {
			Item
			Hints json.RawMessage `json:"hints"`
		} `json:"items"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return Document{}, fmt.Errorf("%w: %s", ErrMalformed, jsonProblem(err, data))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Document{}, fmt.Errorf("%w: something follows the JSON document", ErrMalformed)
	}
	d := in.Document
	for _, it := range in.Items {
		d.Items = append(d.Items, it.Item)
	}
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	d.ID = CleanID(d.ID)
	d.Title = clip(strings.Map(visible, d.Title), maxTitle)
	d.Severity = clip(strings.Map(visible, d.Severity), maxField)
	if d.Date != "" {
		date, ok := Date(d.Date)
		if !ok {
			bad("date: %s is no date of the form YYYY-MM-DD", quoted(d.Date))
		}
		d.Date = date
	}
	if len(d.Items) > MaxItems {
		bad("items: %d of them, at most %d", len(d.Items), MaxItems)
		d.Items = d.Items[:MaxItems]
	}
	for i := range d.Items {
		for _, problem := range d.Items[i].normalise() {
			bad("items[%d].%s", i, problem)
		}
	}
	if problems != nil {
		return Document{}, fmt.Errorf("%w: %w", ErrMalformed, errors.Join(problems...))
	}
	if d.Items == nil {
		d.Items = []Item{}
	}
	d.Notes = nil
	if len(d.Items) == 0 {
		d.Notes = []string{"the document holds no items"}
	}
	return d, nil
}

// parseJSONFile reads a JSON document. The form of the API is strict: what a
// program sends and we do not know is an error. JSON of another shape, which
// holds its items under another name or with other keys, is read as data, and
// reports false here.
func parseJSONFile(name string, data []byte) (Document, bool, error) {
	doc, err := decodeJSON(data)
	if err == nil {
		doc.ID = firstNonEmpty(doc.ID, idFromName(name), Slug(doc.Date, doc.Title))
		return doc, true, nil
	}
	d, bad := readJSONData(data)
	if bad != nil || !otherShape(d) {
		return Document{}, true, err
	}
	return Document{}, false, nil
}

// Foreign reports whether JSON is plainly no form of the API, not even a
// misspelt one: it has no "items", and names its action items otherwise.
func Foreign(data []byte) bool {
	d, err := readJSONData(data)
	return err == nil && !slices.Contains(d.keys, "items") && otherShape(d)
}

// otherShape reports whether JSON is no misspelt form of the API: it has no
// "items", or the entries there have only keys that name a field, and not only
// those of the API.
func otherShape(d datum) bool {
	if d.kind != mapDatum {
		return d.kind == listDatum && len(d.values) > 0 && d.values[0].kind == mapDatum
	}
	for i, k := range d.keys {
		if k != "items" {
			continue
		}
		v := d.values[i]
		if v.kind != listDatum {
			return false
		}
		other := false
		for _, it := range v.values {
			if it.kind != mapDatum {
				return it.kind == scalarDatum
			}
			for _, key := range it.keys {
				switch headerField(keyWords(key)) {
				case noField:
					return false
				case titleField, maybeField, textField, idField:
				default:
					other = other || !apiKeys[key]
				}
			}
		}
		return other
	}
	return opensWithin(resources(d, 0), 0)
}

// opensWithin reports whether some key names action items.
func opensWithin(d datum, depth int) bool {
	for i, k := range d.keys {
		if name, _ := headingName(keyWords(k)); opens(name) || depth < 4 && opensWithin(d.values[i], depth+1) {
			return true
		}
	}
	return false
}

var apiKeys = wordSet("id title date severity services source draft owners summary items text priority type type_written owner due due_written service ticket done line hints")

// normalise brings the fields into the form in which they are printed, and
// returns what is wrong with them.
func (it *Item) normalise() []string {
	var problems []string
	it.Title = clip(strings.Map(visible, it.Title), maxTitle)
	if placeholder(it.Title) {
		problems = append(problems, "title: "+quoted(it.Title)+" is empty or a placeholder")
	}
	for _, f := range []**string{&it.Priority, &it.Type, &it.TypeWritten, &it.Owner, &it.Due, &it.DueWritten, &it.Service, &it.Ticket} {
		if *f != nil {
			*f = some(clip(strings.Map(visible, **f), maxField*2))
		}
	}
	if it.Text != nil {
		lines := strings.Split(strings.ReplaceAll(*it.Text, "\r", ""), "\n")
		for i := range lines {
			lines[i] = strings.Map(visible, lines[i])
		}
		it.Text = some(strings.Join(lines, "\n"))
	}
	if it.Priority != nil {
		p, ok := Priority(*it.Priority)
		if !ok {
			problems = append(problems, "priority: "+quoted(*it.Priority)+" is none of P0 to P4")
		}
		it.Priority = &p
	}
	if word := it.Type; word != nil {
		t := Type(*word)
		if it.TypeWritten == nil && t != *word {
			it.TypeWritten = word
		}
		it.Type = &t
	} else if it.TypeWritten != nil {
		t := Type(*it.TypeWritten)
		it.Type = &t
	}
	switch {
	case it.Due != nil:
		d, ok := Date(*it.Due)
		if !ok {
			problems = append(problems, "due: "+quoted(*it.Due)+" is no date of the form YYYY-MM-DD")
		}
		if it.DueWritten == nil && d != *it.Due {
			it.DueWritten = it.Due
		}
		it.Due = &d
	case it.DueWritten != nil:
		if d, ok := Date(*it.DueWritten); ok {
			it.Due = &d
		}
	}
	it.Line = max(it.Line, 0)
	return problems
}

// jsonProblem says where in the document the decoder stopped.
func jsonProblem(err error, data []byte) string {
	at := int64(-1)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	}
	if at < 0 || at > int64(len(data)) {
		return strings.TrimPrefix(err.Error(), "json: ")
	}
	line := 1 + bytes.Count(data[:at], []byte("\n"))
	return fmt.Sprintf("line %d: %s", line, strings.TrimPrefix(err.Error(), "json: "))
}
