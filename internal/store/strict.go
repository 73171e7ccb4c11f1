package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// ErrNotStrict is a store that acknowledges before what it holds is on disk.
var ErrNotStrict = errors.New("redis.durability: strict cannot be kept")

// CheckStrict sees to it that whatever the store acknowledges from now on is on
// disk. A Redis 7.2 or newer is asked to wait for that after each write; an
// older one must have appendfsync always, as the private store has. The error
// is ErrNotStrict with what to change, or that of a store which cannot be
// reached.
func (s *Store) CheckStrict(ctx context.Context) error {
	switch s.Kind {
	case KindPrivate:
		return nil
	case KindEphemeral:
		return fmt.Errorf("%w: with --ephemeral nothing is on disk", ErrNotStrict)
	}
	waits := true
	each := func(ctx context.Context, c redis.UniversalClient) error {
		able, err := canWait(ctx, c)
		if err == nil && !able {
			waits = false
			err = syncsAlways(ctx, c)
		}
		return err
	}
	var err error
	if cluster, ok := s.Client.(*redis.ClusterClient); ok {
		err = masters(ctx, cluster, each)
	} else {
		err = each(ctx, s.Client)
	}
	if err == nil {
		s.sync.on.Store(waits)
	}
	return err
}

// canWait reports whether the server can tell when a write is on its disk. One
// that could, and keeps nothing there, is ErrNotStrict.
func canWait(ctx context.Context, c redis.UniversalClient) (bool, error) {
	err := c.Do(ctx, "WAITAOF", 1, 0, waitLimit.Milliseconds()).Err()
	var refused redis.Error
	switch {
	case err == nil:
		return true, nil
	case !errors.As(err, &refused):
		return false, fmt.Errorf("looking whether Redis syncs every write: %w", err)
	case strings.Contains(err.Error(), "appendonly"):
		return false, fmt.Errorf("%w: Redis has appendonly no; set appendonly yes, or use redis.durability: default", ErrNotStrict)
	case strings.Contains(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "NOPERM"):
		return false, nil
	}
	return false, fmt.Errorf("looking whether Redis syncs every write: %w", err)
}

// syncsAlways reports whether every write is synced before it is acknowledged.
func syncsAlways(ctx context.Context, c redis.UniversalClient) error {
	for _, want := range [][2]string{{"appendonly", "yes"}, {"appendfsync", "always"}} {
		got, err := c.ConfigGet(ctx, want[0]).Result()
		var refused redis.Error
		if err != nil && !errors.As(err, &refused) {
			return fmt.Errorf("looking whether Redis syncs every write: %w", err)
		}
		switch have := got[want[0]]; {
		case err != nil || have == "":
			return fmt.Errorf("%w: Redis does not tell its setting %s; allow CONFIG GET, use a Redis of 7.2 or newer, or use redis.durability: default", ErrNotStrict, want[0])
		case have != want[1]:
			return fmt.Errorf("%w: Redis has %s %s; set %s %s, use a Redis of 7.2 or newer, or use redis.durability: default", ErrNotStrict, want[0], have, want[0], want[1])
		}
	}
	return nil
}
