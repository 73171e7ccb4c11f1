// Package jira is the adapter for Jira Cloud and Jira Data Center, over the
// REST API v2: the third version wants documents where the client library has
// strings. A ticket is closed when the category of its status is done, never
// by the name of a status. It refuses to retry a creation and to guess a
// transition: what the workflow does not offer is an error that says so.
package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

// Flavor is which of the two products answers.
type Flavor string

// The flavors: they differ in how people are named and how searches page.
const (
	Cloud      Flavor = "cloud"
	DataCenter Flavor = "datacenter"
)

// Options says which Jira, and as whom.
type Options struct {
	Name       string // name of the tracker, the prefix of its references
	Flavor     Flavor // empty: cloud
	URL        string // base address, with a context path where there is one
	User       string // with User basic authentication is used, else Token is a bearer token
	Token      string
	Priorities map[domain.Priority]string // nil: Highest to Lowest
	Projects   map[string]Project         // by key; a project that is missing gets the defaults
	WebhookURL string                     // where webhooks are expected, for Check only
	HTTPClient *http.Client               // nil: a default one
	Log        *slog.Logger
	Now        func() time.Time
}

// Project is what Holdfast must know of one project.
type Project struct {
	IssueType        string         // empty: Task
	Fields           map[string]any // further fields of a new ticket, by id
	ReopenTransition string         // name or id; empty: the one that fits best
	CloseTransition  string
	ReopenFields     map[string]any // for the screen of the reopening transition
	Resolutions      Resolutions
}

// Resolutions are the names that stand for a close without a fix. Nil lists
// mean Jira's usual names.
type Resolutions struct {
	NotPlanned []string
	Duplicate  []string
}

// Tracker talks to one Jira. It is safe for concurrent use.
type Tracker struct {
	name       string
	flavor     Flavor
	base       *url.URL
	api        *gojira.Client
	priorities map[domain.Priority]string
	projects   map[string]Project
	webhook    string
	log        *slog.Logger
	now        func() time.Time

	mu         sync.Mutex
	own        string // our account, once known
	askedOwn   bool
	categories map[string]string // status id → category
	statuses   bool              // all of them were listed
}

var _ trackers.Tracker = (*Tracker)(nil)

