package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/trackers"
)

// A sweep of a tracker has parts, a subject each: one list of one project or
// repository. One that is slow, or cannot be read, holds up no other.

// partTime is after what time a part that has more to read leaves it to the
// next look, well before its lease ends.
const partTime = 10 * time.Second

// The parts of a sweep.
const (
	partTickets     = "tickets"     // tickets and comments that changed
	partCensus      = "census"      // tickets that are no longer there
	partPulls       = "pulls"       // pull requests
	partPushes      = "pushes"      // commits, from the mirror
	partDeployments = "deployments" // deployments
	partHooks       = "hooks"       // deliveries that the tracker could not bring
)

// sweepMark is how far a part went, in the tracker's own times, and when it
// was last done, in ours.
type sweepMark struct {
	At   time.Time `json:"at,omitzero"`
	Head string    `json:"head,omitempty"` // of the default branch
	More bool      `json:"more,omitempty"` // there is more to be had at once
	Next time.Time `json:"next,omitzero"`  // not before this
	Done time.Time `json:"done,omitzero"`
}

// sweepPart is one part: its kind and what it looks at.
type sweepPart struct{ tracker, kind, target string }

func (p sweepPart) id() string      { return p.tracker + "/" + p.kind + "/" + p.target }
func (p sweepPart) subject() string { return "part/" + p.id() }

func parsePart(id string) (p sweepPart, ok bool) {
	var rest string
	if p.tracker, rest, ok = strings.Cut(id, "/"); !ok {
		return p, false
	}
	p.kind, p.target, ok = strings.Cut(rest, "/")
	return p, ok && p.target != ""
}

// parts lists the parts of a tracker's sweep. strays are where tickets went
// that the configuration does not name.
func (s *Setup) parts(tracker string, strays []string) []sweepPart {
	var out []sweepPart
	add := func(kind, target string) {
		p := sweepPart{tracker, kind, target}
		if !slices.ContainsFunc(out, func(o sweepPart) bool { return strings.EqualFold(o.id(), p.id()) }) {
			out = append(out, p)
		}
	}
	t := s.Trackers[tracker]
	_, lists := t.(trackers.Lister)
	_, logs := t.(trackers.DeliveryLog)
	logs = logs && s.Ingest != nil && (s.Polled == nil || !s.Polled(tracker))
	if _, ok := t.(trackers.Sweeper); ok {
		for _, target := range append(slices.Clone(s.SweepTargets(tracker)), strays...) {
			add(partTickets, target)
			if lists {
				add(partCensus, target)
			}
		}
		for _, target := range s.SweepTargets(tracker) {
			if logs {
				add(partHooks, target)
			}
		}
	}
	if _, ok := t.(trackers.CodeSweeper); ok {
		for _, repo := range s.repos(tracker) {
			add(partPulls, repo)
			add(partPushes, repo)
			add(partDeployments, repo)
			if logs {
				add(partHooks, repo)
			}
		}
	}
	return out
}

// sweep makes the parts of a tracker's sweep due.
func (r *Reconciler) sweep(ctx context.Context, name string) (time.Time, error) {
	s := r.Setup()
	if _, ok := s.Trackers[name]; !ok {
		return time.Time{}, nil // taken out of the configuration
	}
	strays, err := r.strays(ctx, name)
	if err != nil {
		return time.Time{}, err
	}
	var subjects []string
	for _, p := range s.parts(name, strays) {
		subjects = append(subjects, p.subject())
	}
	if s.Beside != nil {
		subjects = append(subjects, s.Beside(name)...)
	}
	return r.now().Add(s.SweepEvery(name)), r.ledger.Touch(ctx, r.now(), subjects...)
}

// Swept says when every part of the tracker's sweep had been done last; zero:
// not yet.
func (r *Reconciler) Swept(ctx context.Context, tracker string) (time.Time, error) {
	strays, err := r.strays(ctx, tracker)
	if err != nil {
		return time.Time{}, err
	}
	var oldest time.Time
	for _, p := range r.Setup().parts(tracker, strays) {
		if p.kind == partCensus {
			continue // it has a pace of its own
		}
		m, err := r.mark(ctx, p)
		if err != nil || m.Done.IsZero() {
			return time.Time{}, err
		}
		if oldest.IsZero() || m.Done.Before(oldest) {
			oldest = m.Done
		}
	}
	return oldest, nil
}

func (r *Reconciler) mark(ctx context.Context, p sweepPart) (m sweepMark, err error) {
	text, err := r.ledger.Meta(ctx, "sweep/"+p.id())
	if err != nil {
		return m, fmt.Errorf("reading where the last sweep of %s ended: %w", p.id(), err)
	}
	if text != "" && json.Unmarshal([]byte(text), &m) == nil {
		return m, nil
	}
	return sweepMark{}, nil
}

