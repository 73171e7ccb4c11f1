package sandbox

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// text reads the body of a comment; an answer with a status is the refusal.
func (c *call) text() (string, answer) {
	var body string
	if _, err := c.field("body", &body); err != nil {
		return "", problem(http.StatusUnprocessableEntity, "Invalid request.\n\n"+err.Error())
	}
	if strings.TrimSpace(body) == "" {
		return "", invalid("IssueComment", "data", "unprocessable", "Body cannot be blank", nil)
	}
	if utf8.RuneCountInString(body) > maxText {
		return "", invalid("IssueComment", "data", "unprocessable", "Body is too long (maximum is 65536 characters)", nil)
	}
	return body, answer{}
}

func (c *call) wire(x *ghComment) obj { return c.g.wireComment(c.repo, x) }

func (c *call) listComments() answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	after := since(c.query.Get("since"))
	var found []*ghComment
	for _, x := range is.comments {
		if !x.updatedAt.Before(after) {
			found = append(found, x)
		}
	}
	return list(c, found, c.wire)
}

func (c *call) listRepoComments() answer {
	after, byUpdate := since(c.query.Get("since")), c.query.Get("sort") == "updated"
	var found []*ghComment
	for _, x := range slices.SortedFunc(maps.Values(c.repo.comments), func(a, b *ghComment) int { return cmp.Compare(a.id, b.id) }) {
		if !x.updatedAt.Before(after) && x.issue.there() {
			found = append(found, x)
		}
	}
	if byUpdate {
		slices.SortStableFunc(found, func(a, b *ghComment) int { return a.updatedAt.Compare(b.updatedAt) })
	}
	if c.query.Get("direction") == "desc" {
		slices.Reverse(found)
	}
	return list(c, found, c.wire)
}

func (c *call) createComment() answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	if is.converted || is.locked && !c.g.may(c.repo, c.login, "write") {
		return problem(http.StatusForbidden, "Unable to create comment because issue is locked.")
	}
	body, a := c.text()
	if a.status != 0 {
		return a
	}
	x := c.g.comment(c.repo, is, c.login, body)
	c.head.Set("Location", c.g.api("/repos/%s/issues/comments/%d", c.repo.full, x.id))
	return answer{http.StatusCreated, c.wire(x)}
}

func (c *call) comment() *ghComment {
	if x := c.repo.comments[c.id("id")]; x != nil && x.issue.there() {
		return x
	}
	return nil
}

func (c *call) getComment() answer {
	x := c.comment()
	if x == nil {
		return notFound
	}
	return answer{http.StatusOK, c.wire(x)}
}

// ownComment finds a comment that the caller may change.
func (c *call) ownComment() (*ghComment, answer) {
	x := c.comment()
	if x == nil {
		return nil, notFound
	}
	if !strings.EqualFold(x.author, c.login) && !c.g.may(c.repo, c.login, "write") {
		return nil, forbidden
	}
	return x, answer{}
}

func (c *call) editComment() answer {
	x, a := c.ownComment()
	if x == nil {
		return a
	}
	body, a := c.text()
	if a.status != 0 {
		return a
	}
	c.g.editComment(c.repo, x, c.login, body)
	return answer{http.StatusOK, c.wire(x)}
}

func (c *call) deleteComment() answer {
	x, a := c.ownComment()
	if x == nil {
		return a
	}
	c.g.deleteComment(c.repo, x, c.login)
	return nothingHere
}

func (c *call) listReactions() answer {
	x := c.comment()
	if x == nil {
		return notFound
	}
	return list(c, x.reactions, c.g.wireReaction)
}

func (c *call) react() answer {
	x := c.comment()
	if x == nil {
		return notFound
	}
	return c.addReaction(&x.reactions)
}

func (c *call) listIssueReactions() answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	return list(c, is.reactions, c.g.wireReaction)
}

func (c *call) reactToIssue() answer {
	is, a := c.issue()
	if is == nil {
		return a
	}
	return c.addReaction(&is.reactions)
}

// addReaction adds the reaction of the body: 201, or 200 when it is there.
func (c *call) addReaction(to *[]ghReaction) answer {
	var content string
	if _, err := c.field("content", &content); err != nil || !slices.Contains(reactionNames, content) {
		return invalid("Reaction", "content", "invalid", "", content)
	}
	for _, x := range *to {
		if x.login == c.login && x.content == content {
			return answer{http.StatusOK, c.g.wireReaction(x)}
		}
	}
	x := ghReaction{id: c.g.id(), login: c.login, content: content, at: c.g.clock()}
	*to = append(*to, x)
	return answer{http.StatusCreated, c.g.wireReaction(x)}
}
