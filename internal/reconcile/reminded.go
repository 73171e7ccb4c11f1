package reconcile

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/trackers"
)

const (
	markDue = "holdfast:due"
	// remindWithin is how long after the working hours that it was meant for a
	// reminder may still be written.
	remindWithin = 8 * time.Hour
)

// tellDue reminds the owner of the due day, in a comment that mentions them:
// once before it and once after it. An edit would tell nobody, so each is a
// comment of its own. One that could not be written on its day is left out.
func (w *work) tellDue(ctx context.Context) error {
	key, lead := w.reminder()
	if key != "" && !w.fresh { // it may be closed, or somebody else's, by now
		if err := w.read(ctx); err != nil {
			return err
		}
		key, lead = w.reminder()
	}
	if key == "" {
		return nil
	}
	t := trackers.Text{Marker: markDue, Mention: w.owner(), Lead: lead,
		Lines:   []string{"This item is done when its fix runs in production. If that will be later, say when, and why."},
		WaysOut: []string{"/holdfast due YYYY-MM-DD REASON", "/holdfast fixed-by SHA, #NUMBER or the pull request's address"}}
	return w.remark(ctx, key, "reminder", t)
}

// reminder is what the owner is to be told now; an empty key: nothing.
func (w *work) reminder() (key, lead string) {
	st := w.st
	if st.Remind == "" || st.Remind != st.Spec.Due || st.Ticket == nil || st.Lost || st.Ticket.Closed || w.r.now().Sub(st.RemindAt) > remindWithin {
		return "", ""
	}
	key, lead = "due_soon "+st.Remind, "Due on "+st.Remind+"."
	if w.s.Overdue(st.Spec, st.RemindAt) {
		key, lead = "due_over "+st.Remind, "Was due on "+st.Remind+"."
	}
	if st.Asked[key] {
		return "", ""
	}
	return key, lead
}

// owner is the login or account id of who works on the item: the assignee, who
// may not be whom the document named, else its owner.
func (w *work) owner() string {
	if a := w.st.Ticket.Assignees; len(a) > 0 {
		return a[0]
	}
	return w.s.assignee(w.st.Spec, w.tracker.Kind())
}
