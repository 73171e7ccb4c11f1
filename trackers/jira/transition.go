package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

// transition is an edge that leads out of the present status.
type transition struct {
	ID     id               `json:"id"`
	Name   string           `json:"name"`
	To     *status          `json:"to"`
	Fields map[string]field `json:"fields"` // of its screen; nil where the server does not tell

	category string
}

type field struct {
	Required        bool   `json:"required"`
	HasDefaultValue bool   `json:"hasDefaultValue"`
	Name            string `json:"name"`
	AllowedValues   []struct {
		Name string `json:"name"`
	} `json:"allowedValues"`
}

// transition moves the ticket into the category done or out of it.
func (t *Tracker) transition(ctx context.Context, ref domain.Ref, done bool, why domain.CloseReason) error {
	op := "reopen ticket"
	if done {
		op = "close ticket"
	}
	var last error
	for range 2 { // a conflict made nothing happen; the list is read anew
		list, err := t.transitions(ctx, op, ref)
		if err != nil {
			return err
		}
		tr, fields, err := t.choose(ref, list, done, why)
		if err != nil {
			return &trackers.Error{Op: op, Ref: ref, Class: trackers.Invalid, Err: err}
		}
		last = t.take(ctx, op, ref, tr, fields, done, why)
		var te *trackers.Error
		if !errors.As(last, &te) || te.Status != http.StatusConflict {
			return last
		}
		// The second conflict is the workflow's word.
		last = &trackers.Error{Op: op, Ref: ref, Class: trackers.Invalid, Status: te.Status, Err: te.Err}
	}
	return last
}

func (t *Tracker) transitions(ctx context.Context, op string, ref domain.Ref) ([]transition, error) {
	var got struct {
		Transitions []transition `json:"transitions"`
	}
	_, err := t.do(ctx, call{op: op, ref: ref, method: "GET", path: "rest/api/2/issue/" + ref.Key() + "/transitions",
		query: url.Values{"expand": {"transitions.fields"}}, out: &got})
	if err != nil {
		return nil, err
	}
	for i := range got.Transitions {
		if got.Transitions[i].category, err = t.category(ctx, got.Transitions[i].To); err != nil {
			return nil, err
		}
	}
	return got.Transitions, nil
}

