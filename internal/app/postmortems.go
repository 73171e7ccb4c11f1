package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/filing"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
)

// filingLease is how long one request may hold a postmortem; it is one script.
const filingLease = 15 * time.Second

func itoa(n int) string { return strconv.Itoa(n) }

// FilePostmortem implements api.Backend. Two requests for one postmortem take
// turns, so that neither files what the other has filed.
func (b *Backend) FilePostmortem(ctx context.Context, by api.Actor, r api.FileRequest) (api.FileResult, error) {
	name := r.Name
	switch r.ContentType {
	case "application/json":
		name = strings.TrimSuffix(name, ".json") + ".json"
	case "text/html":
		name = strings.TrimSuffix(name, ".html") + ".html"
	}
	doc, err := postmortem.Parse(name, r.Body)
	if err != nil {
		return api.FileResult{}, api.Invalid{Field: "body", Detail: err.Error()}
	}
	in := filing.Input{ID: r.ID, Service: r.Service, Source: firstOf(r.Source, r.Name), Document: doc, Setup: b.reconciler.Setup(), Defaults: b.defaults(), Now: b.now().UTC()}
	var otherErr error
	in.Other = func(ticket domain.Ref) (domain.State, bool) {
		st, ok, err := b.itemOf(ctx, ticket)
		otherErr = errors.Join(otherErr, err)
		return st, ok
	}
	renamed, _, err := b.renamed(ctx, r.Name, &in)
	if err != nil {
		return api.FileResult{}, err
	}
	plan, err := filing.Make(in) // for the id, and to refuse what cannot be filed before anything is held
	if err != nil {
		return api.FileResult{}, planError(err)
	}
	if doc.Draft {
		says := "the document is a draft (status: draft): nothing was filed"
		if r.DryRun {
			says = "the document is a draft (status: draft): nothing would be filed"
		}
		return api.FileResult{Postmortem: plan.Postmortem.ID, Warnings: []string{says}}, nil
	}
	var lease ledger.Lease
	if !r.DryRun {
		if lease, err = b.hold(ctx, "postmortem/"+plan.Postmortem.ID); err != nil {
			return api.FileResult{}, err
		}
		defer func() { _ = b.ledger.Done(context.WithoutCancel(ctx), lease, time.Time{}) }()
	}
	if plan, err = b.plan(ctx, &in, plan.Postmortem.ID); err != nil || otherErr != nil {
		return api.FileResult{}, errors.Join(err, otherErr)
	}
	plan.Warnings = append(plan.Warnings, renamed...)
	if err := b.seenBefore(ctx, &plan); err != nil {
		return api.FileResult{}, err
	}
	refused := plan.Refused(in.Setup)
	if r.DryRun {
		if len(refused) > 0 {
			plan.Warnings = append(plan.Warnings, fmt.Sprintf("policy.lint is “require”: with %s this would be refused; mend the document, or file it with --force", countHints(len(refused))))
		}
		result := b.preview(plan, in)
		result.Refused = len(refused)
		return result, nil
	}
	if len(refused) > 0 && !r.Force {
		return api.FileResult{}, lintRefusal(refused)
	}
	entries := map[string][]domain.Entry{}
	for _, l := range plan.Lines {
		if e, ok := entryOf(l, by, in.Now); ok {
			if len(refused) > 0 && len(l.Hints) > 0 && l.Action == filing.New {
				e.Note += " It was filed with its hints (force), which policy.lint does not take otherwise."
			}
			entries[l.Spec.ID] = []domain.Entry{e}
		}
	}
	if err := b.ledger.File(ctx, lease, plan.Postmortem, entries); err != nil {
		return api.FileResult{}, storeError(err)
	}
	return b.filed(ctx, plan)
}

// itemOf is the item that a ticket belongs to.
func (b *Backend) itemOf(ctx context.Context, ticket domain.Ref) (st domain.State, ok bool, err error) {
	id, err := b.ledger.ItemByTicket(ctx, ticket)
	if errors.Is(err, ledger.ErrNotFound) {
		return st, false, nil
	}
	if err != nil {
		return st, false, storeError(err)
	}
	st, err = b.state(ctx, id)
	return st, err == nil && !st.Lost, err
}

// lintRefusal tells every hint with its place.
func lintRefusal(problems []filing.Problem) error {
	errs := []error{api.Invalid{Detail: fmt.Sprintf("policy.lint is “require”: nothing was filed, because of %s; mend the document, or file it with force", countHints(len(problems)))}}
	for _, p := range problems {
		errs = append(errs, api.Invalid{Field: p.Field, Detail: p.Detail})
	}
	return errors.Join(errs...)
}

func countHints(n int) string {
	if n == 1 {
		return "1 hint"
	}
	return fmt.Sprintf("%d hints", n)
}

