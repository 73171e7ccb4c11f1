package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

const (
	bot    = "holdfast-bot"
	token  = "chaos-token-of-the-bot"
	secret = "chaos-webhook-secret"
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
	redis   *process
	holdf   *process
	rdb     *redis.Client
	client  *api.Client
	url     string
	weather Weather
	kills   atomic.Int64

	mu   sync.Mutex
	vars map[string]string // what the story made here: commits, pull requests
}

func openWorld(ctx context.Context, r *run, name string, weather Weather) (_ *world, err error) {
	w := &world{run: r, name: name, dir: filepath.Join(r.dir, name), vars: map[string]string{}, weather: weather}
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
	redisAddr, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	listen, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	w.url = "http://" + listen
	config := filepath.Join(w.dir, "holdfast.yaml")
	if err := os.WriteFile(config, []byte(w.config(listen, redisAddr)), 0o600); err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	host, port, err := net.SplitHostPort(redisAddr)
	if err != nil {
		return nil, err
	}
	w.redis = &process{name: "redis-server", dir: w.dir, log: filepath.Join(w.dir, "redis.log"), args: []string{"redis-server",
		"--bind", host, "--port", port, "--dir", filepath.Join(w.dir, "redis"), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
		"--maxmemory-policy", "noeviction", "--daemonize", "no"}}
	w.holdf = &process{name: "holdfast", dir: w.dir, log: filepath.Join(w.dir, "holdfast.log"),
		args: []string{r.o.Binary, "serve", "-c", config, "--log-level", "debug"}}
	w.rdb = redis.NewClient(&redis.Options{Addr: redisAddr, MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: 2 * time.Second})
	w.client = api.NewClient(w.url, "")
	if err := errors.Join(w.redis.start(), w.holdf.start()); err != nil {
		return nil, err
	}
	if err := poll(ctx, 30*time.Second, 50*time.Millisecond, w.ready); err != nil {
		return nil, fmt.Errorf("the service of the %s world is not ready: %w; its log is %s", name, err, w.holdf.log)
	}
	w.site.SendTo(w.url, secret)
	return w, errors.Join(w.site.GitHub.SetFaults(weather.GitHub), w.site.Jira.SetFaults(weather.Jira))
}

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

func (w *world) config(listen, redisAddr string) string {
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
redis: {url: "redis://%[3]s/0"}
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
`, listen, filepath.Join(w.dir, "data"), redisAddr, w.site.GitHubURL, w.site.JiraURL, token, secret, sandbox.ReopenField, svcs.String())
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

func (w *world) struck() int {
	n := 0
	for _, count := range []func() (sandbox.Faults, map[sandbox.FaultKind]int){w.site.GitHub.Faults, w.site.Jira.Faults} {
		_, kinds := count()
		for _, k := range kinds {
			n += k
		}
	}
	return n
}

// quiet reports whether nothing is due, held, or on its way. With ahead, what
// is due within that time counts as well; sweeps never do.
func (w *world) quiet(ctx context.Context, ahead time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if w.site.GitHub.Flush(ctx) != nil || w.site.Jira.Flush(ctx) != nil {
		return false
	}
	held, err := w.rdb.HKeys(ctx, "{holdfast}:leases").Result()
	if err != nil {
		return false
	}
	due, err := w.rdb.ZRangeByScore(ctx, "{holdfast}:due", &redis.ZRangeBy{Min: "-inf", Max: fmt.Sprint(time.Now().Add(ahead).UnixMilli())}).Result()
	if err != nil {
		return false
	}
	for _, s := range append(held, due...) {
		if !strings.HasPrefix(s, "sweep/") && !strings.HasPrefix(s, "poll/") {
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
