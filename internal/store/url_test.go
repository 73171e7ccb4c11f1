package store

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func TestAddressOfOneServer(t *testing.T) {
	for url, want := range map[string]struct {
		addr, user, password string
		db                   int
		tls                  bool
	}{
		"redis://127.0.0.1:6379/0":               {addr: "127.0.0.1:6379"},
		"redis://h":                              {addr: "h:6379"},
		"redis://":                               {addr: "localhost:6379"},
		"redis://[::1]:7000/3":                   {addr: "[::1]:7000", db: 3},
		"rediss://u:p%40%2Fw@h:1/2":              {addr: "h:1", user: "u", password: "p@/w", db: 2, tls: true},
		"redis://:secret@h":                      {addr: "h:6379", password: "secret"},
		"redis://h/1?pool_size=3&read_timeout=9": {addr: "h:6379", db: 1},
	} {
		c, where, err := clientFor(url, &syncing{})
		require.NoError(t, err, url)
		o := c.(*redis.Client).Options()
		require.Equal(t, want.addr, o.Addr, url)
		require.Equal(t, want.user, o.Username, url)
		require.Equal(t, want.password, o.Password, url)
		require.Equal(t, want.db, o.DB, url)
		require.Equal(t, want.tls, o.TLSConfig != nil, url)
		require.True(t, o.ContextTimeoutEnabled)
		require.Equal(t, 0, o.MaxRetries, "a command is never repeated behind our back")
		require.NotContains(t, where, "secret")
		require.NoError(t, c.Close())
	}
}

func TestAddressOfACluster(t *testing.T) {
	c, where, err := clientFor("rediss+cluster://u:secret@h1,h2:7001,[::1]:7002/0", &syncing{})
	require.NoError(t, err)
	defer c.Close()
	o := c.(*redis.ClusterClient).Options()
	require.ElementsMatch(t, []string{"h1:6379", "h2:7001", "[::1]:7002"}, o.Addrs)
	require.Equal(t, "secret", o.Password)
	require.NotNil(t, o.TLSConfig)
	require.Equal(t, "cluster h1:6379,h2:7001,[::1]:7002/0", where)
}

func TestAddressOfSentinels(t *testing.T) {
	a, err := parseAddress("redis+sentinel://u:secret@s1,s2:5000/main/4?sentinel_password=other")
	require.NoError(t, err)
	require.Equal(t, []string{"s1:26379", "s2:5000"}, a.hosts)
	require.Equal(t, []string{"main", "4"}, a.path)
	c, err := a.client(&syncing{})
	require.NoError(t, err)
	defer c.Close()
	o := c.(*redis.Client).Options()
	require.Equal(t, "u", o.Username)
	require.Equal(t, "secret", o.Password)
	require.Equal(t, 4, o.DB)
}

func TestBadAddressesAreRefusedWithoutThePassword(t *testing.T) {
	for _, url := range []string{
		"hunter2",
		"http://u:hunter2@h",
		"redis+://u:hunter2@h",
		"redis+ring://u:hunter2@h",
		"redis://u:hunter2@h:port",
		"redis://u:hunter2@h1,h2",
		"redis://u:hunter2@h/zero",
		"redis://u:hunter2@h/0/1",
		"redis://u:hunter2/x@h/0",
		"redis://u:hunter2%zz@h/0",
		"redis://u:hunter2@h?nonsense=1",
		"redis://u:hunter2@h?pool_size=many",
		"redis://u:hun\x7fter2@h\x7f",
		"redis+cluster://u:hunter2@h/1",
		"redis+cluster://",
		"redis+sentinel://u:hunter2@h",
		"redis+sentinel://u:hunter2@h/main/x",
		"unix://hunter2",
	} {
		var log bytes.Buffer
		_, err := Open(t.Context(), Options{URL: url, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		require.Error(t, err, url)
		require.ErrorContains(t, err, "redis.url: ")
		require.NotContains(t, err.Error(), "hunter2")
		require.NotContains(t, log.String(), "hunter2")
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("redis://u:hunter2@h:1/0?pool_size=1")
	f.Add("rediss+cluster://:p@h1,h2")
	f.Add("redis+sentinel://h/m/1")
	f.Fuzz(func(t *testing.T, url string) {
		if c, _, err := clientFor(url, &syncing{}); err == nil {
			_ = c.Close()
		}
	})
}
