package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// The states of a group.
const (
	GroupCounting  = "counting"  // items may still join before it is decided
	GroupClear     = "clear"     // few enough: reopen them
	GroupHeld      = "held"      // too many: an operator must decide
	GroupConfirmed = "confirmed" // the operator wants them reopened
	GroupDropped   = "dropped"   // the operator wants them left closed
)

// groupKept is how long a group stays listed after it was decided. The items
// remember the decision themselves.
const groupKept = 30 * 24 * time.Hour

// Group is the reopenings that one cause would bring.
type Group struct {
	Cause     string
	Note      string // the cause for a human reader
	Items     []string
	State     string // one of the Group constants
	OpenedAt  time.Time
	DecidedAt time.Time // zero while counting or held
	By        string    // who decided
}

// joinScript adds an item to a group.
//
//	KEYS: group, groups
//	ARGV: now, cause, note, item, TTL of decided groups
//	Result: the group's hash
var joinScript = redis.NewScript(`
if redis.call('HSETNX', KEYS[1], 'state', 'counting') == 1 then
  redis.call('HSET', KEYS[1], 'cause', ARGV[2], 'note', ARGV[3], 'opened', ARGV[1])
  redis.call('ZADD', KEYS[2], ARGV[1], ARGV[2])
end
if ARGV[4] ~= '' then redis.call('HSETNX', KEYS[1], 'item:' .. ARGV[4], ARGV[1]) end
if redis.call('PTTL', KEYS[1]) > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
return redis.call('HGETALL', KEYS[1])
`)

// JoinGroup adds the item to the group of this cause, making it, in the state
// counting, where there is none. A group that was decided keeps its state.
func (l *Ledger) JoinGroup(ctx context.Context, cause, note, item string) (Group, error) {
	words, err := l.run(ctx, joinScript, []string{l.keys.group(cause), l.keys.groups()},
		l.nowMS(), cause, note, item, groupKept.Milliseconds()).StringSlice()
	if err != nil {
		return Group{}, fmt.Errorf("joining the group of %s: %w", cut(cause), err)
	}
	h := make(map[string]string, len(words)/2)
	for i := 0; i+1 < len(words); i += 2 {
		h[words[i]] = words[i+1]
	}
	return groupOf(h), nil
}

// Group returns the group of a cause.
func (l *Ledger) Group(ctx context.Context, cause string) (Group, error) {
	h, err := l.db.HGetAll(ctx, l.keys.group(cause)).Result()
	if err == nil && len(h) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Group{}, fmt.Errorf("group of %s: %w", cut(cause), err)
	}
	return groupOf(h), nil
}

// setGroupScript changes the state of a group.
//
//	KEYS: group
//	ARGV: from, to, by, now, TTL of decided groups, '1' if to is a decision
//	Result: 1 changed, 0 in another state, -1 no such group
var setGroupScript = redis.NewScript(`
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return -1 end
if state ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'by', ARGV[3])
if ARGV[6] == '1' then
  redis.call('HSET', KEYS[1], 'decided', ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
else
  redis.call('HDEL', KEYS[1], 'decided')
  redis.call('PERSIST', KEYS[1])
end
return 1
`)

// SetGroup changes the state of a group if it is from; false if it is not. A
// decided group is forgotten after 30 days, one that waits never.
func (l *Ledger) SetGroup(ctx context.Context, cause, from, to, by string) (bool, error) {
	decided := "1"
	if to == GroupCounting || to == GroupHeld {
		decided = "0"
	}
	n, err := l.run(ctx, setGroupScript, []string{l.keys.group(cause)},
		from, to, by, l.nowMS(), groupKept.Milliseconds(), decided).Int()
	if err == nil && n < 0 {
		err = ErrNotFound
	}
	if err != nil {
		return false, fmt.Errorf("setting the group of %s to %s: %w", cut(cause), to, err)
	}
	return n == 1, nil
}

// Groups lists all groups, oldest first.
func (l *Ledger) Groups(ctx context.Context) ([]Group, error) {
	causes, err := l.db.ZRange(ctx, l.keys.groups(), 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("listing groups: %w", err)
	}
	out := make([]Group, 0, len(causes))
	for chunk := range slices.Chunk(causes, statesAtOnce) {
		cmds := make([]*redis.MapStringStringCmd, len(chunk))
		if _, err := l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, c := range chunk {
				cmds[i] = p.HGetAll(ctx, l.keys.group(c))
			}
			return nil
		}); err != nil && !errors.Is(err, redis.Nil) {
			return nil, fmt.Errorf("reading groups: %w", err)
		}
		for i, cmd := range cmds {
			if h := cmd.Val(); len(h) > 0 {
				out = append(out, groupOf(h))
			} else if err := l.db.Eval(ctx, forgetGroup, []string{l.keys.group(chunk[i]), l.keys.groups()}, chunk[i]).Err(); err != nil {
				return nil, fmt.Errorf("listing groups: %w", err)
			}
		}
	}
	return out, nil
}

// forgetGroup takes a group that is gone off the list, unless it was made anew.
//
//	KEYS: group, groups   ARGV: cause
const forgetGroup = `
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[2], ARGV[1]) end
return 1
`

func groupOf(h map[string]string) Group {
	g := Group{
		Cause: h["cause"], Note: h["note"], State: h["state"], By: h["by"],
		OpenedAt: parseMS(h["opened"]), DecidedAt: parseMS(h["decided"]),
	}
	type joined struct{ item, at string }
	var items []joined
	for f, at := range h {
		if item, ok := strings.CutPrefix(f, "item:"); ok {
			items = append(items, joined{item, at})
		}
	}
	slices.SortFunc(items, func(a, b joined) int { return cmp.Or(cmp.Compare(a.at, b.at), byNumber(a.item, b.item)) })
	for _, j := range items {
		g.Items = append(g.Items, j.item)
	}
	return g
}

// parseMS reads a stored time; zero when there is none.
func parseMS(s string) time.Time {
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
