package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// unset is what HEAD of a new mirror points to until the remote says which
// branch is its default.
const unset = "holdfast-unset"

// Sync brings the mirror up to date with the remote's branches and tags; the
// first time it makes it. Callers at the same time share a run. Commits that
// the remote drops from its branches (a force push, a deleted branch) stay
// known here, since they may be live.
func (r *Repo) Sync(ctx context.Context) error { return r.gate.do(ctx, r.sync) }

func (r *Repo) sync(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, r.m.limits.FetchTimeout, context.DeadlineExceeded)
	defer cancel()
	return r.withRemote(ctx, func(f *fetcher) error {
		err := f.update(ctx)
		if err != nil && ctx.Err() == nil && f.suspect(ctx, err) {
			r.m.log.Warn("the mirror is damaged and is made anew", "repo", r.name, "err", err)
			if err := f.discard(); err != nil {
				return err
			}
			err = f.update(ctx)
		}
		return err
	})
}

// fetcher is the right to change the mirror: the process's and the machine's
// lock are held while it is used.
type fetcher struct {
	*Repo
	target target
	lock   *os.File
}

// quirks are what we learned about a remote, for as long as its address stays.
type quirks struct {
	url       string
	redirects bool // it redirects; see target.env
	noFilter  bool // it refuses to leave out trees
	lazy      bool // it has tags of trees, which git can only fetch by themselves
	sha256    bool // its commit ids have 64 digits
}

// withRemote takes the right to change this mirror, one of the slots that all
// mirrors share, the lock over all processes, and the remote's address, in
// that order: who waits for a mirror does not keep a slot from the others.
func (r *Repo) withRemote(ctx context.Context, do func(*fetcher) error) error {
	release, err := acquire(ctx, r.work)
	if err != nil {
		return failure("waiting to fetch", r.name, "", err, "")
	}
	defer release()
	release, err = acquire(ctx, r.m.slots)
	if err != nil {
		return failure("waiting to fetch", r.name, "", err, "")
	}
	defer release()
	lock, err := lockFile(ctx, r.dir+".lock")
	if err != nil {
		return &Error{Op: "locking the mirror of", Repo: r.name, Kind: Local, Err: err}
	}
	defer lock.Close()
	t, err := r.target(ctx)
	if err != nil {
		return err
	}
	if r.quirks.url != t.url {
		r.quirks = quirks{url: t.url}
		r.headAt = time.Time{}
	}
	if r.exists() {
		// What it holds is taken in before it changes: what comes is news then.
		if err := r.loadOnce(ctx); err != nil {
			r.m.log.Debug("the mirror cannot be read; fetching mends it, or makes it anew", "repo", r.name, "err", err)
		}
	}
	return do(&fetcher{Repo: r, target: t, lock: lock})
}

