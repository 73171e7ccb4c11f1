package app_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/store/redisserver"
)

// One redis-server serves all tests of this package, each in a database of its
// own. It listens on a port, because redis.url takes no socket.
var (
	redisAddr  string
	databases  = 1024
	nextNumber atomic.Int64
	// givenPorts are those that freePort has given to a test of this process.
	givenPorts sync.Map
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	stop, err := startRedis()
	if errors.Is(err, redisserver.ErrNotInstalled) {
		fmt.Fprintln(os.Stderr, "these tests need a real Redis: install redis-server (Debian: apt-get install redis-server) or run make test")
		return 1
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting redis-server for the tests:", err)
		return 1
	}
	code := m.Run()
	stop()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "after all tests:", err)
		return 1
	}
	return code
}

func startRedis() (stop func(), err error) {
	dir, err := os.MkdirTemp("", "hf")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	proc, err := redisserver.Start(ctx, redisserver.Config{Socket: filepath.Join(dir, "redis.sock"), Args: []string{
		"--dir", dir, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--databases", fmt.Sprint(databases),
		"--port", port, "--bind", "127.0.0.1",
	}})
	if err != nil {
		return nil, err
	}
	redisAddr = net.JoinHostPort("127.0.0.1", port)
	return func() {
		proc.Kill()
		_ = os.RemoveAll(dir)
	}, nil
}

// freePort finds a port that nobody listens on. It lies below the ports that
// systems give to outgoing connections, and no other test gets it, so that
// what begins to listen later, or is ended and started again, finds it free.
func freePort() (string, error) {
	for {
		port := fmt.Sprint(10_000 + rand.IntN(20_000))
		if _, given := givenPorts.LoadOrStore(port, true); given {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			return port, l.Close()
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return "", err
		}
	}
}

// redisClient looks into a store beside the App under test.
func redisClient(t *testing.T, url string) *redis.Client {
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	c := redis.NewClient(o)
	t.Cleanup(func() { c.Close() })
	return c
}
