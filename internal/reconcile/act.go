package reconcile

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
)

// act carries out what was decided. again asks for another round, because the
// facts have changed; wait says when to look at an act that may not be done
// yet.
func (w *work) act(ctx context.Context, d policy.Decision) (again bool, wait time.Time, err error) {
	todo := w.plan(d)
	if len(todo) == 0 {
		return false, time.Time{}, nil
	}
	if held, err := w.withhold(ctx, todo); held || err != nil {
		return false, time.Time{}, err
	}
	if why := unheard(w.st, d.Reason); why != "" && d.Does(policy.ActReopen) {
		return false, time.Time{}, w.withheld(ctx, todo, why)
	}
	if d.Does(policy.ActReopen) && asked(w.st, d.Trigger == policy.OwnClose) {
		ok, wait, err := w.brake(ctx)
		if err != nil {
			return false, time.Time{}, err
		}
		if !ok {
			return false, wait, nil
		}
	}
	if err := w.intend(ctx, todo...); err != nil {
		return false, time.Time{}, err
	}
	for _, a := range todo {
		if _, no := w.st.Denied[domain.ActReopen]; no && a.Kind == domain.ActComment {
			a.Payload, a.Digest = render(w.notReopened(d))
		}
		if err := w.carryOut(ctx, d, a); err != nil {
			return false, time.Time{}, err
		}
	}
	return true, time.Time{}, nil
}

// plan turns the acts of a decision into actions, leaving out what is so
// already.
func (w *work) plan(d policy.Decision) []domain.Action {
	var todo []domain.Action
	add := func(kind domain.ActionKind, text *trackers.Text, key string, isNew bool) {
		a := domain.Action{ID: newID(), Kind: kind, Reason: string(d.Reason), Trigger: string(d.Trigger), Key: key, New: isNew}
		if text != nil {
			a.Payload, a.Digest = render(*text)
			// One that was refused is tried once more with a reopening or a close.
			_, refused := w.st.Denied[kind]
			written := !refused || !d.Does(policy.ActReopen) && !d.Does(policy.ActClose)
			if kind == domain.ActComment && !isNew && a.Digest == w.st.CommentDigest && written {
				return
			}
		}
		todo = append(todo, a)
	}
	for _, act := range d.Acts {
		switch act {
		case policy.ActLabel:
			add(domain.ActLabel, nil, "", false)
		case policy.ActUnlabel:
			add(domain.ActUnlabel, nil, "", false)
		case policy.ActReopen:
			add(domain.ActReopen, nil, "", false)
		case policy.ActClose:
			add(domain.ActClose, nil, "", false)
		case policy.ActSay, policy.ActSayNew:
			t := w.statement(d)
			add(domain.ActComment, &t, "", act == policy.ActSayNew)
		case policy.ActAsk:
			t := w.question(d)
			add(domain.ActAsk, &t, string(d.Reason), true)
		case policy.ActTell:
			t := w.escalation(d)
			add(domain.ActTell, &t, "", true)
		}
	}
	return todo
}

// withhold records what is not done while writing is paused, or where the
// team's policy does not enforce.
func (w *work) withhold(ctx context.Context, todo []domain.Action) (bool, error) {
	paused, by, _, err := w.r.ledger.Paused(ctx)
	if err != nil {
		return false, fmt.Errorf("asking whether writing is paused: %w", err)
	}
	var why string
	switch {
	case paused:
		why = "paused by " + by
	case !w.s.Settings(w.st.Spec.Team).Enforce:
		why = "enforce is false"
	default:
		return false, nil
	}
	return true, w.withheld(ctx, todo, why)
}

// withheld records once what is not done.
func (w *work) withheld(ctx context.Context, todo []domain.Action, why string) error {
	var kinds []string
	for _, a := range todo {
		kinds = append(kinds, string(a.Kind))
	}
	a := todo[0]
	a.Payload, a.Error = nil, why
	// Once for each thing that is withheld, not at every look.
	a.Digest = why + ": " + strings.Join(kinds, ", ") + " (" + a.Reason + ")"
	if w.st.Withheld == a.Digest {
		return nil
	}
	w.r.Stats.Withheld.Add(1)
	return w.record(ctx, domain.Entry{Kind: domain.Outcome, Name: domain.ActionWithheld, Note: "Not done, " + a.Digest + ".", Action: &a})
}

