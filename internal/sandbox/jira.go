package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// The two kinds of Jira.
const (
	flavorCloud      = "cloud"
	flavorDataCenter = "datacenter"
)

// ReopenField is the field that the Reopen transition demands.
const ReopenField = "customfield_10042"

// JiraOptions configure the stand-in for Jira.
type JiraOptions struct {
	Options
	// Flavor is "cloud" (the default) or "datacenter".
	Flavor string
	// User and Token are our own account's: basic authentication on Cloud,
	// where User is the address; Data Center takes Token as a bearer, too.
	User, Token string
	// Projects are the keys of the projects, such as PAY.
	Projects []string
	// Fields are further fields on the screen that creates issues.
	Fields []JiraField
	// OffScreen are built-in fields that no screen has, so that a value for
	// them is refused: "duedate", "priority", "assignee", "labels".
	OffScreen []string
	// SearchLag is for how long a new issue is missing from searches.
	SearchLag time.Duration
}

// JiraField is a field that an administrator added.
type JiraField struct {
	ID       string // customfield_10050
	Name     string
	Required bool
	Choices  []string // empty: free text
}

// Jira is the stand-in for Jira: an http.Handler for the REST interface, with
// a workflow of To Do, In Progress and Done. Reopening needs a reason in
// ReopenField, and leaves the resolution as it is unless somebody clears it.
// All methods are safe for concurrent use.
type Jira struct {
	opt      JiraOptions
	faults   *injector
	mux      *http.ServeMux
	courier  *courier
	requests requestLog
	bot      string // account of the token

	mu        sync.Mutex // guards all below and what hangs from it
	base      string
	hookURL   string
	secret    string
	users     []*jiUser
	projects  []*jiProject
	byKey     map[string]*jiIssue // by present and past keys, and by id
	issues    []*jiIssue          // by id
	comments  map[string]*jiComment
	lastID    int64
	access    map[string]map[string]string // project → account → word
	withdrawn map[string]bool              // steps of the workflow that are not offered
}

type jiUser struct{ account, name, email string }

type jiProject struct {
	id, key string
	last    int // number of its newest issue
	hidden  bool
}

// NewJira starts a Jira without issues. Close it to end its goroutine.
func NewJira(o JiraOptions) *Jira {
	o.Options = o.withDefaults()
	if o.Flavor == "" {
		o.Flavor = flavorCloud
	}
	faults := newInjector(o.Now)
	faults.refusedAs = http.StatusBadRequest
	o.Now = faults.clock
	j := &Jira{
		opt: o, faults: faults, courier: newCourier(o.Options, faults), base: "http://127.0.0.1", byKey: map[string]*jiIssue{},
		comments: map[string]*jiComment{}, lastID: 10_000, access: map[string]map[string]string{}, withdrawn: map[string]bool{},
	}
	local, _, _ := strings.Cut(o.User, "@")
	j.bot = local
	if j.cloud() {
		j.bot = "712020:" + local
	}
	j.AddUser(j.bot, local, o.User)
	for _, key := range o.Projects {
		j.projects = append(j.projects, &jiProject{id: j.id(), key: key})
		j.SetPermission(key, j.bot, "admin")
	}
	j.mux = j.routes()
	return j
}

// Close stops sending webhooks. What is still queued is dropped: Flush first.
func (j *Jira) Close() { j.courier.close() }

// SetURL tells where the stand-in can be reached.
func (j *Jira) SetURL(url string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.base = strings.TrimRight(url, "/")
}

// SetWebhook sends events to url. Cloud signs the body with the secret in
// X-Hub-Signature; Data Center signs nothing, so the secret goes into the
// address.
func (j *Jira) SetWebhook(hook, secret string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hookURL, j.secret = hook, secret
	if hook == "" || j.cloud() || secret == "" {
		return
	}
	glue := "?"
	if strings.Contains(hook, "?") {
		glue = "&"
	}
	j.hookURL += glue + "secret=" + url.QueryEscape(secret)
}

// Deliveries lists the newest webhooks, oldest first.
func (j *Jira) Deliveries() []Delivery { return j.courier.list() }

// Flush waits until every webhook has been tried once.
func (j *Jira) Flush(ctx context.Context) error { return j.courier.flush(ctx) }

// Redeliver sends a delivery again with the same identifier.
func (j *Jira) Redeliver(id int64) error {
	if !j.courier.redeliver(id) {
		return fmt.Errorf("redelivering: no delivery %d is kept", id)
	}
	return nil
}

