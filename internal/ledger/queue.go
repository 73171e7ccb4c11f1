package ledger

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Lease is the right to work on a subject until a certain time. Subjects are
// "item/<id>", "deployment/<receipt>", "postmortem/<id>", "sweep/<tracker>" and
// what else a worker wants to be reminded of.
type Lease struct {
	Subject  string
	Token    string    // random; every write of the holder shows it
	Gen      int64     // grows with every lease that is given
	Attempts int       // Retries since the last Done, and holders that died
	Until    time.Time // when somebody else may claim the subject
}

// claimScript leases what is due.
//
//	KEYS: queue, leaseGen
//	ARGV: now, until, token, max
//	Result: {subject, attempts, gen, …}
//
// A subject that still has a lease was left by a holder that died: that counts
// as an attempt, or work that kills its worker would be tried for ever. What
// was touched up to now is seen by this look; a later time is kept.
var claimScript = queueScript(`
local now, till, token, max = arg(), arg(), arg(), arg()
local out = {}
for _, s in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, max)) do
  local attempts
  if redis.call('HEXISTS', KEYS[2], s) == 1 then
    attempts = redis.call('HINCRBY', KEYS[4], s, 1)
  else
    attempts = tonumber(redis.call('HGET', KEYS[4], s) or '0')
  end
  local t = redis.call('HGET', KEYS[3], s)
  if t and tonumber(t) <= tonumber(now) then redis.call('HDEL', KEYS[3], s) end
  redis.call('HSET', KEYS[2], s, token)
  redis.call('ZADD', KEYS[1], till, s)
  out[#out + 1] = s
  out[#out + 1] = tostring(attempts)
  out[#out + 1] = tostring(redis.call('INCR', KEYS[5]))
end
return out
`)

// Claim leases at most max subjects that are due, earliest first, for ttl. A
// subject is held by one at a time, in all processes together. The holder ends
// the lease with Done or Retry; if it dies, the subject is due again after ttl.
func (l *Ledger) Claim(ctx context.Context, max int, ttl time.Duration) ([]Lease, error) {
	now := l.now()
	until, token := now.Add(ttl), randomToken()
	// A claim that is lost leaves its subject due.
	words, err := l.run(l.relax(ctx), claimScript, append(l.keys.queue(), l.keys.leaseGen()),
		now.UnixMilli(), until.UnixMilli(), token, max).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("claiming what is due: %w", err)
	}
	leases := make([]Lease, 0, len(words)/3)
	for i := 0; i+2 < len(words); i += 3 {
		leases = append(leases, newLease(words[i], token, words[i+1], words[i+2], until))
	}
	return leases, nil
}

func newLease(subject, token, attempts, gen string, until time.Time) Lease {
	n, _ := strconv.Atoi(attempts)
	g, _ := strconv.ParseInt(gen, 10, 64)
	return Lease{Subject: subject, Token: token, Gen: g, Attempts: n, Until: until}
}

// claimSubjectScript leases one subject, due or not.
//
//	KEYS: queue, leaseGen
//	ARGV: subject, now, until, token
//	Result: {} where it is held, else {attempts, gen}
var claimSubjectScript = queueScript(`
local s, now, till, token = arg(), arg(), arg(), arg()
local at = redis.call('ZSCORE', KEYS[1], s)
local leased = redis.call('HEXISTS', KEYS[2], s) == 1
if leased and at and tonumber(at) > tonumber(now) then return {} end
local attempts
if leased then
  attempts = redis.call('HINCRBY', KEYS[4], s, 1)
else
  attempts = tonumber(redis.call('HGET', KEYS[4], s) or '0')
end
local t = redis.call('HGET', KEYS[3], s)
if t and tonumber(t) <= tonumber(now) then redis.call('HDEL', KEYS[3], s); t = nil end
redis.call('HSET', KEYS[2], s, token)
if at and tonumber(at) > tonumber(now) then touch(s, at) end
redis.call('ZADD', KEYS[1], till, s)
return {tostring(attempts), tostring(redis.call('INCR', KEYS[5]))}
`)

// ClaimSubject leases this subject, whether it is due or not; false if somebody
// holds it. A time still to come for which it stood in the queue is not lost:
// Done does not set a later one.
func (l *Ledger) ClaimSubject(ctx context.Context, subject string, ttl time.Duration) (Lease, bool, error) {
	now := l.now()
	until, token := now.Add(ttl), randomToken()
	words, err := l.run(l.relax(ctx), claimSubjectScript, append(l.keys.queue(), l.keys.leaseGen()),
		subject, now.UnixMilli(), until.UnixMilli(), token).StringSlice()
	if err != nil {
		return Lease{}, false, fmt.Errorf("claiming %s: %w", subject, err)
	}
	if len(words) != 2 {
		return Lease{}, false, nil
	}
	return newLease(subject, token, words[0], words[1], until), true, nil
}

