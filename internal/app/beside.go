package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/webhook"
)

// handlers work on what is due beside items: tickets to be adopted, and
// repositories of documents.
func (a *App) handlers() map[string]reconcile.Handler {
	return map[string]reconcile.Handler{
		"adopt": func(ctx context.Context, tracker string) (time.Time, error) {
			return time.Time{}, a.backend.adoptConfigured(ctx, tracker, a.cfg.Load().Adopt)
		},
		"documents": func(ctx context.Context, id string) (time.Time, error) {
			tracker, repo, _ := strings.Cut(id, "/")
			cfg := a.cfg.Load()
			var errs []error
			for _, src := range cfg.Postmortems {
				if src.Tracker == tracker && src.Repo == repo {
					t, _ := cfg.Tracker(tracker)
					errs = append(errs, a.backend.readDocuments(ctx, src, webURL(t.APIURL)))
				}
			}
			return time.Time{}, errors.Join(errs...)
		},
		"preview": func(ctx context.Context, ref string) (time.Time, error) {
			return time.Time{}, a.backend.previewPull(ctx, a.cfg.Load().Postmortems, domain.Ref(ref))
		},
		"previews": func(ctx context.Context, id string) (time.Time, error) {
			tracker, repo, _ := strings.Cut(id, "/")
			if !slices.Contains(beside(a.cfg.Load())(tracker), "previews/"+id) {
				return time.Time{}, nil // taken out of the configuration
			}
			return time.Time{}, a.backend.unseenPulls(ctx, tracker, repo)
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
		for _, src := range cfg.Postmortems {
			if subject := "documents/" + tracker + "/" + src.Repo; src.Tracker == tracker && !slices.Contains(out, subject) {
				out = append(out, subject, "previews/"+tracker+"/"+src.Repo)
			}
		}
		return out
	}
}

func adopts(cfg *config.Config, tracker string) bool {
	return slices.ContainsFunc(cfg.Adopt, func(q config.Adopt) bool { return q.Tracker == tracker })
}

// recorder records events, and of a push to a repository of documents first
// from where it moved: without that, a document that comes with the first push
// could be taken for one that was always there.
type recorder struct {
	webhook.Recorder
	backend *Backend
	sources []config.PostmortemSource
}

// Record implements webhook.Recorder.
func (r recorder) Record(ctx context.Context, ev domain.Event) (bool, error) {
	for _, src := range r.sources {
		ours := ev.Kind == domain.EventPush && src.Tracker == ev.Tracker && strings.EqualFold(src.Repo, ev.Repo)
		if ours && (src.Branch == ev.Branch && ev.Branch != "" || src.Branch == "" && ev.DefaultRef) {
			if err := r.backend.pushedTo(ctx, src, ev); err != nil {
				return false, err
			}
		}
	}
	return r.Recorder.Record(ctx, ev)
}
