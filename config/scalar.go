package config

import (
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// scalar is a text as it stands in the file and as it reads with the
// environment filled in. Messages show the former, which holds no secret that
// came from outside.
type scalar struct {
	value, source string
	env           bool
}

func (s scalar) shown() string { return strconv.Quote(cut(s.source)) }

// text reads a scalar. Numbers count as the text that they are written as.
func (d *decoder) text(n ast.Node, path, want string) (scalar, bool) {
	return d.anyText(n, path, want, false)
}

func (d *decoder) anyText(n ast.Node, path, want string, multiline bool) (scalar, bool) {
	var raw string
	switch x := n.(type) {
	case *ast.StringNode:
		raw = x.Value
	case *ast.LiteralNode:
		raw = strings.TrimRight(x.Value.Value, "\n")
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		raw = n.GetToken().Value
	case *ast.BoolNode:
		d.wrongType(n, path, want, "put it in quotes if the word itself is meant")
		return scalar{}, false
	default:
		d.wrongType(n, path, want, "")
		return scalar{}, false
	}
	value, env, ok := d.expand(raw, path)
	if !ok {
		return scalar{}, false
	}
	s := scalar{value: value, source: unmask(raw), env: env}
	d.fromEnv[path] = env
	if i := strings.IndexFunc(value, unicode.IsControl); i >= 0 && !multiline {
		msg := "holds a line break or another control character"
		if env {
			msg += ", which came from the environment"
		}
		d.problem(path, msg, "write it on one line")
		return scalar{}, false
	}
	return s, true
}

// word reads a string, one of a fixed set where the field's tag names it.
func (d *decoder) word(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	s, ok := d.text(n, path, "text")
	if !ok {
		return
	}
	if set := strings.Fields(tag.Get("oneof")); len(set) > 0 && !contains(set, s.value) {
		d.problem(path, s.shown()+" is not one of "+strings.Join(set, ", "), hint(s.value, set))
		return
	}
	v.SetString(s.value)
}

func hint(word string, set []string) string {
	if s := suggest(word, set); s != "" {
		return "did you mean " + s + "?"
	}
	return ""
}

func contains(set []string, s string) bool {
	for _, x := range set {
		if x == s {
			return true
		}
	}
	return false
}

func (d *decoder) priority(s scalar, path string) bool {
	if domain.Priority(s.value).Valid() {
		return true
	}
	remedy := ""
	if up := strings.ToUpper(s.value); domain.Priority(up).Valid() {
		remedy = "did you mean " + up + "?"
	}
	d.problem(path, s.shown()+" is no priority; the priorities are P0, P1, P2, P3, P4", remedy)
	return false
}

func (d *decoder) boolean(n ast.Node, v reflect.Value, path string) {
	if b, ok := n.(*ast.BoolNode); ok {
		v.SetBool(b.Value)
		return
	}
	const want = "true or false"
	s, ok := d.text(n, path, want)
	if !ok {
		return
	}
	if !s.env || s.value != "true" && s.value != "false" {
		d.problem(path, s.shown()+" is not "+want, "")
		return
	}
	v.SetBool(s.value == "true")
}

func (d *decoder) integer(n ast.Node, v reflect.Value, path string) {
	const want = "a whole number, 0 or more"
	s, ok := d.text(n, path, want)
	if !ok {
		return
	}
	i, ok := atoi(s.value)
	if _, quoted := n.(*ast.StringNode); !ok || quoted && !s.env {
		d.problem(path, s.shown()+" is not "+want, "write digits, without quotes")
		return
	}
	v.SetInt(int64(i))
}

// moment reads a date, which means its start in UTC, or a full time.
func (d *decoder) moment(n ast.Node, v reflect.Value, path string) {
	s, ok := d.text(n, path, "a date")
	if !ok {
		return
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s.value); err == nil {
			v.Set(reflect.ValueOf(t.UTC()))
			return
		}
	}
	d.problem(path, s.shown()+" is no date", "write 2026-11-01 or 2026-11-01T08:00:00Z")
}

// plain turns a node into what a JSON encoder takes.
func (d *decoder) plain(n ast.Node, path string) any {
	switch x := n.(type) {
	case *ast.BoolNode:
		return x.Value
	case *ast.IntegerNode:
		return x.Value
	case *ast.FloatNode:
		return x.Value
	case *ast.SequenceNode:
		out := make([]any, 0, len(x.Values))
		var list any
		v := reflect.ValueOf(&list).Elem()
		for i, item := range x.Values {
			v.SetZero()
			p := path + "[" + itoa(i) + "]"
			d.places[p] = start(item)
			d.value(item, v, p, "")
			out = append(out, list)
		}
		return out
	case ast.MapNode:
		out := map[string]any{}
		d.mapping(n, reflect.ValueOf(&out).Elem(), path, "")
		return out
	default:
		if s, ok := d.anyText(n, path, "a value", true); ok {
			return s.value
		}
		return nil
	}
}

// atoi reads digits only: no sign, no blanks, no other base.
func atoi(s string) (int, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	i, err := strconv.Atoi(s)
	return i, err == nil
}

func itoa(i int) string { return strconv.Itoa(i) }
