// Package github is the adapter for GitHub, GitHub Enterprise Server and what
// speaks their REST API. It makes, reads and changes issues and their
// comments, and reads pull requests and commits. It refuses to retry a
// creation, to answer from a cache, and to trust search, which lags behind.
// Calls that a server may lack (timeline, reactions, collaborators, GraphQL)
// are optional: without them the answer is poorer, not an error.
package github

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

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

// Options says which GitHub, and as whom.
type Options struct {
	Name       string       // name of the tracker, the prefix of its references
	APIURL     string       // any base, used as it stands; empty: https://api.github.com
	Token      string       // personal or installation token; empty with App
	App        App          // instead of Token
	WebhookURL string       // where webhooks are expected, for Check only
	HTTPClient *http.Client // nil: a default one
	Log        *slog.Logger
	Now        func() time.Time
}

// App authenticates as a GitHub App, with a token of its own for each
// installation.
type App struct {
	ID         int64
	PrivateKey []byte // PEM
}

// Tracker talks to one GitHub. It is safe for concurrent use and implements
// trackers.Tracker, trackers.CodeHost and the two sweepers.
type Tracker struct {
	name    string
	base    *url.URL
	hc      *http.Client
	token   string
	app     *app
	api     *gh.Client // with the token, or with none
	webhook string
	log     *slog.Logger
	now     func() time.Time

	mu       sync.Mutex
	own      map[string]bool // logins that we are known to write as, in lower case
	askedOwn bool
	kept     map[string]kept // answers to sweeps, by what they list
	hooks    map[string]hook // by repository
}

var (
	_ trackers.Tracker        = (*Tracker)(nil)
	_ trackers.CodeHost       = (*Tracker)(nil)
	_ trackers.Sweeper        = (*Tracker)(nil)
	_ trackers.CodeSweeper    = (*Tracker)(nil)
	_ trackers.PullLister     = (*Tracker)(nil)
	_ trackers.OpenPullLister = (*Tracker)(nil)
	_ trackers.Searcher       = (*Tracker)(nil)
	_ trackers.FileHost       = (*Tracker)(nil)
	_ trackers.Remarker       = (*Tracker)(nil)
)

