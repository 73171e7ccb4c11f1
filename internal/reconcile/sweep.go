package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/trackers"
)

// A sweep finds what no webhook told. What it costs follows what changed on
// the tracker since the last one, not how many tickets there are.

// maxSweepPages bounds one sweep of one target; the rest comes with the next.
const maxSweepPages = 20

// sweepMark is how far a target or repository was swept, in the tracker's
// own times.
type sweepMark struct {
	Tickets     time.Time `json:"tickets,omitzero"`
	Pulls       time.Time `json:"pulls,omitzero"`
	Deployments time.Time `json:"deployments,omitzero"`
	Head        string    `json:"head,omitempty"` // of the default branch
	Start       time.Time `json:"start,omitzero"` // while there is no head yet
}

// sweep compares one tracker with what is recorded. A project that cannot be
// read does not hold up the others.
func (r *Reconciler) sweep(ctx context.Context, name string) (time.Time, error) {
	s := r.Setup()
	t, ok := s.Trackers[name]
	if !ok {
		return time.Time{}, nil // taken out of the configuration
	}
	next := r.now().Add(s.SweepEvery(name))
	if until := r.mayAsk(name); !until.IsZero() {
		return until, nil
	}
	var errs []error
	if sweeper, ok := t.(trackers.Sweeper); ok {
		for _, target := range s.SweepTargets(name) {
			errs = append(errs, r.swept(ctx, name+"/"+target, func(m *sweepMark) error { return r.sweepTickets(ctx, sweeper, name, target, m) }))
		}
	}
	if code, ok := t.(trackers.CodeSweeper); ok {
		for _, repo := range s.repos(name) {
			errs = append(errs, r.swept(ctx, name+"/code/"+repo, func(m *sweepMark) error {
				return errors.Join(r.sweepPulls(ctx, s, code, name, repo, m), r.sweepPushes(ctx, s, name, repo, m), r.sweepDeployments(ctx, s, code, name, repo, m))
			}))
		}
	}
	if err := errors.Join(errs...); err != nil {
		r.log.Warn("a sweep was not complete; the next one goes on from there", "tracker", name, "err", err)
		r.heed(err)
		return next, nil
	}
	return next, r.ledger.SetMeta(ctx, "swept/"+name, r.now().UTC().Format(time.RFC3339), 0)
}

// Swept says when the tracker was last swept completely; zero: never.
func (r *Reconciler) Swept(ctx context.Context, tracker string) (time.Time, error) {
	at, err := r.ledger.Meta(ctx, "swept/"+tracker)
	if err != nil || at == "" {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339, at)
}

// firstFiled is a time before the first item was filed, by whatever clock a
// tracker has; zero: none was.
func (r *Reconciler) firstFiled(ctx context.Context) (time.Time, error) {
	ids, err := r.ledger.ItemIDs(ctx, "", 1)
	if err != nil || len(ids) == 0 {
		return time.Time{}, err
	}
	st, err := r.load(ctx, ids[0])
	if err != nil {
		return time.Time{}, err
	}
	return st.FiledAt.Add(-clockSlack).Truncate(time.Second), nil
}

// swept runs one part of a sweep from its mark, and keeps the mark where it
// went on, also after an error: what was handled is recorded already.
func (r *Reconciler) swept(ctx context.Context, key string, part func(m *sweepMark) error) error {
	key = "sweep/" + key
	text, err := r.ledger.Meta(ctx, key)
	if err != nil {
		return fmt.Errorf("reading where the last sweep of %s ended: %w", key, err)
	}
	var m sweepMark
	if text == "" || json.Unmarshal([]byte(text), &m) != nil {
		// What happened since the first item was filed may not have been heard.
		start, err := r.firstFiled(ctx)
		if err != nil {
			return err
		}
		m = sweepMark{Tickets: start, Pulls: start, Deployments: start, Start: start}
	}
	before := m
	partErr := part(&m)
	if m != before {
		b, err := json.Marshal(m)
		if err == nil {
			err = r.ledger.SetMeta(ctx, key, string(b), 0)
		}
		if err != nil {
			return errors.Join(partErr, fmt.Errorf("keeping where the sweep of %s ended: %w", key, err))
		}
	}
	return partErr
}

// sweepTickets has every ticket looked at that is not as it was recorded, and
// every command that was not heard.
func (r *Reconciler) sweepTickets(ctx context.Context, t trackers.Sweeper, tracker, target string, m *sweepMark) error {
	for range maxSweepPages {
		got, err := t.Changed(ctx, target, m.Tickets)
		if err != nil {
			return fmt.Errorf("sweeping %s:%s: %w", tracker, target, err)
		}
		for _, tk := range got.Tickets {
			if err := r.sweepTicket(ctx, tk); err != nil {
				return err
			}
		}
		for _, c := range got.Comments {
			if err := r.sweepComment(ctx, c); err != nil {
				return err
			}
		}
		if !got.Until.IsZero() {
			m.Tickets = got.Until
		}
		if !got.More {
			return nil
		}
	}
	return nil
}

// item finds and loads the item of a ticket; false: it is none of ours.
func (r *Reconciler) itemOf(ctx context.Context, ref domain.Ref) (domain.State, bool, error) {
	id, err := r.ledger.ItemByTicket(ctx, ref)
	if errors.Is(err, ledger.ErrNotFound) {
		return domain.State{}, false, nil
	}
	if err != nil {
		return domain.State{}, false, err
	}
	st, err := r.load(ctx, id)
	return st, err == nil && st.Ticket != nil, err
}

