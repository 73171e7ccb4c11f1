package sandbox

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// jqlFields reads the values by which a field is compared.
var jqlFields = map[string]func(*Jira, *jiIssue) []string{
	"project":  func(_ *Jira, is *jiIssue) []string { return []string{is.project.key, is.project.id} },
	"key":      jqlKeys,
	"issuekey": jqlKeys,
	"issue":    jqlKeys,
	"id":       jqlKeys,
	"labels":   func(_ *Jira, is *jiIssue) []string { return is.labels },
	"status":   func(_ *Jira, is *jiIssue) []string { return []string{is.status.name, is.status.id} },
	"statuscategory": func(_ *Jira, is *jiIssue) []string {
		return []string{jiCategories[is.status.category].name, is.status.category}
	},
	"resolution": func(_ *Jira, is *jiIssue) []string {
		if is.resolution == "" {
			return nil
		}
		return []string{is.resolution, jiResolutions.id(resolutionBase, is.resolution)}
	},
	"priority":    func(_ *Jira, is *jiIssue) []string { return []string{is.priority} },
	"issuetype":   func(_ *Jira, is *jiIssue) []string { return []string{is.kind} },
	"type":        func(_ *Jira, is *jiIssue) []string { return []string{is.kind} },
	"assignee":    func(j *Jira, is *jiIssue) []string { return j.jqlPerson(is.assignee) },
	"reporter":    func(j *Jira, is *jiIssue) []string { return j.jqlPerson(is.reporter) },
	"creator":     func(j *Jira, is *jiIssue) []string { return j.jqlPerson(is.reporter) },
	"summary":     func(_ *Jira, is *jiIssue) []string { return []string{is.summary} },
	"description": func(_ *Jira, is *jiIssue) []string { return notEmpty(is.description) },
	"comment":     jqlComments,
	"text":        func(j *Jira, is *jiIssue) []string { return append(jqlComments(j, is), is.summary, is.description) },
	"created":     func(_ *Jira, is *jiIssue) []string { return []string{is.created.Format(time.RFC3339Nano)} },
	"updated":     func(_ *Jira, is *jiIssue) []string { return []string{is.updated.Format(time.RFC3339Nano)} },
	"due":         jqlDue,
	"duedate":     jqlDue,
	"resolved": func(_ *Jira, is *jiIssue) []string {
		if is.resolvedAt.IsZero() {
			return nil
		}
		return []string{is.resolvedAt.Format(time.RFC3339Nano)}
	},
}

func notEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func jqlKeys(_ *Jira, is *jiIssue) []string { return append([]string{is.key, is.id}, is.pastKeys...) }

func jqlDue(_ *Jira, is *jiIssue) []string {
	if is.due == "" {
		return nil
	}
	return []string{is.due + "T00:00:00Z"}
}

func jqlComments(_ *Jira, is *jiIssue) []string {
	var out []string
	for _, c := range is.comments {
		out = append(out, c.body)
	}
	return out
}

func (j *Jira) jqlPerson(account string) []string {
	u := j.user(account)
	if u == nil {
		return nil
	}
	return append([]string{u.account, u.name}, notEmpty(u.email)...)
}

// jqlWords splits a text as the index does: at everything that is neither
// letter nor digit.
func jqlWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

var jqlRelative = regexp.MustCompile(`^([+-]?)(\d{1,6})([mhdw])$`)

// jqlTime reads a time: milliseconds since 1970, a date with or without
// minutes, or a distance from now.
func (j *Jira) jqlTime(s string) (time.Time, error) {
	if m := jqlRelative.FindStringSubmatch(s); m != nil {
		unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[3]]
		n, err := strconv.Atoi(m[2])
		if err != nil {
			return time.Time{}, err
		}
		if m[1] == "-" {
			n = -n
		}
		return j.clock().Add(time.Duration(n) * unit), nil
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006/01/02 15:04", "2006-01-02", "2006/01/02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, refuse("Date value '%s' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.", s)
}

// jqlError is a refusal in Jira's own words, which go into errorMessages as
// they stand.
type jqlError string

func (e jqlError) Error() string { return string(e) }

func refuse(format string, args ...any) error { return jqlError(fmt.Sprintf(format, args...)) }
