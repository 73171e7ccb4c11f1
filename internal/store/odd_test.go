package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/store"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

// told is what an inspection says, a line for each notice.
func told(t *testing.T, url string) string {
	t.Helper()
	var b strings.Builder
	for _, n := range open(t, store.Options{URL: url}).Inspect(t.Context()) {
		fmt.Fprintf(&b, "%s: %s\n", n.Level, n.Text)
	}
	return b.String()
}

func TestInspectOddServers(t *testing.T) {
	always := []string{"--appendfsync", "always"}
	start := func(args ...string) *storetest.Server { return storetest.NewServer(t, append(args, always...)...) }

	replica := start()
	require.NoError(t, replica.Client().Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err())
	require.Regexp(t, `(?m)^error: .*read-only replica`, told(t, replica.URL()))
	load, err := open(t, store.Options{URL: replica.URL()}).Load(t.Context())
	require.NoError(t, err)
	require.True(t, load.Replica)
	require.Negative(t, load.Used)

	p := port(t)
	start("--port", p, "--bind", "127.0.0.1", "--requirepass", "secret")
	require.Regexp(t, `^error: .*another user or password`, told(t, "redis://127.0.0.1:"+p))
	wrong := told(t, "redis://:hunter2@127.0.0.1:"+p)
	require.Regexp(t, `^error: .*another user or password`, wrong)
	require.NotContains(t, wrong, "hunter2")
	require.Empty(t, told(t, "redis://:secret@127.0.0.1:"+p))

	p = port(t)
	acl := start("--port", p, "--bind", "127.0.0.1")
	for _, user := range []string{"app on >pw ~* &* +@all -config", "blind on >pw ~* &* +@all -info", "nobody on >pw"} {
		args := []any{"ACL", "SETUSER"}
		for _, word := range strings.Fields(user) {
			args = append(args, word)
		}
		require.NoError(t, acl.Client().Do(t.Context(), args...).Err())
	}
	url := func(user string) string { return "redis://" + user + ":pw@127.0.0.1:" + p }
	require.Regexp(t, `^warning: .*does not tell its appendfsync`, told(t, url("app")))
	require.Regexp(t, `^warning: .*refuses INFO`, told(t, url("blind")))
	require.Regexp(t, `^error: .*does not permit`, told(t, url("nobody")))
	require.ErrorIs(t, open(t, store.Options{URL: url("app")}).CheckStrict(t.Context()), store.ErrNotStrict)
	load, err = open(t, store.Options{URL: url("blind")}).Load(t.Context())
	require.NoError(t, err, "a server that does not tell is no trouble")
	require.Negative(t, load.Used)

	full := start()
	require.NoError(t, full.Client().Set(t.Context(), "filler", strings.Repeat("x", 20<<20), 0).Err())
	require.NoError(t, full.Client().ConfigSet(t.Context(), "maxmemory", "23mb").Err())
	require.Regexp(t, `^warning: .*of its maxmemory`, told(t, full.URL()))
	load, err = open(t, store.Options{URL: full.URL()}).Load(t.Context())
	require.NoError(t, err)
	require.Greater(t, load.Used, 0.8)
	require.EqualValues(t, 23<<20, load.Limit)

	loading := storetest.NewProxy(t, start())
	loading.Answer(func(args []string) (string, bool) {
		return "-LOADING Redis is loading the dataset in memory\r\n", args[0] == "PING"
	})
	require.Regexp(t, `^warning: .*is loading its data`, told(t, loading.URL()))

	addr, stop := storetest.Cluster(t)
	defer stop()
	require.Contains(t, told(t, "redis://"+addr), "redis+cluster://")
	require.NotContains(t, told(t, "redis+cluster://"+addr), "redis+cluster://")

	old := storetest.NewProxy(t, start())
	old.Answer(func(args []string) (string, bool) {
		text := "redis_version:5.0.7\r\naof_enabled:1\r\n"
		return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text), args[0] == "INFO"
	})
	require.Regexp(t, `^error: .*6.2 or newer`, told(t, old.URL()))
}
