package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// The kinds of dead letters.
const (
	LetterSubject  = "subject"  // work on a subject fails, and not because something is away
	LetterEntry    = "entry"    // a stored record cannot be read
	LetterEvent    = "event"    // an event that the store refuses
	LetterDelivery = "delivery" // a request whose handler broke
	LetterStore    = "store"    // the store itself lost what it held
)

const (
	// lettersKept bounds the list; beyond it the oldest goes, which is logged.
	lettersKept = 1000
	// payloadKept bounds what one letter keeps, in bytes. A longer payload is
	// cut, and then cannot be replayed.
	payloadKept = 128 << 10
	reasonKept  = 500
)

// DeadLetter is something that could not be processed. It waits for a person,
// and holds up nothing else meanwhile.
type DeadLetter struct {
	ID      string    `json:"-"`
	Kind    string    `json:"kind"`    // one of the Letter constants
	Subject string    `json:"subject"` // what it is about, e.g. item/checkout-down/1
	Reason  string    `json:"reason"`  // one line
	First   time.Time `json:"-"`       // when it first failed, within this series
	Last    time.Time `json:"-"`
	Count   int64     `json:"-"`             // how often
	Cut     bool      `json:"cut,omitempty"` // the payload is only its beginning
	Payload string    `json:"-"`             // what failed; empty in lists
}

// LetterID is the id of the letter of this kind about this subject: the same
// trouble again is the same letter.
func LetterID(kind, subject string) string {
	sum := sha256.Sum256([]byte(kind + "\n" + subject))
	return hex.EncodeToString(sum[:6])
}

// buryScript keeps a letter, and ends the lease of who found it.
//
//	KEYS: queue, letters, lettersAt
//	ARGV: subject of the lease or '', token, next in ms,
//	      id, JSON, payload, now, letters kept
//	Result: {code, id of a letter that had to go or ''}
//
// The attempts stay: after the next failure the subject is a dead letter again
// at once. What was touched meanwhile is due at that time: a new fact may help.
var buryScript = queueScript(`
local s, token, next = arg(), arg(), arg()
local id, json, payload, now, kept = arg(), arg(), arg(), arg(), tonumber(arg())
if s ~= '' and not held(s, token) then return {0, ''} end
redis.call('HSET', KEYS[5], id, json, id .. ':payload', payload)
redis.call('HSETNX', KEYS[5], id .. ':first', now)
redis.call('HINCRBY', KEYS[5], id .. ':count', 1)
redis.call('ZADD', KEYS[6], now, id)
local gone = ''
if redis.call('ZCARD', KEYS[6]) > kept then
  gone = redis.call('ZPOPMIN', KEYS[6])[1]
  redis.call('HDEL', KEYS[5], gone, gone .. ':payload', gone .. ':first', gone .. ':count')
end
if s ~= '' then
  local t = redis.call('HGET', KEYS[3], s)
  if t and tonumber(t) < tonumber(next) then next = t end
  redis.call('HDEL', KEYS[2], s)
  redis.call('HDEL', KEYS[3], s)
  redis.call('HINCRBY', KEYS[4], s, 1)
  redis.call('ZADD', KEYS[1], next, s)
end
return {1, gone}
`)

// Bury keeps a letter. One with the same kind and subject is brought up to
// date and counted.
func (l *Ledger) Bury(ctx context.Context, d DeadLetter) error {
	return l.bury(ctx, Lease{}, d, time.Time{})
}

// BuryHeld keeps a letter about the subject of the lease and ends the lease;
// the subject is tried again at next, or when something touches it.
// ErrLeaseLost: nothing was written.
func (l *Ledger) BuryHeld(ctx context.Context, lease Lease, d DeadLetter, next time.Time) error {
	return l.bury(ctx, lease, d, next)
}

