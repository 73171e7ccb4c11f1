package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
)

func (j *Jira) wireTransitions(is *jiIssue, withFields bool) []obj {
	out := []obj{}
	for _, t := range j.transitions(is) {
		line := obj{
			"id": t.id, "name": t.name, "to": j.wireStatus(t.to), "hasScreen": t.screen != "", "isGlobal": false, "isInitial": false,
			"isAvailable": true, "isConditional": false, "isLooped": false,
		}
		if withFields {
			fields := obj{}
			if t.screen != "" {
				fields["resolution"] = j.wireField("resolution", t.to == statusDone)
			}
			if t.required != "" {
				fields[t.required] = j.wireField(t.required, true)
			}
			line["fields"] = fields
		}
		out = append(out, line)
	}
	return out
}

func (c *jcall) listTransitions() answer {
	is, a := c.issue("BROWSE_PROJECTS")
	if is == nil {
		return a
	}
	list := []obj{}
	if c.can(is.project.key, c.bot, "TRANSITION_ISSUES") {
		list = c.wireTransitions(is, slices.Contains(fieldList(c.query["expand"]), "transitions.fields"))
	}
	if want := c.query.Get("transitionId"); want != "" {
		list = slices.DeleteFunc(list, func(t obj) bool { return t["id"] != want })
	}
	return answer{http.StatusOK, obj{"expand": "transitions", "transitions": list}}
}

func (c *jcall) doTransition() answer {
	is, a := c.issue("TRANSITION_ISSUES")
	if is == nil {
		return a
	}
	var in edit
	if a := c.decode(&in); a.status != 0 {
		return a
	}
	var id string
	if json.Unmarshal(in.Transition.ID, &id) != nil || id == "" {
		return jiraProblem(http.StatusBadRequest, "Missing 'transition' identifier, or it is no text.", nil)
	}
	at := slices.IndexFunc(c.transitions(is), func(t transition) bool { return t.id == id })
	if at < 0 {
		return jiraProblem(http.StatusBadRequest, "Transition id '"+id+"' is not valid for this issue.", nil)
	}
	t := c.transitions(is)[at]
	todo, errs := c.reader(is.project).readFields(t.screen, in.Fields, in.Update)
	if raw := in.Fields[t.required]; t.required != "" && len(errs) == 0 && (len(raw) == 0 || string(raw) == "null" || string(raw) == `""`) {
		errs[t.required] = "Reopen reason is required."
	}
	// Closing without a resolution is not possible where the screen has one
	// and it was cleared on purpose.
	if raw, ok := in.Fields["resolution"]; ok && string(raw) == "null" && t.to == statusDone {
		errs["resolution"] = "Resolution is required."
	}
	comments, problem := c.newComments(in)
	if problem != "" {
		errs["comment"] = problem
	}
	if len(errs) > 0 {
		return jiraProblem(http.StatusBadRequest, "", errs)
	}
	c.transition(is, c.bot, t, todo)
	for _, body := range comments {
		c.comment(is, c.bot, body)
	}
	return nothingHere
}

// wireField describes a field for a screen.
func (j *Jira) wireField(id string, required bool) obj {
	out := obj{"required": required, "key": id, "name": id, "hasDefaultValue": false, "operations": []string{"set"}}
	kind, custom := "string", false
	switch id {
	case "resolution":
		out["name"], kind, out["allowedValues"] = "Resolution", "resolution", j.wireList("resolution", jiResolutions, resolutionBase)
		out["hasDefaultValue"] = required // the workflow fills it in
		out["required"] = false
	case ReopenField:
		out["name"], custom = "Reopen reason", true
	case "priority":
		out["name"], kind, out["allowedValues"] = "Priority", "priority", j.wireList("priority", jiPriorities, priorityBase)
		out["hasDefaultValue"] = true
	case "issuetype":
		out["name"], kind, out["allowedValues"] = "Issue Type", "issuetype", j.wireList("issuetype", jiTypes, typeBase)
	case "summary":
		out["name"] = "Summary"
	case "description":
		out["name"] = "Description"
	case "project":
		out["name"], kind = "Project", "project"
	case "labels":
		out["name"], kind, out["operations"] = "Labels", "array", []string{"add", "set", "remove"}
	case "duedate":
		out["name"], kind = "Due date", "date"
	case "assignee", "reporter":
		out["name"], kind = map[string]string{"assignee": "Assignee", "reporter": "Reporter"}[id], "user"
		out["hasDefaultValue"] = id == "reporter"
	default:
		for _, f := range j.opt.Fields {
			if f.ID != id {
				continue
			}
			out["name"], custom = f.Name, true
			if len(f.Choices) > 0 {
				kind = "option"
				choices := []obj{}
				for i, c := range f.Choices {
					choices = append(choices, obj{"id": itoa(i + 1), "value": c})
				}
				out["allowedValues"] = choices
			}
		}
	}
	schema := obj{"type": kind, "system": id}
	if kind == "array" {
		schema["items"] = "string"
	}
	if custom {
		delete(schema, "system")
		schema["custom"], schema["customId"] = "com.atlassian.jira.plugin.system.customfieldtypes:textfield", atoiOr(id[len("customfield_"):], 0)
	}
	out["schema"] = schema
	return out
}

