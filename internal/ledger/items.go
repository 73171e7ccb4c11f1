package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// loadScript reads an item in one piece: the snapshot and what came after it.
//
//	KEYS: item, log
//	Result: {} where there is no such item, else {snapshot or '', applied, entry…}
var loadScript = redis.NewScript(`
if redis.call('EXISTS', KEYS[2]) == 0 then return {} end
local had = redis.call('HMGET', KEYS[1], 's', 'a', 'o')
local applied = had[2] or '0'
local out = {had[1] or '', applied}
for _, e in ipairs(redis.call('LRANGE', KEYS[2], tonumber(applied) - tonumber(had[3] or '0'), -1)) do out[#out + 1] = e end
return out
`)

// Load returns an item as it was last saved (the zero State if it never was)
// and the entries that came since. ErrNotFound: no such item.
func (l *Ledger) Load(ctx context.Context, itemID string) (snapshot domain.State, tail []domain.Entry, err error) {
	words, err := l.run(l.relax(ctx), loadScript, []string{l.keys.item(itemID), l.keys.log(itemID)}).StringSlice()
	if err == nil && len(words) < 2 {
		err = ErrNotFound
	}
	if err != nil {
		return domain.State{}, nil, fmt.Errorf("loading item %s: %w", itemID, misplaced(err))
	}
	return l.decodeLoaded(ctx, itemID, words)
}

// decodeLoaded reads what loadScript gave.
func (l *Ledger) decodeLoaded(ctx context.Context, itemID string, words []string) (snapshot domain.State, tail []domain.Entry, err error) {
	applied, err := strconv.ParseInt(words[1], 10, 64)
	if err == nil && words[0] != "" {
		err = json.Unmarshal([]byte(words[0]), &snapshot)
	}
	if err != nil {
		// The entries say the same, only slower.
		l.damaged(ctx, entrySubject(itemID, 0), words[0], err)
		if tail, err = l.Entries(ctx, itemID); err != nil {
			return domain.State{}, nil, err
		}
		snapshot = domain.State{}
	} else {
		tail = l.decodeEntries(ctx, itemID, words[2:], applied)
	}
	if snapshot.Spec.ID == "" {
		if err := whole(tail); err != nil {
			return domain.State{}, nil, fmt.Errorf("loading item %s: %w", itemID, err)
		}
	}
	return snapshot, tail, nil
}

// decodeEntries is readEntries for the work on an item: what cannot be read
// becomes a dead letter.
func (l *Ledger) decodeEntries(ctx context.Context, itemID string, words []string, after int64) []domain.Entry {
	entries, bad := readEntries(words, after)
	for i, err := range bad {
		l.damaged(ctx, entrySubject(itemID, after+int64(i)+1), words[i], err)
	}
	return entries
}

// Entries returns the whole ledger of an item, oldest first. In the place of an
// entry that cannot be read stands one named entry_damaged.
func (l *Ledger) Entries(ctx context.Context, itemID string) ([]domain.Entry, error) {
	words, gone, err := l.rawEntries(ctx, itemID)
	if err == nil && len(words) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading the ledger of item %s: %w", itemID, err)
	}
	entries, _ := readEntries(words, gone)
	return entries, nil
}

// rawEntries reads what is stored of a ledger, and how many entries left it.
func (l *Ledger) rawEntries(ctx context.Context, itemID string) (words []string, gone int64, err error) {
	var all *redis.StringSliceCmd
	var offset *redis.StringCmd
	_, err = l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
		all, offset = p.LRange(ctx, l.keys.log(itemID), 0, -1), p.HGet(ctx, l.keys.item(itemID), "o")
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, 0, err
	}
	if text := offset.Val(); text != "" {
		if gone, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, 0, err
		}
	}
	return all.Val(), gone, nil
}

// readEntries reads stored entries, of which the first is number after + 1, and
// says which of them cannot be read.
func readEntries(words []string, after int64) (entries []domain.Entry, bad map[int]error) {
	entries = make([]domain.Entry, len(words))
	for i, w := range words {
		seq := after + int64(i) + 1
		err := json.Unmarshal([]byte(w), &entries[i])
		if err == nil {
			err = complete(entries[i])
		}
		if err != nil {
			entries[i] = placeholder(seq, err)
			if bad == nil {
				bad = map[int]error{}
			}
			bad[i] = err
		}
		if entries[i].Seq == 0 { // one that stayed when others left tells its own
			entries[i].Seq = seq
		}
	}
	return entries, bad
}

// encodeEntries writes entries for storing; one without a time happened now.
func (l *Ledger) encodeEntries(entries []domain.Entry) ([]any, error) {
	words := make([]any, 0, len(entries))
	for _, e := range entries {
		if e.At.IsZero() {
			e.At = l.now().UTC()
		}
		w, err := marshalEntry(e)
		if err != nil {
			return nil, err
		}
		words = append(words, w)
	}
	return words, nil
}

// appendScript adds entries to the ledger of an item.
//
//	KEYS: queue, log
//	ARGV: channel, subject to touch or '', now, entry…   Result: code
var appendScript = queueScript(`
local channel, subject, now = arg(), arg(), arg()
if redis.call('EXISTS', KEYS[5]) == 0 then return -1 end
for i = 4, #ARGV do redis.call('RPUSH', KEYS[5], ARGV[i]) end
if subject ~= '' then touch(subject, now); wake(channel) end
return 1
`)

