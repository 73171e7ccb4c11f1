package trackertest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// AddComment writes a new comment as the fake's account.
func (f *Fake) AddComment(ctx context.Context, ref domain.Ref, t trackers.Text) (out trackers.Comment, err error) {
	end, fail := f.begin(ctx, "AddComment", ref, &err)
	defer end()
	if fail {
		return out, err
	}
	tk, err := f.get("AddComment", ref)
	if err != nil {
		return out, err
	}
	return *f.comment(tk, Account, renderText(t, true)), nil
}

func (f *Fake) comment(tk *ticket, who, body string) *trackers.Comment {
	f.lastID++
	id := strconv.Itoa(f.lastID)
	now := f.now().UTC()
	c := &trackers.Comment{ID: id, Author: who, AuthorApp: false, Body: body, CreatedAt: now, UpdatedAt: now, URL: tk.URL + "#comment-" + id}
	tk.comments = append(tk.comments, c)
	tk.UpdatedAt = now
	return c
}

func (f *Fake) findComment(op string, ref domain.Ref, id string) (*ticket, *trackers.Comment, error) {
	tk, err := f.get(op, ref)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range tk.comments {
		if c.ID == id {
			return tk, c, nil
		}
	}
	return nil, nil, f.errorf(op, ref, trackers.NotFound, "there is no comment %s", id)
}

// EditComment writes a comment anew, without a mention.
func (f *Fake) EditComment(ctx context.Context, ref domain.Ref, id string, t trackers.Text) (err error) {
	end, fail := f.begin(ctx, "EditComment", ref, &err)
	defer end()
	if fail {
		return err
	}
	_, c, err := f.findComment("EditComment", ref, id)
	if err != nil {
		return err
	}
	c.Body, c.Edited, c.UpdatedAt = renderText(t, false), true, f.now().UTC()
	return nil
}

// Comment reads a comment.
func (f *Fake) Comment(ctx context.Context, ref domain.Ref, id string) (out trackers.Comment, err error) {
	end, fail := f.begin(ctx, "Comment", ref, &err)
	defer end()
	if fail {
		return out, err
	}
	_, c, err := f.findComment("Comment", ref, id)
	if err != nil {
		return out, err
	}
	return *c, nil
}

// FindComment looks for the text, then for the marker, newest first.
func (f *Fake) FindComment(ctx context.Context, ref domain.Ref, t trackers.Text, since time.Time) (out trackers.Comment, found bool, err error) {
	end, fail := f.begin(ctx, "FindComment", ref, &err)
	defer end()
	if fail {
		return out, false, err
	}
	tk, err := f.get("FindComment", ref)
	if err != nil {
		return out, false, err
	}
	fits := []func(*trackers.Comment) bool{
		func(c *trackers.Comment) bool {
			return (c.Body == renderText(t, false) || c.Body == renderText(t, true)) && !c.CreatedAt.Before(since.Add(-5*time.Minute))
		},
		func(c *trackers.Comment) bool {
			return f.kind == "github" && t.Marker != "" && strings.HasSuffix(c.Body, hidden(t.Marker)) && !c.CreatedAt.Before(since.Add(-time.Minute))
		},
	}
	for _, fit := range fits {
		for i := len(tk.comments) - 1; i >= 0; i-- {
			if c := tk.comments[i]; c.Author == Account && fit(c) {
				return *c, true, nil
			}
		}
	}
	return out, false, nil
}

// React notes a reaction; a fake of kind jira has none.
func (f *Fake) React(ctx context.Context, ref domain.Ref, id string) (done bool, err error) {
	end, fail := f.begin(ctx, "React", ref, &err)
	defer end()
	if fail || f.kind != "github" {
		return false, err
	}
	tk, c, err := f.findComment("React", ref, id)
	if err != nil {
		return false, err
	}
	tk.liked[c.ID] = true
	return true, nil
}

// CanWrite is true for those named by SetWriter.
func (f *Fake) CanWrite(ctx context.Context, ref domain.Ref, person string) (ok bool, err error) {
	end, fail := f.begin(ctx, "CanWrite", ref, &err)
	defer end()
	if fail {
		return false, err
	}
	return f.writers[person], nil
}

func oneLine(s string, limit int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > limit {
		r = append(r[:limit-1], '…')
	}
	return string(r)
}

func hidden(m string) string { return "<!-- " + m + " -->" }

func markerLine(m trackers.Marker) string {
	return fmt.Sprintf("holdfast item %s mac %s", m.Item, m.MAC)
}

// renderBody is plain text with everything in it.
func renderBody(b trackers.Body, m trackers.Marker) string {
	lines := []string{b.Text, ""}
	for _, r := range b.Table {
		lines = append(lines, r[0]+": "+r[1])
	}
	lines = append(lines, b.Close...)
	if len(b.Failed) > 0 {
		lines = append(lines, "Not set on this ticket: "+strings.Join(b.Failed, "; "))
	}
	return strings.Join(append(lines, markerLine(m)), "\n")
}

func renderText(t trackers.Text, mention bool) string {
	lines := append([]string{t.Lead}, t.Lines...)
	for _, w := range t.WaysOut {
		lines = append(lines, "- `"+w+"`")
	}
	lines = append(lines, t.Why...)
	if mention && t.Mention != "" {
		lines = append(lines, "cc @"+t.Mention)
	}
	for i, l := range lines {
		if strings.HasPrefix(strings.TrimSpace(l), "/holdfast") {
			lines[i] = "`" + l + "`"
		}
	}
	if t.Marker != "" {
		lines = append(lines, hidden(t.Marker))
	}
	return strings.Join(lines, "\n")
}
