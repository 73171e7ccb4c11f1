package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// A gate stands before each tracker and each of its projects and repositories.
// It keeps three things apart: one that answers slowly gets some of the workers
// and not all; one that does not answer is left alone for a while, tried by one
// small question, and what waits for it goes on in its order; and one that
// refuses us is told where people look.

const (
	shutAfter   = 3                // failures in a row
	shutFirst   = 5 * time.Second  // until it is tried again …
	shutMax     = time.Minute      // … and at most
	waitAtGate  = time.Minute      // a subject that waits is looked at again, should the gate forget it
	deniedFirst = 30 * time.Second // who refuses us seldom changes his mind within seconds
	deniedMax   = 10 * time.Minute
)

// Trouble is what is wrong with a tracker, or with one of its projects or
// repositories.
type Trouble struct {
	Tracker string
	Target  string // OWNER/REPO or project key; empty: the whole tracker
	Class   trackers.Class
	Since   time.Time
	Until   time.Time // when it is tried again
	Waiting int       // subjects that wait for it in this process
	Err     string
}

// Text says it in one sentence.
func (t Trouble) Text() string {
	what := t.Tracker
	if t.Target != "" {
		what += " " + t.Target
	}
	word := "cannot be reached"
	switch t.Class {
	case trackers.RateLimited:
		word = "asked us to wait"
	case trackers.Denied:
		word = "refuses us"
	case trackers.NotFound, trackers.Gone:
		word = "is not there, or not for us"
	}
	return fmt.Sprintf("%s %s since %s: %s", what, word, t.Since.UTC().Format(time.RFC3339), t.Err)
}

// gate is the state of one tracker or target. It is guarded by gates.mu.
type gate struct {
	tracker, target string
	most            int // subjects at work at once
	busy            int
	failures        int // in a row
	shutUntil       time.Time
	shutFor         time.Duration // the last one
	trouble         *Trouble      // nil: all is well
	probing         bool
	queue           []string // subjects that wait, first come first
}

// gates are safe for concurrent use.
type gates struct {
	now     func() time.Time
	workers int

	mu     sync.Mutex
	byName map[string]*gate // tracker, or tracker:target
}

func newGates(now func() time.Time, workers int) *gates {
	return &gates{now: now, workers: workers, byName: map[string]*gate{}}
}

// at finds a gate. It needs gs.mu.
func (gs *gates) at(tracker, target string) *gate {
	key := tracker
	if target != "" {
		key += ":" + strings.ToLower(target)
	}
	g := gs.byName[key]
	if g == nil {
		// A target gets less than half of the workers, a tracker not all of them:
		// what is slow leaves room for the rest.
		g = &gate{tracker: tracker, target: target, most: max(1, gs.workers*3/8)}
		if target == "" {
			g.most = max(1, gs.workers*3/4)
		}
		gs.byName[key] = g
	}
	return g
}

// pass is the right to work on a target. leave ends it and must be called.
type pass struct {
	gs              *gates
	tracker, target string
	// probe is true for the one who has to find out whether the target can be
	// reached again, before doing anything else.
	probe bool
}

// enter asks to work on a target. Where that may not be now, it says when to
// ask again; the subject keeps its place and is named by leave when its turn
// comes.
func (gs *gates) enter(subject, tracker, target string) (p *pass, wait time.Time) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	now := gs.now()
	of := []*gate{gs.at(tracker, ""), gs.at(tracker, target)}
	p = &pass{gs: gs, tracker: tracker, target: target}
	for i, g := range of {
		ready := true
		switch {
		case now.Before(g.shutUntil):
			ready = false
		case g.trouble != nil && i == 0:
			// A whole tracker is tried by the next one who comes, alone.
			ready, p.probe = !g.probing, !g.probing
		case g.trouble != nil:
			ready = !g.probing
			p.probe = p.probe || ready
		}
		if ready && g.busy < g.most {
			continue
		}
		if !slices.Contains(g.queue, subject) {
			g.queue = append(g.queue, subject)
		}
		if g.queue[0] == subject && now.Before(g.shutUntil) {
			return nil, g.shutUntil
		}
		return nil, now.Add(waitAtGate)
	}
	for _, g := range of {
		g.busy++
		g.probing = g.probing || g.trouble != nil
		g.queue = slices.DeleteFunc(g.queue, func(s string) bool { return s == subject })
	}
	return p, time.Time{}
}

