package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// What may stand for any value.
const expanded = `\$\{[A-Za-z_][A-Za-z0-9_]*\}`

// Schema is the JSON Schema of the file, for editors. It knows keys, types and
// fixed words; references and what belongs together only Load can check.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, ExpandedStruct: true, Anonymous: true, Mapper: leaf}
	s := r.Reflect(&Config{})
	s.Title = "holdfast.yaml"
	structs := map[string]reflect.Type{}
	collect(reflect.TypeFor[Config](), structs)
	finish(s, reflect.TypeFor[Config]())
	for name, def := range s.Definitions {
		finish(def, structs[name])
	}
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the schema: %w", err)
	}
	return append(out, '\n'), nil
}

// leaf gives the schema of a type that is written differently than Go has it.
func leaf(t reflect.Type) *jsonschema.Schema {
	text := func(pattern string) *jsonschema.Schema { return &jsonschema.Schema{Type: "string", Pattern: pattern} }
	either := func(s ...*jsonschema.Schema) *jsonschema.Schema { return &jsonschema.Schema{AnyOf: s} }
	switch t {
	case secretType:
		return &jsonschema.Schema{Type: "string", MinLength: new(uint64(1))}
	case timeType:
		return text(`^\d{4}-\d{2}-\d{2}|` + expanded)
	case priorityType:
		return text(`^P[0-4]$|` + expanded)
	case reflect.TypeFor[Duration]():
		return either(text(`^([0-9]+(ms|[wdhms]))+$|^0$|`+expanded), &jsonschema.Schema{Const: 0})
	case reflect.TypeFor[Require]():
		return either(text(`^(all|any|[1-9][0-9]*)$|`+expanded), &jsonschema.Schema{Type: "integer", Minimum: "1"})
	case reflect.TypeFor[int]():
		return either(&jsonschema.Schema{Type: "integer", Minimum: "0"}, text(expanded))
	case reflect.TypeFor[bool]():
		return either(&jsonschema.Schema{Type: "boolean"}, text(expanded))
	case reflect.TypeFor[TeamPolicy](), reflect.TypeFor[*TeamPolicy]():
		return &jsonschema.Schema{Ref: "#/$defs/Policy"}
	case reflect.TypeFor[Environment]():
		props := jsonschema.NewProperties()
		props.Set("name", &jsonschema.Schema{Type: "string"})
		props.Set("github_environment", &jsonschema.Schema{Type: "string"})
		return either(&jsonschema.Schema{Type: "string"}, &jsonschema.Schema{
			Type: "object", Properties: props, Required: []string{"name"}, AdditionalProperties: jsonschema.FalseSchema,
		})
	}
	if t.Kind() == reflect.Map && t.Key() == priorityType {
		value := &jsonschema.Schema{Type: "string"}
		if x := leaf(t.Elem()); x != nil {
			value = x
		}
		props := jsonschema.NewProperties()
		for _, p := range domain.Priorities {
			props.Set(string(p), value)
		}
		return &jsonschema.Schema{Type: "object", Properties: props, AdditionalProperties: jsonschema.FalseSchema}
	}
	return nil
}

// collect finds the struct behind each definition.
func collect(t reflect.Type, into map[string]reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collect(t.Elem(), into)
	case reflect.Struct:
		if into[t.Name()] != nil || t == secretType || t == reflect.TypeFor[time.Time]() {
			return
		}
		into[t.Name()] = t
		for i := range t.NumField() {
			collect(t.Field(i).Type, into)
		}
	}
}

// finish adds what the field tags say: the fixed words, and a …_file beside
// each secret.
func finish(s *jsonschema.Schema, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		key := f.Tag.Get("yaml")
		if s.Properties == nil || key == "" || key == "-" {
			continue
		}
		p, ok := s.Properties.Get(key)
		if !ok {
			continue
		}
		if set := strings.Fields(f.Tag.Get("oneof")); len(set) > 0 {
			words := &jsonschema.Schema{Type: "string", Pattern: "^(" + strings.Join(set, "|") + ")$|" + expanded}
			switch f.Type.Kind() {
			case reflect.Map:
				for v := p.Properties.Oldest(); v != nil; v = v.Next() {
					v.Value = words
				}
			case reflect.Slice:
				p.Items = words
			default:
				p.Pattern = words.Pattern
			}
		}
		if f.Type == secretType {
			s.Properties.Set(key+fileSuffix, &jsonschema.Schema{
				Type: "string", Description: "Path of a file that holds " + key + "; relative paths start from the directory of this file.",
			})
		}
	}
}
