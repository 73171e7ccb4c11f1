package trackertest

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// edit runs fn on a ticket as a person would; it panics on a ticket that is
// not there, because then the test is wrong.
func (f *Fake) edit(ref domain.Ref, fn func(*ticket)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	tk, err := f.get("people", ref)
	if err != nil {
		panic(fmt.Sprintf("trackertest: %v", err))
	}
	fn(tk)
	tk.UpdatedAt = f.now().UTC()
}

// CloseBy is a person closing a ticket.
func (f *Fake) CloseBy(ref domain.Ref, why domain.CloseReason) {
	f.edit(ref, func(t *ticket) { f.close(t, why) })
}

// CloseAsDuplicate is a person closing a ticket as a duplicate of another.
func (f *Fake) CloseAsDuplicate(ref, of domain.Ref) {
	f.edit(ref, func(t *ticket) { f.close(t, domain.Duplicate); t.DuplicateOf = of })
}

// ReopenBy is a person reopening a ticket.
func (f *Fake) ReopenBy(ref domain.Ref) { f.edit(ref, f.open) }

// SetTitle, SetDue, SetAssignees and SetLabels are a person editing a ticket.
func (f *Fake) SetTitle(ref domain.Ref, title string) {
	f.edit(ref, func(t *ticket) { t.Title = title })
}

// SetDue is a person setting the due date.
func (f *Fake) SetDue(ref domain.Ref, due string) { f.edit(ref, func(t *ticket) { t.Due = due }) }

// SetAssignees is a person assigning the ticket.
func (f *Fake) SetAssignees(ref domain.Ref, who ...string) {
	f.edit(ref, func(t *ticket) { t.Assignees = who })
}

// SetLabels is a person replacing the labels.
func (f *Fake) SetLabels(ref domain.Ref, labels ...string) {
	f.edit(ref, func(t *ticket) { t.Labels = labels })
}

// DeleteBy is a person deleting a ticket.
func (f *Fake) DeleteBy(ref domain.Ref) { f.edit(ref, func(t *ticket) { t.deleted = true }) }

// MoveTo is a person moving a ticket to another target. The old reference leads
// to the new one.
func (f *Fake) MoveTo(ref domain.Ref, target string) domain.Ref {
	var to domain.Ref
	f.edit(ref, func(t *ticket) {
		n := f.newTicket(target, t.Author)
		to = n.Ref
		url := n.URL
		n.Ticket, n.comments, n.created, n.liked = t.Ticket, t.comments, t.created, t.liked
		n.Ref, n.URL = to, url
		delete(f.tickets, ref)
		f.moved[ref] = to
	})
	return to
}

// OpenBy is a person making a ticket by hand.
func (f *Fake) OpenBy(target, who, title, body string) domain.Ref {
	f.mu.Lock()
	defer f.mu.Unlock()
	tk := f.newTicket(target, who)
	tk.Title, tk.Body = title, body
	return tk.Ref
}

// CommentBy is a person writing a comment; its id is returned.
func (f *Fake) CommentBy(ref domain.Ref, who, body string) string {
	var id string
	f.edit(ref, func(t *ticket) { id = f.comment(t, who, body).ID })
	return id
}

// EditCommentBy is a person editing a comment.
func (f *Fake) EditCommentBy(ref domain.Ref, id, body string) {
	f.edit(ref, func(t *ticket) {
		for _, c := range t.comments {
			if c.ID == id {
				c.Body, c.Edited, c.UpdatedAt = body, true, f.now().UTC()
			}
		}
	})
}

// DeleteCommentBy is a person deleting a comment.
func (f *Fake) DeleteCommentBy(ref domain.Ref, id string) {
	f.edit(ref, func(t *ticket) {
		t.comments = slices.DeleteFunc(t.comments, func(c *trackers.Comment) bool { return c.ID == id })
	})
}

// SetWriter says who has write permission.
func (f *Fake) SetWriter(people ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range people {
		f.writers[p] = true
	}
}

// SetAssignable says who can be assigned; before it everybody can.
func (f *Fake) SetAssignable(people ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.assignable = map[string]bool{}
	for _, p := range people {
		f.assignable[p] = true
	}
}

// Refuse makes creations leave out a field: assignee, labels or duedate.
func (f *Fake) Refuse(field, why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused[field] = why
}

