package history

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/containment"
)

// maxCandidates bounds how many commits are compared by their patch for one
// question. Beyond it, only the nearest to the live commit are.
const maxCandidates = 3000

// Landing names a change as a code host tells it.
type Landing struct {
	SHA         string // commit by which it landed
	Head        string // head of its pull request; may be empty
	PullRequest int    // 0: it was pushed
}

// Present says whether a change is contained in a live commit, by all signs.
// What costs more is looked at only where the cheaper signs do not show that
// it is there, and only on commits that could be copies of it: first the heads
// of the pull requests that landed these, then their patches. Where these
// cannot be had, a no becomes Unknown, and the error tells why.
func (r *Repo) Present(ctx context.Context, live string, l Landing) (containment.Result, error) {
	q, err := r.ask(ctx, live, l)
	switch {
	case err != nil || len(q.candidates) == 0 && len(q.pulls) == 0:
		return q.found, err
	case len(q.candidates) == 0 && q.found.Answer == No:
		// Nothing is there that could be a copy. Its own commits are made
		// known, so that it is found by them once they are picked.
		return q.found, r.unlessJustFailed(func() error { return r.LearnPulls(ctx, q.pulls) })
	}
	for _, learn := range []func() error{
		func() error { return r.LearnPulls(ctx, q.pulls) },
		func() error { return r.LearnPatches(ctx, q.candidates) },
	} {
		if err := r.unlessJustFailed(learn); err != nil {
			if q.found.Answer == No {
				q.found = containment.Result{Answer: Unknown, Reason: containment.NoPatches}
			}
			return q.found, err
		}
		if q, err = r.ask(ctx, live, l); err != nil || len(q.candidates) == 0 {
			return q.found, err
		}
	}
	return q.found, nil
}

// question is an answer, and what could still change it.
type question struct {
	found      containment.Result
	candidates []string // commits whose patches are not known
	pulls      []int    // pull requests whose heads may say more
}

func (r *Repo) ask(ctx context.Context, live string, l Landing) (question, error) {
	g, done, err := r.read(ctx)
	if err != nil {
		return question{found: containment.Result{Answer: Unknown, Reason: containment.NoCommits}}, err
	}
	defer done()
	c := g.Shape(l.SHA, l.Head)
	q := question{found: g.Contains(c, live)}
	if q.found.Answer == Yes && q.found.Sign == containment.PullHead {
		return q, nil
	}
	if q.found.Answer == Yes {
		q.candidates = g.Doubts(c, live, q.found.Carrier)
		if q.found.Sign == containment.Ancestry {
			return q, nil
		}
	}
	if l.PullRequest > 0 && l.Head != "" && !g.Has(l.Head) {
		q.pulls = []int{l.PullRequest} // shows whether it was rebased or squashed
	}
	if q.found.Answer != Yes {
		q.candidates = g.Candidates(c, live, maxCandidates)
		q.pulls = append(q.pulls, g.PullRequests(q.candidates)...)
	}
	return q, nil
}

// unlessJustFailed keeps a remote that is away from being asked again for each
// change in turn.
func (r *Repo) unlessJustFailed(learn func() error) error {
	now := r.m.now()
	r.missMu.Lock()
	at, err := r.failedAt, r.failure
	r.missMu.Unlock()
	if err != nil && now.Sub(at) < missFor {
		return err
	}
	err = learn()
	r.missMu.Lock()
	defer r.missMu.Unlock()
	r.failedAt, r.failure = now, err
	return err
}