// Append adds facts from outside to the ledger of an item; touch makes the
// item due now. ErrNotFound: no such item.
func (l *Ledger) Append(ctx context.Context, itemID string, touch bool, entries ...domain.Entry) error {
	words, err := l.encodeEntries(entries)
	if err != nil {
		return fmt.Errorf("appending to item %s: %w", itemID, err)
	}
	subject := ""
	if touch {
		subject = itemSubject(itemID)
	}
	err = outcome(l.run(ctx, appendScript, append(l.keys.queue(), l.keys.log(itemID)),
		append([]any{l.keys.channel(), subject, l.nowMS()}, words...)...), "appending to item %s", itemID)
	if err == nil && touch {
		l.wake.all()
	}
	return err
}

// appendHeldScript adds entries for the holder of a lease.
//
//	KEYS: queue, log   ARGV: subject, token, entry…   Result: code
var appendHeldScript = queueScript(`
if not held(arg(), arg()) then return 0 end
if redis.call('EXISTS', KEYS[5]) == 0 then return -1 end
for i = 3, #ARGV do redis.call('RPUSH', KEYS[5], ARGV[i]) end
return 1
`)

// AppendHeld adds entries for the holder of a lease and touches nothing: the
// holder knows of them. ErrLeaseLost: the lease is not its own any more, and
// nothing was added.
func (l *Ledger) AppendHeld(ctx context.Context, lease Lease, itemID string, entries ...domain.Entry) error {
	words, err := l.encodeEntries(entries)
	if err != nil {
		return fmt.Errorf("appending to item %s: %w", itemID, err)
	}
	return outcome(l.run(ctx, appendHeldScript, append(l.keys.queue(), l.keys.log(itemID)),
		append([]any{lease.Subject, lease.Token}, words...)...), "appending to item %s", itemID)
}

// saveScript stores a snapshot and keeps the indexes of services and of what
// the item watches.
//
//	KEYS: queue, log, item, byService, servicesOf, watched, watchesOf
//	ARGV: subject, token, item, snapshot, applied, services, words   Result: code
//
// A snapshot with more entries than there are would hide the next ones.
var saveScript = queueScript(indexPrelude + `
local subject, token, item, snapshot, applied, services, words = arg(), arg(), arg(), arg(), arg(), arg(), arg()
if not held(subject, token) then return 0 end
local length = redis.call('LLEN', KEYS[5])
if length == 0 then return -1 end
if tonumber(applied) > length + tonumber(redis.call('HGET', KEYS[6], 'o') or '0') then return -2 end
redis.call('HSET', KEYS[6], 's', snapshot, 'a', applied)
reindex(KEYS[7], KEYS[8], item, services)
reindex(KEYS[9], KEYS[10], item, words)
return 1
`)

// Save stores the snapshot of the item s.Spec.ID, which contains the first
// s.Applied entries, and lists the item under s.Spec.Services and s.Concerned,
// and for Watching under s.Watches, and under no others.
func (l *Ledger) Save(ctx context.Context, lease Lease, s domain.State) error {
	id := s.Spec.ID
	b, err := json.Marshal(s)
	if err == nil && len(b) > maxRecord {
		err = fmt.Errorf("it has %d bytes, more than %d", len(b), maxRecord)
	}
	if err != nil {
		return fmt.Errorf("saving item %s: %w", id, err)
	}
	return outcome(l.run(ctx, saveScript,
		append(l.keys.queue(), l.keys.log(id), l.keys.item(id), l.keys.byService(), l.keys.servicesOf(), l.keys.watched(), l.keys.watchesOf()),
		lease.Subject, lease.Token, id, string(b), s.Applied, wordList(append(slices.Clone(s.Spec.Services), s.Concerned...)), wordList(s.Watches)), "saving item %s", id)
}

// bindScript ties a ticket to an item.
//
//	KEYS: queue, tickets, log, claims of the ticket
//	ARGV: subject, token, channel, now, item, refField   Result: code
var bindScript = queueScript(`
local subject, token, channel, now, item, field = arg(), arg(), arg(), arg(), arg(), arg()
if not held(subject, token) then return 0 end
if redis.call('EXISTS', KEYS[6]) == 0 then return -1 end
local owner = redis.call('HGET', KEYS[5], field)
if owner and owner ~= item then return -2 end
redis.call('HSET', KEYS[5], field, item)
local waiting = redis.call('LRANGE', KEYS[7], 0, -1)
for _, e in ipairs(waiting) do redis.call('RPUSH', KEYS[6], e) end
redis.call('DEL', KEYS[7])
if #waiting > 0 then touch('item/' .. item, now); wake(channel) end
return 1
`)

// Bind makes ref a ticket of the item and moves the claims that waited for it
// into the item's ledger; with any, the item is touched. An item may have
// several tickets. ErrConflict: the ticket is another item's.
func (l *Ledger) Bind(ctx context.Context, lease Lease, itemID string, ref domain.Ref) error {
	field := refField(ref)
	return outcome(l.run(ctx, bindScript,
		append(l.keys.queue(), l.keys.tickets(), l.keys.log(itemID), l.keys.claims(field)),
		lease.Subject, lease.Token, l.keys.channel(), l.nowMS(), itemID, field), "binding %s to item %s", ref, itemID)
}

// ItemByTicket returns the item of a ticket. ErrNotFound: nobody tracks it.
func (l *Ledger) ItemByTicket(ctx context.Context, ref domain.Ref) (string, error) {
	id, err := l.db.HGet(ctx, l.keys.tickets(), refField(ref)).Result()
	if errors.Is(err, redis.Nil) {
		err = ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("item of ticket %s: %w", cut(string(ref)), err)
	}
	return id, nil
}
