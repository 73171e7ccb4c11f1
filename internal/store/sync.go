package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// waitLimit is how long a write may take to reach the disk. It is less than
// the client waits for an answer, so that a slow disk is told from a server
// that is away.
const waitLimit = 2 * time.Second

// syncing is shared by the hooks of all connections of one store.
type syncing struct{ on atomic.Bool }

// syncHook makes a client wait after each write until it is on the server's
// disk: WAITAOF goes over the same connection right behind the write, in the
// same round trip. A batch of commands waits once.
type syncHook struct {
	*syncing
	client *redis.Client // to send a single command as a batch
}

func (s *syncing) watch(c *redis.Client) *redis.Client {
	c.AddHook(&syncHook{s, c})
	return c
}

type relaxed struct{}

// Relax returns a context for writes that may be lost: who gets one again does
// the same work again.
func Relax(ctx context.Context) context.Context { return context.WithValue(ctx, relaxed{}, true) }

// waits reports whether these commands are to wait.
func (s *syncing) waits(ctx context.Context, cmds ...redis.Cmder) bool {
	return s.on.Load() && ctx.Value(relaxed{}) == nil && slices.ContainsFunc(cmds, writes)
}

// reads are the commands that the ledger asks with. All others are taken for
// writes.
var reads = map[string]bool{
	"get": true, "mget": true, "exists": true, "type": true, "ttl": true, "pttl": true, "strlen": true, "scan": true, "keys": true, "dump": true, "randomkey": true, "dbsize": true,
	"hget": true, "hmget": true, "hgetall": true, "hlen": true, "hkeys": true, "hvals": true, "hexists": true, "hscan": true, "hstrlen": true,
	"lrange": true, "lindex": true, "llen": true, "sismember": true, "smembers": true, "scard": true, "sscan": true,
	"zrange": true, "zrevrange": true, "zrangebyscore": true, "zrevrangebyscore": true, "zrangebylex": true, "zrevrangebylex": true, "zscore": true, "zmscore": true,
	"zcard": true, "zcount": true, "zlexcount": true, "zrank": true, "zscan": true, "xrange": true, "xrevrange": true, "xlen": true, "xinfo": true, "xread": true,
	"ping": true, "echo": true, "info": true, "config": true, "time": true, "command": true, "client": true, "hello": true, "auth": true, "select": true, "memory": true,
	"cluster": true, "readonly": true, "role": true, "publish": true, "subscribe": true, "psubscribe": true, "ssubscribe": true, "unsubscribe": true, "script": true,
	"wait": true, "waitaof": true, "eval_ro": true, "evalsha_ro": true, "asking": true,
}

func writes(c redis.Cmder) bool { return !reads[c.Name()] }

// DialHook implements redis.Hook.
func (h *syncHook) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook. A single command goes as a batch of one:
// only within a batch is the connection sure to be the same.
func (h *syncHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !h.waits(ctx, cmd) {
			return next(ctx, cmd)
		}
		p := h.client.Pipeline()
		if err := p.Process(ctx, cmd); err != nil {
			return err
		}
		_, _ = p.Exec(ctx) // its error is that of the command
		return cmd.Err()
	}
}

// ProcessPipelineHook implements redis.Hook.
func (h *syncHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if !h.waits(ctx, cmds...) {
			return next(ctx, cmds)
		}
		if cmds[0].Name() == "multi" {
			return errTransaction
		}
		wait := redis.NewIntSliceCmd(ctx, "waitaof", 1, 0, waitLimit.Milliseconds())
		err := next(ctx, append(slices.Clone(cmds), wait))
		synced, waitErr := wait.Result()
		if waitErr == nil && len(synced) > 0 && synced[0] >= 1 {
			return err
		}
		if waitErr == nil {
			waitErr = context.DeadlineExceeded
		}
		notSynced := fmt.Errorf("the write is not known to be on disk (redis.durability is strict): %w", waitErr)
		for _, c := range cmds {
			// What the server did not take says so itself.
			if c.Err() == nil && writes(c) {
				c.SetErr(notSynced)
			}
		}
		if err == nil || errors.Is(err, waitErr) {
			err = notSynced
		}
		return err
	}
}

// errTransaction: what stands behind a transaction in its batch would be taken
// for its result.
var errTransaction = errors.New("a store with redis.durability strict takes no transactions: use a script")

// masters calls visit for each master of a cluster, one after the other.
func masters(ctx context.Context, cluster *redis.ClusterClient, visit func(context.Context, redis.UniversalClient) error) error {
	var mu sync.Mutex
	return cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		return visit(ctx, c)
	})
}