// New builds the adapter. It makes no call.
func New(o Options) (*Tracker, error) {
	if o.Name == "" {
		return nil, errors.New("jira: a name is needed")
	}
	if o.Flavor == "" {
		o.Flavor = Cloud
	}
	if o.Flavor != Cloud && o.Flavor != DataCenter {
		return nil, fmt.Errorf("jira: flavor of %s is %q: want cloud or datacenter", o.Name, o.Flavor)
	}
	base, err := rest.Base(o.URL)
	if err != nil {
		return nil, fmt.Errorf("jira: url of %s: %w", o.Name, err)
	}
	t := &Tracker{
		name: o.Name, flavor: o.Flavor, base: base, priorities: o.Priorities, projects: o.Projects, webhook: o.WebhookURL,
		log: o.Log, now: o.Now, categories: map[string]string{},
	}
	if t.priorities == nil {
		t.priorities = map[domain.Priority]string{"P0": "Highest", "P1": "High", "P2": "Medium", "P3": "Low", "P4": "Lowest"}
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	t.log = t.log.With("component", "jira", "tracker", o.Name)
	if t.now == nil {
		t.now = time.Now
	}
	user, token := o.User, strings.TrimSpace(o.Token)
	hc := rest.Client(o.HTTPClient, base, func(r *http.Request) error {
		switch {
		case user != "":
			r.SetBasicAuth(user, token)
		case token != "":
			r.Header.Set("Authorization", "Bearer "+token)
		}
		r.Header.Set("User-Agent", "holdfast")
		return nil
	})
	if t.api, err = gojira.NewClient(hc, base.String()); err != nil {
		return nil, fmt.Errorf("jira: url of %s: %w", o.Name, err)
	}
	return t, nil
}

// Name is the configured name of the tracker.
func (t *Tracker) Name() string { return t.name }

// Kind is "jira".
func (t *Tracker) Kind() string { return "jira" }

// call is one request and how to read its answer.
type call struct {
	op     string
	ref    domain.Ref
	method string
	path   string // below the base
	query  url.Values
	body   any
	effect rest.Effect
	out    any // decoded from a success; nil: the body is ignored
}

// do makes the call through go-jira's client and turns every failure into a
// *trackers.Error. The answer is returned with an error too where there was one.
func (t *Tracker) do(ctx context.Context, c call) (rest.Answer, error) {
	path := c.path
	if len(c.query) > 0 {
		path += "?" + c.query.Encode()
	}
	a, err := rest.Do(ctx, c.effect, func(ctx context.Context) (*http.Response, error) {
		req, err := t.api.NewRequestWithContext(ctx, c.method, path, c.body)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept", "application/json")
		resp, err := t.api.Do(req, nil)
		if resp == nil || resp.Response == nil {
			return nil, err
		}
		return resp.Response, nil // the library's error says no more than the status
	})
	if err != nil && !a.OK() {
		return a, rest.NetError(c.op, c.ref, err, c.effect)
	}
	if !a.OK() {
		return a, rest.StatusError(c.op, c.ref, a, refusal(a), c.effect, false, t.now())
	}
	if c.out == nil {
		return a, nil
	}
	if err == nil {
		err = json.Unmarshal(a.Body, c.out)
		var odd *json.UnmarshalTypeError
		if errors.As(err, &odd) {
			// One field has another type than Jira's; the others were read.
			t.log.Debug("a field of an answer has another type", "op", c.op, "field", odd.Field)
			err = nil
		}
	}
	if err != nil {
		e := &trackers.Error{Op: c.op, Ref: c.ref, Class: trackers.Transient, Status: a.Status, Err: fmt.Errorf("reading the answer: %w", err)}
		if c.effect == rest.Change {
			e.Class = trackers.Uncertain
		}
		return a, e
	}
	return a, nil
}

// refusal reads Jira's error body: general messages, and one for each field.
func refusal(a rest.Answer) *rest.Refusal {
	r := &rest.Refusal{Status: a.Status, Fields: map[string]string{}}
	var body struct {
		ErrorMessages []string       `json:"errorMessages"`
		Errors        map[string]any `json:"errors"`
		Message       string         `json:"message"`
	}
	// What cannot be read is left out: the status says enough.
	_ = json.Unmarshal(a.Body, &body)
	parts := body.ErrorMessages
	if body.Message != "" {
		parts = append(parts, body.Message)
	}
	for _, f := range sortedKeys(body.Errors) {
		why := fmt.Sprint(body.Errors[f])
		r.Fields[f] = why
		parts = append(parts, f+": "+why)
	}
	r.Message = strings.Join(parts, "; ")
	return r
}

var (
	projectKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)
	commentID  = regexp.MustCompile(`^[0-9]{1,19}$`)
	accountID  = regexp.MustCompile(`^[\pL\pN_.:@+-]+$`)
)

// issuePath checks the reference and builds the path of its issue.
func (t *Tracker) issuePath(op string, ref domain.Ref) (string, error) {
	if ref.Tracker() != t.name || !validProject(ref.Project()) || ref.Number() <= 0 || strings.Contains(string(ref), "#") {
		return "", invalid(op, ref, fmt.Errorf("this is no ticket of %s", t.name))
	}
	return "rest/api/2/issue/" + ref.Key(), nil
}

func invalid(op string, ref domain.Ref, err error) *trackers.Error {
	return &trackers.Error{Op: op, Ref: ref, Class: trackers.Invalid, Err: err}
}

// person names an account as the flavor wants it in a body.
func (t *Tracker) person(id string) map[string]string {
	if t.flavor == Cloud {
		return map[string]string{"accountId": id}
	}
	return map[string]string{"name": id}
}

func (t *Tracker) browse(key string) string { return t.base.String() + "browse/" + key }

// maxName bounds keys and account ids. It is no repetition in the patterns:
// a large one costs megabytes of program.
const maxName = 255

func validProject(key string) bool { return len(key) <= maxName && projectKey.MatchString(key) }

func validAccount(id string) bool { return len(id) <= maxName && accountID.MatchString(id) }
