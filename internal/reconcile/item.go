package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
)

// maxRounds bounds how often one claim decides again after its own acts.
const maxRounds = 6

// work is one claim of one item.
type work struct {
	r       *Reconciler
	s       *Setup
	lease   ledger.Lease
	id      string
	base    domain.State // snapshot as loaded
	st      domain.State
	tracker trackers.Tracker
	fresh   bool   // the ticket was read, or written, during this claim
	pulled  bool   // open pull requests were read during this claim
	cause   string // what brought us here, for the ledger
	facts   policy.Facts
	decided bool     // facts and watches are of this claim
	watches []string // under which it is to be found by what may change its verdict
}

// item brings one item up to date: ticket filed, commands carried out, ticket
// and verdict in agreement.
func (r *Reconciler) item(ctx context.Context, l ledger.Lease, id string) (time.Time, error) {
	w := &work{r: r, s: r.Setup(), lease: l, id: id}
	if err := w.reload(ctx); err != nil {
		if errors.Is(err, ledger.ErrNotFound) {
			return time.Time{}, nil
		}
		return time.Time{}, err
	}
	next, err := w.run(ctx)
	if tellErr := w.tellDuplicates(ctx); tellErr != nil {
		return next, errors.Join(err, tellErr) // not saved, so the next look tells them
	}
	if w.decided { // else what was worked out last still stands
		w.st.Concerned = w.st.Concerned[:0]
		for _, svc := range w.facts.Services {
			w.st.Concerned = append(w.st.Concerned, svc.Name)
		}
		w.st.Watches = w.watches
	}
	if saveErr := r.ledger.Save(ctx, l, w.st); saveErr != nil && err == nil {
		err = fmt.Errorf("saving item %s: %w", id, saveErr)
	}
	if err == nil {
		err = r.tellNews(ctx, w.s, w.st.Concerned)
	}
	return next, err
}

// reload folds the item anew: entries of others may have come in between ours.
func (w *work) reload(ctx context.Context) error {
	base, tail, err := w.r.ledger.Load(ctx, w.id)
	if err != nil {
		return fmt.Errorf("loading item %s: %w", w.id, err)
	}
	w.base, w.st = base, Fold(base, tail)
	if w.cause == "" {
		w.cause = causeOf(tail)
	}
	return nil
}

// causeOf names what the newest fact came from.
func causeOf(tail []domain.Entry) string {
	for _, e := range slices.Backward(tail) {
		if e.Kind == domain.Fact && e.Cause != "" {
			return e.Cause
		}
	}
	return "timer"
}

// record appends our own entries and folds what stands now.
func (w *work) record(ctx context.Context, entries ...domain.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	for i := range entries {
		if entries[i].At.IsZero() {
			entries[i].At = w.r.now().UTC()
		}
		if entries[i].Cause == "" {
			entries[i].Cause = w.cause
		}
	}
	if err := w.r.ledger.AppendHeld(ctx, w.lease, w.id, entries...); err != nil {
		return fmt.Errorf("recording for item %s: %w", w.id, err)
	}
	return w.reload(ctx)
}

func (w *work) run(ctx context.Context) (time.Time, error) {
	if w.st.Ticket == nil && (w.st.Spec.Done || w.st.Lost) {
		_, err := w.decide(ctx)
		return time.Time{}, err
	}
	var ok bool
	if w.tracker, ok = w.s.Tracker(string(w.ref())); !ok {
		return time.Time{}, fmt.Errorf("item %s: no tracker is configured for %s", w.id, w.ref())
	}
	if w.st.Recall {
		if err := w.recall(ctx); err != nil {
			return time.Time{}, err
		}
	}
	if until, err := w.restoring(ctx); err != nil || !until.IsZero() {
		return until, err
	}
	return w.r.at(ctx, w.lease.Subject, w.tracker.Name(), w.ref().Project(), func() (time.Time, error) { return w.onTracker(ctx) })
}

