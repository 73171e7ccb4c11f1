package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/store"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

func TestStrictNeedsEveryWriteOnDisk(t *testing.T) {
	always := storetest.NewServer(t, "--appendonly", "yes", "--appendfsync", "always")
	require.NoError(t, open(t, store.Options{URL: always.URL()}).CheckStrict(t.Context()))
	everysec := storetest.NewServer(t, "--appendonly", "yes", "--appendfsync", "everysec")
	older := storetest.NewProxy(t, everysec)
	older.Answer(func(args []string) (string, bool) { return "-ERR unknown command 'WAITAOF'\r\n", args[0] == "WAITAOF" })
	err := open(t, store.Options{URL: older.URL()}).CheckStrict(t.Context())
	require.ErrorIs(t, err, store.ErrNotStrict)
	require.ErrorContains(t, err, "set appendfsync always")
	require.NoError(t, open(t, store.Options{DataDir: t.TempDir()}).CheckStrict(t.Context()))
	require.ErrorIs(t, open(t, store.Options{Ephemeral: true}).CheckStrict(t.Context()), store.ErrNotStrict)
	everysec.Kill()
	err = open(t, store.Options{URL: everysec.URL()}).CheckStrict(t.Context())
	require.Error(t, err)
	require.NotErrorIs(t, err, store.ErrNotStrict, "it is not known")
}
