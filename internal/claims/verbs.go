package claims

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

const known = "status, fixed-by, not-fixed-by, service, due, type, priority, attest, waive, unwaive, withdraw"

// verbs parse what stands behind each verb. They fill the command and return
// the problem, empty if there is none.
var verbs = map[string]func(c *Command, rest string) string{
	"status":       free,
	"unwaive":      free,
	"fixed-by":     changes,
	"not-fixed-by": changes,
	"service":      services,
	"due":          due,
	"type":         itemType,
	"priority":     priority,
	"attest":       attest,
	"waive":        waive,
	"withdraw":     withdraw,
}

// free takes no arguments; words behind it are kept and mean nothing.
func free(c *Command, rest string) string {
	c.Rest = rest
	return ""
}

// changes takes commits, addresses of pull requests or commits, and numbers.
func changes(c *Command, rest string) string {
	usage := "write `/holdfast " + c.Verb + " <commit SHA>`, `… <address of a pull request>` or `… #12`"
	for _, w := range strings.Fields(strings.ReplaceAll(rest, ",", " ")) {
		w = strings.Trim(w, "<>`[]()")
		if strings.EqualFold(w, "and") {
			continue
		}
		if !isChange(w) {
			return quote(w) + " is no change: " + usage
		}
		c.Args = append(c.Args, w)
	}
	if len(c.Args) == 0 {
		return "it does not say which change: " + usage
	}
	return ""
}

// isChange reports whether w has the form of a commit, #12, owner/repo#12,
// owner/repo@SHA or an address. Whether it exists is for others to find out.
func isChange(w string) bool {
	if isSHA(w) || isAddress(w) {
		return true
	}
	if repo, sha, ok := strings.Cut(w, "@"); ok {
		return isRepo(repo) && isSHA(sha)
	}
	repo, num, ok := strings.Cut(w, "#")
	_, n := number(num)
	return ok && n > 0 && n == len(num) && (repo == "" || isRepo(repo))
}

func isSHA(w string) bool {
	return len(w) >= 7 && len(w) <= 64 && strings.Trim(strings.ToLower(w), "0123456789abcdef") == ""
}

func isRepo(w string) bool { return repoName(w+"#") == w }

func isAddress(w string) bool {
	u, err := url.Parse(w)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
}

// services takes names separated by commas. A name may hold spaces.
func services(c *Command, rest string) string {
	for name := range strings.SplitSeq(rest, ",") {
		if name = strings.Trim(strings.TrimSpace(name), "`"); name != "" && !slices.Contains(c.Args, name) {
			c.Args = append(c.Args, name)
		}
	}
	if len(c.Args) == 0 {
		return "it does not say which service: write `/holdfast service checkout,payments`"
	}
	return ""
}

func due(c *Command, rest string) string {
	const usage = "write `/holdfast due 2026-12-01 <reason>`"
	day, reason := cutWord(rest)
	if t, err := time.Parse(time.DateOnly, day); err != nil || t.Year() < 2000 {
		return quote(day) + " is no date of the form YYYY-MM-DD: " + usage
	}
	if reason == "" {
		return "a reason is missing: " + usage
	}
	c.Args, c.Rest = []string{day}, reason
	return ""
}

func itemType(c *Command, rest string) string {
	word, more := cutWord(rest)
	t := domain.Type(strings.ToLower(word))
	switch t {
	case "prevent", "preventive", "prevention":
		t = domain.Preventative
	case "mitigate", "mitigating", "mitigation":
		t = domain.Mitigative
	}
	if !t.Valid() {
		return quote(word) + " is no type: write `/holdfast type preventative`, `mitigative` or `other`"
	}
	c.Args, c.Rest = []string{string(t)}, more
	return ""
}

func priority(c *Command, rest string) string {
	word, more := cutWord(rest)
	p := domain.Priority(strings.ToUpper(word))
	if !p.Valid() {
		return quote(word) + " is no priority: write `/holdfast priority P1`, with one of P0 to P4"
	}
	c.Args, c.Rest = []string{string(p)}, more
	return ""
}

func attest(c *Command, rest string) string {
	address, note := cutWord(rest)
	address = strings.Trim(address, "<>")
	if !isAddress(address) {
		return quote(address) + " is no web address: write `/holdfast attest https://… [note]` with a link to the evidence"
	}
	c.Args, c.Rest = []string{address}, note
	return ""
}

func waive(c *Command, rest string) string {
	const usage = "write `/holdfast waive 30d <reason>`"
	word, reason := cutWord(rest)
	d, ok := duration(word)
	if !ok {
		return quote(word) + " is no duration such as 12h, 30d or 4w: " + usage
	}
	if reason == "" {
		return "a reason is missing: " + usage
	}
	c.Args, c.Rest, c.Duration = []string{strings.ToLower(word)}, reason, d
	return ""
}

func withdraw(c *Command, rest string) string {
	if rest == "" {
		return "a reason is missing: write `/holdfast withdraw <reason>`"
	}
	c.Rest = rest
	return ""
}

// duration reads 30m, 24h, 7d and 4w, as the configuration does: whole
// numbers above zero, at most a hundred years.
func duration(s string) (time.Duration, bool) {
	if len(s) < 2 || len(s) > 8 {
		return 0, false
	}
	unit, ok := map[byte]time.Duration{
		'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
	}[s[len(s)-1]|0x20]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
	if !ok || err != nil || n == 0 || n > uint64(100*365*24*time.Hour/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}
