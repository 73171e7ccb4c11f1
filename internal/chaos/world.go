package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

const (
	bot    = "holdfast-bot"
	token  = "chaos-token-of-the-bot"
	secret = "chaos-webhook-secret"

	calm, rough = "calm", "rough" // the two worlds
)

// service is one service of the story, with a repository of its own.
type service struct {
	name    string
	repo    string
	jira    string // project of its tickets; empty: in its repository
	targets []string
	byHook  bool // its deployments are told by GitHub, not through the API
}

var services = []service{
	{name: "cart", repo: "acme/cart", targets: []string{"prod"}},
	{name: "search", repo: "acme/search", targets: []string{"prod-eu", "prod-us"}, byHook: true},
	{name: "login", repo: "acme/login", targets: []string{"prod"}, byHook: true},
	{name: "mail", repo: "acme/mail", targets: []string{"prod-eu", "prod-us"}},
	{name: "pay", repo: "acme/pay", jira: "PAY", targets: []string{"prod"}},
	{name: "refund", repo: "acme/refund", jira: "PAY", targets: []string{"prod"}, byHook: true},
	{name: "stock", repo: "acme/stock", jira: "OPS", targets: []string{"prod-eu", "prod-us"}},
	{name: "ship", repo: "acme/ship", jira: "OPS", targets: []string{"prod"}, byHook: true},
}

var people = []string{"alice", "bob", "carol"}

// world is one installation with its trackers.
type world struct {
	run     *run
	name    string
	dir     string
	site    *sandbox.Server
	redis   *process // nil where somebody else runs it
	holdf   *process
	tag     string // of all keys
	rdb     *redis.Client
	client  *api.Client
	url     string
	weather Weather
	kills   atomic.Int64
	blows   map[BlowKind]int // by strike alone

	mu   sync.Mutex
	vars map[string]string // what the story made here: commits, pull requests
}

