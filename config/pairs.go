package config

import (
	"github.com/goccy/go-yaml/ast"
)

// pair is one key of a mapping with its value.
type pair struct {
	key   string
	at    place // of the key
	value ast.Node
}

// valueAt is where a mistake in the value is told: at the key where nothing
// stands behind it.
func (p pair) valueAt() place {
	if p.value == nil || p.value.Type() == ast.NullType {
		return p.at
	}
	return start(p.value)
}

// pairs lists a mapping's keys in order. Keys given twice are told; what << :
// merges in comes last and never replaces a key that is written out.
func (d *decoder) pairs(n ast.Node, path string) ([]pair, bool) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.wrongType(n, path, "a mapping", "write key: value")
		return nil, false
	}
	var out []pair
	var merges []ast.Node
	first := map[string]place{}
	for it := m.MapRange(); it.Next(); {
		k := it.Key()
		if _, merge := k.(*ast.MergeKeyNode); merge {
			merges = append(merges, it.Value())
			continue
		}
		p := pair{at: placeOf(k.GetToken()), value: it.Value()}
		if p.key, ok = keyText(k); !ok {
			d.problemAt(p.at, path, "has a key that is no plain word", "write a plain key")
			continue
		}
		if at, twice := first[p.key]; twice {
			d.problemAt(p.at, join(path, cut(p.key)), "is given twice; first in line "+itoa(at.line), "keep one of them")
			continue
		}
		first[p.key] = p.at
		out = append(out, p)
	}
	for _, merge := range merges {
		for _, p := range d.merged(merge, path) {
			if _, have := first[p.key]; !have {
				first[p.key] = p.at
				out = append(out, p)
			}
		}
	}
	return out, true
}

// merged lists the keys behind << : one mapping or a list of them.
func (d *decoder) merged(n ast.Node, path string) []pair {
	n, leave := d.enter(n, path)
	defer leave()
	switch x := n.(type) {
	case nil:
		return nil
	case *ast.SequenceNode:
		var out []pair
		for _, v := range x.Values {
			if d.stopped {
				return nil
			}
			out = append(out, d.merged(v, path)...)
		}
		return out
	case ast.MapNode:
		out, _ := d.pairs(n, path)
		if d.inAlias > 0 {
			d.aliased += len(out)
		}
		return out
	default:
		d.problemAt(start(n), path, "<< wants an alias of a mapping", "write <<: *name")
		return nil
	}
}

func keyText(k ast.MapKeyNode) (string, bool) {
	switch k := k.(type) {
	case *ast.StringNode:
		return unmask(k.Value), true
	case *ast.MappingKeyNode, *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return "", false
	default:
		return unmask(k.GetToken().Value), true
	}
}

// start is where a node begins. The parser names the colon of a mapping's
// first key, and nothing useful for an empty node.
func start(n ast.Node) place {
	switch x := n.(type) {
	case nil:
		return place{1, 1}
	case *ast.MappingNode:
		if !x.IsFlowStyle && len(x.Values) > 0 {
			return placeOf(x.Values[0].Key.GetToken())
		}
		return placeOf(x.Start)
	case *ast.MappingValueNode:
		return placeOf(x.Key.GetToken())
	case *ast.AnchorNode:
		return placeOf(x.Start)
	case *ast.AliasNode:
		return placeOf(x.Start)
	default:
		return placeOf(n.GetToken())
	}
}
