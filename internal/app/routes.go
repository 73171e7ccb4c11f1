package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/webhook"
)

// routes builds the handler of everything that is served.
func (a *App) routes(cfg *config.Config) (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, p any) {
		a.log.Error("panic while answering a request", "path", c.FullPath(), "panic", p)
		c.AbortWithStatus(http.StatusInternalServerError)
	}))
	if err := engine.SetTrustedProxies(nil); err != nil {
		return nil, err
	}
	engine.Use(a.guard)
	// A tracker that is only polled needs no secret, and then takes no
	// deliveries.
	heard := slices.DeleteFunc(hookTrackers(cfg), func(t webhook.Tracker) bool { return len(t.Secret) == 0 })
	hooks, err := webhook.New(webhook.Options{Trackers: heard, Recorder: recorder{a.ledger, a.backend, cfg.Postmortems}, Deployments: deploymentTargets(cfg), Count: a.metrics.delivery, Keep: a.keepBroken, Log: a.log, Now: a.o.Now})
	if err != nil {
		return nil, err
	}
	hooks.Mount(engine)
	a.hooks.Store(hooks)

	auth := api.NewAuth(tokens(cfg), cfg.API == nil)
	api.Register(engine, api.Options{Backend: a.backend, Auth: auth, PublicURL: cfg.PublicURL, Version: a.o.Version, Log: a.log})
	ok := func(c *gin.Context) { c.String(http.StatusOK, "ok\n") }
	engine.GET("/livez", ok)
	engine.GET("/healthz", ok)
	engine.GET("/readyz", a.ready)
	engine.GET("/metrics", auth.Require(api.Viewer), gin.WrapH(a.metrics.handler))
	return engine, nil
}

// ready is green when the store answers and takes writes.
func (a *App) ready(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), time.Second)
	defer cancel()
	err := a.ledger.Writable(ctx)
	if err == nil && !a.gate.ready.Load() {
		err = errors.New("it was not looked at yet")
	}
	if err != nil {
		c.String(http.StatusServiceUnavailable, "%s\n", notReady(err))
		return
	}
	c.String(http.StatusOK, "ok\n")
}

func tokens(cfg *config.Config) []api.Token {
	var out []api.Token
	if cfg.API != nil {
		for _, t := range cfg.API.Tokens {
			out = append(out, api.Token{Name: t.Name, Hash: api.HashToken(t.Token.Reveal()), Kind: api.KindAPI, Role: api.Role(t.Role), Person: t.Person})
		}
	}
	for _, t := range cfg.Deployments.Tokens {
		out = append(out, api.Token{Name: t.Name, Hash: api.HashToken(t.Token.Reveal()), Kind: api.KindDeployments, Services: t.Services, Environments: t.Environments})
	}
	return out
}

// hookTrackers says which repositories and projects each tracker may send
// deliveries for: those of services, and those that hold tickets.
func hookTrackers(cfg *config.Config) []webhook.Tracker {
	var out []webhook.Tracker
	for _, t := range cfg.Trackers {
		w := webhook.Tracker{Name: t.Name, Kind: t.Kind, Secret: []byte(t.WebhookSecret.Reveal()), Labels: adopts(cfg, t.Name), Ours: []string{cfg.Labels.Awaiting}}
		for _, src := range cfg.Postmortems {
			if src.Tracker == t.Name {
				w.Documents = append(w.Documents, src.Repo)
			}
		}
		add := func(list *[]string, s string) {
			if !slices.ContainsFunc(*list, func(x string) bool { return strings.EqualFold(x, s) }) {
				*list = append(*list, s)
			}
		}
		for _, target := range cfg.Targets() {
			if name, project, _ := strings.Cut(target, ":"); name == t.Name {
				if t.Kind == config.GitHub {
					add(&w.Repos, project)
				} else {
					add(&w.Projects, project)
				}
			}
		}
		if t.Kind == config.GitHub {
			for _, s := range cfg.Services() {
				if s.Tracker == t.Name && s.Repo != "" {
					add(&w.Repos, s.Repo)
				}
			}
			for _, p := range cfg.Postmortems {
				if p.Tracker == "" || p.Tracker == t.Name {
					add(&w.Repos, p.Repo)
				}
			}
			w.WebURLs = []string{webURL(t.APIURL)}
		} else {
			for key := range t.Projects {
				add(&w.Projects, key)
			}
			w.WebURLs = []string{t.URL}
		}
		out = append(out, w)
	}
	return out
}

// webURL is the address of a GitHub for people, from that of its API.
func webURL(apiURL string) string {
	u, err := url.Parse(apiURL)
	if err != nil {
		return apiURL
	}
	if u.Host == "api.github.com" {
		return "https://github.com"
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/api/v3")
	return strings.TrimSuffix(u.String(), "/")
}

// deploymentTargets says what a GitHub deployment to an environment means. One
// that is nobody's production is recorded for all services of the repository,
// and proves nothing.
func deploymentTargets(cfg *config.Config) func(tracker, repo, environment string) []webhook.Target {
	return func(tracker, repo, environment string) []webhook.Target {
		var out []webhook.Target
		for _, t := range cfg.ServicesForDeployment(tracker, repo, environment) {
			out = append(out, webhook.Target{Service: t.Service, Environment: t.Environment, Production: true})
		}
		if len(out) > 0 {
			return out
		}
		for _, s := range cfg.Services() {
			if s.Tracker == tracker && strings.EqualFold(s.Repo, repo) {
				out = append(out, webhook.Target{Service: s.Name, Environment: environment})
			}
		}
		return out
	}
}
