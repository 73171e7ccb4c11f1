package store_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/leaktest"
	"github.com/holdfast-dev/holdfast/internal/store"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

// helperDir makes this test binary play a process that opens a private store
// and is then killed.
const helperDir = "HOLDFAST_TEST_PRIVATE_STORE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		s, err := store.Open(context.Background(), store.Options{DataDir: dir})
		if err == nil {
			err = s.Client.Set(context.Background(), "k", "v", 0).Err()
		}
		fmt.Println("opened", err)
		time.Sleep(time.Minute)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func open(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestPrivateStoreKeepsItsData(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	defer func() { require.NoError(t, leaktest.Find(leaks)) }()
	dir := t.TempDir()
	began := time.Now()
	s := open(t, store.Options{DataDir: dir})
	t.Logf("up in %v", time.Since(began))
	require.Equal(t, store.KindPrivate, s.Kind)
	require.NoError(t, s.Client.Set(t.Context(), "k", "v", 0).Err())
	notices := s.Inspect(t.Context())
	require.Empty(t, notices)

	info, err := os.Stat(filepath.Join(dir, "redis"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "twice")

	s = open(t, store.Options{DataDir: dir})
	require.Equal(t, "v", s.Client.Get(t.Context(), "k").Val())
	require.NoError(t, s.Close())
}

func TestPrivateStoreHasOneProcess(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Options{DataDir: dir})
	_, err := store.Open(t.Context(), store.Options{DataDir: dir})
	require.ErrorContains(t, err, fmt.Sprintf("pid %d", os.Getpid()))
	require.ErrorContains(t, err, "data_dir")
	require.NoError(t, s.Client.Ping(t.Context()).Err(), "the first one goes on")
}

func TestPrivateStoreWithALongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 40))
	s := open(t, store.Options{DataDir: dir})
	require.NoError(t, s.Client.Set(t.Context(), "k", "v", 0).Err())
	require.FileExists(t, filepath.Join(dir, "redis", "appendonlydir", "appendonly.aof.manifest"))
}

func redisPID(t *testing.T, s *store.Store) int {
	t.Helper()
	text, err := s.Client.Info(t.Context(), "server").Result()
	require.NoError(t, err)
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "process_id:"); ok {
			pid, err := strconv.Atoi(strings.TrimSpace(v))
			require.NoError(t, err)
			return pid
		}
	}
	t.Fatal("no process_id in INFO")
	return 0
}

func TestPrivateStoreComesBackAfterItsServerDied(t *testing.T) {
	var log syncBuffer
	s := open(t, store.Options{DataDir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, s.Client.Set(t.Context(), "k", "v", 0).Err())
	for range 2 {
		old := redisPID(t, s)
		require.NoError(t, syscall.Kill(old, syscall.SIGKILL))
		require.Eventually(t, func() bool { return s.Client.Get(t.Context(), "k").Val() == "v" }, time.Minute, 10*time.Millisecond)
		require.NotEqual(t, old, redisPID(t, s))
	}
	require.Contains(t, log.String(), "died; starting it again")
}

// TestPrivateStoreEndsWithItsProcess: after a kill -9 of the program, the
// server is gone and the next start finds everything.
func TestPrivateStoreEndsWithItsProcess(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperDir+"="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "opened <nil>\n", line)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	s := open(t, store.Options{DataDir: dir})
	v, err := s.Client.Get(t.Context(), "k").Result()
	require.NoError(t, err)
	require.Equal(t, "v", v)
}

func TestWithoutRedisServerTheWaysOutAreNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := store.Open(t.Context(), store.Options{DataDir: t.TempDir()})
	for _, way := range []string{"apt-get install redis-server", "redis.url", "--ephemeral"} {
		require.ErrorContains(t, err, way)
	}
}

func TestServerThatDoesNotStart(t *testing.T) {
	bin := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "redis-server"), []byte("#!/bin/sh\necho 'Fatal: no luck today' >&2\nexit 3\n"), 0o755))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	dir := t.TempDir()
	_, err := store.Open(t.Context(), store.Options{DataDir: dir})
	require.ErrorContains(t, err, "no luck today")
	require.ErrorContains(t, err, "exit status 3")
}

func TestUnreachableRedisIsNoErrorOfOpen(t *testing.T) {
	s := open(t, store.Options{URL: "redis://127.0.0.1:1/0"})
	require.Equal(t, store.KindRedis, s.Kind)
	require.Equal(t, "127.0.0.1:1/0", s.Where)
	began := time.Now()
	require.Error(t, s.Client.Ping(t.Context()).Err())
	require.Less(t, time.Since(began), 30*time.Second)
	notices := s.Inspect(t.Context())
	require.Len(t, notices, 1)
	require.Equal(t, store.LevelError, notices[0].Level)
}

func TestOpenRefuses(t *testing.T) {
	_, err := store.Open(t.Context(), store.Options{})
	require.ErrorContains(t, err, "--ephemeral")
	_, err = store.Open(t.Context(), store.Options{Ephemeral: true, Durability: "paranoid"})
	require.ErrorContains(t, err, "redis.durability")
}

func TestEphemeral(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	defer func() { require.NoError(t, leaktest.Find(leaks)) }()
	s := open(t, store.Options{Ephemeral: true, Durability: "strict"})
	require.Equal(t, store.KindEphemeral, s.Kind)
	notices := s.Inspect(t.Context())
	require.Len(t, notices, 1)
	// A pipeline whose answers no buffer of a pipe holds.
	p := s.Client.Pipeline()
	for range 2000 {
		p.Set(t.Context(), "k", strings.Repeat("x", 1000), 0)
		p.Get(t.Context(), "k")
	}
	_, err := p.Exec(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.Error(t, s.Client.BLPop(ctx, 0, "nothing").Err(), "deadlines hold")
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "twice")
}

func TestInspect(t *testing.T) {
	levels := func(args ...string) string {
		s := open(t, store.Options{URL: storetest.NewServer(t, args...).URL()})
		notices := s.Inspect(t.Context())
		var b strings.Builder
		for _, n := range notices {
			fmt.Fprintf(&b, "%s: %s\n", n.Level, n.Text)
		}
		return b.String()
	}
	require.Empty(t, levels("--appendfsync", "always"))
	require.Regexp(t, `^info: .*everysec.*\n$`, levels("--appendfsync", "everysec"))
	require.Regexp(t, `^warning: .*appendfsync no.*\n$`, levels("--appendfsync", "no"))
	require.Regexp(t, `^warning: .*appendonly no.*\n$`, levels("--appendonly", "no"))
	require.Regexp(t, `^warning: .*allkeys-lru.*\n$`, levels("--appendfsync", "always", "--maxmemory-policy", "allkeys-lru"))
	require.Regexp(t, `^error: .*allkeys-lru.*\n$`, levels("--appendfsync", "always", "--maxmemory-policy", "allkeys-lru", "--maxmemory", "100mb"))
	require.Regexp(t, `^warning: .*does not tell.*\n$`, levels("--rename-command", "CONFIG", ""))
	require.Regexp(t, `^warning: .*refuses INFO.*\n$`, levels("--rename-command", "INFO", ""))
}

// syncBuffer is a log that several goroutines write.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
