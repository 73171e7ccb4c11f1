package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

var macHex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// maxTries bounds the tries of one creation, each after a definite refusal.
const maxTries = 4

// Create makes an issue. Only a definite refusal (400) is followed by another
// try, without the fields that it names; whatever leaves it open whether an
// issue was made comes back as Uncertain.
func (t *Tracker) Create(ctx context.Context, d trackers.Draft) (trackers.Created, error) {
	const op = "create ticket"
	if !validProject(d.Target) {
		return trackers.Created{}, invalid(op, "", fmt.Errorf("%q is no project key", d.Target))
	}
	if len(d.Marker.Item) > maxName || !itemID.MatchString(d.Marker.Item) || !macHex.MatchString(d.Marker.MAC) {
		return trackers.Created{}, invalid(op, "", fmt.Errorf("the marker of item %q cannot be written: want an id without spaces or angle brackets, and 64 hex digits", d.Marker.Item))
	}
	p := t.projects[d.Target]
	kind := d.IssueType
	if kind == "" {
		kind = p.IssueType
	}
	if kind == "" {
		kind = "Task"
	}
	summary := text.Cut(text.OneLine(d.Title), maxSummary)
	if summary == "" {
		summary = d.Marker.Item
	}
	optional, shown := t.optional(d, p)
	body := d.Body
	body.Failed = slices.Clone(body.Failed)
	var refused []string
	drop := func(f, why string) {
		refused = append(refused, f+": "+why)
		body.Failed = append(body.Failed, f+" "+shown[f]+" – "+why)
		delete(optional, f)
	}
	if due, ok := optional["duedate"].(string); ok {
		if _, err := time.Parse(time.DateOnly, due); err != nil {
			drop("duedate", "not a date")
		}
	}
	for try := 1; ; try++ {
		fields := map[string]any{
			"project": map[string]string{"key": d.Target}, "issuetype": map[string]string{"name": kind},
			"summary": summary, "description": renderBody(body, d.Marker),
		}
		maps.Copy(fields, optional)
		a, err := t.do(ctx, call{op: op, method: "POST", path: "rest/api/2/issue", body: map[string]any{"fields": fields}, effect: rest.Change, out: &json.RawMessage{}})
		if a.OK() {
			return t.created(ctx, a, err, d, fields, refused)
		}
		var r *rest.Refusal
		if a.Status != http.StatusBadRequest || !errors.As(err, &r) || try == maxTries {
			return trackers.Created{}, err
		}
		// 400: nothing was made. Leave out what it names; where it names
		// nothing, what is most often not on the screen.
		before := len(optional)
		for _, f := range sortedKeys(r.Fields) {
			if _, ok := optional[f]; ok {
				drop(f, text.Brief(r.Fields[f]))
			}
		}
		if len(r.Fields) == 0 {
			for _, f := range []string{"priority", "duedate", "assignee"} {
				if _, ok := optional[f]; ok {
					drop(f, "refused together: "+text.Brief(r.Message))
				}
			}
		}
		if len(optional) == before {
			var te *trackers.Error
			if len(r.Fields) > 0 && errors.As(err, &te) {
				te.Err = fmt.Errorf("%w (fields that %s requires go into projects.%s.fields)", te.Err, d.Target, d.Target)
			}
			return trackers.Created{}, err
		}
	}
}

// optional are the fields that a ticket can do without, and how each is shown
// in the description when it is refused.
func (t *Tracker) optional(d trackers.Draft, p Project) (fields map[string]any, shown map[string]string) {
	fields, shown = map[string]any{}, map[string]string{}
	for k, v := range p.Fields {
		raw, err := json.Marshal(v)
		if err != nil {
			t.log.Warn("a configured field cannot be sent", "field", k, "err", err)
			continue
		}
		fields[k], shown[k] = v, text.Brief(string(raw))
	}
	labels := []string{markerLabel(d.Marker)}
	for _, l := range d.Labels {
		if l = clipLabel(l); l != "" && !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
	}
	fields["labels"], shown["labels"] = labels, strings.Join(labels, ", ")
	if name := t.priorities[d.Priority]; name != "" {
		fields["priority"], shown["priority"] = map[string]string{"name": name}, name
	}
	if d.Due != "" {
		fields["duedate"], shown["duedate"] = d.Due, d.Due
	}
	if d.Assignee != "" {
		fields["assignee"], shown["assignee"] = t.person(d.Assignee), d.Assignee
	}
	return fields, shown
}

var keyField = regexp.MustCompile(`"key"\s*:\s*"([A-Z][A-Z0-9_]+-[1-9][0-9]{0,17})"`)

// created reads the answer to a creation that succeeded. The answer is only an
// id and a key; the rest is what was sent. Where it cannot be decoded, its key
// may still be readable; without one the creation is uncertain.
func (t *Tracker) created(ctx context.Context, a rest.Answer, readErr error, d trackers.Draft, sent map[string]any, refused []string) (trackers.Created, error) {
	var got struct {
		ID  id     `json:"id"`
		Key string `json:"key"`
	}
	decodeErr := json.Unmarshal(a.Body, &got)
	if m := keyField.FindSubmatch(a.Body); got.Key == "" && m != nil {
		got.Key = string(m[1])
	}
	ref, err := domain.ParseRef(t.name + ":" + got.Key)
	if err != nil {
		if decodeErr == nil {
			decodeErr = errors.New("it names no key")
		}
		return trackers.Created{}, &trackers.Error{Op: "create ticket", Class: trackers.Uncertain, Status: a.Status,
			Err: fmt.Errorf("reading the answer: %w", errors.Join(readErr, decodeErr))}
	}
	tk := domain.Ticket{
		Ref: ref, NativeID: string(got.ID), URL: t.browse(got.Key), Labels: []string{}, Assignees: []string{}, Author: t.knownOwn(),
	}
	tk.Title, _ = sent["summary"].(string)
	tk.Body, _ = sent["description"].(string)
	tk.Due, _ = sent["duedate"].(string)
	if l, ok := sent["labels"].([]string); ok {
		tk.Labels = l
	}
	if _, ok := sent["assignee"]; ok {
		tk.Assignees = []string{d.Assignee}
	}
	return trackers.Created{Ticket: tk, Refused: refused}, nil
}
