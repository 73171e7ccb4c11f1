// Package reconcile makes what is so be what ought to be: it claims a due
// subject, loads fresh facts, lets policy decide, records the intent, acts on
// the tracker, and records the outcome. Every step may be the last one of a
// process: whoever claims the subject next finds the intent and goes on.
//
// It never decides by itself what is true (policy does) and never believes a
// delivery: the ticket's state is read back before anything is done to it.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/trackers"
)

const (
	leaseTime   = 30 * time.Second // after a crash, work goes on within this
	workTime    = 25 * time.Second // one attempt at a subject ends before its lease does
	retryFirst  = time.Second
	retryMax    = 10 * time.Minute
	maxAttempts = 8 // consecutive failures after which an operator is told; it is tried on
)

// Options are what a Reconciler is made from.
type Options struct {
	Ledger  *ledger.Ledger
	Mirrors *history.Mirrors
	Setup   *Setup
	Workers int // subjects worked on at once; default 32
	// Handlers work on the kinds of subjects that this package knows nothing
	// of, by kind. They return when to look again, as all handlers do.
	Handlers map[string]Handler
	// Long are those whose work may outlast a lease, by kind.
	Long map[string]Long
	Log  *slog.Logger
	Now  func() time.Time
	// Enter is asked before each look at a subject; leave is called after it.
	// It waits while nobody may write to the store, and reports false when ctx
	// ends before that. Nil: there is nothing to wait for.
	Enter func(ctx context.Context) (leave func(), ok bool)
}

// Handler works on a subject, given without its kind; zero: nothing is left to
// be done until it is touched again.
type Handler func(ctx context.Context, id string) (next time.Time, err error)

// Reconciler works on due subjects. It is safe for concurrent use; several
// processes may run one each on the same store.
type Reconciler struct {
	ledger  *ledger.Ledger
	mirrors *history.Mirrors
	setup   atomic.Pointer[Setup]
	workers int
	// patience is how long one attempt asks remotes for evidence.
	patience time.Duration
	extra    map[string]Handler
	long     map[string]Long
	log      *slog.Logger
	now      func() time.Time
	pace     pacer

	gates *gates
	enter func(ctx context.Context) (leave func(), ok bool)

	mu      sync.Mutex
	repos   map[string]repoFacts
	marks   map[string]mark // service → what its items were told of
	sought  map[string]bool // earlier live commits that were looked for
	answers map[string]bool // creations that a tracker answered with an error of its own
	// reloadedAt is in Unix nanoseconds: what a tracker refused before is
	// tried again.
	reloadedAt atomic.Int64

	Stats Stats
}

// Stats counts what was done since the start, for /metrics.
type Stats struct {
	Filed, Reopened, Closed, Labelled, Commented, Withheld, Refused, Errors, Panics atomic.Int64
}

// New makes a Reconciler; it does nothing until Run.
func New(o Options) *Reconciler {
	r := &Reconciler{ledger: o.Ledger, mirrors: o.Mirrors, workers: o.Workers, patience: patience, extra: o.Handlers, long: o.Long, log: o.Log, now: o.Now, repos: map[string]repoFacts{}, marks: map[string]mark{}, sought: map[string]bool{}, answers: map[string]bool{}}
	if r.enter = o.Enter; r.enter == nil {
		r.enter = func(context.Context) (func(), bool) { return func() {}, true }
	}
	if r.workers <= 0 {
		r.workers = 32
	}
	if r.log == nil {
		r.log = slog.Default()
	}
	r.log = r.log.With("component", "reconcile")
	if r.now == nil {
		r.now = time.Now
	}
	r.gates = newGates(r.now, r.workers)
	r.setup.Store(o.Setup)
	return r
}

// Setup is the configuration that is in force.
func (r *Reconciler) Setup() *Setup { return r.setup.Load() }

