package store_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/store"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

func port(t *testing.T) string {
	t.Helper()
	p, err := storetest.FreePort()
	require.NoError(t, err)
	return p
}

func TestPassword(t *testing.T) {
	p := port(t)
	storetest.NewServer(t, "--port", p, "--bind", "127.0.0.1", "--requirepass", "se@cret/1")
	s := open(t, store.Options{URL: "redis://:se%40cret%2F1@127.0.0.1:" + p + "/3"})
	require.NoError(t, s.Client.Set(t.Context(), "k", "v", 0).Err())

	s = open(t, store.Options{URL: "redis://:hunter2@127.0.0.1:" + p})
	err := s.Client.Ping(t.Context()).Err()
	require.ErrorContains(t, err, "WRONGPASS")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestCluster(t *testing.T) {
	addr, stop := storetest.Cluster(t)
	defer stop()
	s := open(t, store.Options{URL: "redis+cluster://" + addr + "," + addr})
	require.NoError(t, s.Client.Set(t.Context(), "k", "v", 0).Err())
	notices := s.Inspect(t.Context())
	require.Len(t, notices, 1, "appendonly no")
}

func TestSentinel(t *testing.T) {
	master, sentinel := port(t), port(t)
	storetest.NewServer(t, "--port", master, "--bind", "127.0.0.1", "--requirepass", "secret")
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil,
		"port %s\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 %s 1\nsentinel auth-pass main secret\n", sentinel, master), 0o600))
	cmd := exec.Command("redis-server", conf, "--sentinel")
	require.NoError(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	s := open(t, store.Options{URL: "redis+sentinel://:secret@127.0.0.1:" + sentinel + "/main/2"})
	require.Eventually(t, func() bool { return s.Client.Set(t.Context(), "k", "v", 0).Err() == nil }, time.Minute, 50*time.Millisecond)
	require.Equal(t, "sentinel 127.0.0.1:"+sentinel+"/main/2", s.Where)
}
