// Package apitest is a Backend that behaves: an in-memory stand-in for tests
// of the API and of the command line. It knows two services, files items from
// checklists, and keeps no more of the rules than those tests look at. It is
// no second implementation of Holdfast and must not become one.
package apitest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// Approver is the one person who may waive and attest.
const Approver = "lead@acme.example"

// Services are the configured services, by name and alias.
var Services = map[string]string{"checkout": "checkout", "Checkout service": "checkout", "ledger": "ledger"}

// Now is the time that the backend lives in.
var Now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// Backend implements api.Backend. Its exported fields may be set before it
// serves.
type Backend struct {
	// FilingReads is how often items are listed before they have tickets.
	FilingReads int
	// Findings is what Doctor tells.
	Findings []trackers.Finding
	// Groups wait for an operator.
	Groups []api.ReopeningView
	// Letters are dead letters.
	Letters []api.DeadLetterDetail
	// Fail makes every call fail with this error.
	Fail error
	// Exported is what Export writes, Imported what Import was sent.
	Exported, Imported string

	mu          sync.Mutex
	items       map[string]api.ItemDetail
	order       []string
	reads       int
	deployments []api.DeploymentDetail
	pause       api.PauseView
	Calls       []string // name and actor of every change
	Files       []api.FileRequest
	Reports     []api.DeploymentReport
}

var _ api.Backend = (*Backend)(nil)

// Add puts an item in.
func (b *Backend) Add(d api.ItemDetail) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(d)
}

func (b *Backend) put(d api.ItemDetail) {
	if b.items == nil {
		b.items = map[string]api.ItemDetail{}
	}
	if _, ok := b.items[d.ID]; !ok {
		b.order = append(b.order, d.ID)
	}
	b.items[d.ID] = d
}

func (b *Backend) did(what string, by api.Actor) { b.Calls = append(b.Calls, what+" by "+by.Name) }

// Adopt finds two tickets, one of which is an item already, whatever is asked.
func (b *Backend) Adopt(_ context.Context, by api.Actor, r api.AdoptionRequest) (api.AdoptionResult, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Fail != nil {
		return api.AdoptionResult{}, b.Fail
	}
	if r.Tracker != "github" {
		return api.AdoptionResult{}, api.Invalid{Field: "tracker", Detail: "configured are github"}
	}
	out := api.AdoptionResult{Postmortem: "adopted-github", Tickets: []api.AdoptedTicket{
		{Item: "adopted-github/1", Title: "Found by " + r.Query, Action: "adopt", Priority: api.Text("P1"), Type: api.Text("other"), Services: []string{"checkout"},
			Ticket: api.TicketView{Ref: "github:acme/checkout#7", URL: "https://github.example/acme/checkout/issues/7", State: "open"}},
		{Item: "2026-11-01-checkout-down/1", Title: "Known", Action: "tracked", Ticket: api.TicketView{Ref: "github:acme/checkout#1", State: "open"}},
	}}
	if !r.DryRun {
		b.did("adopt "+r.Query, by)
		t := out.Tickets[0]
		b.put(api.ItemDetail{ItemView: api.ItemView{ID: t.Item, Postmortem: out.Postmortem, Title: t.Title, Priority: "P1", Type: "other", Status: "open", Verdict: "not_verified", Ticket: &t.Ticket}})
	}
	return out, nil
}

