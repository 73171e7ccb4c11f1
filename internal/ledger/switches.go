package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Paused reports whether all writing to trackers is stopped, and who stopped
// or resumed it last, and when.
func (l *Ledger) Paused(ctx context.Context) (paused bool, by string, at time.Time, err error) {
	h, err := l.db.HGetAll(ctx, l.keys.paused()).Result()
	if err != nil {
		return false, "", time.Time{}, fmt.Errorf("asking whether Holdfast is paused: %w", err)
	}
	return h["on"] == "1", h["by"], parseMS(h["at"]), nil
}

// SetPaused stops or resumes all writing to trackers. It touches no subject:
// what waited is the caller's to touch.
func (l *Ledger) SetPaused(ctx context.Context, paused bool, by string) error {
	on := "0"
	if paused {
		on = "1"
	}
	if err := l.db.HSet(ctx, l.keys.paused(), "on", on, "by", by, "at", l.nowMS()).Err(); err != nil {
		return fmt.Errorf("setting paused to %t: %w", paused, err)
	}
	return nil
}

// Meta returns a small value that was set under this key, "" when there is
// none or its time is over.
func (l *Ledger) Meta(ctx context.Context, key string) (string, error) {
	v, err := l.db.Get(ctx, l.keys.meta(key)).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("reading %s: %w", cut(key), err)
	}
	return v, nil
}

// SetMeta keeps a small value under this key for ttl, for good where ttl is 0.
func (l *Ledger) SetMeta(ctx context.Context, key, value string, ttl time.Duration) error {
	if err := l.db.Set(ctx, l.keys.meta(key), value, max(ttl, 0)).Err(); err != nil {
		return fmt.Errorf("setting %s: %w", cut(key), err)
	}
	return nil
}
