package ledger

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/domain"
	"github.com/holdfast-dev/holdfast/internal/leaktest"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
)

// clock is the time that a test gives to its ledger.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// env is what a test of the suite works with.
type env struct {
	*Ledger
	t     testing.TB
	ctx   context.Context
	clock *clock
	db    redis.UniversalClient
}

func newEnv(t testing.TB, db redis.UniversalClient) *env {
	c := &clock{t: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	l := New(db, Options{Now: c.Now})
	t.Cleanup(l.Close)
	return &env{Ledger: l, t: t, ctx: t.Context(), clock: c, db: db}
}

// eachStore runs a test on every kind of store that the ledger must work on.
func eachStore(t *testing.T, test func(t *testing.T, e *env)) {
	t.Run("redis", func(t *testing.T) { test(t, newEnv(t, storetest.Redis(t))) })
	t.Run("in process", func(t *testing.T) { test(t, newEnv(t, storetest.InProcess(t))) })
	t.Run("cluster", func(t *testing.T) { test(t, newEnv(t, clusterClient(t))) })
}

// cluster is a Redis Cluster of one node: it serves all slots, and refuses
// scripts whose keys are in different ones.
var cluster struct {
	mu   sync.Mutex
	addr string
	stop func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	if cluster.stop != nil {
		cluster.stop()
	}
	// Nothing is left running but the store that the tests share.
	if err := leaktest.Find(goleak.IgnoreAnyFunction("github.com/holdfast-dev/holdfast/internal/store/redisserver.(*Process).run"),
		goleak.IgnoreAnyFunction("os/exec.(*Cmd).writerDescriptor.func1")); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "after all tests:", err)
		code = 1
	}
	os.Exit(code)
}

func clusterClient(t *testing.T) redis.UniversalClient {
	t.Helper()
	cluster.mu.Lock()
	defer cluster.mu.Unlock()
	if cluster.addr == "" {
		cluster.addr, cluster.stop = storetest.Cluster(t)
	}
	c := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: []string{cluster.addr}, ContextTimeoutEnabled: true, DisableIdentity: true, PipelinePoolSize: -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	require.NoError(t, c.FlushAll(t.Context()).Err())
	t.Cleanup(func() { c.Close() })
	return c
}

func (e *env) lease(subject string) Lease {
	e.t.Helper()
	l, ok, err := e.ClaimSubject(e.ctx, subject, time.Minute)
	require.NoError(e.t, err)
	require.True(e.t, ok, "somebody holds %s", subject)
	return l
}

// file makes a postmortem with n items of service checkout.
func (e *env) file(pm string, n int, services ...string) []string {
	e.t.Helper()
	lease := e.lease("postmortem/" + pm)
	var ids []string
	entries := map[string][]domain.Entry{}
	for i := 1; i <= n; i++ {
		id := pm + "/" + strconv.Itoa(i)
		ids = append(ids, id)
		entries[id] = []domain.Entry{{Kind: domain.Fact, Name: domain.ItemFiled, Spec: &domain.ItemSpec{
			ID: id, Postmortem: pm, N: i, Title: fmt.Sprintf("Item %d", i), Services: services}}}
	}
	require.NoError(e.t, e.File(e.ctx, lease, domain.Postmortem{ID: pm, Title: "About " + pm, NextN: n + 1}, entries))
	require.NoError(e.t, e.Done(e.ctx, lease, time.Time{}))
	return ids
}

// track files one item and binds a ticket to it.
func (e *env) track(pm string, ref domain.Ref) string {
	e.t.Helper()
	id := e.file(pm, 1)[0]
	lease := e.lease(itemSubject(id))
	require.NoError(e.t, e.Bind(e.ctx, lease, id, ref))
	require.NoError(e.t, e.Done(e.ctx, lease, time.Time{}))
	return id
}

func (e *env) record(ev domain.Event) bool {
	e.t.Helper()
	first, err := e.Record(e.ctx, ev)
	require.NoError(e.t, err)
	return first
}

// due claims everything that is due and returns the subjects, sorted by time.
func (e *env) due() []string {
	e.t.Helper()
	leases, err := e.Claim(e.ctx, 1000, time.Minute)
	require.NoError(e.t, err)
	var out []string
	for _, l := range leases {
		out = append(out, l.Subject)
		require.NoError(e.t, e.Done(e.ctx, l, time.Time{}))
	}
	return out
}

func names(entries []domain.Entry) []domain.EntryName {
	var out []domain.EntryName
	for _, e := range entries {
		out = append(out, e.Name)
	}
	return out
}
