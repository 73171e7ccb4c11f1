package claims

import (
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// address reads the web address of an issue at the start of s: it must be on
// a known host. A query or a fragment behind it (#issuecomment-…) belongs to
// it.
func (r *reader) address(s string) (domain.Ref, int) {
	scheme := len("http://")
	if hasFold(s, "https://") {
		scheme = len("https://")
	} else if !hasFold(s, "http://") {
		return "", 0
	}
	end := scheme
	for end < len(s) && end < 2000 && addressByte(s[end]) {
		end++
	}
	// Punctuation at the end belongs to the sentence.
	whole := strings.TrimRight(s[:end], ".,;:!?*_~'")
	path := whole
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	parts := strings.Split(path[scheme:], "/")
	host := strings.ToLower(parts[0])
	if n := len(parts); n > 1 && parts[n-1] == "" {
		parts = parts[:n-1]
	}
	n := len(parts)
	switch {
	case r.hosts.github[host] && n == 5 && parts[3] == "issues":
		if num, k := number(parts[4]); k > 0 && k == len(parts[4]) {
			if ref, ok := r.githubRef(parts[1]+"/"+parts[2], num); ok {
				return ref, len(whole)
			}
		}
	case r.hosts.jira[host] != "" && n >= 3 && parts[n-2] == "browse":
		key := parts[n-1]
		if k := branchKey(key); k > 0 && k == len(key) {
			if ref, err := domain.ParseRef(string(domain.JiraRef(r.hosts.jira[host], key))); err == nil {
				return ref, len(whole)
			}
		}
	}
	return "", 0
}

// addressByte is a byte that an address may hold in running text.
func addressByte(c byte) bool {
	return c > ' ' && c < 0x7f && strings.IndexByte("<>()[]{}|\"`\\^", c) < 0
}
