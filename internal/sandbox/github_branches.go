package sandbox

import (
	"fmt"
)

// Branch makes a branch at a commit, another branch or a tag.
func (g *GitHub) Branch(repo, branch, from, actor string) error {
	r, err := g.lookup(repo)
	if err != nil {
		return fmt.Errorf("making a branch: %w", err)
	}
	r.git.mu.Lock()
	defer r.git.mu.Unlock()
	sha := r.git.resolve(from)
	if sha == "" || r.git.branchHead(branch) != "" {
		return fmt.Errorf("making branch %s in %s: %s is no commit, or the branch exists", branch, repo, from)
	}
	if err := r.git.setRef("refs/heads/"+branch, sha); err != nil {
		return fmt.Errorf("making branch %s in %s: %w", branch, repo, err)
	}
	return g.announce(r, branch, "", sha, nil, actor)
}

// Tag puts a tag on a commit.
func (g *GitHub) Tag(repo, tag, sha, actor string) error {
	r, err := g.lookup(repo)
	if err != nil {
		return fmt.Errorf("tagging: %w", err)
	}
	r.git.mu.Lock()
	defer r.git.mu.Unlock()
	full := r.git.resolve(sha)
	if full == "" {
		return fmt.Errorf("tagging %s in %s: %s is no commit", tag, repo, sha)
	}
	if err := r.git.setRef("refs/tags/"+tag, full); err != nil {
		return fmt.Errorf("tagging %s in %s: %w", tag, repo, err)
	}
	c, err := r.git.commit(full)
	if err != nil {
		return fmt.Errorf("tagging %s in %s: %w", tag, repo, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.emitTagPush(r, tag, c, actor)
	return nil
}

// emitTagPush tells of a new tag: a push without commits that shows its head.
func (g *GitHub) emitTagPush(r *ghRepo, tag string, c gitCommit, actor string) {
	who := identity(g.user(actor).login)
	g.emitCreate(r, "refs/tags/"+tag, actor)
	g.emit(r, "push", "", actor, obj{
		"ref": "refs/tags/" + tag, "before": noCommit, "after": c.sha, "created": true, "deleted": false, "forced": false, "base_ref": nil,
		"compare": g.api("/%s/compare/%s", r.full, tag), "commits": []any{}, "head_commit": g.wirePushedCommit(r, pushedCommit{gitCommit: c, distinct: true}),
		"pusher": obj{"name": who.name, "email": who.email},
	})
}

// Head is the newest commit of a branch, empty where there is none.
func (g *GitHub) Head(repo, branch string) string {
	r, err := g.lookup(repo)
	if err != nil {
		return ""
	}
	r.git.mu.Lock()
	defer r.git.mu.Unlock()
	return r.git.branchHead(branch)
}
