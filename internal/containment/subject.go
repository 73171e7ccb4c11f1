package containment

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// leastSubject is how long a normalised subject must be, in letters, to be a
// hint by itself: "fix typo" is nobody's own.
const leastSubject = 20

var (
	leadMark  = regexp.MustCompile(`^\[[^\]]*\]\s*`)
	anyNumber = regexp.MustCompile(`(?:^|[^\w/])#(\d{1,9})\b`) // not that of another repository
	endMark   = regexp.MustCompile(`(?i)\s*(\(#\d+\)|\((backport|back-port|cherry[- ]?pick)[^()]*(\([^()]*\)[^()]*)*\)|-\s*#\d+)$`)
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

// numbers lists the numbers of pull requests in what forges and bots put
// behind a title: "Fix it (#12) (#30)", "Fix it (cherry-pick #12 for 1.2) (#30)".
func numbers(subject string) []int {
	var out []int
	for s := strings.TrimSpace(subject); ; {
		mark := endMark.FindString(s)
		if mark == "" {
			return out
		}
		for _, m := range anyNumber.FindAllStringSubmatch(mark, maxRefs) {
			if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
				out = append(out, n)
			}
		}
		s = strings.TrimSpace(strings.TrimSuffix(s, mark))
	}
}

func longEnough(normalised string) bool { return utf8.RuneCountInString(normalised) >= leastSubject }