// Reload puts another configuration in force. Items of which it can change the
// verdict are looked at again, counted as one cause; reopenings and
// closes that a tracker refused are tried again, and trackers that could not be worked with.
func (r *Reconciler) Reload(ctx context.Context, s *Setup) error {
	r.setup.Store(s)
	r.reloadedAt.Store(r.now().UnixNano())
	var refused []string
	err := r.each(ctx, func(st domain.State) error {
		if st.Ticket == nil {
			return nil
		}
		if st.Ticket.Closed && !st.ReopenRefusedAt.IsZero() || !st.Ticket.Closed && !st.CloseRefusedAt.IsZero() {
			refused = append(refused, st.Spec.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.touch(ctx, refused); err != nil {
		return err
	}
	// A reload is what an operator does when a token is in order again.
	if err := r.inTurn(ctx, r.gates.tryNow()); err != nil {
		return err
	}
	return errors.Join(r.RetryDead(ctx), r.Adopt(ctx))
}

// RetryDead has the subjects of all dead letters tried again: another version
// or another configuration may be what they lacked. It is called at the start
// and after a reload.
func (r *Reconciler) RetryDead(ctx context.Context) error {
	letters, err := r.ledger.DeadLetters(ctx)
	if err != nil {
		return err
	}
	var subjects []string
	for _, d := range letters {
		if d.Kind == ledger.LetterSubject {
			subjects = append(subjects, d.Subject)
		}
	}
	return r.ledger.Touch(ctx, r.now(), subjects...)
}

// Run works until ctx ends, and returns when all workers have stopped.
func (r *Reconciler) Run(ctx context.Context) error {
	slots := make(chan struct{}, r.workers)
	var wg sync.WaitGroup
	defer wg.Wait()
	away := false
	for ctx.Err() == nil {
		// At least one slot must be free before work is claimed: a claimed
		// subject nobody works on would only wait out its lease.
		select {
		case slots <- struct{}{}:
			<-slots
		case <-ctx.Done():
			return nil
		}
		leases, err := r.ledger.Claim(ctx, cap(slots)-len(slots), leaseTime)
		if err != nil {
			if ctx.Err() == nil {
				if !away {
					r.log.Error("the store cannot be reached or takes no writes; work waits", "err", err)
				}
				away = true
				pause(ctx, time.Second)
			}
			continue
		}
		if away {
			away = false
			r.log.Info("the store serves again; work goes on")
		}
		if len(leases) == 0 {
			r.ledger.Wait(ctx, time.Second)
			continue
		}
		for _, l := range leases {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				r.work(ctx, l)
			})
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// work handles one claimed subject and says when to look at it next.
func (r *Reconciler) work(ctx context.Context, l ledger.Lease) {
	leave, ok := r.enter(ctx)
	if !ok {
		return // the lease runs out
	}
	defer leave()
	// The wait was part of the lease, and one attempt takes nearly all of it.
	if l.Until.Sub(r.now()) < workTime {
		if err := r.ledger.Renew(ctx, l, leaseTime); err != nil {
			return // somebody else has it now, or will when the lease runs out
		}
	}
	// What has begun is finished, or cut off by its own limit: a shutdown
	// must not tear an intent from its outcome.
	limit := r.timeFor(l.Subject)
	asking := hurry(context.WithValue(ctx, stopping{}, ctx), r.patience, r.patience+limit-workTime)
	began := context.WithoutCancel(asking)
	if walksAll(l.Subject) {
		began = asking // it begins anew without harm
	}
	ctx, cancel := context.WithTimeout(began, limit)
	defer cancel()
	next, err := r.handle(ctx, l)
	if err == nil {
		if err = r.ledger.Done(context.WithoutCancel(ctx), l, next); err == nil {
			r.settled(ctx, l)
			return
		}
	}
	if errors.Is(err, ledger.ErrLeaseLost) {
		return // somebody else has it now
	}
	r.Stats.Errors.Add(1)
	if l.Attempts+1 >= buryAfter && !passes(err) {
		if err = r.bury(context.WithoutCancel(ctx), l, err); err == nil || errors.Is(err, ledger.ErrLeaseLost) {
			return
		}
	}
	at := r.now().Add(backoff(l.Attempts, err))
	level := slog.LevelInfo
	if l.Attempts >= maxAttempts || l.Attempts == 1 && onThisMachine(err) {
		level = slog.LevelError // a person must act: a full disk does not heal by waiting
	}
	r.log.Log(ctx, level, "will try again", "subject", l.Subject, "attempt", l.Attempts+1, "at", at, "err", err)
	if err := r.ledger.Retry(context.WithoutCancel(ctx), l, at); err != nil {
		r.log.Info("could not reschedule; the lease will run out", "subject", l.Subject, "err", err)
	}
}

// Long works on a kind of subject that may take long. It gets the lease, and
// renews it.
type Long struct {
	// Time is how long one attempt may take.
	Time time.Duration
	// Handle says when to look at the subject next; zero: only when something
	// touches it.
	Handle func(ctx context.Context, l ledger.Lease, id string) (next time.Time, err error)
}

// timeFor is how long one attempt at a subject may take.
func (r *Reconciler) timeFor(subject string) time.Duration {
	if walksAll(subject) {
		return passTime
	}
	kind, _, _ := strings.Cut(subject, "/")
	return max(workTime, r.long[kind].Time)
}

// walksAll reports whether the work on a subject may look at every item: with
// many of them that takes minutes.
func walksAll(subject string) bool {
	kind, _, _ := strings.Cut(subject, "/")
	return kind == "deployment" || kind == "config" || kind == causeImport || kind == causeRebuild
}

// backoff is how long to wait after the attempts-th failure in a row.
func backoff(attempts int, err error) time.Duration {
	var te *trackers.Error
	if errors.As(err, &te) && te.RetryAfter > 0 {
		return te.RetryAfter
	}
	d := retryFirst << min(attempts, 12)
	return min(d, retryMax)
}

// handle dispatches on the kind of subject. A panic is an error like any
// other, with its stack in the log.
func (r *Reconciler) handle(ctx context.Context, l ledger.Lease) (next time.Time, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.Stats.Panics.Add(1)
			r.log.Error("panic", "subject", l.Subject, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p) // passes knows no such error, so it becomes a dead letter
		}
	}()
	kind, id, _ := strings.Cut(l.Subject, "/")
	switch kind {
	case "item":
		return r.item(ctx, l, id)
	case "deployment":
		return time.Time{}, r.holding(ctx, l, func(ctx context.Context) error { return r.deployment(ctx, l, id) })
	case "repo":
		return time.Time{}, r.pushed(ctx, id)
	case "sweep":
		return r.sweep(ctx, id)
	case "claims":
		return r.relearn(ctx, id)
	case "part":
		return r.part(ctx, l, id)
	case "config":
		err = r.holding(ctx, l, func(ctx context.Context) error { next, err = r.reconfigured(ctx, id); return err })
		return next, err
	case causeRebuild:
		err = r.holding(ctx, l, func(ctx context.Context) error { next, err = r.rebuilt(ctx, id); return err })
		return next, err
	case "retention":
		return r.retain(ctx)
	case causeImport:
		return time.Time{}, r.holding(ctx, l, func(ctx context.Context) error { return r.imported(ctx, id) })
	case "postmortem":
		// Whoever filed it died before giving its lease back. It is recorded whole,
		// or not at all and is sent again.
		return time.Time{}, nil
	}
	if h := r.extra[kind]; h != nil {
		return h(ctx, id)
	}
	switch kind {
	case adoptions, documents, preview, previews:
		return time.Time{}, nil // nobody asked for it
	}
	if h, ok := r.long[kind]; ok {
		return h.Handle(ctx, l, id)
	}
	// A newer version may have put it there, and will know.
	return time.Time{}, fmt.Errorf("a subject of an unknown kind: %q", l.Subject)
}

// load folds an item from its snapshot and what came after.
func (r *Reconciler) load(ctx context.Context, id string) (domain.State, error) {
	st, tail, err := r.ledger.Load(ctx, id)
	if err != nil {
		return st, fmt.Errorf("loading item %s: %w", id, err)
	}
	return Fold(st, tail), nil
}

// Item loads an item with all that its ledger holds by now.
func (r *Reconciler) Item(ctx context.Context, id string) (domain.State, error) {
	return r.load(ctx, id)
}
