package report

import (
	"cmp"
	"slices"
)

// top keeps the first of many lines in an order, and counts all.
type top struct {
	limit int
	order func(a, b Line) int
	list  []Line
	total int
}

func newTop(limit int, order func(a, b Line) int) *top { return &top{limit: limit, order: order} }

func (t *top) add(l Line) {
	t.total++
	t.list = append(t.list, l)
	if len(t.list) >= 4*t.limit {
		t.cut()
	}
}

func (t *top) cut() {
	slices.SortFunc(t.list, t.order)
	t.list = t.list[:min(len(t.list), t.limit)]
}

func (t *top) lines(c Count) Lines {
	t.cut()
	if t.list == nil {
		t.list = []Line{}
	}
	return Lines{c, t.list}
}

// byUrgency puts the more urgent priority first, then what calls for a
// decision most, then what is over its due day for longest.
func byUrgency(a, b Line) int {
	rank := func(l Line) int {
		if len(l.Why) == 0 {
			return 0
		}
		return slices.Index(attentionOrder, l.Why[0])
	}
	return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(rank(a), rank(b)), byDue(a, b))
}

// byDue puts what is due first first, and what has no due day last.
func byDue(a, b Line) int {
	due := func(l Line) string { return cmp.Or(l.Due, "9999") }
	return cmp.Or(cmp.Compare(due(a), due(b)), cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Postmortem, b.Postmortem), cmp.Compare(len(a.Item), len(b.Item)), cmp.Compare(a.Item, b.Item))
}
