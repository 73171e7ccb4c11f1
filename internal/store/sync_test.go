package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/store"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

// newer plays a Redis of 7.2 in front of an older one: it answers WAITAOF with
// what the test says.
func newer(t *testing.T, answer func() string, args ...string) (*store.Store, *storetest.Proxy) {
	p := storetest.NewProxy(t, storetest.NewServer(t, args...))
	p.Answer(func(args []string) (string, bool) {
		if args[0] == "WAITAOF" {
			return answer(), true
		}
		return "", false
	})
	return open(t, store.Options{URL: p.URL(), Durability: "strict"}), p
}

func words(p *storetest.Proxy) (out []string) {
	for _, c := range p.Seen() {
		out = append(out, c[0])
	}
	return out
}

func TestStrictWaitsForTheDisk(t *testing.T) {
	reply := "*2\r\n:1\r\n:0\r\n"
	s, p := newer(t, func() string { return reply }, "--appendfsync", "everysec")
	require.NoError(t, s.CheckStrict(t.Context()), "appendfsync everysec will do")
	ctx, c := t.Context(), s.Client

	before := len(p.Seen())
	require.NoError(t, c.Set(ctx, "k", "v", 0).Err())
	require.Equal(t, []string{"SET", "WAITAOF"}, words(p)[before:], "right behind the write")

	before = len(p.Seen())
	require.NoError(t, c.Get(ctx, "k").Err())
	require.NoError(t, c.Set(store.Relax(ctx), "k", "v", 0).Err())
	require.Equal(t, []string{"GET", "SET"}, words(p)[before:], "reads and what may be lost do not wait")

	before = len(p.Seen())
	_, err := c.Pipelined(ctx, func(b redis.Pipeliner) error {
		b.Set(ctx, "a", 1, 0)
		b.Incr(ctx, "a")
		b.Get(ctx, "a")
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"SET", "INCR", "GET", "WAITAOF"}, words(p)[before:], "a batch waits once")

	// A script that the server does not know is sent whole; both wait.
	script := redis.NewScript(`redis.call('INCR', KEYS[1]) return redis.call('GET', KEYS[1])`)
	got, err := script.Run(ctx, c, []string{"a"}).Int()
	require.NoError(t, err)
	require.Equal(t, 3, got)

	for _, reply = range []string{"*2\r\n:0\r\n:0\r\n", "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n"} {
		err = c.Set(ctx, "k", "w", 0).Err()
		require.ErrorContains(t, err, "not known to be on disk")
		_, err = c.Pipelined(ctx, func(b redis.Pipeliner) error { b.Incr(ctx, "a"); return nil })
		require.ErrorContains(t, err, "not known to be on disk")
		require.Error(t, script.Run(ctx, c, []string{"a"}).Err())
		require.NoError(t, c.Get(ctx, "k").Err())
	}
	require.ErrorContains(t, c.HGet(ctx, "k", "f").Err(), "WRONGTYPE", "other errors are their own")
	require.ErrorContains(t, c.HSet(ctx, "k", "f", 1).Err(), "WRONGTYPE")
}

func TestStrictOfANewerServer(t *testing.T) {
	s, _ := newer(t, func() string {
		return "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n"
	}, "--appendonly", "no")
	err := s.CheckStrict(t.Context())
	require.ErrorIs(t, err, store.ErrNotStrict)
	require.ErrorContains(t, err, "set appendonly yes")

	// Without CONFIG a server that waits is as good; an older one is not.
	s, _ = newer(t, func() string { return "*2\r\n:1\r\n:0\r\n" }, "--rename-command", "CONFIG", "")
	require.NoError(t, s.CheckStrict(t.Context()))
	s, _ = newer(t, func() string { return "-ERR unknown command 'WAITAOF', with args beginning with: '1'\r\n" }, "--appendfsync", "always", "--rename-command", "CONFIG", "")
	err = s.CheckStrict(t.Context())
	require.ErrorIs(t, err, store.ErrNotStrict)
	require.ErrorContains(t, err, "7.2")
}

// TestNotStrictDoesNotWait: without the check nobody waits.
func TestNotStrictDoesNotWait(t *testing.T) {
	s, p := newer(t, func() string { return "*2\r\n:0\r\n:0\r\n" })
	require.NoError(t, s.Client.Set(t.Context(), "k", "v", 0).Err())
	require.NotContains(t, words(p), "WAITAOF")
}

// TestStrictOnThisServer is the same on what is installed, whatever that can do.
func TestStrictOnThisServer(t *testing.T) {
	server := storetest.NewServer(t, "--appendfsync", "always")
	s := open(t, store.Options{URL: server.URL()})
	require.NoError(t, s.CheckStrict(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 20 {
		require.NoError(t, s.Client.Incr(ctx, "n").Err())
	}
	server.Kill()
	server.Start()
	got, err := s.Client.Get(ctx, "n").Int()
	require.NoError(t, err)
	require.Equal(t, 20, got)
}
