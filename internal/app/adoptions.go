package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/adopt"
	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/trackers"
)

const (
	// maxAdopted bounds one search.
	maxAdopted = 10_000
	// adoptChunk is how many tickets are recorded in one step. What one step
	// recorded stays, so that an adoption that breaks off is gone on with by
	// asking for it again.
	adoptChunk = 200
	// adoptLag is how far the search of a tracker may be behind its writes.
	adoptLag = 2 * time.Minute
)

// Adopt implements api.Backend.
func (b *Backend) Adopt(ctx context.Context, by api.Actor, r api.AdoptionRequest) (api.AdoptionResult, error) {
	s := b.reconciler.Setup()
	t, ok := s.Trackers[r.Tracker]
	if !ok {
		var names []string
		for name := range s.Trackers {
			names = append(names, name)
		}
		slices.Sort(names)
		return api.AdoptionResult{}, api.Invalid{Field: "tracker", Detail: fmt.Sprintf("no tracker is called %q; configured are %s", r.Tracker, strings.Join(names, ", "))}
	}
	if r.Service != "" {
		svc, ok := s.Find(r.Service)
		if !ok {
			return api.AdoptionResult{}, api.Invalid{Field: "service", Detail: fmt.Sprintf("no service is called %q", r.Service)}
		}
		r.Service = svc.Name
	}
	found, more, err := b.search(ctx, t, r.Query, time.Time{})
	if err != nil {
		return api.AdoptionResult{}, searchError(err)
	}
	pm, lines, err := b.adoptAll(ctx, r.Tracker, r.Service, found, "api token "+by.Name, r.DryRun)
	out := api.AdoptionResult{Postmortem: pm.ID}
	if err != nil {
		return out, err
	}
	if more {
		out.Warnings = append(out.Warnings, fmt.Sprintf("more than %d tickets match: these are the oldest; narrow the query for the others", maxAdopted))
	}
	for _, l := range lines {
		out.Tickets = append(out.Tickets, adoptedView(l))
	}
	return out, nil
}

func adoptedView(l adopt.Line) api.AdoptedTicket {
	return api.AdoptedTicket{Item: l.Spec.ID, Ticket: api.TicketView{Ref: l.Ticket.Ref, URL: l.Ticket.URL, State: l.Ticket.State()}, Title: l.Ticket.Title, Action: string(l.Action),
		Priority: api.Text(string(l.Spec.Priority)), Type: api.Text(string(l.Spec.Type)), Owner: api.Text(l.Spec.Owner), Services: l.Spec.Services, Detail: l.Detail}
}

// search asks a tracker within the places that tickets are configured for.
func (b *Backend) search(ctx context.Context, t trackers.Tracker, query string, since time.Time) ([]trackers.Found, bool, error) {
	searcher, ok := t.(trackers.Searcher)
	if !ok {
		return nil, false, &trackers.Error{Op: "search tickets", Class: trackers.Invalid, Err: fmt.Errorf("%s cannot be searched", t.Name())}
	}
	return searcher.Search(ctx, query, b.reconciler.Setup().SweepTargets(t.Name()), since, maxAdopted)
}

// searchError tells a mistake in the query from a tracker that cannot answer.
func searchError(err error) error {
	var te *trackers.Error
	if !errors.As(err, &te) {
		return err
	}
	switch te.Class {
	case trackers.Invalid:
		return api.Invalid{Field: "query", Detail: te.Err.Error()}
	case trackers.NotFound, trackers.Gone, trackers.Denied:
		return api.Invalid{Field: "tracker", Detail: te.Error() + "; `holdfast doctor` says what it may not do"}
	}
	return api.Unavailable{Detail: te.Error(), After: te.RetryAfter}
}

