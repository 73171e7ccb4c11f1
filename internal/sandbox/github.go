package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// GitHubOptions configure the stand-in for GitHub.
type GitHubOptions struct {
	Options
	// Token is the access token of BotLogin, who may do everything unless
	// SetPermission says otherwise.
	Token    string
	BotLogin string
	// Public makes the repositories readable without a token.
	Public bool
	// RateLimit is how many requests an hour one user may make; 0 means a
	// million. Answers to conditional requests that match are free.
	RateLimit int
	// SearchLag is for how long a new issue is missing from search. Lists show
	// it at once.
	SearchLag time.Duration
}

// GitHub is the stand-in for GitHub: an http.Handler for the REST interface
// (at the root and under /api/v3/), for git over HTTP, and for small pages
// that show an issue to a browser. Its methods do what people do, with the
// webhooks that follow. All methods are safe for concurrent use.
type GitHub struct {
	opt      GitHubOptions
	faults   *injector
	mux      *http.ServeMux
	courier  *courier
	requests requestLog
	git      gitTool

	mu      sync.Mutex // guards everything below and all that hangs from it
	base    string     // where we can be reached, without a final slash
	hookURL string
	secret  string
	hookAt  time.Time
	users   map[string]*ghUser // by lower-case login
	tokens  map[string]*ghUser
	repos   map[string]*ghRepo // by lower-case OWNER/NAME
	lastID  int64
	budget  map[string]*rateBudget // by login
	removed map[string]*ghRepo     // deleted, by lower-case OWNER/NAME
	// access is what SetPermission said: repository, login (lower case) → word.
	access map[string]map[string]string
}

type ghUser struct {
	id    int64
	login string
	at    time.Time
}

// NewGitHub starts a GitHub without repositories. Close it to end its
// goroutine.
func NewGitHub(o GitHubOptions) *GitHub {
	o.Options = o.withDefaults()
	if o.BotLogin == "" {
		o.BotLogin = "holdfast-bot"
	}
	if o.RateLimit == 0 {
		o.RateLimit = 1_000_000
	}
	faults := newInjector(o.Now)
	o.Now = faults.clock
	g := &GitHub{
		opt: o, faults: faults, courier: newCourier(o.Options, faults), git: gitTool{now: o.Now},
		base: "http://127.0.0.1", users: map[string]*ghUser{}, tokens: map[string]*ghUser{},
		repos: map[string]*ghRepo{}, lastID: 1_000_000, budget: map[string]*rateBudget{},
		access: map[string]map[string]string{}, removed: map[string]*ghRepo{},
	}
	g.AddUser(o.BotLogin, o.Token)
	g.mux = g.routes()
	return g
}

// Close stops sending webhooks. What is still queued is dropped: Flush first.
func (g *GitHub) Close() { g.courier.close() }

// SetURL tells where the stand-in can be reached; html_url, clone_url and the
// like begin with it.
func (g *GitHub) SetURL(url string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.base = strings.TrimRight(url, "/")
}

// SetWebhook makes every repository send its events to url, signed with the
// secret. An empty url ends that.
func (g *GitHub) SetWebhook(url, secret string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hookURL, g.secret, g.hookAt = url, secret, g.clock()
}

// Deliveries lists the newest webhooks, oldest first.
func (g *GitHub) Deliveries() []Delivery { return g.courier.list() }

// Flush waits until every webhook has been tried once.
func (g *GitHub) Flush(ctx context.Context) error { return g.courier.flush(ctx) }

// Redeliver sends a delivery again, with the same GUID and body.
func (g *GitHub) Redeliver(id int64) error {
	if !g.courier.redeliver(id) {
		return fmt.Errorf("redelivering: no delivery %d is kept", id)
	}
	return nil
}

// Requests lists the calls of the REST interface and of git so far.
func (g *GitHub) Requests() []Request { return g.requests.all() }

