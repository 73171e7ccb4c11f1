package history

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	// maxPulls bounds how many pull requests one question asks for.
	maxPulls = 500
	// pullsKept is how long a pull request whose head was asked for is not
	// asked for again: landed ones hardly ever move.
	pullsKept = 24 * time.Hour
)

// LearnPulls fetches the heads of pull requests, where the remote has them
// under names of their own. That it has none is no error.
func (r *Repo) LearnPulls(ctx context.Context, numbers []int) error {
	if r.foreign {
		return nil // all that it has was read
	}
	var ask []int
	now := r.m.now()
	r.missMu.Lock()
	for _, n := range numbers {
		if at, ok := r.pulls[n]; (!ok || now.Sub(at) >= pullsKept) && len(ask) < maxPulls {
			ask = append(ask, n)
		}
	}
	r.missMu.Unlock()
	if len(ask) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.m.limits.FetchTimeout, context.DeadlineExceeded)
	defer cancel()
	if err := r.withRemote(ctx, func(f *fetcher) error { return f.fetchPulls(ctx, ask) }); err != nil {
		return err
	}
	r.missMu.Lock()
	defer r.missMu.Unlock()
	for _, n := range ask {
		r.pulls[n] = now
	}
	return nil
}

// fetchPulls asks which of the heads there are, and fetches those.
func (f *fetcher) fetchPulls(ctx context.Context, numbers []int) error {
	args := []string{"ls-remote", "--refs", "origin"}
	for _, n := range numbers {
		args = append(args, fmt.Sprintf("refs/pull/%d/head", n), fmt.Sprintf("refs/merge-requests/%d/head", n))
	}
	var out bytes.Buffer
	stderr, err := f.talk(ctx, &out, args...)
	if err != nil {
		return failure("asking for pull requests of", f.name, f.target.shown, err, stderr)
	}
	fetch := []string{"origin"}
	for line := range strings.Lines(out.String()) {
		sha, name, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if ok && IsSHA(sha) && pullOf(name) > 0 {
			fetch = append(fetch, "+"+name+":"+name)
		}
	}
	if len(fetch) == 1 {
		return nil
	}
	if err := f.fetch(ctx, fetch...); err != nil {
		return err
	}
	_, err = f.absorb(ctx)
	return err
}

// pullOf is the number of the pull request whose head a name is, 0 for all
// other names: refs/pull/12/head, and GitLab's refs/merge-requests/12/head.
func pullOf(name string) int {
	rest, ok := strings.CutPrefix(name, "refs/pull/")
	if !ok {
		rest, ok = strings.CutPrefix(name, "refs/merge-requests/")
	}
	number, ok2 := strings.CutSuffix(rest, "/head")
	n, err := strconv.Atoi(number)
	if !ok || !ok2 || err != nil || n < 1 {
		return 0
	}
	return n
}