// adoptAll brings tickets under the rule, each once; with dry it only says
// what it would do. Requests for one tracker take turns.
func (b *Backend) adoptAll(ctx context.Context, tracker, service string, found []trackers.Found, cause string, dry bool) (domain.Postmortem, []adopt.Line, error) {
	in := adopt.Input{Tracker: tracker, Service: service, Found: found, Setup: b.reconciler.Setup(), Team: b.defaults().Team, Now: b.now().UTC()}
	id := adopt.PostmortemID(tracker)
	var lease ledger.Lease
	var err error
	if !dry {
		if lease, err = b.hold(ctx, "postmortem/"+id); err != nil {
			return domain.Postmortem{ID: id}, nil, err
		}
		defer func() { _ = b.ledger.Done(context.WithoutCancel(ctx), lease, time.Time{}) }()
	}
	if in.Known, err = b.ledger.Postmortem(ctx, id); err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return in.Known, nil, storeError(err)
	}
	items, err := b.tracked(ctx, id, found)
	if err != nil {
		return in.Known, nil, err
	}
	in.Item = func(ref domain.Ref) string { return items[ref] }
	pm, lines := adopt.Make(in)
	if dry {
		return pm, lines, nil
	}
	var todo []adopt.Line
	for _, l := range lines {
		if l.Action == adopt.Adopt {
			todo = append(todo, l)
		}
	}
	for chunk := range slices.Chunk(todo, adoptChunk) {
		if err := b.ledger.Renew(ctx, lease, filingLease); err != nil {
			return pm, lines, storeError(err)
		}
		entries := map[string][]domain.Entry{}
		for _, l := range chunk {
			spec := l.Spec
			entries[spec.ID] = []domain.Entry{{At: in.Now, Kind: domain.Fact, Name: domain.ItemFiled, Cause: cause, Spec: &spec,
				Note: "The ticket " + string(l.Ticket.Ref) + " is adopted."}}
		}
		part := pm
		part.NextN = chunk[len(chunk)-1].Spec.N + 1
		if err := b.ledger.File(ctx, lease, part, entries); err != nil {
			return pm, lines, storeError(err)
		}
	}
	if len(todo) > 0 {
		b.log.Info("tickets are adopted", "tracker", tracker, "tickets", len(todo), "cause", cause)
	}
	return pm, lines, nil
}

// tracked finds the items of those tickets that have one, also of those whose
// adoption is under way.
func (b *Backend) tracked(ctx context.Context, pm string, found []trackers.Found) (map[domain.Ref]string, error) {
	out := map[domain.Ref]string{}
	unknown := false
	for _, f := range found {
		id, err := b.ledger.ItemByTicket(ctx, f.Ref)
		switch {
		case err == nil:
			out[f.Ref] = id
		case errors.Is(err, ledger.ErrNotFound):
			unknown = true
		default:
			return nil, storeError(err)
		}
	}
	if !unknown {
		return out, nil
	}
	ids, err := b.ledger.ItemsOfPostmortem(ctx, pm)
	if err != nil {
		return nil, storeError(err)
	}
	states, err := b.ledger.States(ctx, ids)
	if err != nil {
		return nil, storeError(err)
	}
	for _, st := range states {
		if st.Spec.AdoptRef != "" && !st.Lost {
			out[st.Spec.AdoptRef] = st.Spec.ID
		}
	}
	return out, nil
}

// adoptConfigured brings under the rule what matches the queries of the
// configuration and was not looked at since the last time.
func (b *Backend) adoptConfigured(ctx context.Context, tracker string, queries []config.Adopt) error {
	t, ok := b.reconciler.Setup().Trackers[tracker]
	if !ok {
		return nil
	}
	var errs []error
	for _, q := range queries {
		if q.Tracker == tracker {
			errs = append(errs, b.adoptQuery(ctx, t, q))
		}
	}
	return errors.Join(errs...)
}

func (b *Backend) adoptQuery(ctx context.Context, t trackers.Tracker, q config.Adopt) error {
	places := append([]string{t.Name(), q.Query, q.Service}, b.reconciler.Setup().SweepTargets(t.Name())...)
	sum := sha256.Sum256([]byte(strings.Join(places, "\n")))
	key := "adopt/" + t.Name() + "/" + hex.EncodeToString(sum[:8])
	text, err := b.ledger.Meta(ctx, key)
	if err != nil {
		return err
	}
	since, err := time.Parse(time.RFC3339, text)
	if err != nil {
		since = time.Time{} // never looked: all that match
	}
	found, more, err := b.search(ctx, t, q.Query, since)
	if err != nil {
		return fmt.Errorf("looking for tickets that match %q: %w", q.Query, err)
	}
	if _, _, err := b.adoptAll(ctx, t.Name(), q.Service, found, "configuration", false); err != nil {
		return fmt.Errorf("adopting what matches %q: %w", q.Query, err)
	}
	until := since
	for _, f := range found {
		if at := f.UpdatedAt.Add(-adoptLag).Truncate(time.Second); at.After(until) {
			until = at
		}
	}
	if more || until.Equal(since) {
		return nil
	}
	return b.ledger.SetMeta(ctx, key, until.UTC().Format(time.RFC3339), 0)
}