// FilePostmortem files the lines of a checklist, or the items of the JSON form.
func (b *Backend) FilePostmortem(_ context.Context, by api.Actor, r api.FileRequest) (api.FileResult, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Fail != nil {
		return api.FileResult{}, b.Fail
	}
	b.Files = append(b.Files, r)
	var doc struct {
		ID    string                   `json:"id"`
		Items []struct{ Title string } `json:"items"`
	}
	if r.ContentType == api.JSONType {
		if err := json.Unmarshal(r.Body, &doc); err != nil {
			return api.FileResult{}, err
		}
	} else {
		lines := bufio.NewScanner(bytes.NewReader(r.Body))
		for lines.Scan() {
			if title, ok := strings.CutPrefix(lines.Text(), "- [ ] "); ok {
				title, _, _ = strings.Cut(title, " ([") // the link of its ticket
				doc.Items = append(doc.Items, struct{ Title string }{title})
			}
		}
	}
	if len(doc.Items) == 0 {
		return api.FileResult{}, api.Invalid{Detail: "no action items were found: add a table or checklist under a heading like Action items"}
	}
	id := r.ID
	if id == "" {
		id = doc.ID
	}
	if id == "" {
		id, _, _ = strings.Cut(r.Name, ".")
	}
	out := api.FileResult{Postmortem: id}
	service := r.Service
	if service == "" {
		service = "checkout"
	}
	for i, it := range doc.Items {
		itemID := id + "/" + strconv.Itoa(i+1)
		old, known := b.items[itemID]
		if r.DryRun {
			line := api.PlanLine{Item: itemID, Title: it.Title, Action: "file", Target: "github:acme/" + service, Priority: "P1", Type: domain.Preventative, Services: []string{service}}
			if known {
				line.Action = "unchanged"
			}
			out.Plan = append(out.Plan, line)
			continue
		}
		if !known {
			old = api.ItemDetail{ItemView: api.ItemView{ID: itemID, Postmortem: id, Title: it.Title, Priority: "P1", Type: domain.Preventative,
				Services: []string{service}, Status: "filing", Verdict: "not_verified", Reason: api.Text("no_linked_change"), CreatedAt: Now}}
			b.put(old)
		}
		out.Items = append(out.Items, old.ItemView)
	}
	if !r.DryRun {
		b.did("file "+id, by)
	}
	return out, nil
}

// Items filters by postmortem, status, priority, overdue and q.
func (b *Backend) Items(_ context.Context, q api.ItemQuery) (api.ItemPage, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Fail != nil {
		return api.ItemPage{}, b.Fail
	}
	b.reads++
	if b.reads > b.FilingReads {
		b.ticketAll()
	}
	start := 0
	if q.Cursor != "" {
		n, err := strconv.Atoi(q.Cursor)
		if err != nil || n > len(b.order) {
			return api.ItemPage{}, api.Invalid{Field: "cursor", Detail: "this cursor is not from here"}
		}
		start = n
	}
	var page api.ItemPage
	for i, id := range b.order[start:] {
		v := b.items[id].ItemView
		if !in(q.Status, v.Status) || !in(q.Priority, string(v.Priority)) || (q.Postmortem != "" && q.Postmortem != v.Postmortem) ||
			(q.Overdue != nil && *q.Overdue != v.Overdue) || !strings.Contains(strings.ToLower(v.Title), strings.ToLower(q.Q)) {
			continue
		}
		if len(page.Items) == q.Limit {
			page.Next = strconv.Itoa(start + i)
			break
		}
		page.Items = append(page.Items, v)
	}
	return page, nil
}

func (b *Backend) ticketAll() {
	for i, id := range b.order {
		d := b.items[id]
		if d.Status != "filing" {
			continue
		}
		n := strconv.Itoa(i + 1)
		d.Status = "open"
		d.Ticket = &api.TicketView{Ref: domain.Ref("github:acme/checkout#" + n), URL: "https://github.example/acme/checkout/issues/" + n, State: "open"}
		b.items[id] = d
	}
}

func in(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }

// Item finds an item.
func (b *Backend) Item(_ context.Context, id string) (api.ItemDetail, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.find(id)
}

func (b *Backend) find(id string) (api.ItemDetail, error) {
	if b.Fail != nil {
		return api.ItemDetail{}, b.Fail
	}
	if d, ok := b.items[id]; ok {
		return d, nil
	}
	return api.ItemDetail{}, api.NotFound{What: fmt.Sprintf("item %q", id)}
}

// ItemByTicket finds an item by the reference, key or address of its ticket.
func (b *Backend) ItemByTicket(_ context.Context, ticket string) (api.ItemDetail, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range b.items {
		if t := d.Ticket; t != nil && (string(t.Ref) == ticket || t.Ref.Key() == ticket || t.URL == ticket) {
			return d, nil
		}
	}
	return api.ItemDetail{}, api.NotFound{What: fmt.Sprintf("item with the ticket %q", ticket)}
}

