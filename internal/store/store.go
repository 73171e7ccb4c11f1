// Package store opens the Redis that the ledger lives in: the one that a URL
// names, a private redis-server that it runs as a child in the data directory,
// or one in process that keeps nothing. It refuses to know what is stored, and
// it never prints a password: neither in an error nor in a log.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/redis/go-redis/v9"
)

// The kinds of stores.
const (
	KindRedis     = "redis"     // a server that somebody else runs
	KindPrivate   = "private"   // a child of this process, in the data directory
	KindEphemeral = "ephemeral" // in process; everything is lost with it
)

// Options says which store to open.
type Options struct {
	// URL names a Redis: redis:// or rediss:// (TLS) for one server,
	// redis+cluster://h1,h2 or rediss+cluster:// for a cluster, and
	// redis+sentinel://h1,h2/master/0 or rediss+sentinel:// for servers behind
	// Sentinel; each with user:password@ where needed; or unix:///path for a
	// socket. The options that go-redis reads from a query (pool_size=20) are
	// read here too.
	URL string
	// DataDir holds the private store when there is no URL.
	DataDir string
	// Ephemeral keeps everything in process and wins over the other two.
	Ephemeral bool
	// Durability is "", "default" or "strict".
	Durability string
	Log        *slog.Logger
}

// Store is an open store.
type Store struct {
	// Client talks to the store. It connects when it is used, so it may well
	// exist while the server can't be reached.
	Client redis.UniversalClient
	// Kind is one of KindRedis, KindPrivate and KindEphemeral.
	Kind string
	// Where says to a person which store this is, without its password.
	Where string

	sync *syncing
	end  func() error
}

// Open opens the store that o asks for. An unreachable Redis is no error here:
// the caller keeps trying. Errors are an address that can't be understood, a
// data directory in use by another process, and a missing redis-server program.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	switch o.Durability {
	case "", "default", "strict":
	default:
		return nil, fmt.Errorf("redis.durability is %q: want default or strict", o.Durability)
	}
	routeClientLog(o.Log)
	switch {
	case o.Ephemeral:
		return openEphemeral(), nil
	case o.URL != "":
		syncs := &syncing{}
		client, where, err := clientFor(o.URL, syncs)
		if err != nil {
			return nil, fmt.Errorf("redis.url: %w", err)
		}
		return &Store{Client: client, Kind: KindRedis, Where: where, sync: syncs, end: client.Close}, nil
	case o.DataDir != "":
		return openPrivate(ctx, o.DataDir, o.Log)
	default:
		return nil, errors.New("no store: set redis.url or data_dir, or use --ephemeral")
	}
}

// Close closes the client and ends what was started for it. A private server
// has written everything when Close returns.
func (s *Store) Close() error { return s.end() }
