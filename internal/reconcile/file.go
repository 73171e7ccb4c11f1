package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/trackers"
)

// A creation whose answer got lost is looked for before it is repeated, and
// not repeated before the tracker had time to finish and to show it. GitHub's
// lists follow writes at once; Jira's search lags.
const (
	lookAfter        = 2 * time.Second
	giveUpGitHub     = 30 * time.Second
	giveUpAnswered   = 4 * time.Second
	giveUpJira       = 90 * time.Second
	lookAgainAfter   = 10 * time.Second
	clockSlack       = 15 * time.Minute // the tracker's clock may be behind ours
	labelNeedService = "needs-service"
)

// file makes the item's ticket, once. It returns when to come back if there
// is no ticket yet.
func (w *work) file(ctx context.Context) (time.Time, error) {
	now := w.r.now()
	if paused, _, _, err := w.r.ledger.Paused(ctx); paused || err != nil {
		return time.Time{}, err
	}
	if w.st.Spec.AdoptRef != "" {
		if err := w.adopt(ctx); err != nil || w.st.Ticket != nil || w.st.Lost {
			return time.Time{}, err
		}
		var ok bool // the new ticket may belong to another tracker
		if w.tracker, ok = w.s.Tracker(w.st.Spec.Target); !ok {
			return time.Time{}, fmt.Errorf("item %s: no tracker is configured for %s", w.id, w.st.Spec.Target)
		}
	}
	_, target, _ := strings.Cut(w.st.Spec.Target, ":")
	mark := w.s.Mark(w.id)
	if i := slices.IndexFunc(w.st.Open, func(a domain.Action) bool { return a.Kind == domain.ActCreate }); i >= 0 {
		a := w.st.Open[i]
		if at := a.At.Add(lookAfter); now.Before(at) {
			return at, nil
		}
		t, found, err := w.tracker.Find(ctx, target, mark, a.At.Add(-clockSlack))
		if err != nil {
			return time.Time{}, fmt.Errorf("looking for the ticket of %s: %w", w.id, err)
		}
		if found {
			return time.Time{}, w.filed(ctx, a, t, nil)
		}
		giveUp := a.At.Add(giveUpGitHub)
		switch {
		case w.tracker.Kind() == "jira":
			giveUp = a.At.Add(giveUpJira)
		case w.r.answered(a.ID):
			// The tracker has answered: nothing is under way any more.
			giveUp = a.At.Add(giveUpAnswered)
		}
		if now.Before(giveUp) {
			return earliest(now.Add(lookAgainAfter), giveUp), nil
		}
		if err := w.failed(ctx, a, errInterrupted); err != nil {
			return time.Time{}, err
		}
	}
	if wait := w.r.pace.take(w.tracker.Name(), now); wait > 0 {
		return now.Add(wait), nil
	}
	if found, err := w.foundAgain(ctx, target, mark); found || err != nil {
		return time.Time{}, err
	}
	a := domain.Action{ID: newID(), Kind: domain.ActCreate, Key: w.st.Spec.Target}
	if err := w.intend(ctx, a); err != nil {
		return time.Time{}, err
	}
	made, err := w.tracker.Create(ctx, w.draft(target, mark))
	switch c := trackers.ClassOf(err); {
	case err == nil:
		return time.Time{}, w.filed(ctx, a, made.Ticket, made.Refused)
	case c == trackers.Uncertain || c == trackers.Transient:
		// It may exist: the open intent says so to whoever comes next.
		w.r.noteAnswer(a.ID, err)
		w.r.log.Info("a creation whose outcome is not known will be looked for", "item_id", w.id, "err", err)
		return now.Add(lookAfter), nil
	default:
		if ferr := w.failed(ctx, a, err); ferr != nil {
			return time.Time{}, ferr
		}
		return time.Time{}, fmt.Errorf("filing the ticket of %s: %w", w.id, err)
	}
}

// foundAgain looks for the item's ticket before its first creation, where the
// store was emptied not long ago: the document may have been filed before that.
// The ticket is taken as one that is adopted.
func (w *work) foundAgain(ctx context.Context, target string, mark trackers.Marker) (bool, error) {
	emptied, err := w.r.ledger.Emptied(ctx)
	if err != nil || !emptied {
		return false, err
	}
	t, found, err := w.tracker.Find(ctx, target, mark, time.Time{})
	if err != nil {
		return false, fmt.Errorf("looking for an earlier ticket of %s: %w", w.id, err)
	}
	if !found {
		return false, nil
	}
	w.r.log.Info("the ticket of an item was there already", "item_id", w.id, "ticket", t.Ref)
	return true, w.filed(ctx, domain.Action{ID: newID(), Kind: domain.ActCreate, Key: adopted}, t, nil)
}

