package reconcile

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
)

// The first lines by which our own texts are known on a tracker that hides no
// markers.
var (
	statements = []string{"Not in production yet.", "Not in production any more: it was rolled back.", "Not in production any more: it was reverted.", "The waiver has ended.",
		"Closed without a fix, and without a waiver.", "Only partly in production.", "In production, but not for long enough yet.", "Cannot be told to be in production.", "Accepted without a deployment.", "In production."}
	question   = "A question before this can be judged."
	escalation = regexp.MustCompile(`^Reopened \d+ times\.$`)
)

// maxRecalled bounds the reopenings that are read from a ticket's past.
const maxRecalled = 50

// recall reads the past of a ticket that a rebuild found: the one comment, who
// reopened it, what people commanded, and since when it is closed.
func (w *work) recall(ctx context.Context) error {
	var past trackers.Past
	if t, ok := w.tracker.(trackers.Rebuilder); ok {
		var err error
		past, err = t.Past(ctx, w.ref())
		if c := trackers.ClassOf(err); err != nil && c != trackers.NotFound && c != trackers.Gone {
			return fmt.Errorf("reading the past of %s: %w", w.ref(), err)
		}
	}
	if err := w.record(ctx, remembered(w.s, w.st, past, w.rules())...); err != nil {
		return err
	}
	return w.commands(ctx)
}

// remembered gives the entries that follow from a ticket's past, as if they had
// been recorded then. It is pure.
func remembered(s *Setup, st domain.State, past trackers.Past, rules policy.Rules) []domain.Entry {
	var out []domain.Entry
	t := *st.Ticket
	did := func(at time.Time, a domain.Action) {
		a.ID, a.At = newID(), at
		out = append(out, domain.Entry{At: at, Kind: domain.Outcome, Name: domain.ActionDone, Cause: st.RestoredBy, Note: "Found on the ticket: " + actWords(a) + ".", Action: &a})
	}
	fact := func(e domain.Entry) {
		e.Kind, e.Cause = domain.Fact, st.RestoredBy
		out = append(out, e)
	}
	awaiting := slices.ContainsFunc(t.Labels, func(l string) bool { return strings.EqualFold(l, s.Labels.Awaiting) })
	var the *trackers.Said
	for i := range past.Comments {
		if c := &past.Comments[i]; c.Own && isStatement(c.Body) {
			the = c
		}
	}
	for _, r := range past.Reopenings[max(0, len(past.Reopenings)-maxRecalled):] {
		if r.Own {
			did(r.At, domain.Action{Kind: domain.ActReopen})
			continue
		}
		fact(domain.Entry{At: r.At, Name: domain.PersonReopened, Note: "Found on the ticket: a person reopened it.", Event: &domain.Event{Ticket: t.Ref, At: r.At, Actor: r.By}})
	}
	if !past.Told && !t.Closed && awaiting && the != nil {
		// Nobody tells who reopened it. Open, with the label and our comment, is
		// what we leave behind.
		did(the.CreatedAt, domain.Action{Kind: domain.ActReopen})
	}
	kind := domain.ActUnlabel
	if awaiting {
		kind = domain.ActLabel
	}
	did(st.RebuiltAt, domain.Action{Kind: kind})
	if the != nil {
		did(the.CreatedAt, domain.Action{Kind: domain.ActComment, Comment: the.ID})
	}
	for _, c := range past.Comments {
		switch first := lead1(c.Body); {
		case c.Own && first == question:
			reason := policy.ProbableEquivalent
			if strings.Contains(c.Body, "touches no configured service") {
				reason = policy.NoServiceConcerned
			}
			did(c.CreatedAt, domain.Action{Kind: domain.ActAsk, Key: string(reason), Comment: c.ID})
		case c.Own && escalation.MatchString(first):
			did(c.CreatedAt, domain.Action{Kind: domain.ActTell, Comment: c.ID})
		case claims.HasCommand(c.Body) && !strings.Contains(c.Body, "<!-- holdfast:"):
			fact(domain.Entry{At: c.CreatedAt, Name: domain.CommentSeen, Note: "Found on the ticket: a command.",
				Event: &domain.Event{Kind: domain.EventComment, Ticket: t.Ref, Comment: c.ID, Command: true, Actor: c.Author, At: c.CreatedAt}})
		}
	}
	if t.Closed {
		at := t.ClosedAt
		if at.IsZero() {
			at = t.UpdatedAt
		}
		fact(domain.Entry{At: st.RebuiltAt, Name: domain.TicketClosed, Note: "Found closed.", Event: &domain.Event{Ticket: t.Ref, At: at}})
		if !awaiting && rules.Watch > 0 && st.RebuiltAt.After(at.Add(rules.Watch)) {
			fact(domain.Entry{At: st.RebuiltAt, Name: domain.Settled, Note: "It was closed longer ago than accepted items are watched, and does not wait for anything: it is final until somebody opens it."})
		}
	}
	fact(domain.Entry{At: st.RebuiltAt, Name: domain.Recalled, Note: "The ticket's past was read."})
	return out
}