// leave ends the work and says whose turn it is.
func (p *pass) leave() (next []string) {
	p.gs.mu.Lock()
	defer p.gs.mu.Unlock()
	now := p.gs.now()
	for _, g := range []*gate{p.gs.at(p.tracker, ""), p.gs.at(p.tracker, p.target)} {
		g.busy--
		if p.probe {
			g.probing = false
		}
		if now.Before(g.shutUntil) || g.trouble != nil {
			continue
		}
		// They stay in the queue until they enter; asked for twice does no harm.
		next = append(next, g.queue[:min(len(g.queue), g.most-g.busy)]...)
	}
	return next
}

// well notes an answer: the target can be reached.
func (gs *gates) well(tracker, target string) (over []Trouble) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	for _, g := range []*gate{gs.at(tracker, ""), gs.at(tracker, target)} {
		if g.trouble != nil && gs.now().Before(g.shutUntil) && g.trouble.Class == trackers.RateLimited {
			continue // an answer that was under way when the limit was told
		}
		if g.trouble != nil {
			over = append(over, *g.trouble)
		}
		g.failures, g.trouble, g.shutFor, g.shutUntil = 0, nil, 0, time.Time{}
	}
	return over
}

// ill notes an error, and shuts the gate that it is about: of the tracker for
// a limit and a credential that is not known, of the target for an outage and
// for a target that is closed to us. begun is true when the trouble is new.
func (gs *gates) ill(tracker, target string, err error) (t Trouble, shut, begun bool) {
	var te *trackers.Error
	if !errors.As(err, &te) {
		return Trouble{}, false, false
	}
	if te.Ref != "" && te.Ref.Tracker() != tracker {
		tracker, target = te.Ref.Tracker(), te.Ref.Project() // a pull request that a ticket elsewhere depends on
	}
	gs.mu.Lock()
	defer gs.mu.Unlock()
	g := gs.at(tracker, target)
	first, most, after := shutFirst, shutMax, shutAfter
	switch {
	case te.Class == trackers.RateLimited, signedOut(err):
		g, after = gs.at(tracker, ""), 1
		if te.Class != trackers.RateLimited {
			first, most = deniedFirst, deniedMax
		}
	case te.Class == trackers.Transient, te.Class == trackers.Uncertain:
	case errors.Is(err, errTarget):
		first, most, after = deniedFirst, deniedMax, 1
	default:
		return Trouble{}, false, false
	}
	g.failures++
	if g.failures < after && g.trouble == nil {
		return Trouble{}, false, false
	}
	now := gs.now()
	// What was at work when the gate shut fails as well. That is no further try,
	// and a short trouble must not shut it for as long as a lasting one.
	if g.trouble == nil || !now.Before(g.shutUntil) {
		g.shutFor = min(max(2*g.shutFor, first), most)
	}
	until := now.Add(g.shutFor)
	if te.Class == trackers.RateLimited {
		wait := te.RetryAfter
		if wait <= 0 {
			wait = time.Minute
		}
		until = now.Add(wait)
	}
	if begun = g.trouble == nil; begun {
		g.trouble = &Trouble{Tracker: g.tracker, Target: g.target, Since: now}
	}
	g.trouble.Class, g.trouble.Err = te.Class, cut(te.Error(), 300)
	if until.After(g.shutUntil) {
		g.shutUntil = until
	}
	g.trouble.Until = g.shutUntil
	return *g.trouble, true, begun
}

// put gives a subject the first place: it was at work when the gate shut.
func (gs *gates) put(subject string, t Trouble) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	g := gs.at(t.Tracker, t.Target)
	if !slices.Contains(g.queue, subject) {
		g.queue = append([]string{subject}, g.queue...)
	}
}

// tryNow has every gate tried at once that is not shut because a tracker asked
// us to wait, and names the subjects that wait there.
func (gs *gates) tryNow() (subjects []string) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	for _, g := range gs.byName {
		if g.trouble == nil || g.trouble.Class == trackers.RateLimited {
			continue
		}
		g.shutUntil, g.shutFor = time.Time{}, 0
		g.trouble.Until = gs.now()
		subjects = append(subjects, g.queue...)
	}
	return subjects
}

