package main

import (
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/hints"
)

// hinted are the hints on one item, and the words that lead to it.
type hinted struct {
	where string // "line 12", "checkout-down/1"
	title string
	hints []hints.Hint
}

// printHints tells hints beside the result. What many items lack is one line;
// what is said of an item's words stands with them.
func (e *env) printHints(heading string, items []hinted) {
	type missing struct {
		hint  hints.Hint
		where []string
	}
	var lacks []missing
	worded := false
	for _, it := range items {
		for _, h := range it.hints {
			if h.Words != "" {
				worded = true
				continue
			}
			i := slices.IndexFunc(lacks, func(m missing) bool { return m.hint.Kind == h.Kind })
			if i < 0 {
				i = len(lacks)
				lacks = append(lacks, missing{hint: h})
			}
			lacks[i].where = append(lacks[i].where, it.where)
		}
	}
	if len(lacks) == 0 && !worded {
		return
	}
	e.note("%s:", heading)
	for _, m := range lacks {
		where := m.where
		if len(where) == len(items) && len(items) > 1 {
			where = []string{"all items"}
		}
		e.note("  %s: %s", strings.Join(where, ", "), m.hint.String())
	}
	for _, it := range items {
		for _, h := range it.hints {
			if h.Words != "" {
				e.note("  %s, %s: %s", it.where, it.title, h.String())
			}
		}
	}
}

// printPlanHints tells the hints of a preview, and the earlier items that are
// similar.
func (e *env) printPlanHints(heading string, p api.FiledView) {
	var items []hinted
	for _, l := range p.Plan {
		if l.Action == "file" || l.Action == "adopt" {
			items = append(items, hinted{l.Item, l.Title, l.Hints})
		}
	}
	e.printHints(heading, items)
	for _, l := range p.Plan {
		for _, s := range l.SeenBefore {
			e.note("Seen before: %s, %s: %s (%s, %s) %s", l.Item, l.Title, s.Title, s.Item, s.State, s.URL)
		}
	}
}
