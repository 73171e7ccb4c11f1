package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// Postmortem returns one postmortem.
func (l *Ledger) Postmortem(ctx context.Context, id string) (domain.Postmortem, error) {
	var pm domain.Postmortem
	text, err := l.db.Get(ctx, l.keys.postmortem(id)).Result()
	switch {
	case errors.Is(err, redis.Nil):
		err = ErrNotFound
	case err == nil:
		err = json.Unmarshal([]byte(text), &pm)
	}
	if err != nil {
		return domain.Postmortem{}, fmt.Errorf("postmortem %s: %w", cut(id), err)
	}
	return pm, nil
}

// Postmortems lists all postmortems in the order of their first filing.
func (l *Ledger) Postmortems(ctx context.Context) ([]domain.Postmortem, error) {
	ids, err := l.db.ZRange(ctx, l.keys.postmortems(), 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("listing postmortems: %w", err)
	}
	out := make([]domain.Postmortem, 0, len(ids))
	for chunk := range slices.Chunk(ids, statesAtOnce) {
		keys := make([]string, len(chunk))
		for i, id := range chunk {
			keys[i] = l.keys.postmortem(id)
		}
		texts, err := l.db.MGet(ctx, keys...).Result()
		if err != nil {
			return nil, fmt.Errorf("reading postmortems: %w", err)
		}
		for i, t := range texts {
			text, ok := t.(string)
			if !ok {
				continue
			}
			var pm domain.Postmortem
			if err := json.Unmarshal([]byte(text), &pm); err != nil {
				l.damaged(ctx, "postmortem/"+chunk[i], text, err)
				continue
			}
			out = append(out, pm)
		}
	}
	return out, nil
}

// fileScript stores a postmortem and the entries of its items.
//
//	KEYS: queue, postmortem, postmortems, items, serial, byService, servicesOf,
//	      byPostmortem, then the log of each item
//	ARGV: subject, token, channel, now, postmortem id, JSON,
//	      n, n times (key of the log, 1 if the entries file the item else 0),
//	      n times (key of the log, item, services, entries, entry…)
//	Result: code
//
// Not found means that an item is neither known nor filed here.
var fileScript = queueScript(indexPrelude + `
local subject, token, channel, now, pm, json = arg(), arg(), arg(), arg(), arg(), arg()
if not held(subject, token) then return 0 end
local n = tonumber(arg())
for i = 1, n do
  local log, files = tonumber(arg()), arg()
  if files == '0' and redis.call('EXISTS', KEYS[log]) == 0 then return -1 end
end
redis.call('SET', KEYS[5], json)
if not redis.call('ZSCORE', KEYS[6], pm) then redis.call('ZADD', KEYS[6], redis.call('INCR', KEYS[8]), pm) end
for i = 1, n do
  local log, item, services, entries = tonumber(arg()), arg(), arg(), tonumber(arg())
  if redis.call('EXISTS', KEYS[log]) == 0 then
    redis.call('ZADD', KEYS[7], redis.call('INCR', KEYS[8]), item)
    redis.call('ZADD', KEYS[11], 0, pm .. '\n' .. item)
    reindex(KEYS[9], KEYS[10], item, services)
  end
  for j = 1, entries do redis.call('RPUSH', KEYS[log], arg()) end
  touch('item/' .. item, now)
end
wake(channel)
return 1
`)

// File stores the postmortem and appends the entries of its items, all or
// nothing. An item that is not known yet is made, and listed under the services
// of its ItemFiled entry; every item named is due at once. ErrNotFound: an
// unknown item without an ItemFiled entry.
func (l *Ledger) File(ctx context.Context, lease Lease, pm domain.Postmortem, entries map[string][]domain.Entry) error {
	if pm.ID == "" || strings.ContainsAny(pm.ID, "\n\v") {
		return fmt.Errorf("filing postmortem %q: that is no id", cut(pm.ID))
	}
	b, err := json.Marshal(pm)
	if err == nil && len(b) > maxRecord {
		err = fmt.Errorf("it has %d bytes, more than %d", len(b), maxRecord)
	}
	if err != nil {
		return fmt.Errorf("filing postmortem %s: %w", pm.ID, err)
	}
	keys := append(l.keys.queue(), l.keys.postmortem(pm.ID), l.keys.postmortems(), l.keys.items(), l.keys.serial(),
		l.keys.byService(), l.keys.servicesOf(), l.keys.byPostmortem())
	var checks, writes []any
	for _, id := range slices.SortedFunc(maps.Keys(entries), byNumber) {
		words, err := l.encodeEntries(entries[id])
		if err != nil {
			return fmt.Errorf("filing item %s: %w", id, err)
		}
		keys = append(keys, l.keys.log(id))
		log := strconv.Itoa(len(keys))
		files, services := filing(entries[id])
		checks = append(checks, log, files)
		writes = append(append(writes, log, id, services, len(words)), words...)
	}
	args := []any{lease.Subject, lease.Token, l.keys.channel(), l.nowMS(), pm.ID, string(b), len(entries)}
	err = outcome(l.run(ctx, fileScript, keys, append(append(args, checks...), writes...)...), "filing postmortem %s", pm.ID)
	if err == nil {
		l.wake.all()
	}
	return err
}

// filing reports whether the entries file an item, "1" or "0", and under which
// services.
func filing(entries []domain.Entry) (files, services string) {
	if len(entries) > 0 && entries[0].Name == domain.ItemFiled && entries[0].Spec != nil {
		return "1", wordList(entries[0].Spec.Services)
	}
	return "0", ""
}