// waits are the subjects that wait at a gate that is open again.
func (gs *gates) waits(t Trouble) []string {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	return slices.Clone(gs.at(t.Tracker, t.Target).queue)
}

func (gs *gates) all() []Trouble {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	var out []Trouble
	for _, g := range gs.byName {
		if g.trouble != nil {
			t := *g.trouble
			t.Waiting = len(g.queue)
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Trouble) int { return strings.Compare(a.Tracker+":"+a.Target, b.Tracker+":"+b.Target) })
	return out
}

// errTarget marks an error that is about a whole project or repository.
var errTarget = errors.New("the project or repository cannot be read")

// Troubles lists what is wrong with trackers now, as this process knows it.
func (r *Reconciler) Troubles() []Trouble { return r.gates.all() }

// TroubleOf says what keeps a ticket or target waiting; false: nothing does.
func (r *Reconciler) TroubleOf(ref domain.Ref) (Trouble, bool) {
	for _, t := range r.gates.all() {
		if t.Tracker == ref.Tracker() && (t.Target == "" || strings.EqualFold(t.Target, ref.Project())) {
			return t, true
		}
	}
	return Trouble{}, false
}

// at does work on a target once its gate lets it in. Where it does not, or the
// work finds that the target cannot be reached, next says when to look again
// and err is nil: the subject has done nothing wrong.
func (r *Reconciler) at(ctx context.Context, subject, tracker, target string, work func() (time.Time, error)) (next time.Time, err error) {
	p, wait := r.gates.enter(subject, tracker, target)
	if p == nil {
		return wait, nil
	}
	defer func() {
		turn := p.leave()
		if len(turn) == 0 {
			return
		}
		if terr := r.inTurn(ctx, turn); terr != nil {
			r.log.Info("who waits for a tracker is looked at a little later", "tracker", tracker, "err", terr)
		}
	}()
	if p.probe {
		if err := r.reach(ctx, tracker, target); err != nil {
			return r.outside(ctx, subject, tracker, target, err)
		}
		r.open(tracker, target)
	}
	next, err = work()
	if err == nil {
		r.open(tracker, target)
		return next, nil
	}
	return r.outside(ctx, subject, tracker, target, err)
}

// open notes that a target answers.
func (r *Reconciler) open(tracker, target string) {
	for _, t := range r.gates.well(tracker, target) {
		r.log.Info("a tracker can be worked with again", "tracker", t.Tracker, "target", t.Target, "since", t.Since, "waiting", len(r.gates.waits(t)))
	}
}

// outside tells an error of the outside, for which the subject waits, from one
// of its own.
func (r *Reconciler) outside(ctx context.Context, subject, tracker, target string, err error) (time.Time, error) {
	if (refused(err) || missing(err)) && !errors.Is(err, errTarget) {
		if all := r.reach(ctx, tracker, target); errors.Is(all, errTarget) {
			err = all // not this ticket alone
		}
	}
	t, shut, begun := r.gates.ill(tracker, target, err)
	if begun {
		r.log.Warn("work on a tracker waits", "tracker", t.Tracker, "target", t.Target, "at", t.Until, "err", t.Err)
	}
	if !shut {
		return time.Time{}, err
	}
	r.Stats.Errors.Add(1)
	r.gates.put(subject, t)
	return t.Until, nil
}

// reach asks the target one small question.
func (r *Reconciler) reach(ctx context.Context, tracker, target string) error {
	t, ok := r.Setup().Trackers[tracker].(trackers.Reacher)
	if !ok || target == "" {
		return nil // the work itself tells
	}
	err := t.Reach(ctx, target)
	if missing(err) || refused(err) {
		// Whatever the tracker calls it, the target is closed to us.
		return &trackers.Error{Op: "reach " + target, Class: trackers.Denied, Err: fmt.Errorf("%w: %w", errTarget, err)}
	}
	return err
}

// refused reports whether a tracker that knows us does not let us.
func refused(err error) bool {
	return err != nil && trackers.ClassOf(err) == trackers.Denied && !signedOut(err)
}

// inTurn has subjects looked at in this order.
func (r *Reconciler) inTurn(ctx context.Context, subjects []string) error {
	at := r.now()
	for i, s := range subjects {
		if err := r.ledger.Touch(ctx, at.Add(time.Duration(i)*time.Millisecond), s); err != nil {
			return err
		}
	}
	return nil
}
