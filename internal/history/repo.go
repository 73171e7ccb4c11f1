package history

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/containment"
)

// Repo is the mirror of one repository. It is safe for concurrent use. Reading
// works from what the last synchronisation brought, also while the remote is
// away; only Sync and Ensure go there.
type Repo struct {
	m    *Mirrors
	name string
	dir  string
	// foreign: somebody else keeps the directory; it is only read.
	foreign bool

	remoteMu sync.Mutex
	remote   func(context.Context) (Remote, error)

	gate gate

	work   chan struct{} // held by the one who changes the mirror; guards the next two
	quirks quirks
	headAt time.Time // when the default branch was last asked for

	load    chan struct{} // held by the one who takes the mirror into memory
	mu      sync.RWMutex  // guards the following; held only for memory, never for I/O
	graph   *containment.Index
	refs    refs
	tips    []string
	head    string // the default branch that the remote told, as refs/heads/…
	shallow string // the mirror's list of commits whose parents were cut off
	loaded  bool
	found   Mark // what the mirror held when it was taken into memory

	missMu sync.Mutex
	misses map[string]time.Time // when a commit was last looked for in vain
	pulls  map[int]time.Time    // when the head of a pull request was last asked for
	paths  map[string][]string  // what changes touch
	// the last failure to fetch what comparing patches needs
	failedAt time.Time
	failure  error
}

func newRepo(m *Mirrors, name, dir string) *Repo {
	return &Repo{m: m, name: name, dir: dir, work: make(chan struct{}, 1), load: make(chan struct{}, 1), graph: containment.NewIndex(), refs: refs{}, misses: map[string]time.Time{}, pulls: map[int]time.Time{}, paths: map[string][]string{}}
}

func (r *Repo) setRemote(remote func(context.Context) (Remote, error)) {
	r.remoteMu.Lock()
	defer r.remoteMu.Unlock()
	r.remote = remote
}

// acquire waits for a place in a channel that is used as a semaphore.
func acquire(ctx context.Context, places chan struct{}) (release func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// exists reports whether there is a mirror on disk.
func (r *Repo) exists() bool {
	_, err := os.Stat(filepath.Join(r.dir, "HEAD"))
	return err == nil
}

// read gives the graph for reading, loaded from disk where this process has
// not done so. A mirror that was never fetched is an empty graph. done must be
// called, soon.
func (r *Repo) read(ctx context.Context) (g *containment.Index, done func(), err error) {
	r.mu.RLock()
	if r.loaded {
		return r.graph, r.mu.RUnlock, nil
	}
	r.mu.RUnlock()
	if r.exists() {
		// Not behind a fetch that is going on: that may take minutes.
		if err := r.loadOnce(ctx); err != nil {
			return nil, nil, err
		}
	}
	r.mu.RLock()
	return r.graph, r.mu.RUnlock, nil
}

// Contains reports whether change is contained in live by ancestry: an
// ancestor of it, or the same commit. Both are whole commit ids. The answer is
// Unknown when the mirror lacks one of them, or what lies between.
func (r *Repo) Contains(ctx context.Context, live, change string) (Answer, error) {
	g, done, err := r.read(ctx)
	if err != nil {
		return Unknown, err
	}
	defer done()
	return g.Ancestor(change, live), nil
}

// Behind is the number of commits that change contains and live does not. The
// error is ErrUnknown when the mirror can't tell.
func (r *Repo) Behind(ctx context.Context, live, change string) (int, error) {
	g, done, err := r.read(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	return g.Count(change, live)
}

// DefaultBranch is the branch that the remote's HEAD pointed to when it was
// last asked, at most an hour before the last synchronisation. A remote that
// does not tell has main, else master, else its only branch. The error is
// ErrUnknown when there is none of these.
func (r *Repo) DefaultBranch(ctx context.Context) (string, error) {
	_, done, err := r.read(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	if name := r.defaultBranch(); name != "" {
		return name, nil
	}
	return "", fmt.Errorf("finding the default branch of %s: %w", quote(r.name), ErrUnknown)
}

// defaultBranch is called with mu held.
func (r *Repo) defaultBranch() string {
	const heads = "refs/heads/"
	for _, name := range []string{r.head, heads + "main", heads + "master"} {
		if _, ok := r.refs[name]; ok && strings.HasPrefix(name, heads) {
			return strings.TrimPrefix(name, heads)
		}
	}
	only := ""
	for name := range r.refs {
		if b, ok := strings.CutPrefix(name, heads); ok {
			if only != "" {
				return ""
			}
			only = b
		}
	}
	return only
}

// OnDefault reports whether the default branch contains a commit. The error is
// ErrUnknown when the mirror can't tell.
func (r *Repo) OnDefault(ctx context.Context, sha string) (bool, error) {
	g, done, err := r.read(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	branch := r.defaultBranch()
	answer := g.Ancestor(sha, r.refs["refs/heads/"+branch].object)
	if answer == Unknown {
		return false, fmt.Errorf("looking for %s on the default branch of %s: %w", quote(sha), quote(r.name), ErrUnknown)
	}
	return answer == Yes, nil
}
