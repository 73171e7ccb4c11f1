package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

func (c *jcall) getUser() answer {
	account := c.query.Get("accountId")
	if !c.cloud() {
		account = c.query.Get("username")
		if account == "" {
			account = c.query.Get("key")
		}
	}
	if u := c.wireUser(account); u != nil {
		return answer{http.StatusOK, u}
	}
	return jiraProblem(http.StatusNotFound, "Specified user does not exist or you do not have required permissions", nil)
}

// usersWho answers with the people that the query names and a test lets pass.
// Cloud is asked by query or accountId, Data Center by username.
func (c *jcall) usersWho(may func(account string) bool) answer {
	words, account := strings.ToLower(c.query.Get("query")), c.query.Get("accountId")
	if !c.cloud() {
		if words = strings.ToLower(c.query.Get("username")); words == "." || words == "%" {
			words = "" // everybody, in Data Center's own shorthand
		}
		account = ""
	}
	found := []any{}
	for _, u := range c.users {
		// On Cloud an address is matched as a whole, names by their start.
		hit := account == u.account
		if account == "" {
			hit = strings.EqualFold(u.email, words) || strings.HasPrefix(strings.ToLower(u.name), words) ||
				!c.cloud() && (strings.HasPrefix(strings.ToLower(u.account), words) || strings.HasPrefix(strings.ToLower(u.email), words))
		}
		if hit && may(u.account) {
			found = append(found, c.wireUser(u.account))
		}
	}
	start, _, end := c.page(len(found), 50, 1000)
	return answer{http.StatusOK, found[start:end]}
}

func (c *jcall) searchUsers() answer {
	if c.query.Get("query") == "" && c.query.Get("accountId") == "" && c.query.Get("username") == "" {
		return jiraProblem(http.StatusBadRequest, "The query, username or accountId parameter is missing.", nil)
	}
	return c.usersWho(func(string) bool { return true })
}

// queryProject is the project that the query names, by itself or by an issue.
func (c *jcall) queryProject() *jiProject {
	for _, k := range []string{"issueKey", "issueId"} {
		if is := c.find(c.query.Get(k)); is != nil {
			return is.project
		}
	}
	for _, k := range []string{"project", "projectKey", "projectId"} {
		if p := c.project(c.query.Get(k)); p != nil {
			return p
		}
	}
	return nil
}

func (c *jcall) assignableUsers() answer {
	p := c.queryProject()
	if p == nil {
		return jiraProblem(http.StatusBadRequest, "No project could be found with the given key or issue.", nil)
	}
	return c.usersWho(func(a string) bool { return c.can(p.key, a, "ASSIGNABLE_USER") })
}

func (c *jcall) usersWithPermission() answer {
	p, wanted := c.queryProject(), fieldList(c.query["permissions"])
	if p == nil || len(wanted) == 0 {
		return jiraProblem(http.StatusBadRequest, "permissions, and projectKey or issueKey, must be given.", nil)
	}
	return c.usersWho(func(a string) bool {
		return !slices.ContainsFunc(wanted, func(w string) bool { return !c.can(p.key, a, w) })
	})
}

func (c *jcall) myPermissions() answer {
	wanted := fieldList(c.query["permissions"])
	if len(wanted) == 0 {
		if c.cloud() {
			return jiraProblem(http.StatusBadRequest, "The 'permissions' query parameter is required.", nil)
		}
		for _, p := range permissionsOf {
			wanted = append(wanted, p.names...)
		}
	}
	p := c.queryProject()
	out := obj{}
	for i, w := range wanted {
		var has bool
		if p != nil {
			has = c.can(p.key, c.bot, w)
		} else {
			has = slices.ContainsFunc(c.projects, func(p *jiProject) bool { return c.can(p.key, c.bot, w) })
		}
		out[w] = obj{"id": itoa(i + 1), "key": w, "name": w, "type": "PROJECT", "description": "", "havePermission": has}
	}
	return answer{http.StatusOK, obj{"permissions": out}}
}

// visible are the projects that our account can see.
func (c *jcall) visible() []obj {
	out := []obj{}
	for _, p := range c.projects {
		if c.can(p.key, c.bot, "BROWSE_PROJECTS") {
			out = append(out, c.wireProject(p))
		}
	}
	return out
}

func (c *jcall) listProjects() answer { return answer{http.StatusOK, c.visible()} }

func (c *jcall) searchProjects() answer {
	if !c.cloud() {
		return noSuchResource
	}
	all := c.visible()
	start, size, end := c.page(len(all), 50, 100)
	return answer{http.StatusOK, obj{"startAt": start, "maxResults": size, "total": len(all), "isLast": end == len(all), "values": all[start:end]}}
}

func (c *jcall) seenProject() (*jiProject, answer) {
	p := c.project(c.path("key"))
	if p == nil || !c.can(p.key, c.bot, "BROWSE_PROJECTS") {
		return nil, jiraProblem(http.StatusNotFound, "No project could be found with key '"+c.path("key")+"'.", nil)
	}
	return p, answer{}
}

func (c *jcall) getProject() answer {
	p, a := c.seenProject()
	if p == nil {
		return a
	}
	out := c.wireProject(p)
	out["description"], out["lead"], out["assigneeType"] = "", c.wireUser(c.bot), "UNASSIGNED"
	out["issueTypes"], out["components"], out["versions"], out["roles"] = c.wireList("issuetype", jiTypes, typeBase), []any{}, []any{}, obj{}
	return answer{http.StatusOK, out}
}

func (c *jcall) projectStatuses() answer {
	p, a := c.seenProject()
	if p == nil {
		return a
	}
	statuses := c.listStatuses().body
	out := []obj{}
	for _, n := range jiTypes {
		if o, ok := c.wireType(n).(obj); ok {
			o["statuses"] = statuses
			out = append(out, o)
		}
	}
	return answer{http.StatusOK, out}
}
