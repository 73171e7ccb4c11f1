package jira

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

const (
	// sweepMargin is how far sweeps overlap: the search shows a change some
	// seconds after it was made, and not in the order of the changes.
	sweepMargin = time.Minute
	// emptyMargin is the same for a project that holds nothing yet: it may begin
	// long ago at no cost. Of the time there is only the header Date, which a
	// gateway may have written by another clock than that of the tickets to come.
	emptyMargin = 24 * time.Hour
	// sweepPages bounds what one sweep lists; the rest is had with the next.
	sweepPages = 10
	// maxCommentPages bounds the reading of one ticket's comments.
	maxCommentPages = 50
	// anyZone is more than two time zones can differ.
	anyZone = 27 * time.Hour
)

// sweepFields are what a swept ticket needs: all but its description.
const sweepFields = "summary,status,resolution,resolutiondate,statuscategorychangedate,created,updated,labels,assignee,creator,reporter,duedate,issuelinks,comment"

var _ trackers.Sweeper = (*Tracker)(nil)

// Changed lists the tickets of a project that were updated, and the comments
// that were written, at or after since. Jira has no list but its search, which
// lags behind: sweeps overlap by a minute.
func (t *Tracker) Changed(ctx context.Context, target string, since time.Time) (trackers.Swept, error) {
	op := "list what changed in " + target
	if !validProject(target) {
		return trackers.Swept{}, invalid("list what changed", "", fmt.Errorf("%q is no project key", target))
	}
	if since.IsZero() {
		return t.whence(ctx, op, target)
	}
	issues, until, more, err := t.updated(ctx, op, target, since)
	if err != nil {
		return trackers.Swept{}, err
	}
	out := trackers.Swept{Until: until, More: more}
	if at := until.Add(-sweepMargin); !more {
		out.Until = since
		if at.After(since) {
			out.Until = at
		}
	}
	for i := range issues {
		is := &issues[i]
		category, err := t.category(ctx, is.Fields.Status)
		if err != nil {
			return trackers.Swept{}, err
		}
		if category == "" && is.Fields.Resolution != nil {
			category = categoryDone
		}
		tk := t.ticket(is, category)
		tk.Body = ""
		out.Tickets = append(out.Tickets, tk)
		comments, err := t.newComments(ctx, op, tk.Ref, is, since)
		if err != nil {
			return trackers.Swept{}, err
		}
		out.Comments = append(out.Comments, comments...)
	}
	return out, nil
}

// whence says where a first sweep starts, by Jira's clock.
func (t *Tracker) whence(ctx context.Context, op, target string) (trackers.Swept, error) {
	q := t.query(op, fmt.Sprintf(`project = "%s" ORDER BY updated DESC`, target), "updated", 1)
	page, _, err := q.next(ctx)
	if err != nil {
		return trackers.Swept{}, err
	}
	var newest time.Time
	for _, is := range page {
		newest = later(newest, parseTime(is.Fields.Updated))
	}
	if newest.IsZero() {
		if newest, err = http.ParseTime(q.date); err != nil {
			return trackers.Swept{}, nil //nolint:nilerr // it tells no time at all: ask again
		}
		return trackers.Swept{Until: newest.UTC().Add(-emptyMargin)}, nil
	}
	return trackers.Swept{Until: newest.UTC().Add(-sweepMargin)}, nil
}

