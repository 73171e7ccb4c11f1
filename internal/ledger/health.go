package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// full are the words with which a server refuses writes and still answers.
var full = []string{"OOM ", "READONLY ", "MISCONF ", "NOREPLICAS "}

// noteRefusal remembers that the server took no write, until one is seen to go
// through again.
func (l *Ledger) noteRefusal(err error) {
	if err == nil || !isReply(err) {
		return
	}
	for _, w := range full {
		if strings.Contains(err.Error(), w) {
			l.refused.Store(true)
			return
		}
	}
}

// Writable asks whether the store answers and takes writes. It writes only
// where a write was refused before.
func (l *Ledger) Writable(ctx context.Context) error {
	if err := l.Ping(ctx); err != nil {
		return err
	}
	if !l.refused.Load() {
		return nil
	}
	if err := l.db.Set(ctx, l.keys.probe(), l.nowMS(), time.Hour).Err(); err != nil {
		return fmt.Errorf("the store takes no writes: %w", err)
	}
	l.refused.Store(false)
	return nil
}

// Identity is a random word that a store keeps for as long as it keeps
// anything; empty where it holds none. A store that had one and has none was
// emptied.
func (l *Ledger) Identity(ctx context.Context) (string, error) {
	id, err := l.db.Get(ctx, l.keys.identity()).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("asking which store this is: %w", err)
	}
	return id, nil
}

// Identify gives the store an identity where it has none, and returns the one
// that it has; made says that it is this one.
func (l *Ledger) Identify(ctx context.Context) (id string, made bool, err error) {
	mine := randomToken()
	made, err = l.db.SetNX(ctx, l.keys.identity(), mine, 0).Result()
	if err != nil {
		return "", false, fmt.Errorf("giving the store its identity: %w", err)
	}
	if made {
		return mine, true, nil
	}
	id, err = l.Identity(ctx)
	return id, false, err
}

// StoreSubject is what the letter about an emptied store is about.
const StoreSubject = "store"

// lostFor is how long it matters that the store was emptied: a ticket of an
// item that is filed within this time may exist already.
const lostFor = 90 * 24 * time.Hour

// Remember notes which store this process works on, by the identity that it
// saw last.
func (l *Ledger) Remember(identity string) { l.seen.Store(&identity) }

// MarkEmptied makes every process look for an earlier ticket before it files
// one. It may come before the loss is told.
func (l *Ledger) MarkEmptied(ctx context.Context) error {
	return l.SetMeta(ctx, "emptied", l.now().UTC().Format(time.RFC3339), lostFor)
}

// NoteEmptied records that the store lost what it held.
func (l *Ledger) NoteEmptied(ctx context.Context, reason string) error {
	return errors.Join(
		l.MarkEmptied(ctx),
		l.Bury(ctx, DeadLetter{Kind: LetterStore, Subject: StoreSubject, Reason: reason}))
}

// Emptied reports whether the store lost what it held not long ago, also where
// nobody has noticed yet.
func (l *Ledger) Emptied(ctx context.Context) (bool, error) {
	if seen := l.seen.Load(); seen != nil {
		if id, err := l.Identity(ctx); err != nil || id != *seen {
			return err == nil, err
		}
	}
	at, err := l.Meta(ctx, "emptied")
	return at != "", err
}

// NoteRestored takes the letter about an emptied store off the list: what
// could be restored is there again.
func (l *Ledger) NoteRestored(ctx context.Context) error {
	err := l.drop(ctx, LetterID(LetterStore, StoreSubject), "", false)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
