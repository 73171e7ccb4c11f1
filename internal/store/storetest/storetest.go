// Package storetest gives tests a real Redis. A test that can't have one
// fails and says what is missing; nothing is skipped.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/holdfast-dev/holdfast/internal/store"
	"github.com/holdfast-dev/holdfast/internal/store/redisserver"
)

const databases = 4096

// startPatience is how long a server may take to start, on a machine that has
// much else to do.
const startPatience = time.Minute

var shared struct {
	once   sync.Once
	err    error
	socket string
	next   atomic.Int64
}

// Redis returns a client of a real redis-server, with an empty database that
// no other test uses. One server serves all tests of the process; it keeps
// nothing on disk and ends with the process. Channels of PUBLISH are shared by
// all databases.
func Redis(t testing.TB) redis.UniversalClient {
	t.Helper()
	shared.once.Do(func() { shared.socket, shared.err = startShared() })
	if shared.err != nil {
		t.Fatal(explain(shared.err))
	}
	db := int(shared.next.Add(1) - 1)
	if db >= databases {
		t.Fatalf("storetest: more than %d databases asked for in one test process", databases)
	}
	c := client(shared.socket, db)
	t.Cleanup(func() {
		c.FlushDB(context.Background())
		c.Close()
	})
	return c
}

func startShared() (string, error) {
	// The server removes its socket when it ends; only the directory stays.
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("holdfast-test-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	socket := filepath.Join(dir, fmt.Sprintf("%d.sock", os.Getpid()))
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	_, err := redisserver.Start(ctx, redisserver.Config{Socket: socket, Args: []string{
		"--dir", dir, "--save", "", "--appendonly", "no", "--databases", fmt.Sprint(databases),
	}})
	return socket, err
}

func explain(err error) string {
	if errors.Is(err, redisserver.ErrNotInstalled) {
		return "this test needs a real Redis: install redis-server (Debian: apt-get install redis-server) or run make test"
	}
	return "starting redis-server for the tests: " + err.Error()
}

func client(socket string, db int) *redis.Client {
	return redis.NewClient(&redis.Options{
		Network: "unix", Addr: socket, DB: db,
		DialTimeout: 2 * time.Second, DialerRetries: 1, ReadTimeout: 3 * time.Second, WriteTimeout: 3 * time.Second,
		MaxRetries: -1, PipelinePoolSize: -1, ContextTimeoutEnabled: true, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// InProcess returns a client of an in-process store, for suites that run on
// both kinds.
func InProcess(t testing.TB) redis.UniversalClient {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.Client
}

// Server is a redis-server of one test's own, which the test may kill and
// start again on the same data.
type Server struct {
	Socket string
	t      testing.TB
	args   []string
	proc   *redisserver.Process
}

// NewServer starts a server with the given further options. It keeps an
// append-only file and ends with the test. What it has acknowledged survives
// Kill: with everysec it would hold writes back in its memory while the disk is
// busy with an earlier sync.
func NewServer(t testing.TB, args ...string) *Server {
	t.Helper()
	// Not t.TempDir: the path of a socket must be short.
	dir, err := os.MkdirTemp("", "hf")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Socket: filepath.Join(dir, "redis.sock"), t: t}
	s.args = append([]string{"--dir", dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always"}, args...)
	s.Start()
	t.Cleanup(func() {
		s.Kill()
		os.RemoveAll(dir)
	})
	return s
}

// Start starts the server again after Kill.
func (s *Server) Start() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	proc, err := redisserver.Start(ctx, redisserver.Config{Socket: s.Socket, Args: s.args})
	if err != nil {
		s.t.Fatal(explain(err))
	}
	s.proc = proc
}

// Kill ends the server as kill -9 does.
func (s *Server) Kill() { s.proc.Kill() }

// PID is the process id of the running server.
func (s *Server) PID() int { return s.proc.PID() }

// Client returns a client of this server, which is closed with the test.
func (s *Server) Client() *redis.Client {
	c := client(s.Socket, 0)
	s.t.Cleanup(func() { c.Close() })
	return c
}

// URL is the server's address for redis.url.
func (s *Server) URL() string { return "unix://" + s.Socket }

// Freeze stops the server in its tracks: it takes connections and says nothing.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	if err := syscall.Kill(s.PID(), sig); err != nil {
		s.t.Fatal(err)
	}
}

// Cluster starts a Redis Cluster of one node on a free port of 127.0.0.1 and
// waits until it serves. The caller ends it with stop.
func Cluster(t testing.TB) (addr string, stop func()) {
	t.Helper()
	dir, err := os.MkdirTemp("", "hf")
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "redis.sock")
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	bus, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	proc, err := redisserver.Start(ctx, redisserver.Config{Socket: socket, Args: []string{
		"--dir", dir, "--save", "", "--port", port, "--bind", "127.0.0.1",
		"--cluster-enabled", "yes", "--cluster-port", bus,
	}})
	if err != nil {
		t.Fatal(explain(err))
	}
	stop = func() {
		proc.Kill()
		os.RemoveAll(dir)
	}
	c := client(socket, 0)
	defer c.Close()
	err = c.Do(ctx, "CLUSTER", "ADDSLOTSRANGE", "0", "16383").Err()
	for err == nil {
		info, e := c.ClusterInfo(ctx).Result()
		if err = e; strings.Contains(info, "cluster_state:ok") {
			return net.JoinHostPort("127.0.0.1", port), stop
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	t.Fatalf("making a Redis Cluster of one node (needs redis-server 7.0 or newer): %v", err)
	return "", nil
}