// noteAnswer remembers that the tracker answered a creation with an error of
// its own, so that nothing is still on its way. It is forgotten at a restart,
// which then waits as after a lost answer.
func (r *Reconciler) noteAnswer(intent string, err error) {
	var te *trackers.Error
	if !errors.As(err, &te) || te.Status != 500 && te.Status != 503 { // a gateway may have given up before the tracker has
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.answers) >= maxAnswers {
		clear(r.answers)
	}
	r.answers[intent] = true
}

func (r *Reconciler) answered(intent string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answers[intent]
}

// maxAnswers bounds what is remembered of creations that failed.
const maxAnswers = 10_000

// filed ties the ticket to the item. The index goes first: if we crash before
// the outcome is recorded, the open intent leads to the same ticket again.
func (w *work) filed(ctx context.Context, a domain.Action, t domain.Ticket, refused []string) error {
	if err := w.r.ledger.Bind(ctx, w.lease, w.id, t.Ref); err != nil {
		return fmt.Errorf("tying %s to %s: %w", t.Ref, w.id, err)
	}
	if err := w.reload(ctx); err != nil {
		return err
	}
	a.Refused = refused
	w.fresh = true
	if err := w.done(ctx, a, &t); err != nil {
		return err
	}
	w.r.log.Info("filed", "item_id", w.id, "ticket", t.Ref)
	return nil
}

// adopted is the key of a creation that took a ticket which existed.
const adopted = "adopted"

// adopt takes a ticket that exists already. One that is closed stays so. What
// cannot be adopted gets a ticket of its own.
func (w *work) adopt(ctx context.Context) error {
	ref := w.st.Spec.AdoptRef
	a := domain.Action{ID: newID(), Kind: domain.ActCreate, Key: adopted}
	t, err := w.tracker.Ticket(ctx, ref)
	if err == nil {
		if err = w.filed(ctx, a, t, nil); err == nil {
			// What was merged for it before is not known yet.
			return w.r.relearnAt(ctx, w.r.now().Add(relearnAfter))
		}
	}
	switch c := trackers.ClassOf(err); {
	case errors.Is(err, ledger.ErrConflict), c == trackers.NotFound, c == trackers.Gone, c == trackers.Invalid:
		if w.st.Spec.Adoption {
			w.r.log.Info("a ticket is not adopted", "item_id", w.id, "ticket", ref, "err", err)
			return w.record(ctx, domain.Entry{Kind: domain.Fact, Name: domain.TicketLost, Note: "The ticket cannot be adopted: " + cut(err.Error(), 300)})
		}
		w.r.log.Warn("a ticket that a document names cannot be adopted; a new one is filed", "item_id", w.id, "ticket", ref, "err", err)
		return w.failed(ctx, a, fmt.Errorf("adopting %s: %w", ref, err))
	}
	return fmt.Errorf("adopting %s for %s: %w", ref, w.id, err)
}

// draft is the ticket as it is to be made.
func (w *work) draft(target string, mark trackers.Marker) trackers.Draft {
	spec := w.st.Spec
	seen, links := seenBefore(spec)
	return trackers.Draft{
		Target: target, Title: spec.Title, Labels: labels(w.s, spec), Assignee: w.s.assignee(spec, w.tracker.Kind()), Priority: spec.Priority, Due: spec.Due, Marker: mark,
		Body: trackers.Body{
			Text: spec.Text,
			Table: append([][2]string{
				{"Postmortem", strings.TrimSpace(spec.PMTitle + " (" + spec.Postmortem + ")")}, {"Document", spec.Source}, {"Incident date", spec.IncidentDate},
				{"Priority", string(spec.Priority)}, {"Type", typeWords(spec)}, {"Owner", spec.Owner}, {"Due", spec.Due}, {"Services", strings.Join(spec.Services, ", ")},
			}, seen...),
			Links: links,
			Close: closing(spec),
		},
	}
}