// update fetches and takes in what came.
func (f *fetcher) update(ctx context.Context) error {
	start := f.m.now()
	if err := f.prepare(ctx); err != nil {
		return err
	}
	args := []string{"--prune"}
	if shallow, err := os.Stat(filepath.Join(f.dir, "shallow")); err == nil && shallow.Size() > 0 {
		args = append(args, "--depth=2147483647") // the remote may have been deepened: ask for all it has
	}
	args = append(args, "origin", "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
	err := f.fetch(ctx, args...)
	if m := mismatch.FindStringSubmatch(fmt.Sprint(err)); err != nil && m != nil && f.quirks.sha256 != (m[1] == "sha256") {
		// A mirror has ids of one form; this one is of the other, and so is of no use.
		f.quirks.sha256 = m[1] == "sha256"
		if err = f.discard(); err == nil {
			if err = f.prepare(ctx); err == nil {
				err = f.fetch(ctx, args...)
			}
		}
	}
	if err != nil {
		return err
	}
	changed, err := f.absorb(ctx)
	if err != nil {
		return err
	}
	if err := f.keepDropped(ctx); err != nil {
		return err
	}
	f.learnDefault(ctx)
	if changed {
		f.tidy(ctx)
	}
	f.m.log.Debug("mirror synchronised", "repo", f.name, "changed", changed, "took", f.m.now().Sub(start).String())
	return nil
}

// prepare makes the mirror where there is none, and removes what a git that
// was killed left in it.
func (f *fetcher) prepare(ctx context.Context) error {
	sweep(f.dir)
	if f.exists() {
		return nil
	}
	format := "sha1"
	if f.quirks.sha256 {
		format = "sha256"
	}
	return f.write(ctx, nil, "init", "--quiet", "--bare", "--template=", "--initial-branch="+unset, "--object-format="+format, f.dir)
}

// discard puts a damaged mirror aside, where somebody can look at it, in place
// of the one put aside before. What is in memory goes too.
func (f *fetcher) discard() error {
	broken := f.dir + ".broken"
	err := os.RemoveAll(broken)
	if err == nil {
		err = os.Rename(f.dir, broken)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return &Error{Op: "putting aside the damaged mirror of", Repo: f.name, Kind: Local, Err: err}
	}
	f.forget()
	return nil
}

// suspect reports whether the mirror itself, not the remote, made a command
// fail: its commits can't all be read.
func (f *fetcher) suspect(ctx context.Context, err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Kind != Unreachable && e.Kind != Local && e.Kind != NotFound {
		return false
	}
	if !f.exists() {
		return false
	}
	return f.local(ctx, nil, nil, "-c", "core.commitGraph=false", "rev-list", "--count", "--all") != nil && ctx.Err() == nil
}

// write runs a local git command that changes the mirror.
func (f *fetcher) write(ctx context.Context, in io.Reader, args ...string) error {
	stderr, err := f.m.git.run(ctx, command{args: append([]string{"--git-dir=" + f.dir}, args...), env: offline, in: in, lock: f.lock})
	if err != nil {
		e := failure("writing (git "+verb(args)+") the mirror of", f.name, "", err, stderr)
		if e.Kind == Unreachable {
			e.Kind = Local
		}
		return e
	}
	return nil
}

var (
	mismatch    = regexp.MustCompile(`mismatched algorithms: client \w+; server (sha1|sha256)\b`)
	redirected  = regexp.MustCompile(`returned error: 30[12378]`)
	filterError = regexp.MustCompile(`filter.*not (supported|allowed)|not (support|allow).*filter`)
	promised    = regexp.MustCompile(`could not fetch [0-9a-f]+ from promisor remote`)
)

// fetch runs git fetch with these arguments, without trees where the remote
// can leave them out, bounded in size.
func (f *fetcher) fetch(ctx context.Context, args ...string) error {
	for {
		filter := "--filter=tree:0"
		if f.quirks.noFilter {
			filter = "--no-filter"
		}
		stderr, err := f.talk(ctx, nil, append([]string{
			"fetch", "--quiet", filter, "--no-tags", "--force", "--update-head-ok",
			"--update-shallow", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules",
		}, args...)...)
		switch {
		case err == nil:
			if size(filepath.Join(f.dir, "objects")) > f.m.limits.MaxBytes {
				err = errTooLarge
				break
			}
			return nil
		case ctx.Err() != nil:
		case !f.quirks.redirects && redirected.MatchString(stderr):
			f.quirks.redirects = true
			continue
		case !f.quirks.noFilter && filterError.MatchString(stderr):
			f.quirks.noFilter = true
			continue
		case !f.quirks.lazy && promised.MatchString(stderr):
			f.quirks.lazy = true
			continue
		}
		sweep(f.dir)
		return failure("fetching", f.name, f.target.shown, err, stderr)
	}
}

// talk runs a git command that goes to the remote.
func (f *fetcher) talk(ctx context.Context, out io.Writer, args ...string) (stderr string, err error) {
	return f.talkWith(ctx, nil, out, args...)
}

// talkWith is talk with something to read.
func (f *fetcher) talkWith(ctx context.Context, in io.Reader, out io.Writer, args ...string) (stderr string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watchSize(ctx, filepath.Join(f.dir, "objects"), f.m.limits.MaxBytes, cancel)
	}()
	stderr, err = f.m.git.run(ctx, command{
		args: append([]string{"--git-dir=" + f.dir}, args...), env: f.target.env(f.quirks), in: in, out: out, lock: f.lock,
	})
	cancel(nil)
	<-watched
	return f.target.redact(stderr), err
}

// learnDefault asks the remote for its default branch, once an hour or when
// the one we know is gone. Not learning it is no failure: there is a fallback.
func (f *fetcher) learnDefault(ctx context.Context) {
	f.mu.RLock()
	names, head := f.refs, f.head
	f.mu.RUnlock()
	if _, known := names[head]; known && f.m.now().Sub(f.headAt) < time.Hour {
		return
	}
	var out bytes.Buffer
	stderr, err := f.talk(ctx, &out, "ls-remote", "--symref", "origin", "HEAD")
	if err != nil {
		f.m.log.Warn("asking for the default branch", "repo", f.name, "err", failure("asking", f.name, f.target.shown, err, stderr))
		return
	}
	line, _, _ := strings.Cut(out.String(), "\n")
	name, ok := strings.CutPrefix(strings.TrimSuffix(line, "\tHEAD"), "ref: ")
	if _, exists := names[name]; !ok || !exists || !strings.HasPrefix(name, "refs/heads/") {
		return
	}
	if err := f.write(ctx, nil, "symbolic-ref", "HEAD", name); err != nil {
		f.m.log.Warn("noting the default branch", "repo", f.name, "err", err)
		return
	}
	f.headAt = f.m.now()
	f.mu.Lock()
	f.head = name
	f.mu.Unlock()
}

// maxPacks is the number of packs, one a fetch, from which they are joined.
const maxPacks = 50

// tidy keeps the mirror quick to load. None of it is needed for right answers,
// so failures are only logged.
func (f *fetcher) tidy(ctx context.Context) {
	steps := [][]string{
		{"pack-refs", "--all"},
		{"commit-graph", "write", "--reachable", "--split", "--no-progress"},
	}
	if packs, _ := filepath.Glob(filepath.Join(f.dir, "objects", "pack", "*.pack")); len(packs) > maxPacks {
		steps = append([][]string{{"repack", "-a", "-d", "--quiet"}}, steps...)
	}
	for _, args := range steps {
		if err := f.write(ctx, nil, args...); err != nil {
			f.m.log.Warn("tidying a mirror", "repo", f.name, "err", fmt.Errorf("git %s: %w", args[0], err))
			return
		}
	}
}
