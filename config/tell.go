package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// problem tells a mistake at path, once for each path: what follows from a
// mistake is not a second one.
func (d *decoder) problem(path, message, remedy string) {
	if d.bad[path] {
		return
	}
	d.bad[path] = true
	d.problemAt(d.placeFor(path), path, message, remedy)
}

func (d *decoder) problemAt(at place, path, message, remedy string) {
	d.problems = append(d.problems, Problem{File: d.file, Line: at.line, Column: at.column, Path: cutPath(path), Message: message, Remedy: remedy})
}

func (d *decoder) warn(path, message, remedy string) {
	at := d.placeFor(path)
	d.warnings = append(d.warnings, Problem{File: d.file, Line: at.line, Column: at.column, Path: cutPath(path), Message: message, Remedy: remedy})
}

// placeFor is where a path stands, or the nearest thing around it.
func (d *decoder) placeFor(path string) place {
	for {
		if at, ok := d.places[path]; ok {
			return at
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return place{1, 1}
		}
		path = path[:i]
	}
}

// given reports whether the file holds the path, rightly or wrongly.
func (d *decoder) given(path string) bool {
	_, ok := d.places[path]
	return ok || d.bad[path]
}

func (d *decoder) wrongType(n ast.Node, path, want, remedy string) {
	d.problem(path, "is "+kindOf(n)+", not "+want, remedy)
}

func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case ast.MapNode:
		return "a mapping"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.NullNode:
		return "empty"
	default:
		return "text"
	}
}

func cutPath(path string) string {
	const limit = 200
	if r := []rune(path); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return path
}
