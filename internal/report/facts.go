package report

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
)

// Facts is what a report is built from.
type Facts struct {
	Team      string // empty: all teams
	PublicURL string // base of the links
	// Items are the items of the team as they stood; an error ends the build.
	Items    iter.Seq2[Item, error]
	Services []Service
	// Held are the causes whose reopenings wait for an operator.
	Held []Held
	// Undelivered are messages of the week before that no channel took.
	Undelivered []string
	// Past are the figures of earlier weeks as they were stored then; they win
	// over what the ledger still tells.
	Past map[Week]Point
	// Calendar counts the days over and until; nil: every day counts.
	Calendar *Calendar
	// DueSince says when a due clock starts; nil: at the postmortem.
	DueSince func(domain.State) time.Time
	// FromFiling names the teams whose due clocks always start at the filing.
	FromFiling []string
	Schedule   string // when the report is sent, for the last lines
}

// Service is what is known of a service's deployments at the period's end.
type Service struct {
	Name   string
	Heard  bool // some deployment was reported
	Silent int  // days without one while the repository moved on; 0: not silent
}

// Held is a group of reopenings that waits for an operator.
type Held struct {
	Cause string
	Items int
}

// Item is one action item, reduced to what a report needs.
type Item struct {
	Points []Standing // one for each of Period.ends
	This   State      // at the period's end
	Last   State      // a week before
	New    Events     // what happened in the period
	Old    Events     // and in the week before
}

// State is an item at one moment; nil where it was not filed by then.
type State = *domain.State

// Standing is what the line of weeks needs of an item at the end of one week.
type Standing struct{ Open, Overdue, Verified bool }

// Fold applies ledger entries to a state.
type Fold func(domain.State, []domain.Entry) domain.State

// Clock says when a due day is over.
type Clock interface {
	// Overdue reports whether the due day of an item of this team is over.
	Overdue(spec domain.ItemSpec, now time.Time) bool
}

// Journal is an item as the store has it.
type Journal struct {
	Snapshot domain.State // zero where it was never looked at
	LastAt   time.Time    // of the newest entry
	Entries  []domain.Entry
	// Whole is true when Entries holds all there is. Otherwise nothing was
	// recorded since the first moment that matters, and Snapshot stands.
	Whole bool
}

// Reduce works out how an item stood at the moments that a report looks at. It
// gives false for what was not filed before the period's end.
func Reduce(j Journal, p Period, fold Fold, clock Clock) (Item, bool) {
	ends := p.ends()
	n := len(ends)
	it := Item{Points: make([]Standing, n)}
	states := make([]State, n)
	if j.Whole {
		rewind(j.Entries, ends, fold, states)
	} else {
		st := j.Snapshot
		for i, end := range ends {
			if st.FiledAt.Before(end) {
				states[i] = &st
			}
		}
	}
	for i, st := range states {
		if st == nil {
			continue
		}
		open := Open(*st)
		it.Points[i] = Standing{Open: open, Overdue: open && clock.Overdue(st.Spec, ends[i])}
		if i > 0 {
			it.Points[i].Verified = within(st.VerifiedAt, ends[i-1], ends[i])
		}
	}
	it.This, it.Last = states[n-1], states[n-2]
	if it.This == nil {
		return it, false
	}
	it.New = Happened(j.Entries, it.This, ends[n-2], ends[n-1])
	if it.Last != nil {
		it.Old = Happened(j.Entries, it.Last, ends[n-3], ends[n-2])
	}
	return it, true
}

