package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// jcall is one request to the REST interface, past authentication. Its
// handlers run under Jira.mu.
type jcall struct {
	*Jira
	r     *http.Request
	query url.Values
	body  []byte
	v3    bool // rich texts are documents
	head  http.Header
}

// jslot carries the call through the mux to its handler, and the answer back.
type jslot struct {
	slot
	call *jcall
}

// jiraProblem is Jira's form of an error: general messages, and one for each
// field.
func jiraProblem(status int, message string, fields map[string]string) answer {
	messages := []string{}
	if message != "" {
		messages = append(messages, message)
	}
	if fields == nil {
		fields = map[string]string{}
	}
	return answer{status, obj{"errorMessages": messages, "errors": fields}}
}

var (
	noSuchIssue    = jiraProblem(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.", nil)
	noSuchResource = answer{http.StatusNotFound, obj{"message": "null for uri", "status-code": 404}}
)

// authorised checks the credentials of our own account.
func (j *Jira) authorised(r *http.Request) bool {
	if user, token, ok := r.BasicAuth(); ok {
		return user == j.opt.User && token == j.opt.Token
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && !j.cloud() && token == j.opt.Token && token != ""
}

// ServeHTTP answers browsers and the REST interface, and the sandbox's own
// interface under /_sandbox/.
func (j *Jira) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, adminPath) {
		serveAdmin(w, r, j)
		return
	}
	note := func(status int) {
		j.requests.add(Request{At: j.opt.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Status: status})
	}
	j.faults.around(w, r, func() string { return j.projectOf(w, r) }, jiraRefusal, note, j.serve)
}

func (j *Jira) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && j.servePage(w, r) {
		return
	}
	user := ""
	var a answer
	if j.authorised(r) {
		user = j.bot
		a = j.route(w, r)
	} else {
		w.Header().Set("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")
		w.Header().Set("WWW-Authenticate", `OAuth realm="jira"`)
		a = answer{http.StatusUnauthorized, obj{"message": "Client must be authenticated to access this resource.", "status-code": 401}}
	}
	head := w.Header()
	head.Set("Date", j.opt.Now().UTC().Format(http.TimeFormat))
	head.Set("X-AREQUESTID", newUUID())
	if user != "" {
		head.Set("X-AACCOUNTID", url.QueryEscape(user))
	}
	var body []byte
	if a.body != nil {
		var err error
		if body, err = json.Marshal(a.body); err != nil {
			panic("sandbox: an answer that is no JSON: " + err.Error()) // built from plain maps: a bug here
		}
		head.Set("Content-Type", "application/json;charset=UTF-8")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(body)
	j.requests.add(Request{At: j.opt.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, User: user, Status: a.status})
	j.opt.Log.Debug("jira answered", "method", r.Method, "path", r.URL.Path, "status", a.status)
}

func (j *Jira) route(w http.ResponseWriter, r *http.Request) answer {
	body, err := readBody(w, r)
	if err != nil {
		return jiraProblem(http.StatusRequestEntityTooLarge, "The request is too large.", nil)
	}
	// A mux can't tell issue/createmeta/{project} from issue/{key}/comment.
	if strings.Contains(r.URL.Path, "/issue/createmeta") {
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = strings.Replace(r.URL.Path, "/issue/createmeta", "/createmeta", 1), ""
	}
	c := &jcall{Jira: j, r: r, query: r.URL.Query(), body: body, v3: strings.HasPrefix(r.URL.Path, "/rest/api/3/"), head: w.Header()}
	s := &jslot{slot: slot{answer: noSuchResource}, call: c}
	j.mux.ServeHTTP(s, r)
	return s.answer
}

