package jira

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// Search takes JQL. It is asked for within the given projects alone, and what
// Jira answers is held against them again, since the query is others' words.
func (t *Tracker) Search(ctx context.Context, query string, targets []string, since time.Time, limit int) ([]trackers.Found, bool, error) {
	const op = "search tickets"
	query = strings.TrimSpace(withoutOrder(query))
	if query == "" {
		return nil, false, invalid(op, "", errors.New("the query would match every ticket: say which, such as labels = postmortem"))
	}
	var keys []string
	ours := map[string]bool{}
	for _, p := range targets {
		if !validProject(p) {
			return nil, false, invalid(op, "", fmt.Errorf("%q is no project key", p))
		}
		keys, ours[p] = append(keys, `"`+p+`"`), true
	}
	if len(keys) == 0 {
		return nil, false, invalid(op, "", errors.New("no project of this tracker is configured for tickets"))
	}
	jql := "project in (" + strings.Join(keys, ", ") + ") AND (" + query + ")"
	if !since.IsZero() {
		// Milliseconds are the one form that means the same in every time zone.
		out, more, err := t.searched(ctx, op, fmt.Sprintf("%s AND updated >= %d ORDER BY created ASC", jql, since.UnixMilli()), ours, limit)
		if err == nil || trackers.ClassOf(err) != trackers.Invalid {
			return out, more, err
		}
	}
	return t.searched(ctx, op, jql+" ORDER BY created ASC", ours, limit)
}

func (t *Tracker) searched(ctx context.Context, op, jql string, ours map[string]bool, limit int) ([]trackers.Found, bool, error) {
	q := t.query(op, jql, wanted+",priority", 100)
	var out []trackers.Found
	for range maxSearchPages {
		page, more, err := q.next(ctx)
		if err != nil {
			return nil, false, err
		}
		for i := range page {
			is := &page[i]
			ref := domain.JiraRef(t.name, is.Key)
			if _, bad := domain.ParseRef(string(ref)); bad != nil || !ours[ref.Project()] || is.Fields.Status == nil {
				continue
			}
			category, err := t.category(ctx, is.Fields.Status)
			if err != nil {
				return nil, false, err
			}
			if category == "" && is.Fields.Resolution != nil {
				category = categoryDone
			}
			f := trackers.Found{Ticket: t.ticket(is, category)}
			f.Body = ""
			if p := is.Fields.Priority; p != nil {
				f.Priority = t.priorityOf(p.Name)
			}
			if len(out) == limit {
				return out, true, nil
			}
			out = append(out, f)
		}
		if !more {
			return out, false, nil
		}
	}
	return out, true, nil
}

// priorityOf is the priority that the configuration gives this name; empty
// where it gives none.
func (t *Tracker) priorityOf(name string) domain.Priority {
	for _, p := range domain.Priorities {
		if strings.EqualFold(t.priorities[p], name) {
			return p
		}
	}
	return ""
}

// withoutOrder takes an ORDER BY off the end of a query: it cannot stand in
// brackets, and the order is ours.
func withoutOrder(jql string) string {
	quote := byte(0)
	for i := 0; i < len(jql); i++ {
		switch c := jql[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case (c == 'o' || c == 'O') && (i == 0 || strings.IndexByte(" \t\n)", jql[i-1]) >= 0):
			if f := strings.Fields(jql[i:min(len(jql), i+40)]); len(f) > 1 && strings.EqualFold(f[0], "order") && strings.EqualFold(f[1], "by") {
				return jql[:i]
			}
		}
	}
	return jql
}
