package history

import (
	"context"
	"fmt"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/containment"
)

// maxPathsKept bounds how many changes' paths are kept in memory.
const maxPathsKept = 10_000

// Paths lists the files that a change touches, as the diff of its landing
// commit to the first parent has them; of a rebase those of all its commits.
// Vendored and generated files, locks and changelogs are left out, unless the
// change touches nothing else. In a mirror without trees, those of these
// commits are fetched, once.
func (r *Repo) Paths(ctx context.Context, l Landing) ([]string, error) {
	r.missMu.Lock()
	paths, known := r.paths[l.SHA]
	r.missMu.Unlock()
	if known {
		return paths, nil
	}
	g, done, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	c, whole := g.Shape(l.SHA, l.Head), l.Head == "" || g.Has(l.Head)
	done()
	if !whole && l.PullRequest > 0 && len(c.Parts) == 0 {
		// Whether it is the last commit of a rebase shows only beside the
		// commits of the pull request.
		if err := r.LearnPulls(ctx, []int{l.PullRequest}); err != nil {
			return nil, fmt.Errorf("reading the paths of %s: %w", l.SHA, err)
		}
		if g, done, err = r.read(ctx); err != nil {
			return nil, err
		}
		c = g.Shape(l.SHA, l.Head)
		done()
	}
	if paths, err = r.PathsOf(ctx, c); err != nil {
		return nil, err
	}
	r.missMu.Lock()
	defer r.missMu.Unlock()
	if len(r.paths) < maxPathsKept {
		r.paths[l.SHA] = paths
	}
	return paths, nil
}

// PathsOf is Paths of a change whose shape is known.
func (r *Repo) PathsOf(ctx context.Context, c containment.Change) ([]string, error) {
	commits := []string{c.Landed}
	if c.Rebase {
		commits = append(commits, c.Parts...)
	}
	for _, specs := range [][]string{append([]string{":/"}, noise...), {":/"}} {
		files, err := r.changed(ctx, commits, specs, false)
		if err != nil {
			return nil, fmt.Errorf("reading the paths of %s: %w", c.Landed, err)
		}
		var out []string
		for _, list := range files {
			for _, f := range list {
				out = append(out, f.path)
			}
		}
		if len(out) > 0 {
			slices.Sort(out)
			return slices.Compact(out), nil
		}
	}
	return nil, nil
}
