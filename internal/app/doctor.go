package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/store"
	"github.com/holdfast-dev/holdfast/trackers"
)

// Doctor tries everything that Holdfast needs and says what to do where
// something is missing. It changes nothing.
func (a *App) Doctor(ctx context.Context) []trackers.Finding {
	cfg, s := a.cfg.Load(), a.reconciler.Setup()
	out := a.checkStore(ctx)
	for _, w := range cfg.Warnings {
		out = append(out, trackers.Finding{Subject: "configuration", OK: true, Warning: true, Detail: w.Path + ": " + w.Message, Remedy: w.Remedy})
	}
	for _, t := range cfg.Trackers {
		var targets []string
		for _, target := range cfg.Targets() {
			if name, project, _ := strings.Cut(target, ":"); name == t.Name {
				targets = append(targets, project)
			}
		}
		if t.Kind == config.GitHub {
			for _, svc := range cfg.Services() {
				if svc.Tracker == t.Name && svc.Repo != "" {
					targets = append(targets, svc.Repo)
				}
			}
		}
		check, cancel := context.WithTimeout(ctx, time.Minute)
		out = append(out, s.Trackers[t.Name].Check(check, unique(targets))...)
		out = append(out, a.troubleFindings(t.Name)...)
		if at, err := a.reconciler.Swept(check, t.Name); err == nil {
			out = append(out, sweepFinding(t.Name, at, a.o.Now(), s.SweepEvery(t.Name)))
		}
		cancel()
	}
	for _, svc := range s.Services {
		check, cancel := context.WithTimeout(ctx, time.Minute)
		for _, f := range a.reconciler.CheckService(check, svc) {
			f.Subject = "service " + svc.Name + ": " + f.Subject
			out = append(out, f)
		}
		cancel()
	}
	return append(out, a.intakeFindings(ctx, cfg)...)
}

func (a *App) checkStore(ctx context.Context) []trackers.Finding {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := a.ledger.Ping(ctx); err != nil {
		return []trackers.Finding{{Subject: "store", Detail: err.Error(), Remedy: storeRemedy(err)}}
	}
	err := a.ledger.Writable(ctx)
	if err == nil {
		_, err = a.ledger.Identity(ctx) // it may answer a ping, and keep its keys from us
	}
	if err != nil {
		return []trackers.Finding{{Subject: "store", Detail: err.Error(), Remedy: storeRemedy(err)}}
	}
	out := []trackers.Finding{{Subject: "store", OK: true, Detail: a.store.Kind + " store answers"}}
	for _, n := range a.store.Inspect(ctx) {
		out = append(out, trackers.Finding{Subject: "store", OK: n.Level != store.LevelError, Warning: n.Level == store.LevelWarning, Detail: n.Text})
	}
	if a.watched.weak.Load() {
		out = append(out, trackers.Finding{Subject: "store", Detail: "redis.durability is strict, and Redis no longer syncs every write: what is acknowledged may be lost",
			Remedy: "set appendonly yes and appendfsync always again, or restart with redis.durability: default"})
	}
	if half, err := a.ledger.Importing(ctx); err == nil && half != "" {
		out = append(out, trackers.Finding{Subject: "store", Detail: "an import is under way, or was broken off: until it is whole nothing is taken, and nothing is done", Remedy: importRemedy})
	}
	if paused, by, since, err := a.ledger.Paused(ctx); err == nil && paused {
		out = append(out, trackers.Finding{Subject: "writing", OK: true, Warning: true, Detail: fmt.Sprintf("paused by %s since %s", by, since.UTC().Format(time.RFC3339)), Remedy: "holdfast resume"})
	}
	if groups, err := a.reconciler.Reopenings(ctx); err == nil && len(groups) > 0 {
		out = append(out, trackers.Finding{Subject: "reopenings", OK: true, Warning: true, Detail: fmt.Sprintf("%d causes wait for an operator", len(groups)), Remedy: "holdfast reopenings"})
	}
	if d, err := a.ledger.DeadLetter(ctx, ledger.LetterID(ledger.LetterStore, ledger.StoreSubject)); err == nil {
		out = append(out, trackers.Finding{Subject: "store", Detail: d.Reason, Remedy: emptiedRemedy})
	}
	if n, err := a.ledger.CountDeadLetters(ctx); err == nil && n > 0 {
		out = append(out, trackers.Finding{Subject: "dead letters", OK: true, Warning: true, Detail: fmt.Sprintf("%d could not be processed and wait for a person", n), Remedy: "holdfast dead-letters"})
	}
	return out
}

// sweepFinding says how far behind the comparison with a tracker is.
func sweepFinding(tracker string, at, now time.Time, every time.Duration) trackers.Finding {
	f := trackers.Finding{Subject: tracker + ": sweep", OK: true, Detail: "last complete " + at.UTC().Format(time.RFC3339)}
	switch {
	case at.IsZero():
		f.Warning, f.Detail = true, "not complete yet since the first start"
	case now.Sub(at) > 3*every:
		f.Warning, f.Detail = true, f.Detail+", which is long ago"
	}
	if f.Warning {
		f.Remedy = "the log says what a sweep could not read"
	}
	return f
}

func unique(list []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range list {
		if k := strings.ToLower(s); !seen[k] {
			seen[k] = true
			out = append(out, s)
		}
	}
	return out
}
