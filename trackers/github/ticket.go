package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

// Ticket reads the issue now. An issue that was transferred, or whose
// repository was renamed, comes back with its new reference.
func (t *Tracker) Ticket(ctx context.Context, ref domain.Ref) (domain.Ticket, error) {
	const op = "read ticket"
	path, err := t.issuePath(op, ref)
	if err != nil {
		return domain.Ticket{}, err
	}
	var is gh.Issue
	a, err := t.do(ctx, call{op: op, ref: ref, repo: ref.Project(), method: "GET", path: path, out: &is})
	if err != nil {
		return domain.Ticket{}, err
	}
	if is.IsPullRequest() {
		return domain.Ticket{}, invalid(op, ref, errors.New("this is a pull request, not an issue"))
	}
	if is.GetState() == "" {
		return domain.Ticket{}, t.unreadable(call{op: op, ref: ref}, a, errors.New("it names no state"))
	}
	now := ref
	if !strings.HasSuffix(a.Path, "/"+path) { // we were sent elsewhere
		now = t.refOf(&is, ref)
	}
	if t.converted(ctx, now, &is) {
		return domain.Ticket{}, &trackers.Error{Op: op, Ref: ref, Class: trackers.Gone, Err: fmt.Errorf("%w: it is a discussion", trackers.ErrConverted)}
	}
	tk := t.ticket(now, &is)
	if tk.CloseReason == domain.Duplicate {
		tk.DuplicateOf = t.original(ctx, now, is.GetClosedBy().GetLogin())
	}
	return tk, nil
}

var repoURL = regexp.MustCompile(`/repos/([^/]+/[^/]+)$`)

// refOf is where an issue says that it lives, asked where it does not say.
func (t *Tracker) refOf(is *gh.Issue, asked domain.Ref) domain.Ref {
	repo := ""
	if m := repoURL.FindStringSubmatch(is.GetRepositoryURL()); m != nil {
		repo = m[1]
	} else if u, err := url.Parse(is.GetHTMLURL()); err == nil {
		if p := strings.Split(strings.Trim(u.Path, "/"), "/"); len(p) >= 4 && p[len(p)-2] == "issues" {
			repo = p[len(p)-4] + "/" + p[len(p)-3]
		}
	}
	if is.GetNumber() <= 0 || !repoName.MatchString(repo) ||
		(strings.EqualFold(repo, asked.Project()) && is.GetNumber() == asked.Number()) {
		return asked
	}
	return domain.GitHubRef(t.name, repo, is.GetNumber())
}

func (t *Tracker) ticket(ref domain.Ref, is *gh.Issue) domain.Ticket {
	tk := domain.Ticket{
		Ref: ref, URL: is.GetHTMLURL(), Title: is.GetTitle(), Body: is.GetBody(), Author: is.GetUser().GetLogin(),
		Closed: is.GetState() == "closed", Locked: is.GetLocked(), UpdatedAt: is.GetUpdatedAt().UTC(),
		Labels: []string{}, Assignees: []string{},
	}
	if id := is.GetID(); id != 0 {
		tk.NativeID = strconv.FormatInt(id, 10)
	}
	for _, l := range is.Labels {
		tk.Labels = append(tk.Labels, l.GetName())
	}
	for _, u := range is.Assignees {
		tk.Assignees = append(tk.Assignees, u.GetLogin())
	}
	if one := is.GetAssignee().GetLogin(); one != "" && !slices.Contains(tk.Assignees, one) {
		tk.Assignees = append(tk.Assignees, one)
	}
	if tk.Closed {
		tk.ClosedAt = is.GetClosedAt().UTC()
		switch is.GetStateReason() {
		case "not_planned":
			tk.CloseReason = domain.NotPlanned
		case "duplicate":
			tk.CloseReason = domain.Duplicate
		default:
			tk.CloseReason = domain.Completed
		}
	}
	return tk
}

