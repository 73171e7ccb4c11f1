package sandbox

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// term is a piece of a search: key:value, or a text with an empty key.
type term struct {
	key, value string
	not        bool
}

var searchTerm = regexp.MustCompile(`(-?)(?:([a-z]+):)?("[^"]*"|\S+)`)

func searchTerms(q string) []term {
	var out []term
	for _, m := range searchTerm.FindAllStringSubmatch(q, -1) {
		out = append(out, term{key: m[2], value: strings.ToLower(strings.Trim(m[3], `"`)), not: m[1] == "-"})
	}
	return out
}

// searchIssues knows repo, org, user, is, state, type, label, author,
// assignee, in, created, updated, closed and texts. Results come without what
// the index has not seen yet.
func (c *call) searchIssues() answer {
	terms := searchTerms(c.query.Get("q"))
	if len(terms) == 0 {
		return invalid("Search", "q", "missing", "", nil)
	}
	if !slices.ContainsFunc(terms, func(t term) bool { return t.key == "is" || t.key == "type" || t.key == "repo" || t.key == "" }) {
		return invalid("Search", "q", "invalid", "Query must include 'is:issue' or 'is:pull-request'", nil)
	}
	var found []*ghIssue
	repos := map[*ghIssue]*ghRepo{}
	indexed := c.g.opt.Now().Add(-c.g.opt.SearchLag)
	for _, r := range c.g.repos {
		if !c.g.may(r, c.login, "read") {
			continue
		}
		for _, is := range r.issues {
			if is.there() && (c.g.opt.SearchLag == 0 || !is.createdAt.After(indexed)) && matches(r, is, terms) {
				found, repos[is] = append(found, is), r
			}
		}
	}
	by := c.query.Get("sort")
	sortIssues(found, by, c.query.Get("order"))
	from, to := c.page(len(found))
	items := []obj{}
	for _, is := range found[from:to] {
		item := c.g.wireIssue(repos[is], is)
		item["score"] = 1.0
		items = append(items, item)
	}
	return answer{http.StatusOK, obj{"total_count": len(found), "incomplete_results": false, "search_type": "lexical", "items": items}}
}

func matches(r *ghRepo, is *ghIssue, terms []term) bool {
	var where []string
	for _, t := range terms {
		if t.key == "in" {
			where = append(where, strings.Split(t.value, ",")...)
		}
	}
	for _, t := range terms {
		if ok := matchTerm(r, is, t, where); ok == t.not {
			return false
		}
	}
	return true
}

func matchTerm(r *ghRepo, is *ghIssue, t term, where []string) bool {
	switch t.key {
	case "in":
		return !t.not
	case "repo":
		return strings.EqualFold(r.full, t.value)
	case "org", "user":
		return strings.EqualFold(r.owner, t.value)
	case "label":
		return is.hasLabel(t.value)
	case "author":
		return strings.EqualFold(is.author, t.value)
	case "assignee":
		return containsFold(is.assignees, t.value)
	case "is", "type", "state":
		switch t.value {
		case "issue":
			return is.pull == nil
		case "pr", "pull-request":
			return is.pull != nil
		case "open":
			return !is.closed
		case "closed":
			return is.closed
		case "merged":
			return is.pull != nil && is.pull.merged
		}
		return false
	case "created":
		return matchTime(is.createdAt, t.value)
	case "updated":
		return matchTime(is.updatedAt, t.value)
	case "closed":
		return !is.closedAt.IsZero() && matchTime(is.closedAt, t.value)
	case "":
		return matchText(is, t.value, where)
	}
	return false
}

func matchText(is *ghIssue, text string, where []string) bool {
	in := func(part string) bool { return len(where) == 0 || slices.Contains(where, part) }
	if in("title") && strings.Contains(strings.ToLower(is.title), text) || in("body") && strings.Contains(strings.ToLower(is.body), text) {
		return true
	}
	return in("comments") && slices.ContainsFunc(is.comments, func(c *ghComment) bool { return strings.Contains(strings.ToLower(c.body), text) })
}

// matchTime compares with ">=2026-11-01" and the like: a day or a time.
func matchTime(at time.Time, value string) bool {
	op := strings.TrimRight(value, "0123456789-:tz+.")
	raw := strings.ToUpper(strings.TrimPrefix(value, op))
	want, err := time.Parse(time.RFC3339, raw)
	if err != nil {
		if want, err = time.Parse(time.DateOnly, raw); err != nil {
			return false
		}
	}
	switch op {
	case ">=":
		return !at.Before(want)
	case ">":
		return at.After(want)
	case "<=":
		return !at.After(want)
	case "<":
		return at.Before(want)
	case "":
		return at.Truncate(24 * time.Hour).Equal(want.Truncate(24 * time.Hour))
	}
	return false
}
