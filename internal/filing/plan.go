// Package filing turns a parsed postmortem into what is to be recorded: which
// of its items are new, which are known and changed, and which are gone. It is
// pure: it reads no store and files nothing itself.
package filing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/hints"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
)

// Action is what becomes of one item of the document.
type Action string

// The actions of a plan.
const (
	New       Action = "file"      // a new ticket
	Adopt     Action = "adopt"     // the ticket that the document names
	Done      Action = "done"      // marked done when first filed: no ticket
	Update    Action = "update"    // known, and the document changed
	Unchanged Action = "unchanged" //
	Tracked   Action = "tracked"   // its ticket is an item of another postmortem, or an adopted one
	Remove    Action = "remove"    // the document no longer has it
)

// Line is one item of a plan.
type Line struct {
	Action Action
	Spec   domain.ItemSpec
	Ticket string // reference of the ticket that there is
	Detail string
	At     int           // line in the document, 0 unknown
	Hints  []hints.Hint  // on a new item, as the team's policy.lint asks
	Of     *domain.State // with Tracked: the item that there is
}

// Plan is what filing a document does.
type Plan struct {
	Postmortem domain.Postmortem
	Lines      []Line // in the order of the document, removed ones last
	Warnings   []string
}

// Input is what a plan is made from.
type Input struct {
	ID       string // wanted id, empty: the document's
	Service  string // of items that name none
	Source   string // name of the file, where the document has no link
	Document postmortem.Document
	Known    domain.Postmortem // zero when it was never filed
	Items    []domain.State    // its items, by number
	Setup    *reconcile.Setup
	Defaults Defaults
	Now      time.Time
	// Other finds the item that a ticket belongs to already, of whatever
	// postmortem; nil: there is none.
	Other func(domain.Ref) (domain.State, bool)
}

// Defaults is where items go whose service is not known.
type Defaults struct{ Tickets, Team string }

// Problem is something in the request that cannot be used.
type Problem struct{ Field, Detail string }

func (p Problem) Error() string { return p.Field + ": " + p.Detail }

// Make works out the plan.
func Make(in Input) (Plan, error) {
	doc := in.Document
	id := firstOf(in.ID, doc.ID)
	if id == "" {
		id = postmortem.Slug(firstOf(doc.Date, in.Now.Format(time.DateOnly)), firstOf(doc.Title, "postmortem"))
	}
	if clean := postmortem.CleanID(id); clean != id {
		if in.ID != "" {
			return Plan{}, Problem{"id", fmt.Sprintf("%q is no id: letters, digits, dots and dashes, at most 100; for example %q", in.ID, firstOf(clean, "2026-11-20-checkout-down"))}
		}
		id = clean
	}
	if id == "" {
		return Plan{}, Problem{"id", "the document has neither a title nor an id; give one with the parameter id"}
	}
	if len(doc.Items) == 0 {
		why := "put them into a table with a column “Action item”, or into a list under a heading such as “Action items”"
		if len(doc.Notes) > 0 {
			why = strings.Join(doc.Notes, "; ")
		}
		return Plan{}, Problem{"items", "the document has no action items: " + why}
	}
	pm := in.Known
	if pm.ID == "" {
		pm = domain.Postmortem{ID: id, FiledAt: in.Now, NextN: 1}
	}
	pm.Title, pm.Date, pm.Severity = firstOf(doc.Title, pm.Title), firstOf(doc.Date, pm.Date), firstOf(doc.Severity, pm.Severity)
	pm.Source = firstOf(doc.Source, in.Source, pm.Source)

	p := Plan{Warnings: slices.Clone(doc.Notes)}
	b := builder{in: in, plan: &p}
	services, unknown := b.services(doc.Services)
	pm.Services = services
	if in.Service != "" {
		svc, ok := in.Setup.Find(in.Service)
		if !ok {
			return Plan{}, Problem{"service", fmt.Sprintf("no service is called %q; known are %s", in.Service, names(in.Setup))}
		}
		services, unknown = []string{svc.Name}, nil
	}
	match := pair(doc.Items, in.Items)
	taken := map[int]bool{}
	for i, item := range doc.Items {
		spec, detail := b.spec(pm, item, services, unknown)
		j := match[i]
		if j < 0 {
			if st, ok := in.other(spec.AdoptRef); ok {
				if sameWork(item, st) {
					other := st
					p.Lines = append(p.Lines, Line{Action: Tracked, Spec: st.Spec, Ticket: string(spec.AdoptRef), Detail: "its ticket is an item already, which stays as it is", Of: &other})
					continue
				}
				spec.AdoptRef, detail = "", "the ticket that it names is that of "+st.Spec.ID+"; a new one is filed"
			}
			spec.N = pm.NextN
			pm.NextN++
			spec.ID = fmt.Sprintf("%s/%d", pm.ID, spec.N)
			if of := owner(in.Items, spec.AdoptRef); of != "" {
				spec.AdoptRef, detail = "", "the ticket that it names is that of "+of+"; a new one is filed"
			}
			p.Lines = append(p.Lines, Line{Action: first(spec), Spec: spec, Detail: detail})
			continue
		}
		taken[j] = true
		p.Lines = append(p.Lines, known(spec, in.Items[j], detail))
	}
	for _, l := range p.Lines {
		if l.Of == nil && l.Spec.Target == "" && l.Spec.AdoptRef == "" && !l.Spec.Done {
			return Plan{}, Problem{"items", fmt.Sprintf("nothing says where the ticket of %q goes: name a configured service (known are %s), or set defaults.tickets in the configuration", clip(l.Spec.Title, 80), names(in.Setup))}
		}
	}
	p.lint(in.Setup, doc.Items)
	for j, st := range in.Items {
		if !taken[j] && !st.Removed {
			p.Lines = append(p.Lines, Line{Action: Remove, Spec: st.Spec, Ticket: ref(st), Detail: "the document no longer has it; its ticket stays"})
		}
	}
	p.Postmortem = pm
	return p, nil
}

