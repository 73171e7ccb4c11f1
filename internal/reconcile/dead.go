package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/history"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/trackers"
)

const (
	// buryAfter is how many attempts in a row make a dead letter of a subject.
	buryAfter = 4
	// A dead subject is tried on, for what heals by itself: after lateAfter
	// attempts only once an hour, and ever more seldom.
	lateAfter = 12
	deadFirst = time.Hour
	deadMax   = 24 * time.Hour
)

// passes reports whether an error goes away by itself when what is away comes
// back: a tracker, a credential, the store, a repository. All others need a
// person, and become dead letters.
func passes(err error) bool {
	var te *trackers.Error
	if errors.As(err, &te) {
		return !refusedForGood(err) && te.Class != trackers.NotFound && te.Class != trackers.Gone
	}
	var he *history.Error
	var ne net.Error
	switch {
	case errors.As(err, &he):
		return true
	case ledger.Away(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, io.EOF), errors.Is(err, ledger.ErrClosed):
		return true
	}
	return errors.As(err, &ne)
}

// bury makes a dead letter of a subject, with what is known of it.
func (r *Reconciler) bury(ctx context.Context, l ledger.Lease, cause error) error {
	d := ledger.DeadLetter{Kind: ledger.LetterSubject, Subject: l.Subject, Reason: cause.Error(), Payload: r.payload(ctx, l.Subject)}
	wait := backoff(l.Attempts, cause)
	if late := l.Attempts - lateAfter; late >= 0 && !strings.HasPrefix(l.Subject, "sweep/") && !strings.HasPrefix(l.Subject, "part/") { // which is how all else is found
		wait = min(deadFirst<<min(late, 5), deadMax)
	}
	next := r.now().Add(wait)
	r.log.Error("it does not work and is kept as a dead letter", "subject", l.Subject, "attempt", l.Attempts+1, "at", next, "err", cause, "remedy", "holdfast dead-letters")
	return r.ledger.BuryHeld(ctx, l, d, next)
}

// settled takes a dead letter off the list once its subject works again.
func (r *Reconciler) settled(ctx context.Context, l ledger.Lease) {
	if l.Attempts < buryAfter {
		return
	}
	if err := r.ledger.Settled(ctx, l.Subject); err != nil {
		r.log.Info("a dead letter could not be taken off the list", "subject", l.Subject, "err", err)
	}
}

// payload is what a person needs to understand a failure: the newest entries
// of an item, the report of a deployment. It is empty where that cannot be had.
func (r *Reconciler) payload(ctx context.Context, subject string) string {
	const newest = 10
	kind, id, _ := strings.Cut(subject, "/")
	var v any
	switch kind {
	case "item":
		entries, err := r.ledger.Entries(ctx, id)
		if err != nil {
			return ""
		}
		v = entries[max(0, len(entries)-newest):]
	case "deployment":
		d, err := r.ledger.Deployment(ctx, receiptOf(id))
		if err != nil {
			return ""
		}
		v = d
	default:
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// alone runs a step that concerns one item among many. What would break it for
// ever must not break it for the others: such an item is made due, so that its
// own look tells. Only an error that passes is returned.
func (r *Reconciler) alone(ctx context.Context, item string, step func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.Stats.Panics.Add(1)
			r.log.Error("panic", "item_id", item, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = r.ledger.Touch(ctx, r.now(), "item/"+item)
		}
	}()
	if err := step(); err != nil {
		if passes(err) || errors.Is(err, ledger.ErrLeaseLost) {
			return err
		}
		r.log.Warn("one item was left out", "item_id", item, "err", err)
		return r.ledger.Touch(ctx, r.now(), "item/"+item)
	}
	return nil
}
