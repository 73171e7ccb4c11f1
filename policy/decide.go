package policy

import (
	"slices"
	"time"
)

// Decide says what is true of an item and what is to be done about it. It is
// pure and total: every combination of facts has a decision. Carrying out the
// acts and deciding again with the facts that result asks for nothing more.
func Decide(r Rules, f Facts) Decision {
	if !f.Filed && !f.NoTicket {
		return Decision{Verdict: NotVerified, Reason: NoLinkedChange, Status: StatusFiling}
	}
	d := Decision{}
	if expired(r, f) {
		// After watch the item is final: what it was accepted as stands.
		d.Verdict = f.AcceptedVerdict
		d.Checks = []Check{{Name: "watch", Result: "yes", Text: "It was accepted on " + stamp(f.AcceptedAt) + " and is no longer watched."}}
		d.Status = status(f, d)
		return d
	}
	verdict, reason, j := judge(r, f)
	d.Verdict, d.Reason, d.Checks = verdict, reason, j.checks
	d.look(j.soaksAt)
	if f.Waived {
		d.look(f.WaiverExpires)
	}
	switch {
	case f.NoTicket || f.Lost || f.Final:
	case !f.Closed:
		decideOpen(r, f, &d)
	case f.AcceptedAt.IsZero():
		decideClosed(r, f, &d)
	default:
		decideAccepted(r, f, &d)
	}
	if !f.Lost && !f.Final {
		d.look(askAgain(f, &d))
	}
	if !f.Lost && r.EscalateAfter > 0 && f.ReopenCount >= r.EscalateAfter && f.EscalatedAt.IsZero() {
		d.do(ActTell)
	}
	d.Status = status(f, d)
	return d
}

// expired is true when an accepted item has left the watch. A waiver that has
// an end is watched until that end.
func expired(r Rules, f Facts) bool {
	if !f.Closed || f.AcceptedAt.IsZero() || f.Final || f.AcceptedVerdict == "" {
		return false
	}
	if f.Waived && !f.WaiverExpires.IsZero() || f.WaiverLapsed && f.AcceptedVerdict == Exempt {
		return false
	}
	return f.Now.After(f.AcceptedAt.Add(r.Watch))
}

// look asks to be looked at again at t, if that is earlier than what stands.
func (d *Decision) look(t time.Time) {
	if !t.IsZero() && (d.LookAgainAt.IsZero() || t.Before(d.LookAgainAt)) {
		d.LookAgainAt = t
	}
}

func (d *Decision) do(acts ...Act) { d.Acts = append(d.Acts, acts...) }

// decideOpen: Holdfast closes what it reopened itself once that has shipped.
func decideOpen(r Rules, f Facts, d *Decision) {
	if d.Verdict != Verified && d.Verdict != Exempt {
		// What the comment says must stay true, without an edit for every
		// deployment in between. How it was closed, or that its waiver ended,
		// stays true, and is the very reason why it is open again.
		told := f.CommentReason == d.Reason || f.CommentReason == NotPlannedWithoutWaiver || f.CommentReason == WaiverExpired
		if f.ReopenedByUs && f.HasComment && d.Verdict == NotVerified && !told {
			d.do(ActSay)
		}
		return
	}
	if again := f.CloseRefusedAt.Add(24 * time.Hour); !f.CloseRefusedAt.IsZero() && f.Now.Before(again) {
		d.look(again)
		return
	}
	ours := f.ReopenedByUs && r.CloseWhenVerified != CloseNever
	// Beyond what it reopened, `always` closes what no person reopened last.
	any := r.CloseWhenVerified == CloseAlways && d.Verdict == Verified && !f.PersonReopenedLast
	switch {
	case ours || any:
		d.do(ActClose, ActSay)
		d.Accept = true
	case f.ReopenedByUs: // never: only say so
		if f.Awaiting {
			d.do(ActUnlabel)
		}
		d.do(ActSay)
	case f.Awaiting:
		d.do(ActUnlabel)
	}
}

// decideClosed judges a close that was not accepted yet.
func decideClosed(r Rules, f Facts, d *Decision) {
	if closedBefore(r, f) {
		return
	}
	switch d.Verdict {
	case Verified, Exempt:
		d.Accept = true
		if f.Awaiting {
			d.do(ActUnlabel)
		}
		if f.HasComment {
			d.do(ActSay) // it still says that the fix is not there
		}
		return
	case Unknown:
		decideUnknown(r, f, d)
		return
	}
	if !f.Awaiting {
		d.do(ActLabel)
	}
	if d.Reason == Soaking {
		return
	}
	d.Trigger = OwnClose
	// Grace runs from when we learned of the close: a tracker's clock that is
	// behind must not take it away.
	reopen(f, d, f.CloseSeenAt.Add(wait(r, f)))
}

// decideUnknown holds a closed ticket that cannot be judged.
func decideUnknown(r Rules, f Facts, d *Decision) {
	if !f.Awaiting {
		d.do(ActLabel)
	}
	if ambiguous(d.Reason) && !f.Asked[string(d.Reason)] {
		d.do(ActAsk)
	}
	if d.Reason == EvidenceUnavailable {
		return // the clock stands while the evidence cannot be had
	}
	ticks := f.UnknownTicks
	if ticks.IsZero() {
		ticks = f.Now
	}
	end := ticks.Add(r.UnknownTimeout - f.UnknownSpent)
	if f.Now.Before(end) {
		d.look(end)
		return
	}
	d.TimedOut = true
	d.Trigger = Timer
	reopen(f, d, f.Now)
}

