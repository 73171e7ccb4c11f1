package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/config"
	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/filing"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
)

// Backend answers the API from the ledger and the reconciler. It is safe for
// concurrent use.
type Backend struct {
	app        *App
	ledger     *ledger.Ledger
	reconciler *reconcile.Reconciler
	defaults   func() filing.Defaults
	doctor     func(ctx context.Context) []trackers.Finding
	redeliver  func(ctx context.Context, letter ledger.DeadLetter) error
	log        *slog.Logger
	now        func() time.Time
	config     func() *config.Config
	building   chan struct{} // holds a token while a report is built
}

// storeError turns an error of the store into one that a client understands.
func storeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ledger.ErrNotFound), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, ledger.ErrDamaged):
		return api.Conflict{Detail: err.Error() + ". `holdfast dead-letters` tells more"}
	}
	if words := ledger.Refusal(err); words != "" {
		return api.Unavailable{Detail: "the store cannot serve now; it says: " + words, After: 2 * time.Second}
	}
	return api.Unavailable{Detail: "the store cannot be reached: " + err.Error(), After: 2 * time.Second}
}

// state loads an item with everything that its ledger holds.
func (b *Backend) state(ctx context.Context, id string) (domain.State, error) {
	st, err := b.reconciler.Item(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return st, api.NotFound{What: fmt.Sprintf("item %q", id)}
	}
	return st, storeError(err)
}

// one shows one item with the verdict of this moment.
func (b *Backend) one(ctx context.Context, st domain.State) (api.ItemView, reconcile.Opinion, error) {
	s := b.reconciler.Setup()
	o, err := b.reconciler.Opinion(ctx, st)
	if err != nil {
		return api.ItemView{}, o, storeError(err)
	}
	live, err := b.live(ctx, s.Targets(st))
	if err != nil {
		return api.ItemView{}, o, err
	}
	return view(s, st, o.Line, live, b.now()), o, nil
}

// Item implements api.Backend.
func (b *Backend) Item(ctx context.Context, id string) (api.ItemDetail, error) {
	st, err := b.state(ctx, id)
	if err != nil {
		return api.ItemDetail{}, err
	}
	v, o, err := b.one(ctx, st)
	if err != nil {
		return api.ItemDetail{}, err
	}
	entries, err := b.ledger.Entries(ctx, id)
	if err != nil {
		return api.ItemDetail{}, storeError(err)
	}
	d := api.ItemDetail{ItemView: v, Ledger: entries}
	result := map[string]string{"yes": "pass", "no": "fail", "unknown": "unknown", "waiting": "info"}
	remedy := reconcile.Remedy(policy.Reason(o.Line.Reason))
	for _, c := range o.Checks {
		check := api.Check{Check: c.Name, Result: result[c.Result], Detail: c.Text}
		if c.Result == "no" || c.Result == "unknown" {
			check.Remedy, remedy = remedy, "" // beside the first one that holds it back
		}
		d.Why = append(d.Why, check)
	}
	if st.Brake != "" {
		d.Why = append(d.Why, api.Check{Check: "reopening", Result: "info", Detail: "It would be reopened, together with more tickets than max_reopens, because of " + st.Brake + ".",
			Remedy: "holdfast reopenings confirm " + st.Brake + ", or drop"})
	}
	if st.Withheld != "" {
		d.Why = append(d.Why, api.Check{Check: "action", Result: "info", Detail: "Not done: " + st.Withheld + "."})
	}
	if !st.ReopenRefusedAt.IsZero() {
		d.Why = append(d.Why, api.Check{Check: "reopening", Result: "fail", Detail: "The tracker refused to reopen the ticket" + wordsOf(entries, domain.ActReopen) + ".",
			Remedy: "`holdfast doctor` checks the transitions; it is tried again at the next close, after a reload, and once a day"})
	}
	d.Why = append(d.Why, b.trouble(st)...)
	return d, nil
}

// wordsOf is what was said to the last action of a kind that failed, behind a
// colon; empty where its entry is gone.
func wordsOf(entries []domain.Entry, kind domain.ActionKind) string {
	for _, e := range slices.Backward(entries) {
		if e.Name == domain.ActionFailed && e.Action != nil && e.Action.Kind == kind && e.Action.Error != "" {
			return ": " + strings.TrimSuffix(e.Action.Error, ".")
		}
	}
	return ""
}