// rewind folds all entries, stopping at each end. Times come from the clocks of
// several processes, so an entry counts as no earlier than the one before it.
func rewind(entries []domain.Entry, ends []time.Time, fold Fold, states []State) {
	var st domain.State
	next, at := 0, time.Time{}
	for i, end := range ends {
		from := next
		for next < len(entries) && latest(at, entries[next].At).Before(end) {
			at = latest(at, entries[next].At)
			next++
		}
		if next > from {
			st = fold(st, entries[from:next])
		}
		if next > 0 {
			here := st
			states[i] = &here //nolint:gosec // there is one for each end
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func within(t, from, to time.Time) bool { return !t.IsZero() && !t.Before(from) && t.Before(to) }

// OpenStatuses are the statuses of what still has to be done: no verified fix
// in production, and no waiver.
var OpenStatuses = []policy.Status{policy.StatusFiling, policy.StatusOpen, policy.StatusAwaiting, policy.StatusSoaking, policy.StatusClosedEarly, policy.StatusRegressed}

// Open reports whether the item still has to be done.
func Open(st domain.State) bool {
	return slices.Contains(OpenStatuses, policy.Status(statusOf(st)))
}

// statusOf is the status of an item, also of one that nobody looked at yet.
func statusOf(st domain.State) string {
	switch {
	case st.Verdict.Status != "":
		return st.Verdict.Status
	case st.Spec.Done:
		return string(policy.StatusWaived)
	}
	return string(policy.StatusFiling)
}

func verdictOf(st domain.State) string {
	switch {
	case st.Verdict.Status != "":
		return st.Verdict.Verdict
	case st.Spec.Done:
		return string(policy.Exempt)
	}
	return string(policy.NotVerified)
}

// Event is something that happened to an item.
type Event string

// The events that are counted.
const (
	Created   Event = "created"
	Closed    Event = "closed"    // by a person or by Holdfast, not by a merge
	Merged    Event = "merged"    // closed by a merge, before the deployment
	Reopened  Event = "reopened"  // by Holdfast: it was closed too early
	Regressed Event = "regressed" // it was accepted, and production lost it, or its waiver ended
	Verified  Event = "verified"
	Waived    Event = "waived"
	Withdrawn Event = "withdrawn"
	DueMoved  Event = "due_moved" // by a person's command
)

// AllEvents lists the events in the order in which a report shows them.
var AllEvents = []Event{Created, Merged, Closed, Reopened, Regressed, Verified, Waived, Withdrawn, DueMoved}

// Events is a set of events.
type Events map[Event]bool

// Happened says what happened to an item from one moment to before another. st
// is the item as it stood at the end. The entries must be all of them, or none
// where nothing was recorded in that time.
func Happened(entries []domain.Entry, st State, from, to time.Time) Events {
	out := Events{}
	if st == nil {
		return out
	}
	if within(st.FiledAt, from, to) {
		out[Created] = true
	}
	if within(st.VerifiedAt, from, to) {
		out[Verified] = true
	}
	if w := st.Waiver; w != nil && within(w.GrantedAt, from, to) {
		out[map[bool]Event{true: Withdrawn, false: Waived}[w.Withdrawn]] = true
	}
	status, at := "", time.Time{}
	for _, e := range entries {
		at = latest(at, e.At)
		if !at.Before(to) {
			break
		}
		if !at.Before(from) {
			entryHappened(out, e, st, status)
		}
		if e.Verdict != nil {
			status = e.Verdict.Status
		}
	}
	return out
}

// entryHappened adds what one entry tells. status is the item's before it.
func entryHappened(out Events, e domain.Entry, st State, status string) {
	regressed := string(policy.StatusRegressed)
	switch {
	case e.Name == domain.TicketClosed:
		if byMerge(e.Event.At, st.Changes) {
			out[Merged] = true
		} else {
			out[Closed] = true
		}
	case e.Name == domain.ActionDone && e.Action.Kind == domain.ActClose:
		out[Closed] = true
	case e.Name == domain.ActionDone && e.Action.Kind == domain.ActReopen && (status != regressed || e.Action.Trigger == string(policy.OwnClose)):
		out[Reopened] = true
	case e.Name == domain.VerdictReached && e.Verdict.Status == regressed && status != regressed:
		out[Regressed] = true
	case e.Name == domain.DueSet && strings.HasPrefix(e.Cause, "comment "):
		out[DueMoved] = true
	}
}

// slack is how far a close and the merge that brought it may lie apart: a
// tracker closes the ticket within moments, and clocks differ a little.
const slack = 2 * time.Minute

// byMerge reports whether a close goes with a change that landed just then.
func byMerge(closed time.Time, changes []domain.Change) bool {
	return slices.ContainsFunc(changes, func(c domain.Change) bool {
		landed := c.LandedAt
		if c.PullRequest == 0 && c.How != domain.ClaimFixedBy {
			landed = c.ClaimedAt // a commit is as old as its author says, and is heard of when it is pushed
		}
		return c.SHA != "" && !landed.IsZero() && !closed.Before(landed.Add(-slack)) && !closed.After(landed.Add(slack))
	})
}