// Edit makes one PATCH of everything. Labels are set as a whole, worked out
// from t.Labels, which must be fresh; with t.Labels nil they are added and
// removed one by one instead. A state that t has already is not asked for again:
// somebody may have changed it since. Priority and due date are no fields of GitHub.
func (t *Tracker) Edit(ctx context.Context, tk domain.Ticket, e trackers.Edit) (domain.Ticket, error) {
	const op = "edit ticket"
	path, err := t.issuePath(op, tk.Ref)
	if err != nil {
		return tk, err
	}
	var req gh.IssueRequest
	patch := false
	if e.Title != nil {
		req.Title, patch = gh.String(text.Cut(text.OneLine(*e.Title), maxTitle)), true
	}
	if e.Body != nil {
		req.Body, patch = gh.String(text.Cut(*e.Body, maxBody)), true
	}
	if e.Assignee != nil {
		who := []string{}
		if *e.Assignee != "" {
			who = []string{*e.Assignee}
		}
		req.Assignees, patch = &who, true
	}
	switch e.State {
	case trackers.StateOpen:
		if tk.Closed {
			req.State, req.StateReason, patch = gh.String("open"), gh.String("reopened"), true
		}
	case trackers.StateClosed:
		why := e.CloseReason
		if why == "" {
			why = domain.Completed
		}
		if !tk.Closed || tk.CloseReason != why {
			req.State, req.StateReason, patch = gh.String("closed"), gh.String(string(why)), true
		}
	}
	if len(e.AddLabels)+len(e.RemoveLabels) > 0 {
		if tk.Labels == nil {
			if err := t.labelsOneByOne(ctx, tk.Ref, path, e); err != nil {
				return tk, err
			}
		} else if labels, changed := mergeLabels(tk.Labels, e.AddLabels, e.RemoveLabels); changed {
			req.Labels, patch = &labels, true
		}
	}
	if !patch {
		return t.Ticket(ctx, tk.Ref)
	}
	var is gh.Issue
	_, err = t.do(ctx, call{op: op, ref: tk.Ref, repo: tk.Ref.Project(), method: "PATCH", path: path, body: &req, effect: rest.Change, out: &is})
	if err != nil {
		return tk, err
	}
	if is.GetState() == "" { // a server that answers with less than the issue
		return t.Ticket(ctx, tk.Ref)
	}
	return t.ticket(tk.Ref, &is), nil
}

// labelsOneByOne changes labels without knowing which there are.
func (t *Tracker) labelsOneByOne(ctx context.Context, ref domain.Ref, path string, e trackers.Edit) error {
	c := call{op: "label ticket", ref: ref, repo: ref.Project(), effect: rest.Write}
	if len(e.AddLabels) > 0 {
		add := make([]string, len(e.AddLabels))
		for i, l := range e.AddLabels {
			add[i] = clipLabel(l)
		}
		c.method, c.path, c.body = "POST", path+"/labels", map[string][]string{"labels": add}
		if _, err := t.do(ctx, c); err != nil {
			return err
		}
	}
	for _, l := range e.RemoveLabels {
		c.method, c.path, c.body = "DELETE", path+"/labels/"+url.PathEscape(clipLabel(l)), nil
		if a, err := t.do(ctx, c); err != nil && a.Status != http.StatusNotFound {
			return err
		}
	}
	return nil
}

// mergeLabels works out the new set, keeping the order and spelling of what is
// there. GitHub's labels do not differ by case alone.
func mergeLabels(have, add, remove []string) ([]string, bool) {
	in := func(set []string, l string) bool {
		return slices.ContainsFunc(set, func(s string) bool { return strings.EqualFold(clipLabel(s), clipLabel(l)) })
	}
	out, changed := []string{}, false
	for _, l := range have {
		if in(remove, l) && !in(add, l) {
			changed = true
			continue
		}
		out = append(out, l)
	}
	for _, l := range add {
		if l = clipLabel(l); l != "" && !in(out, l) {
			out, changed = append(out, l), true
		}
	}
	return out, changed
}
