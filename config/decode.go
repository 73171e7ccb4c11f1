package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Bounds on the tree. An alias can multiply what a small file says.
const (
	maxDepth      = 32
	maxAliasNodes = 10_000 // nodes reached through aliases, all together
)

// decoder lays the tree over Go values. It goes on after a mistake, so that
// all of them are told at once, and remembers where each value stands for the
// checks that follow.
type decoder struct {
	file     string
	opts     Options
	problems Problems
	warnings Problems
	places   map[string]place // of each path that the file gives
	bad      map[string]bool  // paths that a problem was told about
	fromEnv  map[string]bool  // paths whose value holds something from the environment
	base     *Policy          // what a team's policy starts from
	anchors  map[string]ast.Node
	depth    int
	inAlias  int
	aliased  int
	stopped  bool
}

// nodeDecoder is a type that reads more than one form.
type nodeDecoder interface {
	decodeNode(d *decoder, n ast.Node, path string)
}

// defaulter is an element of a list or a mapping that has defaults.
type defaulter interface{ setDefaults() }

type place struct{ line, column int }

func placeOf(tk *token.Token) place {
	if tk == nil || tk.Position == nil {
		return place{1, 1}
	}
	return place{max(tk.Position.Line, 1), max(tk.Position.Column, 1)}
}

func newDecoder(file string, o Options) *decoder {
	return &decoder{file: file, opts: o, places: map[string]place{}, bad: map[string]bool{}, fromEnv: map[string]bool{}, anchors: map[string]ast.Node{}}
}

func (d *decoder) decodeFile(root ast.Node, cfg *Config) {
	d.base = &cfg.Policy
	d.places[""] = place{1, 1}
	d.collectAnchors(root, 0)
	d.value(root, reflect.ValueOf(cfg).Elem(), "", "")
}

// collectAnchors finds every anchor before the first alias is followed.
func (d *decoder) collectAnchors(n ast.Node, depth int) {
	if depth > 2*maxDepth {
		return // value tells it
	}
	switch n := n.(type) {
	case *ast.AnchorNode:
		name := n.Name.GetToken().Value
		if _, twice := d.anchors[name]; twice {
			d.problemAt(placeOf(n.Start), "", "the anchor &"+cut(name)+" is defined twice", "give each anchor its own name")
		}
		d.anchors[name] = n.Value
		d.collectAnchors(n.Value, depth+1)
	case *ast.SequenceNode:
		for _, v := range n.Values {
			d.collectAnchors(v, depth+1)
		}
	case ast.MapNode:
		for it := n.MapRange(); it.Next(); {
			d.collectAnchors(it.Value(), depth+1)
		}
	}
}

// enter follows anchors and aliases and counts what is bounded; the caller
// calls leave when it is done with the node. A nil node means that a problem
// was told.
func (d *decoder) enter(n ast.Node, path string) (node ast.Node, leave func()) {
	depth, inAlias := d.depth, d.inAlias
	leave = func() { d.depth, d.inAlias = depth, inAlias }
	d.depth++
	for hops := 0; ; hops++ {
		if d.inAlias > 0 {
			d.aliased++
		}
		if d.depth > maxDepth || d.aliased > maxAliasNodes || hops > maxDepth {
			d.problem(path, "is nested too deeply, or repeats too much through aliases", "write it out")
			d.stopped = true
			return nil, leave
		}
		switch x := n.(type) {
		case *ast.AnchorNode:
			n = x.Value
		case *ast.AliasNode:
			name := x.Value.GetToken().Value
			target, ok := d.anchors[name]
			if !ok {
				d.problem(path, "the alias *"+cut(name)+" has no anchor", didYouMean(name, slices.Sorted(maps.Keys(d.anchors))))
				return nil, leave
			}
			n = target
			d.inAlias++
		case *ast.TagNode:
			d.problem(path, "has the tag "+cut(x.Start.Value)+", and tags have no meaning here", "remove it")
			return nil, leave
		default:
			return n, leave
		}
	}
}

var (
	secretType   = reflect.TypeFor[Secret]()
	timeType     = reflect.TypeFor[time.Time]()
	priorityType = reflect.TypeFor[domain.Priority]()
)