// AddUser makes an account known. The token may be empty: a person who only
// acts through the methods here needs none. Without SetPermission the account
// has no access to a private repository, and can't be assigned there.
func (g *GitHub) AddUser(login, token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	u := g.user(login)
	if token != "" {
		g.tokens[token] = u
	}
}

// SetPermission gives a person "read", "triage", "write", "maintain" or
// "admin" in a repository, or takes it away with "none". The repository may be
// created later.
func (g *GitHub) SetPermission(repo, login, permission string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.user(login)
	repo, login = strings.ToLower(repo), strings.ToLower(login)
	if g.access[repo] == nil {
		g.access[repo] = map[string]string{}
	}
	g.access[repo][login] = permission
}

var repoName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// CreateRepo makes a repository with one commit on main.
func (g *GitHub) CreateRepo(fullName string) error {
	if !repoName.MatchString(fullName) || strings.HasSuffix(fullName, ".git") {
		return fmt.Errorf("creating a repository: %q is no OWNER/NAME", fullName)
	}
	owner, name, _ := strings.Cut(fullName, "/")
	r := &ghRepo{
		owner: owner, name: name, full: fullName, branch: "main",
		git: g.git.at(g.opt.Dir, fullName), comments: map[int64]*ghComment{},
	}
	if err := r.git.init(); err != nil {
		return fmt.Errorf("creating %s: %w", fullName, err)
	}
	first := draftCommit{author: identity(owner), message: "Initial commit", files: map[string]string{"README.md": "# " + name + "\n"}}
	if _, err := r.git.write("refs/heads/main", "", []draftCommit{first}); err != nil {
		return fmt.Errorf("creating %s: %w", fullName, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.repo(fullName) != nil {
		return fmt.Errorf("creating %s: it exists already", fullName)
	}
	g.user(owner)
	now := g.clock()
	r.id, r.createdAt, r.pushedAt = g.id(), now, now
	for _, l := range [][2]string{{"bug", "d73a4a"}, {"enhancement", "a2eeef"}, {"duplicate", "cfd3d7"}} {
		r.labels = append(r.labels, &ghLabel{id: g.id(), name: l[0], color: l[1], standard: true})
	}
	g.repos[strings.ToLower(fullName)] = r
	return nil
}

// The helpers below need g.mu.

func (g *GitHub) id() int64 { g.lastID++; return g.lastID }

// clock is the time to the second, all that GitHub keeps. One act asks for it
// once, or its times may differ.
func (g *GitHub) clock() time.Time { return g.opt.Now().UTC().Truncate(time.Second) }

func (g *GitHub) user(login string) *ghUser {
	key := strings.ToLower(login)
	u := g.users[key]
	if u == nil {
		u = &ghUser{id: g.id(), login: login, at: g.clock()}
		g.users[key] = u
	}
	return u
}

func (g *GitHub) repo(fullName string) *ghRepo { return g.repos[strings.ToLower(fullName)] }

// member is the permission that a login was given, empty for a stranger. The
// owner and our own account have all of it unless somebody took it away.
func (g *GitHub) member(r *ghRepo, login string) string {
	if p := g.access[strings.ToLower(r.full)][strings.ToLower(login)]; p != "" {
		return p
	}
	if strings.EqualFold(login, r.owner) || strings.EqualFold(login, g.opt.BotLogin) {
		return "admin"
	}
	return ""
}

// permission is what a login may do in the repository.
func (g *GitHub) permission(r *ghRepo, login string) string {
	if p := g.member(r, login); p != "" {
		return p
	}
	if g.opt.Public {
		return "read"
	}
	return "none"
}

var permissionRank = map[string]int{"none": 0, "read": 1, "triage": 2, "write": 3, "maintain": 4, "admin": 5}

func (g *GitHub) may(r *ghRepo, login, atLeast string) bool {
	return permissionRank[g.permission(r, login)] >= permissionRank[atLeast]
}

// assignable: somebody with access. On a public repository strangers can read
// and still can't be assigned.
func (g *GitHub) assignable(r *ghRepo, login string) bool {
	p := g.member(r, login)
	return p != "" && p != "none"
}
