package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// searchBody are the parameters of a search, from the query or from a body.
type searchBody struct {
	JQL           string          `json:"jql"`
	StartAt       int             `json:"startAt"`
	MaxResults    *int            `json:"maxResults"`
	NextPageToken string          `json:"nextPageToken"`
	Fields        []string        `json:"fields"`
	Expand        json.RawMessage `json:"expand"` // a text in one interface, a list in the other
	Reconcile     []int64         `json:"reconcileIssues"`
	Properties    []string        `json:"properties"`

	extras []string
}

func (c *jcall) searchParameters() (searchBody, answer) {
	var in searchBody
	if c.r.Method == http.MethodPost {
		if a := c.decode(&in); a.status != 0 {
			return in, a
		}
		var one string
		var many []string
		if json.Unmarshal(in.Expand, &one) == nil {
			many = []string{one}
		} else {
			_ = json.Unmarshal(in.Expand, &many) // absent: no extras
		}
		in.extras = fieldList(many)
		return in, answer{}
	}
	q := c.query
	in.JQL, in.NextPageToken, in.StartAt = q.Get("jql"), q.Get("nextPageToken"), atoiOr(q.Get("startAt"), 0)
	if q.Has("maxResults") {
		n := atoiOr(q.Get("maxResults"), 50)
		in.MaxResults = &n
	}
	in.Fields, in.extras, in.Properties = fieldList(q["fields"]), fieldList(q["expand"]), fieldList(q["properties"])
	for _, id := range fieldList(q["reconcileIssues"]) {
		in.Reconcile = append(in.Reconcile, int64(atoiOr(id, 0)))
	}
	return in, answer{}
}

// run finds what a query matches and the index knows.
func (c *jcall) run(in searchBody) (jqlQuery, []*jiIssue, answer) {
	q, err := c.parseJQL(in.JQL)
	if err != nil {
		return q, nil, jiraProblem(http.StatusBadRequest, err.Error(), nil)
	}
	sure := map[string]bool{}
	for _, id := range in.Reconcile {
		sure[fmt.Sprint(id)] = true
	}
	indexed := c.clock().Add(-c.opt.SearchLag)
	var found []*jiIssue
	for _, is := range c.issues {
		switch {
		case is.deleted, !c.can(is.project.key, c.bot, "BROWSE_PROJECTS"),
			c.opt.SearchLag > 0 && is.created.After(indexed) && !sure[is.id],
			q.test != nil && !q.test(is):
			continue
		}
		found = append(found, is)
	}
	q.sort(c.Jira, found)
	return q, found, answer{}
}

// searchOld is Data Center's search. Cloud has taken it away.
func (c *jcall) searchOld() answer {
	if c.cloud() {
		return jiraProblem(http.StatusGone, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046", nil)
	}
	in, a := c.searchParameters()
	if a.status != 0 {
		return a
	}
	_, found, a := c.run(in)
	if a.status != 0 {
		return a
	}
	size := 50
	if in.MaxResults != nil && *in.MaxResults >= 0 {
		size = min(*in.MaxResults, 1000)
	}
	start := min(max(in.StartAt, 0), len(found))
	fields := in.Fields
	if len(fields) == 0 {
		fields = []string{"*navigable"}
	}
	issues := []obj{}
	for _, is := range found[start:min(start+size, len(found))] {
		issues = append(issues, c.expand(is, fields, in.extras, in.Properties))
	}
	return answer{http.StatusOK, obj{"expand": "schema,names", "startAt": in.StartAt, "maxResults": size, "total": len(found), "issues": issues}}
}

// searchNew is Cloud's search: pages by token, no total, ids alone unless
// fields are named, and a query must restrict something.
func (c *jcall) searchNew() answer {
	if !c.cloud() {
		return noSuchResource
	}
	in, a := c.searchParameters()
	if a.status != 0 {
		return a
	}
	q, found, a := c.run(in)
	if a.status != 0 {
		return a
	}
	if q.clauses == 0 {
		return jiraProblem(http.StatusBadRequest, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.", nil)
	}
	start := 0
	if in.NextPageToken != "" {
		raw, err := base64.StdEncoding.DecodeString(in.NextPageToken)
		at, jql, ok := strings.Cut(string(raw), " ")
		if start = atoiOr(at, -1); err != nil || !ok || jql != in.JQL || start < 0 {
			return jiraProblem(http.StatusBadRequest, "The provided next page token is invalid or expired.", nil)
		}
	}
	size, most := 50, 5000
	if len(in.Fields) > 0 {
		most = 100
	}
	if in.MaxResults != nil && *in.MaxResults > 0 {
		size = min(*in.MaxResults, most)
	}
	start = min(start, len(found))
	end := min(start+size, len(found))
	issues := []obj{}
	for _, is := range found[start:end] {
		if len(in.Fields) == 0 || len(in.Fields) == 1 && in.Fields[0] == "id" {
			issues = append(issues, obj{"id": is.id})
			continue
		}
		issues = append(issues, c.expand(is, in.Fields, in.extras, in.Properties))
	}
	out := obj{"issues": issues, "isLast": end == len(found)}
	if end < len(found) {
		out["nextPageToken"] = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", end, in.JQL))
	}
	return answer{http.StatusOK, out}
}