func (r *Reconciler) sweepTicket(ctx context.Context, tk domain.Ticket) error {
	st, ok, err := r.itemOf(ctx, tk.Ref)
	if err != nil || !ok {
		return err
	}
	if sameTicket(*st.Ticket, tk) && tk.ClosedAt.Equal(st.Ticket.ClosedAt) {
		return nil
	}
	return r.found(ctx, st.Spec.ID, domain.Entry{Name: domain.TicketEvent, Note: "A sweep found the ticket changed.",
		Event: &domain.Event{Kind: domain.EventTicket, Tracker: tk.Ref.Tracker(), Action: "swept", Ticket: tk.Ref, At: tk.UpdatedAt}})
}

func (r *Reconciler) sweepComment(ctx context.Context, c trackers.SweptComment) error {
	if !claims.HasCommand(c.Body) {
		return nil
	}
	st, ok, err := r.itemOf(ctx, c.Ref)
	if err != nil || !ok {
		return err
	}
	e := domain.Entry{Name: domain.CommentSeen, Note: "A sweep found a command.",
		Event: &domain.Event{Kind: domain.EventComment, Tracker: c.Ref.Tracker(), Action: "created", Ticket: c.Ref, Comment: c.ID, Command: true, Actor: c.Author, At: c.CreatedAt}}
	if after := Fold(st, numbered(st, []domain.Entry{e})); len(after.PendingComments) == len(st.PendingComments) {
		return nil // it was heard
	}
	return r.found(ctx, st.Spec.ID, e)
}

// found records what a sweep found, as a delivery would have.
func (r *Reconciler) found(ctx context.Context, item string, e domain.Entry) error {
	e.At, e.Kind, e.Cause = r.now().UTC(), domain.Fact, "sweep"
	err := r.ledger.Append(ctx, item, true, e)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	return err
}

// sweepPulls records what pull requests claim, each state of each once.
func (r *Reconciler) sweepPulls(ctx context.Context, s *Setup, t trackers.CodeSweeper, tracker, repo string, m *sweepMark) error {
	pulls, until, err := t.Landed(ctx, repo, m.Pulls)
	if err != nil {
		return fmt.Errorf("sweeping the pull requests of %s: %w", repo, err)
	}
	for _, p := range pulls {
		ev := domain.Event{Tracker: tracker, Kind: domain.EventChange, Action: "swept", Repo: repo, At: p.LandedAt,
			ID: fmt.Sprintf("sweep/%s#%d/%s/%t/%s", repo, p.PullRequest, p.SHA, p.Open, digestOf(p.Title+"\n"+p.Body))}
		refs := claims.FromPullRequest(claims.PullRequest{Title: p.Title, Body: p.Body, Branch: p.Branch}, s.Claims(tracker, repo))
		c := p.Change
		c.How = domain.ClaimPullRequest
		switch {
		case p.Merged:
			c.Open = false
		case p.Open && p.HeadRepo != "" && p.HeadRepo == repo && p.Trusted:
			c.SHA, c.LandedAt = "", time.Time{}
		default:
			c.SHA, c.LandedAt, c.Open = "", time.Time{}, false
		}
		ev.Claims = claims.Of(refs, c)
		for i := range ev.Claims {
			ev.Claims[i].Withdrawn = !p.Merged && !c.Open
		}
		if len(ev.Claims) == 0 {
			continue
		}
		if _, err := r.ledger.Record(ctx, ev); err != nil {
			return fmt.Errorf("recording %s#%d: %w", repo, p.PullRequest, err)
		}
	}
	if !until.IsZero() {
		m.Pulls = until
	}
	return nil
}

// sweepDeployments records deployments that were not heard. One that was is
// recognised by its id and status.
func (r *Reconciler) sweepDeployments(ctx context.Context, s *Setup, t trackers.CodeSweeper, tracker, repo string, m *sweepMark) error {
	list, until, err := t.Deployed(ctx, repo, m.Deployments)
	if err != nil {
		return fmt.Errorf("sweeping the deployments of %s: %w", repo, err)
	}
	for _, d := range list {
		for _, target := range s.DeploymentTargets(tracker, repo, d.Environment) {
			one := d
			one.Service, one.Environment, one.Production = target.Service, target.Environment, target.Production
			one.ReceivedAt, one.Percent, one.Source = r.now().UTC(), 100, "sweep of "+tracker
			if _, _, err := r.ledger.RecordDeployment(ctx, one); err != nil && !errors.Is(err, ledger.ErrConflict) {
				return fmt.Errorf("recording deployment %s of %s: %w", d.ID, repo, err)
			}
		}
	}
	if !until.IsZero() {
		m.Deployments = until
	}
	return nil
}

// repos are the repositories of the services on a tracker.
func (s *Setup) repos(tracker string) []string {
	seen := map[string]bool{}
	var out []string
	for _, svc := range s.Services {
		if svc.Tracker == tracker && svc.Repo != "" && !seen[svc.Repo] {
			seen[svc.Repo] = true
			out = append(out, svc.Repo)
		}
	}
	return out
}