// change applies f to an item.
func (b *Backend) change(by api.Actor, what, id string, approver bool, f func(*api.ItemDetail)) (api.ItemView, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d, err := b.find(id)
	if err != nil {
		return api.ItemView{}, err
	}
	if approver && by.Person != Approver {
		return api.ItemView{}, api.Forbidden{Reason: by.Person + " is no approver of the team payments"}
	}
	f(&d)
	b.put(d)
	b.did(what+" "+id, by)
	return d.ItemView, nil
}

// Waive waives.
func (b *Backend) Waive(_ context.Context, by api.Actor, id string, w api.WaiverRequest) (api.ItemView, error) {
	if w.Duration == "52w" {
		return api.ItemView{}, api.Invalid{Field: "duration", Detail: "at most 90d"}
	}
	return b.change(by, "waive "+w.Duration+" "+w.Reason, id, true, func(d *api.ItemDetail) { d.Verdict, d.Reason = "exempt", nil })
}

// Unwaive takes it back.
func (b *Backend) Unwaive(_ context.Context, by api.Actor, id string) (api.ItemView, error) {
	return b.change(by, "unwaive", id, true, func(d *api.ItemDetail) { d.Verdict = "not_verified" })
}

// Attest attests.
func (b *Backend) Attest(_ context.Context, by api.Actor, id string, a api.AttestationRequest) (api.ItemView, error) {
	return b.change(by, "attest "+a.URL, id, true, func(d *api.ItemDetail) { d.Verdict, d.Reason, d.VerifiedAt = "verified", nil, api.Time(Now) })
}

// LinkChange links.
func (b *Backend) LinkChange(_ context.Context, by api.Actor, id string, c api.ChangeRef) (api.ItemView, error) {
	return b.change(by, fmt.Sprintf("link %s %s %d", c.Repo, c.SHA, c.Number), id, false, func(d *api.ItemDetail) {
		v := api.ChangeView{Repo: c.Repo, SHA: api.Text(c.SHA), Contained: map[string]string{"checkout/prod-eu": "no"}}
		if c.Number > 0 {
			v.PullRequest = &c.Number
		}
		d.Changes = append(d.Changes, v)
	})
}

// Retry notes the call.
func (b *Backend) Retry(_ context.Context, by api.Actor, id string) (api.ItemView, error) {
	return b.change(by, "retry", id, false, func(*api.ItemDetail) {})
}

// ResolveService knows Services.
func (b *Backend) ResolveService(name string) (string, bool) {
	s, ok := Services[name]
	return s, ok
}

// Deploy records; prod-* environments count and ship every item.
func (b *Backend) Deploy(_ context.Context, by api.Actor, r api.DeploymentReport) (api.DeployResult, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Fail != nil {
		return api.DeployResult{}, b.Fail
	}
	if _, ok := Services[r.Service]; !ok {
		return api.DeployResult{}, errors.Join(api.Invalid{Field: "service", Detail: fmt.Sprintf("%q is not configured; known are checkout, ledger", r.Service)})
	}
	b.Reports = append(b.Reports, r)
	if r.FinishedAt.IsZero() {
		r.FinishedAt = Now
	}
	out := api.DeployResult{ID: r.ID, Production: strings.HasPrefix(r.Environment, "prod")}
	if out.ID == "" {
		out.ID = fmt.Sprintf("d%d", len(b.deployments)+1)
	}
	if !out.Production {
		out.Warnings = append(out.Warnings, fmt.Sprintf("%q is no production environment of %s: recorded, proves nothing", r.Environment, r.Service))
	}
	for _, d := range b.deployments {
		if d.ID != out.ID || d.Service != r.Service || d.Environment != r.Environment {
			continue
		}
		if d.SHA != nil && r.SHA != "" && *d.SHA != r.SHA {
			out.Outcome = api.DeployConflict
			return out, nil
		}
		if d.Status == r.Status && !r.FinishedAt.After(d.FinishedAt) {
			out.Outcome = api.DeployRepeated
			return out, nil
		}
	}
	d := api.DeploymentDetail{DeploymentView: api.DeploymentView{ID: out.ID, Service: r.Service, Environment: r.Environment, SHA: api.Text(r.SHA),
		Version: api.Text(r.Version), Status: r.Status, Percent: r.Percent, FinishedAt: r.FinishedAt, ReceivedAt: Now, URL: api.Text(r.URL),
		Source: by.Name, Production: out.Production, Handled: true}}
	if out.Production {
		for _, id := range b.order {
			d.Shipped = append(d.Shipped, b.items[id].ItemView)
		}
	}
	b.deployments = append([]api.DeploymentDetail{d}, b.deployments...)
	return out, nil
}