// ItemByTicket implements api.Backend.
func (b *Backend) ItemByTicket(ctx context.Context, ticket string) (api.ItemDetail, error) {
	for _, ref := range b.refs(ticket) {
		id, err := b.ledger.ItemByTicket(ctx, ref)
		if err == nil {
			return b.Item(ctx, id)
		}
		if !errors.Is(err, ledger.ErrNotFound) {
			return api.ItemDetail{}, storeError(err)
		}
	}
	return api.ItemDetail{}, api.NotFound{What: fmt.Sprintf("item with the ticket %q", ticket)}
}

// refs reads a ticket as a person names it: its reference, the reference
// without the tracker's name, or an address.
func (b *Backend) refs(ticket string) []domain.Ref {
	ticket = strings.TrimSuffix(strings.TrimSpace(ticket), "/")
	if ref, err := domain.ParseRef(ticket); err == nil {
		return []domain.Ref{ref}
	}
	key := ticket
	if i := strings.Index(key, "/issues/"); strings.Contains(key, "://") && i > 0 {
		parts := strings.Split(key[:i], "/")
		key = strings.Join(parts[max(0, len(parts)-2):], "/") + "#" + key[i+len("/issues/"):]
	} else if _, after, ok := strings.Cut(key, "/browse/"); ok {
		key = after
	}
	var out []domain.Ref
	for name := range b.reconciler.Setup().Trackers {
		if ref, err := domain.ParseRef(name + ":" + key); err == nil {
			out = append(out, ref)
		}
	}
	return out
}

// refusal turns the reconciler's word into the API's.
func refusal(err error) error {
	var no reconcile.Refusal
	if errors.As(err, &no) {
		return api.Forbidden{Reason: string(no)}
	}
	return storeError(err)
}

// add records a fact that a person brought and shows the item with it.
func (b *Backend) add(ctx context.Context, by api.Actor, id string, e domain.Entry) (api.ItemView, error) {
	e.Cause = "api token " + by.Name
	if err := b.ledger.Append(ctx, id, true, e); err != nil {
		return api.ItemView{}, storeError(err)
	}
	st, err := b.state(ctx, id)
	if err != nil {
		return api.ItemView{}, err
	}
	v, _, err := b.one(ctx, st)
	return v, err
}

// Waive implements api.Backend.
func (b *Backend) Waive(ctx context.Context, by api.Actor, id string, w api.WaiverRequest) (api.ItemView, error) {
	st, err := b.state(ctx, id)
	if err != nil {
		return api.ItemView{}, err
	}
	d, err := duration(w.Duration)
	if err != nil {
		return api.ItemView{}, api.Invalid{Field: "duration", Detail: err.Error()}
	}
	e, err := b.reconciler.Setup().Waive(st, by.Person, d, strings.TrimSpace(w.Reason), b.now().UTC())
	if err != nil {
		return api.ItemView{}, refusal(err)
	}
	return b.add(ctx, by, id, e)
}

// Unwaive implements api.Backend.
func (b *Backend) Unwaive(ctx context.Context, by api.Actor, id string) (api.ItemView, error) {
	st, err := b.state(ctx, id)
	if err != nil {
		return api.ItemView{}, err
	}
	e, err := b.reconciler.Setup().Unwaive(st, by.Person, b.now().UTC())
	if err != nil {
		return api.ItemView{}, refusal(err)
	}
	return b.add(ctx, by, id, e)
}

// Attest implements api.Backend.
func (b *Backend) Attest(ctx context.Context, by api.Actor, id string, a api.AttestationRequest) (api.ItemView, error) {
	st, err := b.state(ctx, id)
	if err != nil {
		return api.ItemView{}, err
	}
	e, err := b.reconciler.Setup().Attest(st, by.Person, a.URL, a.Note, b.now().UTC())
	if err != nil {
		return api.ItemView{}, refusal(err)
	}
	return b.add(ctx, by, id, e)
}

// LinkChange implements api.Backend.
func (b *Backend) LinkChange(ctx context.Context, by api.Actor, id string, c api.ChangeRef) (api.ItemView, error) {
	st, err := b.state(ctx, id)
	if err != nil {
		return api.ItemView{}, err
	}
	ch, err := b.reconciler.FindChange(ctx, b.reconciler.Setup(), st, changeWord(c))
	if err != nil {
		return api.ItemView{}, changeError(err)
	}
	ch.How, ch.By = domain.ClaimFixedBy, by.Name
	if by.Person != "" {
		ch.By = by.Person
	}
	return b.add(ctx, by, id, domain.Entry{At: b.now().UTC(), Kind: domain.Fact, Name: domain.ChangeLinked, Change: &ch, Note: ch.By + " says that " + ch.Key() + " fixes it."})
}