func (j *Jira) wireList(kind string, names named, base int) []obj {
	out := []obj{}
	for _, n := range names {
		if o, ok := j.wireNamed(kind, names, base, n).(obj); ok {
			out = append(out, o)
		}
	}
	return out
}

// createScreen lists the fields of the screen that creates issues. Only here
// a field says its id twice.
func (j *Jira) createScreen() []obj {
	out := []obj{}
	add := func(id string, required bool) {
		f := j.wireField(id, required)
		f["fieldId"] = id
		out = append(out, f)
	}
	for _, id := range []string{"project", "issuetype", "summary", "description", "priority", "labels", "assignee", "reporter", "duedate"} {
		if j.screen("create", id) {
			add(id, id == "project" || id == "issuetype" || id == "summary")
		}
	}
	for _, f := range j.opt.Fields {
		add(f.ID, f.Required)
	}
	return out
}

func (c *jcall) editMeta() answer {
	is, a := c.issue("EDIT_ISSUES")
	if is == nil {
		return a
	}
	fields := obj{"resolution": c.wireField("resolution", false), ReopenField: c.wireField(ReopenField, false)}
	for _, f := range c.createScreen() {
		delete(f, "fieldId")
		if id, ok := f["key"].(string); ok && id != "project" && id != "issuetype" {
			fields[id] = f
		}
	}
	return answer{http.StatusOK, obj{"fields": fields}}
}

// createMeta finds the project of the path for somebody who may create there.
func (c *jcall) createMeta() (*jiProject, answer) {
	p := c.project(c.path("key"))
	if p == nil || !c.can(p.key, c.bot, "CREATE_ISSUES") {
		return nil, jiraProblem(http.StatusBadRequest, "No project could be found with key '"+c.path("key")+"'.", nil)
	}
	return p, answer{}
}

// answerMeta writes a page under the names of both flavors.
func (c *jcall) answerMeta(cloudName string, things []obj) answer {
	start, size, end := c.page(len(things), 50, 200)
	name := "values"
	if c.cloud() {
		name = cloudName
	}
	out := obj{"startAt": start, "maxResults": size, "total": len(things), name: things[start:end]}
	if !c.cloud() {
		out["isLast"] = end == len(things)
	}
	return answer{http.StatusOK, out}
}

func (c *jcall) createTypes() answer {
	p, a := c.createMeta()
	if p == nil {
		return a
	}
	types := []obj{}
	for _, n := range jiTypes {
		if o, ok := c.wireType(n).(obj); ok {
			types = append(types, o)
		}
	}
	return c.answerMeta("issueTypes", types)
}

func (c *jcall) createFields() answer {
	p, a := c.createMeta()
	if p == nil {
		return a
	}
	if jiTypes.byIDOrName(typeBase, c.path("id"), "") == "" {
		return jiraProblem(http.StatusBadRequest, "Issue type not found.", nil)
	}
	return c.answerMeta("fields", c.createScreen())
}

func (c *jcall) listStatuses() answer {
	out := []obj{}
	for _, s := range jiStatuses {
		out = append(out, c.wireStatus(s))
	}
	return answer{http.StatusOK, out}
}

func (c *jcall) listPriorities() answer {
	return answer{http.StatusOK, c.wireList("priority", jiPriorities, priorityBase)}
}

func (c *jcall) listResolutions() answer {
	return answer{http.StatusOK, c.wireList("resolution", jiResolutions, resolutionBase)}
}

func (c *jcall) listTypes() answer {
	return answer{http.StatusOK, c.wireList("issuetype", jiTypes, typeBase)}
}

func (c *jcall) listLinkTypes() answer {
	out := []obj{}
	for _, n := range jiLinkTypes {
		id := jiLinkTypes.id(linkBase, n)
		out = append(out, obj{"id": id, "name": n, "outward": jiLinkWords[n][0], "inward": jiLinkWords[n][1], "self": c.rest("issueLinkType/%s", id)})
	}
	return answer{http.StatusOK, obj{"issueLinkTypes": out}}
}

func (c *jcall) listFields() answer {
	out := []obj{}
	for _, f := range append(c.createScreen(), c.wireField("resolution", false), c.wireField(ReopenField, false)) {
		schema, _ := f["schema"].(obj)
		_, custom := schema["custom"]
		out = append(out, obj{
			"id": f["key"], "key": f["key"], "name": f["name"], "custom": custom, "orderable": true, "navigable": true,
			"searchable": true, "clauseNames": []any{f["key"]}, "schema": schema,
		})
	}
	return answer{http.StatusOK, out}
}