func (in Input) other(ticket domain.Ref) (domain.State, bool) {
	if ticket == "" || in.Other == nil {
		return domain.State{}, false
	}
	st, ok := in.Other(ticket)
	return st, ok && st.Spec.Postmortem != in.Known.ID
}

// sameWork reports whether an item is what its ticket is filed for already. A
// ticket may be named for other reasons, and then nothing may be left out.
func sameWork(item postmortem.Item, st domain.State) bool {
	ids := vocabulary{}
	ours := ids.read(item.Title)
	if ours.likeness(ids.read(st.Spec.Title)) > alike {
		return true
	}
	return st.Ticket != nil && ours.likeness(ids.read(st.Ticket.Title)) > alike
}

// owner is the item of this postmortem that has the ticket, "" if none has.
func owner(items []domain.State, ticket domain.Ref) string {
	for _, st := range items {
		if ticket != "" && (st.Ticket != nil && st.Ticket.Ref == ticket || st.Ticket == nil && st.Spec.AdoptRef == ticket) {
			return st.Spec.ID
		}
	}
	return ""
}

// first says what becomes of an item that was never filed.
func first(spec domain.ItemSpec) Action {
	switch {
	case spec.Done:
		return Done
	case spec.AdoptRef != "":
		return Adopt
	}
	return New
}

// known compares what the document says now with what is recorded. Fields on
// which the document falls silent stay as they are.
func known(spec domain.ItemSpec, st domain.State, detail string) Line {
	old := st.Spec
	spec.ID, spec.N, spec.AdoptRef, spec.SeenBefore = old.ID, old.N, old.AdoptRef, old.SeenBefore
	if st.Ticket != nil || old.Target != "" {
		spec.Target, spec.Team = old.Target, old.Team
	}
	if len(spec.Services) == 0 {
		spec.Services, spec.NeedsService = old.Services, old.NeedsService
	}
	if spec.Owner == "" {
		spec.Owner = old.Owner
	}
	if st.Ticket == nil && old.Done && !spec.Done {
		return Line{Action: New, Spec: spec, Detail: "no longer marked done"}
	}
	if st.Ticket != nil {
		spec.Done = old.Done // closing the ticket is what counts, not the mark
	}
	l := Line{Action: Unchanged, Spec: spec, Ticket: ref(st), Detail: detail}
	if changed(old, spec) || st.Removed {
		l.Action = Update
	}
	return l
}

func changed(a, b domain.ItemSpec) bool {
	return a.Target != b.Target || a.Title != b.Title || a.Text != b.Text || a.Priority != b.Priority || a.Type != b.Type || a.Owner != b.Owner || a.Due != b.Due ||
		strings.Join(a.Services, ",") != strings.Join(b.Services, ",")
}

func ref(st domain.State) string {
	if st.Ticket == nil {
		return ""
	}
	return string(st.Ticket.Ref)
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

func names(s *reconcile.Setup) string {
	var out []string
	for _, svc := range s.Services {
		out = append(out, svc.Name)
	}
	if len(out) > 30 {
		out = append(out[:30], "…")
	}
	return strings.Join(out, ", ")
}
