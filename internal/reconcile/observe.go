package reconcile

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// observe compares a ticket as it was just read with what was known, and
// gives the facts that follow. It is pure. Facts about the state are ordered
// as they happened: a reopening before the close that followed it.
func observe(st domain.State, fresh domain.Ticket, now time.Time, cause string) []domain.Entry {
	var out []domain.Entry
	fact := func(name domain.EntryName, at time.Time, actor, note string) {
		if at.IsZero() {
			at = now
		}
		out = append(out, domain.Entry{At: now, Kind: domain.Fact, Name: name, Cause: cause, Note: note,
			Event: &domain.Event{Ticket: fresh.Ref, At: at, Actor: actor}})
	}
	prev := st.Ticket
	reopened, who := personReopening(st)
	switch {
	case prev.Closed && !fresh.Closed:
		if reopened.IsZero() {
			reopened = fresh.UpdatedAt
		}
		fact(domain.PersonReopened, reopened, who, "A person reopened the ticket.")
	case !prev.Closed && !fresh.Closed:
		// Closed and reopened between two looks: only the deliveries tell.
		if !reopened.IsZero() && reopened.After(lastReopening(st).Add(echoSlack)) {
			fact(domain.PersonReopened, reopened, who, "A person closed and reopened the ticket.")
		}
	case prev.Closed && fresh.Closed:
		// Reopened and closed again between two looks.
		again := fresh.CloseReason == prev.CloseReason && !prev.ClosedAt.IsZero() && fresh.ClosedAt.After(prev.ClosedAt.Add(echoSlack))
		told := !reopened.IsZero() && reopened.After(prev.ClosedAt) && !reopened.After(fresh.ClosedAt)
		if told || again {
			if !told {
				reopened = prev.ClosedAt // not earlier than this
			}
			fact(domain.PersonReopened, reopened, who, "A person reopened the ticket.")
			fact(domain.TicketClosed, fresh.ClosedAt, closer(st), "The ticket was closed again.")
		}
	default:
		note := "The ticket was closed"
		if fresh.CloseReason != "" {
			note += " as " + string(fresh.CloseReason)
		}
		if !reopened.IsZero() && reopened.After(lastReopening(st).Add(echoSlack)) && reopened.Before(fresh.ClosedAt) {
			fact(domain.PersonReopened, reopened, who, "A person closed and reopened the ticket.")
		}
		fact(domain.TicketClosed, fresh.ClosedAt, closer(st), note+".")
	}
	if len(out) > 0 || !sameTicket(*prev, fresh) || len(st.Hints) > 0 {
		t := fresh
		out = append(out, domain.Entry{At: now, Kind: domain.Fact, Name: domain.TicketSeen, Cause: cause, Upto: st.Applied,
			Note: "Read back: " + fresh.State() + ".", Ticket: &t})
	}
	return out
}

// personReopening finds the newest reopening among the deliveries that were
// not answered yet. Echoes of our own were left out when they came in.
func personReopening(st domain.State) (at time.Time, who string) {
	for _, h := range st.Hints {
		if h.Event.Action == "reopened" && h.Event.At.After(at) {
			at, who = h.Event.At, h.Event.Actor
		}
	}
	return at, who
}

func closer(st domain.State) string {
	who := ""
	for _, h := range st.Hints {
		if h.Event.Action == "closed" {
			who = h.Event.Actor
		}
	}
	return who
}

// lastReopening is when the ticket was last reopened as far as is known, by
// us or by a person, on the tracker's clock.
func lastReopening(st domain.State) time.Time {
	at := st.PersonReopenedAt
	for _, w := range st.OurWrites {
		if !w.Closed && w.At.After(at) {
			at = w.At
		}
	}
	return at
}

func sameTicket(a, b domain.Ticket) bool {
	return a.Ref == b.Ref && a.Closed == b.Closed && a.Locked == b.Locked && a.CloseReason == b.CloseReason && a.Title == b.Title && a.Due == b.Due &&
		a.DuplicateOf == b.DuplicateOf && slices.Equal(a.Labels, b.Labels) && slices.Equal(a.Assignees, b.Assignees)
}
