package claims

import (
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// title takes the keys that lead a title: one, or a list of them, in brackets
// or bare. "fix: PAY-12" and `Revert "PAY-12: …"` do not lead with a key.
func (r *reader) title(s string) {
	s = strings.TrimSpace(clip(s))
	for !r.full() {
		rest, closer := s, ""
		switch {
		case strings.HasPrefix(s, "["):
			rest, closer = s[1:], "]"
		case strings.HasPrefix(s, "("):
			rest, closer = s[1:], ")"
		}
		ref, n := r.jiraKey(rest)
		if n == 0 {
			return
		}
		rest = rest[n:]
		if closer != "" {
			if !strings.HasPrefix(rest, closer) {
				return
			}
			rest = rest[1:]
		}
		r.add(Ref{Ticket: ref})
		s = strings.TrimLeft(rest, " \t,&+/")
	}
}

// branch takes the key that leads each component between slashes. Upper case
// is what Jira offers, all lower case what many people type.
func (r *reader) branch(name string) {
	if len(name) > 1000 {
		return
	}
	// GitHub names the branch of a revert after what it takes back.
	if rest, ok := strings.CutPrefix(name, "revert-"); ok && len(rest) > 0 && digit(rest[0]) {
		return
	}
	for part := range strings.SplitSeq(name, "/") {
		if end := branchKey(part); end > 0 {
			key := part[:end]
			// An underscore or a dot may follow here, which in running text
			// would be part of the word.
			if rest := part[end:]; rest != "" && !strings.ContainsAny(rest[:1], "-_.") {
				continue
			}
			if key != strings.ToUpper(key) && key != strings.ToLower(key) {
				continue
			}
			if ref, ok := r.jiraRef(strings.ToUpper(key)); ok {
				r.add(Ref{Ticket: ref})
			}
		}
	}
}

// branchKey is the length of LETTERS-DIGITS at the start of s, 0 if there is
// none.
func branchKey(s string) int {
	i := 0
	for i < len(s) && (letter(s[i]) || i > 0 && (digit(s[i]) || s[i] == '_')) {
		i++
	}
	if i < 2 || i >= len(s) || s[i] != '-' {
		return 0
	}
	j := i + 1
	for j < len(s) && digit(s[j]) {
		j++
	}
	if j == i+1 {
		return 0
	}
	return j
}

// jiraKey reads a key of a known project at the start of s and returns its
// length, 0 if there is none.
func (r *reader) jiraKey(s string) (domain.Ref, int) {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return "", 0
	}
	n := branchKey(s)
	if n == 0 || !endsRef(s[n:]) {
		return "", 0
	}
	ref, ok := r.jiraRef(s[:n])
	if !ok {
		return "", 0
	}
	return ref, n
}

// jiraRef builds the reference of KEY-12, if the project is known.
func (r *reader) jiraRef(key string) (domain.Ref, bool) {
	dash := strings.LastIndexByte(key, '-')
	tracker, ok := r.ctx.JiraTrackers[key[:dash]]
	if !ok {
		return "", false
	}
	ref, err := domain.ParseRef(string(domain.JiraRef(tracker, key)))
	return ref, err == nil
}