// WhatIf says that a deployment to prod-* would ship every item.
func (b *Backend) WhatIf(_ context.Context, r api.DeploymentReport) (api.WhatIfView, api.DeployResult, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := Services[r.Service]; !ok {
		return api.WhatIfView{}, api.DeployResult{}, api.Invalid{Field: "service", Detail: fmt.Sprintf("%q is not configured; known are checkout, ledger", r.Service)}
	}
	out := api.DeployResult{Production: strings.HasPrefix(r.Environment, "prod")}
	v := api.WhatIfView{SHA: api.Text(r.SHA)}
	for _, id := range b.order {
		if out.Production {
			v.Shipped = append(v.Shipped, api.WhatIfItem{ItemView: b.items[id].ItemView, Then: api.WhatIfThen{Status: "done", Verdict: "verified", Ticket: api.Text("closed"), Why: []string{"It is there."}}})
		}
	}
	return v, out, b.Fail
}

// Deployments lists, without pages.
func (b *Backend) Deployments(_ context.Context, q api.DeploymentQuery) (api.DeploymentPage, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var page api.DeploymentPage
	for _, d := range b.deployments {
		if (q.Service == "" || q.Service == d.Service) && (q.Environment == "" || q.Environment == d.Environment) {
			page.Deployments = append(page.Deployments, d.DeploymentView)
		}
	}
	return page, nil
}

// DeploymentByID finds all with the id.
func (b *Backend) DeploymentByID(_ context.Context, id string) ([]api.DeploymentDetail, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []api.DeploymentDetail
	for _, d := range b.deployments {
		if d.ID == id {
			out = append(out, d)
		}
	}
	return out, nil
}

// PauseState tells the switch.
func (b *Backend) PauseState(context.Context) (api.PauseView, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pause, b.Fail
}

// Pause switches it on.
func (b *Backend) Pause(_ context.Context, by api.Actor) (api.PauseView, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.did("pause", by)
	b.pause = api.PauseView{Paused: true, By: api.Text(by.Name), Since: api.Time(Now)}
	return b.pause, nil
}

// Resume switches it off.
func (b *Backend) Resume(_ context.Context, by api.Actor) (api.PauseView, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.did("resume", by)
	b.pause = api.PauseView{}
	return b.pause, nil
}

// Reopenings lists Groups.
func (b *Backend) Reopenings(context.Context) ([]api.ReopeningView, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.Groups), nil
}

// ConfirmReopenings confirms a held group.
func (b *Backend) ConfirmReopenings(_ context.Context, by api.Actor, cause string) (api.ReopeningView, error) {
	return b.decide(by, cause, "confirmed")
}

// DropReopenings drops a held group.
func (b *Backend) DropReopenings(_ context.Context, by api.Actor, cause string) (api.ReopeningView, error) {
	return b.decide(by, cause, "dropped")
}

func (b *Backend) decide(by api.Actor, cause, state string) (api.ReopeningView, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.Groups {
		g := &b.Groups[i]
		if g.Cause != cause {
			continue
		}
		if g.State != "held" {
			return api.ReopeningView{}, api.Conflict{Detail: "these reopenings are " + g.State + " already"}
		}
		b.did(state+" "+cause, by)
		g.State, g.By, g.DecidedAt = state, api.Text(by.Name), api.Time(Now)
		return *g, nil
	}
	return api.ReopeningView{}, api.NotFound{What: fmt.Sprintf("group of reopenings with the cause %q", cause)}
}

// Doctor tells Findings.
func (b *Backend) Doctor(context.Context) ([]trackers.Finding, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Findings, b.Fail
}
