package sandbox

import (
	"fmt"
	"net/http"
	"strings"
)

// The handlers of this file run the git program and take g.mu only to write
// the answer.

func (c *call) locked(f func() answer) answer {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	return f()
}

func gitFailed(err error) answer { return problem(http.StatusInternalServerError, err.Error()) }

func noCommitFor(rev string) answer {
	return problem(http.StatusUnprocessableEntity, "No commit found for SHA: "+rev)
}

func (c *call) getCommit() answer {
	git, rev := c.repo.git, c.path("ref")
	sha := git.resolve(rev)
	if sha == "" {
		return noCommitFor(rev)
	}
	commit, err := git.commit(sha)
	if err != nil {
		return gitFailed(err)
	}
	files, err := git.changes(commit)
	if err != nil {
		return gitFailed(err)
	}
	return c.locked(func() answer {
		out := c.g.wireCommit(c.repo, commit)
		added, deleted := 0, 0
		for _, f := range files {
			added, deleted = added+f.additions, deleted+f.deleted
		}
		out["stats"] = obj{"total": added + deleted, "additions": added, "deletions": deleted}
		out["files"] = c.g.wireFiles(c.repo, sha, files)
		return answer{http.StatusOK, out}
	})
}

// answerCommits answers with a page of commits.
func (c *call) answerCommits(commits []gitCommit) answer {
	return c.locked(func() answer {
		return list(c, commits, func(x gitCommit) obj { return c.g.wireCommit(c.repo, x) })
	})
}

func (c *call) listCommits() answer {
	rev := c.query.Get("sha")
	if rev == "" {
		rev = c.repo.branch
	}
	sha := c.repo.git.resolve(rev)
	if sha == "" {
		return notFound
	}
	args := []string{sha}
	for _, k := range []string{"since", "until", "author"} {
		if v := c.query.Get(k); v != "" {
			args = append(args, "--"+k+"="+v)
		}
	}
	args = append(args, "--")
	if p := c.query.Get("path"); p != "" {
		args = append(args, p)
	}
	commits, err := c.repo.git.log(args...)
	if err != nil {
		return gitFailed(err)
	}
	return c.answerCommits(commits)
}

func (c *call) listPullCommits() answer {
	var shas []string
	a := c.locked(func() answer {
		is, a := c.pull()
		if is != nil {
			shas = append(shas, is.pull.commits...)
		}
		return a
	})
	if a.status != 0 {
		return a
	}
	commits, err := c.repo.git.log(append([]string{"--no-walk=unsorted"}, append(shas, "--")...)...)
	if err != nil {
		return gitFailed(err)
	}
	return c.answerCommits(commits)
}

func (c *call) listCommitPulls() answer {
	sha := c.repo.git.resolve(c.path("sha"))
	if sha == "" {
		return noCommitFor(c.path("sha"))
	}
	return c.locked(func() answer {
		return list(c, c.repo.pullsWith(sha), func(is *ghIssue) obj { return c.g.wirePull(c.repo, is) })
	})
}

func (c *call) compare() answer {
	baseRev, headRev, ok := strings.Cut(c.path("basehead"), "...")
	git := c.repo.git
	base, head := git.resolve(baseRev), git.resolve(headRev)
	if !ok || base == "" || head == "" {
		return notFound
	}
	fork, err := git.run("merge-base", base, head)
	if err != nil {
		return problem(http.StatusNotFound, fmt.Sprintf("No common ancestor between %s and %s.", baseRev, headRev))
	}
	ahead, err := git.log("--reverse", head, "^"+base, "--")
	if err != nil {
		return gitFailed(err)
	}
	behind, err := git.run("rev-list", "--count", base, "^"+head)
	if err != nil {
		return gitFailed(err)
	}
	files, err := git.diff(fork, head)
	if err != nil {
		return gitFailed(err)
	}
	baseCommit, err := git.commit(base)
	if err != nil {
		return gitFailed(err)
	}
	forkCommit, err := git.commit(fork)
	if err != nil {
		return gitFailed(err)
	}
	nBehind := atoiOr(behind, 0)
	status := "identical"
	switch {
	case len(ahead) > 0 && nBehind > 0:
		status = "diverged"
	case len(ahead) > 0:
		status = "ahead"
	case nBehind > 0:
		status = "behind"
	}
	return c.locked(func() answer {
		from, to := c.page(len(ahead))
		commits := []obj{}
		for _, x := range ahead[from:to] {
			commits = append(commits, c.g.wireCommit(c.repo, x))
		}
		page := c.g.api("/%s/compare/%s...%s", c.repo.full, baseRev, headRev)
		return answer{http.StatusOK, obj{
			"url": c.g.api("/repos/%s/compare/%s...%s", c.repo.full, baseRev, headRev), "html_url": page, "permalink_url": page,
			"diff_url": page + ".diff", "patch_url": page + ".patch", "base_commit": c.g.wireCommit(c.repo, baseCommit),
			"merge_base_commit": c.g.wireCommit(c.repo, forkCommit), "status": status, "ahead_by": len(ahead), "behind_by": nBehind,
			"total_commits": len(ahead), "commits": commits, "files": c.g.wireFiles(c.repo, head, files),
		}}
	})
}

