package sandbox

import (
	"fmt"
	"slices"
)

// What people do with issues. These take the lock; github_verbs.go holds what
// the REST interface does as well.

// OpenIssue opens an issue as a person would and returns its number.
func (g *GitHub) OpenIssue(repo, actor, title, body string) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.repo(repo)
	if r == nil {
		return 0, fmt.Errorf("opening an issue: no repository %s: make it with CreateRepo first", repo)
	}
	return g.open(r, actor, title, body, nil, nil).number, nil
}

// CloseIssue closes an issue with a reason: completed (also when empty),
// not_planned or duplicate.
func (g *GitHub) CloseIssue(repo string, number int, actor, reason string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, is, err := g.target(repo, number)
	if err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	if reason != "" && !slices.Contains(closeReasons, reason) {
		return fmt.Errorf("closing %s#%d: %q is no reason: use one of %v", repo, number, reason, closeReasons)
	}
	g.close(r, is, actor, reason, "", nil)
	return nil
}

// ReopenIssue opens a closed issue again.
func (g *GitHub) ReopenIssue(repo string, number int, actor string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, is, err := g.target(repo, number)
	if err != nil {
		return fmt.Errorf("reopening: %w", err)
	}
	g.reopen(r, is, actor)
	return nil
}

// CommentOn writes a comment and returns its id.
func (g *GitHub) CommentOn(repo string, number int, actor, body string) (int64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, is, err := g.target(repo, number)
	if err != nil {
		return 0, fmt.Errorf("commenting: %w", err)
	}
	return g.comment(r, is, actor, body).id, nil
}

// EditComment changes the text of a comment.
func (g *GitHub) EditComment(repo string, id int64, actor, body string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.repo(repo)
	if r == nil || r.comments[id] == nil {
		return fmt.Errorf("editing a comment: no comment %d in %s", id, repo)
	}
	g.editComment(r, r.comments[id], actor, body)
	return nil
}

// DeleteComment takes a comment away.
func (g *GitHub) DeleteComment(repo string, id int64, actor string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.repo(repo)
	if r == nil || r.comments[id] == nil {
		return fmt.Errorf("deleting a comment: no comment %d in %s", id, repo)
	}
	g.deleteComment(r, r.comments[id], actor)
	return nil
}

// Label puts labels on an issue, making those that the repository lacks.
func (g *GitHub) Label(repo string, number int, actor string, labels ...string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, is, err := g.target(repo, number)
	if err != nil {
		return fmt.Errorf("labelling: %w", err)
	}
	g.setLabels(r, is, actor, append(slices.Clone(is.labels), labels...))
	return nil
}

// Unlabel takes labels off an issue.
func (g *GitHub) Unlabel(repo string, number int, actor string, labels ...string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, is, err := g.target(repo, number)
	if err != nil {
		return fmt.Errorf("taking a label off: %w", err)
	}
	g.setLabels(r, is, actor, slices.DeleteFunc(slices.Clone(is.labels), func(l string) bool { return containsFold(labels, l) }))
	return nil
}

// Assign makes these logins, and nobody else, the assignees.
func (g *GitHub) Assign(repo string, number int, actor string, logins ...string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, is, err := g.target(repo, number)
	if err != nil {
		return fmt.Errorf("assigning: %w", err)
	}
	g.setAssignees(r, is, actor, logins)
	return nil
}

// EditIssue changes the title and the text of an issue; an empty one stays.
func (g *GitHub) EditIssue(repo string, number int, actor, title, body string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, is, err := g.target(repo, number)
	if err != nil {
		return fmt.Errorf("editing: %w", err)
	}
	if title == "" {
		title = is.title
	}
	if body == "" {
		body = is.body
	}
	g.edit(r, is, actor, title, body)
	return nil
}

// DeleteIssue removes an issue for good: from then on it answers 410.
func (g *GitHub) DeleteIssue(repo string, number int, actor string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, is, err := g.target(repo, number)
	if err != nil {
		return fmt.Errorf("deleting: %w", err)
	}
	is.deleted = true
	g.emitIssue(r, is, "deleted", actor, nil)
	return nil
}

// TransferIssue moves an issue to another repository and returns its number
// there. The old address redirects.
func (g *GitHub) TransferIssue(repo string, number int, actor, to string) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, is, err := g.target(repo, number)
	if err != nil {
		return 0, fmt.Errorf("transferring: %w", err)
	}
	dest := g.repo(to)
	if dest == nil || is.pull != nil {
		return 0, fmt.Errorf("transferring %s#%d: only issues move, and only to a repository that exists", repo, number)
	}
	now := g.clock()
	moved := *is
	moved.id, moved.number, moved.updatedAt, moved.comments = g.id(), len(dest.issues)+1, now, nil
	moved.labels = slices.DeleteFunc(slices.Clone(is.labels), func(l string) bool { return dest.label(l) == nil })
	moved.assignees = slices.DeleteFunc(slices.Clone(is.assignees), func(l string) bool { return !g.assignable(dest, l) })
	moved.events = append(slices.Clone(is.events), &ghEvent{id: g.id(), kind: "transferred", actor: actor, at: now})
	for _, c := range is.comments {
		copied := *c
		copied.issue = &moved
		delete(r.comments, c.id)
		dest.comments[c.id] = &copied
		moved.comments = append(moved.comments, &copied)
	}
	dest.issues = append(dest.issues, &moved)
	g.emitIssue(r, is, "transferred", actor, obj{"changes": obj{"new_issue": g.wireIssue(dest, &moved), "new_repository": g.wireRepo(dest)}})
	g.emitIssue(dest, &moved, "opened", actor, obj{"changes": obj{"old_issue": g.wireIssue(r, is), "old_repository": g.wireRepo(r)}})
	is.movedTo, is.movedRepo = &moved, dest
	return moved.number, nil
}
