package trackertest

import (
	"context"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/trackers"
)

// Changed lists what was updated at or after since. The fake shows everything
// at once, so its answers overlap in the newest change alone.
func (f *Fake) Changed(ctx context.Context, target string, since time.Time) (out trackers.Swept, err error) {
	end, fail := f.begin(ctx, "Changed", "", &err)
	defer end()
	if fail {
		return out, err
	}
	if target == "" || strings.Contains(target, "..") {
		return out, f.errorf("Changed", "", trackers.Invalid, "%q is no target", target)
	}
	if since.IsZero() {
		return trackers.Swept{Until: f.now().UTC()}, nil
	}
	out.Until = since
	for ref, tk := range f.tickets {
		if ref.Project() != target || tk.deleted {
			continue
		}
		if !tk.UpdatedAt.Before(since) {
			one := tk.copy()
			one.Body = ""
			out.Tickets = append(out.Tickets, one)
			out.Until = later(out.Until, tk.UpdatedAt)
		}
		for _, c := range tk.comments {
			if !c.CreatedAt.Before(since) {
				out.Comments = append(out.Comments, trackers.SweptComment{Ref: ref, Comment: *c})
			}
		}
	}
	sort.Slice(out.Tickets, func(i, j int) bool { return out.Tickets[i].UpdatedAt.Before(out.Tickets[j].UpdatedAt) })
	sort.Slice(out.Comments, func(i, j int) bool { return out.Comments[i].CreatedAt.Before(out.Comments[j].CreatedAt) })
	return out, nil
}

// Landed lists the pull requests that were set at or after since.
func (f *Fake) Landed(ctx context.Context, repo string, since time.Time) (out []trackers.Change, until time.Time, err error) {
	end, fail := f.begin(ctx, "Landed", "", &err)
	defer end()
	if fail {
		return nil, since, err
	}
	if since.IsZero() {
		return nil, f.now().UTC(), nil
	}
	until = since
	for key, c := range f.changes {
		if at := f.touched[key]; strings.EqualFold(c.Repo, repo) && c.PullRequest != 0 && !at.Before(since) {
			out, until = append(out, c), later(until, at)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].PullRequest < out[j].PullRequest })
	return out, until, nil
}

// SetDeployment adds a deployment to a repository, or replaces the one with
// its id.
func (f *Fake) SetDeployment(repo string, d domain.Deployment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	repo = strings.ToLower(repo)
	f.touched["deployment "+d.ID] = f.now().UTC()
	if i := slices.IndexFunc(f.deployed[repo], func(x domain.Deployment) bool { return x.ID == d.ID }); i >= 0 {
		f.deployed[repo][i] = d
		return
	}
	f.deployed[repo] = append(f.deployed[repo], d)
}

// Deployed lists the deployments that were set at or after since.
func (f *Fake) Deployed(ctx context.Context, repo string, since time.Time) (out []domain.Deployment, until time.Time, err error) {
	end, fail := f.begin(ctx, "Deployed", "", &err)
	defer end()
	if fail {
		return nil, since, err
	}
	if since.IsZero() {
		return nil, f.now().UTC(), nil
	}
	until = since
	for _, d := range f.deployed[strings.ToLower(repo)] {
		if at := f.touched["deployment "+d.ID]; !at.Before(since) {
			out, until = append(out, d), later(until, at)
		}
	}
	return out, until, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
