package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Load is how a store fares.
type Load struct {
	// Used is the part of its memory limit that a server uses, the fullest of
	// a cluster; negative where it has no limit or does not tell.
	Used float64
	// Limit is that server's limit in bytes.
	Limit int64
	// Replica says that the server takes no writes because it follows another.
	Replica bool
}

// Load asks how the store fares. A server that refuses INFO tells nothing.
func (s *Store) Load(ctx context.Context) (Load, error) {
	all := Load{Used: -1}
	if s.Kind == KindEphemeral {
		return all, nil
	}
	cluster, ok := s.Client.(*redis.ClusterClient)
	if !ok {
		return loadOf(ctx, s.Client)
	}
	var mu sync.Mutex
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		l, err := loadOf(ctx, c)
		mu.Lock()
		defer mu.Unlock()
		if l.Used > all.Used {
			all.Used, all.Limit = l.Used, l.Limit
		}
		return err
	})
	return all, err
}

func loadOf(ctx context.Context, c redis.UniversalClient) (Load, error) {
	text, err := c.Info(ctx).Result()
	if err != nil {
		if refused(err) {
			return Load{Used: -1}, nil
		}
		return Load{Used: -1}, fmt.Errorf("asking Redis how it fares: %w", err)
	}
	info := parseInfo(text)
	number := func(key string) float64 {
		n, _ := strconv.ParseFloat(info[key], 64)
		return n
	}
	l := Load{Used: -1, Limit: int64(number("maxmemory")), Replica: info["role"] == "slave" && info["slave_read_only"] != "0"}
	if l.Limit > 0 {
		// What the server itself leaves out when it decides.
		l.Used = (number("used_memory") - number("mem_not_counted_for_evict")) / float64(l.Limit)
	}
	return l, nil
}

// refused reports whether the server answered that we may not ask this.
func refused(err error) bool {
	return strings.HasPrefix(err.Error(), "NOPERM") || strings.Contains(err.Error(), "unknown command")
}