func planError(err error) error {
	var p filing.Problem
	if errors.As(err, &p) {
		return api.Invalid{Field: p.Field, Detail: p.Detail}
	}
	return err
}

// hold takes the lease of a postmortem, waiting for another request for it.
func (b *Backend) hold(ctx context.Context, subject string) (ledger.Lease, error) {
	deadline := b.now().Add(filingLease)
	for {
		lease, ok, err := b.ledger.ClaimSubject(ctx, subject, filingLease)
		if err != nil {
			return lease, storeError(err)
		}
		if ok {
			return lease, nil
		}
		if b.now().After(deadline) {
			return lease, api.Unavailable{Detail: "another request is filing this postmortem", After: 2 * time.Second}
		}
		select {
		case <-ctx.Done():
			return lease, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// plan works the document out against what is recorded of it, which it adds
// to in.
func (b *Backend) plan(ctx context.Context, in *filing.Input, id string) (filing.Plan, error) {
	var err error
	if in.Known, err = b.ledger.Postmortem(ctx, id); err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return filing.Plan{}, storeError(err)
	}
	ids, err := b.ledger.ItemsOfPostmortem(ctx, id)
	if err != nil {
		return filing.Plan{}, storeError(err)
	}
	for _, item := range ids {
		st, err := b.state(ctx, item)
		if err != nil {
			return filing.Plan{}, err
		}
		in.Items = append(in.Items, st)
	}
	plan, err := filing.Make(*in)
	return plan, planError(err)
}

// causeBy names who filed: a token, or a push.
func causeBy(by api.Actor) string {
	if by.Kind == "" && !by.Local {
		return by.Name
	}
	return "api token " + by.Name
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// entryOf is what is recorded for a line of a plan.
func entryOf(l filing.Line, by api.Actor, now time.Time) (domain.Entry, bool) {
	spec := l.Spec
	e := domain.Entry{At: now, Kind: domain.Fact, Cause: causeBy(by), Spec: &spec}
	switch l.Action {
	case filing.New, filing.Adopt, filing.Done:
		e.Name, e.Note = domain.ItemFiled, "The postmortem names this action item."
	case filing.Update:
		e.Name, e.Note = domain.ItemUpdated, "The postmortem was filed again with changes to this item."
	case filing.Remove:
		e.Name, e.Note, e.Spec = domain.ItemRemoved, "The postmortem no longer names this item.", nil
	default:
		return e, false
	}
	return e, true
}

func (b *Backend) preview(plan filing.Plan, in filing.Input) api.FileResult {
	out := api.FileResult{Postmortem: plan.Postmortem.ID, Warnings: plan.Warnings}
	for _, l := range plan.Lines {
		target := l.Spec.Target
		switch {
		case l.Ticket != "":
			target = l.Ticket
		case l.Spec.AdoptRef != "":
			target = string(l.Spec.AdoptRef)
		case l.Action == filing.Done:
			target = ""
		}
		out.Plan = append(out.Plan, api.PlanLine{
			Item: l.Spec.ID, Title: l.Spec.Title, Action: string(l.Action), Target: target, Priority: l.Spec.Priority, Type: l.Spec.Type,
			Owner: api.Text(l.Spec.Owner), Due: api.Text(l.Spec.Due), Services: l.Spec.Services, Detail: l.Detail, Line: l.At, Hints: l.Hints, SeenBefore: l.Spec.SeenBefore,
		})
		if l.Of != nil {
			out.Items = append(out.Items, view(in.Setup, *l.Of, l.Of.Verdict, nil, in.Now))
			continue
		}
		// The item as it would be: known ones with their ticket and verdict.
		st := domain.State{FiledAt: in.Now}
		for _, known := range in.Items {
			if known.Spec.ID == l.Spec.ID {
				st = known
			}
		}
		st.Spec = l.Spec
		item := view(in.Setup, st, st.Verdict, nil, in.Now)
		item.Hints = l.Hints
		out.Items = append(out.Items, item)
	}
	return out
}

// filed shows the items as they are recorded now; their tickets are on the way.
func (b *Backend) filed(ctx context.Context, plan filing.Plan) (api.FileResult, error) {
	out := api.FileResult{Postmortem: plan.Postmortem.ID, Warnings: plan.Warnings}
	var states []domain.State
	for _, l := range plan.Lines {
		st, err := b.state(ctx, l.Spec.ID)
		if err != nil {
			return out, err
		}
		states = append(states, st)
	}
	var err error
	out.Items, err = b.views(ctx, b.reconciler.Setup(), states)
	for i := range out.Items {
		out.Items[i].Hints = plan.Lines[i].Hints
	}
	return out, err
}
