package app_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/sandbox"
	"github.com/holdfast-dev/holdfast/internal/store/storetest"
	"github.com/holdfast-dev/holdfast/trackers"
)

// onItsOwn is an installation on a redis-server of its own, to be maltreated.
func onItsOwn(t *testing.T, args ...string) (*world, *storetest.Server, *redis.Client) {
	t.Helper()
	port, err := storetest.FreePort()
	require.NoError(t, err)
	server := storetest.NewServer(t, append([]string{"--port", port, "--bind", "127.0.0.1"}, args...)...)
	w := prepare(t, scene{redisURL: "redis://127.0.0.1:" + port + "/0"})
	w.run()
	w.until("ready", func() bool { return w.call("GET", "/readyz", "", "").status == 200 })
	return w, server, server.Client()
}

// refusedClose closes ticket n while the store takes nothing, and returns the
// delivery that was refused.
func (w *world) refusedClose(n int) sandbox.Delivery {
	w.t.Helper()
	w.close(n)
	require.NoError(w.t, w.gh.Flush(w.t.Context()))
	d := w.lastDelivery(w.gh.Deliveries(), "issues", "closed")
	require.Equal(w.t, 503, d.Status)
	a := w.replay(d, string(d.Body))
	a.problem(w.t, 503, "")
	require.NotEmpty(w.t, a.header.Get("Retry-After"))
	return d
}

// keys counts what is stored.
func keysOf(t *testing.T, c *redis.Client) map[string]string {
	t.Helper()
	out := map[string]string{}
	all, err := c.Keys(t.Context(), "{holdfast}:*").Result()
	require.NoError(t, err)
	for _, k := range all {
		if strings.HasSuffix(k, ":probe") || strings.Contains(k, ":meta:") || strings.HasSuffix(k, ":lease-gen") {
			continue
		}
		dump, err := c.Dump(t.Context(), k).Result()
		require.NoError(t, err)
		out[k] = dump
	}
	return out
}

// TestStoreTakesNoWrites: full, following another, or without its replicas,
// the store refuses; nothing is half written, and work goes on afterwards.
func TestStoreTakesNoWrites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ begin, end [][]any }{
		"full": {
			[][]any{{"CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1mb"}},
			[][]any{{"CONFIG", "SET", "maxmemory", "0"}},
		},
		"a replica": {
			[][]any{{"REPLICAOF", "127.0.0.1", "1"}},
			[][]any{{"REPLICAOF", "NO", "ONE"}},
		},
		"replicas missing": {
			[][]any{{"CONFIG", "SET", "min-replicas-to-write", "1"}},
			[][]any{{"CONFIG", "SET", "min-replicas-to-write", "0"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _, db := onItsOwn(t)
			id := w.one()
			w.base()
			w.pass(time.Minute)
			w.settle()
			do := func(all [][]any) {
				for _, args := range all {
					require.NoError(t, db.Do(t.Context(), args...).Err())
				}
			}
			do(c.begin)
			before := keysOf(t, db) // not earlier: a sweep may have become due
			d := w.refusedClose(1)
			w.call("POST", "/api/v1/deployments", ciToken, `{"service":"checkout","environment":"prod-eu","sha":"0123456789"}`).problem(t, 503, "store")
			w.call("POST", "/api/v1/postmortems", aliceToken, document("another", line{Title: "One"})).problem(t, 503, "store")
			require.Equal(t, before, keysOf(t, db), "nothing is half written")
			ready := w.call("GET", "/readyz", "", "")
			require.Equal(t, 503, ready.status)
			require.Contains(t, ready.text, "takes no writes")
			require.Equal(t, 200, w.call("GET", "/livez", "", "").status)
			require.Equal(t, 200, w.call("GET", "/api/v1/items", viewToken, "").status, "it can still be read")

			do(c.end)
			w.until("ready", func() bool { return w.call("GET", "/readyz", "", "").status == 200 })
			for range 2 { // the same delivery counts once
				require.Equal(t, 202, w.replay(d, string(d.Body)).status)
			}
			w.reopened(1)
			w.settle()
			require.Equal(t, 1, w.item(id).Reopened)
			require.Len(t, w.issue(1).Comments, 1)
			w.checkLedger(id)
		})
	}
}

