package domain

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Ref names a ticket: github:OWNER/REPO#12 or jira:PAY-12. The prefix is the
// name of the tracker, so two trackers of one kind can coexist.
type Ref string

var (
	githubRef = regexp.MustCompile(`^([A-Za-z0-9][\w.-]*):([\w.-]+/[\w.-]+)#([1-9]\d{0,17})$`)
	jiraRef   = regexp.MustCompile(`^([A-Za-z0-9][\w.-]*):([A-Z][A-Z0-9_]+)-([1-9]\d{0,17})$`)
)

// ParseRef checks the form of a ticket reference.
func ParseRef(s string) (Ref, error) {
	if githubRef.MatchString(s) || jiraRef.MatchString(s) {
		return Ref(s), nil
	}
	return "", fmt.Errorf("%q is no ticket: want TRACKER:OWNER/REPO#12 or TRACKER:KEY-12", s)
}

// Tracker is the name before the colon.
func (r Ref) Tracker() string { t, _, _ := strings.Cut(string(r), ":"); return t }

// Key is what the tracker itself calls the ticket: OWNER/REPO#12 or PAY-12.
func (r Ref) Key() string { _, k, _ := strings.Cut(string(r), ":"); return k }

// Project is OWNER/REPO or the Jira project key.
func (r Ref) Project() string {
	k := r.Key()
	if p, _, ok := strings.Cut(k, "#"); ok {
		return p
	}
	if i := strings.LastIndexByte(k, '-'); i > 0 {
		return k[:i]
	}
	return k
}

// Number is the part after # or the last dash; 0 when there is none.
func (r Ref) Number() int {
	i := strings.LastIndexAny(string(r), "#-")
	if i < 0 {
		return 0
	}
	n, err := strconv.Atoi(string(r)[i+1:])
	if err != nil {
		return 0
	}
	return n
}

// GitHubRef builds the reference of a GitHub issue.
func GitHubRef(tracker, repo string, number int) Ref {
	return Ref(tracker + ":" + repo + "#" + itoa(number))
}

// JiraRef builds the reference of a Jira issue.
func JiraRef(tracker, key string) Ref { return Ref(tracker + ":" + key) }
