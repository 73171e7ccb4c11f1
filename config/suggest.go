package config

import (
	"slices"
	"strings"
)

// suggest finds the known word that a misspelt one probably means, or "".
func suggest(word string, known []string) string {
	best, bestDistance := "", min(len(word), 60)/3+2
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// didYouMean is the remedy for a word that is not among the known ones.
func didYouMean(word string, known []string) string {
	if len(known) == 0 {
		return "none is configured"
	}
	list := "known: " + strings.Join(known, ", ")
	if len(known) > 30 {
		list = "known: " + strings.Join(known[:30], ", ") + ", …"
	}
	s := suggest(word, known)
	switch {
	case s == "":
		return list
	case len(known) > 10:
		return "did you mean " + s + "?"
	default:
		return "did you mean " + s + "? " + list
	}
}

// distance is the least number of insertions, deletions, replacements and
// swaps of neighbours between two words.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = slices.Min([]int{prev[j] + 1, row[j-1] + 1, prev[j-1] + cost})
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