// TestStoreIsEmptied: it is told loudly, work goes on, and no ticket is filed
// twice.
func TestStoreIsEmptied(t *testing.T) {
	t.Parallel()
	w, _, db := onItsOwn(t)
	w.filed(line{Title: "Limit retries"}, line{Title: "Limit retries of payments", Service: "payments"})
	told := func() bool {
		letters, err := w.api.DeadLetters(t.Context())
		return err == nil && len(letters) == 1 && letters[0].Kind == "store"
	}
	require.False(t, told())
	require.NoError(t, db.FlushAll(t.Context()).Err())
	require.NoError(t, db.ScriptFlush(t.Context()).Err())
	w.until("the loss told", told)
	require.Contains(t, w.log.tail(1<<20), "holdfast rebuild")
	ok, findings, err := w.api.Doctor(t.Context())
	require.NoError(t, err)
	require.False(t, ok)
	found := false
	for _, f := range findings {
		found = found || f.Subject == "store" && strings.Contains(f.Remedy, "holdfast rebuild")
	}
	require.True(t, found, "doctor names the way out")
	require.Contains(t, w.call("GET", "/metrics", viewToken, "").text, "holdfast_dead_letters 1")
	w.call("POST", "/api/v1/dead-letters/replay", aliceToken, "").json(t, &struct{}{})
	require.True(t, told(), "a replay brings nothing back")

	// It goes on serving; the documents that are filed again find their tickets.
	v := w.file(incident, line{Title: "Limit retries"}, line{Title: "Limit retries of payments", Service: "payments"}, line{Title: "A new one"})
	w.until("all have tickets", func() bool {
		for _, it := range v.Items {
			if w.item(it.ID).Ticket == nil {
				return false
			}
		}
		return true
	})
	require.Len(t, w.gh.Issues(checkout), 2)
	require.Len(t, w.jira.Issues("PAY"), 1)
	w.settle()
	w.close(1)
	w.reopened(1)

	letters, err := w.api.DeadLetters(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.api.DropDeadLetter(t.Context(), letters[0].ID))

	// Emptied while Holdfast does not run: it remembers that there was a store.
	w.halt()
	require.NoError(t, db.FlushAll(t.Context()).Err())
	w.run()
	w.until("the loss told", told)
}

// TestFiledBeforeTheLossIsNoticed: a document that comes in the seconds between
// the loss and the next look at the store finds its tickets, too.
func TestFiledBeforeTheLossIsNoticed(t *testing.T) {
	t.Parallel()
	w, _, db := onItsOwn(t)
	w.filed(line{Title: "Limit retries"}, line{Title: "Limit retries of payments", Service: "payments"})
	w.until("the store is known", func() bool { return db.Exists(t.Context(), "{holdfast}:identity").Val() == 1 })
	for range 3 { // one of them comes between two looks
		require.NoError(t, db.FlushAll(t.Context()).Err())
		v := w.file(incident, line{Title: "Limit retries"}, line{Title: "Limit retries of payments", Service: "payments"})
		w.until("both have tickets", func() bool { return w.item(v.Items[0].ID).Ticket != nil && w.item(v.Items[1].ID).Ticket != nil })
		require.Len(t, w.gh.Issues(checkout), 1)
		require.Len(t, w.jira.Issues("PAY"), 1)
	}
}

// TestStoreIsFrozen: whoever waits for it is answered, and nobody piles up.
func TestStoreIsFrozen(t *testing.T) {
	t.Parallel()
	w, server, _ := onItsOwn(t)
	id := w.one()
	w.base()
	w.pass(time.Minute)
	w.settle()
	w.close(1)
	w.reopened(1)
	w.settle()
	d := w.lastDelivery(w.gh.Deliveries(), "issues", "closed")
	server.Freeze()
	var all sync.WaitGroup
	status := make([]int, 300)
	for i := range status {
		all.Go(func() { status[i] = w.replay(d, string(d.Body), fmt.Sprintf("X-GitHub-Delivery: frozen-%d", i)).status })
	}
	all.Wait() // each of them ends
	for _, s := range status {
		require.Equal(t, 503, s)
	}
	require.Equal(t, 503, w.call("GET", "/readyz", "", "").status)
	server.Thaw()
	w.until("ready", func() bool { return w.call("GET", "/readyz", "", "").status == 200 })
	require.Equal(t, 202, w.replay(d, string(d.Body), "X-GitHub-Delivery: frozen-0").status)
	w.until("everybody gone", func() bool { return inWebhooks(t) < len(status)/2 }) // other tests run beside this one
	w.settle()
	require.Equal(t, 1, w.item(id).Reopened)
}

