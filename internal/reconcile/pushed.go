package reconcile

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
)

// pushed looks, after a push, whether what runs somewhere was waiting for it:
// a commit that the repository did not have, or a version without its tag.
func (r *Reconciler) pushed(ctx context.Context, id string) error {
	tracker, repo, _ := strings.Cut(id, "/")
	s := r.Setup()
	if err := r.besidePush(ctx, s, tracker, repo); err != nil {
		return err
	}
	for _, svc := range s.ServicesOf(repo) {
		if svc.Tracker != tracker {
			continue
		}
		waits, err := r.waits(ctx, svc)
		if err != nil || len(waits) == 0 {
			if err != nil {
				return err
			}
			continue
		}
		if err := r.mirror(svc).Sync(ctx); err != nil {
			return fmt.Errorf("fetching what was pushed to %s: %w", repo, err)
		}
		came := false
		for _, d := range waits {
			known, err := r.complete(ctx, svc, d)
			if err != nil {
				return err
			}
			came = came || known
		}
		if !came {
			continue // what runs is as unknown as it was
		}
		ids, err := r.ledger.ItemsOfService(ctx, svc.Name)
		if err != nil {
			return fmt.Errorf("listing the items of %s: %w", svc.Name, err)
		}
		if err := r.touch(ctx, ids); err != nil {
			return err
		}
	}
	return nil
}

// waits lists the live deployments of a service whose commit is not known.
func (r *Reconciler) waits(ctx context.Context, svc domain.Service) ([]domain.Deployment, error) {
	var targets []domain.Target
	for _, e := range svc.Production {
		targets = append(targets, domain.Target{Service: svc.Name, Environment: e.Name})
	}
	live, err := r.ledger.Successes(ctx, targets, 1)
	if err != nil {
		return nil, fmt.Errorf("reading the deployments of %s: %w", svc.Name, err)
	}
	var out []domain.Deployment
	for _, list := range live {
		for _, d := range list {
			if !history.IsSHA(d.SHA) {
				out = append(out, d)
				continue
			}
			if _, known, err := r.mirror(svc).Commit(ctx, d.SHA); err == nil && !known {
				out = append(out, d)
			}
		}
	}
	return out, nil
}

// complete gives a deployment the commit of the version that came after it, and
// reports whether its commit is known now.
func (r *Reconciler) complete(ctx context.Context, svc domain.Service, d domain.Deployment) (known bool, err error) {
	if history.IsSHA(d.SHA) {
		_, known, err = r.mirror(svc).Commit(ctx, d.SHA)
		return known, err
	}
	lease, ok, err := r.ledger.ClaimSubject(ctx, fmt.Sprintf("deployment/%d", d.Receipt), leaseTime)
	if err != nil || !ok {
		return true, err // whoever holds it resolves it
	}
	defer func() { _ = r.ledger.Done(ctx, lease, time.Time{}) }()
	before := d.SHA
	if err := r.resolve(ctx, svc, &d); err != nil || d.SHA == before {
		return false, err
	}
	return true, r.ledger.UpdateDeployment(ctx, lease, d)
}
