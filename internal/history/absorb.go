package history

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/containment"
)

// Where commits are kept that no branch or tag of the remote holds: those that
// one held before, and those that were asked for by their id.
const (
	dropped = "refs/holdfast/dropped/"
	seen    = "refs/holdfast/seen/"
)

// landed are the names under which commits are that a branch or tag has, or
// had; all others only a pull request may have.
var landed = []string{"--branches", "--tags", "--remotes", "--glob=" + dropped + "*"}

func isLanded(name string) bool {
	return strings.HasPrefix(name, "refs/heads/") || strings.HasPrefix(name, "refs/tags/") ||
		strings.HasPrefix(name, "refs/remotes/") || strings.HasPrefix(name, dropped)
}

// loadOnce takes the mirror into memory unless somebody has done so. It may
// run beside a fetch: each name that git has written leads to whole history.
func (r *Repo) loadOnce(ctx context.Context) error {
	release, err := acquire(ctx, r.load)
	if err != nil {
		return fmt.Errorf("waiting for the mirror of %s: %w", quote(r.name), err)
	}
	defer release()
	r.mu.RLock()
	loaded := r.loaded
	r.mu.RUnlock()
	if loaded {
		return nil
	}
	_, err = r.absorbLocked(ctx)
	return err
}

// absorb takes the state of the mirror on disk into memory: names always,
// commits those that are new. It reports whether there were changes.
func (r *Repo) absorb(ctx context.Context) (changed bool, err error) {
	release, err := acquire(ctx, r.load)
	if err != nil {
		return false, fmt.Errorf("waiting for the mirror of %s: %w", quote(r.name), err)
	}
	defer release()
	return r.absorbLocked(ctx)
}

// forget drops what is in memory.
func (r *Repo) forget() {
	r.load <- struct{}{}
	defer func() { <-r.load }()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.graph, r.refs, r.tips, r.head, r.loaded = containment.NewIndex(), refs{}, nil, "", false
}

func (r *Repo) absorbLocked(ctx context.Context) (changed bool, err error) {
	names, err := r.listRefs(ctx)
	if err != nil {
		return false, err
	}
	tips := names.tips()
	// The list of commits without parents changes when a shallow remote is
	// deepened: then what we know of these is wrong, and all is read again.
	shallowText, err := os.ReadFile(filepath.Join(r.dir, "shallow"))
	if err != nil && !os.IsNotExist(err) {
		return false, &Error{Op: "reading the mirror of", Repo: r.name, Kind: Local, Err: err}
	}
	shallow := string(shallowText)
	head, _ := os.ReadFile(filepath.Join(r.dir, "HEAD"))

	r.mu.Lock()
	r.head = strings.TrimPrefix(strings.TrimSpace(string(head)), "ref: ")
	fresh := !r.loaded || shallow != r.shallow
	if !fresh && slices.Equal(tips, r.tips) {
		r.refs = names
		r.mu.Unlock()
		return false, nil
	}
	g := r.graph
	before := r.refs
	r.mu.Unlock()

	if !fresh {
		err = r.readCommits(ctx, before, g, shallow, func(batch []containment.Commit) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			return g.Add(batch...)
		})
		if err != nil && ctx.Err() != nil {
			return false, err
		}
	}
	if fresh || err != nil { // what we knew may be gone from the disk
		fresh = true
		g = containment.NewIndex() // nobody else sees it yet
		err = r.readCommits(ctx, nil, g, shallow, func(batch []containment.Commit) error { return g.Add(batch...) })
		if err != nil {
			return false, err
		}
	}
	patches := r.storedPatches()
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, rf := range names {
		if n := pullOf(name); n > 0 { // one that has not moved, too: what landed it may just have come
			g.LearnHead(n, rf.commit())
		}
	}
	if fresh {
		for sha, id := range patches {
			g.LearnPatch(sha, id)
		}
		r.found = markOf(g)
	}
	r.graph, r.refs, r.tips, r.shallow, r.loaded = g, names, tips, shallow, true
	return true, nil
}

