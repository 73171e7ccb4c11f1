package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/policy"
)

// The states of a group of reopenings with one cause.
const (
	groupCounting  = "counting"
	groupClear     = "clear"
	groupHeld      = "held"
	groupConfirmed = "confirmed"
	groupDropped   = "dropped"
)

// countAtLeast is how long reopenings that share a timer are counted, so that
// all that ran out together are seen before the first is reopened.
const countAtLeast = 2 * time.Second

// brake reports whether a reopening that is not due to the ticket's own close
// may be made now. If not, wait says when to ask again; zero: an operator
// decides, or it was dropped.
func (w *work) brake(ctx context.Context) (ok bool, wait time.Time, err error) {
	cause := w.st.Verdict.Cause
	kind, id, _ := strings.Cut(cause, "/")
	soon := w.r.now().Add(time.Second)
	if kind == "deployment" || kind == "config" || kind == causeImport || kind == causeRebuild {
		// These are counted over all the items that they touch by whoever
		// handles the deployment or the configuration.
		if counted, err := w.r.counted(ctx, kind, id); err != nil || !counted {
			return false, soon, err
		}
	}
	g, err := w.r.ledger.JoinGroup(ctx, cause, w.r.causeNote(ctx, cause), w.id)
	if err != nil {
		return false, soon, fmt.Errorf("joining the reopenings of %s: %w", cause, err)
	}
	if g.State == groupCounting {
		done, err := w.r.countedByNow(ctx, g)
		if err != nil || !done {
			return false, soon, err
		}
		if err := w.r.settle(ctx, g, w.max()); err != nil {
			return false, soon, err
		}
		if g, err = w.r.ledger.Group(ctx, cause); err != nil {
			return false, soon, err
		}
	}
	switch g.State {
	case groupConfirmed:
		return true, time.Time{}, nil
	case groupClear:
		if len(g.Items) <= w.max() {
			return true, time.Time{}, nil
		}
		// It has grown since it was counted.
		if _, err := w.r.ledger.SetGroup(ctx, cause, groupClear, groupHeld, ""); err != nil {
			return false, soon, err
		}
	case groupDropped:
		return false, time.Time{}, nil
	}
	if w.st.Brake == cause {
		return false, time.Time{}, nil
	}
	return false, time.Time{}, w.record(ctx, domain.Entry{
		Kind: domain.Decided, Name: domain.ReopeningsHeld, Brake: &domain.Brake{Cause: cause, Count: len(g.Items)},
		Note: fmt.Sprintf("Not reopened yet: %d tickets would be reopened by one cause, more than max_reopens (%d). `holdfast reopenings confirm %s` or `drop`.", len(g.Items), w.max(), cause),
	})
}

func (w *work) max() int { return w.s.Settings(w.st.Spec.Team).MaxReopens }

// counted reports whether a deployment or a configuration has been handled,
// so that its group is complete.
func (r *Reconciler) counted(ctx context.Context, kind, id string) (bool, error) {
	if kind == "config" {
		seen, err := r.ledger.Meta(ctx, "config")
		return seen == id, err
	}
	if kind == causeImport || kind == causeRebuild {
		done, err := r.ledger.Meta(ctx, countedKey(kind+"/"+id))
		return done != "", err
	}
	receipt, _ := strconv.ParseInt(id, 10, 64) // 0 is no receipt, and not found
	d, err := r.ledger.Deployment(ctx, receipt)
	if errors.Is(err, ledger.ErrNotFound) {
		return true, nil
	}
	return d.Handled, err
}

// countedByNow reports whether all that was due before the group was opened
// has been looked at.
func (r *Reconciler) countedByNow(ctx context.Context, g ledger.Group) (bool, error) {
	if kind, _, _ := strings.Cut(g.Cause, "/"); kind == "deployment" || kind == "config" || kind == causeImport {
		return true, nil
	}
	if r.now().Sub(g.OpenedAt) < countAtLeast {
		return false, nil
	}
	n, oldest, err := r.ledger.Due(ctx)
	if err != nil {
		return false, fmt.Errorf("asking what is due: %w", err)
	}
	return n == 0 || oldest.After(g.OpenedAt), nil
}

// settle ends the count of a group.
func (r *Reconciler) settle(ctx context.Context, g ledger.Group, limit int) error {
	to := groupClear
	if len(g.Items) > limit {
		to = groupHeld
	}
	_, err := r.ledger.SetGroup(ctx, g.Cause, groupCounting, to, "")
	if err == nil && to == groupHeld {
		r.log.Error("reopenings wait for an operator", "reason", g.Cause, "count", len(g.Items), "remedy", "holdfast reopenings confirm|drop "+g.Cause)
	}
	return err
}

// causeNote is the cause in words.
func (r *Reconciler) causeNote(ctx context.Context, cause string) string {
	kind, id, _ := strings.Cut(cause, "/")
	switch kind {
	case "deployment":
		receipt, _ := strconv.ParseInt(id, 10, 64)
		if d, err := r.ledger.Deployment(ctx, receipt); err == nil {
			return fmt.Sprintf("deployment %s of %s to %s/%s", d.ID, policy.Short(d.SHA), d.Service, d.Environment)
		}
	case "config":
		return "a change of the configuration"
	case causeImport:
		return "the import of " + id
	case causeRebuild:
		return "the rebuild of " + id
	case "timer":
		return "timers that ran out at " + id
	}
	return "new facts at " + id
}

// Reopenings lists the groups that wait for an operator, with the items that
// would still be reopened.
func (r *Reconciler) Reopenings(ctx context.Context) ([]ledger.Group, error) {
	groups, err := r.ledger.Groups(ctx)
	if err != nil {
		return nil, err
	}
	var out []ledger.Group
	for _, g := range groups {
		if g.State != groupHeld {
			continue
		}
		states, err := r.ledger.States(ctx, g.Items)
		if err != nil {
			return nil, err
		}
		g.Items = nil
		for _, st := range states {
			if st.Verdict.Cause == g.Cause {
				g.Items = append(g.Items, st.Spec.ID)
			}
		}
		if len(g.Items) > 0 {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b ledger.Group) int { return a.OpenedAt.Compare(b.OpenedAt) })
	return out, nil
}

// DecideReopenings confirms or drops what waits for one cause.
func (r *Reconciler) DecideReopenings(ctx context.Context, cause string, confirm bool, by string) (ledger.Group, error) {
	g, err := r.ledger.Group(ctx, cause)
	if err != nil {
		return g, err
	}
	to, name, note := groupDropped, domain.ReopeningsDropped, "An operator dropped the reopenings of this cause; the ticket stays closed for it."
	if confirm {
		to, name, note = groupConfirmed, domain.ReopeningsFreed, "An operator confirmed the reopenings of this cause."
	}
	ok, err := r.ledger.SetGroup(ctx, cause, groupHeld, to, by)
	if err != nil {
		return g, err
	}
	if !ok {
		return g, ledger.ErrConflict
	}
	for _, id := range g.Items {
		e := domain.Entry{At: r.now().UTC(), Kind: domain.Fact, Name: name, Cause: by, Note: note, Brake: &domain.Brake{Cause: cause, Count: len(g.Items), By: by}}
		if err := r.ledger.Append(ctx, id, true, e); err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return g, err
		}
	}
	return r.ledger.Group(ctx, cause)
}
