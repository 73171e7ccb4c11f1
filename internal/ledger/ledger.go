// Package ledger keeps, in Redis, all that was seen, decided and done for each
// action item, the deployments that were reported, and the one set of subjects
// that says when each of them must be looked at next. Every change is one
// script, so that it happens wholly or not at all, and every write of a lease's
// holder checks in that script that the lease is still its own.
//
// The package stores and returns; it refuses to judge. It folds no entries, it
// calls no tracker, and it reads no clock but the one it was given.
package ledger

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// The errors that callers tell apart; all others mean that the store could not
// be asked or refused.
var (
	// ErrNotFound: there is no such item, postmortem, deployment or group.
	ErrNotFound = errors.New("not in the ledger")
	// ErrLeaseLost: somebody else holds the subject now, or it was given back.
	// Nothing was written.
	ErrLeaseLost = errors.New("the lease is lost")
	// ErrConflict: what is stored contradicts what was to be written. Nothing
	// was written.
	ErrConflict = errors.New("contradicts what is stored")
	// ErrClosed: the ledger was closed before the call.
	ErrClosed = errors.New("the ledger is closed")
)

// maxRecord bounds the JSON of one event, entry or postmortem, in bytes.
const maxRecord = 1 << 20

// Options are what a Ledger needs besides its store.
type Options struct {
	Prefix string // of all keys and of the channel; default "holdfast"
	Log    *slog.Logger
	Now    func() time.Time // default time.Now
	// Relax marks the context of writes that may be lost, for a store that
	// otherwise waits for the disk; nil where it does not.
	Relax func(context.Context) context.Context
}

// Ledger is the ledger of one installation. Its methods may be called
// concurrently, in any number of processes on one store.
type Ledger struct {
	db   redis.UniversalClient
	keys keys
	log  *slog.Logger
	now  func() time.Time

	relax func(context.Context) context.Context

	in       chan *pending // events on their way to the committer
	instance string        // tells our own repeated writes from those of others
	serial   atomic.Int64

	refused atomic.Bool // a write was, because the server takes none

	seen atomic.Pointer[string] // the identity of the store, as this process knows it

	told once // of what could not be read

	wake      broadcast
	listening sync.Once
	quit      chan struct{}
	drained   chan struct{} // closed when the committer has ended
	closing   sync.Once
	running   sync.WaitGroup
}

// New returns the ledger in client's store. It does no I/O; the goroutine that
// it starts ends with Close.
func New(client redis.UniversalClient, o Options) *Ledger {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Relax == nil {
		o.Relax = func(ctx context.Context) context.Context { return ctx }
	}
	l := &Ledger{
		relax:    o.Relax,
		db:       client,
		keys:     newKeys(o.Prefix),
		log:      o.Log.With("component", "ledger"),
		now:      o.Now,
		in:       make(chan *pending, batchEvents),
		instance: randomToken()[:16],
		quit:     make(chan struct{}),
		drained:  make(chan struct{}),
	}
	l.wake.init()
	l.running.Go(l.commitLoop)
	return l
}

// Close ends the goroutines of the ledger. Records that were taken are still
// committed and answered; later ones get ErrClosed. The client stays open.
func (l *Ledger) Close() {
	l.closing.Do(func() { close(l.quit) })
	l.running.Wait()
}

// Ping asks whether the store answers.
func (l *Ledger) Ping(ctx context.Context) error {
	if err := l.db.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("reaching the store: %w", err)
	}
	return nil
}

// nowMS is the present in the unit of all scores: milliseconds.
func (l *Ledger) nowMS() int64 { return l.now().UnixMilli() }

// run executes a script: by its digest, and with its text where the server
// does not know it yet.
func (l *Ledger) run(ctx context.Context, s *redis.Script, keys []string, args ...any) *redis.Cmd {
	cmd := s.Run(ctx, l.db, keys, args...)
	l.noteRefusal(cmd.Err())
	return cmd
}

// The codes by which scripts report an outcome.
const (
	codeDone      = 1
	codeLeaseLost = 0
	codeNotFound  = -1
	codeConflict  = -2
)

// outcome turns the integer reply of a script into an error that says what was
// being done.
func outcome(cmd *redis.Cmd, format string, a ...any) error {
	code, err := cmd.Int()
	if err == nil {
		switch code {
		case codeDone:
			return nil
		case codeLeaseLost:
			err = ErrLeaseLost
		case codeNotFound:
			err = ErrNotFound
		case codeConflict:
			err = ErrConflict
		default:
			err = fmt.Errorf("the script answered %d", code)
		}
	}
	return fmt.Errorf(format+": %w", append(a, err)...)
}

func randomToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// isReply reports whether the server answered with an error, as opposed to not
// answering.
func isReply(err error) bool {
	var re redis.Error
	return errors.As(err, &re) && !errors.Is(err, redis.Nil)
}

func cleanPrefix(p string) string {
	// Braces would move the cluster's hash tag.
	p = strings.NewReplacer("{", "", "}", "").Replace(p)
	if p == "" {
		return "holdfast"
	}
	return p
}
