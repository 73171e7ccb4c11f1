package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/history"
)

// A deployment costs what it changes, not what is open. Whether a change is
// contained in a commit hangs on a few commits alone: its own, those tied to
// it, and the reverts of these. So the answer can only differ between two live
// commits for changes of which such a commit is in one of them and not in the
// other; and it can only differ from what it was for the same commit where
// something was learned of one of these since. Items are listed by their
// commits in the store; the others are not even loaded.
//
// Up to where that was told is kept in the store, as a digest of what the mirror
// held then. A process that begins with a mirror which holds just that goes on
// from there; with any other, its first pass over a service looks at every item.

// manyWords is from how many commits on it is cheaper to look at every item.
const manyWords = 50_000

// affected lists the items that a deployment may bear on, be it because of what
// was learned up to a mark; it is one that the store has, or that the view
// assumes.
func (v *view) affected(ctx context.Context, svc domain.Service, d domain.Deployment) (ids []string, upto history.Mark, err error) {
	if upto, err = v.r.mirror(svc).Mark(ctx); err != nil {
		return nil, upto, err
	}
	every := func() ([]string, history.Mark, error) {
		ids, err := v.everyItem(ctx, svc)
		return ids, upto, err
	}
	t := domain.Target{Service: d.Service, Environment: d.Environment}
	found, err := v.of(ctx, []domain.Target{t})
	if err != nil {
		return nil, upto, err
	}
	list := found[t]
	is := func(x domain.Deployment) bool { return x.Receipt == d.Receipt }
	before, _, err := v.r.learned(ctx, svc)
	if err != nil {
		return nil, upto, err
	}
	if !slices.ContainsFunc(list, is) {
		return nil, before, nil // so old that nobody looks at it
	}
	was, wasCanary := runningIn(slices.DeleteFunc(slices.Clone(list), is))
	live, canary := runningIn(list)
	if was == nil || live == nil {
		return every()
	}
	revisions := []*domain.Deployment{was, live, wasCanary, canary}
	late := !is(*live) && (canary == nil || !is(*canary))
	if late {
		if d.Percent < 100 {
			return nil, before, nil // a canary that is over
		}
		revisions = []*domain.Deployment{live, &d}
	}
	var shas []string
	for _, x := range revisions {
		if x == nil || slices.Contains(shas, x.SHA) {
			continue
		}
		if !history.IsSHA(x.SHA) {
			return every()
		}
		shas = append(shas, x.SHA)
	}
	words, now, ok, err := v.r.bearing(ctx, svc, shas)
	if err != nil {
		return nil, upto, err
	}
	if !ok {
		return every()
	}
	if late {
		words = append(words, wordSoak+svc.Name) // it may have been there for longer than was known
	}
	ids, err = v.r.ledger.Watching(ctx, words)
	return ids, now, err
}

// runningIn tells what is live, and what is a canary beside it, in successes
// that are newest first.
func runningIn(list []domain.Deployment) (live, canary *domain.Deployment) {
	for _, d := range list {
		if d.Percent >= 100 {
			return &d, canary
		}
		if canary == nil {
			canary = &d
		}
	}
	return nil, canary
}

// everyItem lists all items of a service.
func (v *view) everyItem(ctx context.Context, svc domain.Service) ([]string, error) {
	ids, err := v.r.ledger.ItemsOfService(ctx, svc.Name)
	if err != nil {
		return nil, fmt.Errorf("listing the items of %s: %w", svc.Name, err)
	}
	// One that was claimed a moment ago is listed here alone.
	open, err := v.r.ledger.Watching(ctx, []string{wordOpen + svc.Name})
	if err != nil {
		return nil, err
	}
	ids = append(ids, open...)
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// bearing gives the words of the items on which the difference between some
// live commits may bear, or what was learned since the last pass over the
// service, up to a mark. ok is false where that may be any item.
func (r *Reconciler) bearing(ctx context.Context, svc domain.Service, shas []string) (words []string, upto history.Mark, ok bool, err error) {
	since, known, err := r.learned(ctx, svc)
	if err != nil || !known {
		return nil, upto, false, err
	}
	repo := r.mirror(svc)
	open, err := r.ledger.Watched(ctx, wordOpen+svc.Name)
	if err != nil {
		return nil, upto, false, err
	}
	bare, err := r.ledger.Watched(ctx, wordBare+svc.Name)
	if err != nil {
		return nil, upto, false, err
	}
	takesBack := false
	if open+bare > 0 { // else there is nothing that a copy could tell
		asking, end := comparing(ctx)
		takesBack, ok, err = repo.LearnMoved(asking, shas)
		if end(); err != nil || !ok {
			r.log.Debug("all items are looked at, since copies cannot be looked for one by one", "service", svc.Name, "err", err)
			return nil, upto, false, ctx.Err()
		}
	}
	touched, upto, ok, err := repo.Touched(ctx, shas, since)
	if err != nil || !ok || len(touched) > manyWords {
		return nil, upto, false, err
	}
	words = wordsOf(svc, touched)
	if takesBack {
		words = append(words, wordBare+svc.Name)
	}
	return words, upto, true, nil
}

func wordsOf(svc domain.Service, shas []string) []string {
	words := make([]string, 0, len(shas)+2)
	for _, sha := range shas {
		words = append(words, wordSHA(svc.Repo, sha))
	}
	return append(words, wordWide+strings.ToLower(svc.Repo))
}

// news makes due the items on which bears what the mirror of a service learned
// since the mark: a commit that came may tie a change to one that has long been
// live. Where no pass was made yet, there is nothing to compare with.
func (r *Reconciler) news(ctx context.Context, svc domain.Service, since history.Mark) error {
	repo := r.mirror(svc)
	switch now, err := repo.Mark(ctx); {
	case err != nil:
		return err
	case now == since:
		return r.setLearned(ctx, svc, now)
	}
	touched, now, ok, err := repo.Touched(ctx, nil, since)
	if err != nil {
		return err
	}
	var ids []string
	if ok && len(touched) <= manyWords {
		ids, err = r.ledger.Watching(ctx, wordsOf(svc, touched))
	} else {
		ids, err = r.newView(r.Setup(), r.now()).everyItem(ctx, svc)
	}
	if err != nil {
		return err
	}
	if err := r.touch(ctx, ids); err != nil {
		return err
	}
	return r.setLearned(ctx, svc, now)
}

// tellNews is news of the services that an item concerns, after it was judged:
// that may have fetched commits, or compared patches.
func (r *Reconciler) tellNews(ctx context.Context, s *Setup, services []string) error {
	for _, name := range services {
		svc, ok := s.Service(name)
		if !ok {
			continue
		}
		since, passed, err := r.learned(ctx, svc)
		if err != nil {
			return err
		}
		if !passed {
			continue
		}
		if err := r.news(ctx, svc, since); err != nil {
			return err
		}
	}
	return nil
}