// held says why nothing is written now; empty: it is.
func (w *work) held(ctx context.Context) (string, error) {
	paused, by, _, err := w.r.ledger.Paused(ctx)
	switch {
	case err != nil:
		return "", fmt.Errorf("asking whether writing is paused: %w", err)
	case paused:
		return "paused by " + by, nil
	case !w.s.Settings(w.st.Spec.Team).Enforce:
		return "enforce is false", nil
	}
	return "", nil
}

func (w *work) intend(ctx context.Context, todo ...domain.Action) error {
	return w.record(ctx, w.intents(todo)...)
}

func (w *work) intents(todo []domain.Action) []domain.Entry {
	var entries []domain.Entry
	for _, a := range todo {
		a.At = w.r.now().UTC()
		entries = append(entries, domain.Entry{Kind: domain.Intended, Name: domain.ActionIntended, Note: "About to " + actWords(a) + ".", Action: &a})
	}
	return entries
}

// done and failed record an outcome; the intent is then closed.
func (w *work) done(ctx context.Context, a domain.Action, t *domain.Ticket) error {
	a.Payload, a.Ticket = nil, t
	if t != nil {
		a.Refused = append(a.Refused, t.Refused...)
	}
	if t != nil && a.At.IsZero() {
		a.At = t.UpdatedAt
	}
	if a.At.IsZero() {
		a.At = w.r.now().UTC()
	}
	w.count(a.Kind)
	return w.record(ctx, domain.Entry{Kind: domain.Outcome, Name: domain.ActionDone, Note: "Did " + actWords(a) + ".", Action: &a})
}

func (w *work) failed(ctx context.Context, a domain.Action, err error) error {
	a.Payload, a.Error, a.Class = nil, cut(err.Error(), 300), string(trackers.ClassOf(err))
	return w.record(ctx, domain.Entry{Kind: domain.Outcome, Name: domain.ActionFailed, Note: "Could not " + actWords(a) + ": " + a.Error, Action: &a})
}

func (w *work) count(kind domain.ActionKind) {
	s := &w.r.Stats
	switch kind {
	case domain.ActCreate:
		s.Filed.Add(1)
	case domain.ActReopen:
		s.Reopened.Add(1)
	case domain.ActClose:
		s.Closed.Add(1)
	case domain.ActLabel, domain.ActUnlabel:
		s.Labelled.Add(1)
	case domain.ActComment, domain.ActAsk, domain.ActReply, domain.ActTell:
		s.Commented.Add(1)
	}
}

// refusedForGood reports whether trying the same again cannot help by itself.
func refusedForGood(err error) bool {
	c := trackers.ClassOf(err)
	return c == trackers.Invalid || c == trackers.Denied && !signedOut(err)
}

// signedOut reports whether the tracker does not know our credential: it is
// expired or revoked. That says nothing about what we asked for, which waits.
func signedOut(err error) bool {
	const unauthorized = 401
	var te *trackers.Error
	return errors.As(err, &te) && te.Class == trackers.Denied && te.Status == unauthorized
}

// carryOut does one action and records its outcome. An error leaves the
// intent open, and whoever claims the item next resolves it.
func (w *work) carryOut(ctx context.Context, d policy.Decision, a domain.Action) error {
	switch a.Kind {
	case domain.ActReopen, domain.ActClose, domain.ActLabel, domain.ActUnlabel:
		e := w.edit(a.Kind)
		t, err := w.tracker.Edit(ctx, *w.st.Ticket, e)
		if trackers.ClassOf(err) == trackers.Invalid && e.State != "" {
			// The label may be what is refused; the state is what matters.
			bare := trackers.Edit{State: e.State, CloseReason: e.CloseReason}
			var again error
			if t, again = w.tracker.Edit(ctx, *w.st.Ticket, bare); again == nil {
				a.Refused = append(a.Refused, "labels: "+cut(err.Error(), 200))
				err = nil
			}
		}
		if err == nil {
			return w.done(ctx, a, &t)
		}
		if !refusedForGood(err) {
			return fmt.Errorf("%s: %w", actWords(a), err)
		}
		w.r.Stats.Refused.Add(1)
		w.r.log.Warn("the tracker refused", "item_id", w.id, "ticket", w.ref(), "action", a.Kind, "err", err)
		if err := w.failed(ctx, a, err); err != nil {
			return err
		}
		if a.Kind == domain.ActReopen {
			return w.labelInstead(ctx)
		}
		return nil
	case domain.ActComment, domain.ActAsk, domain.ActReply, domain.ActTell:
		return w.write(ctx, a, false)
	}
	return w.failed(ctx, a, errors.New("nothing to carry out"))
}

