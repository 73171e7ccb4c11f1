package sandbox

import "net/http"

// pull finds the pull request of the path.
func (c *call) pull() (*ghIssue, answer) {
	is, a := c.issue()
	if is == nil {
		return nil, a
	}
	if is.pull == nil {
		return nil, notFound
	}
	return is, answer{}
}

func (c *call) listPulls() answer {
	q := c.query
	var found []*ghIssue
	for _, is := range c.repo.issues {
		switch state := q.Get("state"); {
		case is.pull == nil,
			state != "all" && state != "closed" && is.closed, state == "closed" && !is.closed,
			q.Get("base") != "" && q.Get("base") != is.pull.base,
			q.Get("head") != "" && q.Get("head") != c.repo.owner+":"+is.pull.branch:
			continue
		}
		found = append(found, is)
	}
	sortIssues(found, q.Get("sort"), q.Get("direction"))
	return list(c, found, func(is *ghIssue) obj { return c.g.wirePull(c.repo, is) })
}

func (c *call) getPull() answer {
	is, a := c.pull()
	if is == nil {
		return a
	}
	return answer{http.StatusOK, c.g.wirePullFull(c.repo, is)}
}

func (c *call) listPullFiles() answer {
	is, a := c.pull()
	if is == nil {
		return a
	}
	from, to := c.page(len(is.pull.files))
	return answer{http.StatusOK, c.g.wireFiles(c.repo, is.pull.headSHA, is.pull.files[from:to])}
}

func (c *call) checkMerged() answer {
	is, a := c.pull()
	if is == nil {
		return a
	}
	if !is.pull.merged {
		return notFound
	}
	return nothingHere
}