// routes lists every call that is answered.
func (j *Jira) routes() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(pattern string, h func(*jcall) answer) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s, ok := w.(*jslot)
			if !ok {
				return
			}
			if v := r.PathValue("v"); v != "" && v != "2" && v != "latest" && (v != "3" || !j.cloud()) {
				return // Data Center has no version 3
			}
			s.call.r = r
			j.mu.Lock()
			defer j.mu.Unlock()
			s.answer = h(s.call)
		})
	}
	api := func(method, path string, h func(*jcall) answer) { handle(method+" /rest/api/{v}"+path, h) }

	api("GET", "/myself", (*jcall).myself)
	api("GET", "/serverInfo", (*jcall).serverInfo)
	api("GET", "/mypermissions", (*jcall).myPermissions)
	api("GET", "/user", (*jcall).getUser)
	api("GET", "/user/search", (*jcall).searchUsers)
	api("GET", "/user/assignable/search", (*jcall).assignableUsers)
	api("GET", "/user/permission/search", (*jcall).usersWithPermission)
	api("GET", "/project", (*jcall).listProjects)
	api("GET", "/project/search", (*jcall).searchProjects)
	api("GET", "/project/{key}", (*jcall).getProject)
	api("GET", "/project/{key}/statuses", (*jcall).projectStatuses)
	api("GET", "/status", (*jcall).listStatuses)
	api("GET", "/priority", (*jcall).listPriorities)
	api("GET", "/resolution", (*jcall).listResolutions)
	api("GET", "/issuetype", (*jcall).listTypes)
	api("GET", "/field", (*jcall).listFields)
	api("GET", "/createmeta/{key}/issuetypes", (*jcall).createTypes)
	api("GET", "/createmeta/{key}/issuetypes/{id}", (*jcall).createFields)

	api("POST", "/issue", (*jcall).createIssue)
	api("GET", "/issue/{key}", (*jcall).getIssue)
	api("PUT", "/issue/{key}", (*jcall).editIssue)
	api("DELETE", "/issue/{key}", (*jcall).deleteIssue)
	api("PUT", "/issue/{key}/assignee", (*jcall).assign)
	api("GET", "/issue/{key}/editmeta", (*jcall).editMeta)
	api("GET", "/issue/{key}/changelog", (*jcall).getChangelog)
	api("GET", "/issue/{key}/transitions", (*jcall).listTransitions)
	api("POST", "/issue/{key}/transitions", (*jcall).doTransition)
	api("GET", "/issue/{key}/comment", (*jcall).listComments)
	api("POST", "/issue/{key}/comment", (*jcall).addComment)
	api("GET", "/issue/{key}/comment/{id}", (*jcall).getComment)
	api("PUT", "/issue/{key}/comment/{id}", (*jcall).editCommentText)
	api("DELETE", "/issue/{key}/comment/{id}", (*jcall).deleteComment)
	api("GET", "/issue/{key}/properties", (*jcall).listProperties)
	api("GET", "/issue/{key}/properties/{name}", (*jcall).getProperty)
	api("PUT", "/issue/{key}/properties/{name}", (*jcall).setProperty)
	api("DELETE", "/issue/{key}/properties/{name}", (*jcall).deleteProperty)
	api("GET", "/issueLinkType", (*jcall).listLinkTypes)
	api("POST", "/issueLink", (*jcall).createLink)

	api("GET", "/search", (*jcall).searchOld)
	api("POST", "/search", (*jcall).searchOld)
	api("GET", "/search/jql", (*jcall).searchNew)
	api("POST", "/search/jql", (*jcall).searchNew)
	handle("GET /rest/webhooks/1.0/webhook", (*jcall).listWebhooks)
	return mux
}

func (c *jcall) path(name string) string { return c.r.PathValue(name) }

// decode reads the body into a struct; status 0 is good.
func (c *jcall) decode(into any) answer {
	if err := json.Unmarshal(c.body, into); err != nil {
		return jiraProblem(http.StatusBadRequest, "There was an error parsing JSON. Check that your request body is valid.", nil)
	}
	return answer{}
}

// issue finds the issue of the path for somebody who has a permission there.
func (c *jcall) issue(permission string) (*jiIssue, answer) {
	is := c.find(c.path("key"))
	if is == nil || !c.can(is.project.key, c.bot, "BROWSE_PROJECTS") {
		return nil, noSuchIssue
	}
	if !c.can(is.project.key, c.bot, permission) {
		return nil, jiraProblem(http.StatusForbidden, "You do not have permission to do this with issue "+is.key+" ("+permission+").", nil)
	}
	return is, answer{}
}

// listWebhooks is for administrators.
func (c *jcall) listWebhooks() answer {
	if !c.isAdmin() {
		return jiraProblem(http.StatusForbidden, "You are not authorized to perform this action. Administrator privileges are required.", nil)
	}
	out := []obj{}
	if c.hookURL != "" {
		out = append(out, obj{
			"name": "webhook", "url": c.hookURL, "enabled": true, "self": c.base + "/rest/webhooks/1.0/webhook/1",
			"events":      []string{"jira:issue_created", "jira:issue_updated", "jira:issue_deleted", "comment_created", "comment_updated"},
			"excludeBody": false, "filters": obj{"issue-related-events-section": ""},
		})
	}
	return answer{http.StatusOK, out}
}

func (c *jcall) isAdmin() bool {
	for _, p := range c.projects {
		if c.can(p.key, c.bot, "ADMINISTER") {
			return true
		}
	}
	return false
}

func (c *jcall) serverInfo() answer {
	version, kind := "1001.0.0-SNAPSHOT", "Cloud"
	numbers := []int{1001, 0, 0}
	if !c.cloud() {
		version, kind, numbers = "10.3.0", "Server", []int{10, 3, 0}
	}
	return answer{http.StatusOK, obj{
		"baseUrl": c.base, "version": version, "versionNumbers": numbers, "deploymentType": kind, "buildNumber": 100001,
		"serverTime": jiraWhen(c.clock()), "serverTitle": "Jira",
	}}
}

func (c *jcall) myself() answer {
	out, ok := c.wireUser(c.bot).(obj)
	if !ok {
		return noSuchResource
	}
	out["locale"] = "en_US"
	return answer{http.StatusOK, out}
}

// page reads where a list starts and how much of it is wanted.
func (c *jcall) page(total, otherwise, most int) (start, size, end int) {
	start, size = max(atoiOr(c.query.Get("startAt"), 0), 0), atoiOr(c.query.Get("maxResults"), otherwise)
	if size < 0 {
		size = otherwise
	}
	size = min(size, most)
	start = min(start, total)
	return start, size, min(start+size, total)
}