// RefuseReopening makes the workflow offer no way back.
func (f *Fake) RefuseReopening(no bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.noReopen = no
}

// SetFindings is what Check returns.
func (f *Fake) SetFindings(all ...trackers.Finding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.findings = all
}

// Now returns a ticket as it is, for a test to look at. It counts as no call.
func (f *Fake) Now(ref domain.Ref) domain.Ticket {
	var out domain.Ticket
	f.edit(ref, func(t *ticket) { out = t.copy() })
	return out
}

// Comments returns a ticket's comments, oldest first.
func (f *Fake) Comments(ref domain.Ref) []trackers.Comment {
	f.mu.Lock()
	defer f.mu.Unlock()
	tk, err := f.get("people", ref)
	if err != nil {
		panic(fmt.Sprintf("trackertest: %v", err))
	}
	var out []trackers.Comment
	for _, c := range tk.comments {
		out = append(out, *c)
	}
	return out
}

// Liked reports whether the comment got a reaction.
func (f *Fake) Liked(ref domain.Ref, id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	tk, err := f.get("people", ref)
	return err == nil && tk.liked[id]
}

// Tickets lists the references of a target's tickets in the order of their
// making.
func (f *Fake) Tickets(target string) []domain.Ref {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []domain.Ref
	for ref, tk := range f.tickets {
		if ref.Project() == target && !tk.deleted {
			out = append(out, ref)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Number() < out[j].Number() })
	return out
}

// SetRepository, SetPullRequest, SetCommit and SetClosers fill the code host.
func (f *Fake) SetRepository(r trackers.Repository) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.repos[strings.ToLower(r.FullName)] = r
}

// SetPullRequest adds or replaces a pull request by its repository and number.
func (f *Fake) SetPullRequest(c trackers.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := strings.ToLower(fmt.Sprintf("%s#%d", c.Repo, c.PullRequest))
	f.changes[key], f.touched[key] = c, f.now().UTC()
}

// SetCommit adds or replaces a commit by its repository and hash.
func (f *Fake) SetCommit(c trackers.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changes[strings.ToLower(c.Repo+"@"+c.SHA)] = c
}

// SetClosers is what the code host ties to the closing of a ticket.
func (f *Fake) SetClosers(ref domain.Ref, all ...domain.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closers[ref] = all
}

// Repository reads what SetRepository set.
func (f *Fake) Repository(ctx context.Context, repo string) (out trackers.Repository, err error) {
	end, fail := f.begin(ctx, "Repository", "", &err)
	defer end()
	if fail {
		return out, err
	}
	out, ok := f.repos[strings.ToLower(repo)]
	if !ok {
		return out, f.errorf("Repository", "", trackers.NotFound, "there is no repository %s", repo)
	}
	return out, nil
}

// PullRequest reads what SetPullRequest set.
func (f *Fake) PullRequest(ctx context.Context, repo string, number int) (out trackers.Change, err error) {
	return f.change(ctx, "PullRequest", fmt.Sprintf("%s#%d", repo, number))
}

// Commit reads what SetCommit set; the hash may be shortened.
func (f *Fake) Commit(ctx context.Context, repo, sha string) (out trackers.Change, err error) {
	return f.change(ctx, "Commit", repo+"@"+sha)
}

func (f *Fake) change(ctx context.Context, op, key string) (out trackers.Change, err error) {
	end, fail := f.begin(ctx, op, "", &err)
	defer end()
	if fail {
		return out, err
	}
	for k, c := range f.changes {
		if k == strings.ToLower(key) || op == "Commit" && strings.HasPrefix(k, strings.ToLower(key)) {
			return c, nil
		}
	}
	return out, f.errorf(op, "", trackers.NotFound, "there is no %s", key)
}

// Closers reads what SetClosers set.
func (f *Fake) Closers(ctx context.Context, ref domain.Ref) (out []domain.Change, err error) {
	end, fail := f.begin(ctx, "Closers", ref, &err)
	defer end()
	if fail {
		return nil, err
	}
	return slices.Clone(f.closers[ref]), nil
}

// Credential is empty: nothing is served.
func (f *Fake) Credential(context.Context) (user, secret string, err error) { return "", "", nil }
