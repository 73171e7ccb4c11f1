package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Report returns the report of a complete week as it was stored, nil when none
// was. scope is the team, empty for all.
func (l *Ledger) Report(ctx context.Context, scope, week string) ([]byte, error) {
	b, err := l.db.HGet(ctx, l.keys.reports(scope), week).Bytes()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("reading the report of %s: %w", cut(week), err)
	}
	return b, nil
}

// KeepReport stores the report of a complete week. The first one stays: it
// returns the one that is stored afterwards.
func (l *Ledger) KeepReport(ctx context.Context, scope, week string, report, figures []byte) ([]byte, error) {
	var kept *redis.StringCmd
	// Figures without their report are right, too; the other way round they are
	// worked out anew.
	_, err := l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.HSetNX(ctx, l.keys.figures(scope), week, figures)
		p.HSetNX(ctx, l.keys.reports(scope), week, report)
		kept = p.HGet(ctx, l.keys.reports(scope), week)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("storing the report of %s: %w", cut(week), err)
	}
	return kept.Bytes()
}

// Figures returns the figures of complete weeks as they were stored, by week.
func (l *Ledger) Figures(ctx context.Context, scope string) (map[string]string, error) {
	m, err := l.db.HGetAll(ctx, l.keys.figures(scope)).Result()
	if err != nil {
		return nil, fmt.Errorf("reading the figures of earlier weeks: %w", err)
	}
	return m, nil
}

// Sending is what is known of one message: that it is about to be sent, and
// what came of it.
type Sending struct {
	Week      string    `json:"week"` // or the day, for reminders
	Channel   string    `json:"channel"`
	To        string    `json:"to"` // for people: an address, or the host of a hook
	Teams     []string  `json:"teams,omitempty"`
	MessageID string    `json:"message_id"`           // the same for every attempt
	IntendAt  time.Time `json:"intended_at"`          // of the last attempt
	SentAt    time.Time `json:"sent_at,omitzero"`     // zero: not confirmed
	Attempts  int       `json:"attempts"`             //
	Error     string    `json:"error,omitempty"`      // of the last attempt
	GivenUp   time.Time `json:"given_up,omitzero"`    // no further attempt is made
	Marks     []string  `json:"marks,omitempty"`      // what it tells, for reminders
	Thread    string    `json:"thread,omitempty"`     // of a message in two parts: the first is confirmed
	MayRepeat bool      `json:"may_repeat,omitempty"` // some attempt may have come, though none is confirmed
	Confirmed bool      `json:"confirmed,omitempty"`  // SentAt is set
}

// sendingScript stores what is known of a message for the holder of a lease.
// What is confirmed stays.
//
//	KEYS: queue, sendings   ARGV: subject, token, field, JSON   Result: code
var sendingScript = queueScript(`
if not held(arg(), arg()) then return 0 end
local old = redis.call('HGET', KEYS[5], ARGV[3])
if old and cjson.decode(old)['confirmed'] then return -2 end
redis.call('HSET', KEYS[5], ARGV[3], ARGV[4])
return 1
`)

// SetSending stores what is known of a message. ErrLeaseLost: somebody else
// works on it. ErrConflict: it was confirmed before.
func (l *Ledger) SetSending(ctx context.Context, lease Lease, field string, s Sending) error {
	s.Confirmed = !s.SentAt.IsZero()
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("recording a message: %w", err)
	}
	return outcome(l.run(ctx, sendingScript, append(l.keys.queue(), l.keys.sendings(s.Week)), lease.Subject, lease.Token, field, string(b)),
		"recording the message %s", cut(field))
}

// Sending returns what is known of one message; false: nothing.
func (l *Ledger) Sending(ctx context.Context, week, field string) (Sending, bool, error) {
	var s Sending
	b, err := l.db.HGet(ctx, l.keys.sendings(week), field).Bytes()
	if errors.Is(err, redis.Nil) {
		return s, false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return s, false, fmt.Errorf("reading the message %s: %w", cut(field), err)
	}
	return s, true, nil
}

// Sendings returns all messages of a week, by field.
func (l *Ledger) Sendings(ctx context.Context, week string) (map[string]Sending, error) {
	m, err := l.db.HGetAll(ctx, l.keys.sendings(week)).Result()
	if err != nil {
		return nil, fmt.Errorf("reading the messages of %s: %w", cut(week), err)
	}
	out := make(map[string]Sending, len(m))
	for field, text := range m {
		var s Sending
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			return nil, fmt.Errorf("reading the message %s: %w", cut(field), err)
		}
		out[field] = s
	}
	return out, nil
}
