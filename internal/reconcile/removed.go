package reconcile

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

const (
	markRemoved = "holdfast:removed"
	// toldRemoved is the key of the comment among the things said once.
	toldRemoved = "removed"
)

// tellRemoved says on the ticket that the postmortem no longer names its item:
// once ever, however often the item comes and goes, and only while somebody
// may still work on it. Nothing is closed by this.
func (w *work) tellRemoved(ctx context.Context) error {
	st := w.st
	if !st.Removed || st.Asked[toldRemoved] || st.Ticket == nil || st.Lost || st.Ticket.Closed && (st.Final || !st.AcceptedAt.IsZero()) {
		return nil
	}
	t := trackers.Text{Marker: markRemoved, Lead: "The postmortem no longer names this action item.",
		Lines: []string{
			"It was taken out of " + code(st.Spec.Postmortem) + ". This ticket stays as it is, and so does the rule: it is done when its fix runs in production.",
			"If it is not to be done any more, an approver says so; if it was taken out by mistake, put it back and nothing is lost.",
		},
		WaysOut: []string{"/holdfast withdraw <reason>", "/holdfast waive <duration> <reason>"}}
	return w.remark(ctx, toldRemoved, "removed_from_document", t)
}

// remark writes a comment of its own on the ticket. The key is kept, so that
// the caller can tell that it was written before.
func (w *work) remark(ctx context.Context, key, reason string, t trackers.Text) error {
	a := domain.Action{ID: newID(), Kind: domain.ActAsk, Key: key, Reason: reason, New: true}
	a.Payload, a.Digest = render(t)
	if held, err := w.withhold(ctx, []domain.Action{a}); held || err != nil {
		return err
	}
	if err := w.intend(ctx, a); err != nil {
		return err
	}
	return w.write(ctx, a, false)
}
