package reconcile

import (
	"regexp"
	"strings"
)

var (
	ownerParts = regexp.MustCompile(`\s*(?:[,;/&+、，\n]|\s(?:and|und|et|e|y|en|och|og|i|и)\s)\s*`)
	ownerMail  = regexp.MustCompile(`[^\s<>()\[\]]+@[^\s<>()\[\]]+\.[^\s<>()\[\]]+`)
	ownerNote  = regexp.MustCompile(`\s*[(\[<].*$`)
)

// maxOwners bounds the people that one written owner can name.
const maxOwners = 10

// ownersOf takes an owner as a document writes it apart into people: "Alice &
// Bob", "@alice, @bob", "Alice (SRE)", "Alice <alice@acme.example>". The text
// itself comes first: a team may be called "Research and Development".
func ownersOf(written string) []string {
	written = strings.TrimSpace(written)
	if written == "" {
		return nil
	}
	out := []string{written}
	add := func(s string) {
		s = strings.TrimSpace(s)
		for _, have := range out {
			if have == s {
				return
			}
		}
		if s != "" && len(out) <= maxOwners {
			out = append(out, s)
		}
	}
	for _, part := range ownerParts.Split(written, maxOwners) {
		if mail := ownerMail.FindString(part); mail != "" {
			add(mail)
		}
		add(ownerNote.ReplaceAllString(part, ""))
	}
	return out
}