func changeError(err error) error {
	switch trackers.ClassOf(err) {
	case trackers.RateLimited, trackers.Uncertain, trackers.Denied:
		return api.Unavailable{Detail: err.Error()}
	}
	return api.Invalid{Field: "change", Detail: err.Error()}
}

// Retry implements api.Backend.
func (b *Backend) Retry(ctx context.Context, by api.Actor, id string) (api.ItemView, error) {
	st, err := b.state(ctx, id)
	if err != nil {
		return api.ItemView{}, err
	}
	if st.Ticket == nil {
		if err := b.ledger.Touch(ctx, b.now(), "item/"+id); err != nil {
			return api.ItemView{}, storeError(err)
		}
		v, _, err := b.one(ctx, st)
		return v, err
	}
	// As a delivery would: the ticket is read back.
	return b.add(ctx, by, id, domain.Entry{At: b.now().UTC(), Kind: domain.Fact, Name: domain.TicketEvent, Note: "An operator asked for another look.",
		Event: &domain.Event{Kind: domain.EventTicket, Tracker: st.Ticket.Ref.Tracker(), Action: "retried", Ticket: st.Ticket.Ref, At: b.now().UTC()}})
}

// PauseState implements api.Backend.
func (b *Backend) PauseState(ctx context.Context) (api.PauseView, error) {
	paused, by, since, err := b.ledger.Paused(ctx)
	return api.PauseView{Paused: paused, By: api.Text(by), Since: api.Time(since)}, storeError(err)
}

// Pause implements api.Backend.
func (b *Backend) Pause(ctx context.Context, by api.Actor) (api.PauseView, error) {
	if err := b.ledger.SetPaused(ctx, true, by.Name); err != nil {
		return api.PauseView{}, storeError(err)
	}
	b.log.Warn("writing to trackers is paused", "by", by.Name)
	return b.PauseState(ctx)
}

// Resume implements api.Backend.
func (b *Backend) Resume(ctx context.Context, by api.Actor) (api.PauseView, error) {
	if err := b.reconciler.Resume(ctx, by.Name); err != nil {
		return api.PauseView{}, storeError(err)
	}
	b.log.Warn("writing to trackers goes on", "by", by.Name)
	return b.PauseState(ctx)
}

// Reopenings implements api.Backend.
func (b *Backend) Reopenings(ctx context.Context) ([]api.ReopeningView, error) {
	groups, err := b.reconciler.Reopenings(ctx)
	if err != nil {
		return nil, storeError(err)
	}
	out := make([]api.ReopeningView, 0, len(groups))
	for _, g := range groups {
		out = append(out, groupView(g))
	}
	return out, nil
}

func groupView(g ledger.Group) api.ReopeningView {
	return api.ReopeningView{Cause: g.Cause, Note: g.Note, State: g.State, Items: g.Items, OpenedAt: g.OpenedAt.UTC(), DecidedAt: api.Time(g.DecidedAt), By: api.Text(g.By)}
}

// ConfirmReopenings implements api.Backend.
func (b *Backend) ConfirmReopenings(ctx context.Context, by api.Actor, cause string) (api.ReopeningView, error) {
	return b.decideReopenings(ctx, by, cause, true)
}

// DropReopenings implements api.Backend.
func (b *Backend) DropReopenings(ctx context.Context, by api.Actor, cause string) (api.ReopeningView, error) {
	return b.decideReopenings(ctx, by, cause, false)
}

func (b *Backend) decideReopenings(ctx context.Context, by api.Actor, cause string, confirm bool) (api.ReopeningView, error) {
	g, err := b.reconciler.DecideReopenings(ctx, cause, confirm, by.Name)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return api.ReopeningView{}, api.NotFound{What: fmt.Sprintf("group of reopenings with the cause %q; `holdfast reopenings` lists them", cause)}
	case errors.Is(err, ledger.ErrConflict):
		return api.ReopeningView{}, api.Conflict{Detail: fmt.Sprintf("the reopenings of %s do not wait: they are %s", cause, g.State)}
	case err != nil:
		return api.ReopeningView{}, storeError(err)
	}
	return groupView(g), nil
}

// Doctor implements api.Backend.
func (b *Backend) Doctor(ctx context.Context) ([]trackers.Finding, error) { return b.doctor(ctx), nil }

// ResolveService implements api.Backend.
func (b *Backend) ResolveService(name string) (string, bool) {
	svc, ok := b.reconciler.Setup().Find(name)
	return svc.Name, ok
}
