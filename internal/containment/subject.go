package containment

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// leastSubject is how long a normalised subject must be, in letters, to be a
// hint by itself: "fix typo" is nobody's own.
const leastSubject = 20

var (
	leadMark = regexp.MustCompile(`^\[[^\]]*\]\s*`)
	endMark  = regexp.MustCompile(`(?i)\s*(\(#\d+\)|\((backport|back-port|cherry[- ]?pick)[^()]*(\([^()]*\)[^()]*)*\)|-\s*#\d+)$`)
)

// normal brings a subject to the form that all copies of a change share: what
// forges and bots put around it (the branch in brackets, the number of the
// pull request, a note that it is a backport) is taken off.
func normal(subject string) string {
	s := strings.TrimSpace(subject)
	for {
		was := s
		s = leadMark.ReplaceAllString(s, "")
		s = strings.TrimSpace(endMark.ReplaceAllString(s, ""))
		if s == was {
			return strings.ToLower(s)
		}
	}
}

func longEnough(normalised string) bool { return utf8.RuneCountInString(normalised) >= leastSubject }
