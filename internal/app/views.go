package app

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/policy"
)

// view shows an item as the API does. live is what runs in the targets of its
// services now.
func view(s *reconcile.Setup, st domain.State, v domain.VerdictLine, live map[domain.Target]domain.Deployment, now time.Time) api.ItemView {
	if v.Status == "" { // filed a moment ago and not looked at yet
		v.Verdict, v.Reason, v.Status = string(policy.NotVerified), string(policy.NoLinkedChange), string(policy.StatusFiling)
		if st.Spec.Done {
			v.Verdict, v.Reason, v.Status = string(policy.Exempt), "", string(policy.StatusWaived)
		}
	}
	spec := st.Spec
	out := api.ItemView{
		ID: spec.ID, Postmortem: spec.Postmortem, Title: spec.Title, Priority: spec.Priority, Type: spec.Type, TypeWritten: api.Text(spec.TypeWritten),
		Owner: api.Text(spec.Owner), Team: api.Text(spec.Team), Services: spec.Services, Due: api.Text(spec.Due),
		Status: v.Status, Verdict: v.Verdict, Reason: api.Text(v.Reason), Reopened: st.Reopened, CreatedAt: st.FiledAt,
		VerifiedAt: api.Time(st.VerifiedAt), Live: map[string]string{},
	}
	// Overdue stops at verified, not at closed.
	done := v.Verdict == string(policy.Verified) || v.Verdict == string(policy.Exempt)
	out.Overdue = !done && s.Overdue(spec, now)
	if t := st.Ticket; t != nil {
		out.Ticket = &api.TicketView{Ref: t.Ref, URL: t.URL, State: t.State()}
		if t.Closed {
			out.ClosedAt = api.Time(st.ClosedAt)
			if out.ClosedAt == nil {
				out.ClosedAt = api.Time(t.ClosedAt)
			}
		}
	}
	for _, c := range reconcile.Counting(st) {
		cv := api.ChangeView{Repo: c.Repo, SHA: api.Text(c.SHA), LandedAt: api.Time(c.LandedAt), Contained: v.Contained[c.Key()]}
		if c.PullRequest != 0 {
			n := c.PullRequest
			cv.PullRequest = &n
		}
		out.Changes = append(out.Changes, cv)
	}
	for _, t := range s.Targets(st) {
		if d, ok := live[t]; ok && d.SHA != "" {
			out.Live[t.String()] = d.SHA
		}
	}
	return out
}

// views shows several items, reading what is live once for all of them.
func (b *Backend) views(ctx context.Context, s *reconcile.Setup, states []domain.State) ([]api.ItemView, error) {
	seen := map[domain.Target]bool{}
	var targets []domain.Target
	for _, st := range states {
		for _, t := range s.Targets(st) {
			if !seen[t] {
				seen[t] = true
				targets = append(targets, t)
			}
		}
	}
	live, err := b.live(ctx, targets)
	if err != nil {
		return nil, err
	}
	out := make([]api.ItemView, 0, len(states))
	for _, st := range states {
		out = append(out, view(s, st, st.Verdict, live, b.now()))
	}
	return out, nil
}

// live reads what runs in each target: the newest full success.
func (b *Backend) live(ctx context.Context, targets []domain.Target) (map[domain.Target]domain.Deployment, error) {
	live := map[domain.Target]domain.Deployment{}
	if len(targets) == 0 {
		return live, nil
	}
	lists, err := b.ledger.Successes(ctx, targets, 20)
	if err != nil {
		return nil, storeError(err)
	}
	for t, list := range lists {
		for _, d := range list {
			if d.Percent >= 100 {
				live[t] = d
				break
			}
		}
	}
	return live, nil
}