func openWorld(ctx context.Context, r *run, name string, weather Weather) (_ *world, err error) {
	w := &world{run: r, name: name, dir: filepath.Join(r.dir, name), tag: "holdfast", vars: map[string]string{}, weather: weather, blows: map[BlowKind]int{}}
	for _, sub := range []string{"redis", "data", "git"} {
		if err := os.MkdirAll(filepath.Join(w.dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("making a directory: %w", err)
		}
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	o := sandbox.ServerOptions{Options: sandbox.Options{Dir: filepath.Join(w.dir, "git")}, Token: token, BotLogin: bot, People: people, Projects: []string{"PAY", "OPS"}}
	for _, s := range services {
		o.Repos = append(o.Repos, s.repo)
	}
	if w.site, err = sandbox.Start(ctx, o); err != nil {
		return nil, err
	}
	listen, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	w.url = "http://" + listen
	address, err := w.openStore(ctx)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(w.dir, "holdfast.yaml")
	if err := os.WriteFile(config, []byte(w.config(listen, address)), 0o600); err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	w.holdf = &process{name: "holdfast", dir: w.dir, log: filepath.Join(w.dir, "holdfast.log"),
		args: []string{r.o.Binary, "serve", "-c", config, "--log-level", "debug"}}
	w.client = api.NewClient(w.url, "")
	if err := w.holdf.start(); err != nil {
		return nil, err
	}
	if err := poll(ctx, comeBack, 50*time.Millisecond, w.ready); err != nil {
		return nil, fmt.Errorf("the service of the %s world is not ready: %w; its log is %s", name, err, w.holdf.log)
	}
	w.site.SendTo(w.url, secret)
	return w, errors.Join(w.site.GitHub.SetFaults(weather.GitHub), w.site.Jira.SetFaults(weather.Jira))
}

// openStore starts a Redis of our own, or takes the one that was given for the
// disturbed service. Ours syncs every write: what the service acknowledges on
// such a store has to be there whatever is killed.
func (w *world) openStore(ctx context.Context) (address string, err error) {
	address = w.run.o.Redis
	if address == "" || w.name != rough {
		at, err := freePort(ctx)
		if err != nil {
			return "", err
		}
		host, port, err := net.SplitHostPort(at)
		if err != nil {
			return "", fmt.Errorf("choosing a port for Redis: %w", err)
		}
		w.redis = &process{name: "redis-server", dir: w.dir, log: filepath.Join(w.dir, "redis.log"), args: []string{"redis-server",
			"--bind", host, "--port", port, "--dir", filepath.Join(w.dir, "redis"), "--appendonly", "yes", "--appendfsync", "always", "--save", "",
			"--maxmemory-policy", "noeviction", "--daemonize", "no"}}
		if err := w.redis.start(); err != nil {
			return "", err
		}
		address = "redis://" + at + "/0"
	} else {
		w.tag = fmt.Sprintf("holdfast-chaos-%d-%d", w.run.o.Seed, os.Getpid()) // others may be in there
	}
	o, err := redis.ParseURL(address)
	if err != nil {
		return "", fmt.Errorf("the address of the store: %w", err)
	}
	o.MaxRetries, o.DialTimeout, o.ReadTimeout = -1, time.Second, 2*time.Second
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	w.rdb = redis.NewClient(o)
	return address, nil
}

// key is a key of the service's ledger in the store.
func (w *world) key(name string) string { return "{" + w.tag + "}:" + name }

func (w *world) ready() bool {
	c := &http.Client{Timeout: time.Second}
	resp, err := c.Get(w.url + "/readyz")
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// close ends everything that was started.
func (w *world) close() {
	if w.holdf != nil {
		w.holdf.end(syscall.SIGTERM)
	}
	if w.redis != nil {
		w.redis.end(syscall.SIGTERM)
	}
	if w.rdb != nil {
		_ = w.rdb.Close() // nothing to be saved
	}
	if w.site != nil {
		w.site.Close()
	}
}

func (w *world) config(listen, store string) string {
	var svcs strings.Builder
	for _, s := range services {
		tickets := "github:" + s.repo
		if s.jira != "" {
			tickets = "jira:" + s.jira
		}
		fmt.Fprintf(&svcs, "  - {name: %s, repo: %s, tickets: %q, production: [%s], team: shop}\n", s.name, s.repo, tickets, strings.Join(s.targets, ", "))
	}
	return fmt.Sprintf(`listen: %[1]q
public_url: "http://%[1]s"
data_dir: %[2]q
marker_key: chaos-marker-key-0123456789abcdef
redis: {url: %[3]q, key_prefix: %[10]q}
trackers:
  - {name: github, kind: github, api_url: %[4]q, token: %[6]s, webhook_secret: %[7]s, sweep_every: 2s}
  - name: jira
    kind: jira
    url: %[5]q
    user: bot@acme.example
    token: %[6]s
    webhook_secret: %[7]s
    sweep_every: 2s
    projects:
      PAY: {issue_type: Task, reopen_fields: {%[8]s: Not in production yet}}
      OPS: {issue_type: Task, reopen_fields: {%[8]s: Not in production yet}}
services:
%[9]sdefaults: {tickets: "github:acme/cart", team: shop}
teams:
  - name: shop
    timezone: UTC
    leads: [{name: Lead, email: lead@acme.example}]
    approvers: [alice]
    default_assignee: bob
people:
  - {name: Alice, email: alice@acme.example, github: alice, jira: account-alice}
  - {name: Bob, email: bob@acme.example, github: bob, jira: account-bob}
policy: {rollback_grace: 1s, reopen_backoff: {first: 1s, max: 4s}}
`, listen, filepath.Join(w.dir, "data"), store, w.site.GitHubURL, w.site.JiraURL, token, secret, sandbox.ReopenField, svcs.String(), w.tag)
}

func (w *world) set(key, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.vars[key] = value
}

func (w *world) get(key string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.vars[key]
}

// storyKinds are the kinds of subjects that the story makes due. All others, as
// sweeps, come and go by themselves.
var storyKinds = []string{"item", "deployment", "repo", "postmortem", "config"}

// quiet reports whether nothing of the story is held or on its way, or due
// within the time ahead.
func (w *world) quiet(ctx context.Context, ahead time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if w.site.GitHub.Flush(ctx) != nil || w.site.Jira.Flush(ctx) != nil {
		return false
	}
	held, err := w.rdb.HKeys(ctx, w.key("leases")).Result()
	if err != nil {
		return false
	}
	due, err := w.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: w.key("due"), ByScore: true, Start: "-inf", Stop: fmt.Sprint(time.Now().Add(ahead).UnixMilli())}).Result()
	if err != nil {
		return false
	}
	for _, s := range append(held, due...) {
		kind, _, _ := strings.Cut(s, "/")
		if slices.Contains(storyKinds, kind) {
			return false
		}
	}
	return true
}

// rest waits until the world is quiet and stays so for a moment.
func (w *world) rest(ctx context.Context, patience time.Duration) error {
	quiet := 0
	return poll(ctx, patience, 10*time.Millisecond, func() bool {
		if quiet++; !w.quiet(ctx, 6*time.Second) {
			quiet = 0
		}
		return quiet >= 3
	})
}
