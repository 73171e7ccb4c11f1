package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"unicode/utf8"
)

// newComments reads the comments that an update adds.
func (c *jcall) newComments(in edit) ([]string, string) {
	var out []string
	for _, step := range in.Update["comment"] {
		var add struct {
			Body json.RawMessage `json:"body"`
		}
		if err := json.Unmarshal(step["add"], &add); err != nil {
			return nil, "Field does not support this update."
		}
		body, problem := c.readComment(add.Body)
		if problem != "" {
			return nil, problem
		}
		out = append(out, body)
	}
	return out, ""
}

func (c *jcall) readComment(raw json.RawMessage) (string, string) {
	if len(raw) == 0 {
		return "", "Comment body can not be empty!"
	}
	body, ok := readText(raw, c.v3)
	switch {
	case !ok:
		return "", "Comment body is not valid!"
	case body == "":
		return "", "Comment body can not be empty!"
	case utf8.RuneCountInString(body) > maxJiraText:
		return "", "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
	}
	return body, ""
}

func (c *jcall) listComments() answer {
	is, a := c.issue("BROWSE_PROJECTS")
	if is == nil {
		return a
	}
	all := is.comments
	if c.query.Get("orderBy") == "-created" {
		all = newestFirst(all)
	}
	most := 5000
	if c.v3 {
		most = 100
	}
	start, size, end := c.page(len(all), most, most)
	return answer{http.StatusOK, c.wireComments(all[start:end], start, size, len(all), c.v3)}
}

func (c *jcall) addComment() answer {
	is, a := c.issue("ADD_COMMENTS")
	if is == nil {
		return a
	}
	var in struct {
		Body json.RawMessage `json:"body"`
	}
	if a := c.decode(&in); a.status != 0 {
		return a
	}
	body, problem := c.readComment(in.Body)
	if problem != "" {
		return jiraProblem(http.StatusBadRequest, "", map[string]string{"comment": problem})
	}
	return answer{http.StatusCreated, c.wireComment(c.comment(is, c.bot, body), c.v3)}
}

func (c *jcall) theComment(permission string) (*jiComment, answer) {
	is, a := c.issue(permission)
	if is == nil {
		return nil, a
	}
	x := c.comments[c.path("id")]
	if x == nil || x.issue != is {
		return nil, jiraProblem(http.StatusNotFound, "Can not find a comment for the id: "+c.path("id")+".", nil)
	}
	return x, answer{}
}

func (c *jcall) getComment() answer {
	x, a := c.theComment("BROWSE_PROJECTS")
	if x == nil {
		return a
	}
	return answer{http.StatusOK, c.wireComment(x, c.v3)}
}

// ownComment finds a comment that our account may change.
func (c *jcall) ownComment() (*jiComment, answer) {
	x, a := c.theComment("EDIT_OWN_COMMENTS")
	if x != nil && x.author != c.bot && !c.can(x.issue.project.key, c.bot, "EDIT_ALL_COMMENTS") {
		return nil, jiraProblem(http.StatusBadRequest, "You do not have the permission to edit this comment.", nil)
	}
	return x, a
}

func (c *jcall) editCommentText() answer {
	x, a := c.ownComment()
	if x == nil {
		return a
	}
	var in struct {
		Body json.RawMessage `json:"body"`
	}
	if a := c.decode(&in); a.status != 0 {
		return a
	}
	body, problem := c.readComment(in.Body)
	if problem != "" {
		return jiraProblem(http.StatusBadRequest, "", map[string]string{"comment": problem})
	}
	c.editComment(x, c.bot, body)
	return answer{http.StatusOK, c.wireComment(x, c.v3)}
}

func (c *jcall) deleteComment() answer {
	x, a := c.ownComment()
	if x == nil {
		return a
	}
	delete(c.comments, x.id)
	x.issue.comments = slices.DeleteFunc(x.issue.comments, func(y *jiComment) bool { return y == x })
	c.tellComment("comment_deleted", x)
	return nothingHere
}
