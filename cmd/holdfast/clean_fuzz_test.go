package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// What is printed moves no cursor, sets no colour, turns no text round and
// makes no line of its own.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"plain", "\x1b[31mred\x1b[0m", "a\nlevel=error", "\u202eevil", "\x9b1m", "\xff\xfe", "\u2028", "\x00\x07"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := clean(s); strings.ContainsFunc(got, unprintable) || strings.ContainsRune(got, '\n') {
			t.Fatalf("%q", got)
		}
		if got := cleanLines(s); strings.ContainsFunc(strings.ReplaceAll(got, "\n", ""), unprintable) {
			t.Fatalf("%q", got)
		}
		doc, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var before, after string
		if json.Unmarshal(doc, &before) != nil || json.Unmarshal(cleanJSON(doc), &after) != nil || before != after {
			t.Fatalf("%q became %q", before, after)
		}
	})
}
