// Package adopt turns existing tickets into what is to be recorded of them, so
// that they come under the rule. It is pure: it asks no tracker and reads no
// store. It changes nothing on the tickets, and reads from each no more than
// what its fields and labels say plainly.
package adopt

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/postmortem"
	"github.com/holdfast-dev/holdfast/internal/reconcile"
	"github.com/holdfast-dev/holdfast/trackers"
)

// Action is what becomes of a ticket.
type Action string

// The actions of a plan.
const (
	Adopt   Action = "adopt"   // it comes under the rule
	Tracked Action = "tracked" // it is an item already
)

// Line is one ticket of a plan.
type Line struct {
	Action Action
	Ticket domain.Ticket
	Spec   domain.ItemSpec // of a tracked one, only the ID
	Detail string          // anything worth knowing before
}

// Input is what a plan is made from.
type Input struct {
	Tracker string
	Service string // of tickets that name none; empty: as their place tells
	Found   []trackers.Found
	// Item is the item that has a ticket, "" if none has.
	Item func(ref domain.Ref) string
	// Known is the postmortem that holds the adopted tickets, zero at first.
	Known domain.Postmortem
	Setup *reconcile.Setup
	Team  string // of tickets of no service
	Now   time.Time
}

// PostmortemID is where the adopted tickets of a tracker are kept: each is an
// item of it, as if one document named them all.
func PostmortemID(tracker string) string { return postmortem.CleanID("adopted-" + tracker) }

// Make works out the plan: the postmortem with its next number, and a line for
// each ticket in the order in which they were found.
func Make(in Input) (domain.Postmortem, []Line) {
	pm := in.Known
	if pm.ID == "" {
		pm = domain.Postmortem{ID: PostmortemID(in.Tracker), Title: "Tickets adopted from " + in.Tracker, FiledAt: in.Now, NextN: 1}
	}
	var lines []Line
	seen := map[domain.Ref]bool{}
	for _, f := range in.Found {
		if seen[f.Ref] {
			continue
		}
		seen[f.Ref] = true
		l := Line{Action: Adopt, Ticket: f.Ticket}
		if id := in.Item(f.Ref); id != "" {
			l.Action, l.Spec.ID, l.Detail = Tracked, id, "it is "+id+" already"
			lines = append(lines, l)
			continue
		}
		l.Spec, l.Detail = in.spec(f)
		l.Spec.Postmortem, l.Spec.PMTitle, l.Spec.N = pm.ID, pm.Title, pm.NextN
		l.Spec.ID = fmt.Sprintf("%s/%d", pm.ID, pm.NextN)
		pm.NextN++
		lines = append(lines, l)
	}
	return pm, lines
}

// maxTitle bounds what is kept of a title.
const maxTitle = 500

func (in Input) spec(f trackers.Found) (domain.ItemSpec, string) {
	s := in.Setup
	spec := domain.ItemSpec{Adoption: true, AdoptRef: f.Ref, Title: clip(strings.Join(strings.Fields(f.Title), " "), maxTitle), Source: f.URL,
		Priority: f.Priority, Type: domain.Other, Team: in.Team, Due: f.Due}
	if spec.Title == "" {
		spec.Title = f.Ref.Key()
	}
	if len(f.Assignees) > 0 {
		spec.Owner = f.Assignees[0]
	}
	named, unknown := in.labels(f.Labels, &spec)
	detail := ""
	switch {
	case len(named) > 0:
		spec.Services = named
	case len(unknown) > 0:
		spec.NeedsService = true
		detail = fmt.Sprintf("no service is called %q; it gets the label needs-service", clip(strings.Join(unknown, ", "), 80))
	case in.Service != "":
		spec.Services = []string{in.Service}
	default:
		var several bool
		spec.Services, several = here(s, f.Ref)
		switch {
		case several:
			detail = "several services are here: the paths of its changes tell which, or /holdfast service"
		case len(spec.Services) == 0:
			spec.NeedsService = true
			detail = "no service is here; it gets the label needs-service"
		}
	}
	if len(spec.Services) > 0 {
		if svc, ok := s.Service(spec.Services[0]); ok && svc.Team != "" {
			spec.Team = svc.Team
		}
	}
	if spec.Priority == "" {
		spec.Priority = domain.DefaultPriority
	}
	if spec.Due == "" && !f.Closed {
		spec.Due = s.Due(spec.Team, spec.Priority, "", in.Now)
	}
	if f.Closed {
		detail = strings.TrimPrefix(detail+"; it stays closed, and counts from when somebody opens it", "; ")
	}
	return spec, detail
}

// labels reads what labels say plainly: a priority, a type, a service.
func (in Input) labels(labels []string, spec *domain.ItemSpec) (services, unknown []string) {
	for _, l := range labels {
		key, value, named := strings.Cut(strings.ToLower(strings.TrimSpace(l)), ":")
		if !named {
			key, value, named = strings.Cut(key, "/")
		}
		value = strings.TrimSpace(value)
		switch {
		case !named:
			if p := domain.Priority(strings.ToUpper(key)); p.Valid() && spec.Priority == "" {
				spec.Priority = p
			}
			if t := domain.Type(key); t.Valid() {
				spec.Type = t
			}
		case value == "":
		case key == "service" || key == "svc":
			if svc, ok := in.Setup.Find(value); ok {
				if !slices.Contains(services, svc.Name) {
					services = append(services, svc.Name)
				}
			} else {
				unknown = append(unknown, value)
			}
		case key == "priority" || key == "prio" || key == "severity" || key == "sev":
			if p, ok := postmortem.Priority(value); ok && spec.Priority == "" {
				spec.Priority = domain.Priority(p)
			}
		case key == "type":
			if spec.Type == domain.Other {
				spec.Type = domain.Type(postmortem.Type(value))
			}
			spec.TypeWritten = clip(value, 100)
		}
	}
	return services, unknown
}

// here is the service whose repository the ticket is in, else whose tickets go
// there. With several, none is named.
func here(s *reconcile.Setup, ref domain.Ref) (services []string, several bool) {
	place := ref.Tracker() + ":" + ref.Project()
	var code, tickets []string
	for _, svc := range s.Services {
		if svc.Tracker == ref.Tracker() && strings.EqualFold(svc.Repo, ref.Project()) {
			code = append(code, svc.Name)
		}
		if strings.EqualFold(svc.Tickets, place) {
			tickets = append(tickets, svc.Name)
		}
	}
	for _, list := range [][]string{code, tickets} {
		if len(list) == 1 {
			return list, false
		}
		if len(list) > 1 {
			return nil, true
		}
	}
	return nil, false
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
