package filing

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wording is a title taken apart for comparison: its words as numbers, sorted.
type wording struct {
	plain string // the words, a blank between
	ids   []int
	heavy []bool // per id: a word that says something, as far as its length tells
	total int
}

// vocabulary gives every word a number, so that comparing is cheap.
type vocabulary map[string]int

// shortWord is the length up to which a word counts a third: those are mostly
// articles and prepositions.
const shortWord = 3

func (v vocabulary) read(title string) wording {
	list := words(title)
	w := wording{plain: strings.Join(list, " ")}
	type one struct {
		id    int
		heavy bool
	}
	var all []one
	for _, word := range list {
		for _, part := range parts(word) {
			id, ok := v[part]
			if !ok {
				id = len(v)
				v[part] = id
			}
			all = append(all, one{id, ideographic(part) || utf8.RuneCountInString(part) > shortWord})
		}
	}
	slices.SortFunc(all, func(a, b one) int { return a.id - b.id })
	for _, x := range all {
		w.ids, w.heavy = append(w.ids, x.id), append(w.heavy, x.heavy)
		w.total += weight(x.heavy)
	}
	return w
}

func weight(heavy bool) int {
	if heavy {
		return 3
	}
	return 1
}

// likeness is the F1 of the words that two titles share, 0 to 1.
func (w wording) likeness(o wording) float64 {
	if w.total+o.total == 0 {
		return 0
	}
	common := 0
	for i, j := 0, 0; i < len(w.ids) && j < len(o.ids); {
		switch {
		case w.ids[i] == o.ids[j]:
			common += weight(w.heavy[i])
			i++
			j++
		case w.ids[i] < o.ids[j]:
			i++
		default:
			j++
		}
	}
	return 2 * float64(common) / float64(w.total+o.total)
}

func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) })
}

// parts are the word itself, or, of a script that writes no blanks between
// words, its pairs of signs.
func parts(word string) []string {
	if !ideographic(word) {
		return []string{word}
	}
	runes := []rune(word)
	if len(runes) < 2 {
		return []string{word}
	}
	var out []string
	for i := range len(runes) - 1 {
		out = append(out, string(runes[i:i+2]))
	}
	return out
}

func ideographic(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool {
		return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer)
	})
}
