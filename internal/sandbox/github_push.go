package sandbox

import (
	"fmt"
	"strings"
	"time"
)

var zeroTime time.Time

const noCommit = "0000000000000000000000000000000000000000"

// push is what a push webhook tells: a ref that moved, and the commits that
// came with it, oldest first.
type push struct {
	ref, before, after string
	commits            []pushedCommit
	head               pushedCommit // told even where no commit is new
}

type pushedCommit struct {
	gitCommit
	files    []fileChange
	distinct bool // seen for the first time, on no other branch before
}

// maxListedFiles is for how many commits of one push the files are told.
const maxListedFiles = 200

// readPush reads the commits of a push. fresh are those that did not exist
// before; the others came from a branch. It must not hold g.mu: it runs git.
func (r *ghRepo) readPush(ref, before, after string, fresh []string) (push, error) {
	p := push{ref: ref, before: before, after: after}
	if before == "" {
		p.before = noCommit
	}
	args := []string{"--reverse", after}
	if before != "" {
		args = append(args, "^"+before)
	} else if ref != "refs/heads/"+r.branch {
		args = append(args, "^refs/heads/"+r.branch) // a new branch tells what the default branch lacks
	}
	commits, err := r.git.log(append(args, "--")...)
	if err != nil {
		return p, err
	}
	isFresh := map[string]bool{}
	for _, s := range fresh {
		isFresh[s] = true
	}
	for i, c := range commits {
		pc := pushedCommit{gitCommit: c, distinct: isFresh[c.sha]}
		if i < maxListedFiles {
			if pc.files, err = r.git.changes(c); err != nil {
				return p, err
			}
		}
		p.commits, p.head = append(p.commits, pc), pc
	}
	if len(p.commits) == 0 {
		if p.head.gitCommit, err = r.git.commit(after); err != nil {
			return p, err
		}
		p.head.distinct = true
	}
	return p, nil
}

// pushed records a push, tells of it, and does what its messages ask for. It
// needs g.mu. Closing keywords work on the default branch only; what is named
// otherwise gets a line in its timeline.
func (g *GitHub) pushed(r *ghRepo, p push, actor string) {
	g.emitPush(r, p, actor)
	g.applyMessages(r, p, actor)
}

// emitPush tells the webhook of a push. It needs g.mu.
func (g *GitHub) emitPush(r *ghRepo, p push, actor string) {
	r.pushedAt = g.clock()
	repository := g.wireRepo(r)
	// In this one event the times are numbers and the owner has a name.
	repository["created_at"], repository["pushed_at"] = r.createdAt.Unix(), r.pushedAt.Unix()
	repository["stargazers"], repository["master_branch"], repository["url"] = 0, r.branch, g.api("/%s", r.full)
	if owner, ok := repository["owner"].(obj); ok {
		owner["name"], owner["email"] = r.owner, identity(r.owner).email
	}
	created, compare := p.before == noCommit, g.api("/%s/compare/%s...%s", r.full, p.before[:12], p.after[:12])
	if created {
		compare = g.api("/%s/compare/%s", r.full, strings.TrimPrefix(strings.TrimPrefix(p.ref, "refs/heads/"), "refs/tags/"))
		g.emitCreate(r, p.ref, actor)
	}
	commits := []any{}
	for _, c := range p.commits {
		commits = append(commits, g.wirePushedCommit(r, c))
	}
	who := identity(g.user(actor).login)
	g.emit(r, "push", "", actor, obj{
		"ref": p.ref, "before": p.before, "after": p.after, "created": created, "deleted": false, "forced": false, "base_ref": nil,
		"compare": compare, "commits": commits, "head_commit": g.wirePushedCommit(r, p.head), "repository": repository,
		"pusher": obj{"name": who.name, "email": who.email},
	})
}

func (g *GitHub) emitCreate(r *ghRepo, ref, actor string) {
	kind, name := "branch", strings.TrimPrefix(ref, "refs/heads/")
	if n, ok := strings.CutPrefix(ref, "refs/tags/"); ok {
		kind, name = "tag", n
	}
	g.emit(r, "create", "", actor, obj{
		"ref": name, "ref_type": kind, "full_ref": ref, "master_branch": r.branch, "description": nil, "pusher_type": "user",
	})
}

