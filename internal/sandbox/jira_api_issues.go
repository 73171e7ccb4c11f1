package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
)

// edit is the body of a creation, an edit or a transition.
type edit struct {
	Fields     map[string]json.RawMessage              `json:"fields"`
	Update     map[string][]map[string]json.RawMessage `json:"update"`
	Transition struct {
		ID json.RawMessage `json:"id"`
	} `json:"transition"`
}

func (c *jcall) reader(p *jiProject) fieldReader { return fieldReader{c.Jira, p.key, c.v3} }

func (c *jcall) createIssue() answer {
	var in edit
	if a := c.decode(&in); a.status != 0 {
		return a
	}
	var project, kind pickBy
	_ = json.Unmarshal(in.Fields["project"], &project) // what is missing or odd is no project
	_ = json.Unmarshal(in.Fields["issuetype"], &kind)
	p := c.project(project.Key)
	if p == nil {
		p = c.project(project.ID)
	}
	if p == nil || !c.can(p.key, c.bot, "BROWSE_PROJECTS") {
		return jiraProblem(http.StatusBadRequest, "", map[string]string{"project": "Specify a valid project ID or key"})
	}
	if !c.can(p.key, c.bot, "CREATE_ISSUES") {
		return jiraProblem(http.StatusBadRequest, "You do not have permission to create issues in this project.", nil)
	}
	name := jiTypes.byIDOrName(typeBase, kind.ID, kind.Name)
	if name == "" {
		return jiraProblem(http.StatusBadRequest, "", map[string]string{"issuetype": "Specify a valid issue type"})
	}
	todo, errs := c.reader(p).readFields("create", in.Fields, in.Update)
	if len(in.Fields["summary"]) == 0 {
		errs["summary"] = "You must specify a summary of the issue."
	}
	for _, f := range c.opt.Fields {
		if raw := in.Fields[f.ID]; f.Required && (len(raw) == 0 || string(raw) == "null" || string(raw) == `""`) {
			errs[f.ID] = f.Name + " is required."
		}
	}
	if len(errs) > 0 {
		return jiraProblem(http.StatusBadRequest, "", errs)
	}
	is := c.create(p, name, c.bot, todo)
	c.announceNew(is, c.bot)
	return answer{http.StatusCreated, obj{"id": is.id, "key": is.key, "self": c.rest("issue/%s", is.id)}}
}

func (c *jcall) getIssue() answer {
	is, a := c.issue("BROWSE_PROJECTS")
	if is == nil {
		return a
	}
	return answer{http.StatusOK, c.expand(is, fieldList(c.query["fields"], "*all"), fieldList(c.query["expand"]), fieldList(c.query["properties"]))}
}

// expand writes an issue with the extras that a request names.
func (c *jcall) expand(is *jiIssue, fields, extras, properties []string) obj {
	out := c.wireIssue(is, fields, c.v3)
	if slices.Contains(extras, "changelog") {
		history := is.history
		if c.cloud() {
			history = newestFirst(history)
			history = history[:min(len(history), 100)]
		}
		out["changelog"] = obj{"startAt": 0, "maxResults": len(history), "total": len(is.history), "histories": c.wireHistory(history)}
	}
	if slices.Contains(extras, "transitions") {
		out["transitions"] = c.wireTransitions(is, false)
	}
	if len(properties) > 0 {
		found := obj{}
		for k, v := range is.properties {
			if slices.Contains(properties, k) || slices.Contains(properties, "*all") {
				found[k] = v
			}
		}
		out["properties"] = found
	}
	return out
}

func (c *jcall) editIssue() answer {
	is, a := c.issue("EDIT_ISSUES")
	if is == nil {
		return a
	}
	var in edit
	if a := c.decode(&in); a.status != 0 {
		return a
	}
	todo, errs := c.reader(is.project).readFields("edit", in.Fields, in.Update)
	comments, problem := c.newComments(in)
	if problem != "" {
		errs["comment"] = problem
	}
	if len(errs) > 0 {
		return jiraProblem(http.StatusBadRequest, "", errs)
	}
	c.apply(is, c.bot, todo)
	for _, body := range comments {
		c.comment(is, c.bot, body)
	}
	if c.query.Get("returnIssue") == "true" && c.cloud() {
		return answer{http.StatusOK, c.wireIssue(is, []string{"*all"}, c.v3)}
	}
	return nothingHere
}

func (c *jcall) deleteIssue() answer {
	is, a := c.issue("DELETE_ISSUES")
	if is == nil {
		return a
	}
	is.deleted = true
	c.emit("jira:issue_deleted", "issue_deleted", is, c.bot, obj{"issue": c.wireIssue(is, []string{"*all"}, false)})
	return nothingHere
}

func (c *jcall) assign() answer {
	is, a := c.issue("ASSIGN_ISSUES")
	if is == nil {
		return a
	}
	s, problem := c.reader(is.project).readField("assignee", c.body)
	if problem != "" {
		return jiraProblem(http.StatusBadRequest, "", map[string]string{"assignee": problem})
	}
	c.apply(is, c.bot, []setter{s})
	return nothingHere
}

func (c *jcall) getChangelog() answer {
	is, a := c.issue("BROWSE_PROJECTS")
	if is == nil || !c.cloud() {
		if is != nil {
			return noSuchResource
		}
		return a
	}
	start, size, end := c.page(len(is.history), 100, 100)
	return answer{http.StatusOK, obj{
		"self": c.rest("issue/%s/changelog", is.key), "startAt": start, "maxResults": size, "total": len(is.history),
		"isLast": end == len(is.history), "values": c.wireHistory(is.history[start:end]),
	}}
}
