package reconcile

import (
	"context"
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

// sweepTickets has every ticket looked at that is not as it was recorded, and
// every command that was not heard.
//
// It may end with more to be had: the next sweep goes on from there.
func (r *Reconciler) sweepTickets(ctx context.Context, t trackers.Sweeper, tracker, target string, m *sweepMark) error {
	start := r.now()
	for range maxSweepPages {
		got, err := t.Changed(ctx, target, m.At)
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
			m.At = got.Until
		}
		if !got.More {
			return nil
		}
		if r.now().Sub(start) > partTime {
			break
		}
	}
	m.More = true
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
	id, err := r.ledger.ItemByTicket(ctx, tk.Ref)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.alone(ctx, id, func() error { return r.sweepItem(ctx, tk) })
}

func (r *Reconciler) sweepItem(ctx context.Context, tk domain.Ticket) error {
	st, ok, err := r.itemOf(ctx, tk.Ref)
	if err != nil || !ok {
		return err
	}
	if sameTicket(*st.Ticket, tk) && tk.ClosedAt.Equal(st.Ticket.ClosedAt) && !st.Lost {
		return nil
	}
	return r.found(ctx, st.Spec.ID, domain.Entry{Name: domain.TicketEvent, Note: "A sweep found the ticket changed.",
		Event: &domain.Event{Kind: domain.EventTicket, Tracker: tk.Ref.Tracker(), Action: "swept", Ticket: tk.Ref, At: tk.UpdatedAt}})
}

func (r *Reconciler) sweepComment(ctx context.Context, c trackers.SweptComment) error {
	if !claims.HasCommand(c.Body) {
		return nil
	}
	id, err := r.ledger.ItemByTicket(ctx, c.Ref)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.alone(ctx, id, func() error { return r.sweepCommand(ctx, c) })
}

func (r *Reconciler) sweepCommand(ctx context.Context, c trackers.SweptComment) error {
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
	pulls, until, err := t.Landed(ctx, repo, m.At)
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
		m.At = until
	}
	return nil
}

// sweepDeployments records deployments that were not heard. One that was is
// recognised by its id and status.
func (r *Reconciler) sweepDeployments(ctx context.Context, s *Setup, t trackers.CodeSweeper, tracker, repo string, m *sweepMark) error {
	list, until, err := t.Deployed(ctx, repo, m.At)
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
		m.At = until
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
