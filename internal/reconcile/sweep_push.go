package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
)

// maxSweptCommits bounds the commits of one repository that one sweep reads.
const maxSweptCommits = 1000

// sweepPushes records what the commits claim that came to the default branch
// since the last sweep, from the mirror. Commits that were pushed elsewhere are
// only heard of by their webhook, or by a pull request.
func (r *Reconciler) sweepPushes(ctx context.Context, s *Setup, tracker, repo string, m *sweepMark) error {
	var svc domain.Service
	for _, x := range s.ServicesOf(repo) {
		if x.Tracker == tracker {
			svc = x
			break
		}
	}
	if svc.Name == "" {
		return nil
	}
	mirror := r.mirror(svc)
	if err := mirror.Sync(ctx); err != nil {
		return fmt.Errorf("sweeping what was pushed to %s: %w", repo, err)
	}
	// What came bears on few items or none. Told now, it need not be found out by
	// the next deployment, or by a process that begins meanwhile.
	var names []string
	for _, x := range s.ServicesOf(repo) {
		if x.Tracker == tracker {
			names = append(names, x.Name)
		}
	}
	if err := r.tellNews(ctx, s, names); err != nil {
		return err
	}
	head, commits, err := mirror.Since(ctx, m.Head, m.At, maxSweptCommits)
	if err != nil {
		return fmt.Errorf("sweeping what was pushed to %s: %w", repo, err)
	}
	branch, err := mirror.DefaultBranch(ctx)
	if err != nil {
		return fmt.Errorf("sweeping what was pushed to %s: %w", repo, err)
	}
	for _, c := range commits {
		change := domain.Change{Repo: svc.Repo, SHA: c.SHA, Base: branch, DefaultBase: true, LandedAt: c.CommitTime, ClaimedAt: r.now().UTC(),
			How: domain.ClaimCommit, Author: c.AuthorName, Title: cut(c.Subject, 200)}
		ev := domain.Event{ID: "sweep/" + repo + "@" + c.SHA, Tracker: tracker, Kind: domain.EventPush, Action: "swept", Repo: svc.Repo,
			Branch: branch, DefaultRef: true, Head: c.SHA, At: c.CommitTime}
		for _, claim := range claims.Of(claims.FromCommit(c.Message, s.Claims(tracker, repo)), change) {
			heard, err := r.linked(ctx, claim)
			if err != nil {
				return err
			}
			if !heard {
				ev.Claims = append(ev.Claims, claim)
			}
		}
		if len(ev.Claims) == 0 {
			continue
		}
		if _, err := r.ledger.Record(ctx, ev); err != nil {
			return fmt.Errorf("recording commit %s of %s: %w", c.SHA, repo, err)
		}
	}
	m.Head, m.At = head, time.Time{}
	return nil
}

// linked reports whether the item of a claim knows the change already.
func (r *Reconciler) linked(ctx context.Context, claim domain.Claim) (bool, error) {
	id := claim.Item
	if id == "" {
		var err error
		if id, err = r.ledger.ItemByTicket(ctx, claim.Ticket); err != nil {
			if errors.Is(err, ledger.ErrNotFound) {
				return false, nil // its ticket may be filed or adopted later
			}
			return false, err
		}
	}
	st, err := r.load(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return true, nil // there is no such item
	}
	if err != nil {
		return false, err
	}
	for _, have := range st.Changes {
		if have.SHA == claim.Change.SHA {
			return true, nil
		}
	}
	return false, nil
}