func (g *GitHub) wirePushedCommit(r *ghRepo, c pushedCommit) obj {
	who := func(p person) obj {
		out := obj{"name": p.name, "email": p.email}
		if login := g.loginOf(p); login != "" {
			out["username"] = login
		}
		return out
	}
	added, removed, modified := []string{}, []string{}, []string{}
	for _, f := range c.files {
		switch f.status {
		case "added":
			added = append(added, f.name)
		case "removed":
			removed = append(removed, f.name)
		default:
			modified = append(modified, f.name)
		}
	}
	return obj{
		"id": c.sha, "tree_id": c.tree, "distinct": c.distinct, "message": c.message, "timestamp": c.at.UTC().Format(time.RFC3339),
		"url": g.api("/%s/commit/%s", r.full, c.sha), "author": who(c.author), "committer": who(c.committer),
		"added": added, "removed": removed, "modified": modified,
	}
}

func (g *GitHub) applyMessages(r *ghRepo, p push, actor string) {
	onDefault := p.ref == "refs/heads/"+r.branch
	for _, c := range p.commits {
		closing := map[*ghIssue]bool{}
		if onDefault {
			for _, ref := range closings(c.message) {
				if in, is := g.find(r, ref); is != nil && is.pull == nil {
					closing[is] = true
					if !is.closed {
						g.close(in, is, actor, "completed", c.sha, r)
					}
				}
			}
		}
		if !c.distinct {
			continue
		}
		for _, ref := range mentions(c.message) {
			if _, is := g.find(r, ref); is != nil && !closing[is] {
				is.events = append(is.events, &ghEvent{id: g.id(), kind: "referenced", actor: actor, at: g.clock(), commit: c.sha, commitIn: r})
			}
		}
	}
}

// lookup finds a repository without holding the lock afterwards; the pointer
// stays good, repositories are never removed.
func (g *GitHub) lookup(repo string) (*ghRepo, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r := g.repo(repo); r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("no repository %s: make it with CreateRepo first", repo)
}

// Commit pushes one commit with these files (path → content) to a branch,
// which is made from the default branch when it is new. It returns the commit's
// id.
func (g *GitHub) Commit(repo, branch, actor, message string, files map[string]string) (string, error) {
	r, err := g.lookup(repo)
	if err != nil {
		return "", fmt.Errorf("committing: %w", err)
	}
	r.git.mu.Lock()
	defer r.git.mu.Unlock()
	shas, err := g.pushCommits(r, branch, r.branch, actor, []Commit{{Message: message, Files: files}})
	if err != nil {
		return "", fmt.Errorf("committing to %s: %w", repo, err)
	}
	return shas[0], nil
}

// pushCommits writes commits on top of a branch and tells of it. It needs
// r.git.mu and not g.mu.
func (g *GitHub) pushCommits(r *ghRepo, branch, from, actor string, commits []Commit) ([]string, error) {
	before := r.git.branchHead(branch)
	parent := before
	if parent == "" {
		if parent = r.git.branchHead(from); parent == "" {
			return nil, fmt.Errorf("there is no branch %s to start from", from)
		}
	}
	drafts := make([]draftCommit, len(commits))
	for i, c := range commits {
		author := c.Author
		if author == "" {
			author = actor
		}
		drafts[i] = draftCommit{identity(author), c.Message, c.Files}
	}
	shas := []string{}
	if len(drafts) > 0 {
		var err error
		if shas, err = r.git.write("refs/heads/"+branch, parent, drafts); err != nil {
			return nil, err
		}
	} else if err := r.git.setRef("refs/heads/"+branch, parent); err != nil {
		return nil, err
	}
	after := parent
	if len(shas) > 0 {
		after = shas[len(shas)-1]
	}
	return shas, g.announce(r, branch, before, after, shas, actor)
}

// announce tells of a branch that git has moved already.
func (g *GitHub) announce(r *ghRepo, branch, before, after string, fresh []string, actor string) error {
	p, err := r.readPush("refs/heads/"+branch, before, after, fresh)
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.pushed(r, p, actor)
	g.mu.Unlock()
	return g.synchronize(r, branch, before, after, actor)
}
