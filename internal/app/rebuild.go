package app

import (
	"context"
	"errors"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/trackers"
)

// Rebuild implements api.Backend.
func (b *Backend) Rebuild(ctx context.Context, by api.Actor, r api.RebuildRequest) (api.RebuildView, error) {
	a := b.app
	if _, ok := b.reconciler.Setup().Trackers[r.Tracker]; r.Tracker != "" && !ok {
		return api.RebuildView{}, api.Invalid{Field: "tracker", Detail: "no tracker is called " + r.Tracker}
	}
	if !r.DryRun {
		// A store that was emptied under a running server lacks these, too.
		if err := errors.Join(a.ledger.Prepare(ctx, a.o.Version), a.begin(ctx)); err != nil {
			return api.RebuildView{}, storeError(err)
		}
	}
	found, err := b.reconciler.Rebuild(ctx, reconcile.RebuildOptions{Tracker: r.Tracker, DryRun: r.DryRun, Team: b.defaults().Team})
	if err != nil {
		return api.RebuildView{}, rebuildError(err)
	}
	v := api.RebuildView{DryRun: r.DryRun, Warnings: found.Warnings, Cause: api.Text(found.Cause)}
	restored := 0
	for _, it := range found.Items {
		one := api.RebuiltView{Item: it.Item, Ticket: string(it.Ticket.Ref), URL: it.Ticket.URL, State: it.Ticket.State(), Title: it.Ticket.Title, Action: "restore", Note: api.Text(it.Note)}
		if it.Known {
			one.Action = "known"
		} else {
			restored++
		}
		v.Items = append(v.Items, one)
	}
	for _, s := range found.Skipped {
		v.Skipped = append(v.Skipped, api.SkippedView{Ticket: string(s.Ticket.Ref), URL: s.Ticket.URL, Item: s.Item, Why: s.Why})
	}
	if restored > 0 {
		v.Warnings = append(v.Warnings, b.unheardWarning(ctx)...)
	}
	if !r.DryRun {
		if r.Tracker == "" {
			// What can be had from the trackers is there again.
			if err := a.ledger.NoteRestored(ctx); err != nil {
				return api.RebuildView{}, storeError(err)
			}
		}
		a.log.Warn("items were restored from the trackers", "by", by.Name, "items", restored, "skipped", len(found.Skipped), "cause", found.Cause)
	}
	return v, nil
}

// unheardWarning names the services whose deployments are to be reported again.
func (b *Backend) unheardWarning(ctx context.Context) []string {
	var names []string
	for _, svc := range b.reconciler.Setup().Services {
		if list, err := b.ledger.Deployments(ctx, svc.Name, "", 0, 1); err == nil && len(list) == 0 {
			names = append(names, svc.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	list := names[0]
	for _, n := range names[1:min(len(names), 20)] {
		list += ", " + n
	}
	return []string{"what runs in production is not known for " + list + ": deployments of GitHub are read again; where CI reports them, report each service once (holdfast deployed), or wait for its next deployment. Until then no closed ticket of it is reopened"}
}

// rebuildError is told to the operator, who can do something about a tracker.
func rebuildError(err error) error {
	var te *trackers.Error
	switch {
	case errors.As(err, &te):
		return api.Unavailable{Detail: "nothing was restored: " + err.Error()}
	case errors.Is(err, ledger.ErrLeaseLost):
		return api.Conflict{Detail: "somebody is filing the same postmortem: rebuild again"}
	}
	return storeError(err)
}