// New builds the adapter. It makes no call.
func New(o Options) (*Tracker, error) {
	if o.Name == "" {
		return nil, errors.New("github: a name is needed")
	}
	if o.APIURL == "" {
		o.APIURL = "https://api.github.com"
	}
	base, err := rest.Base(o.APIURL)
	if err != nil {
		return nil, fmt.Errorf("github: api_url of %s: %w", o.Name, err)
	}
	t := &Tracker{
		name: o.Name, base: base, hc: o.HTTPClient, token: strings.TrimSpace(o.Token), webhook: o.WebhookURL,
		log: o.Log, now: o.Now, own: map[string]bool{}, kept: map[string]kept{}, hooks: map[string]hook{},
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	t.log = t.log.With("component", "github", "tracker", o.Name)
	if t.now == nil {
		t.now = time.Now
	}
	if o.App.ID != 0 {
		if t.token != "" {
			return nil, fmt.Errorf("github: %s has a token and an app: give one of them", o.Name)
		}
		if t.app, err = newApp(t, o.App); err != nil {
			return nil, fmt.Errorf("github: app of %s: %w", o.Name, err)
		}
		return t, nil
	}
	t.api = t.newClient(func(r *http.Request) error {
		if t.token != "" {
			r.Header.Set("Authorization", "Bearer "+t.token)
		}
		return nil
	})
	return t, nil
}

// newClient builds a client with its own account of rate limits.
func (t *Tracker) newClient(auth rest.Authorize) *gh.Client {
	c := gh.NewClient(rest.Client(t.hc, t.base, auth))
	base := *t.base
	c.BaseURL = &base
	c.UserAgent = "holdfast"
	return c
}

// Name is the configured name of the tracker.
func (t *Tracker) Name() string { return t.name }

// Kind is "github".
func (t *Tracker) Kind() string { return "github" }

// call is one request and how to read its answer.
type call struct {
	op     string
	ref    domain.Ref
	repo   string // whose installation is used, for apps
	method string
	path   string // below the base; with a leading slash below the host
	body   any
	effect rest.Effect
	out    any    // decoded from a success; nil: the body is ignored
	etag   string // of an answer that we still have: 304 is then a success without a body
}

// do makes the call through go-github's client and turns every failure into a
// *trackers.Error. The answer is returned with an error too where there was one.
func (t *Tracker) do(ctx context.Context, c call) (rest.Answer, error) {
	api, err := t.client(ctx, c.repo)
	if err != nil {
		return rest.Answer{}, rest.NetError(c.op, c.ref, &rest.CredentialError{Err: err}, c.effect)
	}
	return t.doWith(ctx, api, c)
}

func (t *Tracker) doWith(ctx context.Context, api *gh.Client, c call) (rest.Answer, error) {
	a, err := rest.Do(ctx, c.effect, func(ctx context.Context) (*http.Response, error) {
		req, err := api.NewRequest(c.method, c.path, c.body)
		if err != nil {
			return nil, err
		}
		if c.etag != "" {
			req.Header.Set("If-None-Match", c.etag)
		}
		resp, err := api.BareDo(ctx, req)
		if resp == nil || resp.Response == nil {
			return nil, err
		}
		return withLimits(resp.Response, err), nil
	})
	switch {
	case err == nil && c.etag != "" && a.Status == http.StatusNotModified:
		return a, nil
	case err != nil && !a.OK():
		return a, rest.NetError(c.op, c.ref, err, c.effect)
	case !a.OK():
		return a, t.statusError(c, a)
	case c.out == nil:
		return a, nil // done, whatever became of the body
	case err != nil:
		return a, t.unreadable(c, a, err)
	}
	err = json.Unmarshal(a.Body, c.out)
	var odd *json.UnmarshalTypeError
	if errors.As(err, &odd) {
		// One field has another type than GitHub's; the others were read, and
		// who needs this one finds it empty.
		t.log.Debug("a field of an answer has another type", "op", c.op, "field", odd.Field)
		err = nil
	}
	if err != nil {
		return a, t.unreadable(c, a, err)
	}
	return a, nil
}

// unreadable is the error for a success whose body says nothing we understand.
func (t *Tracker) unreadable(c call, a rest.Answer, err error) *trackers.Error {
	e := &trackers.Error{Op: c.op, Ref: c.ref, Class: trackers.Transient, Status: a.Status, Err: fmt.Errorf("reading the answer: %w", err)}
	if c.effect == rest.Change {
		e.Class = trackers.Uncertain
	}
	return e
}

var (
	repoName  = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)
	loginName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*(?:\[bot\])?$`)
	commitSHA = regexp.MustCompile(`^[0-9a-fA-F]{4,64}$`)
	commentID = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
)

// maxName bounds repositories, logins and item ids. It is no repetition in the
// patterns: a large one costs megabytes of program.
const maxName = 255

// repoPath checks the name, so that nothing in it can lead to another path.
func repoPath(op, repo string) (string, error) {
	owner, name, _ := strings.Cut(repo, "/")
	if len(repo) > maxName || !repoName.MatchString(repo) || strings.Trim(owner, ".") == "" || strings.Trim(name, ".") == "" {
		return "", invalid(op, "", fmt.Errorf("%q is no repository: want OWNER/NAME", repo))
	}
	return "repos/" + repo, nil
}

// issuePath checks the reference and builds the path of its issue.
func (t *Tracker) issuePath(op string, ref domain.Ref) (string, error) {
	if ref.Tracker() != t.name || ref.Number() <= 0 || !strings.Contains(string(ref), "#") {
		return "", invalid(op, ref, fmt.Errorf("this is no issue of %s", t.name))
	}
	p, err := repoPath(op, ref.Project())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s/issues/%d", p, ref.Number()), nil
}

func invalid(op string, ref domain.Ref, err error) *trackers.Error {
	return &trackers.Error{Op: op, Ref: ref, Class: trackers.Invalid, Err: err}
}
