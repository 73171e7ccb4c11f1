// Package history answers one question about a repository: is this commit
// contained in that one. It keeps a local mirror of the commits (no trees, no
// files, where the remote can leave them out), walks them in memory, and says
// yes, no or unknown.
//
// It refuses to guess: what the mirror does not hold, or what lies behind the
// edge of a shallow history, is unknown, never no. It decides nothing about
// tickets, reads no working tree, runs no hook, and never asks for a password:
// a remote that wants one and gets none is an error at once. The walk itself
// (Graph) is pure.
package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Limits bound what a remote can cost. Zero fields take the default.
type Limits struct {
	FetchTimeout time.Duration // one synchronisation, all its steps; default 10 minutes
	MaxBytes     int64         // size of one mirror's objects on disk; default 4 GiB
	Parallel     int           // mirrors that fetch at the same time; default 4
}

// Options is what Open needs.
type Options struct {
	Dir    string // holds one directory per mirror; made when absent
	Log    *slog.Logger
	Now    func() time.Time
	Limits Limits
}

// Mirrors is the set of local mirrors below one directory. It is safe for
// concurrent use, also by several processes: each mirror is locked while it is
// written.
type Mirrors struct {
	git    git
	dir    string
	log    *slog.Logger
	now    func() time.Time
	limits Limits
	slots  chan struct{} // one per fetch that may run

	mu    sync.Mutex
	repos map[string]*Repo
}

// Open checks that a usable git is installed and prepares the directory. It
// contacts no remote.
func Open(o Options) (*Mirrors, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits.FetchTimeout <= 0 {
		o.Limits.FetchTimeout = 10 * time.Minute
	}
	if o.Limits.MaxBytes <= 0 {
		o.Limits.MaxBytes = 4 << 30
	}
	if o.Limits.Parallel <= 0 {
		o.Limits.Parallel = 4
	}
	if o.Dir == "" {
		return nil, errors.New("no directory for mirrors is given: set data_dir")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("finding the directory for mirrors: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory for mirrors (is data_dir writable?): %w", err)
	}
	g, err := findGit(dir)
	if err != nil {
		return nil, err
	}
	return &Mirrors{
		git: g, dir: dir, log: o.Log.With("component", "history"), now: o.Now,
		limits: o.Limits, slots: make(chan struct{}, o.Limits.Parallel), repos: map[string]*Repo{},
	}, nil
}

// Repo returns the mirror of the repository with this name. The same name
// gives the same *Repo; the newest remote function replaces the one before,
// so that a reloaded configuration takes effect. It does no I/O.
func (m *Mirrors) Repo(name string, remote func(ctx context.Context) (Remote, error)) *Repo {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.repos[name]
	if r == nil {
		r = newRepo(m, shown(name), filepath.Join(m.dir, dirName(name)))
		m.repos[name] = r
	}
	r.setRemote(remote)
	return r
}

// shown is the name of a mirror for errors, logs and directory names. A name
// may be an address, and that may hold a password.
func shown(name string) string {
	if !strings.Contains(name, "://") {
		return name
	}
	t, err := Remote{URL: name}.check()
	if err != nil {
		return "a repository whose address cannot be read"
	}
	return t.shown
}

// dirName turns a repository's name into a directory name that is readable,
// stays inside the parent whatever the name holds, and differs for different
// names.
func dirName(name string) string {
	readable := strings.Map(func(c rune) rune {
		switch {
		case c == '/':
			return '+'
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			return c
		}
		return '_'
	}, shown(name))
	sum := sha256.Sum256([]byte(name))
	return readable[:min(len(readable), 80)] + "-" + hex.EncodeToString(sum[:6]) + ".git"
}
