package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/sandbox"
)

// promises are what the disturbed service has acknowledged. A sweep may make
// good for a delivery that was acknowledged and forgotten; it is lost all the
// same, so it is looked for by itself.
type promises struct {
	mu          sync.Mutex
	deliveries  map[string]string   // tracker/GUID → what it was, for whoever reads of it
	deployments map[string][]string // service → ids
}

func newPromises() *promises {
	return &promises{deliveries: map[string]string{}, deployments: map[string][]string{}}
}

// deployed notes a report that was answered.
func (p *promises) deployed(service, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deployments[service] = append(p.deployments[service], id)
}

// collect notes the deliveries that were answered as recorded. It is called
// all along, as the stand-ins forget old deliveries.
func (p *promises) collect(w *world) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for tracker, list := range map[string][]sandbox.Delivery{"github": w.site.GitHub.Deliveries(), "jira": w.site.Jira.Deliveries()} {
		for _, d := range list {
			var said struct{ Status string }
			if d.Status == 202 && json.Unmarshal(d.Answer, &said) == nil && said.Status == "recorded" {
				p.deliveries[tracker+"/"+d.GUID] = d.Event + " " + d.Action + " of " + d.Subject
			}
		}
	}
}

// broken names the promises that the store and the service know nothing of.
func (p *promises) broken(ctx context.Context, w *world) ([]string, error) {
	p.collect(w)
	recorded, err := w.recorded(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for id, what := range p.deliveries {
		if !recorded[id] {
			out = append(out, "delivery "+id+" ("+what+")")
		}
	}
	for service, ids := range p.deployments {
		known, err := w.deployments(ctx, service)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if !known[id] {
				out = append(out, "deployment "+id+" of "+service)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// recorded lists the deliveries in the store's stream of events.
func (w *world) recorded(ctx context.Context) (map[string]bool, error) {
	const page = 1000
	out := map[string]bool{}
	for from := "-"; ; {
		list, err := w.rdb.XRangeN(ctx, w.key("events"), from, "+", page).Result()
		if err != nil {
			return nil, fmt.Errorf("reading the events of the %s world: %w", w.name, err)
		}
		for _, m := range list {
			text, _ := m.Values["e"].(string)
			var ev struct{ ID, Tracker string }
			if err := json.Unmarshal([]byte(text), &ev); err != nil {
				return nil, fmt.Errorf("event %s of the %s world: %w", m.ID, w.name, err)
			}
			out[ev.Tracker+"/"+ev.ID] = true
		}
		if len(list) < page {
			return out, nil
		}
		from = "(" + list[len(list)-1].ID
	}
}

// deployments lists the ids of the deployments of a service.
func (w *world) deployments(ctx context.Context, service string) (map[string]bool, error) {
	out := map[string]bool{}
	for cursor := ""; ; {
		page, err := w.client.Deployments(ctx, api.DeploymentQuery{Service: service, Limit: 100, Cursor: cursor})
		if err != nil {
			return nil, fmt.Errorf("listing the deployments of the %s world: %w", w.name, err)
		}
		for _, d := range page.Deployments {
			out[d.ID] = true
		}
		if cursor = page.Next; cursor == "" {
			return out, nil
		}
	}
}

// tellBroken says which promises were broken, not all of them where there are
// many.
func (r *run) tellBroken(list []string) {
	const told = 20
	more := ""
	if len(list) > told {
		list, more = list[:told], fmt.Sprintf("\n  and %d more", len(list)-told)
	}
	r.say("acknowledged and forgotten:\n  %s%s", strings.Join(list, "\n  "), more)
}
