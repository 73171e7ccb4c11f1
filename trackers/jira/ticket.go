package jira

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

// The categories of statuses, the same on every Jira.
const (
	categoryNew        = "new"
	categoryInProgress = "indeterminate"
	categoryDone       = "done"
)

// Ticket reads the issue now. An issue that was moved to another project comes
// back with its new reference; Jira forwards from the old key.
func (t *Tracker) Ticket(ctx context.Context, ref domain.Ref) (domain.Ticket, error) {
	is, category, err := t.read(ctx, "read ticket", ref)
	if err != nil {
		return domain.Ticket{}, err
	}
	return t.ticket(is, category), nil
}

func (t *Tracker) read(ctx context.Context, op string, ref domain.Ref) (*issue, string, error) {
	path, err := t.issuePath(op, ref)
	if err != nil {
		return nil, "", err
	}
	var is issue
	if _, err := t.do(ctx, call{op: op, ref: ref, method: "GET", path: path, query: url.Values{"fields": {wanted}}, out: &is}); err != nil {
		return nil, "", err
	}
	if is.Fields.Status == nil {
		return nil, "", &trackers.Error{Op: op, Ref: ref, Class: trackers.Transient, Err: errors.New("the answer names no status")}
	}
	if _, err := domain.ParseRef(t.name + ":" + is.Key); err != nil {
		is.Key = ref.Key()
	}
	category, err := t.category(ctx, is.Fields.Status)
	if err != nil {
		return nil, "", err
	}
	if category == "" && is.Fields.Resolution != nil {
		category = categoryDone // no category is to be had: a resolution is Jira's other sign of an end
	}
	return &is, category, nil
}

// category is the category of a status: as it says itself, else by its fixed
// id, else as the status list says. It is empty when none of them tells.
func (t *Tracker) category(ctx context.Context, s *status) (string, error) {
	if s == nil {
		return "", nil
	}
	if k := s.StatusCategory.Key; k != "" {
		return k, nil
	}
	switch s.StatusCategory.ID {
	case "2":
		return categoryNew, nil
	case "3":
		return categoryDone, nil
	case "4":
		return categoryInProgress, nil
	}
	name := string(s.ID)
	if name == "" {
		name = s.Name
	}
	if name == "" {
		return "", nil
	}
	t.mu.Lock()
	k, known := t.categories[name]
	t.mu.Unlock()
	if known {
		return k, nil
	}
	var got status
	_, err := t.do(ctx, call{op: "read status", method: "GET", path: "rest/api/2/status/" + url.PathEscape(name), out: &got})
	if err != nil && !rest.Missing(err) {
		return "", err
	}
	k = got.StatusCategory.Key
	t.mu.Lock()
	t.categories[name] = k
	t.mu.Unlock()
	return k, nil
}

// Edit takes at most one transition and one update, then reads the ticket
// back. A closed ticket may not be editable in its workflow, so the update
// comes after a reopening and before a close. Fields that Jira refuses are left
// out and named in the ticket's Refused, as long as anything else was asked.
func (t *Tracker) Edit(ctx context.Context, tk domain.Ticket, e trackers.Edit) (domain.Ticket, error) {
	if _, err := t.issuePath("edit ticket", tk.Ref); err != nil {
		return tk, err
	}
	opens := e.State == trackers.StateOpen && tk.Closed
	closes := e.State == trackers.StateClosed && !tk.Closed
	var refused []string
	if opens {
		if err := t.transition(ctx, tk.Ref, false, ""); err != nil {
			return tk, err
		}
	}
	after := func(err error) error { return err }
	if opens {
		after = halfDone
	}
	r, err := t.update(ctx, tk, e)
	refused = append(refused, r...)
	if err != nil && !(opens || closes) {
		return tk, err
	}
	if err != nil {
		if trackers.ClassOf(err) != trackers.Invalid {
			return tk, after(err)
		}
		refused = append(refused, "update: "+text.Brief(err.Error()))
	}
	if closes {
		if err := t.transition(ctx, tk.Ref, true, e.CloseReason); err != nil {
			return tk, err
		}
		after = halfDone
	}
	is, category, err := t.read(ctx, "read ticket", tk.Ref)
	if err != nil {
		return tk, after(err)
	}
	out := t.ticket(is, category)
	// A resolution may also be left from a reopening that was cut off.
	if e.State == trackers.StateOpen && !out.Closed && is.Fields.Resolution != nil {
		if err := t.put(ctx, tk.Ref, map[string]any{"fields": map[string]any{"resolution": nil}}); err != nil {
			if trackers.ClassOf(err) != trackers.Invalid {
				return out, halfDone(err)
			}
			refused = append(refused, "resolution: the workflow keeps it")
		}
	}
	out.Refused = refused
	return out, nil
}

