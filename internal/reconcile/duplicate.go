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

// tellDuplicates has the duplicates of an item that no longer stands looked
// at again. It happens seldom enough to walk over all items.
func (r *Reconciler) tellDuplicates(ctx context.Context, st domain.State) error {
	if st.Ticket == nil {
		return nil
	}
	refs := append(slices.Clone(st.PastRefs), st.Ticket.Ref)
	var ids []string
	err := r.each(ctx, func(d domain.State) error {
		if d.Ticket != nil && d.Ticket.Closed && slices.Contains(refs, d.Ticket.DuplicateOf) {
			ids = append(ids, d.Spec.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.touch(ctx, ids)
}