// inWebhooks counts the deliveries that are being handled in this process.
func inWebhooks(t *testing.T) (n int) {
	t.Helper()
	var stacks strings.Builder
	require.NoError(t, pprof.Lookup("goroutine").WriteTo(&stacks, 2))
	for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
		if strings.Contains(stack, "holdfast/webhook.(*Handler)") {
			n++
		}
	}
	return n
}

// TestStoreIsKilledUnderLoad: what was answered 202 is acted on once, whatever
// was answered in between is sent again.
func TestStoreIsKilledUnderLoad(t *testing.T) {
	t.Parallel()
	w, server, _ := onItsOwn(t)
	const items = 6
	var lines []line
	for n := range items {
		lines = append(lines, line{Title: fmt.Sprintf("Item number %d", n+1)})
	}
	w.filed(lines...)
	w.base()
	ctx, cancel := context.WithCancel(t.Context())
	redelivered := make(chan struct{})
	go func() {
		defer close(redelivered)
		w.redeliver(ctx)
	}()
	var people sync.WaitGroup
	for n := range items {
		people.Go(func() { w.close(n + 1) })
	}
	for range 3 {
		server.Kill()
		server.Start()
		time.Sleep(200 * time.Millisecond)
	}
	people.Wait()
	for n := range items {
		w.until("reopened", func() bool { return w.issue(n+1).State == "open" && len(w.issue(n+1).Comments) == 1 })
	}
	cancel()
	<-redelivered
	for n := range items {
		id := fmt.Sprintf("%s/%d", incident, n+1)
		w.until("recorded", func() bool {
			d, err := w.api.Item(t.Context(), id)
			return err == nil && d.Reopened == 1 && unresolved(d) == 0
		})
		count := 0
		for _, e := range w.issue(n + 1).Events {
			if e.Kind == "reopened" {
				count++
			}
		}
		require.Equal(t, 1, count)
		w.checkLedger(id)
	}
}

// TestStoreFailsOver has Sentinel put a replica in the place of a primary that
// is gone.
func TestStoreFailsOver(t *testing.T) {
	t.Parallel()
	w, primary, db := onItsOwn(t)
	w.halt()
	_, port, _ := strings.Cut(db.Options().Addr, ":")
	if port == "" {
		port = w.redis.Options().Addr[strings.LastIndex(w.redis.Options().Addr, ":")+1:]
	}
	second, err := storetest.FreePort()
	require.NoError(t, err)
	replica := storetest.NewServer(t, "--port", second, "--bind", "127.0.0.1", "--replicaof", "127.0.0.1 "+port)
	watcher, err := storetest.FreePort()
	require.NoError(t, err)
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, "port %s\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 %s 1\n"+
		"sentinel down-after-milliseconds main 5000\nsentinel failover-timeout main 10000\n", watcher, port), 0o600))
	sentinel := exec.Command("redis-server", conf, "--sentinel")
	require.NoError(t, sentinel.Start())
	t.Cleanup(func() {
		_ = sentinel.Process.Kill()
		_ = sentinel.Wait()
	})
	w.config = redisLine.ReplaceAllString(w.config, fmt.Sprintf("redis: {url: %q}\n", "redis+sentinel://127.0.0.1:"+watcher+"/main/0"))
	w.run()
	w.until("ready", func() bool { return w.call("GET", "/readyz", "", "").status == 200 })
	v := w.file(incident, line{Title: "Limit retries"})
	w.until("the ticket", func() bool { d, err := w.api.Item(t.Context(), v.Items[0].ID); return err == nil && d.Ticket != nil })
	follower := replica.Client()
	w.until("the replica has it", func() bool {
		n, err := follower.Exists(t.Context(), "{holdfast}:item:"+v.Items[0].ID+":state").Result()
		return err == nil && n == 1
	})
	w.until("at rest", func() bool { n, err := db.HLen(t.Context(), "{holdfast}:leases").Result(); return err == nil && n == 0 })
	require.NoError(t, db.Do(t.Context(), "WAIT", 1, 5000).Err())
	w.until("Sentinel knows the replica", func() bool {
		out, err := redis.NewSentinelClient(&redis.Options{Addr: "127.0.0.1:" + watcher}).Replicas(t.Context(), "main").Result()
		return err == nil && len(out) == 1
	})

	primary.Kill()
	w.until("ready on the other", func() bool { return w.call("GET", "/readyz", "", "").status == 200 })
	w.close(1)
	w.until("reopened", func() bool {
		for _, d := range w.gh.Deliveries() {
			if d.Sent && d.Status >= 500 {
				_ = w.gh.Redeliver(d.ID)
			}
		}
		is := w.issue(1)
		return is.State == "open" && len(is.Comments) == 1
	})
	w.until("recorded", func() bool { d, err := w.api.Item(t.Context(), v.Items[0].ID); return err == nil && d.Reopened == 1 })
	letters, err := w.api.DeadLetters(t.Context())
	require.NoError(t, err)
	require.Empty(t, letters, "the store is the same")
	w.checkLedger(v.Items[0].ID)
}

