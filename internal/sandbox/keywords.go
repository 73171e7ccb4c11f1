package sandbox

import (
	"regexp"
	"strconv"
	"strings"
)

// reference is an issue that a text names.
type reference struct {
	repo   string // empty: the repository that the text stands in
	number int
}

const refPattern = `(?:([A-Za-z0-9][\w-]*/[\w.-]+)#|#|GH-|https?://[^\s/]+/([A-Za-z0-9][\w-]*/[\w.-]+)/issues/)(\d{1,9})\b`

var (
	closingWord = regexp.MustCompile(`(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+` + refPattern)
	anyMention  = regexp.MustCompile(`(?i)(?:^|[\s(\[,:])` + refPattern)
	codeSpan    = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	duplicateOf = regexp.MustCompile(`(?i)^\s*duplicate of ` + refPattern)
)

// closings are the issues that the text closes once it lands on the default
// branch.
func closings(text string) []reference { return references(closingWord, text) }

// mentions are all issues that the text names.
func mentions(text string) []reference { return references(anyMention, text) }

func references(pattern *regexp.Regexp, text string) []reference {
	var out []reference
	seen := map[reference]bool{}
	for _, m := range pattern.FindAllStringSubmatch(codeSpan.ReplaceAllString(text, " "), -1) {
		n, err := strconv.Atoi(m[3])
		if err != nil || n == 0 {
			continue
		}
		ref := reference{strings.ToLower(m[1] + m[2]), n}
		if !seen[ref] {
			seen[ref] = true
			out = append(out, ref)
		}
	}
	return out
}

// find is the issue that a reference in a repository leads to. It needs g.mu.
func (g *GitHub) find(in *ghRepo, ref reference) (*ghRepo, *ghIssue) {
	r := in
	if ref.repo != "" {
		r = g.repo(ref.repo)
	}
	if r == nil || !r.issue(ref.number).there() {
		return nil, nil
	}
	return r, r.issue(ref.number)
}

// cutMessage splits a commit message into its subject and the rest.
func cutMessage(message string) (subject, rest string, ok bool) {
	subject, rest, ok = strings.Cut(message, "\n")
	return subject, strings.TrimSpace(rest), ok && strings.TrimSpace(rest) != ""
}