// isStatement reports whether a text of our own is the one comment.
func isStatement(body string) bool {
	return strings.Contains(body, "<!-- "+markComment+" -->") || !strings.Contains(body, "<!-- holdfast:") && slices.Contains(statements, lead1(body))
}

// lead1 is the first line of a text of ours, without the signs that make it
// bold.
func lead1(body string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(body), "\n")
	return strings.Trim(strings.TrimSpace(first), "*")
}

// past is when a command was given that a rebuild found; zero: it is given now.
func (w *work) past(c trackers.Comment) time.Time {
	if w.st.RebuiltAt.IsZero() || !c.CreatedAt.Before(w.st.RebuiltAt) {
		return time.Time{}
	}
	return c.CreatedAt
}

// settleTime is how long a rebuild waits for what is to be read again. What is
// missing then is told, and an operator decides about every reopening.
const settleTime = 15 * time.Minute

// rebuilt judges the items of a rebuild, once everything is there.
func (r *Reconciler) rebuilt(ctx context.Context, id string) (time.Time, error) {
	cause := causeRebuild + "/" + id
	began, err := time.Parse(time.RFC3339, id)
	if err != nil {
		return time.Time{}, nil //nolint:nilerr // no subject of ours
	}
	missing, err := r.unread(ctx, cause, began)
	if err != nil {
		return time.Time{}, err
	}
	if missing != "" && r.now().Before(began.Add(settleTime)) {
		return r.now().Add(time.Second), nil
	}
	if err := r.judgeRestored(ctx, cause, missing != ""); err != nil {
		return time.Time{}, err
	}
	if missing != "" {
		r.log.Error("a rebuild could not read everything; its reopenings wait for an operator", "reason", cause, "missing", missing, "remedy", "holdfast doctor; holdfast reopenings")
	}
	return time.Time{}, nil
}

// unread says what of a rebuild is not there yet; empty: it is complete.
func (r *Reconciler) unread(ctx context.Context, cause string, began time.Time) (string, error) {
	if recalled, err := r.recalled(ctx, cause); err != nil || !recalled {
		return "the past of some tickets", err
	}
	s := r.Setup()
	for name := range s.Trackers {
		for _, p := range s.parts(name, nil) {
			if p.kind == partCensus || p.kind == partHooks {
				continue
			}
			if m, err := r.mark(ctx, p); err != nil || m.Done.IsZero() || m.More || m.Done.Before(began) {
				return p.id(), err
			}
		}
	}
	waiting, err := r.ledger.Waiting(ctx, "claims/", "deployment/", "repo/")
	if err != nil || waiting != "" {
		return waiting, err
	}
	return "", nil
}

// recalled reports whether every item of the rebuild has read its ticket's
// past.
func (r *Reconciler) recalled(ctx context.Context, cause string) (bool, error) {
	var ids []string
	if err := r.each(ctx, func(st domain.State) error { ids = append(ids, st.Spec.ID); return nil }); err != nil {
		return false, err
	}
	for chunk := range slices.Chunk(ids, loadedAtOnce) {
		loaded, err := r.ledger.LoadAll(ctx, chunk)
		if err != nil {
			return false, err
		}
		for _, l := range loaded {
			if st := Fold(l.Snapshot, l.Tail); l.Err != nil || st.RestoredBy == cause && st.Recall {
				return false, l.Err
			}
		}
	}
	return true, nil
}