// Requests lists the calls of the REST interface so far.
func (j *Jira) Requests() []Request { return j.requests.all() }

// BotAccount is the account id (Cloud) or name (Data Center) of the token.
func (j *Jira) BotAccount() string { return j.bot }

// AddUser makes a person known, by account id on Cloud and by name on Data
// Center. Unless SetPermission says otherwise the person may work in every
// project.
func (j *Jira) AddUser(account, displayName, email string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if u := j.user(account); u != nil {
		u.name, u.email = displayName, email
		return
	}
	j.users = append(j.users, &jiUser{account, displayName, email})
}

// SetPermission gives an account "none", "read" (see and comment), "write"
// (work on issues) or "admin" in a project.
func (j *Jira) SetPermission(project, account, level string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.access[project] == nil {
		j.access[project] = map[string]string{}
	}
	j.access[project][account] = level
}

// The helpers below need j.mu, except cloud.

func (j *Jira) cloud() bool { return j.opt.Flavor != flavorDataCenter }

func (j *Jira) id() string {
	j.lastID++
	return fmt.Sprint(j.lastID)
}

// clock is the time to the millisecond, as Jira keeps it.
func (j *Jira) clock() time.Time { return j.opt.Now().UTC().Truncate(time.Millisecond) }

func (j *Jira) user(account string) *jiUser {
	for _, u := range j.users {
		if u.account == account {
			return u
		}
	}
	return nil
}

// ensure makes an account known that acts without having been introduced.
func (j *Jira) ensure(account string) {
	if j.user(account) == nil && account != "" {
		j.users = append(j.users, &jiUser{account: account, name: account})
	}
}

func (j *Jira) project(keyOrID string) *jiProject {
	for _, p := range j.projects {
		if p.key == keyOrID || p.id == keyOrID {
			return p
		}
	}
	return nil
}

// permissionsOf are the permissions that each level adds.
var permissionsOf = []struct {
	level string
	names []string
}{
	{"none", nil},
	{"read", []string{"BROWSE_PROJECTS", "ADD_COMMENTS", "EDIT_OWN_COMMENTS"}},
	{"write", []string{
		"CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES", "CLOSE_ISSUES", "RESOLVE_ISSUES", "ASSIGN_ISSUES", "ASSIGNABLE_USER",
		"LINK_ISSUES", "SCHEDULE_ISSUES", "MOVE_ISSUES",
	}},
	{"admin", []string{"ADMINISTER_PROJECTS", "ADMINISTER", "EDIT_ALL_COMMENTS", "DELETE_ISSUES", "MODIFY_REPORTER"}},
}

// can reports whether an account has a permission in a project.
func (j *Jira) can(project, account, permission string) bool {
	has := j.access[project][account]
	if p := j.project(project); p != nil && p.hidden {
		has = "none"
	}
	if has == "" {
		has = "write"
	}
	for _, p := range permissionsOf {
		for _, name := range p.names {
			if name == permission {
				return true
			}
		}
		if p.level == has {
			return false
		}
	}
	return false
}

// emit queues a webhook. It needs j.mu.
func (j *Jira) emit(event, kind string, is *jiIssue, actor string, payload obj) {
	if j.hookURL == "" {
		return
	}
	payload["timestamp"], payload["webhookEvent"] = j.clock().UnixMilli(), event
	if kind != "" {
		payload["issue_event_type_name"] = kind
	}
	if actor != "" {
		payload["user"] = j.wireUser(actor)
	}
	body, err := json.Marshal(payload)
	if err != nil {
		panic("sandbox: a webhook that is no JSON: " + err.Error()) // built from plain maps: a bug here
	}
	guid := newUUID()
	head := http.Header{}
	head.Set("Content-Type", "application/json; charset=UTF-8")
	head.Set("User-Agent", "Atlassian HttpClient 0.23.0 / JIRA-1001.0.0 (100001) / Default")
	head.Set("X-Atlassian-Webhook-Identifier", guid)
	if j.cloud() {
		head.Set("X-Atlassian-Webhook-Flow", "Primary")
		if j.secret != "" {
			head.Set("X-Hub-Signature", signature(j.secret, body))
		}
	}
	j.courier.add(Delivery{GUID: guid, Event: event, Action: kind, Subject: is.project.key, URL: j.hookURL, Header: head, Body: body})
}
