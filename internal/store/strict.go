package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// ErrNotStrict is a store that acknowledges before what it holds is on disk.
var ErrNotStrict = errors.New("redis.durability: strict cannot be kept")

// CheckStrict reports whether everything the store acknowledges is on disk: a
// Redis with appendonly yes and appendfsync always, which the private store
// is. The error is ErrNotStrict with what to change, or that of a store which
// cannot be reached.
func (s *Store) CheckStrict(ctx context.Context) error {
	switch s.Kind {
	case KindPrivate:
		return nil
	case KindEphemeral:
		return fmt.Errorf("%w: with --ephemeral nothing is on disk", ErrNotStrict)
	}
	if cluster, ok := s.Client.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return checkStrict(ctx, c) })
	}
	return checkStrict(ctx, s.Client)
}

func checkStrict(ctx context.Context, c redis.UniversalClient) error {
	if err := c.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("looking whether Redis syncs every write: %w", err)
	}
	for name, want := range map[string]string{"appendonly": "yes", "appendfsync": "always"} {
		got, err := c.ConfigGet(ctx, name).Result()
		switch have := got[name]; {
		case err != nil || have == "":
			return fmt.Errorf("%w: Redis does not tell its setting %s; allow CONFIG GET, or use redis.durability: default", ErrNotStrict, name)
		case have != want:
			return fmt.Errorf("%w: Redis has %s %s; set %s %s, or use redis.durability: default", ErrNotStrict, name, have, name, want)
		}
	}
	return nil
}
