package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
)

// clockAhead is how far a sender's clock may be ahead of ours.
const clockAhead = 5 * time.Minute

// service finds a configured service by its name or an alias.
func (b *Backend) service(name string) (domain.Service, error) {
	s := b.reconciler.Setup()
	svc, ok := s.Find(name)
	if ok {
		return svc, nil
	}
	var known []string
	for _, x := range s.Services {
		known = append(known, x.Name)
	}
	return svc, api.Invalid{Field: "service", Detail: fmt.Sprintf("no service is called %q; known are %s", name, strings.Join(known, ", "))}
}

// produces reports whether an environment of a service counts.
func produces(svc domain.Service, environment string) bool {
	return slices.ContainsFunc(svc.Production, func(e domain.Environment) bool { return e.Name == environment })
}

func noProduction(svc domain.Service, environment string) string {
	var names []string
	for _, e := range svc.Production {
		names = append(names, e.Name)
	}
	return fmt.Sprintf("%q is no production environment of %s (%s)", environment, svc.Name, strings.Join(names, ", "))
}

// Deploy implements api.Backend.
func (b *Backend) Deploy(ctx context.Context, by api.Actor, r api.DeploymentReport) (api.DeployResult, error) {
	svc, err := b.service(r.Service)
	if err != nil {
		return api.DeployResult{}, err
	}
	now := b.now().UTC()
	d := domain.Deployment{
		ID: r.ID, Service: svc.Name, Environment: r.Environment, SHA: r.SHA, Version: r.Version, Status: r.Status, Percent: r.Percent,
		FinishedAt: r.FinishedAt, ReceivedAt: now, URL: r.URL, Source: "token " + by.Name, Fixes: r.Fixes,
	}
	var warnings []string
	// Without a time it is the time of receipt, and the same report again is
	// no later one.
	if d.FinishedAt.After(now.Add(clockAhead)) {
		warnings = append(warnings, fmt.Sprintf("finished_at %s is ahead of this server's clock; the time of receipt is used", d.FinishedAt.UTC().Format(time.RFC3339)))
		d.FinishedAt = now
	}
	if d.Production = produces(svc, r.Environment); !d.Production {
		warnings = append(warnings, fmt.Sprintf("%s; it is recorded and proves nothing", noProduction(svc, r.Environment)))
	}
	if strings.ContainsFunc(r.ID, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return api.DeployResult{}, api.Invalid{Field: "id", Detail: "it holds characters that cannot be printed"}
	}
	for _, fix := range r.Fixes {
		if !reconcile.NamesChange(fix.Change) {
			warnings = append(warnings, fmt.Sprintf("fixes: %q names no change: write a commit, #12, owner/repo#12 or the address of a pull request", fix.Change))
		}
		if _, err := b.fixedItem(ctx, fix.Item); errors.Is(err, ledger.ErrNotFound) {
			warnings = append(warnings, fmt.Sprintf("fixes: there is no item %q", fix.Item))
		}
	}
	stored, result, err := b.ledger.RecordDeployment(ctx, d)
	if err != nil && !errors.Is(err, ledger.ErrConflict) {
		return api.DeployResult{}, storeError(err)
	}
	out := api.DeployResult{ID: stored.ID, Production: d.Production, Warnings: warnings}
	switch result {
	case ledger.Repeated:
		out.Outcome = api.DeployRepeated
		if d.Percent > stored.Percent {
			out.Warnings = append(out.Warnings, fmt.Sprintf("percent %d is not recorded: %q was reported with %d percent and a finished_at that is no earlier; send a later one, or none",
				d.Percent, r.ID, stored.Percent))
		}
	case ledger.Conflict:
		out.Outcome = api.DeployConflict
		out.Detail = fmt.Sprintf("the deployment %q of %s to %s was reported with the commit %s; a new deployment needs a new id", r.ID, svc.Name, r.Environment, stored.SHA)
	}
	return out, nil
}

func (b *Backend) fixedItem(ctx context.Context, word string) (string, error) {
	if ref, err := domain.ParseRef(word); err == nil {
		return b.ledger.ItemByTicket(ctx, ref)
	}
	_, _, err := b.ledger.Load(ctx, word)
	return word, err
}

func deploymentView(d domain.Deployment) api.DeploymentView {
	return api.DeploymentView{
		ID: d.ID, Service: d.Service, Environment: d.Environment, SHA: api.Text(d.SHA), Version: api.Text(d.Version), Status: d.Status, Percent: d.Percent,
		FinishedAt: d.FinishedAt.UTC(), ReceivedAt: d.ReceivedAt.UTC(), URL: api.Text(d.URL), Source: d.Source, Production: d.Production, Handled: d.Handled,
	}
}

// Deployments implements api.Backend. The cursor is the receipt of the last
// deployment of the page before.
func (b *Backend) Deployments(ctx context.Context, q api.DeploymentQuery) (api.DeploymentPage, error) {
	var before int64
	if q.Cursor != "" {
		var err error
		if before, err = strconv.ParseInt(q.Cursor, 10, 64); err != nil || before <= 0 {
			return api.DeploymentPage{}, api.Invalid{Field: "cursor", Detail: "it is none that this server gave"}
		}
	}
	list, err := b.ledger.Deployments(ctx, q.Service, q.Environment, before, q.Limit+1)
	if err != nil {
		return api.DeploymentPage{}, storeError(err)
	}
	page := api.DeploymentPage{}
	if len(list) > q.Limit {
		list = list[:q.Limit]
		page.Next = strconv.FormatInt(list[len(list)-1].Receipt, 10)
	}
	for _, d := range list {
		page.Deployments = append(page.Deployments, deploymentView(d))
	}
	return page, nil
}

// DeploymentByID implements api.Backend.
func (b *Backend) DeploymentByID(ctx context.Context, id string) ([]api.DeploymentDetail, error) {
	list, err := b.ledger.DeploymentByID(ctx, id)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return nil, storeError(err)
	}
	var out []api.DeploymentDetail
	for _, d := range list {
		detail := api.DeploymentDetail{DeploymentView: deploymentView(d)}
		if detail.Shipped, err = b.itemViews(ctx, d.Shipped); err != nil {
			return nil, err
		}
		if detail.TookBack, err = b.itemViews(ctx, d.TookBack); err != nil {
			return nil, err
		}
		out = append(out, detail)
	}
	return out, nil
}

func (b *Backend) itemViews(ctx context.Context, ids []string) ([]api.ItemView, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	states, err := b.ledger.States(ctx, ids)
	if err != nil {
		return nil, storeError(err)
	}
	return b.views(ctx, b.reconciler.Setup(), states)
}
