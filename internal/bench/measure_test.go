package bench

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/internal/store/redisserver"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

// startRedis runs a redis-server for this benchmark, on TCP as most people
// have it.
func startRedis(t testing.TB) *redis.Client {
	t.Helper()
	dir, addr := t.TempDir(), freeAddress(t)
	_, port, _ := net.SplitHostPort(addr)
	// A path of a unix socket has to be short.
	sockets, err := os.MkdirTemp("", "hfb")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(sockets) })
	p, err := redisserver.Start(t.Context(), redisserver.Config{Socket: filepath.Join(sockets, "s"), Args: []string{
		"--bind", "127.0.0.1", "--port", port, "--dir", dir, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
		"--auto-aof-rewrite-percentage", "0",
	}})
	if err != nil {
		t.Fatalf("the benchmark needs a real Redis: install redis-server (Debian: apt-get install redis-server): %v", err)
	}
	t.Cleanup(p.Kill)
	c := client(addr)
	t.Cleanup(func() { c.Close() })
	return c
}

// freeAddress is an address on which nobody listens for now.
func freeAddress(t testing.TB) string {
	t.Helper()
	port, err := storetest.FreePort()
	require.NoError(t, err)
	return net.JoinHostPort("127.0.0.1", port)
}

func client(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: addr, PoolSize: connections,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
}

// contender is one of the servers that are compared, with a Redis of its own.
type contender struct {
	t        testing.TB
	kind     string
	rdb      *redis.Client
	addr     string
	stop     func() time.Duration
	accepted int
	before   time.Duration // what Redis had computed when the first delivery came
}

// enter starts a server and warms it up.
func enter(t testing.TB, kind string, tracked bool) *contender {
	t.Helper()
	c := &contender{t: t, kind: kind, rdb: startRedis(t)}
	if tracked {
		track(t, c.rdb)
	}
	c.addr, c.stop = startServer(t, kind, c.rdb.Options().Addr)
	c.before = redisCPU(t, c.rdb)
	c.run(warmUp)
	return c
}

// run puts the server under load and returns the deliveries accepted a second.
func (c *contender) run(duration time.Duration) float64 {
	c.t.Helper()
	// What was left for the disk before must not slow down what is measured.
	syscall.Sync()
	accepted, took := load(c.t, c.addr, duration)
	c.accepted += accepted
	return float64(accepted) / took.Seconds()
}

// leave ends the server and returns what each delivery has cost it and Redis
// together in computing time. It fails unless every delivery that was accepted
// is in the store.
func (c *contender) leave() time.Duration {
	c.t.Helper()
	used := c.stop() + redisCPU(c.t, c.rdb) - c.before
	require.Equal(c.t, c.accepted, stored(c.t, c.rdb, c.kind), "deliveries answered 202 and deliveries in the store")
	return used / time.Duration(c.accepted)
}

// redisCPU is the time that the server has computed since it started.
func redisCPU(t testing.TB, rdb *redis.Client) time.Duration {
	t.Helper()
	info, err := rdb.InfoMap(t.Context(), "cpu").Result()
	require.NoError(t, err)
	var sum float64
	for _, name := range []string{"used_cpu_sys", "used_cpu_user"} {
		seconds, err := strconv.ParseFloat(info["CPU"][name], 64)
		require.NoError(t, err)
		sum += seconds
	}
	return time.Duration(sum * float64(time.Second))
}

// stored counts what was ever added to the stream of deliveries, trimmed
// since or not.
func stored(t testing.TB, rdb *redis.Client, kind string) int {
	t.Helper()
	key := bareStream
	if kind == serverHoldfast {
		key = "{holdfast}:events"
	}
	info, err := rdb.XInfoStream(t.Context(), key).Result()
	require.NoError(t, err)
	return int(info.EntriesAdded)
}

// track makes the ticket of the deliveries that of an item.
func track(t testing.TB, rdb *redis.Client) {
	t.Helper()
	ctx := context.Background()
	l := ledger.New(rdb, ledger.Options{})
	defer l.Close()
	lease, ok, err := l.ClaimSubject(ctx, "postmortem/pm", time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, l.File(ctx, lease, domain.Postmortem{ID: "pm", Title: "An incident", NextN: 2}, map[string][]domain.Entry{
		"pm/1": {{At: time.Now(), Kind: domain.Fact, Name: domain.ItemFiled, Spec: &domain.ItemSpec{ID: "pm/1", Postmortem: "pm", N: 1, Title: "Retry"}}},
	}))
	item, ok, err := l.ClaimSubject(ctx, "item/pm/1", time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, l.Bind(ctx, item, "pm/1", domain.GitHubRef("github", repo, ticket)))
}

// startServer runs this test program again as the server. stop ends it and
// tells how long it computed.
func startServer(t testing.TB, kind, redisAddr string) (addr string, stop func() time.Duration) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), serveEnv+"="+kind, redisEnv+"="+redisAddr)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe() // it ends when this closes
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	stop = func() time.Duration {
		_ = stdin.Close()
		_ = cmd.Wait()
		return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // where the test failed in between
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		t.Fatalf("the %s server did not start: %v", kind, err)
	}
	return strings.TrimSpace(line), stop
}
