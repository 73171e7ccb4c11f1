package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/trackers"
)

// missing reports whether the tracker says that there is no such thing.
func missing(err error) bool {
	c := trackers.ClassOf(err)
	return err != nil && (c == trackers.NotFound || c == trackers.Gone)
}

// elsewhere looks for a ticket that is not found where it was: where a delivery
// says that it went, and under the tracker's own id. If it is nowhere, the
// error is that of the first reading where its project can be read, so that it
// is surely gone, and else that of the project: trackers say "not found" of
// what they do not show us, too.
func (w *work) elsewhere(ctx context.Context, first error) (domain.Ticket, error) {
	if errors.Is(first, trackers.ErrConverted) {
		return domain.Ticket{}, first
	}
	if w.st.Ticket == nil {
		return domain.Ticket{}, first
	}
	for _, h := range slices.Backward(w.st.Hints) {
		to := h.Event.NewRef
		if to == "" || to == w.ref() || to.Tracker() != w.tracker.Name() {
			continue
		}
		if t, err := w.tracker.Ticket(ctx, to); err == nil || !missing(err) {
			return t, err
		}
	}
	if tracer, ok := w.tracker.(trackers.Tracer); ok && w.st.Ticket.NativeID != "" {
		t, err := tracer.Trace(ctx, w.st.Ticket.NativeID)
		if err == nil || !missing(err) && trackers.ClassOf(err) != trackers.Invalid {
			return t, err
		}
	}
	if err := w.r.reach(ctx, w.tracker.Name(), w.ref().Project()); err != nil {
		return domain.Ticket{}, err
	}
	return domain.Ticket{}, first
}

// lost records that the ticket is gone for good. Should it show again, it is
// read back like any other.
func (w *work) lost(ctx context.Context, err error) error {
	if w.st.Lost {
		return w.record(ctx, w.answered()...)
	}
	note := "The tracker no longer has the ticket."
	if errors.Is(err, trackers.ErrConverted) {
		note = "The ticket was converted to a discussion."
	}
	w.r.log.Warn("a ticket is lost", "item_id", w.id, "ticket", w.ref(), "err", err)
	return w.record(ctx, domain.Entry{Kind: domain.Fact, Name: domain.TicketLost, Note: note, Upto: w.st.Applied})
}

// answered drops the hints about a ticket that stays lost.
func (w *work) answered() []domain.Entry {
	if len(w.st.Hints) == 0 {
		return nil
	}
	return []domain.Entry{{Kind: domain.Fact, Name: domain.TicketLost, Note: "The tracker still does not have the ticket.", Upto: w.st.Applied}}
}

// moved follows a ticket to its new reference. The index goes first: if we
// crash here, the old reference leads to the new one again.
func (w *work) moved(ctx context.Context, t domain.Ticket) error {
	switch err := w.r.ledger.Bind(ctx, w.lease, w.id, t.Ref); {
	case errors.Is(err, ledger.ErrConflict):
		// Another item holds it already, which is nothing that trying again mends.
		return w.lost(ctx, fmt.Errorf("%s has become %s, which is the ticket of another item", w.ref(), t.Ref))
	case err != nil:
		return fmt.Errorf("following %s to %s: %w", w.st.Ticket.Ref, t.Ref, err)
	}
	if err := w.r.follow(ctx, t.Ref); err != nil {
		return err
	}
	return w.record(ctx, domain.Entry{Kind: domain.Fact, Name: domain.TicketMoved, Note: "The ticket has moved to " + string(t.Ref) + ".", Ticket: &t})
}
