package postmortem

import (
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// maxFrontMatter bounds the front matter that is looked for.
const maxFrontMatter = 64 << 10

// cutFrontMatter parts the front matter from the text below it, which keeps
// its line numbers: the lines of the front matter are empty there. Without a
// closing line there is none: it would be all of the document.
func cutFrontMatter(s string) (mark, front, body string) {
	for _, mark := range []string{"---", "+++"} {
		rest, ok := strings.CutPrefix(s, mark)
		if !ok {
			continue
		}
		first, _, _ := strings.Cut(rest[:min(len(rest), maxFrontMatter)], "\n")
		if strings.TrimSpace(first) != "" {
			return "", "", s
		}
		at := len(mark) + len(first) + 1
		lines := 1
		for at < min(len(s), maxFrontMatter) {
			line, _, _ := strings.Cut(s[at:], "\n")
			if l := strings.TrimRight(line, " \t"); l == mark || mark == "---" && l == "..." {
				return mark, s[len(mark)+len(first)+1 : at], strings.Repeat("\n", lines) + s[min(len(s), at+len(line)):]
			}
			at += len(line) + 1
			lines++
		}
	}
	return "", "", s
}

// frontMatter takes the facts and the items that the front matter names, YAML
// or TOML. One that can't be read is noted, and gives its plain lines only: the
// items of the text still count.
func (p *parser) frontMatter(mark, front string) []block {
	if front == "" {
		return nil
	}
	var d datum
	var err error
	if mark == "+++" {
		var m map[string]any
		if err = toml.Unmarshal([]byte(front), &m); err == nil {
			d = tomlDatum(m, 0)
		}
	} else {
		d, err = readYAML(front, 2)
	}
	if err != nil {
		p.note(1, "the front matter can't be read: "+clip(strings.ReplaceAll(strings.TrimPrefix(err.Error(), ErrMalformed.Error()+": "), "\n", " "), 200))
		p.plainLines(front)
		return nil
	}
	if d.kind != mapDatum {
		return nil
	}
	// "name" and "about" head GitHub's issue templates, "name" and
	// "description" the instructions for assistants: neither is an incident's.
	p.form = slices.Contains(d.keys, "name") && (slices.Contains(d.keys, "about") || slices.Contains(d.keys, "description")) && !slices.Contains(d.keys, "date")
	items := datum{kind: mapDatum, line: d.line}
	for i, k := range d.keys {
		v := d.values[i]
		name, _ := headingName(keyWords(k))
		if opens(name) && v.kind != scalarDatum {
			items.keys = append(items.keys, k)
			items.values = append(items.values, v)
			continue
		}
		p.facts.fact(strings.ReplaceAll(k, "_", " "), flat(v))
		p.people.learn(keyWords(k), flat(v))
	}
	if items.keys == nil {
		return nil
	}
	return readData(items)
}

// plainLines takes the facts of front matter that can't be read as a whole from
// the lines that are plain enough by themselves. One mistake must not turn a
// draft into tickets, nor give the document another id.
func (p *parser) plainLines(front string) {
	for line := range strings.SplitSeq(front, "\n") {
		at := strings.IndexAny(line, ":=")
		if at <= 0 || line[0] == ' ' || strings.Trim(line[:at], plainKey) != "" {
			continue
		}
		value := strings.TrimSpace(line[at+1:])
		if n := len(value); n > 1 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
			value = value[1 : n-1]
		}
		if value != "" && !strings.ContainsAny(value[:1], "\"'[{|>&*!%@#`") {
			p.facts.fact(strings.ReplaceAll(strings.TrimSpace(line[:at]), "_", " "), value)
		}
	}
}

// plainKey is what a key of plainLines is made of.
const plainKey = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_- "

// tomlDatum has no lines: the decoder keeps none.
func tomlDatum(v any, depth int) datum {
	d := datum{line: 1}
	if depth > maxDataDepth {
		return d
	}
	switch v := v.(type) {
	case map[string]any:
		d.kind = mapDatum
		for _, k := range sortedKeys(v) {
			d.keys = append(d.keys, k)
			d.values = append(d.values, tomlDatum(v[k], depth+1))
		}
	case []map[string]any:
		d.kind = listDatum
		for _, e := range v {
			d.values = append(d.values, tomlDatum(e, depth+1))
		}
	case []any:
		d.kind = listDatum
		for _, e := range v {
			d.values = append(d.values, tomlDatum(e, depth+1))
		}
	case time.Time:
		d.kind, d.scalar = scalarDatum, v.Format(time.DateOnly)
	default:
		d.kind, d.scalar = scalarDatum, cleanText(sprint(v))
	}
	return d
}
