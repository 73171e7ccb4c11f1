package sandbox

import (
	"encoding/json"
	"net/http"
)

// Properties are little JSON documents that programs keep on an issue.

func (c *jcall) listProperties() answer {
	is, a := c.issue("BROWSE_PROJECTS")
	if is == nil {
		return a
	}
	keys := []obj{}
	for k := range is.properties {
		keys = append(keys, obj{"key": k, "self": c.rest("issue/%s/properties/%s", is.key, k)})
	}
	return answer{http.StatusOK, obj{"keys": keys}}
}

func (c *jcall) getProperty() answer {
	is, a := c.issue("BROWSE_PROJECTS")
	if is == nil {
		return a
	}
	v, ok := is.properties[c.path("name")]
	if !ok {
		return jiraProblem(http.StatusNotFound, "The property with key '"+c.path("name")+"' does not exist.", nil)
	}
	return answer{http.StatusOK, obj{"key": c.path("name"), "value": v}}
}

func (c *jcall) setProperty() answer {
	is, a := c.issue("EDIT_ISSUES")
	if is == nil {
		return a
	}
	if !json.Valid(c.body) || len(c.body) > 32_768 || len(c.path("name")) > 255 {
		return jiraProblem(http.StatusBadRequest, "The property is no JSON, or it is too long.", nil)
	}
	_, had := is.properties[c.path("name")]
	if is.properties == nil {
		is.properties = map[string]json.RawMessage{}
	}
	is.properties[c.path("name")] = json.RawMessage(c.body)
	status := http.StatusCreated
	if had {
		status = http.StatusOK
	}
	return answer{status, obj{}}
}

func (c *jcall) deleteProperty() answer {
	is, a := c.issue("EDIT_ISSUES")
	if is == nil {
		return a
	}
	delete(is.properties, c.path("name"))
	return nothingHere
}

func (c *jcall) createLink() answer {
	var in struct {
		Type         pickBy
		InwardIssue  pickBy
		OutwardIssue pickBy
	}
	if a := c.decode(&in); a.status != 0 {
		return a
	}
	kind := jiLinkTypes.byIDOrName(linkBase, in.Type.ID, in.Type.Name)
	if kind == "" {
		return jiraProblem(http.StatusNotFound, "No issue link type with name '"+in.Type.Name+"' found.", nil)
	}
	byEither := func(by pickBy) *jiIssue {
		if by.Key != "" {
			return c.find(by.Key)
		}
		return c.find(by.ID)
	}
	// The names mislead: the link leads from the inward issue to the outward
	// one, which is shown as outwardIssue on the first.
	from, to := byEither(in.InwardIssue), byEither(in.OutwardIssue)
	if from == nil || to == nil {
		return noSuchIssue
	}
	if from == to {
		return jiraProblem(http.StatusBadRequest, "You cannot link an issue to itself.", nil)
	}
	c.link(kind, from, to, c.bot)
	return answer{http.StatusCreated, nil}
}
