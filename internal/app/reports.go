package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/internal/report"
)

// reportStore lets a report read the ledger.
type reportStore struct{ *ledger.Ledger }

// ReadJournals implements report.Store.
func (s reportStore) ReadJournals(ctx context.Context, ids []string, since time.Time) ([]report.Journal, error) {
	list, err := s.Journals(ctx, ids, since)
	out := make([]report.Journal, len(list))
	for i, j := range list {
		out[i] = report.NewJournal(j.Snapshot, j.LastAt, j.Entries)
	}
	return out, err
}

// WeeklyReport implements api.Backend. The report of a complete week is stored
// when it is first asked for, and stays as it is.
func (b *Backend) WeeklyReport(ctx context.Context, team, week string) (report.Report, error) {
	s := b.reconciler.Setup()
	team, err := teamName(s, team)
	if err != nil {
		return report.Report{}, err
	}
	p, err := b.period(s, team, week)
	if err != nil {
		return report.Report{}, err
	}
	// One at a time: two builds over a large ledger would only slow each other
	// down, and the second finds what the first stored.
	select {
	case b.building <- struct{}{}:
		defer func() { <-b.building }()
	case <-ctx.Done():
		return report.Report{}, ctx.Err()
	}
	if p.Complete() {
		kept, err := b.ledger.Report(ctx, team, p.Week.String())
		if err != nil {
			return report.Report{}, storeError(err)
		}
		if kept != nil {
			return report.FromJSON(kept)
		}
	}
	f, err := b.reportFacts(ctx, s, team, p)
	if err != nil {
		return report.Report{}, storeError(err)
	}
	r, err := report.Build(f, p)
	if err != nil || !p.Complete() {
		return r, storeError(err)
	}
	text, err := r.JSON()
	if err != nil {
		return r, err
	}
	kept, err := b.ledger.KeepReport(ctx, team, p.Week.String(), text, r.Figures())
	if err != nil {
		return r, storeError(err)
	}
	return report.FromJSON(kept)
}

// teamName finds a configured team, whatever the case; empty stands for all.
func teamName(s *reconcile.Setup, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	known := slices.Sorted(maps.Keys(s.Teams))
	for _, t := range known {
		if strings.EqualFold(t, name) {
			return t, nil
		}
	}
	if len(known) == 0 {
		return "", api.Invalid{Field: "team", Detail: "no team is configured; leave the team out, or add teams to the configuration"}
	}
	return "", api.Invalid{Field: "team", Detail: "there is no such team; the teams are " + strings.Join(known, ", ")}
}

// period reads a week; empty is the last complete one. The running week ends
// now, and a week to come has no report.
func (b *Backend) period(s *reconcile.Setup, team, week string) (report.Period, error) {
	if team == "" {
		team = b.defaults().Team
	}
	loc := time.UTC
	if t, ok := s.Teams[team]; ok && t.Location != nil {
		loc = t.Location
	}
	now := b.now()
	p := report.Period{Week: report.WeekOf(now, loc).Add(-1), Location: loc}
	if week == "" {
		return p, nil
	}
	w, err := report.ParseWeek(week)
	if err != nil {
		return p, api.Invalid{Field: "week", Detail: err.Error()}
	}
	p.Week = w
	switch {
	case w.Start(loc).After(now):
		return p, api.Invalid{Field: "week", Detail: fmt.Sprintf("%s has not begun yet; this is %s", w, report.WeekOf(now, loc))}
	case w.End(loc).After(now):
		// What happened in this very moment counts.
		p.Until = now.Add(time.Nanosecond).UTC()
	}
	return p, nil
}

// reportFacts gathers what a report is built from. The items are read while it
// is built.
func (b *Backend) reportFacts(ctx context.Context, s *reconcile.Setup, team string, p report.Period) (report.Facts, error) {
	stored, err := b.ledger.Figures(ctx, team)
	if err != nil {
		return report.Facts{}, err
	}
	f := report.Facts{Team: team, PublicURL: s.PublicURL, Past: report.ReadFigures(stored),
		Items: report.Loader{Store: reportStore{b.ledger}, Fold: reconcile.Fold, Clock: s}.Items(ctx, team, p)}
	if f.Services, err = b.reportServices(ctx, s, team, p.To()); err != nil {
		return f, err
	}
	cfg := b.config()
	f.DueSince = s.DueSince
	for _, name := range slices.Sorted(maps.Keys(s.Teams)) {
		if s.Settings(name).DueFromFiling {
			f.FromFiling = append(f.FromFiling, name)
		}
	}
	if t, ok := cfg.Team(team); ok {
		f.Calendar = calendar(t)
	}
	f.Schedule = scheduleWords(cfg, team)
	if f.Undelivered, err = undelivered(ctx, b.ledger, team, p.Week.Add(-1)); err != nil {
		return f, err
	}
	groups, err := b.reconciler.Reopenings(ctx)
	if err != nil {
		return f, err
	}
	for _, g := range groups {
		if g.OpenedAt.Before(p.To()) {
			f.Held = append(f.Held, report.Held{Cause: g.Cause, Items: len(g.Items)})
		}
	}
	return f, nil
}

// reportServices says of each service of a team whether its deployments are
// heard, as far as was reported before the period's end.
func (b *Backend) reportServices(ctx context.Context, s *reconcile.Setup, team string, end time.Time) ([]report.Service, error) {
	var out []report.Service
	for _, svc := range s.Services {
		if team != "" && svc.Team != team || len(svc.Production) == 0 {
			continue
		}
		var targets []domain.Target
		for _, e := range svc.Production {
			targets = append(targets, domain.Target{Service: svc.Name, Environment: e.Name})
		}
		last, err := b.lastHeard(ctx, targets, end)
		if err != nil {
			return nil, err
		}
		fact := report.Service{Name: svc.Name, Heard: !last.IsZero()}
		if silent := s.Settings(svc.Team).SilentAfter; fact.Heard && silent > 0 && end.Sub(last) > silent {
			pushed, err := b.ledger.PushedAt(ctx, svc.Repo)
			if err != nil {
				return nil, err
			}
			if pushed.After(last) {
				fact.Silent = int(end.Sub(last) / (24 * time.Hour))
			}
		}
		out = append(out, fact)
	}
	return out, nil
}

// lastHeard is when the newest deployment of these targets finished, of those
// that were reported before end; zero: none was. It reads ever more of them,
// as a busy service has many after the end of a week.
func (b *Backend) lastHeard(ctx context.Context, targets []domain.Target, end time.Time) (time.Time, error) {
	for n := 20; ; n *= 16 {
		lists, err := b.ledger.Successes(ctx, targets, n)
		if err != nil {
			return time.Time{}, err
		}
		var last time.Time
		enough := true
		for _, list := range lists {
			older := len(list) < n // there are no more of this target
			for _, d := range list {
				if d.ReceivedAt.Before(end) {
					older = true
					if d.FinishedAt.After(last) {
						last = d.FinishedAt
					}
				}
			}
			enough = enough && older
		}
		if enough {
			return last, nil
		}
	}
}