// updated lists the issues that were updated since, oldest first. A further
// page is asked for by the time of the last issue, not by its number: what is
// updated meanwhile moves to the end, and what moves up would be skipped.
func (t *Tracker) updated(ctx context.Context, op, target string, since time.Time) (all []issue, until time.Time, more bool, err error) {
	// The search may know no parts of a second.
	from := since.UTC().Truncate(time.Second)
	asked, exact := from, true
	q := t.query(op, updatedSince(target, asked), sweepFields, 100)
	seen := map[string]bool{}
	until = since
	for n := 1; ; n++ {
		page, next, err := q.next(ctx)
		if exact && n == 1 && trackers.ClassOf(err) == trackers.Invalid && err != nil {
			// A server that knows no milliseconds may know minutes, which it
			// reads in the time zone of our account. What is too old is left out.
			exact = false
			q = t.query(op, fmt.Sprintf(`project = "%s" AND updated >= "%s" ORDER BY updated ASC`, target, from.Add(-anyZone).Format("2006-01-02 15:04")), sweepFields, 100)
			var again error
			if page, next, again = q.next(ctx); again == nil {
				err = nil
			}
		}
		if err != nil {
			return nil, since, false, err
		}
		ordered := slices.IsSortedFunc(page, func(a, b issue) int { return parseTime(a.Fields.Updated).Compare(parseTime(b.Fields.Updated)) })
		for _, is := range page {
			at := parseTime(is.Fields.Updated)
			_, bad := domain.ParseRef(t.name + ":" + is.Key)
			if bad != nil || is.Fields.Status == nil || seen[is.Key] || !at.IsZero() && at.Before(from) {
				continue
			}
			seen[is.Key] = true
			all = append(all, is)
			until = later(until, at)
		}
		onwards := until.Truncate(time.Second)
		switch {
		case !next:
			return all, until, false, nil
		case ordered && onwards.After(from) && n >= sweepPages:
			return all, onwards, true, nil
		case n >= maxSearchPages:
			t.log.Warn("a search is longer than can be read", "op", op, "pages", n)
			return all, onwards.Add(time.Second), true, nil
		case exact && ordered && onwards.After(asked):
			asked = onwards
			q = t.query(op, updatedSince(target, asked), sweepFields, 100)
		}
	}
}

// maxSearchPages bounds a search in which time does not move on.
const maxSearchPages = 100

func updatedSince(target string, at time.Time) string {
	return fmt.Sprintf(`project = "%s" AND updated >= %d ORDER BY updated ASC`, target, at.UnixMilli())
}

// newComments are the comments of a ticket that were written at or after
// since. A search shows only some of many, and not every server any.
func (t *Tracker) newComments(ctx context.Context, op string, ref domain.Ref, is *issue, since time.Time) ([]trackers.SweptComment, error) {
	var all []comment
	if told := is.Fields.Comment; told != nil && told.Total <= len(told.Comments) {
		all = told.Comments
	} else {
		var err error
		if all, err = t.lastComments(ctx, op, ref, since); err != nil {
			return nil, err
		}
	}
	var out []trackers.SweptComment
	for i := range all {
		if c := t.comment(ref, &all[i]); !c.CreatedAt.Before(since) && c.ID != "" {
			out = append(out, trackers.SweptComment{Ref: ref, Comment: c})
		}
	}
	slices.SortStableFunc(out, func(a, b trackers.SweptComment) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return out, nil
}

// lastComments reads a ticket's comments from the newest down to since.
func (t *Tracker) lastComments(ctx context.Context, op string, ref domain.Ref, since time.Time) (all []comment, err error) {
	path, err := t.issuePath(op, ref)
	if err != nil {
		return nil, err
	}
	q := url.Values{"orderBy": {"-created"}, "maxResults": {"100"}}
	for range maxCommentPages {
		var got struct {
			Comments []comment `json:"comments"`
			Total    int       `json:"total"`
		}
		if _, err := t.do(ctx, call{op: op, ref: ref, method: "GET", path: path + "/comment", query: q, out: &got}); err != nil {
			if rest.Missing(err) { // deleted meanwhile, or a server without comments
				return all, nil
			}
			return nil, err
		}
		all = append(all, got.Comments...)
		newestFirst := slices.IsSortedFunc(got.Comments, func(a, b comment) int { return parseTime(b.Created).Compare(parseTime(a.Created)) })
		if n := len(got.Comments); n == 0 || len(all) >= got.Total || newestFirst && n > 1 && parseTime(got.Comments[n-1].Created).Before(since) {
			return all, nil
		}
		q.Set("startAt", strconv.Itoa(len(all)))
	}
	return all, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
