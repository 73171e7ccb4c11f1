package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/policy"
)

// ErrNoRevision is a revision that the repository of a service does not have.
var ErrNoRevision = errors.New("the repository has no such revision")

// Prospect is what a deployment would change about one item.
type Prospect struct {
	State  domain.State
	Now    domain.VerdictLine
	Then   domain.VerdictLine
	Checks []policy.Check // of Then

	Ships, TakesBack bool
	// Closes and Reopens say what would be done to the ticket, the latter at
	// ReopensAt; zero: at once.
	Closes, Reopens bool
	ReopensAt       time.Time
}

// WhatIf tells what a deployment would ship and take back if it succeeded now,
// with the commit completed. It records nothing and asks no tracker for a
// ticket; it may fetch from the repository. Items that it would not change are
// left out. The error is ErrNoRevision for a commit, tag or version that the
// repository does not have.
func (r *Reconciler) WhatIf(ctx context.Context, svc domain.Service, d domain.Deployment) (domain.Deployment, []Prospect, error) {
	s, now := r.Setup(), r.now().UTC()
	d.Receipt, d.Status, d.FinishedAt, d.ReceivedAt = assumed, domain.Success, now, now
	if err := r.resolve(ctx, svc, &d); err != nil {
		return d, nil, err
	}
	if known, err := r.know(ctx, r.mirror(svc), d); err != nil || !known {
		return d, nil, errors.Join(err, fmt.Errorf("%s %s: %w", svc.Repo, revision(d), ErrNoRevision))
	}
	if !d.Production {
		return d, nil, nil
	}
	is, then := r.newView(s, now), r.newView(s, now)
	then.assume = &d
	then.heard[svc.Name] = true
	ids, _, err := then.affected(ctx, svc, d)
	if err != nil {
		return d, nil, err
	}
	var out []Prospect
	err = r.eachOf(ctx, ids, func(st domain.State) error {
		if st.Ticket == nil {
			return nil
		}
		p := Prospect{State: st}
		before, err := is.decide(ctx, st, &p.Now)
		if err != nil {
			return err
		}
		after, err := then.decide(ctx, st, &p.Then)
		if err != nil {
			return err
		}
		p.Checks = after.Checks
		p.Ships, p.TakesBack = moves(before.Verdict, before.Reason, after)
		p.Closes = after.Does(policy.ActClose) && !before.Does(policy.ActClose)
		p.Reopens = after.WillReopen && !before.WillReopen
		if p.Reopens && !after.Does(policy.ActReopen) {
			p.ReopensAt = after.LookAgainAt
		}
		if p.Ships || p.TakesBack || after.Verdict != before.Verdict || after.Reason != before.Reason {
			out = append(out, p)
		}
		return nil
	})
	return d, out, err
}

// assumed is the receipt of a deployment that nobody reported.
const assumed = -1

func revision(d domain.Deployment) string {
	if d.SHA != "" {
		return d.SHA
	}
	return d.Version
}

// decide is the decision that the view gives now, with its line.
func (v *view) decide(ctx context.Context, st domain.State, line *domain.VerdictLine) (policy.Decision, error) {
	d, _, err := v.judge(ctx, st, line)
	return d, err
}

// judge is decide, and tells the words under which the item is to be found.
func (v *view) judge(ctx context.Context, st domain.State, line *domain.VerdictLine) (policy.Decision, []string, error) {
	f, words, err := v.facts(ctx, st)
	if err != nil {
		return policy.Decision{}, nil, err
	}
	d := policy.Decide(v.s.Rules(st.Spec.Team, st.Spec.Priority), f)
	*line = verdictLine(v.s, st, f, d, v.now)
	return d, words, nil
}

// moves says whether a decision ships an item, or takes it back, as against the
// verdict before. What soaks has shipped.
func moves(verdict policy.Verdict, reason policy.Reason, d policy.Decision) (ships, takesBack bool) {
	was := verdict == policy.Verified || reason == policy.Soaking
	is := d.Verdict == policy.Verified || d.Reason == policy.Soaking
	return is && !was, was && !is && d.Verdict == policy.NotVerified
}