// closing says how the ticket is closed.
func closing(spec domain.ItemSpec) []string {
	lines := []string{"This ticket is closed when its fix runs in production. Claim it in the pull request (a closing keyword with this ticket, or `Refs`); closed earlier, it is reopened and closes itself when the fix ships."}
	if spec.NeedsService {
		lines = append(lines, "The postmortem names a service that is not configured. Say which one is meant: `/holdfast service NAME` in a comment.")
	}
	return append(lines, "Work without code: `/holdfast attest URL`. Not to be done: `/holdfast waive DURATION REASON` by an approver.")
}

func typeWords(spec domain.ItemSpec) string {
	if spec.TypeWritten != "" && !strings.EqualFold(spec.TypeWritten, string(spec.Type)) {
		return fmt.Sprintf("%s (%s)", spec.Type, spec.TypeWritten)
	}
	return string(spec.Type)
}

// labels of a ticket; the document's own word for the type is kept where it
// differs.
func labels(s *Setup, spec domain.ItemSpec) []string {
	out := []string{string(spec.Priority), string(spec.Type), s.Labels.Postmortem}
	if word := strings.ToLower(strings.Join(strings.Fields(spec.TypeWritten), "-")); word != "" && word != string(spec.Type) {
		out = append(out, "type:"+word)
	}
	if spec.NeedsService {
		out = append(out, labelNeedService)
	}
	return out
}

// update writes to the ticket what the document or a command changed, save
// the fields that a person changed on the ticket itself.
func (w *work) update(ctx context.Context) error {
	if !w.st.UpdateOwed || w.st.Ticket == nil || w.st.Lost {
		return nil
	}
	if !w.fresh {
		if err := w.read(ctx); err != nil || w.st.Lost {
			return err
		}
	}
	t, spec := w.st.Ticket, w.st.Spec
	e := trackers.Edit{}
	// On a ticket that was there first nothing is changed until somebody gives
	// a command on it.
	bare := spec.Adoption && len(w.st.Commands) == 0
	if spec.Title != t.Title && !w.st.PersonFields["title"] && !w.st.Adopted {
		e.Title = &spec.Title
	}
	if who := w.s.assignee(spec, w.tracker.Kind()); who != "" && !bare && !w.st.PersonFields["owner"] && !slices.Contains(t.Assignees, who) {
		e.Assignee = &who
	}
	if spec.Due != "" && !bare && !w.st.PersonFields["due"] && t.Due != spec.Due && w.tracker.Kind() == "jira" {
		e.Due = &spec.Due
	}
	want := labels(w.s, spec)
	if bare {
		want = slices.DeleteFunc(want, func(l string) bool { return l != labelNeedService })
	}
	for _, l := range want {
		if !slices.ContainsFunc(t.Labels, func(x string) bool { return strings.EqualFold(x, l) }) {
			e.AddLabels = append(e.AddLabels, l)
		}
	}
	for _, l := range t.Labels {
		ours := domain.Priority(l).Valid() || domain.Type(l).Valid() || strings.HasPrefix(l, "type:") || l == labelNeedService
		if ours && !bare && !slices.Contains(want, l) {
			e.RemoveLabels = append(e.RemoveLabels, l)
		}
	}
	if slices.ContainsFunc(e.AddLabels, func(l string) bool { return domain.Priority(l).Valid() }) {
		e.Priority = spec.Priority
	}
	a := domain.Action{ID: newID(), Kind: domain.ActUpdate}
	if e.Title == nil && e.Assignee == nil && e.Due == nil && len(e.AddLabels)+len(e.RemoveLabels) == 0 {
		return w.record(ctx, domain.Entry{Kind: domain.Outcome, Name: domain.ActionDone, Note: "The ticket shows it already.", Action: &a})
	}
	if held, err := w.withhold(ctx, []domain.Action{a}); held || err != nil {
		return err
	}
	if err := w.intend(ctx, a); err != nil {
		return err
	}
	after, err := w.tracker.Edit(ctx, *t, e)
	if trackers.ClassOf(err) == trackers.Invalid && e.Assignee != nil {
		// Who cannot be assigned must not cost the other fields.
		a.Refused = append(a.Refused, "assignee: "+err.Error())
		e.Assignee = nil
		after, err = w.tracker.Edit(ctx, *t, e)
	}
	if err == nil {
		return w.done(ctx, a, &after)
	}
	if !refusedForGood(err) {
		return fmt.Errorf("updating %s: %w", w.ref(), err)
	}
	w.r.Stats.Refused.Add(1)
	a.Error = err.Error()
	return w.done(ctx, a, nil) // said once; the same again would be refused again
}
