package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// No list of changes shows a ticket that was deleted, transferred or moved
// away. So once in a while the tickets that are there are compared with those
// that we know; what is not among them is read back. It costs a call for each
// hundred tickets, and is done the more seldom the more there are: a call a
// minute at most, on average.
const (
	censusEvery = 30 * time.Minute
	censusPage  = 100
	// maxMissing bounds the tickets that are read back after one census.
	maxMissing = 200
)

func (r *Reconciler) census(ctx context.Context, s *Setup, t trackers.Lister, tracker, target string, m *sweepMark) error {
	known, err := r.ledger.TicketsIn(ctx, targetPrefix(tracker, target, s.Trackers[tracker].Kind()))
	if err != nil {
		return fmt.Errorf("listing the tickets of %s that we know: %w", target, err)
	}
	there := map[string]bool{}
	pages := 1
	if len(known) > 0 {
		list, err := t.List(ctx, target, s.Labels.Postmortem)
		if err != nil {
			return fmt.Errorf("counting the tickets of %s: %w", target, err)
		}
		pages += len(list) / censusPage
		for _, ref := range list {
			there[strings.ToLower(string(ref))] = true
		}
	}
	n := 0
	for ref, id := range known {
		if there[ref] || n == maxMissing {
			continue
		}
		st, err := r.load(ctx, id)
		if err != nil {
			return err
		}
		if st.Ticket == nil || !strings.EqualFold(string(st.Ticket.Ref), ref) || st.Lost {
			continue // an old reference, or known to be gone
		}
		n++
		err = r.found(ctx, id, domain.Entry{Name: domain.TicketEvent, Note: "A sweep did not find the ticket where it was.",
			Event: &domain.Event{Kind: domain.EventTicket, Tracker: tracker, Action: "missing", Ticket: st.Ticket.Ref, At: r.now().UTC()}})
		if err != nil {
			return err
		}
	}
	m.Next = r.now().Add(max(censusEvery, time.Duration(pages)*time.Minute)).UTC().Truncate(time.Second)
	return nil
}

// targetPrefix is how the references of a target's tickets begin, in lower
// case.
func targetPrefix(tracker, target, kind string) string {
	end := "-"
	if kind == "github" {
		end = "#"
	}
	return strings.ToLower(tracker + ":" + target + end)
}

// maxStrays bounds the targets outside the configuration that are swept.
const maxStrays = 100

// strays are the projects and repositories that tickets were moved to and that
// the configuration does not name. No webhook tells of them.
func (r *Reconciler) strays(ctx context.Context, tracker string) ([]string, error) {
	text, err := r.ledger.Meta(ctx, "strays/"+tracker)
	if err != nil || text == "" {
		return nil, err
	}
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, nil //nolint:nilerr // made anew with the next one that moves
	}
	return list, nil
}

// follow makes sure that the place of a ticket is swept.
func (r *Reconciler) follow(ctx context.Context, ref domain.Ref) error {
	s := r.Setup()
	same := func(t string) bool { return strings.EqualFold(t, ref.Project()) }
	if s.SweepTargets == nil || slices.ContainsFunc(s.SweepTargets(ref.Tracker()), same) {
		return nil
	}
	list, err := r.strays(ctx, ref.Tracker())
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, same) || len(list) == maxStrays {
		return nil
	}
	b, err := json.Marshal(append(list, ref.Project()))
	if err != nil {
		return err
	}
	r.log.Warn("a ticket has moved to where the configuration names nothing: its webhooks are not followed, it is swept", "ticket", ref)
	return r.ledger.SetMeta(ctx, "strays/"+ref.Tracker(), string(b), 0)
}