// onTracker is the part that asks and writes to the tracker.
func (w *work) onTracker(ctx context.Context) (time.Time, error) {
	if w.st.Ticket == nil {
		next, err := w.file(ctx)
		if err == nil && w.st.Lost {
			_, err = w.decide(ctx) // there is nothing to adopt
		}
		if err != nil || w.st.Ticket == nil {
			return next, err
		}
	}
	if err := w.resume(ctx); err != nil {
		return time.Time{}, err
	}
	if err := w.commands(ctx); err != nil {
		return time.Time{}, err
	}
	if err := w.update(ctx); err != nil {
		return time.Time{}, err
	}
	if err := w.tellRemoved(ctx); err != nil {
		return time.Time{}, err
	}
	if err := w.tellDue(ctx); err != nil {
		return time.Time{}, err
	}
	for range maxRounds {
		if n := len(w.st.Hints); n > 0 && !w.fresh {
			if ev := w.st.Hints[n-1].Event; w.cause == "timer" {
				w.cause = "delivery " + ev.Tracker + "/" + ev.ID
			}
			if err := w.read(ctx); err != nil {
				return time.Time{}, err
			}
		}
		d, err := w.decide(ctx)
		if err != nil {
			return time.Time{}, err
		}
		if (len(d.Acts) > 0 || d.Accept) && !w.fresh {
			// Nothing is done to a ticket on what somebody told us of it.
			if err := w.read(ctx); err != nil {
				return time.Time{}, err
			}
			continue
		}
		if d.Reason == policy.NotMerged && !w.pulled && (len(d.Acts) > 0 || unchecked(w.st)) {
			// The close may have overtaken the news of the merge.
			if err := w.pulls(ctx); err != nil {
				return time.Time{}, err
			}
			continue
		}
		again, wait, err := w.act(ctx, d)
		if err != nil {
			return time.Time{}, err
		}
		if !again {
			return earliest(d.LookAgainAt, wait), nil
		}
	}
	return time.Time{}, fmt.Errorf("item %s does not come to rest", w.id)
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (w *work) ref() domain.Ref {
	if w.st.Ticket != nil {
		return w.st.Ticket.Ref
	}
	if w.st.Spec.AdoptRef != "" {
		return w.st.Spec.AdoptRef
	}
	return domain.Ref(w.st.Spec.Target)
}

// read reads the ticket back and records what follows from it.
func (w *work) read(ctx context.Context) error {
	t, err := w.tracker.Ticket(ctx, w.ref())
	if missing(err) {
		if t, err = w.elsewhere(ctx, err); missing(err) {
			w.fresh = true
			return w.lost(ctx, err)
		}
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", w.ref(), err)
	}
	if t.Ref != w.st.Ticket.Ref {
		if err := w.moved(ctx, t); err != nil {
			return err
		}
	}
	w.fresh = true
	facts := observe(w.st, t, w.r.now().UTC(), w.cause)
	if slices.ContainsFunc(facts, func(e domain.Entry) bool { return e.Name == domain.TicketClosed }) && len(Counting(w.st)) == 0 {
		facts = append(facts, w.closers(ctx)...)
	}
	return w.record(ctx, facts...)
}

// pulls reads back the open pull requests that claim the item: one may be
// merged or closed by now, or be by somebody without write permission.
func (w *work) pulls(ctx context.Context) error {
	w.pulled = true
	var out []domain.Entry
	for _, c := range w.st.Changes {
		services := w.s.ServicesOf(c.Repo)
		if !c.Open || len(services) == 0 {
			continue
		}
		host, err := w.r.codeHost(services[0])
		if err != nil {
			continue
		}
		now, err := host.PullRequest(ctx, c.Repo, c.PullRequest)
		switch class := trackers.ClassOf(err); {
		case err != nil && (class == trackers.NotFound || class == trackers.Gone):
			// The host cannot tell; what was delivered stands.
			out = append(out, checked(c))
			continue
		case err != nil:
			var te *trackers.Error
			if errors.As(err, &te) && te.Ref == "" {
				te.Ref = domain.GitHubRef(services[0].Tracker, c.Repo, c.PullRequest) // who is to be waited for
			}
			return fmt.Errorf("reading %s: %w", c.Key(), err)
		}
		fresh := now.Change
		fresh.How, fresh.By, fresh.ClaimedAt = c.How, c.By, c.ClaimedAt
		switch {
		case now.Merged:
			fresh.Open = false
			out = append(out, domain.Entry{Kind: domain.Fact, Name: domain.ChangeLinked, Change: &fresh, Note: "Read back: it is merged."})
		case !now.Open:
			out = append(out, domain.Entry{Kind: domain.Fact, Name: domain.ChangeWithdrawn, Change: &c, Note: "Read back: it was closed without a merge."})
		case !w.writes(ctx, services[0].Tracker, c):
			out = append(out, domain.Entry{Kind: domain.Fact, Name: domain.ChangeWithdrawn, Change: &c, Note: c.Author + " has no write permission, so the open pull request holds nothing up."})
		case !c.Checked:
			out = append(out, checked(c))
		}
	}
	return w.record(ctx, out...)
}

func checked(c domain.Change) domain.Entry {
	c.Checked = true
	return domain.Entry{Kind: domain.Fact, Name: domain.ChangeLinked, Change: &c, Note: "The open pull request holds the item back."}
}

// unchecked reports whether an open pull request holds the item back that was
// not read back yet.
func unchecked(st domain.State) bool {
	return slices.ContainsFunc(st.Changes, func(c domain.Change) bool {
		return c.Open && !c.Checked && !slices.Contains(st.Rejected, c.Key())
	})
}

// writes reports whether the author of an open pull request may write there.
// Where the host cannot tell, the delivery's word stands.
func (w *work) writes(ctx context.Context, tracker string, c domain.Change) bool {
	t, ok := w.s.Trackers[tracker]
	if !ok || c.Author == "" {
		return true
	}
	may, err := t.CanWrite(ctx, domain.GitHubRef(tracker, c.Repo, c.PullRequest), c.Author)
	return may || err != nil
}

// closers asks the tracker itself what closed a ticket that no change is
// known for: the delivery that told of the commit may have been lost. It is a
// help, so a tracker that cannot tell is no error.
func (w *work) closers(ctx context.Context) []domain.Entry {
	host, ok := w.tracker.(trackers.CodeHost)
	if !ok {
		return nil
	}
	found, err := host.Closers(ctx, w.ref())
	if err != nil {
		w.r.log.Debug("what closed the ticket cannot be asked", "ticket", w.ref(), "err", err)
		return nil
	}
	var out []domain.Entry
	for _, c := range found {
		services := w.s.ServicesOf(c.Repo)
		if len(services) == 0 || c.SHA == "" {
			continue
		}
		full, err := w.r.commit(ctx, services[0], c.SHA)
		if err != nil {
			w.r.log.Debug("the commit that closed the ticket cannot be read", "ticket", w.ref(), "err", err)
			continue
		}
		full.How, full.URL = domain.ClaimTracker, c.URL
		out = append(out, domain.Entry{Kind: domain.Fact, Name: domain.ChangeLinked, Change: &full, Note: "The tracker says that this commit closed the ticket."})
	}
	return out
}

// decide works out the verdict and records it when it differs from the last.
func (w *work) decide(ctx context.Context) (policy.Decision, error) {
	now := w.r.now().UTC()
	v := w.r.newView(w.s, now)
	v.watch = func(ctx context.Context, words []string) error { return w.r.ledger.Watch(ctx, w.id, words) }
	f, watches, err := v.facts(ctx, w.st)
	if err != nil {
		return policy.Decision{}, err
	}
	w.facts, w.watches, w.decided = f, watches, true
	d := policy.Decide(w.rules(), f)
	line := verdictLine(w.s, w.st, f, d, now)
	if !w.fresh && w.st.AcceptedAt.IsZero() {
		line.Accepted = false // a close is accepted only once it was read back
	}
	if sameVerdict(line, w.st.Verdict) && w.st.RestoredBy == "" {
		return d, nil
	}
	if line.Accepted && f.DuplicateOK && w.st.AcceptedAt.IsZero() {
		if err := w.passDuty(ctx); err != nil {
			return d, err
		}
	}
	return d, w.record(ctx, domain.Entry{Kind: domain.Decided, Name: domain.VerdictReached, Note: verdictNote(line), Verdict: &line})
}

func (w *work) rules() policy.Rules { return w.s.Rules(w.st.Spec.Team, w.st.Spec.Priority) }

// verdictLine is what the ledger keeps of a decision. Accepted is only set
// where the decision needs no act to come true; a close by Holdfast is
// accepted by its outcome.
func verdictLine(s *Setup, st domain.State, f policy.Facts, d policy.Decision, now time.Time) domain.VerdictLine {
	line := domain.VerdictLine{
		Verdict: string(d.Verdict), Reason: string(d.Reason), Status: string(d.Status),
		Accepted:  d.Accept && f.Closed || !st.AcceptedAt.IsZero(),
		Contained: map[string]map[string]string{}, Receipts: map[string]int64{}, Config: s.Hash,
	}
	for _, c := range d.Checks {
		line.Why = append(line.Why, c.Text)
	}
	for _, c := range f.Changes {
		in := map[string]string{}
		for t, p := range c.Presence {
			in[t.String()] = string(p.Contained)
		}
		line.Contained[c.Key()] = in
	}
	for _, svc := range f.Services {
		for _, t := range svc.Targets {
			if t.Live != nil {
				line.Receipts[t.String()] = t.Live.Receipt
			}
		}
	}
	if d.WillReopen && asked(st, d.Trigger == policy.OwnClose) {
		line.Cause = regressionCause(s, st, line, d, now)
	}
	return line
}

// regressionCause names what took an accepted item back. Once named it stays,
// so that a second deployment does not start another count.
func regressionCause(s *Setup, st domain.State, line domain.VerdictLine, d policy.Decision, now time.Time) string {
	if c := st.Verdict.Cause; c != "" {
		return c
	}
	if c := st.RestoredBy; c != "" {
		return c
	}
	minute := now.Format("2006-01-02T15:04Z")
	if d.Trigger == policy.Timer {
		return "timer/" + minute
	}
	var receipts []int64
	for t, receipt := range line.Receipts {
		if st.AcceptedReceipts[t] != receipt {
			receipts = append(receipts, receipt)
		}
	}
	switch {
	case len(receipts) > 0:
		return fmt.Sprintf("deployment/%d", slices.Max(receipts))
	case st.Verdict.Config != "" && st.Verdict.Config != s.Hash:
		return "config/" + s.Hash
	}
	return "facts/" + minute
}

// sameVerdict reports whether the ledger need not be told again. What is live
// may change without changing anything about the item.
func sameVerdict(a, b domain.VerdictLine) bool {
	return a.Verdict == b.Verdict && a.Reason == b.Reason && a.Status == b.Status && a.Accepted == b.Accepted && a.Cause == b.Cause &&
		maps.EqualFunc(a.Contained, b.Contained, maps.Equal)
}

func verdictNote(v domain.VerdictLine) string {
	note := v.Verdict
	if v.Reason != "" {
		note += " (" + v.Reason + ")"
	}
	note += ", " + v.Status
	if v.Accepted {
		note += ", accepted"
	}
	return note
}
