package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

// AddComment writes a new comment. It is never repeated inside.
func (t *Tracker) AddComment(ctx context.Context, ref domain.Ref, text trackers.Text) (trackers.Comment, error) {
	const op = "comment on ticket"
	path, err := t.issuePath(op, ref)
	if err != nil {
		return trackers.Comment{}, err
	}
	c := call{op: op, ref: ref, repo: ref.Project(), method: "POST", path: path + "/comments", effect: rest.Change}
	var got gh.IssueComment
	c.body, c.out = map[string]string{"body": renderComment(text, true)}, &got
	a, err := t.do(ctx, c)
	if err != nil && !(a.OK() && got.GetID() != 0) {
		return trackers.Comment{}, err
	}
	if got.GetID() == 0 {
		return trackers.Comment{}, t.unreadable(c, a, fmt.Errorf("it names no id"))
	}
	t.learnOwn(got.GetUser().GetLogin())
	return comment(&got), nil
}

// EditComment writes the comment's text anew, without a mention.
func (t *Tracker) EditComment(ctx context.Context, ref domain.Ref, id string, text trackers.Text) error {
	path, err := t.commentPath("edit comment", ref, id)
	if err != nil {
		return err
	}
	_, err = t.do(ctx, call{op: "edit comment", ref: ref, repo: ref.Project(), method: "PATCH", path: path,
		body: map[string]string{"body": renderComment(text, false)}, effect: rest.Write})
	return err
}

// Comment reads one comment back. A comment that stands on another ticket is
// not found.
func (t *Tracker) Comment(ctx context.Context, ref domain.Ref, id string) (trackers.Comment, error) {
	const op = "read comment"
	path, err := t.commentPath(op, ref, id)
	if err != nil {
		return trackers.Comment{}, err
	}
	var got gh.IssueComment
	if _, err := t.do(ctx, call{op: op, ref: ref, repo: ref.Project(), method: "GET", path: path, out: &got}); err != nil {
		return trackers.Comment{}, err
	}
	if m := issueNumber.FindStringSubmatch(got.GetIssueURL()); m != nil && m[1] != strconv.Itoa(ref.Number()) {
		return trackers.Comment{}, &trackers.Error{Op: op, Ref: ref, Class: trackers.NotFound, Err: fmt.Errorf("comment %s stands on #%s", id, m[1])}
	}
	if got.GetID() == 0 {
		got.ID = gh.Int64(parseID(id))
	}
	return comment(&got), nil
}

// FindComment looks for the exact text first, with or without the mention,
// then for the marker. The text is taken with five minutes' leeway for the
// clocks, the marker with one, because an older comment carries it too.
func (t *Tracker) FindComment(ctx context.Context, ref domain.Ref, text trackers.Text, since time.Time) (trackers.Comment, bool, error) {
	const op = "find comment"
	path, err := t.issuePath(op, ref)
	if err != nil {
		return trackers.Comment{}, false, err
	}
	own, err := t.ownLogins(ctx)
	if err != nil {
		return trackers.Comment{}, false, err
	}
	q := url.Values{}
	if !since.IsZero() {
		q.Set("since", since.Add(-leeway).UTC().Format(time.RFC3339))
	}
	plain, mention := normal(renderComment(text, false)), normal(renderComment(text, true))
	var exact, marked *gh.IssueComment
	later := func(a, b *gh.IssueComment) bool { return a == nil || !b.GetCreatedAt().Before(a.GetCreatedAt().Time) }
	err = list(ctx, t, call{op: op, ref: ref, repo: ref.Project()}, path+"/comments", q, func(page []gh.IssueComment) bool {
		for i := range page {
			c := &page[i]
			by, at := c.GetUser().GetLogin(), c.GetCreatedAt().Time
			if len(own) > 0 && by != "" && !containsFold(own, by) {
				continue
			}
			fits := func(d time.Duration) bool { return since.IsZero() || at.IsZero() || !at.Before(since.Add(-d)) }
			body := normal(c.GetBody())
			if (body == plain || body == mention) && fits(leeway) && later(exact, c) {
				exact = c
			}
			if text.Marker != "" && strings.HasSuffix(body, hidden(text.Marker)) && fits(time.Minute) && later(marked, c) {
				marked = c
			}
		}
		return true
	})
	switch {
	case err != nil:
		return trackers.Comment{}, false, err
	case exact != nil:
		return comment(exact), true, nil
	case marked != nil:
		return comment(marked), true, nil
	}
	return trackers.Comment{}, false, nil
}

func normal(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// React puts a thumbs-up on the comment. A server without reactions makes it
// false, and the caller answers in words.
func (t *Tracker) React(ctx context.Context, ref domain.Ref, id string) (bool, error) {
	path, err := t.commentPath("react to comment", ref, id)
	if err != nil {
		return false, err
	}
	a, err := t.do(ctx, call{op: "react to comment", ref: ref, repo: ref.Project(), method: "POST", path: path + "/reactions",
		body: map[string]string{"content": "+1"}, effect: rest.Write})
	if rest.Missing(err) || a.Status == http.StatusUnprocessableEntity {
		return false, nil
	}
	return err == nil, err
}

func (t *Tracker) commentPath(op string, ref domain.Ref, id string) (string, error) {
	if _, err := t.issuePath(op, ref); err != nil {
		return "", err
	}
	if !commentID.MatchString(id) {
		return "", invalid(op, ref, fmt.Errorf("%q is no comment of GitHub", id))
	}
	return "repos/" + ref.Project() + "/issues/comments/" + id, nil
}

func parseID(id string) int64 {
	n, _ := strconv.ParseInt(id, 10, 64) // checked by commentPath
	return n
}

func comment(c *gh.IssueComment) trackers.Comment {
	out := trackers.Comment{
		ID: strconv.FormatInt(c.GetID(), 10), Author: c.GetUser().GetLogin(), AuthorApp: c.GetUser().GetType() == "Bot",
		Body: c.GetBody(), CreatedAt: c.GetCreatedAt().UTC(), UpdatedAt: c.GetUpdatedAt().UTC(), URL: c.GetHTMLURL(),
	}
	out.Edited = !c.GetUpdatedAt().IsZero() && out.UpdatedAt.After(out.CreatedAt)
	return out
}
