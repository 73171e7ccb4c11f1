package jira

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// id is a string that some servers write as a number.
type id string

func (i *id) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*i = id(s)
		return nil
	}
	*i = id(strings.Trim(string(b), `"`))
	return nil
}

type user struct {
	AccountID   string `json:"accountId"`
	Name        string `json:"name"`
	AccountType string `json:"accountType"`
}

// key is the name by which configuration and webhooks know the person.
func (u *user) key(f Flavor) string {
	switch {
	case u == nil:
		return ""
	case f == Cloud && u.AccountID != "", u.Name == "":
		return u.AccountID
	}
	return u.Name
}

type status struct {
	ID             id     `json:"id"`
	Name           string `json:"name"`
	StatusCategory struct {
		ID  id     `json:"id"`
		Key string `json:"key"`
	} `json:"statusCategory"`
}

type issue struct {
	ID     id     `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Summary     string  `json:"summary"`
		Description string  `json:"description"`
		Status      *status `json:"status"`
		Resolution  *struct {
			Name string `json:"name"`
		} `json:"resolution"`
		Priority *struct {
			Name string `json:"name"`
		} `json:"priority"` // only where it was asked for
		ResolutionDate           string   `json:"resolutiondate"`
		StatusCategoryChangeDate string   `json:"statuscategorychangedate"`
		Created                  string   `json:"created"`
		Updated                  string   `json:"updated"`
		Labels                   []string `json:"labels"`
		Assignee                 *user    `json:"assignee"`
		Creator                  *user    `json:"creator"`
		Reporter                 *user    `json:"reporter"`
		DueDate                  string   `json:"duedate"`
		IssueLinks               []struct {
			Type struct {
				Name    string `json:"name"`
				Outward string `json:"outward"`
			} `json:"type"`
			OutwardIssue *struct {
				Key string `json:"key"`
			} `json:"outwardIssue"`
		} `json:"issuelinks"`
		Comment *struct { // nil: not told
			Comments []comment `json:"comments"`
			Total    int       `json:"total"`
		} `json:"comment"`
	} `json:"fields"`
}

// wanted are the fields that ticket reads.
const wanted = "summary,description,status,resolution,resolutiondate,statuscategorychangedate,created,updated,labels,assignee,creator,reporter,duedate,issuelinks"

// parseTime reads Jira's time, zero when there is none.
func parseTime(s string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.999-0700", time.RFC3339Nano, "2006-01-02T15:04:05.999"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// ticket turns an issue into a ticket. category is that of its status.
func (t *Tracker) ticket(is *issue, category string) domain.Ticket {
	f := &is.Fields
	tk := domain.Ticket{
		Ref: domain.JiraRef(t.name, is.Key), NativeID: string(is.ID), URL: t.browse(is.Key), Title: f.Summary, Body: f.Description,
		Closed: category == categoryDone, UpdatedAt: parseTime(f.Updated), Labels: slices.Clone(f.Labels), Assignees: []string{},
		Author: f.Creator.key(t.flavor), Due: f.DueDate,
	}
	if tk.Labels == nil {
		tk.Labels = []string{}
	}
	if tk.Author == "" {
		tk.Author = f.Reporter.key(t.flavor)
	}
	if a := f.Assignee.key(t.flavor); a != "" {
		tk.Assignees = []string{a}
	}
	if !tk.Closed {
		return tk
	}
	tk.CloseReason = t.closeReason(tk.Ref.Project(), is)
	// A change of the resolution alone moves its date, but is no new close.
	for _, at := range []string{f.StatusCategoryChangeDate, f.ResolutionDate, f.Updated} {
		if tk.ClosedAt = parseTime(at); !tk.ClosedAt.IsZero() {
			break
		}
	}
	if tk.CloseReason == domain.Duplicate {
		for _, l := range f.IssueLinks {
			if l.OutwardIssue != nil && (strings.EqualFold(l.Type.Name, "Duplicate") || strings.EqualFold(l.Type.Outward, "duplicates")) {
				tk.DuplicateOf = domain.JiraRef(t.name, l.OutwardIssue.Key)
			}
		}
	}
	return tk
}

// The resolutions that Jira sites usually have for a close without a fix.
var (
	usualNotPlanned = []string{"Won't Do", "Won't Fix", "Cannot Reproduce", "Declined"}
	usualDuplicate  = []string{"Duplicate"}
)

func (t *Tracker) resolutions(project string) (notPlanned, duplicate []string) {
	r := t.projects[project].Resolutions
	notPlanned, duplicate = r.NotPlanned, r.Duplicate
	if notPlanned == nil {
		notPlanned = usualNotPlanned
	}
	if duplicate == nil {
		duplicate = usualDuplicate
	}
	return notPlanned, duplicate
}

func (t *Tracker) closeReason(project string, is *issue) domain.CloseReason {
	if is.Fields.Resolution == nil {
		return domain.Completed
	}
	notPlanned, duplicate := t.resolutions(project)
	switch name := is.Fields.Resolution.Name; {
	case hasName(duplicate, name):
		return domain.Duplicate
	case hasName(notPlanned, name):
		return domain.NotPlanned
	}
	return domain.Completed
}

// hasName compares as people write: without case, with either apostrophe.
func hasName(set []string, name string) bool {
	plain := func(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "’", "'") }
	return slices.ContainsFunc(set, func(s string) bool { return strings.EqualFold(plain(s), plain(name)) })
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
