package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// archiveScript puts a summary in the place of an item's ledger.
//
//	KEYS: queue, log, item
//	ARGV: subject, token, snapshot, entries that there are, entry…   Result: code
//
// Conflict means that something came in meanwhile.
var archiveScript = queueScript(`
local subject, token, snapshot, all = arg(), arg(), arg(), tonumber(arg())
if not held(subject, token) then return 0 end
local gone = tonumber(redis.call('HGET', KEYS[6], 'o') or '0')
if redis.call('LLEN', KEYS[5]) + gone ~= all then return -2 end
redis.call('HSET', KEYS[6], 's', snapshot, 'a', all, 'o', all - (#ARGV - 4))
redis.call('DEL', KEYS[5])
for i = 5, #ARGV do redis.call('RPUSH', KEYS[5], ARGV[i]) end
return 1
`)

// Archive puts kept, a part of an item's entries, in the place of all of them,
// and stores the snapshot, which must contain them all. The entries keep their
// places. ErrConflict: something came in meanwhile; nothing was written.
func (l *Ledger) Archive(ctx context.Context, lease Lease, s domain.State, kept []domain.Entry) error {
	id := s.Spec.ID
	if len(kept) == 0 {
		return fmt.Errorf("archiving item %s: nothing of it would be left", id)
	}
	snapshot, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("archiving item %s: %w", id, err)
	}
	args := []any{lease.Subject, lease.Token, string(snapshot), s.Applied}
	for _, e := range kept {
		b, err := json.Marshal(e) // with its place, which is no longer that in the list
		if err != nil {
			return fmt.Errorf("archiving item %s: %w", id, err)
		}
		args = append(args, string(b))
	}
	return outcome(l.run(ctx, archiveScript, append(l.keys.queue(), l.keys.log(id), l.keys.item(id)), args...), "archiving item %s", id)
}

// dropDeploymentScript forgets one report.
//
//	KEYS: queue, deploymentKeys, of target, of service, successes
//	ARGV: receipt, identity, member of the index by id, member of the successes or ''
//	Result: 1
//
// What is known of the id goes with its last report.
var dropDeploymentScript = queueScript(`
local receipt, ident, byID, success = arg(), arg(), arg(), arg()
redis.call('HDEL', KEYS[6], receipt)
redis.call('ZREM', KEYS[8], byID)
redis.call('ZREM', KEYS[9], receipt)
redis.call('ZREM', KEYS[10], receipt)
if success ~= '' then redis.call('ZREM', KEYS[11], success) end
if redis.call('HGET', KEYS[7], ident .. ':last') == receipt then
  redis.call('HDEL', KEYS[7], ident .. ':last', ident .. ':sha')
  for i = 5, #ARGV do redis.call('HDEL', KEYS[7], ident .. ':' .. ARGV[i]) end
end
return 1
`)

// trimPage is how many reports one call of TrimDeployments looks at.
const trimPage = 500

// TrimDeployments forgets handled reports that were received before a time,
// beginning after the receipt from, and returns where to go on; 0: that was
// all. Of each target the newest keep successes stay, whatever their age: they
// say what is live, and what was live before.
func (l *Ledger) TrimDeployments(ctx context.Context, before time.Time, keep int, from int64) (next int64, dropped int, err error) {
	last, err := l.db.Get(ctx, l.keys.receipts()).Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, 0, fmt.Errorf("trimming deployments: %w", err)
	}
	to := min(from+trimPage, last)
	var receipts []string
	for r := from + 1; r <= to; r++ {
		receipts = append(receipts, strconv.FormatInt(r, 10))
	}
	reports, err := l.deployments(ctx, receipts)
	if err != nil {
		return 0, 0, err
	}
	stays := map[string]map[string]string{} // place → receipt → member of the successes, for those that may go
	for _, d := range reports {
		if !d.Handled || !d.ReceivedAt.Before(before) {
			if !d.ReceivedAt.Before(before) {
				return 0, dropped, nil // receipts grow with time: the rest is younger
			}
			continue
		}
		at := place(d.Service, d.Environment)
		if _, ok := stays[at]; !ok {
			if stays[at], err = l.oldSuccesses(ctx, at, keep); err != nil {
				return 0, dropped, err
			}
		}
		receipt := strconv.FormatInt(d.Receipt, 10)
		member, old := stays[at][receipt]
		if d.Status == domain.Success && !old {
			continue
		}
		if err := l.dropDeployment(ctx, d, member); err != nil {
			return 0, dropped, err
		}
		dropped++
	}
	if to >= last {
		return 0, dropped, nil
	}
	return to, dropped, nil
}

// oldSuccesses lists the successes of a target behind the newest keep ones, by
// receipt.
func (l *Ledger) oldSuccesses(ctx context.Context, at string, keep int) (map[string]string, error) {
	members, err := l.db.ZRevRange(ctx, l.keys.successes(at), int64(keep), -1).Result()
	if err != nil {
		return nil, fmt.Errorf("reading old deployments: %w", err)
	}
	out := make(map[string]string, len(members))
	for _, m := range members {
		if i := slices.Index([]byte(m), '/'); i >= 0 {
			n, err := strconv.ParseInt(m[i+1:], 10, 64)
			if err == nil {
				out[strconv.FormatInt(n, 10)] = m
			}
		}
	}
	return out, nil
}

func (l *Ledger) dropDeployment(ctx context.Context, d domain.Deployment, success string) error {
	at, receipt := place(d.Service, d.Environment), strconv.FormatInt(d.Receipt, 10)
	args := []any{receipt, at + "/" + escape(d.ID), fmt.Sprintf("%s\n%020d", d.ID, d.Receipt), success}
	for _, s := range domain.DeploymentStatuses {
		args = append(args, string(s))
	}
	keys := append(append(l.keys.queue(), l.keys.deploymentKeys()...), l.keys.ofTarget(at), l.keys.ofService(escape(d.Service)), l.keys.successes(at))
	return outcome(l.run(ctx, dropDeploymentScript, keys, args...), "forgetting deployment %d", d.Receipt)
}

// TrimEvents forgets events of the stream that are older than a time.
func (l *Ledger) TrimEvents(ctx context.Context, before time.Time) error {
	if err := l.db.XTrimMinID(ctx, l.keys.events(), strconv.FormatInt(before.UnixMilli(), 10)).Err(); err != nil {
		return fmt.Errorf("trimming the events: %w", err)
	}
	return nil
}
