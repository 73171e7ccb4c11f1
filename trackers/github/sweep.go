package github

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

// sweptIssue is a line of the list of issues, which has pull requests too.
type sweptIssue struct {
	domain.Ticket
	pull     bool
	comments int
}

// Changed lists the issues of a repository that were updated, and the comments
// that were written, at or after since. A quiet repository costs two requests
// that GitHub answers with 304 and does not count.
func (t *Tracker) Changed(ctx context.Context, target string, since time.Time) (trackers.Swept, error) {
	op := "list what changed in " + target
	path, err := repoPath("list what changed", target)
	if err != nil {
		return trackers.Swept{}, err
	}
	c := call{op: op, repo: target}
	read := func(is *gh.Issue) listed[sweptIssue] { return t.swept(ctx, target, is) }
	if since.IsZero() {
		until, err := whence(ctx, t, c, path+"/issues", url.Values{"state": {"all"}, "sort": {"updated"}, "direction": {"desc"}}, read)
		return trackers.Swept{Until: until}, err
	}
	issues, until, more, err := ascending(ctx, t, c, path+"/issues", url.Values{"state": {"all"}}, since, time.Time{}, read)
	if err != nil {
		return trackers.Swept{}, err
	}
	stop := time.Time{}
	if more {
		stop = until // what was commented later is had with the issues that come later
	}
	comments, upTo, moreComments, err := t.newComments(ctx, c, path, target, issues, since, stop)
	if err != nil {
		return trackers.Swept{}, err
	}
	out := trackers.Swept{Until: resume(since, until), More: more || moreComments}
	if out.More {
		out.Until = until
		if moreComments && (upTo.Before(until) || !more) {
			out.Until = upTo
		}
	}
	for _, x := range issues {
		if !x.value.pull && x.value.Ref != "" {
			out.Tickets = append(out.Tickets, x.value.Ticket)
		}
	}
	for _, x := range comments {
		if x.value.Ref != "" && !x.value.CreatedAt.Before(since) {
			out.Comments = append(out.Comments, x.value)
		}
	}
	return out, nil
}

func (t *Tracker) swept(ctx context.Context, target string, is *gh.Issue) listed[sweptIssue] {
	out := sweptIssue{pull: is.IsPullRequest(), comments: is.GetComments()}
	if is.GetNumber() > 0 && is.GetState() != "" {
		out.Ticket = t.ticket(domain.GitHubRef(t.name, target, is.GetNumber()), is)
		out.Body = ""
		if out.CloseReason == domain.Duplicate && !out.pull {
			// Lists do not tell who closed it, by which the original is known.
			if whole, err := t.Ticket(ctx, out.Ref); err == nil {
				out.DuplicateOf = whole.DuplicateOf
			}
		}
	}
	at := is.GetUpdatedAt().UTC()
	return listed[sweptIssue]{value: out, id: int64(is.GetNumber()), at: at, order: at}
}

// newComments lists the comments of the whole repository. A server that lacks
// that list is asked for those of each issue that changed.
func (t *Tracker) newComments(ctx context.Context, c call, path, target string, issues []listed[sweptIssue], since, stop time.Time) ([]listed[trackers.SweptComment], time.Time, bool, error) {
	read := func(k *gh.IssueComment) listed[trackers.SweptComment] { return t.sweptComment(target, k) }
	all, until, more, err := ascending(ctx, t, c, path+"/issues/comments", nil, since, stop, read)
	if !rest.Missing(err) && !(err != nil && trackers.ClassOf(err) == trackers.Invalid) {
		return all, until, more, err
	}
	t.log.Debug("no list of all comments; asking ticket by ticket", "target", target, "err", err)
	all, q := nil, url.Values{"since": {since.UTC().Format(time.RFC3339)}}
	for _, is := range issues {
		if is.value.pull || is.value.comments == 0 || is.value.Ref == "" {
			continue
		}
		c.ref = is.value.Ref
		err := list(ctx, t, c, path+"/issues/"+strconv.Itoa(c.ref.Number())+"/comments", q, func(page []gh.IssueComment) bool {
			for i := range page {
				x := read(&page[i])
				x.value.Ref = c.ref
				all = append(all, x)
			}
			return true
		})
		if err != nil && !rest.Missing(err) { // an issue may be gone by now
			return nil, since, false, err
		}
	}
	return all, since, false, nil
}

// sweptComment reads a comment and where it stands; its ticket is empty where
// that is a pull request, or is not told.
func (t *Tracker) sweptComment(target string, k *gh.IssueComment) listed[trackers.SweptComment] {
	out := trackers.SweptComment{Comment: comment(k)}
	m := issueNumber.FindStringSubmatch(k.GetIssueURL())
	if m == nil {
		m = issueNumber.FindStringSubmatch(k.GetHTMLURL())
	}
	if m != nil && k.GetID() != 0 && !strings.Contains(k.GetHTMLURL(), "/pull/") {
		if n, err := strconv.Atoi(m[1]); err == nil {
			out.Ref = domain.GitHubRef(t.name, target, n)
		}
	}
	at := k.GetUpdatedAt().UTC()
	return listed[trackers.SweptComment]{value: out, id: k.GetID(), at: at, order: at}
}