// readCommits passes on, parents first, the commits that the mirror's names
// reach and the names before did not: those of branches and tags, and then
// those that only other names have. A commit that moves from the second to the
// first is passed on again.
func (r *Repo) readCommits(ctx context.Context, before refs, g *containment.Index, shallow string, add func([]containment.Commit) error) error {
	cut := map[string]bool{}
	for _, sha := range strings.Fields(shallow) {
		cut[sha] = true
	}
	var known, all strings.Builder
	for name, rf := range before {
		if sha := rf.commit(); g.Has(sha) { // a tag may mark a file
			all.WriteString("^" + sha + "\n")
			if isLanded(name) {
				known.WriteString("^" + sha + "\n")
			}
		}
	}
	if err := r.readLog(ctx, known.String(), cut, false, add, landed...); err != nil {
		return err
	}
	return r.readLog(ctx, all.String(), cut, true, add, append([]string{"--all", "--not"}, landed...)...)
}

// readLog reads the commits that some names reach.
func (r *Repo) readLog(ctx context.Context, not string, cut map[string]bool, pullOnly bool, add func([]containment.Commit) error, names ...string) error {
	args := append([]string{"-c", "log.showSignature=false", "-c", "log.mailmap=false", "log", "-z", "--no-patch", "--topo-order", "--reverse",
		"--encoding=UTF-8", factsFormat, "--stdin"}, names...)
	err := r.local(ctx, strings.NewReader(not), func(out io.Reader) error {
		in := bufio.NewReaderSize(out, 256<<10)
		batch := make([]containment.Commit, 0, 1024)
		for {
			c, err := readFacts(in)
			if err == nil {
				c.Truncated, c.PullOnly = cut[c.SHA], pullOnly
				batch = append(batch, c)
			}
			if err != nil || len(batch) == cap(batch) {
				if aerr := add(batch); aerr != nil {
					return aerr
				}
				batch = batch[:0]
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}, args...)
	if err != nil {
		return fmt.Errorf("reading the commits: %w", err)
	}
	return nil
}

// keepDropped gives a name of our own to every commit that was the tip of a
// branch or tag and is no longer reached by any. Which tips there were stands
// in a file that is written last: after a crash at any point, the next call
// does the rest.
func (f *fetcher) keepDropped(ctx context.Context) error {
	path := filepath.Join(f.dir, "holdfast-tips")
	before, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return &Error{Op: "reading the mirror of", Repo: f.name, Kind: Local, Err: err}
	}
	if f.tipList() == string(before) {
		return nil
	}
	f.mu.RLock()
	held := f.graph.Covered(f.tips)
	f.mu.RUnlock()
	var gone []string
	for _, sha := range strings.Fields(string(before)) {
		if IsSHA(sha) && !held(sha) {
			gone = append(gone, sha)
		}
	}
	if len(gone) > 0 {
		if err := f.nameAll(ctx, gone); err != nil {
			return err
		}
		if _, err := f.absorb(ctx); err != nil {
			return err
		}
	}
	if err := writeFile(path, f.tipList()); err != nil {
		return &Error{Op: "writing the mirror of", Repo: f.name, Kind: Local, Err: err}
	}
	return nil
}

// tipList is the commits that names lead to, one a line.
func (f *fetcher) tipList() string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	var b strings.Builder
	for _, sha := range f.tips {
		if f.graph.Has(sha) {
			b.WriteString(sha + "\n")
		}
	}
	return b.String()
}

// nameAll writes our names for these commits, in one transaction; where one of
// them can't be named because it is gone, each by itself.
func (f *fetcher) nameAll(ctx context.Context, shas []string) error {
	var all strings.Builder
	for _, sha := range shas {
		fmt.Fprintf(&all, "update %s%s %s\n", dropped, sha, sha)
	}
	if f.write(ctx, strings.NewReader(all.String()), "update-ref", "--stdin") == nil {
		return nil
	}
	for _, sha := range shas {
		err := f.write(ctx, nil, "update-ref", dropped+sha, sha)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			f.m.log.Warn("keeping a commit that the remote dropped", "repo", f.name, "sha", sha, "err", err)
		}
	}
	return nil
}
