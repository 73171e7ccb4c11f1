package filing

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// alike is the share of common words from which on a reworded item is taken
// for the same one.
const alike = 0.6

// pair finds for each item of the document the item that is recorded for it,
// or -1. Equal titles go first, then equal tickets, then the most similar
// wording, so that neither reordering nor rewording files an item again.
func pair(items []postmortem.Item, known []domain.State) []int {
	match := make([]int, len(items))
	taken := make([]bool, len(known))
	for i := range match {
		match[i] = -1
	}
	pass := func(same func(item postmortem.Item, st domain.State) bool) {
		for i, item := range items {
			for j, st := range known {
				if match[i] < 0 && !taken[j] && same(item, st) {
					match[i], taken[j] = j, true
				}
			}
		}
	}
	pass(func(item postmortem.Item, st domain.State) bool {
		return oneLine(item.Title) == st.Spec.Title
	})
	pass(func(item postmortem.Item, st domain.State) bool {
		return strings.Join(words(item.Title), " ") == strings.Join(words(st.Spec.Title), " ")
	})
	pass(func(item postmortem.Item, st domain.State) bool {
		t := str(item.Ticket)
		return t != "" && st.Ticket != nil && (t == st.Ticket.URL || t == st.Ticket.Ref.Key() || t == string(st.Ticket.Ref))
	})
	type candidate struct {
		i, j int
		like float64
	}
	var near []candidate
	theirs := make([][]string, len(known))
	for j, st := range known {
		theirs[j] = words(st.Spec.Title)
	}
	for i, item := range items {
		if match[i] >= 0 {
			continue
		}
		ours := words(item.Title)
		for j := range known {
			if !taken[j] {
				if l := likeness(ours, theirs[j]); l > alike {
					near = append(near, candidate{i, j, l})
				}
			}
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(b.like, a.like) })
	for _, c := range near {
		if match[c.i] < 0 && !taken[c.j] {
			match[c.i], taken[c.j] = c.j, true
		}
	}
	return match
}

// likeness is the F1 of the words that two titles share, 0 to 1.
func likeness(x, y []string) float64 {
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	count := map[string]int{}
	for _, w := range x {
		count[w]++
	}
	common := 0
	for _, w := range y {
		if count[w] > 0 {
			count[w]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(x)+len(y))
}

func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
