package github

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

// Landed lists the pull requests that were updated at or after since; zero:
// it only says where to start. The pages are small, because each line of them
// describes two repositories at length.
func (t *Tracker) Landed(ctx context.Context, repo string, since time.Time) ([]trackers.Change, time.Time, error) {
	path, err := repoPath("list pull requests", repo)
	if err != nil {
		return nil, since, err
	}
	c := call{op: "list pull requests of " + repo, repo: repo}
	q := url.Values{"state": {"all"}, "sort": {"updated"}, "direction": {"desc"}, "per_page": {"30"}}
	read := func(p *gh.PullRequest) listed[trackers.Change] {
		at := p.GetUpdatedAt().UTC()
		for _, told := range []gh.Timestamp{p.GetCreatedAt(), p.GetMergedAt(), p.GetClosedAt()} {
			at = maxTime(at, told.UTC()) // for a server that keeps no time of update
		}
		return listed[trackers.Change]{value: pullRequest(repo, p), id: int64(p.GetNumber()), at: at, order: at}
	}
	if since.IsZero() {
		until, err := whence(ctx, t, c, path+"/pulls", url.Values{"state": {"all"}, "sort": {"updated"}, "direction": {"desc"}}, read)
		return nil, until, t.withoutPulls(ctx, repo, err)
	}
	all, until, err := descending(ctx, t, c, path+"/pulls", q, since, read, nil)
	if err != nil {
		return nil, since, t.withoutPulls(ctx, repo, err)
	}
	var out []trackers.Change
	for _, x := range all {
		if x.value.PullRequest > 0 {
			out = append(out, x.value)
		}
	}
	return out, until, nil
}

// Pulls lists the pull requests of a repository by their creation, a page of
// 100 at a time: what is made meanwhile comes last and moves nothing.
func (t *Tracker) Pulls(ctx context.Context, repo string, page int) ([]trackers.Change, bool, error) {
	path, err := repoPath("list pull requests", repo)
	if err != nil {
		return nil, false, err
	}
	q := url.Values{"state": {"all"}, "sort": {"created"}, "direction": {"asc"}, "per_page": {"100"}, "page": {strconv.Itoa(max(page, 1))}}
	var got []gh.PullRequest
	a, err := t.do(ctx, call{op: "list pull requests of " + repo, repo: repo, method: "GET", path: path + "/pulls?" + q.Encode(), out: &got})
	if err != nil {
		return nil, false, t.withoutPulls(ctx, repo, err)
	}
	var out []trackers.Change
	for i := range got {
		if got[i].GetNumber() > 0 {
			out = append(out, pullRequest(repo, &got[i]))
		}
	}
	return out, nextQuery(a.Header) != "", nil
}

// withoutPulls tells a server that has no list of pull requests, which is no
// error, from a repository that is not there.
func (t *Tracker) withoutPulls(ctx context.Context, repo string, err error) error {
	if !rest.Missing(err) {
		return err
	}
	if _, missing := t.Repository(ctx, repo); missing != nil {
		return missing
	}
	t.log.Debug("no list of pull requests", "repo", repo, "err", err)
	return nil
}

// deploymentStates are GitHub's states in our words. A state that is not among
// them says nothing about what is live.
var deploymentStates = map[string]domain.DeploymentStatus{
	"success": domain.Success, "failure": domain.Failure, "error": domain.Failure,
	"queued": domain.Queued, "pending": domain.Queued, "waiting": domain.Queued,
	"in_progress": domain.InProgress, "inactive": domain.Inactive,
}

