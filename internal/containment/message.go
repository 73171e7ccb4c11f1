package containment

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	pickedFrom  = regexp.MustCompile(`(?i)\bcherry[ -]?picked from (?:commit )?([0-9a-f]{7,64})\b`)
	takesBack   = regexp.MustCompile(`(?i)\bthis reverts (?:commit|merge commit|commits?:?)\s+([0-9a-f]{7,64})\b`)
	takesPull   = regexp.MustCompile(`(?im)^[\s*-]*reverts\s+(?:[\w.-]+/[\w.-]+)?#(\d{1,9})\b`)
	revertPull  = regexp.MustCompile(`(?i)^merge pull request #\d+ from [^/\s]+/revert-(\d{1,9})(?:[-\s]|$)`)
	mergedPull  = regexp.MustCompile(`(?i)^(?:merge pull request|auto merge of) #(\d{1,9})\b`) // by forges, and by bots that test first
	mergedAzure = regexp.MustCompile(`(?i)^merged pr (\d{1,9}): `)
	mergedLab   = regexp.MustCompile(`(?im)^see merge request \S*!(\d{1,9})\s*$`)
	landedPull  = regexp.MustCompile(`\(#(\d{1,9})\)\s*$`)
	conventions = regexp.MustCompile(`(?i)^(?:revert|rollback)(?:\([^)]*\))?!?:\s*(.+)$`)
)

// Read fills in what the message of a commit says: its subject, the commits
// that it was picked from, what it takes back, and the pull request that it
// landed. Parents must be set before: a merge speaks of its pull request in
// other words.
func (c *Commit) Read(message string) {
	subject, body, _ := strings.Cut(strings.TrimLeft(message, "\r\n"), "\n")
	c.Subject = strings.TrimSpace(subject)
	merge := len(c.Parents) > 1
	c.PullRequest = pullRequest(c.Subject, body, merge)
	if strings.Contains(message, "icked") || strings.Contains(message, "ICKED") {
		c.Trailers = allOf(pickedFrom, message)
	}
	if containsRevert(message) {
		c.Reverts = reverts(c.Subject, body, message, merge)
	}
}

func pullRequest(subject, body string, merge bool) int {
	var m []string
	if merge {
		if m = mergedPull.FindStringSubmatch(subject); m == nil {
			m = mergedLab.FindStringSubmatch(body)
		}
	}
	if m == nil { // also a merge whose title is that of the pull request
		m = landedPull.FindStringSubmatch(subject)
	}
	if m == nil {
		m = mergedAzure.FindStringSubmatch(subject)
	}
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// containsRevert is a quick look that most messages do not pass.
func containsRevert(message string) bool {
	m := strings.ToLower(message)
	return strings.Contains(m, "revert") || strings.Contains(m, "reapply") || strings.HasPrefix(m, "rollback")
}

// reverts reads what a message takes back. A commit is a revert by its title,
// or as a merge by the branch that it names or by the title of the pull
// request, which is the first line of its body; what is only mentioned in the
// text is weak.
func reverts(subject, body, message string, merge bool) []Revert {
	title := subject
	// A merge that was picked has one parent, and still the merge's message.
	merge = merge || mergedPull.MatchString(subject)
	if merge {
		if first := firstLine(body); first != "" {
			title = first
		}
	}
	quoted, strong := titled(title)
	if !strong && title != subject {
		quoted, strong = titled(subject)
	}
	branch := 0
	if m := revertPull.FindStringSubmatch(subject); merge && m != nil {
		branch, _ = strconv.Atoi(m[1])
		strong = true
	}
	var out []Revert
	for _, sha := range allOf(takesBack, message) {
		out = append(out, Revert{SHA: sha, Strong: strong})
	}
	if branch > 0 {
		out = append(out, Revert{PullRequest: branch, Strong: true})
	}
	for _, n := range allOf(takesPull, body) {
		if pr, err := strconv.Atoi(n); err == nil && pr > 0 && pr != branch {
			out = append(out, Revert{PullRequest: pr, Strong: strong})
		}
	}
	if quoted != "" {
		out = append(out, Revert{Subject: quoted, Strong: true})
	}
	return out
}

// titled takes apart a title that says it is a revert: Revert "…" and
// Reapply "…" (which takes back the revert of it), as git and the forges write
// them, and "revert: …". The title taken back is empty where it is not quoted.
func titled(title string) (quoted string, isRevert bool) {
	title = strings.TrimSpace(title)
	for leadMark.MatchString(title) { // [release-1.2] Revert "…"
		title = leadMark.ReplaceAllString(title, "")
	}
	low := strings.ToLower(title)
	switch {
	case strings.HasPrefix(low, "revert"), strings.HasPrefix(low, "reverts "), strings.HasPrefix(low, "reverting "):
		if m := conventions.FindStringSubmatch(title); m != nil {
			return unquote(m[1]), true
		}
		rest := strings.TrimLeft(title[len("revert"):], "singed")
		if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			return "", false // "Reverter: …", "Revertible …"
		}
		rest = strings.TrimSpace(rest)
		return inQuotes(rest), true
	case strings.HasPrefix(low, "rollback"):
		if m := conventions.FindStringSubmatch(title); m != nil {
			return unquote(m[1]), true
		}
	case strings.HasPrefix(low, `reapply "`):
		if q := inQuotes(title[len("reapply "):]); q != "" {
			return `Revert "` + q + `"`, true
		}
	}
	return "", false
}

// inQuotes is what stands between the first quotation mark and the last.
func inQuotes(s string) string {
	if s == "" {
		return ""
	}
	for _, pair := range [][2]string{{`"`, `"`}, {"“", "”"}, {"'", "'"}, {"`", "`"}} {
		if rest, ok := strings.CutPrefix(s, pair[0]); ok {
			if end := strings.LastIndex(rest, pair[1]); end > 0 {
				return rest[:end]
			}
			return strings.TrimSuffix(strings.TrimSuffix(rest, "…"), "...") // cut off
		}
	}
	return ""
}

func unquote(s string) string {
	if q := inQuotes(s); q != "" {
		return q
	}
	return s
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimLeft(s, " \t\r\n"), "\n")
	return strings.TrimSpace(line)
}

// allOf lists the first groups of all matches, each once, lower case.
func allOf(re *regexp.Regexp, s string) []string {
	var out []string
	seen := map[string]bool{}
	for _, m := range re.FindAllStringSubmatch(s, maxRefs) {
		if v := lower(m[1]); !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}
