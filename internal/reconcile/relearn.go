package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/claims"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/trackers"
)

const (
	// relearnCommits bounds the commits of one repository that are read for
	// claims: the newest ones of the default branch.
	relearnCommits = 20_000
	// relearnTime is how long one look reads pull requests before it gives way.
	relearnTime = 10 * time.Second
)

// Relearn has what was ever merged and pushed to the configured repositories
// read for claims on the tickets that are tracked now. It is for tickets that
// came under the rule after their fix had landed: adopted ones, and all of them
// when the store was rebuilt. It only makes the work due; it may be repeated,
// and what is known already is not recorded again.
func (r *Reconciler) Relearn(ctx context.Context) error {
	return r.relearnAt(ctx, r.now())
}

func (r *Reconciler) relearnAt(ctx context.Context, at time.Time) error {
	s := r.Setup()
	for name := range s.Trackers {
		for _, repo := range s.repos(name) {
			key := name + "/" + repo
			if err := r.ledger.SetMeta(ctx, "claims/"+key, "", 0); err != nil {
				return err
			}
			if err := r.ledger.Touch(ctx, at, "claims/"+key); err != nil {
				return err
			}
		}
	}
	return nil
}

// relearn reads one repository: its commits, then its pull requests page by
// page, oldest first. It comes back for the rest.
func (r *Reconciler) relearn(ctx context.Context, id string) (time.Time, error) {
	tracker, repo, _ := strings.Cut(id, "/")
	s := r.Setup()
	services := s.ServicesOf(repo)
	if len(services) == 0 {
		return time.Time{}, nil // taken out of the configuration
	}
	return r.at(ctx, "claims/"+id, tracker, repo, func() (time.Time, error) { return r.relearnFrom(ctx, s, id, tracker, repo, services[0]) })
}

func (r *Reconciler) relearnFrom(ctx context.Context, s *Setup, id, tracker, repo string, svc domain.Service) (time.Time, error) {
	text, err := r.ledger.Meta(ctx, "claims/"+id)
	if err != nil {
		return time.Time{}, err
	}
	page, _ := strconv.Atoi(text)
	if page < 1 {
		if err := r.relearnPushed(ctx, s, tracker, svc); err != nil {
			return time.Time{}, err
		}
		page = 1
	}
	lister, ok := s.Trackers[tracker].(trackers.PullLister)
	if !ok {
		return time.Time{}, nil
	}
	for began := r.now(); ; page++ {
		pulls, more, err := lister.Pulls(ctx, repo, page)
		if err != nil {
			return time.Time{}, fmt.Errorf("reading the pull requests of %s: %w", repo, err)
		}
		for _, p := range pulls {
			c, counts := pullChange(p, repo)
			if !counts {
				continue
			}
			refs := claims.FromPullRequest(claims.PullRequest{Title: p.Title, Body: p.Body, Branch: p.Branch}, s.Claims(tracker, repo))
			if err := r.relearnt(ctx, claims.Of(refs, c)); err != nil {
				return time.Time{}, err
			}
		}
		if !more {
			return time.Time{}, nil
		}
		if err := r.ledger.SetMeta(ctx, "claims/"+id, strconv.Itoa(page+1), 0); err != nil {
			return time.Time{}, err
		}
		if r.now().Sub(began) > relearnTime {
			return r.now(), nil
		}
	}
}

// pullChange is the change of a pull request as it stands now; false where it
// fixes nothing: it was closed without a merge, or is open and not from the
// repository itself by somebody who may write there.
func pullChange(p trackers.Change, repo string) (domain.Change, bool) {
	c := p.Change
	c.How = domain.ClaimPullRequest
	if p.Merged {
		c.Open = false
		return c, c.SHA != ""
	}
	c.SHA, c.LandedAt = "", time.Time{}
	return c, p.Open && p.Trusted && strings.EqualFold(p.HeadRepo, repo)
}

func (r *Reconciler) relearnPushed(ctx context.Context, s *Setup, tracker string, svc domain.Service) error {
	mirror := r.mirror(svc)
	if err := mirror.Sync(ctx); err != nil {
		return fmt.Errorf("fetching %s to read its commits: %w", svc.Repo, err)
	}
	_, commits, err := mirror.Since(ctx, "", time.Unix(1, 0), relearnCommits)
	if err != nil {
		return fmt.Errorf("reading the commits of %s: %w", svc.Repo, err)
	}
	branch, err := mirror.DefaultBranch(ctx)
	if err != nil {
		return fmt.Errorf("reading the commits of %s: %w", svc.Repo, err)
	}
	for _, c := range commits {
		refs := claims.FromCommit(c.Message, s.Claims(tracker, svc.Repo))
		if len(refs) == 0 {
			continue
		}
		if err := r.relearnt(ctx, claims.Of(refs, domain.Change{Repo: svc.Repo, SHA: c.SHA, Base: branch, DefaultBase: true, LandedAt: c.CommitTime,
			How: domain.ClaimCommit, Author: c.AuthorName, Title: cut(c.Subject, 200)})); err != nil {
			return err
		}
	}
	return nil
}

// relearnt records those claims on tracked tickets that are not known yet.
func (r *Reconciler) relearnt(ctx context.Context, made []domain.Claim) error {
	for _, claim := range made {
		id := claim.Item
		if id == "" {
			var err error
			if id, err = r.ledger.ItemByTicket(ctx, claim.Ticket); errors.Is(err, ledger.ErrNotFound) {
				continue
			} else if err != nil {
				return err
			}
		}
		st, err := r.load(ctx, id)
		if errors.Is(err, ledger.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if knows(st, claim.Change) {
			continue
		}
		c := claim.Change
		if err := r.found(ctx, id, domain.Entry{Name: domain.ChangeLinked, Change: &c, Note: "It claimed the ticket before the ticket came under the rule."}); err != nil {
			return err
		}
	}
	return nil
}

// knows reports whether the item has this change, as far along as it is now. A
// commit counts as known where it is the one that a known pull request landed as.
func knows(st domain.State, c domain.Change) bool {
	for _, have := range st.Changes {
		if have.Key() == c.Key() && have.SHA == c.SHA || c.SHA != "" && have.SHA == c.SHA && strings.EqualFold(have.Repo, c.Repo) {
			return true
		}
	}
	return false
}
