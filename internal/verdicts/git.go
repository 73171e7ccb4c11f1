package verdicts

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/containment"
	"github.com/holdfast-dev/holdfast/internal/history"
)

// maxCandidates bounds how many commits are compared by their patch, all cases
// together.
const maxCandidates = 100_000

// ReplayGit is Replay over a git directory. Patches are compared only where
// they could change an answer: what has to be compared for all cases is
// found in one pass, and compared at once.
func ReplayGit(ctx context.Context, dir, tags string, cases []Case, log *slog.Logger) ([]Line, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	settings, err := os.MkdirTemp("", "holdfast-verdicts-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for git's settings: %w", err)
	}
	defer os.RemoveAll(settings)
	mirrors, err := history.Open(history.Options{Dir: settings, Log: log})
	if err != nil {
		return nil, err
	}
	repo, err := mirrors.Dir(dir)
	if err != nil {
		return nil, err
	}
	h := &History{Paths: map[string][]string{}}
	if h.Index, err = repo.Index(ctx); err != nil {
		return nil, err
	}
	if tags != "" {
		h.Tags, err = readTags("", tags)
	} else {
		h.Tags, err = repo.Tags(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := h.learnPaths(ctx, repo, cases); err != nil {
		return nil, err
	}
	asked := newDoubts(h.Index)
	h.doubt = asked.add
	lines, err := Replay(ctx, h, cases)
	if err != nil || len(asked.commits) == 0 {
		return lines, err
	}
	if err := repo.LearnPatches(ctx, asked.list()); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		log.Warn("patches are not compared, the other signs are", "err", err)
	}
	h.doubt = nil
	return Replay(ctx, h, cases)
}

// learnPaths reads which paths the changes of monorepo cases touch.
func (h *History) learnPaths(ctx context.Context, repo *history.Repo, cases []Case) error {
	for _, c := range cases {
		if len(c.Services) == 0 {
			continue
		}
		for _, f := range c.Fixes {
			if h.Paths[f.Landed] != nil || !h.Has(f.Landed) {
				continue
			}
			paths, err := repo.PathsOf(ctx, f.change())
			if err != nil {
				return err
			}
			h.Paths[f.Landed] = paths
		}
	}
	return nil
}

// doubts collects the commits whose patches could decide a question.
type doubts struct {
	index   *containment.Index
	mu      sync.Mutex
	asked   map[string]bool
	commits map[string]bool
}

func newDoubts(x *containment.Index) *doubts {
	return &doubts{index: x, asked: map[string]bool{}, commits: map[string]bool{}}
}

func (d *doubts) add(c containment.Change, live string, answer containment.Result) {
	key := c.Landed + " " + live
	d.mu.Lock()
	known := d.asked[key]
	d.asked[key] = true
	d.mu.Unlock()
	if known {
		return
	}
	var found []string
	switch {
	case answer.Answer != containment.Yes:
		found = d.index.Candidates(c, live, maxCandidates)
	case answer.Sign != containment.PullHead:
		found = d.index.Doubts(c, live, answer.Carrier)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, sha := range found {
		if len(d.commits) < maxCandidates {
			d.commits[sha] = true
		}
	}
}

func (d *doubts) list() []string {
	out := make([]string, 0, len(d.commits))
	for sha := range d.commits {
		out = append(out, sha)
	}
	return out
}
