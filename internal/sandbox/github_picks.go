package sandbox

import (
	"fmt"
)

// Revert undoes a commit on a branch with a new commit, as `git revert` does,
// and returns its id. A merge is undone relative to its first parent.
func (g *GitHub) Revert(repo, branch, sha, actor string) (string, error) {
	r, err := g.lookup(repo)
	if err != nil {
		return "", fmt.Errorf("reverting: %w", err)
	}
	r.git.mu.Lock()
	defer r.git.mu.Unlock()
	return r.land(g, branch, sha, actor, func(c gitCommit) (from, to, message string, author person, authored string) {
		message = fmt.Sprintf("Revert %q\n\nThis reverts commit %s.", c.subject(), c.sha)
		if len(c.parents) > 1 {
			message = fmt.Sprintf("Revert %q\n\nThis reverts commit %s, reversing\nchanges made to %s.", c.subject(), c.sha, c.parents[0])
		}
		return c.sha, c.parents[0], message, identity(actor), ""
	})
}

// CherryPick repeats a commit on another branch, as `git cherry-pick -x` does
// (with trailer false: without its trailer), and returns the new id.
func (g *GitHub) CherryPick(repo, branch, sha, actor string, trailer bool) (string, error) {
	r, err := g.lookup(repo)
	if err != nil {
		return "", fmt.Errorf("cherry-picking: %w", err)
	}
	r.git.mu.Lock()
	defer r.git.mu.Unlock()
	return r.land(g, branch, sha, actor, func(c gitCommit) (from, to, message string, author person, authored string) {
		message = c.message
		if trailer {
			message += fmt.Sprintf("\n\n(cherry picked from commit %s)", c.sha)
		}
		return c.parents[0], c.sha, message, c.author, fmt.Sprintf("%d +0000", c.authored.Unix())
	})
}

// land puts the step that plan names on top of a branch and tells of it. It
// needs r.git.mu.
func (r *ghRepo) land(g *GitHub, branch, sha, actor string, plan func(gitCommit) (from, to, message string, author person, authored string)) (string, error) {
	head, full := r.git.branchHead(branch), r.git.resolve(sha)
	if head == "" || full == "" {
		return "", fmt.Errorf("in %s: no branch %s, or no commit %s", r.full, branch, sha)
	}
	c, err := r.git.commit(full)
	if err != nil {
		return "", err
	}
	if len(c.parents) == 0 {
		return "", fmt.Errorf("in %s: %s is the first commit", r.full, sha)
	}
	from, to, message, author, authored := plan(c)
	tree, err := r.git.applyTree(head, from, to)
	if err != nil {
		return "", fmt.Errorf("in %s, %s on %s: %w", r.full, sha, branch, err)
	}
	made, err := r.git.commitTree(tree, author, authored, identity(actor), message, head)
	if err != nil {
		return "", err
	}
	if err := r.git.setRef("refs/heads/"+branch, made); err != nil {
		return "", err
	}
	return made, g.announce(r, branch, head, made, []string{made}, actor)
}