func (l *Ledger) bury(ctx context.Context, lease Lease, d DeadLetter, next time.Time) error {
	d.Reason = oneLine(d.Reason, reasonKept)
	d.Subject = oneLine(d.Subject, reasonKept)
	if len(d.Payload) > payloadKept {
		d.Payload, d.Cut = d.Payload[:payloadKept], true
	}
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("keeping a dead letter: %w", err)
	}
	reply, err := l.run(ctx, buryScript, append(l.keys.queue(), l.keys.letters(), l.keys.lettersAt()),
		lease.Subject, lease.Token, next.UnixMilli(), LetterID(d.Kind, d.Subject), string(b), d.Payload, l.nowMS(), lettersKept).Slice()
	if err == nil && len(reply) == 2 && reply[0] == int64(codeLeaseLost) {
		err = ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("keeping a dead letter about %s: %w", cut(d.Subject), err)
	}
	if gone, _ := reply[1].(string); gone != "" {
		l.log.Error("there are too many dead letters; the oldest was thrown away", "letter", gone, "remedy", "holdfast dead-letters")
	}
	if lease.Subject != "" {
		l.wake.all()
	}
	return nil
}

// DeadLetters lists all letters, newest first, without their payloads.
func (l *Ledger) DeadLetters(ctx context.Context) ([]DeadLetter, error) {
	zs, err := l.db.ZRevRangeWithScores(ctx, l.keys.lettersAt(), 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("listing the dead letters: %w", err)
	}
	out := make([]DeadLetter, 0, len(zs))
	for chunk := range slices.Chunk(zs, statesAtOnce) {
		var fields []string
		for _, z := range chunk {
			id, _ := z.Member.(string)
			fields = append(fields, id, id+":first", id+":count")
		}
		words, err := l.db.HMGet(ctx, l.keys.letters(), fields...).Result()
		if err != nil {
			return nil, fmt.Errorf("reading the dead letters: %w", err)
		}
		for i, z := range chunk {
			if d, ok := letterOf(fields[3*i], z.Score, words[3*i:3*i+3]); ok {
				out = append(out, d)
			}
		}
	}
	return out, nil
}

// letterOf puts a letter together; false: it went meanwhile.
func letterOf(id string, last float64, words []any) (DeadLetter, bool) {
	text, ok := words[0].(string)
	if !ok {
		return DeadLetter{}, false
	}
	var d DeadLetter
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		// Even a damaged letter is shown: it can be dropped by its id.
		d = DeadLetter{Kind: LetterEntry, Subject: "dead letter " + id, Reason: err.Error()}
	}
	d.ID, d.Last = id, time.UnixMilli(int64(last)).UTC()
	first, _ := words[1].(string)
	count, _ := words[2].(string)
	d.First = parseMS(first)
	d.Count, _ = strconv.ParseInt(count, 10, 64)
	return d, true
}

// DeadLetter returns one letter with its payload.
func (l *Ledger) DeadLetter(ctx context.Context, id string) (DeadLetter, error) {
	var words *redis.SliceCmd
	var score *redis.FloatCmd
	_, err := l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
		words = p.HMGet(ctx, l.keys.letters(), id, id+":first", id+":count", id+":payload")
		score = p.ZScore(ctx, l.keys.lettersAt(), id)
		return nil
	})
	if errors.Is(err, redis.Nil) {
		err = ErrNotFound
	}
	if err != nil {
		return DeadLetter{}, fmt.Errorf("dead letter %s: %w", cut(id), err)
	}
	d, ok := letterOf(id, score.Val(), words.Val())
	if !ok {
		return DeadLetter{}, fmt.Errorf("dead letter %s: %w", cut(id), ErrNotFound)
	}
	d.Payload, _ = words.Val()[3].(string)
	return d, nil
}

// CountDeadLetters says how many letters there are.
func (l *Ledger) CountDeadLetters(ctx context.Context) (int64, error) {
	n, err := l.db.ZCard(ctx, l.keys.lettersAt()).Result()
	if err != nil {
		return 0, fmt.Errorf("counting the dead letters: %w", err)
	}
	return n, nil
}

