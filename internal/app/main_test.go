package app_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/holdfast-dev/holdfast/internal/leaktest"
	"github.com/holdfast-dev/holdfast/internal/store/redisserver"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

// One redis-server serves all tests of this package, each in a database of its
// own. It listens on a port, because redis.url takes no socket.
var (
	redisAddr  string
	tempDir    string // is removed at the end
	databases  = 1024
	nextNumber atomic.Int64
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
	manyAtOnce()
	code := m.Run()
	stop()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := leaktest.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "after all tests:", err)
		return 1
	}
	return code
}

// manyAtOnce has more tests run side by side than there are processors, unless
// the command line says how many: they mostly wait.
func manyAtOnce() {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		_ = flag.Set("test.parallel", strconv.Itoa(max(4, runtime.GOMAXPROCS(0))))
	}
}

func startRedis() (stop func(), err error) {
	dir, err := os.MkdirTemp("", "hf")
	if err != nil {
		return nil, err
	}
	tempDir = dir
	port, err := storetest.FreePort()
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
