package app

import (
	"context"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
)

// handlers work on what is due beside items: tickets to be adopted.
func (a *App) handlers() map[string]reconcile.Handler {
	return map[string]reconcile.Handler{
		"adopt": func(ctx context.Context, tracker string) (time.Time, error) {
			return time.Time{}, a.backend.adoptConfigured(ctx, tracker, a.cfg.Load().Adopt)
		},
	}
}

// beside lists what is due with each sweep of a tracker.
func beside(cfg *config.Config) func(tracker string) []string {
	return func(tracker string) []string {
		var out []string
		if adopts(cfg, tracker) {
			out = append(out, "adopt/"+tracker)
		}
		return out
	}
}

func adopts(cfg *config.Config, tracker string) bool {
	return slices.ContainsFunc(cfg.Adopt, func(q config.Adopt) bool { return q.Tracker == tracker })
}