// refs lists refs as pairs of name and commit.
func (c *call) refs(prefix string) ([][2]string, error) {
	out, err := c.repo.git.run("for-each-ref", "--format=%(refname) %(objectname)", "--sort=refname")
	if err != nil {
		return nil, err
	}
	var found [][2]string
	for line := range strings.Lines(out) {
		if name, sha, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.HasPrefix(name, prefix) {
			found = append(found, [2]string{name, sha})
		}
	}
	return found, nil
}

func (c *call) listBranches() answer {
	refs, err := c.refs("refs/heads/")
	if err != nil {
		return gitFailed(err)
	}
	return c.locked(func() answer {
		return list(c, refs, func(ref [2]string) obj {
			return obj{
				"name":   strings.TrimPrefix(ref[0], "refs/heads/"),
				"commit": obj{"sha": ref[1], "url": c.g.api("/repos/%s/commits/%s", c.repo.full, ref[1])}, "protected": false,
			}
		})
	})
}

func (c *call) getBranch() answer {
	name := c.path("branch")
	sha := c.repo.git.branchHead(name)
	if sha == "" {
		return problem(http.StatusNotFound, "Branch not found")
	}
	commit, err := c.repo.git.commit(sha)
	if err != nil {
		return gitFailed(err)
	}
	return c.locked(func() answer {
		self := c.g.api("/repos/%s/branches/%s", c.repo.full, name)
		return answer{http.StatusOK, obj{
			"name": name, "commit": c.g.wireCommit(c.repo, commit), "protected": false, "protection_url": self + "/protection",
			"_links": obj{"self": self, "html": c.g.api("/%s/tree/%s", c.repo.full, name)}, "protection": obj{"enabled": false},
		}}
	})
}

func (c *call) wireRef(ref [2]string) obj {
	name := strings.TrimPrefix(ref[0], "refs/")
	return obj{
		"ref": ref[0], "node_id": nodeID("Ref", c.repo.id) + name, "url": c.g.api("/repos/%s/git/refs/%s", c.repo.full, name),
		"object": obj{"type": "commit", "sha": ref[1], "url": c.g.api("/repos/%s/git/commits/%s", c.repo.full, ref[1])},
	}
}

func (c *call) getRef() answer {
	want := "refs/" + c.path("ref")
	refs, err := c.refs(want)
	if err != nil {
		return gitFailed(err)
	}
	if len(refs) == 0 || refs[0][0] != want {
		return notFound
	}
	return c.locked(func() answer { return answer{http.StatusOK, c.wireRef(refs[0])} })
}

func (c *call) matchingRefs() answer {
	refs, err := c.refs("refs/" + c.path("ref"))
	if err != nil {
		return gitFailed(err)
	}
	return c.locked(func() answer { return list(c, refs, c.wireRef) })
}

func (c *call) getGitCommit() answer {
	sha := c.repo.git.resolve(c.path("sha"))
	if sha == "" {
		return notFound
	}
	commit, err := c.repo.git.commit(sha)
	if err != nil {
		return gitFailed(err)
	}
	return c.locked(func() answer {
		full := c.g.wireCommit(c.repo, commit)
		out, _ := full["commit"].(obj)
		delete(out, "comment_count")
		out["sha"], out["node_id"], out["html_url"], out["parents"] = sha, full["node_id"], full["html_url"], full["parents"]
		return answer{http.StatusOK, out}
	})
}
