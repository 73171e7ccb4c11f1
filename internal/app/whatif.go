package app

import (
	"context"
	"errors"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
)

// WhatIf implements api.Backend.
func (b *Backend) WhatIf(ctx context.Context, r api.DeploymentReport) (api.WhatIfView, api.DeployResult, error) {
	svc, err := b.service(r.Service)
	if err != nil {
		return api.WhatIfView{}, api.DeployResult{}, err
	}
	result := api.DeployResult{Production: produces(svc, r.Environment)}
	if !result.Production {
		result.Warnings = append(result.Warnings, noProduction(svc, r.Environment)+"; a deployment to it ships nothing")
	}
	d, prospects, err := b.reconciler.WhatIf(ctx, svc, domain.Deployment{Service: svc.Name, Environment: r.Environment, SHA: r.SHA, Version: r.Version,
		Percent: r.Percent, Production: result.Production})
	if errors.Is(err, reconcile.ErrNoRevision) {
		field := "sha"
		if r.SHA == "" {
			field = "version"
		}
		return api.WhatIfView{}, result, api.Invalid{Field: field, Detail: err.Error() + ": push it first"}
	}
	if err != nil {
		return api.WhatIfView{}, result, api.Unavailable{Detail: "what it would ship cannot be worked out now: " + err.Error()}
	}
	states := make([]domain.State, len(prospects))
	for i, p := range prospects {
		p.State.Verdict = p.Now
		states[i] = p.State
	}
	views, err := b.views(ctx, b.reconciler.Setup(), states)
	if err != nil {
		return api.WhatIfView{}, result, err
	}
	out := api.WhatIfView{SHA: api.Text(d.SHA)}
	for i, p := range prospects {
		item := api.WhatIfItem{ItemView: views[i], Then: then(p)}
		switch {
		case p.Ships:
			out.Shipped = append(out.Shipped, item)
		case p.TakesBack:
			out.TookBack = append(out.TookBack, item)
		default:
			out.Others = append(out.Others, item)
		}
	}
	return out, result, nil
}

func then(p reconcile.Prospect) api.WhatIfThen {
	t := api.WhatIfThen{Status: p.Then.Status, Verdict: p.Then.Verdict, Reason: api.Text(p.Then.Reason), ReopensAt: api.Time(p.ReopensAt)}
	switch {
	case p.Closes:
		t.Ticket = api.Text("closed")
	case p.Reopens:
		t.Ticket = api.Text("reopened")
	}
	for _, c := range p.Checks {
		t.Why = append(t.Why, c.Text)
	}
	return t
}