// renewScript moves the end of a lease.
//
//	KEYS: queue   ARGV: subject, token, until   Result: code
var renewScript = queueScript(`
local s, token, till = arg(), arg(), arg()
if not held(s, token) then return 0 end
redis.call('ZADD', KEYS[1], till, s)
return 1
`)

// Renew makes the lease end ttl from now. It succeeds even when the lease's
// time is over, as long as nobody else has claimed the subject.
func (l *Ledger) Renew(ctx context.Context, lease Lease, ttl time.Duration) error {
	return outcome(l.run(l.relax(ctx), renewScript, l.keys.queue(), lease.Subject, lease.Token, l.now().Add(ttl).UnixMilli()),
		"renewing the lease of %s", lease.Subject)
}

// endScript gives a lease back.
//
//	KEYS: queue
//	ARGV: subject, token, next ('' for never), retry ('1' or '')
//	Result: code
var endScript = queueScript(`
local s, token, next, retry = arg(), arg(), arg(), arg()
if not held(s, token) then return 0 end
local t = redis.call('HGET', KEYS[3], s)
if t and (next == '' or tonumber(t) < tonumber(next)) then next = t end
redis.call('HDEL', KEYS[2], s)
redis.call('HDEL', KEYS[3], s)
if retry == '1' then redis.call('HINCRBY', KEYS[4], s, 1) else redis.call('HDEL', KEYS[4], s) end
if next == '' then redis.call('ZREM', KEYS[1], s) else redis.call('ZADD', KEYS[1], next, s) end
return 1
`)

// Done ends the lease: the subject is due again at next, never if next is
// zero; earlier if it was touched meanwhile. Its attempts are 0 again.
func (l *Ledger) Done(ctx context.Context, lease Lease, next time.Time) error {
	return l.end(ctx, lease, next, "")
}

// Retry ends the lease like Done but counts a failed attempt. A touch since
// the claim makes the subject due before at: a new fact may help.
func (l *Ledger) Retry(ctx context.Context, lease Lease, at time.Time) error {
	return l.end(ctx, lease, at, "1")
}

func (l *Ledger) end(ctx context.Context, lease Lease, next time.Time, retry string) error {
	at := ""
	if !next.IsZero() {
		at = strconv.FormatInt(next.UnixMilli(), 10)
	}
	// If this is lost, the lease runs out and the subject is looked at again.
	err := outcome(l.run(l.relax(ctx), endScript, l.keys.queue(), lease.Subject, lease.Token, at, retry),
		"ending the lease of %s", lease.Subject)
	if err == nil {
		l.wake.all()
	}
	return err
}

// touchScript makes subjects due.
//
//	KEYS: queue   ARGV: channel, at, subject…   Result: 1
var touchScript = queueScript(`
local channel, at = arg(), arg()
for i = 3, #ARGV do touch(ARGV[i], at) end
wake(channel)
return 1
`)

// Touch makes the subjects due at the earlier of at and the time that stands.
// For a subject that is leased, the time is remembered until the lease ends.
func (l *Ledger) Touch(ctx context.Context, at time.Time, subjects ...string) error {
	// Chunks keep one call from holding up the store.
	for len(subjects) > 0 {
		n := min(len(subjects), 1000)
		args := []any{l.keys.channel(), at.UnixMilli()}
		for _, s := range subjects[:n] {
			args = append(args, s)
		}
		if err := outcome(l.run(ctx, touchScript, l.keys.queue(), args...), "touching %d subjects", n); err != nil {
			return err
		}
		subjects = subjects[n:]
	}
	l.wake.all()
	return nil
}

// Due tells how many subjects are due now, and since when the oldest of them
// is; zero when none is.
func (l *Ledger) Due(ctx context.Context) (count int64, oldest time.Time, err error) {
	now := l.nowMS()
	var n *redis.IntCmd
	var first *redis.ZSliceCmd
	_, err = l.db.Pipelined(ctx, func(p redis.Pipeliner) error {
		n = p.ZCount(ctx, l.keys.due(), "-inf", strconv.FormatInt(now, 10))
		first = p.ZRangeWithScores(ctx, l.keys.due(), 0, 0)
		return nil
	})
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("counting what is due: %w", err)
	}
	if zs := first.Val(); len(zs) == 1 && int64(zs[0].Score) <= now {
		oldest = time.UnixMilli(int64(zs[0].Score)).UTC()
	}
	return n.Val(), oldest, nil
}

// Waiting returns a subject with one of these beginnings that stands in the
// queue, due or not, "" where there is none.
func (l *Ledger) Waiting(ctx context.Context, beginnings ...string) (string, error) {
	for _, b := range beginnings {
		for cursor := uint64(0); ; {
			words, next, err := l.db.ZScan(ctx, l.keys.due(), cursor, globSigns.Replace(b)+"*", 1000).Result()
			if err != nil {
				return "", fmt.Errorf("looking for what waits: %w", err)
			}
			if len(words) > 0 {
				return words[0], nil
			}
			if cursor = next; cursor == 0 {
				break
			}
		}
	}
	return "", nil
}