// labelInstead marks a ticket that the tracker does not let us reopen.
func (w *work) labelInstead(ctx context.Context) error {
	if w.st.Awaiting {
		return nil
	}
	a := domain.Action{ID: newID(), Kind: domain.ActLabel, Reason: "reopening refused"}
	if err := w.intend(ctx, a); err != nil {
		return err
	}
	t, err := w.tracker.Edit(ctx, *w.st.Ticket, w.edit(a.Kind))
	if err == nil {
		return w.done(ctx, a, &t)
	}
	if refusedForGood(err) {
		return w.failed(ctx, a, err)
	}
	return err
}

// edit is the one call that an action on the ticket's state needs.
func (w *work) edit(kind domain.ActionKind) trackers.Edit {
	await := []string{w.s.Labels.Awaiting}
	switch kind {
	case domain.ActReopen:
		return trackers.Edit{State: trackers.StateOpen, AddLabels: await}
	case domain.ActClose:
		return trackers.Edit{State: trackers.StateClosed, CloseReason: domain.Completed, RemoveLabels: await}
	case domain.ActLabel:
		return trackers.Edit{AddLabels: await}
	}
	return trackers.Edit{RemoveLabels: await}
}

// write puts a text on the ticket: the one comment is edited where there is
// one, all else is new. With search it first looks for what an earlier
// attempt may have written.
func (w *work) write(ctx context.Context, a domain.Action, search bool) error {
	var text trackers.Text
	if err := json.Unmarshal(a.Payload, &text); err != nil {
		return w.failed(ctx, a, fmt.Errorf("reading the text of the intent: %w", err))
	}
	if a.Kind == domain.ActComment && !a.New && w.st.Comment != "" {
		err := w.tracker.EditComment(ctx, w.ref(), w.st.Comment, text)
		switch c := trackers.ClassOf(err); {
		case err == nil:
			a.Comment = w.st.Comment
			return w.done(ctx, a, nil)
		case c != trackers.NotFound && c != trackers.Gone:
			return w.writeFailed(ctx, a, err)
		} // a person deleted it: write it anew
	}
	if search {
		c, found, err := w.tracker.FindComment(ctx, w.ref(), text, a.At.Add(-clockSlack))
		if c := trackers.ClassOf(err); c == trackers.NotFound || c == trackers.Gone {
			return w.writeFailed(ctx, a, err)
		}
		if err != nil {
			// It may stand there. An outcome that says it does not would have it
			// written twice, so the intent stays open until we may look.
			return fmt.Errorf("looking for what was written, to %s: %w", actWords(a), err)
		}
		if found && !slices.Contains(w.st.OurComments, c.ID) {
			a.Comment = c.ID
			return w.done(ctx, a, nil)
		}
	}
	c, err := w.tracker.AddComment(ctx, w.ref(), text)
	if err != nil {
		return w.writeFailed(ctx, a, err)
	}
	a.Comment = c.ID
	return w.done(ctx, a, nil)
}

func (w *work) writeFailed(ctx context.Context, a domain.Action, err error) error {
	if c := trackers.ClassOf(err); refusedForGood(err) || c == trackers.NotFound || c == trackers.Gone {
		w.r.Stats.Refused.Add(1)
		return w.failed(ctx, a, err)
	}
	return fmt.Errorf("%s: %w", actWords(a), err)
}

// resume resolves intents that an earlier claim left without an outcome: its
// process died, or the tracker's answer got lost.
func (w *work) resume(ctx context.Context) error {
	undone := false
	for _, a := range slices.Clone(w.st.Open) {
		if undone && a.Kind == domain.ActComment {
			// It was to follow a reopening or close that did not happen, and is
			// written when that does: now, it would be there twice.
			if err := w.failed(ctx, a, errInterrupted); err != nil {
				return err
			}
			continue
		}
		if err := w.resumeOne(ctx, a); err != nil {
			return err
		}
		if a.Kind == domain.ActReopen || a.Kind == domain.ActClose {
			undone = w.st.Ticket != nil && w.st.Ticket.Closed != (a.Kind == domain.ActClose)
		}
	}
	return nil
}

