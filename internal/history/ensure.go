package history

import (
	"context"
	"slices"
	"strings"
	"time"
)

const (
	// missFor is how long a commit that the remote does not have is not
	// asked for again. A synchronisation that brings it ends this at once.
	missFor = time.Minute
	// maxMisses bounds the memory of them.
	maxMisses = 10_000
	// maxByID bounds how many commits one call asks the remote for by id.
	maxByID = 50
)

// Ensure makes commits known: those that the mirror lacks are looked for by
// synchronising, and then by asking the remote for each by its id, which finds
// commits on no branch (the head of a squashed pull request). It returns the
// ones that the remote does not have, among them everything that is no whole
// commit id. An error means that the remote could not be asked.
func (r *Repo) Ensure(ctx context.Context, shas ...string) (missing []string, err error) {
	missing, err = r.unknown(ctx, shas)
	if err != nil || len(missing) == 0 || len(r.askable(missing)) == 0 {
		return missing, err
	}
	if err := r.Sync(ctx); err != nil {
		return missing, err
	}
	if missing, err = r.unknown(ctx, missing); err != nil || len(missing) == 0 {
		return missing, err
	}
	fetchCtx, cancel := context.WithTimeoutCause(ctx, r.m.limits.FetchTimeout, context.DeadlineExceeded)
	defer cancel()
	err = r.withRemote(fetchCtx, func(f *fetcher) error {
		// Somebody else may have asked while we waited for the lock.
		ask := r.askable(missing)
		return f.fetchByID(fetchCtx, ask[:min(len(ask), maxByID)])
	})
	if err != nil {
		return missing, err
	}
	return r.unknown(ctx, missing)
}

// unknown filters out the commits that the mirror has, and repetitions.
func (r *Repo) unknown(ctx context.Context, shas []string) ([]string, error) {
	g, done, err := r.read(ctx)
	if err != nil {
		// A damaged mirror: Sync makes it anew.
		r.m.log.Warn("reading a mirror", "repo", r.name, "err", err)
		return slices.Clone(shas), ctx.Err()
	}
	defer done()
	var out []string
	for _, sha := range shas {
		if !g.Has(sha) && !slices.Contains(out, sha) {
			out = append(out, sha)
		}
	}
	return out, nil
}

// askable returns those that are whole ids and were not asked for in vain a
// moment ago.
func (r *Repo) askable(shas []string) []string {
	now := r.m.now()
	r.missMu.Lock()
	defer r.missMu.Unlock()
	var out []string
	for _, sha := range shas {
		sha = strings.ToLower(sha)
		at, missed := r.misses[sha]
		if IsSHA(sha) && (!missed || now.Sub(at) >= missFor) {
			out = append(out, sha)
		}
	}
	return out
}

// fetchByID asks the remote for single commits, all at once and, since one
// that is missing fails them all, then one by one. The remote has just
// answered a synchronisation, so a refusal means that it does not have, or
// does not hand out, the commit.
func (f *fetcher) fetchByID(ctx context.Context, shas []string) error {
	if len(shas) == 0 {
		return nil
	}
	groups := [][]string{shas}
	for len(groups) > 0 {
		group := groups[0]
		groups = groups[1:]
		args := []string{"origin"}
		for _, sha := range group {
			args = append(args, sha+":"+seen+sha)
		}
		err := f.fetch(ctx, args...)
		switch {
		case err == nil:
		case ctx.Err() != nil || kindOf(err) == TooLarge || kindOf(err) == Local:
			return err
		case len(group) > 1:
			for _, sha := range group {
				groups = append(groups, []string{sha})
			}
		default:
			f.m.log.Debug("the remote does not hand out a commit", "repo", f.name, "sha", group[0], "err", err)
		}
	}
	changed, err := f.absorb(ctx)
	if err != nil {
		return err
	}
	if changed {
		f.tidy(ctx)
	}
	return f.note(ctx, shas)
}

// note remembers which of the commits are still missing. One that turned out
// to be no commit loses the name that the fetch gave it.
func (f *fetcher) note(ctx context.Context, shas []string) error {
	var missed, wrong []string
	f.mu.RLock()
	for _, sha := range shas {
		if f.graph.Has(sha) {
			continue
		}
		missed = append(missed, sha)
		if _, named := f.refs[seen+sha]; named {
			wrong = append(wrong, sha)
		}
	}
	f.mu.RUnlock()
	f.remember(missed)
	if len(wrong) == 0 {
		return nil
	}
	for _, sha := range wrong {
		if err := f.write(ctx, nil, "update-ref", "-d", seen+sha); err != nil {
			return err
		}
	}
	_, err := f.absorb(ctx)
	return err
}

func (f *fetcher) remember(missed []string) {
	now := f.m.now()
	f.missMu.Lock()
	defer f.missMu.Unlock()
	for sha, at := range f.misses {
		if now.Sub(at) >= missFor {
			delete(f.misses, sha)
		}
	}
	for _, sha := range missed {
		if len(f.misses) < maxMisses {
			f.misses[sha] = now
		}
	}
}