// dropScript forgets a letter.
//
//	KEYS: queue, letters, lettersAt
//	ARGV: id, subject or '', '1' to make the subject due or '', now, channel
//	Result: code
//
// A subject that nobody asks for again leaves the queue with its letter, unless
// somebody is at work on it.
var dropScript = queueScript(`
local id, s, due, now, channel = arg(), arg(), arg(), arg(), arg()
if redis.call('ZREM', KEYS[6], id) == 0 then return -1 end
redis.call('HDEL', KEYS[5], id, id .. ':payload', id .. ':first', id .. ':count')
if s == '' then return 1 end
redis.call('HDEL', KEYS[4], s)
if due == '1' then
  touch(s, now)
  wake(channel)
elseif redis.call('HEXISTS', KEYS[2], s) == 0 then
  redis.call('ZREM', KEYS[1], s)
end
return 1
`)

func (l *Ledger) drop(ctx context.Context, id, subject string, due bool) error {
	word := ""
	if due {
		word = "1"
	}
	err := outcome(l.run(ctx, dropScript, append(l.keys.queue(), l.keys.letters(), l.keys.lettersAt()), id, subject, word, l.nowMS(), l.keys.channel()),
		"taking dead letter %s off the list", cut(id))
	if err == nil && due {
		l.wake.all()
	}
	return err
}

// DropDeadLetter forgets a letter. Work on its subject is given up until
// something touches it.
func (l *Ledger) DropDeadLetter(ctx context.Context, id string) error {
	d, err := l.DeadLetter(ctx, id)
	if err != nil {
		return err
	}
	subject := ""
	if d.Kind == LetterSubject {
		subject = d.Subject
	}
	return l.drop(ctx, id, subject, false)
}

// Settled takes the letter of a subject off the list, where there is one: work
// on it has succeeded.
func (l *Ledger) Settled(ctx context.Context, subject string) error {
	err := l.drop(ctx, LetterID(LetterSubject, subject), "", false)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Replay processes again what a letter holds: a subject becomes due, an entry
// goes into its item's ledger, an event is recorded. The letter goes; what
// fails again becomes a new one. ErrConflict: this letter cannot be replayed
// here, and stays.
func (l *Ledger) Replay(ctx context.Context, id string) error {
	d, err := l.DeadLetter(ctx, id)
	if err != nil {
		return err
	}
	if item, ok := snapshotItem(d.Subject); ok && d.Kind == LetterEntry {
		// The entries say the same; it is saved anew when the item is looked at.
		_, _, err := l.Load(ctx, item)
		if err == nil {
			err = l.Touch(ctx, l.now(), itemSubject(item))
		}
		if err != nil {
			return fmt.Errorf("replaying dead letter %s: %w", id, err)
		}
		return l.drop(ctx, id, "", false)
	}
	if d.Cut && d.Kind != LetterSubject {
		return fmt.Errorf("replaying dead letter %s: only the beginning of what failed was kept: %w", id, ErrConflict)
	}
	switch d.Kind {
	case LetterSubject:
		return l.drop(ctx, id, d.Subject, true)
	case LetterEntry:
		err = l.replayEntry(ctx, d)
	case LetterEvent:
		err = l.replayEvent(ctx, d)
	default:
		err = fmt.Errorf("a letter of the kind %s is not replayed by the ledger: %w", d.Kind, ErrConflict)
	}
	if err != nil {
		return fmt.Errorf("replaying dead letter %s: %w", id, err)
	}
	return l.drop(ctx, id, "", false)
}

func (l *Ledger) replayEntry(ctx context.Context, d DeadLetter) error {
	item, ok := entryItem(d.Subject)
	var e domain.Entry
	if err := json.Unmarshal([]byte(d.Payload), &e); err != nil || !ok || e.Name == "" {
		return fmt.Errorf("%s still cannot be read: %w", d.Subject, ErrConflict)
	}
	return l.Append(ctx, item, true, e)
}

func (l *Ledger) replayEvent(ctx context.Context, d DeadLetter) error {
	var ev domain.Event
	if err := json.Unmarshal([]byte(d.Payload), &ev); err != nil {
		return fmt.Errorf("%s still cannot be read: %w", d.Subject, ErrConflict)
	}
	_, err := l.record(ctx, ev)
	if err != nil && poison(err) {
		return fmt.Errorf("%w: the store refuses it again: %w", ErrConflict, err)
	}
	return err
}

// oneLine makes a text from outside fit for a list and a log.
func oneLine(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return s
}