// value decodes one node into v. tag is that of the struct field it belongs to.
func (d *decoder) value(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	if d.stopped {
		return
	}
	n, leave := d.enter(n, path)
	defer leave()
	if n == nil {
		return
	}
	if _, null := n.(*ast.NullNode); null {
		d.null(v, path)
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(fresh(v.Type().Elem()).Addr())
		v = v.Elem()
	}
	if nd, ok := v.Addr().Interface().(nodeDecoder); ok {
		nd.decodeNode(d, n, path)
		return
	}
	switch {
	case v.Type() == secretType:
		d.secret(n, v, path, tag)
	case v.Type() == timeType:
		d.moment(n, v, path)
	case v.Type() == priorityType:
		if s, ok := d.text(n, path, "a priority"); ok && d.priority(s, path) {
			v.SetString(s.value)
		}
	case v.Kind() == reflect.String:
		d.word(n, v, path, tag)
	case v.Kind() == reflect.Bool:
		d.boolean(n, v, path)
	case v.Kind() == reflect.Int:
		d.integer(n, v, path)
	case v.Kind() == reflect.Slice:
		d.list(n, v, path, tag)
	case v.Kind() == reflect.Map:
		d.mapping(n, v, path, tag)
	case v.Kind() == reflect.Interface:
		if x := d.plain(n, path); x != nil {
			v.Set(reflect.ValueOf(x))
		}
	default:
		d.structure(n, v.Addr().Interface(), path)
	}
}

// null is a key with nothing behind it. It leaves the default, but where a
// secret or a whole section was begun, silence would hide a mistake.
func (d *decoder) null(v reflect.Value, path string) {
	switch {
	case v.Type() == secretType:
		d.emptySecret(path)
	case v.Kind() == reflect.Pointer && v.Type() != reflect.TypeFor[*TeamPolicy]():
		v.Set(fresh(v.Type().Elem()).Addr())
	}
}

// fresh makes an addressable value with its defaults.
func fresh(t reflect.Type) reflect.Value {
	p := reflect.New(t)
	if x, ok := p.Interface().(defaulter); ok {
		x.setDefaults()
	}
	return p.Elem()
}

// list replaces what v held.
func (d *decoder) list(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.wrongType(n, path, "a list", "write [a, b], or one line with - for each entry")
		return
	}
	out := reflect.MakeSlice(v.Type(), 0, len(seq.Values))
	for i, item := range seq.Values {
		p := fmt.Sprintf("%s[%d]", path, i)
		d.places[p] = start(item)
		e := fresh(v.Type().Elem())
		if item == nil || item.Type() == ast.NullType {
			d.problem(p, "is an empty entry", "write it, or remove the dash")
			continue
		}
		d.value(item, e, p, tag)
		out = reflect.Append(out, e)
	}
	v.Set(out)
}

// mapping adds to what v holds, key by key.
func (d *decoder) mapping(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	pairs, ok := d.pairs(n, path)
	if !ok {
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for _, p := range pairs {
		key := reflect.ValueOf(p.key).Convert(v.Type().Key())
		at := join(path, p.key)
		d.places[at] = p.at
		if v.Type().Key() == priorityType && !d.priority(scalar{value: p.key, source: p.key}, at) {
			continue
		}
		d.places[at] = p.valueAt()
		e := fresh(v.Type().Elem())
		d.value(p.value, e, at, tag)
		v.SetMapIndex(key, e)
	}
}

// structure decodes a mapping into the struct behind ptr, in the order of its
// fields, and tells unknown keys.
func (d *decoder) structure(n ast.Node, ptr any, path string) {
	pairs, ok := d.pairs(n, path)
	if !ok {
		return
	}
	v := reflect.ValueOf(ptr).Elem()
	byKey := map[string]pair{}
	for _, p := range pairs {
		byKey[p.key] = p
	}
	var known []string
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := f.Tag.Get("yaml")
		if key == "" || key == "-" {
			continue
		}
		known = append(known, key)
		p, given := byKey[key]
		if given {
			at := join(path, key)
			d.places[at] = p.valueAt()
			d.value(p.value, v.Field(i), at, f.Tag)
			delete(byKey, key)
		}
		if f.Type != secretType {
			continue
		}
		known = append(known, key+fileSuffix)
		if pf, ok := byKey[key+fileSuffix]; ok {
			delete(byKey, key+fileSuffix)
			d.secretFile(pf, v.Field(i), path, key, given, f.Tag)
		}
	}
	for _, p := range pairs {
		if _, unknown := byKey[p.key]; unknown {
			d.problemAt(p.at, join(path, p.key), "unknown key", didYouMean(p.key, known))
			// The key that it probably stands for is not missing as well.
			d.bad[join(path, strings.TrimSuffix(suggest(p.key, known), fileSuffix))] = true
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
