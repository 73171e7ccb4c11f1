package sandbox

import (
	"net/http"
	"time"
)

// ghRemark is a comment on a commit.
type ghRemark struct {
	id           int64
	sha          string
	author, body string
	at           time.Time
}

func (g *GitHub) wireRemark(r *ghRepo, x *ghRemark) obj {
	return obj{
		"id": x.id, "node_id": nodeID("CommitComment", x.id), "url": g.api("/repos/%s/comments/%d", r.full, x.id),
		"html_url": g.api("/%s/commit/%s#commitcomment-%d", r.full, x.sha, x.id), "user": g.wireUser(x.author), "body": x.body,
		"commit_id": x.sha, "path": nil, "position": nil, "line": nil, "created_at": when(x.at), "updated_at": when(x.at), "author_association": g.association(r, x.author),
	}
}

func (c *call) listRemarks() answer {
	sha := c.repo.git.resolve(c.path("sha"))
	if sha == "" {
		return noCommitFor(c.path("sha"))
	}
	return c.locked(func() answer {
		return list(c, c.repo.remarks[sha], func(x *ghRemark) obj { return c.g.wireRemark(c.repo, x) })
	})
}

func (c *call) createRemark() answer {
	sha := c.repo.git.resolve(c.path("sha"))
	if sha == "" {
		return noCommitFor(c.path("sha"))
	}
	body, a := c.text()
	if a.status != 0 {
		return a
	}
	return c.locked(func() answer {
		x := &ghRemark{id: c.g.id(), sha: sha, author: c.login, body: body, at: c.g.clock()}
		if c.repo.remarks == nil {
			c.repo.remarks = map[string][]*ghRemark{}
		}
		c.repo.remarks[sha] = append(c.repo.remarks[sha], x)
		return answer{http.StatusCreated, c.g.wireRemark(c.repo, x)}
	})
}

// CommitComments is what was said of a commit.
func (g *GitHub) CommitComments(repo, sha string) []Comment {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.repo(repo)
	if r == nil {
		return nil
	}
	var out []Comment
	for _, x := range r.remarks[sha] {
		out = append(out, Comment{ID: x.id, Author: x.author, Body: x.body, CreatedAt: x.at, UpdatedAt: x.at})
	}
	return out
}