// part does one part of a sweep, from its mark on, and keeps the mark where it
// went on, also after an error: what was handled is recorded already.
func (r *Reconciler) part(ctx context.Context, l ledger.Lease, id string) (time.Time, error) {
	p, ok := parsePart(id)
	s := r.Setup()
	strays, err := r.strays(ctx, p.tracker)
	if err != nil {
		return time.Time{}, err
	}
	if _, has := s.Trackers[p.tracker]; !ok || !has || !slices.Contains(s.parts(p.tracker, strays), p) {
		return time.Time{}, nil // taken out of the configuration
	}
	return r.at(ctx, l.Subject, p.tracker, p.target, func() (time.Time, error) { return r.sweepPart(ctx, s, l, p) })
}

func (r *Reconciler) sweepPart(ctx context.Context, s *Setup, l ledger.Lease, p sweepPart) (time.Time, error) {
	m, err := r.mark(ctx, p)
	if err != nil {
		return time.Time{}, err
	}
	if r.now().Before(m.Next) {
		return time.Time{}, nil
	}
	if m.Done.IsZero() && m.At.IsZero() {
		// What happened since the first item was filed may not have been heard.
		if m.At, err = r.firstFiled(ctx); err != nil {
			return time.Time{}, err
		}
	}
	m.More = false
	partErr := r.run(ctx, s, l, p, &m)
	if partErr == nil {
		m.Done = r.now().UTC().Truncate(time.Second)
	}
	b, err := json.Marshal(m)
	if err == nil {
		// What was read must not be read again because the time for it is over.
		keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		err = r.ledger.SetMeta(keep, "sweep/"+p.id(), string(b), 0)
		cancel()
	}
	if err != nil {
		return time.Time{}, errors.Join(partErr, fmt.Errorf("keeping where the sweep of %s ended: %w", p.id(), err))
	}
	if partErr == nil && m.More {
		return r.now(), nil
	}
	return time.Time{}, partErr // the tracker's own turn comes again
}

func (r *Reconciler) run(ctx context.Context, s *Setup, l ledger.Lease, p sweepPart, m *sweepMark) error {
	t := s.Trackers[p.tracker]
	switch p.kind {
	case partTickets:
		// The mark cannot stop within the second in which somebody changed
		// thousands of tickets at once.
		return r.longer(ctx, l, func(ctx context.Context) error {
			return r.sweepTickets(ctx, t.(trackers.Sweeper), p.tracker, p.target, m)
		})
	case partCensus:
		return r.longer(ctx, l, func(ctx context.Context) error {
			return r.census(ctx, s, t.(trackers.Lister), p.tracker, p.target, m)
		})
	case partHooks:
		return r.sweepHooks(ctx, s, t.(trackers.DeliveryLog), p.tracker, p.target, m)
	case partPulls:
		return r.sweepPulls(ctx, s, t.(trackers.CodeSweeper), p.tracker, p.target, m)
	case partDeployments:
		return r.sweepDeployments(ctx, s, t.(trackers.CodeSweeper), p.tracker, p.target, m)
	case partPushes:
		// The first copy of a repository may be large.
		return r.longer(ctx, l, func(ctx context.Context) error {
			return r.sweepPushes(ctx, s, p.tracker, p.target, m)
		})
	}
	return nil
}

// fetchTime bounds the work of one part that has its lease renewed.
const fetchTime = 11 * time.Minute

// longer gives a part more time than a lease, which it renews. It ends when
// the lease is lost, when the program is to end, and after fetchTime.
func (r *Reconciler) longer(ctx context.Context, l ledger.Lease, do func(context.Context) error) error {
	long, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	defer onStop(ctx, cancel)()
	return r.holding(long, l, do)
}

// maxUndelivered bounds the deliveries that one look takes in.
const maxUndelivered = 100

// sweepHooks takes in what the tracker's own log says it could not deliver.
func (r *Reconciler) sweepHooks(ctx context.Context, s *Setup, t trackers.DeliveryLog, tracker, target string, m *sweepMark) error {
	list, until, err := t.Undelivered(ctx, target, m.At, maxUndelivered)
	for _, d := range list {
		if ierr := s.Ingest(ctx, tracker, d); ierr != nil {
			return fmt.Errorf("taking in delivery %s of %s: %w", d.ID, target, ierr)
		}
	}
	if until.After(m.At) {
		m.At = until
	}
	if err != nil {
		return fmt.Errorf("reading the log of deliveries of %s: %w", target, err)
	}
	m.More = len(list) == maxUndelivered
	return nil
}
