// Package reporttest makes a ledger to report on: postmortems with action items
// that were filed, fixed, closed too early, shipped, rolled back and waived over
// some weeks. The same seed always gives the same ledger. Store writes it with
// the real ledger, as the service would have.
package reporttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
)

// Options say what is made.
type Options struct {
	Seed  uint64
	Items int
	// Per is how many items a postmortem has.
	Per   int
	Weeks int
	// End is the moment before which everything happened.
	End   time.Time
	Teams []string
	// Prefix tells the ids of several ledgers in one store apart.
	Prefix string
	// Hostile puts markup of every channel into some titles.
	Hostile bool
}

// Ledger is what was made: postmortems, oldest first, each with its items.
type Ledger []Postmortem

// Postmortem is one postmortem with the entries of its items.
type Postmortem struct {
	domain.Postmortem
	Items []Item
}

// Item is one item with its whole ledger.
type Item struct {
	ID      string
	Entries []domain.Entry
}

var incidents = []string{"Checkout down", "Payments delayed", "Search returned nothing", "Login slow", "Orders doubled", "Mails not sent", "Database full", "Certificates expired"}

var actions = []string{"Limit retries of the payment client", "Alert when the pool is nearly used up", "Write the failover runbook", "Test restores every month",
	"Add a circuit breaker before the ledger", "Rotate certificates by themselves", "Bound the queue of outgoing mail", "Cache the catalogue for reads", "Make the importer repeatable",
	"Show the queue's age on the dashboard", "Drop the unused index", "Page the owner of the service, not the platform"}

var hostile = []string{"Fix @channel and <!here> in *all* places", "=HYPERLINK(\"http://evil.example\",\"click\")", "<script>alert(1)</script> <img src=x onerror=alert(1)>",
	"[click](http://evil.example) **bold** `code` | cell", "@everyone {{mention}} <at>all</at> https://evil.example"}

var owners = []string{"alice", "bob", "carol", "dave", ""}

