package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
)

// stands reports whether an item can carry the duty of its duplicates: it has
// a ticket that is not itself closed as a duplicate, lost or withdrawn.
func stands(st domain.State) bool {
	switch {
	case st.Ticket == nil, st.Lost, st.Waiver != nil && st.Waiver.Withdrawn:
		return false
	}
	return !st.Ticket.Closed || st.Ticket.CloseReason != domain.Duplicate
}

// original finds the tracked item of which a ticket is a duplicate.
func (r *Reconciler) original(ctx context.Context, ref domain.Ref) (st domain.State, ok bool, err error) {
	if ref == "" {
		return st, false, nil
	}
	id, err := r.ledger.ItemByTicket(ctx, ref)
	if errors.Is(err, ledger.ErrNotFound) {
		return st, false, nil
	}
	if err == nil {
		st, err = r.load(ctx, id)
	}
	if err != nil {
		return st, false, fmt.Errorf("looking for the original %s: %w", ref, err)
	}
	return st, stands(st), nil
}

// passDuty gives the original of an accepted duplicate the services of both
// and the earlier due date.
func (w *work) passDuty(ctx context.Context) error {
	o, ok, err := w.r.original(ctx, w.st.Ticket.DuplicateOf)
	if err != nil || !ok || o.Spec.ID == w.id {
		return err
	}
	var entries []domain.Entry
	add := func(name domain.EntryName, spec domain.ItemSpec, note string) {
		entries = append(entries, domain.Entry{At: w.r.now().UTC(), Kind: domain.Fact, Name: name, Cause: "duplicate " + w.id, Spec: &spec, Note: note})
	}
	services := slices.Clone(o.Spec.Services)
	for _, s := range w.st.Spec.Services {
		if !slices.Contains(services, s) {
			services = append(services, s)
		}
	}
	if len(services) > len(o.Spec.Services) {
		add(domain.ServicesSet, domain.ItemSpec{Services: services}, "Its duplicate "+w.id+" needs these services too.")
	}
	if due := w.st.Spec.Due; due != "" && (o.Spec.Due == "" || due < o.Spec.Due) {
		add(domain.DueSet, domain.ItemSpec{Due: due}, "Its duplicate "+w.id+" is due earlier.")
	}
	if len(entries) == 0 {
		return nil
	}
	return w.r.ledger.Append(ctx, o.Spec.ID, true, entries...)
}

// tellDuplicates has the duplicates of an item looked at again that came to
// stand, or no longer stands, since it was saved last.
func (w *work) tellDuplicates(ctx context.Context) error {
	if w.st.Ticket == nil || stands(w.base) == stands(w.st) {
		return nil
	}
	var words []string
	for _, ref := range append(slices.Clone(w.st.PastRefs), w.st.Ticket.Ref) {
		words = append(words, wordDuplicate(ref))
	}
	ids, err := w.r.ledger.Watching(ctx, words)
	if err != nil {
		return err
	}
	return w.r.touch(ctx, ids)
}