// TestMemoryAlarm: a store that is nearly full is told once, and stays ready.
func TestMemoryAlarm(t *testing.T) {
	t.Parallel()
	w, _, db := onItsOwn(t)
	require.Contains(t, w.call("GET", "/metrics", viewToken, "").text, "holdfast_store_memory_ratio -1")
	for n := range 1300 { // in small pieces: what is on its way counts, too
		require.NoError(t, db.HSet(t.Context(), "filler", n, strings.Repeat("x", 16_000)).Err())
	}
	require.NoError(t, db.ConfigSet(t.Context(), "maxmemory", "25mb").Err())
	w.until("the alarm", func() bool { return strings.Contains(w.log.tail(1<<20), "nearly full") })
	require.Contains(t, w.call("GET", "/metrics", viewToken, "").text, "holdfast_store_memory_ratio 0.")
	require.Equal(t, 200, w.call("GET", "/readyz", "", "").status)
	_, findings, err := w.api.Doctor(t.Context())
	require.NoError(t, err)
	told := false
	for _, f := range findings {
		told = told || f.Warning && strings.Contains(f.Detail, "maxmemory")
	}
	require.True(t, told)
	require.NoError(t, db.Del(t.Context(), "filler").Err())
	w.until("room again", func() bool { return strings.Contains(w.log.tail(1<<20), "has room again") })
	require.Equal(t, 1, strings.Count(w.log.tail(1<<20), "nearly full"), "once")
}

// TestStrictThatIsWeakened: strict was so at the start; somebody changes the
// server afterwards.
func TestStrictThatIsWeakened(t *testing.T) {
	t.Parallel()
	port, err := storetest.FreePort()
	require.NoError(t, err)
	server := storetest.NewServer(t, "--port", port, "--bind", "127.0.0.1", "--appendonly", "yes", "--appendfsync", "always")
	w := prepare(t, scene{})
	w.config = redisLine.ReplaceAllString(w.config, fmt.Sprintf("redis: {url: %q, durability: strict}\n", "redis://127.0.0.1:"+port+"/0"))
	w.run()
	w.until("ready", func() bool { return w.call("GET", "/readyz", "", "").status == 200 })
	const figure = `holdfast_store_trouble{trouble="not_strict"} 1`
	require.NotContains(t, w.call("GET", "/metrics", viewToken, "").text, figure)

	require.NoError(t, server.Client().ConfigSet(t.Context(), "appendonly", "no").Err())
	w.until("it is told", func() bool { return strings.Contains(w.log.tail(1<<20), "acknowledged from now on may be lost") })
	require.Contains(t, w.call("GET", "/metrics", viewToken, "").text, figure)
	_, findings, err := w.api.Doctor(t.Context())
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(findings, func(f trackers.Finding) bool { return !f.OK && strings.Contains(f.Detail, "durability is strict") }))

	require.NoError(t, server.Client().ConfigSet(t.Context(), "appendonly", "yes").Err())
	w.until("it is well again", func() bool { return strings.Contains(w.log.tail(1<<20), "syncs every write again") })
	require.NotContains(t, w.call("GET", "/metrics", viewToken, "").text, figure)
}
