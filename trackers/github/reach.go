package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

var (
	_ trackers.Reacher = (*Tracker)(nil)
	_ trackers.Lister  = (*Tracker)(nil)
)

// Reach reads the repository and one line of its issues. A repository whose
// issues are turned off answers 410 to each of them, as if it were deleted.
func (t *Tracker) Reach(ctx context.Context, target string) error {
	const op = "reach repository"
	path, err := repoPath(op, target)
	if err != nil {
		return err
	}
	var r gh.Repository
	_, err = t.do(ctx, call{op: op + " " + target, repo: target, method: "GET", path: path, out: &r})
	switch {
	case err != nil && !rest.Missing(err):
		return err
	case err == nil && r.HasIssues != nil && !r.GetHasIssues():
		return &trackers.Error{Op: op + " " + target, Class: trackers.Denied, Status: http.StatusGone,
			Err: errors.New("issues are turned off there: turn them on under Settings → General → Features")}
	}
	// A server may lack the call for a repository; the list counts.
	var page []gh.Issue
	_, err = t.do(ctx, call{op: "list issues of " + target, repo: target, method: "GET", path: path + "/issues?per_page=1&state=all", out: &page})
	return err
}

// List lists the issues of a repository that carry the label.
func (t *Tracker) List(ctx context.Context, target, label string) ([]domain.Ref, error) {
	path, err := repoPath("list tickets", target)
	if err != nil {
		return nil, err
	}
	var out []domain.Ref
	c := call{op: "list tickets of " + target, repo: target}
	// By the time of creation: what changes meanwhile does not move.
	q := url.Values{"state": {"all"}, "sort": {"created"}, "direction": {"asc"}, "labels": {clipLabel(label)}}
	pages := 0
	err = listPages(ctx, t, c, path+"/issues", q, trackers.MaxListPages, func(page []gh.Issue) bool {
		pages++
		for i := range page {
			if is := &page[i]; !is.IsPullRequest() && is.GetNumber() > 0 {
				out = append(out, domain.GitHubRef(t.name, target, is.GetNumber()))
			}
		}
		return true
	})
	if err == nil && pages >= trackers.MaxListPages {
		err = &trackers.Error{Op: c.op, Class: trackers.Invalid, Err: fmt.Errorf("there are more than %d", trackers.MaxListPages*100)}
	}
	return out, err
}

// converted reports whether an issue has become a discussion. It still reads
// as an issue, locked for good; only its events tell.
func (t *Tracker) converted(ctx context.Context, ref domain.Ref, is *gh.Issue) bool {
	if !is.GetLocked() {
		return false
	}
	path, err := t.issuePath("list events", ref)
	if err != nil {
		return false
	}
	found := false
	err = list(ctx, t, call{op: "list events", ref: ref, repo: ref.Project()}, path+"/events", nil, func(page []gh.IssueEvent) bool {
		for i := range page {
			found = found || page[i].GetEvent() == "converted_to_discussion"
		}
		return !found
	})
	if err != nil {
		t.log.Debug("the events of a locked issue cannot be read", "ticket", ref, "err", err)
	}
	return found
}
