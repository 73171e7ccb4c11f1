package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

type comment struct {
	ID      id     `json:"id"`
	Author  *user  `json:"author"`
	Body    string `json:"body"`
	Created string `json:"created"`
	Updated string `json:"updated"`
}

// AddComment writes a new comment. It is never repeated inside.
func (t *Tracker) AddComment(ctx context.Context, ref domain.Ref, c trackers.Text) (trackers.Comment, error) {
	const op = "comment on ticket"
	path, err := t.issuePath(op, ref)
	if err != nil {
		return trackers.Comment{}, err
	}
	var got comment
	if _, err := t.do(ctx, call{op: op, ref: ref, method: "POST", path: path + "/comment", effect: rest.Change,
		body: map[string]string{"body": t.renderComment(c, true)}, out: &got}); err != nil {
		return trackers.Comment{}, err
	}
	if got.ID == "" {
		return trackers.Comment{}, &trackers.Error{Op: op, Ref: ref, Class: trackers.Uncertain, Err: errors.New("the answer names no id")}
	}
	return t.comment(ref, &got), nil
}

// EditComment writes the comment's text anew, without a mention.
func (t *Tracker) EditComment(ctx context.Context, ref domain.Ref, commentID string, c trackers.Text) error {
	path, err := t.commentPath("edit comment", ref, commentID)
	if err != nil {
		return err
	}
	_, err = t.do(ctx, call{op: "edit comment", ref: ref, method: "PUT", path: path, effect: rest.Write,
		body: map[string]string{"body": t.renderComment(c, false)}})
	return err
}

// Comment reads one comment back.
func (t *Tracker) Comment(ctx context.Context, ref domain.Ref, commentID string) (trackers.Comment, error) {
	path, err := t.commentPath("read comment", ref, commentID)
	if err != nil {
		return trackers.Comment{}, err
	}
	var got comment
	if _, err := t.do(ctx, call{op: "read comment", ref: ref, method: "GET", path: path, out: &got}); err != nil {
		return trackers.Comment{}, err
	}
	got.ID = id(commentID)
	return t.comment(ref, &got), nil
}

// FindComment compares letters and digits only: Cloud stores a document and
// writes the wiki markup anew, so the signs may differ. Jira hides no marker.
func (t *Tracker) FindComment(ctx context.Context, ref domain.Ref, c trackers.Text, since time.Time) (trackers.Comment, bool, error) {
	const op = "find comment"
	path, err := t.issuePath(op, ref)
	if err != nil {
		return trackers.Comment{}, false, err
	}
	own, err := t.ownAccount(ctx)
	if err != nil {
		return trackers.Comment{}, false, err
	}
	want := []string{letters(t.renderComment(c, false)), letters(t.renderComment(c, true))}
	var found *comment
	q := url.Values{"orderBy": {"-created"}, "maxResults": {"100"}}
	for page, seen := 0, 0; page < 50; page++ {
		var got struct {
			Comments []comment `json:"comments"`
			Total    int       `json:"total"`
		}
		if _, err := t.do(ctx, call{op: op, ref: ref, method: "GET", path: path + "/comment", query: q, out: &got}); err != nil {
			return trackers.Comment{}, false, err
		}
		for i := range got.Comments {
			k := &got.Comments[i]
			by, at := k.Author.key(t.flavor), parseTime(k.Created)
			if own != "" && by != "" && by != own || !since.IsZero() && !at.IsZero() && at.Before(since.Add(-leeway)) {
				continue
			}
			if slices.Contains(want, letters(k.Body)) && (found == nil || at.After(parseTime(found.Created))) {
				found = k
			}
		}
		seen += len(got.Comments)
		if len(got.Comments) == 0 || seen >= got.Total {
			break
		}
		q.Set("startAt", strconv.Itoa(seen))
	}
	if found == nil {
		return trackers.Comment{}, false, nil
	}
	return t.comment(ref, found), true, nil
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// React is false: Jira's API has no reactions.
func (t *Tracker) React(context.Context, domain.Ref, string) (bool, error) { return false, nil }

// CanWrite reports whether the account may edit tickets of the project.
func (t *Tracker) CanWrite(ctx context.Context, ref domain.Ref, person string) (bool, error) {
	const op = "read permission"
	if _, err := t.issuePath(op, ref); err != nil {
		return false, err
	}
	if !validAccount(person) {
		return false, nil
	}
	q := url.Values{"permissions": {"EDIT_ISSUES"}, "projectKey": {ref.Project()}, "maxResults": {"50"}}
	if t.flavor == Cloud {
		q.Set("accountId", person)
	} else {
		q.Set("username", person) // matches beginnings too
	}
	var got []user
	a, err := t.do(ctx, call{op: op, ref: ref, method: "GET", path: "rest/api/2/user/permission/search", query: q, out: &got})
	if rest.Missing(err) || a.Status == http.StatusBadRequest {
		return false, nil // unknown there, or the server cannot tell
	}
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(got, func(u user) bool { return u.key(t.flavor) == person }), nil
}

func (t *Tracker) commentPath(op string, ref domain.Ref, id string) (string, error) {
	path, err := t.issuePath(op, ref)
	if err != nil {
		return "", err
	}
	if !commentID.MatchString(id) {
		return "", invalid(op, ref, fmt.Errorf("%q is no comment of Jira", id))
	}
	return path + "/comment/" + id, nil
}

func (t *Tracker) comment(ref domain.Ref, c *comment) trackers.Comment {
	out := trackers.Comment{
		ID: string(c.ID), Author: c.Author.key(t.flavor), AuthorApp: c.Author != nil && c.Author.AccountType == "app",
		Body: c.Body, CreatedAt: parseTime(c.Created), UpdatedAt: parseTime(c.Updated),
		URL: t.browse(ref.Key()) + "?focusedCommentId=" + string(c.ID),
	}
	out.Edited = out.UpdatedAt.After(out.CreatedAt)
	return out
}