// Deployed lists the deployments that were made, or got a status, at or after
// since; zero: it only says where to start. A status sets the deployment's
// time of update. One that waited so long that a page of newer ones, all older
// than since, lies before it is not found. A server without deployments has
// none.
func (t *Tracker) Deployed(ctx context.Context, repo string, since time.Time) ([]domain.Deployment, time.Time, error) {
	path, err := repoPath("list deployments", repo)
	if err != nil {
		return nil, since, err
	}
	c := call{op: "list deployments of " + repo, repo: repo}
	read := func(d *gh.Deployment) listed[domain.Deployment] {
		made := d.GetCreatedAt().UTC()
		return listed[domain.Deployment]{value: deployment(d), id: d.GetID(), at: maxTime(d.GetUpdatedAt().UTC(), made), order: made}
	}
	var all []listed[domain.Deployment]
	var until time.Time
	if since.IsZero() {
		until, err = whence(ctx, t, c, path+"/deployments", nil, read)
	} else {
		all, until, err = descending(ctx, t, c, path+"/deployments", url.Values{"per_page": {"100"}}, since, read, func(d *domain.Deployment) error {
			return t.deploymentStatus(ctx, path, repo, d)
		})
	}
	if rest.Missing(err) {
		return nil, since, nil
	}
	if err != nil {
		return nil, since, err
	}
	var out []domain.Deployment
	for _, x := range all {
		if x.value.Status != "" {
			out = append(out, x.value)
		}
	}
	return out, until, nil
}

// deployment reads a line of the list, which tells no status. What names no
// commit or no environment stays empty and is left out.
func deployment(d *gh.Deployment) domain.Deployment {
	sha := strings.ToLower(d.GetSHA())
	if !fullSHA(sha) {
		sha = ""
	}
	out := domain.Deployment{
		ID: strconv.FormatInt(d.GetID(), 10), SHA: sha, Environment: text.Cut(text.OneLine(d.GetEnvironment()), maxName),
		FinishedAt: d.GetCreatedAt().UTC(),
	}
	if ref := text.Cut(text.OneLine(d.GetRef()), maxName); !strings.EqualFold(ref, sha) {
		out.Version = ref
	}
	if out.SHA == "" && out.Version == "" || out.Environment == "" || d.GetID() == 0 || out.FinishedAt.IsZero() {
		return domain.Deployment{}
	}
	return out
}

func fullSHA(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == "" && strings.Trim(s, "0") != ""
}

// deploymentStatus reads the statuses of a deployment. A success stays one,
// whatever came after it: only a newer success takes it back. Else the newest
// counts, before an inactive one, which says only that others came. What is not
// over is read again even where the list is as it was: its times are those of
// whole seconds, and a status may come within the same one.
func (t *Tracker) deploymentStatus(ctx context.Context, path, repo string, d *domain.Deployment) error {
	switch d.Status {
	case "", domain.Queued, domain.InProgress:
	default:
		return nil // known, and over
	}
	if d.ID == "" {
		return nil
	}
	var found *gh.DeploymentStatus
	rank := func(s *gh.DeploymentStatus) int {
		switch deploymentStates[s.GetState()] {
		case domain.Success:
			return 3
		case domain.Inactive:
			return 1
		case "":
			return 0
		}
		return 2
	}
	c := call{op: fmt.Sprintf("list statuses of deployment %s of %s", d.ID, repo), repo: repo}
	err := list(ctx, t, c, path+"/deployments/"+d.ID+"/statuses", nil, func(page []gh.DeploymentStatus) bool {
		for i := range page {
			s := &page[i]
			if rank(s) == 0 {
				continue
			}
			newer := found == nil || s.GetCreatedAt().After(found.GetCreatedAt().Time) ||
				s.GetCreatedAt().Equal(found.GetCreatedAt()) && s.GetID() > found.GetID()
			if found == nil || rank(s) > rank(found) || rank(s) == rank(found) && newer {
				found = s
			}
		}
		return true
	})
	switch {
	case rest.Missing(err):
		return nil // deleted meanwhile, or a server that keeps no statuses
	case err != nil:
		return err
	case found == nil:
		d.Status = domain.Queued // made, and nothing said of it yet
		return nil
	}
	d.Status, d.URL = deploymentStates[found.GetState()], webURL(found.GetLogURL(), found.GetTargetURL())
	return nil
}
