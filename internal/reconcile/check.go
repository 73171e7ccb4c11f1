package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
	"github.com/holdfast-dev/holdfast/trackers"
)

// onThisMachine reports whether a mirror failed for a reason that no remote can
// mend: a full disk, above all.
func onThisMachine(err error) bool {
	var he *history.Error
	return errors.As(err, &he) && he.Kind == history.Local
}

// mirrorRemedy says what to do about a repository that could not be mirrored.
func mirrorRemedy(svc domain.Service, err error) string {
	if onThisMachine(err) {
		return "make room on the disk of data_dir, and let this user write there"
	}
	return "check that the tracker's token may read " + svc.Repo + ", or set git_url"
}

// CheckService tries what the verdict needs of one service: its repository,
// and deployments that are reported.
func (r *Reconciler) CheckService(ctx context.Context, svc domain.Service) []trackers.Finding {
	var out []trackers.Finding
	repo := r.mirror(svc)
	if err := repo.Sync(ctx); err != nil {
		out = append(out, trackers.Finding{Subject: "repository", Detail: err.Error(), Remedy: mirrorRemedy(svc, err)})
	} else {
		branch, _ := repo.DefaultBranch(ctx)
		out = append(out, trackers.Finding{Subject: "repository", OK: true, Detail: svc.Repo + " is mirrored, default branch " + branch})
	}
	connect := fmt.Sprintf("let CI call `holdfast deployed --service %s --environment <name> --sha <sha>` after each deployment, or send GitHub's deployment_status webhooks", svc.Name)
	heard, err := r.heard(ctx, svc.Name)
	if err != nil || !heard {
		return append(out, trackers.Finding{Subject: "deployments", Detail: "no deployment was ever reported", Remedy: connect})
	}
	var targets []domain.Target
	for _, e := range svc.Production {
		targets = append(targets, domain.Target{Service: svc.Name, Environment: e.Name})
	}
	live, err := r.ledger.Successes(ctx, targets, 1)
	if err != nil {
		return append(out, trackers.Finding{Subject: "deployments", Detail: err.Error()})
	}
	silent := r.Setup().Settings(svc.Team).SilentAfter
	pushed, _ := r.ledger.PushedAt(ctx, svc.Repo) // zero: nothing is known of pushes
	for _, t := range targets {
		list := live[t]
		if len(list) == 0 {
			out = append(out, trackers.Finding{Subject: "deployments", Detail: t.Environment + ": no success was ever reported", Remedy: connect})
			continue
		}
		f := trackers.Finding{Subject: "deployments", OK: true, Detail: t.Environment + " runs " + revisionWords(list[0])}
		if at := list[0].FinishedAt; silent > 0 && r.now().Sub(at) > silent && pushed.After(at) {
			f.Warning, f.Remedy = true, "the repository moved on since: check that CI still reports, "+connect
			f.Detail += ", silent since " + at.UTC().Format(time.RFC3339)
		}
		out = append(out, f)
	}
	return out
}