var errInterrupted = &trackers.Error{Op: "resume", Class: trackers.Transient, Err: errors.New("interrupted before it took effect")}

func (w *work) resumeOne(ctx context.Context, a domain.Action) error {
	switch a.Kind {
	case domain.ActReopen, domain.ActClose, domain.ActLabel, domain.ActUnlabel:
		t, err := w.tracker.Ticket(ctx, w.ref())
		if c := trackers.ClassOf(err); err != nil && c != trackers.NotFound && c != trackers.Gone {
			return fmt.Errorf("resuming to %s: %w", actWords(a), err)
		}
		if err == nil && !w.tookEffect(a.Kind, t) {
			if at, told := w.told(a); told {
				return w.doneAndUndone(ctx, a, at)
			}
		}
		if err != nil || !w.tookEffect(a.Kind, t) {
			return w.failed(ctx, a, errInterrupted)
		}
		a.At = w.effectTime(a, t)
		if a.Kind == domain.ActReopen || a.Kind == domain.ActClose {
			// A tracker may take more than one call for it, and only the first
			// may have been made: asked again, it does what is missing.
			whole, err := w.tracker.Edit(ctx, t, w.edit(a.Kind))
			switch {
			case err == nil:
				t = whole
			case !refusedForGood(err):
				return fmt.Errorf("resuming to %s: %w", actWords(a), err)
			}
		}
		return w.done(ctx, a, &t)
	case domain.ActComment, domain.ActAsk, domain.ActReply, domain.ActTell:
		return w.write(ctx, a, true)
	case domain.ActReact:
		return w.react(ctx, a, true)
	}
	return w.failed(ctx, a, errInterrupted)
}

func (w *work) tookEffect(kind domain.ActionKind, t domain.Ticket) bool {
	has := slices.ContainsFunc(t.Labels, func(l string) bool { return strings.EqualFold(l, w.s.Labels.Awaiting) })
	switch kind {
	case domain.ActReopen:
		return !t.Closed
	case domain.ActClose:
		return t.Closed
	case domain.ActLabel:
		return has
	}
	return !has
}

// doneAndUndone records an action that took effect and that somebody undid
// before it could be recorded. What they did is news of its own, and is read
// back after this.
func (w *work) doneAndUndone(ctx context.Context, a domain.Action, at time.Time) error {
	then := *w.st.Ticket
	then.Closed, then.CloseReason, then.ClosedAt, then.UpdatedAt = false, "", time.Time{}, at
	if a.Kind == domain.ActClose {
		then.Closed, then.CloseReason, then.ClosedAt = true, domain.Completed, at
	}
	a.At = at
	return w.done(ctx, a, &then)
}

// told finds the delivery that echoes an action that we have no answer of.
func (w *work) told(a domain.Action) (at time.Time, ok bool) {
	word, ok := map[domain.ActionKind]string{domain.ActReopen: "reopened", domain.ActClose: "closed"}[a.Kind]
	for _, h := range w.st.Hints {
		if ok && h.Event.Action == word && !h.Event.At.Before(a.At.Add(-echoSlack)) {
			return h.Event.At, true
		}
	}
	return time.Time{}, false
}

// effectTime is the tracker's time of an action that we have no answer of:
// the delivery that echoes it tells, else the last update.
func (w *work) effectTime(a domain.Action, t domain.Ticket) time.Time {
	if at, ok := w.told(a); ok {
		return at
	}
	return t.UpdatedAt
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return hex.EncodeToString(b[:])
}

func render(t trackers.Text) (json.RawMessage, string) {
	b, err := json.Marshal(t)
	if err != nil {
		panic(err) // a struct of strings
	}
	return b, digestOf(string(b))
}

// digestOf is a short digest by which the same text is recognised.
func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

func actWords(a domain.Action) string {
	words := map[domain.ActionKind]string{
		domain.ActCreate: "file the ticket", domain.ActLabel: "put the label on", domain.ActUnlabel: "take the label off", domain.ActReopen: "reopen the ticket",
		domain.ActClose: "close the ticket", domain.ActComment: "write the comment", domain.ActAsk: "ask on the ticket", domain.ActReply: "answer a command",
		domain.ActReact: "acknowledge a command", domain.ActUpdate: "update the ticket", domain.ActTell: "tell the lead",
	}
	if a.Reason != "" {
		return words[a.Kind] + " (" + a.Reason + ")"
	}
	return words[a.Kind]
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
