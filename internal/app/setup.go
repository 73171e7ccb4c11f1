package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/github"
	"github.com/holdfast-dev/holdfast/trackers/jira"
	"github.com/holdfast-dev/holdfast/webhook"
)

// How often a tracker is swept: seldom where its webhooks are heard, often
// where the sweep is the only way in.
const (
	sweepHeard  = time.Minute
	sweepPolled = 30 * time.Second
)

// setup turns the configuration into what the reconciler works with.
func (a *App) setup(cfg *config.Config) (*reconcile.Setup, error) {
	s := &reconcile.Setup{
		Trackers: map[string]trackers.Tracker{}, Services: cfg.Services(), People: cfg.People(), Teams: map[string]reconcile.Team{},
		Labels:    reconcile.Labels{Postmortem: cfg.Labels.Postmortem, Awaiting: cfg.Labels.Awaiting},
		MarkerKey: a.key, PublicURL: cfg.PublicURL, Retention: time.Duration(cfg.Retention),
		Rules:    func(team string, p domain.Priority) policy.Rules { return rules(cfg.TeamPolicy(team), p) },
		Settings: func(team string) reconcile.Settings { return settings(cfg.TeamPolicy(team)) },
	}
	s.Engine = engine(a.o.Version)
	s.Parts = verdictParts(cfg, s.Engine)
	s.Hash = digest(s.Parts)
	hooks := hookTrackers(cfg)
	texts := map[string]claims.Context{}
	for _, h := range hooks {
		texts[h.Name] = webhook.ClaimContext(h, hooks)
	}
	s.Claims = func(tracker, repo string) claims.Context {
		c := texts[tracker]
		c.Repo = repo
		return c
	}
	s.SweepEvery = func(tracker string) time.Duration {
		t, _ := cfg.Tracker(tracker)
		switch {
		case t.SweepEvery > 0:
			return time.Duration(t.SweepEvery)
		case t.Ingest == config.IngestPoll:
			return sweepPolled
		}
		return sweepHeard
	}
	s.Polled = func(tracker string) bool {
		t, _ := cfg.Tracker(tracker)
		return t.Ingest == config.IngestPoll
	}
	s.Ingest = func(ctx context.Context, tracker string, d trackers.Delivery) error {
		h := a.hooks.Load()
		if h == nil {
			return errors.New("no deliveries are taken yet")
		}
		return h.Replay(ctx, tracker, d.Event, d.ID, d.Body)
	}
	s.SweepTargets = func(tracker string) []string {
		var out []string
		for _, target := range cfg.Targets() {
			if name, project, _ := strings.Cut(target, ":"); name == tracker {
				out = append(out, project)
			}
		}
		return out
	}
	targets := deploymentTargets(cfg)
	s.DeploymentTargets = func(tracker, repo, environment string) []reconcile.DeploymentTarget {
		var out []reconcile.DeploymentTarget
		for _, t := range targets(tracker, repo, environment) {
			out = append(out, reconcile.DeploymentTarget(t))
		}
		return out
	}
	s.Beside = beside(cfg)
	for _, t := range cfg.Trackers {
		made, err := a.tracker(cfg, t)
		if err != nil {
			return nil, fmt.Errorf("tracker %s: %w", t.Name, err)
		}
		s.Trackers[t.Name] = made
	}
	for _, t := range cfg.Teams {
		team := reconcile.Team{Name: t.Name, Location: t.Location(), Approvers: t.Approvers, DefaultAssignee: t.DefaultAssignee}
		for _, l := range t.Leads {
			team.Leads = append(team.Leads, l.Domain())
		}
		if c := calendar(t); c != nil {
			team.Works = c.Works
		}
		s.Teams[t.Name] = team
	}
	return s, nil
}

func (a *App) tracker(cfg *config.Config, t config.Tracker) (trackers.Tracker, error) {
	hook := strings.TrimSuffix(cfg.PublicURL, "/") + "/webhooks/" + t.Kind + "/" + t.Name
	if t.Kind == config.GitHub {
		o := github.Options{Name: t.Name, APIURL: t.APIURL, Token: t.Token.Reveal(), WebhookURL: hook, HTTPClient: a.o.HTTPClient, Log: a.log, Now: a.o.Now}
		if t.App != nil {
			id, err := strconv.ParseInt(t.App.ID, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("app.id %q is no number", t.App.ID)
			}
			o.App = github.App{ID: id, PrivateKey: []byte(t.App.PrivateKey.Reveal())}
		}
		return github.New(o)
	}
	o := jira.Options{Name: t.Name, Flavor: jira.Flavor(t.Flavor), URL: t.URL, User: t.User, Token: t.Token.Reveal(), Priorities: t.Priorities,
		Projects: map[string]jira.Project{}, WebhookURL: hook, HTTPClient: a.o.HTTPClient, Log: a.log, Now: a.o.Now}
	for key, p := range t.Projects {
		o.Projects[key] = jira.Project{IssueType: p.IssueType, Fields: p.Fields, ReopenTransition: p.ReopenTransition, CloseTransition: p.CloseTransition,
			ReopenFields: p.ReopenFields, Resolutions: jira.Resolutions(p.Resolutions)}
	}
	return jira.New(o)
}

func rules(p config.Policy, priority domain.Priority) policy.Rules {
	return policy.Rules{
		Grace: time.Duration(p.Grace), RollbackGrace: time.Duration(p.RollbackGrace), Soak: time.Duration(p.Soak[priority]),
		CloseWhenVerified: policy.CloseWhenVerified(p.CloseWhenVerified), Watch: time.Duration(p.Watch), UnknownTimeout: time.Duration(p.UnknownTimeout),
		EscalateAfter: p.EscalateAfter, BackoffFirst: time.Duration(p.ReopenBackoff.First), BackoffMax: time.Duration(p.ReopenBackoff.Max),
		NotPlannedAllowed: p.NotPlannedAllowed(priority), EnforceSince: p.EnforceSince,
	}
}

func settings(p config.Policy) reconcile.Settings {
	s := reconcile.Settings{Enforce: p.Enforce, Due: map[domain.Priority]time.Duration{}, MaxReopens: p.MaxReopens, WaiverMax: time.Duration(p.WaiverMax),
		SelfAttest: p.SelfAttest, Approvers: p.Approvers, SilentAfter: time.Duration(p.SilentAfter), Lint: p.Lint, DueFromFiling: p.DueFrom == config.DueFromFiling}
	for k, v := range p.Due {
		s.Due[k] = time.Duration(v)
	}
	return s
}
