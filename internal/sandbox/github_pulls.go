package sandbox

import (
	"errors"
	"fmt"
	"slices"
)

// PullRequest is what a person opens: a branch with commits, and a text.
type PullRequest struct {
	Actor  string
	Branch string // made from Base when it is new
	Base   string // empty: the default branch
	Title  string
	Body   string
	// Commits are pushed to the branch first; there must be at least one
	// unless the branch has commits already.
	Commits []Commit
}

// Commit is a commit to be made.
type Commit struct {
	Message string
	Files   map[string]string // path → content, or Removed
	Author  string            // login; empty: the actor
}

// Removed stands for the content of a file that a commit deletes.
const Removed = "\x00removed"

// OpenPull pushes the commits and opens the pull request. It returns its
// number.
func (g *GitHub) OpenPull(repo string, pr PullRequest) (int, error) {
	r, err := g.lookup(repo)
	if err != nil {
		return 0, fmt.Errorf("opening a pull request: %w", err)
	}
	if pr.Base == "" {
		pr.Base = r.branch
	}
	if pr.Branch == "" || pr.Branch == pr.Base {
		return 0, fmt.Errorf("opening a pull request in %s: it needs a branch other than its base", repo)
	}
	r.git.mu.Lock()
	defer r.git.mu.Unlock()
	if len(pr.Commits) > 0 {
		if _, err := g.pushCommits(r, pr.Branch, pr.Base, pr.Actor, pr.Commits); err != nil {
			return 0, fmt.Errorf("opening a pull request in %s: %w", repo, err)
		}
	}
	p := &ghPull{branch: pr.Branch, base: pr.Base}
	if err := r.readPull(p); err != nil {
		return 0, fmt.Errorf("opening a pull request in %s: %w", repo, err)
	}
	if len(p.commits) == 0 {
		return 0, fmt.Errorf("opening a pull request in %s: no commits between %s and %s", repo, pr.Base, pr.Branch)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock()
	is := &ghIssue{
		id: g.id(), number: len(r.issues) + 1, title: pr.Title, body: pr.Body, author: g.user(pr.Actor).login,
		createdAt: now, updatedAt: now, pull: p,
	}
	r.issues = append(r.issues, is)
	if err := r.setPullRefs(is); err != nil {
		return 0, fmt.Errorf("opening a pull request in %s: %w", repo, err)
	}
	for _, ref := range mentions(pr.Title + "\n" + pr.Body) {
		if _, other := g.find(r, ref); other != nil && other != is {
			other.events = append(other.events, &ghEvent{id: g.id(), kind: "cross-referenced", actor: pr.Actor, at: now, source: is, sourceIn: r})
		}
	}
	g.emitPull(r, is, "opened", pr.Actor, nil)
	return is.number, nil
}

// readPull reads what git knows of a pull request, and makes its test merge.
// It needs r.git.mu.
func (r *ghRepo) readPull(p *ghPull) error {
	head, base := r.git.branchHead(p.branch), r.git.branchHead(p.base)
	if head == "" || base == "" {
		return fmt.Errorf("no branch %s or %s", p.branch, p.base)
	}
	commits, err := r.git.log("--reverse", head, "^"+base, "--")
	if err != nil {
		return err
	}
	fork, err := r.git.run("merge-base", base, head)
	if err != nil {
		return fmt.Errorf("%s and %s share no history: %w", p.branch, p.base, err)
	}
	p.headSHA, p.baseSHA, p.commits, p.mergeSHA, p.mergeable = head, base, nil, "", false
	for _, c := range commits {
		p.commits = append(p.commits, c.sha)
	}
	if p.files, err = r.git.diff(fork, head); err != nil {
		return err
	}
	tree, err := r.git.mergeTree(base, head)
	if errors.Is(err, errConflict) {
		return nil
	}
	if err != nil {
		return err
	}
	// GitHub keeps a merge that it only tried in merge_commit_sha, also after
	// the pull request was closed without it.
	p.mergeable = true
	p.mergeSHA, err = r.git.commitTree(tree, webCommitter, "", webCommitter, fmt.Sprintf("Merge %s into %s", head, base), base, head)
	return err
}

func (r *ghRepo) setPullRefs(is *ghIssue) error {
	if err := r.git.setRef(fmt.Sprintf("refs/pull/%d/head", is.number), is.pull.headSHA); err != nil {
		return err
	}
	if is.pull.mergeSHA == "" || is.closed {
		return nil
	}
	return r.git.setRef(fmt.Sprintf("refs/pull/%d/merge", is.number), is.pull.mergeSHA)
}

// synchronize brings open pull requests up to date after a push to their
// branch. It needs r.git.mu and not g.mu.
func (g *GitHub) synchronize(r *ghRepo, branch, before, after, actor string) error {
	g.mu.Lock()
	var open []*ghIssue
	for _, is := range r.issues {
		if is.pull != nil && !is.closed && is.pull.branch == branch {
			open = append(open, is)
		}
	}
	g.mu.Unlock()
	for _, is := range open {
		// Only holders of r.git.mu change what is read here.
		fresh := ghPull{branch: is.pull.branch, base: is.pull.base}
		if err := r.readPull(&fresh); err != nil {
			return err
		}
		g.mu.Lock()
		is.pull, is.updatedAt = &fresh, g.clock()
		err := r.setPullRefs(is)
		g.emitPull(r, is, "synchronize", actor, obj{"before": before, "after": after})
		g.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// openPull finds an open pull request.
func (g *GitHub) openPull(repo string, number int) (*ghRepo, *ghIssue, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, is, err := g.target(repo, number)
	if err != nil {
		return nil, nil, err
	}
	if is.pull == nil || is.closed {
		return nil, nil, fmt.Errorf("%s#%d is no open pull request", repo, number)
	}
	return r, is, nil
}

// MergePull merges a pull request into its base by a merge commit ("merge"),
// one new commit ("squash") or copies of its commits ("rebase"), and returns
// what GitHub then shows as merge_commit_sha. When the base is the default
// branch, closing keywords in its text and in the commits that land close
// their issues.
func (g *GitHub) MergePull(repo string, number int, actor, style string) (string, error) {
	r, err := g.lookup(repo)
	if err != nil {
		return "", fmt.Errorf("merging: %w", err)
	}
	r.git.mu.Lock()
	defer r.git.mu.Unlock()
	_, is, err := g.openPull(repo, number)
	if err != nil {
		return "", fmt.Errorf("merging: %w", err)
	}
	pull := *is.pull
	before := r.git.branchHead(pull.base)
	var landed []string
	switch style {
	case "merge":
		landed, err = r.mergeCommit(is, before, actor)
	case "squash":
		landed, err = r.squash(is, before)
	case "rebase":
		landed, err = r.rebase(is, before, actor)
	default:
		err = fmt.Errorf("%q is no style: use merge, squash or rebase", style)
	}
	if err != nil {
		return "", fmt.Errorf("merging %s#%d: %w", repo, number, err)
	}
	after := landed[len(landed)-1]
	if err := r.git.setRef("refs/heads/"+pull.base, after); err != nil {
		return "", fmt.Errorf("merging %s#%d: %w", repo, number, err)
	}
	p, err := r.readPush("refs/heads/"+pull.base, before, after, landed)
	if err != nil {
		return "", fmt.Errorf("merging %s#%d: %w", repo, number, err)
	}
	pull.baseSHA, pull.mergeSHA, pull.merged, pull.landed = before, after, true, landed

	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock()
	pull.mergedAt, pull.mergedBy = now, g.user(actor).login
	is.pull, is.closed, is.closedAt, is.closedBy, is.updatedAt = &pull, true, now, pull.mergedBy, now
	is.events = append(is.events,
		&ghEvent{id: g.id(), kind: "merged", actor: actor, at: now, commit: after, commitIn: r},
		&ghEvent{id: g.id(), kind: "closed", actor: actor, at: now})
	g.emitPull(r, is, "closed", actor, nil)
	g.emitPush(r, p, actor)
	if pull.base == r.branch {
		// Closed by the text of a pull request: the event names no commit.
		for _, ref := range closings(is.body) {
			if in, other := g.find(r, ref); other != nil && other.pull == nil && !other.closed {
				g.close(in, other, actor, "completed", "", nil)
			}
		}
	}
	g.applyMessages(r, p, actor)
	return after, nil
}

// The three styles return the commits that they made, in order. The branch is
// moved by the caller.

func (r *ghRepo) mergeCommit(is *ghIssue, base, actor string) ([]string, error) {
	tree, err := r.git.mergeTree(base, is.pull.headSHA)
	if err != nil {
		return nil, err
	}
	message := fmt.Sprintf("Merge pull request #%d from %s/%s\n\n%s", is.number, r.owner, is.pull.branch, is.title)
	sha, err := r.git.commitTree(tree, identity(actor), "", webCommitter, message, base, is.pull.headSHA)
	return []string{sha}, err
}

func (r *ghRepo) squash(is *ghIssue, base string) ([]string, error) {
	tree, err := r.git.mergeTree(base, is.pull.headSHA)
	if err != nil {
		return nil, err
	}
	message := fmt.Sprintf("%s (#%d)", is.title, is.number)
	for i, sha := range is.pull.commits {
		c, err := r.git.commit(sha)
		if err != nil {
			return nil, err
		}
		if len(is.pull.commits) == 1 {
			if _, rest, ok := cutMessage(c.message); ok {
				message += "\n\n" + rest
			}
			break
		}
		if i == 0 {
			message += "\n"
		}
		message += "\n* " + c.message + "\n"
	}
	sha, err := r.git.commitTree(tree, identity(is.author), "", webCommitter, message, base)
	return []string{sha}, err
}

func (r *ghRepo) rebase(is *ghIssue, base, actor string) ([]string, error) {
	var made []string
	tip := base
	for _, sha := range is.pull.commits {
		c, err := r.git.commit(sha)
		if err != nil {
			return nil, err
		}
		if len(c.parents) != 1 {
			return nil, fmt.Errorf("commit %s is a merge: it can't be rebased", sha)
		}
		tree, err := r.git.applyTree(tip, c.parents[0], c.sha)
		if err != nil {
			return nil, err
		}
		if tip, err = r.git.commitTree(tree, c.author, fmt.Sprintf("%d +0000", c.authored.Unix()), identity(actor), c.message, tip); err != nil {
			return nil, err
		}
		made = append(made, tip)
	}
	return made, nil
}

// ClosePull closes a pull request without merging it.
func (g *GitHub) ClosePull(repo string, number int, actor string) error {
	r, is, err := g.openPull(repo, number)
	if err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.close(r, is, actor, "", "", nil)
	return nil
}

// EditPull changes the title and text of a pull request; an empty one stays.
func (g *GitHub) EditPull(repo string, number int, actor, title, body string) error {
	return g.EditIssue(repo, number, actor, title, body)
}

// pullsWith lists the pull requests that a commit belongs to. It needs g.mu.
func (r *ghRepo) pullsWith(sha string) []*ghIssue {
	var list []*ghIssue
	for _, is := range r.issues {
		if p := is.pull; p != nil && (p.merged && p.mergeSHA == sha || slices.Contains(p.commits, sha) || slices.Contains(p.landed, sha)) {
			list = append(list, is)
		}
	}
	return list
}
