package history

import (
	"context"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/containment"
)

// Mark is a point in what a mirror has learned. The zero Mark is before
// anything was learned, and so is one that another process, or this one before
// it read the mirror anew, has made.
type Mark struct {
	graph *containment.Index
	news  int
	sum   string
}

// Sum is a digest of all that had been learned at the mark, by which another
// process can tell that its mirror holds just that.
func (m Mark) Sum() string { return m.sum }

func markOf(g *containment.Index) Mark { return Mark{graph: g, news: g.News(), sum: g.Sum()} }

// Resume gives the mark at which this process took the mirror into memory,
// where the mirror held then just what another process had learned at a mark
// with this sum. What came since is learned after it.
func (r *Repo) Resume(ctx context.Context, sum string) (m Mark, ok bool, err error) {
	_, done, err := r.read(ctx)
	if err != nil {
		return Mark{}, false, err
	}
	defer done()
	return r.found, sum != "" && r.found.sum == sum, nil
}

// Mark tells how much the mirror has learned by now.
func (r *Repo) Mark(ctx context.Context) (Mark, error) {
	g, done, err := r.read(ctx)
	if err != nil {
		return Mark{}, err
	}
	defer done()
	return markOf(g), nil
}

// Touched lists the commits of whose changes the answer can differ between
// these live commits, or because of what was learned since a mark; see
// containment. With no live commits it tells of what was learned alone. now is
// up to where that was looked at. ok is false where it cannot be told; then
// every change must be asked about.
func (r *Repo) Touched(ctx context.Context, live []string, since Mark) (shas []string, now Mark, ok bool, err error) {
	g, done, err := r.read(ctx)
	if err != nil {
		return nil, now, false, err
	}
	defer done()
	now = markOf(g)
	if since.graph != g {
		return nil, now, false, nil
	}
	shas, ok = g.Touched(live, since.news)
	return shas, now, ok, nil
}

// LearnMoved makes known what shows copies among the commits in which these
// live commits differ: the heads of the pull requests that landed them, and
// their patches. ok is false where they are too many to be looked at one by
// one, or a live commit is not known. takesBack says that some of them take
// something back, which may be any change whose own patches are not known.
func (r *Repo) LearnMoved(ctx context.Context, live []string) (takesBack, ok bool, err error) {
	g, done, err := r.read(ctx)
	if err != nil {
		return false, false, err
	}
	moved, ok := g.Moved(live)
	pulls := g.PullRequests(moved)
	done()
	if !ok || len(moved) > maxCandidates {
		return false, false, nil
	}
	if err := r.unlessJustFailed(func() error { return r.LearnPulls(ctx, pulls) }); err != nil {
		return false, false, err
	}
	if g, done, err = r.read(ctx); err != nil {
		return false, false, err
	}
	patches := g.Unlearned(moved, maxCandidates)
	takesBack = g.TakeBack(moved)
	done()
	if len(patches) > 0 {
		err = r.unlessJustFailed(func() error { return r.LearnPatches(ctx, patches) })
	}
	return takesBack, err == nil, err
}

// Compared reports whether the patches of all these commits are known.
func (r *Repo) Compared(ctx context.Context, shas []string) bool {
	g, done, err := r.read(ctx)
	if err != nil {
		return false
	}
	defer done()
	return !slices.ContainsFunc(shas, func(sha string) bool { return g.Has(sha) && !g.HasPatch(sha) })
}

// CommitsOf lists the commits by which a change may be found: the one that
// landed it, the head of its pull request, and those that it is made of.
func (r *Repo) CommitsOf(ctx context.Context, l Landing) ([]string, error) {
	g, done, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	c := g.Shape(l.SHA, l.Head)
	out := slices.Concat([]string{c.Landed}, c.Parts, c.Own)
	if head := strings.ToLower(l.Head); head != "" && !slices.Contains(out, head) {
		out = append(out, head)
	}
	return out, nil
}
