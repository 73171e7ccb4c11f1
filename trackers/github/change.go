package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
	"github.com/holdfast-dev/holdfast/trackers/internal/text"
)

// Repository reads a repository's name, clone address and default branch.
func (t *Tracker) Repository(ctx context.Context, repo string) (trackers.Repository, error) {
	const op = "read repository"
	path, err := repoPath(op, repo)
	if err != nil {
		return trackers.Repository{}, err
	}
	var r gh.Repository
	if _, err := t.do(ctx, call{op: op + " " + repo, repo: repo, method: "GET", path: path, out: &r}); err != nil {
		return trackers.Repository{}, err
	}
	return trackers.Repository{FullName: r.GetFullName(), CloneURL: r.GetCloneURL(), DefaultBranch: r.GetDefaultBranch()}, nil
}

// PullRequest reads a pull request. Its commits are not read.
func (t *Tracker) PullRequest(ctx context.Context, repo string, number int) (trackers.Change, error) {
	const op = "read pull request"
	path, err := repoPath(op, repo)
	if err != nil {
		return trackers.Change{}, err
	}
	if number <= 0 {
		return trackers.Change{}, invalid(op, "", fmt.Errorf("%d is no pull request", number))
	}
	var p gh.PullRequest
	c := call{op: fmt.Sprintf("%s %s#%d", op, repo, number), repo: repo, method: "GET", path: fmt.Sprintf("%s/pulls/%d", path, number), out: &p}
	if _, err := t.do(ctx, c); err != nil {
		return trackers.Change{}, err
	}
	p.Number = gh.Int(number)
	return pullRequest(repo, &p), nil
}

// pullRequest reads what a single answer and a line of a list say alike.
func pullRequest(repo string, p *gh.PullRequest) trackers.Change {
	out := trackers.Change{
		Change: domain.Change{
			Repo: repo, PullRequest: p.GetNumber(), Head: p.GetHead().GetSHA(), Base: p.GetBase().GetRef(),
			Open: p.GetState() == "open", OpenedAt: p.GetCreatedAt().UTC(), How: domain.ClaimPullRequest,
			Author: p.GetUser().GetLogin(), URL: p.GetHTMLURL(), Title: text.Cut(text.OneLine(p.GetTitle()), 300),
		},
		Merged: p.GetMerged() || p.MergedAt != nil, Body: p.GetBody(), Branch: p.GetHead().GetRef(), HeadRepo: p.GetHead().GetRepo().GetFullName(),
	}
	main := p.GetBase().GetRepo().GetDefaultBranch()
	out.DefaultBase = main != "" && main == out.Base
	switch p.GetAuthorAssociation() {
	case "OWNER", "MEMBER", "COLLABORATOR":
		out.Trusted = true
	default:
		// GitHub always tells. Where a server does not, the branch that stands
		// in the repository itself has to do; our callers ask for that too.
		out.Trusted = p.AuthorAssociation == nil
	}
	if out.Merged {
		// While a pull request is open, this field names a test merge.
		out.SHA, out.LandedAt = p.GetMergeCommitSHA(), p.GetMergedAt().UTC()
	}
	return out
}

// Commit reads a commit by its hash, which may be shortened.
func (t *Tracker) Commit(ctx context.Context, repo, sha string) (trackers.Change, error) {
	const op = "read commit"
	path, err := repoPath(op, repo)
	if err != nil {
		return trackers.Change{}, err
	}
	if !commitSHA.MatchString(sha) {
		return trackers.Change{}, invalid(op, "", fmt.Errorf("%q is no commit hash: want 4 to 64 hex digits", text.Brief(sha)))
	}
	var rc gh.RepositoryCommit
	a, err := t.do(ctx, call{op: op + " " + repo + "@" + sha, repo: repo, method: "GET", path: path + "/commits/" + sha, out: &rc})
	if a.Status == http.StatusUnprocessableEntity { // what GitHub says of a hash that it does not have
		return trackers.Change{}, &trackers.Error{Op: op + " " + repo + "@" + sha, Class: trackers.NotFound, Status: a.Status, Err: fmt.Errorf("there is no such commit")}
	}
	if err != nil {
		return trackers.Change{}, err
	}
	msg := rc.GetCommit().GetMessage()
	first, _, _ := strings.Cut(msg, "\n")
	return trackers.Change{
		Change: domain.Change{
			Repo: repo, SHA: rc.GetSHA(), LandedAt: rc.GetCommit().GetCommitter().GetDate().UTC(), How: domain.ClaimCommit,
			Author: rc.GetAuthor().GetLogin(), URL: rc.GetHTMLURL(), Title: text.Cut(text.OneLine(first), 300),
		},
		Merged: true, Messages: []string{msg},
	}, nil
}

// Closers lists the commits by which GitHub itself closed the issue. A mere
// cross-reference is a mention and is left out. The timeline is optional.
func (t *Tracker) Closers(ctx context.Context, ref domain.Ref) ([]domain.Change, error) {
	const op = "read timeline"
	path, err := t.issuePath(op, ref)
	if err != nil {
		return nil, err
	}
	var closed []gh.Timeline
	err = list(ctx, t, call{op: op, ref: ref, repo: ref.Project()}, path+"/timeline", nil, func(page []gh.Timeline) bool {
		for _, e := range page {
			if e.GetEvent() == "closed" && commitSHA.MatchString(e.GetCommitID()) {
				closed = append(closed, e)
			}
		}
		return true
	})
	if rest.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []domain.Change
	seen := map[string]bool{}
	for _, e := range closed {
		repo := ref.Project()
		if u, err := url.Parse(e.GetCommitURL()); err == nil {
			if before, _, ok := strings.Cut(u.Path, "/commits/"); ok {
				if m := repoURL.FindStringSubmatch(before); m != nil {
					repo = m[1]
				}
			}
		}
		if seen[repo+e.GetCommitID()] {
			continue
		}
		seen[repo+e.GetCommitID()] = true
		ch := domain.Change{Repo: repo, SHA: e.GetCommitID(), LandedAt: e.GetCreatedAt().UTC()}
		if c, err := t.Commit(ctx, repo, e.GetCommitID()); err == nil {
			ch = c.Change
		} else if cl := trackers.ClassOf(err); cl != trackers.NotFound && cl != trackers.Denied {
			return nil, err
		}
		ch.How, ch.ClaimedAt = domain.ClaimTracker, e.GetCreatedAt().UTC()
		out = append(out, ch)
	}
	return out, nil
}
