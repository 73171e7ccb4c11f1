package jira

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

var (
	_ trackers.Reacher = (*Tracker)(nil)
	_ trackers.Tracer  = (*Tracker)(nil)
	_ trackers.Lister  = (*Tracker)(nil)
)

// Reach reads the project. Jira says 404 of what we may not see, as of what
// does not exist.
func (t *Tracker) Reach(ctx context.Context, target string) error {
	op := "reach project " + target
	if !validProject(target) {
		return invalid("reach project", "", fmt.Errorf("%q is no project key", target))
	}
	a, err := t.do(ctx, call{op: op, method: "GET", path: "rest/api/2/project/" + target})
	if err == nil || a.Status != http.StatusMethodNotAllowed && a.Status != http.StatusNotImplemented {
		return err
	}
	// A server that lacks the call: its search tells.
	_, _, err = t.query(op, fmt.Sprintf(`project = "%s"`, target), "updated", 1).next(ctx)
	return err
}

// quoted is a string of a query; what it holds is no part of the query.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

var issueID = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)

// Trace reads an issue by its id, which stays when its key changes.
func (t *Tracker) Trace(ctx context.Context, native string) (domain.Ticket, error) {
	const op = "read ticket by its id"
	if !issueID.MatchString(native) {
		return domain.Ticket{}, invalid(op, "", fmt.Errorf("%q is no id of an issue", native))
	}
	var is issue
	if _, err := t.do(ctx, call{op: op, method: "GET", path: "rest/api/2/issue/" + native, query: url.Values{"fields": {wanted}}, out: &is}); err != nil {
		return domain.Ticket{}, err
	}
	if _, err := domain.ParseRef(t.name + ":" + is.Key); err != nil || is.Fields.Status == nil || is.ID != "" && string(is.ID) != native {
		return domain.Ticket{}, &trackers.Error{Op: op, Class: trackers.Transient, Err: fmt.Errorf("the answer is not issue %s", native)}
	}
	category, err := t.category(ctx, is.Fields.Status)
	if err != nil {
		return domain.Ticket{}, err
	}
	if category == "" && is.Fields.Resolution != nil {
		category = categoryDone
	}
	return t.ticket(&is, category), nil
}

// List lists the issues of a project that carry the label.
func (t *Tracker) List(ctx context.Context, target, label string) ([]domain.Ref, error) {
	op := "list tickets of " + target
	if !validProject(target) {
		return nil, invalid("list tickets", "", fmt.Errorf("%q is no project key", target))
	}
	q := t.query(op, fmt.Sprintf(`project = "%s" AND labels = %s ORDER BY created ASC`, target, quoted(clipLabel(label))), "updated", 100)
	var out []domain.Ref
	for range trackers.MaxListPages {
		page, more, err := q.next(ctx)
		if err != nil {
			return nil, err
		}
		for _, is := range page {
			if ref, err := domain.ParseRef(t.name + ":" + is.Key); err == nil {
				out = append(out, ref)
			}
		}
		if !more {
			return out, nil
		}
	}
	return nil, &trackers.Error{Op: op, Class: trackers.Invalid, Err: fmt.Errorf("there are more than %d", trackers.MaxListPages*100)}
}
