package claims

import (
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// maxDigits keeps issue numbers within an int64.
const maxDigits = 18

// ref reads a reference at the start of s and returns its length, 0 if there
// is none: #12, GH-12, owner/repo#12, PAY-12, the address of an issue, any of
// these as a Markdown link, and Holdfast's own form with the tracker's name
// before a colon.
func (r *reader) ref(s string) (domain.Ref, int) {
	if s == "" {
		return "", 0
	}
	switch {
	case s[0] == '[':
		return r.link(s)
	case s[0] == '<':
		end := strings.IndexAny(s[:min(len(s), 2000)], "> \n")
		if end < 0 || s[end] != '>' {
			return "", 0
		}
		if ref, n := r.address(s[1:end]); n == end-1 {
			return ref, end + 1
		}
		return "", 0
	case s[0] == '#':
		return r.githubIssue(s, r.ctx.Repo, 0)
	}
	if hasFold(s, "http://") || hasFold(s, "https://") {
		return r.address(s)
	}
	if ref, n := r.jiraKey(s); n > 0 {
		return ref, n
	}
	if strings.HasPrefix(s, "GH-") {
		return r.githubIssue(s, r.ctx.Repo, len("GH"))
	}
	if repo := repoName(s); repo != "" {
		return r.githubIssue(s, repo, len(repo))
	}
	return r.prefixed(s)
}

// githubIssue reads the separator and number at s[at:] as an issue of repo.
func (r *reader) githubIssue(s, repo string, at int) (domain.Ref, int) {
	if repo == "" || at >= len(s) || s[at] != '#' && s[at] != '-' {
		return "", 0
	}
	number, n := number(s[at+1:])
	if n == 0 || !endsRef(s[at+1+n:]) {
		return "", 0
	}
	ref, ok := r.githubRef(repo, number)
	if !ok {
		return "", 0
	}
	return ref, at + 1 + n
}

func (r *reader) githubRef(repo string, number int) (domain.Ref, bool) {
	if r.ctx.GitHubTracker == "" {
		return "", false
	}
	if strings.EqualFold(repo, r.ctx.Repo) {
		repo = r.ctx.Repo
	} else if known, ok := r.ctx.Repos[strings.ToLower(repo)]; ok {
		repo = known
	}
	ref, err := domain.ParseRef(string(domain.GitHubRef(r.ctx.GitHubTracker, repo, number)))
	return ref, err == nil
}

// prefixed reads github:owner/repo#12 and jira:PAY-12.
func (r *reader) prefixed(s string) (domain.Ref, int) {
	n := 0
	for n < len(s) && n < 100 && nameByte(s[n]) {
		n++
	}
	if n == 0 || n >= len(s) || s[n] != ':' {
		return "", 0
	}
	name, rest := s[:n], s[n+1:]
	if name == r.ctx.GitHubTracker {
		if repo := repoName(rest); repo != "" {
			if ref, k := r.githubIssue(rest, repo, len(repo)); k > 0 {
				return ref, n + 1 + k
			}
		}
	}
	if r.hosts.names[name] {
		if ref, k := r.jiraKey(rest); k > 0 && ref.Tracker() == name {
			return ref, n + 1 + k
		}
	}
	return "", 0
}

// link reads "[label](address)" and "[label]". Where there is an address, it
// decides: bots write the number of another project's issue as the label.
func (r *reader) link(s string) (domain.Ref, int) {
	end := strings.IndexAny(s[1:min(len(s), 400)], "]\n") + 1
	if end <= 0 || s[end] != ']' {
		return "", 0
	}
	label, rest := s[1:end], s[end+1:]
	if !strings.HasPrefix(rest, "(") {
		if strings.HasPrefix(label, "[") {
			return "", 0
		}
		if ref, n := r.ref(label); n > 0 && n == len(label) {
			return ref, end + 1
		}
		return "", 0
	}
	close := strings.IndexAny(rest[:min(len(rest), 2000)], ") \n")
	if close < 0 {
		return "", 0
	}
	target := strings.TrimSuffix(strings.TrimPrefix(rest[1:close], "<"), ">")
	if ref, n := r.address(target); n > 0 && n == len(target) {
		return ref, end + 1 + close + 1
	}
	return "", 0
}

// repoName is the OWNER/NAME that s starts with before a "#", else empty.
func repoName(s string) string {
	slash := -1
	for i := 0; i < len(s) && i < 142; i++ {
		switch c := s[i]; {
		case c == '/' && slash < 0 && i > 0:
			slash = i
		case c == '#' && slash > 0 && i > slash+1:
			return s[:i]
		case !nameByte(c):
			return ""
		}
	}
	return ""
}

// number reads a positive decimal number without leading zeros.
func number(s string) (int, int) {
	n := 0
	for n < len(s) && n <= maxDigits && digit(s[n]) {
		n++
	}
	if n == 0 || n > maxDigits || s[0] == '0' {
		return 0, 0
	}
	v, err := strconv.Atoi(s[:n])
	if err != nil {
		return 0, 0
	}
	return v, n
}

// itemID reads <postmortem id>/<n> at the start of s.
func itemID(s string) (string, int) {
	slash := 0
	for slash < len(s) && slash < 200 && idByte(s[slash]) {
		slash++
	}
	if slash == 0 || slash >= len(s) || s[slash] != '/' {
		return "", 0
	}
	_, n := number(s[slash+1:])
	if n == 0 || !endsRef(s[slash+1+n:]) {
		return "", 0
	}
	return s[:slash+1+n], slash + 1 + n
}

// idByte is a byte of a postmortem's id; every letter beyond ASCII counts.
func idByte(c byte) bool { return nameByte(c) || c >= 0x80 }

func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
