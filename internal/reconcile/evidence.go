package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/containment"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
	"github.com/holdfast-dev/holdfast/policy"
	"github.com/holdfast-dev/holdfast/trackers"
)

// repoFactsKept is how long the clone URL and the default branch of a
// repository are believed.
const repoFactsKept = time.Hour

// mirror is the local mirror of a service's repository.
func (r *Reconciler) mirror(svc domain.Service) *history.Repo {
	name := strings.ToLower(svc.Repo) // one mirror, however it is spelled
	if svc.GitURL != "" {
		name = svc.GitURL
	}
	return r.mirrors.Repo(name, func(ctx context.Context) (history.Remote, error) { return r.remote(ctx, svc) })
}

// remote says what to mirror, and with which credential. The credential goes
// only to the code host's own clone URL, never to a configured other URL.
func (r *Reconciler) remote(ctx context.Context, svc domain.Service) (history.Remote, error) {
	if svc.GitURL != "" {
		return history.Remote{URL: svc.GitURL}, nil
	}
	host, err := r.codeHost(svc)
	if err != nil {
		return history.Remote{}, err
	}
	repo, err := r.repository(ctx, host, svc)
	if err != nil {
		return history.Remote{}, err
	}
	user, secret, err := credential(ctx, host, svc.Repo)
	if err != nil {
		return history.Remote{}, fmt.Errorf("getting the credential for %s: %w", svc.Repo, err)
	}
	return history.Remote{URL: repo.CloneURL, User: user, Secret: secret}, nil
}

// credential prefers one that is made for the repository: an app has one for
// each of its installations.
func credential(ctx context.Context, host trackers.CodeHost, repo string) (user, secret string, err error) {
	if h, ok := host.(interface {
		CredentialFor(ctx context.Context, repo string) (user, secret string, err error)
	}); ok {
		return h.CredentialFor(ctx, repo)
	}
	return host.Credential(ctx)
}

func (r *Reconciler) codeHost(svc domain.Service) (trackers.CodeHost, error) {
	t, ok := r.setup.Load().Trackers[svc.Tracker]
	host, isHost := t.(trackers.CodeHost)
	if !ok || !isHost {
		return nil, fmt.Errorf("service %s: no GitHub tracker holds %s; set git_url", svc.Name, svc.Repo)
	}
	return host, nil
}

// repository asks the code host once an hour.
func (r *Reconciler) repository(ctx context.Context, host trackers.CodeHost, svc domain.Service) (trackers.Repository, error) {
	key := svc.Tracker + ":" + svc.Repo
	r.mu.Lock()
	known, ok := r.repos[key]
	r.mu.Unlock()
	if ok && r.now().Sub(known.at) < repoFactsKept {
		return known.repo, nil
	}
	repo, err := host.Repository(ctx, svc.Repo)
	if err != nil {
		if ok {
			return known.repo, nil // an old answer is better than none
		}
		return repo, fmt.Errorf("asking for the clone URL of %s: %w", svc.Repo, err)
	}
	r.mu.Lock()
	r.repos[key] = repoFacts{repo: repo, at: r.now()}
	r.mu.Unlock()
	return repo, nil
}

type repoFacts struct {
	repo trackers.Repository
	at   time.Time
}

// know makes sure that the live commit is in the mirror; false: the
// repository does not have it.
func (r *Reconciler) know(ctx context.Context, repo *history.Repo, d domain.Deployment) (bool, error) {
	if d.SHA == "" {
		return false, nil
	}
	ctx, end := patient(ctx)
	defer end()
	missing, err := repo.Ensure(ctx, d.SHA)
	if err != nil {
		return false, err
	}
	return len(missing) == 0, nil
}

// contained asks the mirror. A change that not even the remote has, while it
// has the live commit, is not in what is live: it was dropped by a forced
// push.
func (r *Reconciler) contained(ctx context.Context, repo *history.Repo, d domain.Deployment, c domain.Change) containment.Result {
	unavailable := containment.Result{Answer: containment.Unknown, Reason: containment.NoCommits}
	if d.SHA == "" {
		return unavailable
	}
	asking, end := patient(ctx)
	missing, err := repo.Ensure(asking, d.SHA, c.SHA)
	end()
	switch {
	case err != nil || slices.Contains(missing, d.SHA):
		r.log.Debug("containment could not be asked", "live", d.SHA, "change", c.Key(), "err", err)
		return unavailable
	case len(missing) > 0 && !strings.EqualFold(d.SHA, c.Head):
		return containment.Result{Answer: containment.No, Reason: containment.Absent}
	}
	ctx, end = comparing(ctx)
	defer end()
	found, err := repo.Present(ctx, d.SHA, landing(c))
	if err != nil {
		r.log.Debug("not all evidence could be had", "live", d.SHA, "change", c.Key(), "err", err)
	}
	return found
}

// containedBefore says whether an earlier live commit contained the change. One
// that the mirror lacks, such as a new mirror, is asked for once.
func (r *Reconciler) containedBefore(ctx context.Context, repo *history.Repo, d domain.Deployment, c domain.Change) bool {
	if r.seek(d.SHA) {
		asking, end := patient(ctx)
		if _, err := repo.Ensure(asking, d.SHA); err != nil {
			r.log.Debug("an earlier live commit could not be asked for", "live", d.SHA, "err", err)
		}
		end()
	}
	ctx, end := comparing(ctx)
	defer end()
	found, err := repo.Present(ctx, d.SHA, landing(c))
	return err == nil && found.Answer == containment.Yes
}

// seek reports, once for each commit, that it is to be looked for.
func (r *Reconciler) seek(sha string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if sha == "" || r.sought[sha] || len(r.sought) >= maxSought {
		return false
	}
	r.sought[sha] = true
	return true
}

// maxSought bounds the memory of what was looked for.
const maxSought = 100_000

func landing(c domain.Change) history.Landing {
	return history.Landing{SHA: c.SHA, Head: c.Head, PullRequest: c.PullRequest}
}

// presenceOf puts a finding into the words of the policy.
func presenceOf(found containment.Result) policy.Presence {
	p := policy.Presence{Contained: policy.Answer(found.Answer), Behind: -1, Evidence: found.Words()}
	switch found.Reason {
	case containment.Reverted:
		p.Reverted = true
	case containment.Partial:
		p.Partly = true
	case containment.Probable:
		p.Reason = policy.ProbableEquivalent
	case containment.NoLive:
		p.Reason = policy.RevisionUnknown
	case containment.NoCommits, containment.NoPatches:
		p.Reason = policy.EvidenceUnavailable
	}
	return p
}

// heard reports whether any deployment of the service was ever reported, in
// any environment and with any status.
func (r *Reconciler) heard(ctx context.Context, service string) (bool, error) {
	list, err := r.ledger.Deployments(ctx, service, "", 0, 1)
	if err != nil {
		return false, fmt.Errorf("reading the deployments of %s: %w", service, err)
	}
	return len(list) > 0, nil
}