// choose picks the transition to take and the fields for its screen: the
// configured one where it is offered, else the best that leads there. One whose
// required fields we cannot fill comes last.
func (t *Tracker) choose(ref domain.Ref, list []transition, done bool, why domain.CloseReason) (transition, map[string]any, error) {
	p := t.projects[ref.Project()]
	configured, key := p.ReopenTransition, "reopen_transition"
	if done {
		configured, key = p.CloseTransition, "close_transition"
	}
	type candidate struct {
		transition
		fields  map[string]any
		lacking []string
		rank    int
	}
	var all []candidate
	var offered []string
	for _, tr := range list {
		offered = append(offered, fmt.Sprintf("%q", tr.Name))
		named := configured != "" && (string(tr.ID) == configured || strings.EqualFold(tr.Name, configured) ||
			tr.To != nil && strings.EqualFold(tr.To.Name, configured))
		if tr.category != "" && (tr.category == categoryDone) != done || tr.category == "" && !named {
			continue
		}
		c := candidate{transition: tr, rank: rank(tr, done)}
		if named {
			c.rank = -1
		}
		c.fields, c.lacking = t.fill(ref.Project(), tr, done, why)
		if len(c.lacking) > 0 && !named {
			c.rank += 10
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		where := "leads out of the category done"
		if done {
			where = "leads to the category done"
		}
		return transition{}, nil, fmt.Errorf("no transition that is offered to us %s; offered: %s. Give our account the permission to transition, or add such a transition to the workflow and name it in projects.%s.%s",
			where, strings.Join(offered, ", "), ref.Project(), key)
	}
	best := slices.MinFunc(all, func(a, b candidate) int { return a.rank - b.rank })
	if len(best.lacking) > 0 {
		return transition{}, nil, fmt.Errorf("transition %q needs the fields %s: give them in projects.%s.reopen_fields, or name another transition",
			best.Name, strings.Join(best.lacking, ", "), ref.Project())
	}
	return best.transition, best.fields, nil
}

// rank is low for a transition that fits well.
func rank(tr transition, done bool) int {
	switch {
	case done:
		return 1
	case strings.Contains(strings.ToLower(tr.Name), "reopen"), strings.Contains(strings.ToLower(tr.Name), "re-open"):
		return 0
	case tr.category == categoryInProgress:
		return 1
	case tr.category == categoryNew:
		return 2
	}
	return 3
}

// fill works out what to send for the screen, and which required fields have
// no value. A field that the screen lacks would be refused, so it is not sent.
func (t *Tracker) fill(project string, tr transition, done bool, why domain.CloseReason) (fields map[string]any, lacking []string) {
	fields = map[string]any{}
	if !done {
		for k, v := range t.projects[project].ReopenFields {
			if tr.Fields == nil {
				fields[k] = v
				continue
			}
			for fid, f := range tr.Fields {
				if fid == k || strings.EqualFold(f.Name, k) {
					fields[fid] = v
				}
			}
		}
	} else if f, on := tr.Fields["resolution"]; on {
		if name := t.resolutionFor(project, f, why); name != "" {
			fields["resolution"] = map[string]string{"name": name}
		}
	}
	for _, fid := range sortedKeys(tr.Fields) {
		f := tr.Fields[fid]
		if _, given := fields[fid]; f.Required && !f.HasDefaultValue && !given {
			lacking = append(lacking, fmt.Sprintf("%s (%s)", fid, f.Name))
		}
	}
	return fields, lacking
}

// resolutionFor picks a resolution among those that the screen allows.
func (t *Tracker) resolutionFor(project string, f field, why domain.CloseReason) string {
	notPlanned, duplicate := t.resolutions(project)
	want := []string{"Done", "Fixed", "Resolved"}
	switch why {
	case domain.NotPlanned:
		want = notPlanned
	case domain.Duplicate:
		want = duplicate
	}
	var allowed []string
	for _, v := range f.AllowedValues {
		allowed = append(allowed, v.Name)
	}
	if len(allowed) == 0 && len(want) > 0 {
		return want[0]
	}
	for _, w := range want {
		for _, a := range allowed {
			if hasName([]string{w}, a) {
				return a
			}
		}
	}
	if why == domain.NotPlanned || why == domain.Duplicate {
		return ""
	}
	for _, a := range allowed {
		if !hasName(notPlanned, a) && !hasName(duplicate, a) {
			return a
		}
	}
	return ""
}

// take posts the transition. Where the server did not describe the screen, a
// refusal that names fields is answered once: those that we sent are left out,
// and a resolution that a close wants is given.
func (t *Tracker) take(ctx context.Context, op string, ref domain.Ref, tr transition, fields map[string]any, done bool, why domain.CloseReason) error {
	post := func() error {
		body := map[string]any{"transition": map[string]string{"id": string(tr.ID)}}
		if len(fields) > 0 {
			body["fields"] = fields
		}
		_, err := t.do(ctx, call{op: op, ref: ref, method: "POST", path: "rest/api/2/issue/" + ref.Key() + "/transitions", body: body, effect: rest.Change})
		return err
	}
	err := post()
	var r *rest.Refusal
	if err == nil || tr.Fields != nil || !errors.As(err, &r) || r.Status != http.StatusBadRequest {
		return err
	}
	changed := false
	for f := range r.Fields {
		if _, sent := fields[f]; sent {
			delete(fields, f)
			changed = true
		} else if f == "resolution" && done {
			fields[f] = map[string]string{"name": t.resolutionFor(ref.Project(), field{}, why)}
			changed = true
		}
	}
	if !changed {
		return err
	}
	return post()
}
