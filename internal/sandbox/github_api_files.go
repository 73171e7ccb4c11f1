package sandbox

import (
	"encoding/base64"
	"net/http"
	"path"
	"strings"
)

// treeEntry is a line of `git ls-tree --long`.
type treeEntry struct {
	mode, kind, sha, name string
	size                  int
}

func (c *call) tree(args ...string) ([]treeEntry, error) {
	out, err := c.repo.git.run(append([]string{"ls-tree", "-z", "--long"}, args...)...)
	if err != nil {
		return nil, err
	}
	var found []treeEntry
	for line := range strings.SplitSeq(strings.TrimRight(out, "\x00"), "\x00") {
		meta, name, ok := strings.Cut(line, "\t")
		f := strings.Fields(meta)
		if ok && len(f) == 4 {
			found = append(found, treeEntry{f[0], f[1], f[2], name, atoiOr(f[3], 0)})
		}
	}
	return found, nil
}

func (c *call) getTree() answer {
	rev := c.path("sha")
	args := []string{c.repo.git.resolve(rev)}
	if args[0] == "" {
		return notFound
	}
	if c.query.Has("recursive") {
		args = append([]string{"-r", "-t"}, args...)
	}
	entries, err := c.tree(args...)
	if err != nil {
		return gitFailed(err)
	}
	return c.locked(func() answer {
		lines := []obj{}
		for _, e := range entries {
			line := obj{"path": e.name, "mode": e.mode, "type": e.kind, "sha": e.sha}
			if e.kind == "blob" {
				line["size"], line["url"] = e.size, c.g.api("/repos/%s/git/blobs/%s", c.repo.full, e.sha)
			} else {
				line["url"] = c.g.api("/repos/%s/git/trees/%s", c.repo.full, e.sha)
			}
			lines = append(lines, line)
		}
		return answer{http.StatusOK, obj{"sha": args[len(args)-1], "url": c.g.api("/repos/%s/git/trees/%s", c.repo.full, rev), "tree": lines, "truncated": false}}
	})
}

// getContents reads a file or lists a directory at a ref.
func (c *call) getContents() answer {
	ref := c.query.Get("ref")
	if ref == "" {
		ref = c.repo.branch
	}
	sha := c.repo.git.resolve(ref)
	if sha == "" {
		return problem(http.StatusNotFound, "No commit found for the ref "+ref)
	}
	name := strings.Trim(path.Clean("/"+c.path("path")), "/")
	if name != "" {
		entries, err := c.tree(sha, "--", name)
		if err != nil {
			return gitFailed(err)
		}
		if len(entries) != 1 {
			return notFound
		}
		if entries[0].kind == "blob" {
			data, err := c.repo.git.runWith(nil, nil, "cat-file", "blob", entries[0].sha)
			if err != nil {
				return gitFailed(err)
			}
			return c.locked(func() answer {
				out := c.wireContent(entries[0], ref)
				out["encoding"], out["content"] = "base64", base64.StdEncoding.EncodeToString([]byte(data))+"\n"
				return answer{http.StatusOK, out}
			})
		}
		name += "/"
	}
	args := []string{sha}
	if name != "" {
		args = append(args, "--", name)
	}
	entries, err := c.tree(args...)
	if err != nil {
		return gitFailed(err)
	}
	return c.locked(func() answer {
		out := []obj{}
		for _, e := range entries {
			out = append(out, c.wireContent(e, ref))
		}
		return answer{http.StatusOK, out}
	})
}

func (c *call) wireContent(e treeEntry, ref string) obj {
	self, page := c.g.api("/repos/%s/contents/%s?ref=%s", c.repo.full, e.name, ref), c.g.api("/%s/blob/%s/%s", c.repo.full, ref, e.name)
	git := c.g.api("/repos/%s/git/%ss/%s", c.repo.full, e.kind, e.sha)
	out := obj{
		"type": "file", "size": e.size, "name": path.Base(e.name), "path": e.name, "sha": e.sha, "url": self, "git_url": git, "html_url": page,
		"download_url": c.g.api("/%s/raw/%s/%s", c.repo.full, ref, e.name), "_links": obj{"self": self, "git": git, "html": page},
	}
	if e.kind == "tree" {
		out["type"], out["download_url"] = "dir", nil
	}
	return out
}