// halfDone is an error that came after the transition was made: whatever its
// class, the ticket's state has changed, and must be looked at.
func halfDone(err error) error {
	var te *trackers.Error
	if !errors.As(err, &te) || te.Class == trackers.RateLimited {
		return err
	}
	half := *te
	half.Class = trackers.Uncertain
	return &half
}

func (t *Tracker) put(ctx context.Context, ref domain.Ref, body any) error {
	_, err := t.do(ctx, call{op: "edit ticket", ref: ref, method: "PUT", path: "rest/api/2/issue/" + ref.Key(), body: body, effect: rest.Write})
	return err
}

// update writes the fields and labels of e. Fields that are refused by name are
// left out of a second and third try.
func (t *Tracker) update(ctx context.Context, tk domain.Ticket, e trackers.Edit) (refused []string, err error) {
	fields, labels := t.changes(tk, e)
	for try := 0; len(fields)+len(labels) > 0; try++ {
		body := map[string]any{}
		if len(fields) > 0 {
			body["fields"] = fields
		}
		if len(labels) > 0 {
			body["update"] = map[string]any{"labels": labels}
		}
		err = t.put(ctx, tk.Ref, body)
		var r *rest.Refusal
		if err == nil || trackers.ClassOf(err) != trackers.Invalid || !errors.As(err, &r) || try == 3 {
			return refused, err
		}
		before := len(fields) + len(labels)
		for _, f := range sortedKeys(r.Fields) {
			if _, has := fields[f]; has {
				delete(fields, f)
				refused = append(refused, f+": "+text.Brief(r.Fields[f]))
			} else if f == "labels" && labels != nil {
				labels = nil
				refused = append(refused, f+": "+text.Brief(r.Fields[f]))
			}
		}
		if len(fields)+len(labels) == before {
			return refused, err
		}
	}
	return refused, err // nil, or why the last thing that was asked is refused
}

// changes works out what an update must hold.
func (t *Tracker) changes(tk domain.Ticket, e trackers.Edit) (fields map[string]any, labels []map[string]string) {
	fields = map[string]any{}
	if e.Title != nil {
		fields["summary"] = text.Cut(text.OneLine(*e.Title), maxSummary)
	}
	if e.Body != nil {
		fields["description"] = text.Cut(*e.Body, maxBody)
	}
	if e.Due != nil {
		fields["duedate"] = nil
		if *e.Due != "" {
			fields["duedate"] = *e.Due
		}
	}
	if e.Assignee != nil {
		fields["assignee"] = nil
		if *e.Assignee != "" {
			fields["assignee"] = t.person(*e.Assignee)
		}
	}
	if name := t.priorities[e.Priority]; e.Priority != "" && name != "" {
		fields["priority"] = map[string]string{"name": name}
	}
	has := func(l string) bool { return slices.Contains(tk.Labels, l) }
	for _, l := range e.AddLabels {
		if l = clipLabel(l); l != "" && (tk.Labels == nil || !has(l)) {
			labels = append(labels, map[string]string{"add": l})
		}
	}
	for _, l := range e.RemoveLabels {
		if l = clipLabel(l); l != "" && (tk.Labels == nil || has(l)) && !slices.ContainsFunc(e.AddLabels, func(a string) bool { return strings.EqualFold(clipLabel(a), l) }) {
			labels = append(labels, map[string]string{"remove": l})
		}
	}
	return fields, labels
}