// Evidence that could not be had is asked for again after these times.
const (
	askSoon = time.Minute
	askSlow = time.Hour
)

// askAgain says when to look again for evidence that is missing and that no
// delivery will tell of: a repository that did not answer, or that may get the
// deployed commit any moment. For a commit it is asked ever more seldom.
func askAgain(f Facts, d *Decision) time.Time {
	switch {
	case d.Verdict != Unknown:
	case d.Reason == EvidenceUnavailable:
		return f.Now.Add(askSoon)
	case d.Reason == RevisionUnknown && !f.UnknownTicks.IsZero():
		return f.Now.Add(min(max(f.Now.Sub(f.UnknownTicks), askSoon), askSlow))
	case d.Reason == RevisionUnknown:
		return f.Now.Add(askSoon)
	}
	return time.Time{}
}

// ambiguous evidence is such that a person can settle it.
func ambiguous(r Reason) bool { return r == NoServiceConcerned || r == ProbableEquivalent }

// decideAccepted watches an accepted item.
func decideAccepted(r Rules, f Facts, d *Decision) {
	switch d.Verdict {
	case Verified, Exempt, Unknown:
		if end := f.AcceptedAt.Add(r.Watch); f.Now.Before(end) {
			d.look(end.Add(time.Second))
		}
		return
	}
	if d.Reason == Soaking || closedBefore(r, f) {
		return // what was accepted is there again, and settles
	}
	d.Regressed = true
	d.Trigger = Regression
	at := f.Now
	switch d.Reason {
	case WaiverExpired:
		d.Trigger = Timer
	case RolledBack:
		at = f.lostAt().Add(r.RollbackGrace)
	}
	reopen(f, d, at)
}

// reopen decides to reopen at the given time, or later where the tracker
// refused before.
func reopen(f Facts, d *Decision, at time.Time) {
	d.WillReopen = true
	if !f.ReopenRefusedAt.IsZero() && !f.ReopenRefusedAt.Before(f.CloseSeenAt) {
		if again := f.ReopenRefusedAt.Add(24 * time.Hour); again.After(at) {
			at = again
		}
	}
	if f.Now.Before(at) {
		d.look(at)
		return
	}
	// The label goes with the reopening, in the same call.
	d.Acts = slices.DeleteFunc(d.Acts, func(a Act) bool { return a == ActLabel })
	d.do(ActReopen)
	if d.Regressed && !f.RegressionTold {
		d.do(ActSayNew)
	} else { // a reopening that was refused has told of it already
		d.do(ActSay)
	}
}

// wait is how long a close may stand before it is undone: the grace, and from
// the reopening after escalate_after on a pause that doubles.
func wait(r Rules, f Facts) time.Duration {
	w := r.Grace
	if b := Backoff(r, f.ReopenCount); b > w {
		w = b
	}
	return w
}

// Backoff is the pause before the next reopening when count reopenings were
// made: none up to escalate_after, then first, and twice as long each time.
func Backoff(r Rules, count int) time.Duration {
	if r.EscalateAfter <= 0 || count < r.EscalateAfter {
		return 0
	}
	b := r.BackoffFirst
	for i := r.EscalateAfter; i < count && b < r.BackoffMax; i++ {
		b *= 2
	}
	return min(b, r.BackoffMax)
}

// closedBefore is true for what was closed before the rule was in force.
func closedBefore(r Rules, f Facts) bool {
	return !r.EnforceSince.IsZero() && !f.ClosedAt.IsZero() && f.ClosedAt.Before(r.EnforceSince)
}

// lostAt is when the last deployment that took a change back was received.
// Those that came after it without the change do not put the end of the grace
// off.
func (f Facts) lostAt() time.Time {
	var at time.Time
	for _, s := range f.Services {
		for _, t := range s.Targets {
			for _, c := range f.Changes {
				p := c.Presence[t.Target]
				if p.Contained != No || !p.Was || t.Live == nil {
					continue
				}
				lost := p.LostAt
				if lost.IsZero() {
					lost = t.Live.ReceivedAt
				}
				if lost.After(at) {
					at = lost
				}
			}
		}
	}
	return at
}

// status gives the first status that fits.
func status(f Facts, d Decision) Status {
	closed := f.Closed
	switch {
	case f.NoTicket:
		return StatusWaived
	case !f.Filed:
		return StatusFiling
	case f.Lost:
		return StatusLost
	case closed && d.Verdict == Exempt:
		return StatusWaived
	case closed && d.Verdict == Verified:
		return StatusDone
	case f.EverAccepted && d.Verdict == NotVerified && d.Reason != Soaking:
		return StatusRegressed
	case d.Reason == Soaking:
		return StatusSoaking
	case d.Verdict == Verified:
		return StatusVerified
	case closed:
		return StatusClosedEarly
	case len(f.Changes) > 0:
		return StatusAwaiting
	}
	return StatusOpen
}