// Generate makes a ledger.
func Generate(o Options) Ledger {
	r := rand.New(rand.NewPCG(o.Seed, 1))
	if o.Per <= 0 {
		o.Per = 5
	}
	var out Ledger
	count := (o.Items + o.Per - 1) / o.Per
	start := o.End.AddDate(0, 0, -7*o.Weeks)
	for p := range count {
		at := start.Add(time.Duration(float64(o.End.Sub(start)-24*time.Hour) * float64(p) / float64(count))).Truncate(time.Minute)
		title := incidents[r.IntN(len(incidents))]
		id := fmt.Sprintf("%s%s-incident-%d", o.Prefix, at.Format(time.DateOnly), p+1)
		pm := Postmortem{Postmortem: domain.Postmortem{ID: id, Title: title, Date: at.Format(time.DateOnly), FiledAt: at.Add(20 * time.Hour), Severity: "SEV2"}}
		team := o.Teams[p%len(o.Teams)]
		for n := 1; n <= min(o.Per, o.Items-p*o.Per); n++ {
			spec := domain.ItemSpec{ID: fmt.Sprintf("%s/%d", id, n), Postmortem: id, N: n, Title: actions[r.IntN(len(actions))], Priority: pick[domain.Priority](r, "P0", "P1", "P1", "P2", "P2", "P2", "P3", "P4"),
				Type: pick(r, domain.Preventative, domain.Preventative, domain.Mitigative, domain.Other), Owner: owners[r.IntN(len(owners))], Team: team, Services: []string{"checkout"},
				Target: "github:acme/checkout", IncidentDate: pm.Date, PMTitle: title}
			if r.IntN(12) > 0 {
				days := map[domain.Priority]int{"P0": 7, "P1": 28, "P2": 56, "P3": 90, "P4": 120}[spec.Priority]
				spec.Due = at.AddDate(0, 0, days).Format(time.DateOnly)
			}
			if o.Hostile && p*o.Per+n <= len(hostile) {
				spec.Title, spec.Priority = hostile[p*o.Per+n-1], "P0"
			}
			pm.Items = append(pm.Items, Item{spec.ID, life(r, spec, pm.FiledAt, o.End, p*o.Per+n)})
		}
		pm.NextN = len(pm.Items) + 1
		out = append(out, pm)
	}
	return out
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// life is what happens to one item, as far as it happens before end.
func life(r *rand.Rand, spec domain.ItemSpec, at, end time.Time, number int) []domain.Entry {
	l := &writer{end: end, ticket: domain.Ticket{Ref: domain.GitHubRef("github", "acme/checkout", number), URL: fmt.Sprintf("https://github.example/acme/checkout/issues/%d", number), Title: spec.Title}}
	if spec.Owner != "" {
		l.ticket.Assignees = []string{spec.Owner}
	}
	l.add(at, domain.Entry{Kind: domain.Fact, Name: domain.ItemFiled, Spec: &spec})
	l.verdict(at, "not_verified", "no_linked_change", "filing", false)
	l.action(at.Add(time.Minute), domain.ActCreate, "")
	l.verdict(at.Add(time.Minute), "not_verified", "no_linked_change", "open", false)
	hours := func(least, most int) time.Duration {
		return time.Duration(least+r.IntN(most-least))*time.Hour + time.Duration(r.IntN(60))*time.Minute
	}
	if r.IntN(9) == 0 {
		l.add(at.Add(hours(20, 200)), domain.Entry{Kind: domain.Fact, Name: domain.DueSet, Cause: "comment 1 by alice", Spec: &domain.ItemSpec{Due: end.AddDate(0, 0, r.IntN(20)).Format(time.DateOnly)}})
	}
	switch fate := r.IntN(10); {
	case fate < 2: // nothing happens
		return l.entries
	case fate == 2: // waived
		at = at.Add(hours(50, 300))
		l.add(at, domain.Entry{Kind: domain.Fact, Name: domain.Waived, Waiver: &domain.Waiver{Approver: "lead", Reason: "accepted for now", GrantedAt: at, ExpiresAt: at.AddDate(0, 0, 28+r.IntN(30))}})
		l.close(at.Add(time.Minute), "completed")
		l.verdict(at.Add(2*time.Minute), "exempt", "", "waived", true)
		return l.entries
	}
	at = at.Add(hours(30, 700))
	change := domain.Change{Repo: "acme/checkout", SHA: fmt.Sprintf("%040x", number), PullRequest: 1000 + number, DefaultBase: true, LandedAt: at, How: domain.ClaimPullRequest, Author: spec.Owner}
	l.add(at, domain.Entry{Kind: domain.Fact, Name: domain.ChangeLinked, Change: &change})
	early := r.IntN(3) > 0
	if early { // the merge closed it
		l.close(at.Add(5*time.Second), "completed")
		l.verdict(at.Add(10*time.Second), "not_verified", "not_deployed", "closed_early", false)
		l.action(at.Add(15*time.Second), domain.ActReopen, "own_close")
	}
	l.verdict(at.Add(20*time.Second), "not_verified", "not_deployed", "awaiting_deployment", false)
	if r.IntN(7) == 0 {
		l.verdict(at.Add(hours(1, 30)), "unknown", "revision_unknown", "awaiting_deployment", false)
		return l.entries
	}
	at = at.Add(hours(2, 240))
	l.verdict(at, "verified", "", "verified", false)
	l.action(at.Add(10*time.Second), domain.ActClose, "")
	l.verdict(at.Add(20*time.Second), "verified", "", "done", true)
	if r.IntN(8) == 0 { // rolled back, and forward again
		at = at.Add(hours(10, 120))
		l.verdict(at, "not_verified", "rolled_back", "regressed", true)
		l.action(at.Add(10*time.Second), domain.ActReopen, "regression")
		l.verdict(at.Add(15*time.Second), "not_verified", "rolled_back", "regressed", false)
		if r.IntN(2) == 0 {
			at = at.Add(hours(5, 60))
			l.verdict(at, "verified", "", "verified", false)
			l.action(at.Add(10*time.Second), domain.ActClose, "")
			l.verdict(at.Add(20*time.Second), "verified", "", "done", true)
		}
	}
	return l.entries
}

// writer appends entries that happen before its end; what follows a later one
// does not happen either.
type writer struct {
	entries []domain.Entry
	ticket  domain.Ticket
	end     time.Time
	over    bool
}

func (l *writer) add(at time.Time, e domain.Entry) {
	if l.over = l.over || !at.Before(l.end); l.over {
		return
	}
	e.At, e.Seq = at.UTC(), int64(len(l.entries)+1)
	l.entries = append(l.entries, e)
}

func (l *writer) verdict(at time.Time, verdict, reason, status string, accepted bool) {
	l.add(at, domain.Entry{Kind: domain.Decided, Name: domain.VerdictReached, Verdict: &domain.VerdictLine{Verdict: verdict, Reason: reason, Status: status, Accepted: accepted}})
}

func (l *writer) action(at time.Time, kind domain.ActionKind, trigger string) {
	switch kind {
	case domain.ActReopen:
		l.ticket.Closed, l.ticket.CloseReason = false, ""
	case domain.ActClose:
		l.ticket.Closed, l.ticket.CloseReason = true, domain.Completed
	}
	t := l.ticket
	l.add(at, domain.Entry{Kind: domain.Outcome, Name: domain.ActionDone, Action: &domain.Action{ID: fmt.Sprint(len(l.entries)), Kind: kind, Trigger: trigger, Ticket: &t, At: at.UTC()}})
}

func (l *writer) close(at time.Time, reason domain.CloseReason) {
	l.ticket.Closed, l.ticket.CloseReason = true, reason
	t := l.ticket
	l.add(at, domain.Entry{Kind: domain.Fact, Name: domain.TicketClosed, Event: &domain.Event{Kind: domain.EventTicket, Action: "closed", At: at.UTC(), Ticket: t.Ref}})
	l.add(at, domain.Entry{Kind: domain.Fact, Name: domain.TicketSeen, Ticket: &t})
}

// Store writes postmortems into a ledger: the items are filed, their entries
// appended, and their states saved, as by a worker that holds the item.
func Store(ctx context.Context, l *ledger.Ledger, made Ledger, fold func(domain.State, []domain.Entry) domain.State) error {
	for _, pm := range made {
		lease, ok, err := l.ClaimSubject(ctx, "postmortem/"+pm.ID, time.Minute)
		if err != nil || !ok {
			return fmt.Errorf("claiming the postmortem %s: %w", pm.ID, err)
		}
		entries := map[string][]domain.Entry{}
		for _, it := range pm.Items {
			entries[it.ID] = it.Entries
		}
		if err := l.File(ctx, lease, pm.Postmortem, entries); err != nil {
			return err
		}
		if err := l.Done(ctx, lease, time.Time{}); err != nil {
			return err
		}
		for _, it := range pm.Items {
			lease, ok, err := l.ClaimSubject(ctx, "item/"+it.ID, time.Minute)
			if err != nil || !ok {
				return fmt.Errorf("claiming the item %s: %w", it.ID, err)
			}
			if err := l.Save(ctx, lease, fold(domain.State{}, it.Entries)); err != nil {
				return err
			}
			if err := l.Done(ctx, lease, time.Time{}); err != nil {
				return err
			}
		}
	}
	return nil
}
