package postmortem

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// readYAML reads YAML as data. Several documents in one file are one list.
func readYAML(s string, firstLine int) (datum, error) {
	dec := yaml.NewDecoder(strings.NewReader(s))
	var docs []datum
	budget := maxData
	for len(docs) < 100 {
		var n yaml.Node
		err := dec.Decode(&n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return datum{}, fmt.Errorf("%w: %s", ErrMalformed, clip(strings.ReplaceAll(strings.Map(visible, err.Error()), "\n", " "), 300))
		}
		docs = append(docs, yamlDatum(&n, firstLine, 0, &budget))
	}
	switch len(docs) {
	case 0:
		return datum{}, nil
	case 1:
		return docs[0], nil
	}
	return datum{kind: listDatum, line: firstLine, values: docs}, nil
}

// yamlDatum follows aliases, each a budget's worth at most, so that a small
// file can't unfold to a large one.
func yamlDatum(n *yaml.Node, firstLine, depth int, budget *int) datum {
	d := datum{line: n.Line + firstLine - 1}
	if *budget--; depth > maxDataDepth || *budget < 0 {
		return d
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) > 0 {
			return yamlDatum(n.Content[0], firstLine, depth+1, budget)
		}
	case yaml.AliasNode:
		return yamlDatum(n.Alias, firstLine, depth+1, budget)
	case yaml.ScalarNode:
		if n.Tag != "!!null" {
			d.kind, d.scalar = scalarDatum, cleanText(n.Value)
		}
	case yaml.SequenceNode:
		d.kind = listDatum
		for _, c := range n.Content {
			d.values = append(d.values, yamlDatum(c, firstLine, depth+1, budget))
		}
	case yaml.MappingNode:
		d.kind = mapDatum
		for i := 0; i+1 < len(n.Content); i += 2 {
			d.keys = append(d.keys, clip(cleanText(n.Content[i].Value), maxField))
			d.values = append(d.values, yamlDatum(n.Content[i+1], firstLine, depth+1, budget))
		}
	}
	return d
}

// cleanText takes out what no text should hold; newlines stay.
func cleanText(s string) string {
	if printable(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return visible(r)
	}, s)
}

// printable reports whether a text is ASCII without control characters.
func printable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' || c >= 0x7f {
			return false
		}
	}
	return true
}

// readJSONData reads JSON of any shape as data.
func readJSONData(data []byte) (datum, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	starts := lineStarts(string(data))
	lineAt := func() int { return sort.SearchInts(starts, int(dec.InputOffset())+1) }
	budget := maxData
	var value func(depth int) (datum, error)
	value = func(depth int) (datum, error) {
		t, err := dec.Token()
		if err != nil {
			return datum{}, err
		}
		if budget--; budget < 0 || depth > maxDataDepth {
			return datum{}, fmt.Errorf("it nests too deeply or holds too much")
		}
		d := datum{line: lineAt()}
		switch t := t.(type) {
		case json.Delim:
			d.kind = listDatum
			if t == '{' {
				d.kind = mapDatum
			}
			for dec.More() {
				if d.kind == mapDatum {
					k, err := dec.Token()
					if err != nil {
						return d, err
					}
					d.keys = append(d.keys, clip(cleanText(fmt.Sprint(k)), maxField))
				}
				v, err := value(depth + 1)
				if err != nil {
					return d, err
				}
				d.values = append(d.values, v)
			}
			_, err = dec.Token()
			return d, err
		case nil:
		default:
			d.kind, d.scalar = scalarDatum, cleanText(fmt.Sprint(t))
		}
		return d, nil
	}
	d, err := value(0)
	if err != nil {
		return datum{}, fmt.Errorf("%w: %s", ErrMalformed, jsonProblem(err, data))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return datum{}, fmt.Errorf("%w: something follows the JSON document", ErrMalformed)
	}
	return d, nil
}
