package sandbox

import (
	"fmt"
	"strings"
)

// What administrators do to repositories and issues, after which much is not
// where it was.

// Lock takes the conversation of an issue from all but those who may write to
// the repository; with locked false it is given back.
func (g *GitHub) Lock(repo string, number int, actor string, locked bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, is, err := g.target(repo, number)
	if err != nil {
		return fmt.Errorf("locking: %w", err)
	}
	kind := "unlocked"
	if locked {
		kind = "locked"
	}
	now := g.clock()
	is.locked, is.updatedAt = locked, now
	is.events = append(is.events, &ghEvent{id: g.id(), kind: kind, actor: actor, at: now})
	g.emitIssue(r, is, kind, actor, nil)
	return nil
}

// ConvertIssue makes a discussion of an issue. The issue goes on answering as
// one, locked, and takes no more comments; only its events tell.
func (g *GitHub) ConvertIssue(repo string, number int, actor string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, is, err := g.target(repo, number)
	if err != nil {
		return fmt.Errorf("converting: %w", err)
	}
	now := g.clock()
	is.locked, is.converted, is.updatedAt = true, true, now
	is.events = append(is.events,
		&ghEvent{id: g.id(), kind: "locked", actor: actor, at: now},
		&ghEvent{id: g.id(), kind: "converted_to_discussion", actor: actor, at: now})
	return nil // what it sends is about a discussion
}

// DeleteRepo takes a repository away: everything about it, its git too, is 404
// from then on. RestoreRepo brings it back as it was.
func (g *GitHub) DeleteRepo(repo string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.repo(repo)
	if r == nil {
		return fmt.Errorf("deleting a repository: no repository %s", repo)
	}
	delete(g.repos, strings.ToLower(repo))
	g.removed[strings.ToLower(repo)] = r
	return nil
}

// RestoreRepo undoes DeleteRepo.
func (g *GitHub) RestoreRepo(repo string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.removed[strings.ToLower(repo)]
	if r == nil || g.repo(repo) != nil {
		return fmt.Errorf("restoring a repository: %s was not deleted, or is there again", repo)
	}
	delete(g.removed, strings.ToLower(repo))
	g.repos[strings.ToLower(repo)] = r
	return nil
}

// Archive makes a repository read-only, or ends that.
func (g *GitHub) Archive(repo string, archived bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.repo(repo)
	if r == nil {
		return fmt.Errorf("archiving: no repository %s", repo)
	}
	r.archived = archived
	return nil
}
