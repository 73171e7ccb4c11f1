package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Level says how bad a notice is.
type Level string

// The levels of a notice.
const (
	LevelError   Level = "error"   // the ledger will not work, or will be lost
	LevelWarning Level = "warning" // it may be lost in some event
	LevelInfo    Level = "info"    // good to know
)

// Notice is something that the operator should know about the store.
type Notice struct {
	Level Level
	Text  string
}

// minVersion is the first Redis with ZADD LT and GT beside the streams that
// the ledger uses.
var minVersion = [2]int{6, 2}

// MemoryAlarm is the part of its memory limit from which on a store is
// complained about.
const MemoryAlarm = 0.8

// Inspect asks the store whether it is fit for a ledger: its version, whether
// it throws keys away when memory is short, and what it has on disk when. A
// server that refuses to tell (INFO and CONFIG are often locked) gives a
// warning, one that can't be reached an error. None is good news.
func (s *Store) Inspect(ctx context.Context) []Notice {
	if s.Kind == KindEphemeral {
		return []Notice{{LevelWarning, "the store is in this process: everything in it is lost when it ends"}}
	}
	cluster, ok := s.Client.(*redis.ClusterClient)
	if !ok {
		return inspectServer(ctx, s.Client)
	}
	// Masters that say the same thing say it once.
	var mu sync.Mutex
	var all []Notice
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		ns := inspectServer(context.WithValue(ctx, memberKey{}, true), c)
		mu.Lock()
		defer mu.Unlock()
		for _, n := range ns {
			if !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
		return nil
	})
	if err != nil {
		all = append(all, unreachable(err))
	}
	return all
}

// ACLWords say what a user of Redis must be permitted.
const ACLWords = "allow ~{PREFIX}:* &{PREFIX}:* +@read +@write +@scripting +@connection +@pubsub +info, with redis.key_prefix for PREFIX"

// memberKey marks the inspection of a server as a part of its cluster.
type memberKey struct{}

func inCluster(ctx context.Context) bool { return ctx.Value(memberKey{}) != nil }

func unreachable(err error) Notice {
	return Notice{LevelError, "Redis can't be reached: " + err.Error()}
}

func inspectServer(ctx context.Context, c redis.UniversalClient) []Notice {
	var ns []Notice
	add := func(l Level, format string, a ...any) { ns = append(ns, Notice{l, fmt.Sprintf(format, a...)}) }
	if err := c.Ping(ctx).Err(); err != nil {
		switch text := err.Error(); {
		case strings.HasPrefix(text, "LOADING"):
			add(LevelWarning, "Redis is loading its data; until it is done nothing can be stored")
		case strings.HasPrefix(text, "NOAUTH"), strings.HasPrefix(text, "WRONGPASS"), strings.HasPrefix(text, "ERR invalid password"):
			add(LevelError, "Redis wants another user or password: correct redis.url (redis://user:password@host:6379/0)")
		case strings.HasPrefix(text, "NOPERM"):
			add(LevelError, "Redis does not permit this user what Holdfast needs: %s", ACLWords)
		default:
			ns = append(ns, unreachable(err))
		}
		return ns
	}

	if err := c.Eval(ctx, "return 1", nil).Err(); err != nil && strings.HasPrefix(err.Error(), "NOPERM") {
		add(LevelError, "Redis does not permit this user to run scripts: %s", ACLWords)
	}
	text, err := c.Info(ctx).Result()
	if err != nil {
		add(LevelWarning, "Redis refuses INFO, so its version, its memory policy and its persistence could not be checked: "+
			"it must be 6.2 or newer, with maxmemory-policy noeviction and appendonly yes")
		return ns
	}
	info := parseInfo(text)
	if info["role"] == "slave" && info["slave_read_only"] != "0" {
		add(LevelError, "Redis is a read-only replica: nothing can be stored; let redis.url name the primary, or use redis+sentinel://")
	}
	if _, plain := c.(*redis.Client); plain && info["cluster_enabled"] == "1" && !inCluster(ctx) {
		add(LevelError, "Redis is part of a cluster: write redis+cluster:// in redis.url")
	}
	for key, what := range map[string]string{"aof_last_write_status": "append-only file", "rdb_last_bgsave_status": "snapshot"} {
		if info[key] == "err" {
			add(LevelError, "Redis could not write its %s the last time: look at its disk and its log; it may refuse all writes", what)
		}
	}
	if limit, err := strconv.ParseInt(info["maxmemory"], 10, 64); err == nil && limit > 0 {
		used, _ := strconv.ParseFloat(info["used_memory"], 64)
		rest, _ := strconv.ParseFloat(info["mem_not_counted_for_evict"], 64)
		if share := (used - rest) / float64(limit); share >= MemoryAlarm {
			add(LevelWarning, "Redis uses %.0f %% of its maxmemory; at 100 %% nothing more can be stored: raise maxmemory, or lower retention", 100*share)
		}
	}
	if v := info["redis_version"]; !recent(v) {
		add(LevelError, "Redis is version %q: 6.2 or newer is needed", v)
	}
	if p := info["maxmemory_policy"]; p != "" && p != "noeviction" {
		if info["maxmemory"] == "0" || info["maxmemory"] == "" {
			add(LevelWarning, "Redis has maxmemory-policy %s; it has no memory limit now, but with one it would throw away parts of the ledger: set noeviction", p)
		} else {
			add(LevelError, "Redis has maxmemory-policy %s with a memory limit: it will throw away parts of the ledger; set noeviction", p)
		}
	}
	switch {
	case info["aof_enabled"] == "":
		add(LevelWarning, "Redis does not tell how it keeps its data: it must be kept on disk, with appendonly yes or what the provider has for it")
	case info["aof_enabled"] == "0":
		add(LevelWarning, "Redis has appendonly no: what it acknowledged since its last snapshot is lost when it dies; set appendonly yes")
	case info["aof_enabled"] == "1":
		conf, err := c.ConfigGet(ctx, "appendfsync").Result()
		switch mode := conf["appendfsync"]; {
		case err != nil || mode == "":
			add(LevelWarning, "Redis does not tell its appendfsync setting: with everysec a power cut may lose the last second, with always nothing")
		case mode == "always":
		case mode == "everysec":
			add(LevelInfo, "Redis has appendfsync everysec: a crash or a power cut may lose the last second or two of what was acknowledged")
		default:
			add(LevelWarning, "Redis has appendfsync %s: a power cut may lose half a minute of what was acknowledged; set everysec or always", mode)
		}
	}
	return ns
}

func parseInfo(text string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			m[k] = v
		}
	}
	return m
}

func recent(version string) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (major > minVersion[0] || major == minVersion[0] && minor >= minVersion[1])
}
