package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// deployScript stores one report.
//
//	KEYS: queue, deploymentKeys, then as the words say
//	ARGV: channel, now, the words of the deployment
//	Result: {what, receipt, stored JSON}
var deployScript = queueScript(deploymentPrelude + `
local channel, now = arg(), arg()
local what, receipt = deploy(now)
if what == 'new' then wake(channel) end
return {what, receipt, redis.call('HGET', KEYS[6], receipt)}
`)

// RecordDeployment stores a report. Who it is, is (service, environment, id);
// without an id it gets one. Repeated is the same id and status with no later
// FinishedAt, and returns the report that is stored. Where it has no time of its
// own, a higher Percent than the last one's makes it a later report: a roll-out
// that goes on under one id. Conflict is the same id
// with another SHA; it returns the last report with that id. A new report makes
// its subject "deployment/<receipt>" due.
func (l *Ledger) RecordDeployment(ctx context.Context, d domain.Deployment) (domain.Deployment, DeploymentResult, error) {
	p, err := l.prepareDeployment(d)
	if err != nil {
		return domain.Deployment{}, 0, err
	}
	keys := append(l.keys.queue(), l.keys.deploymentKeys()...)
	words := p.words(l.keys, func(k string) string {
		keys = append(keys, k)
		return strconv.Itoa(len(keys))
	})
	reply, err := l.run(ctx, deployScript, keys, append([]any{l.keys.channel(), l.nowMS()}, words...)...).StringSlice()
	if err != nil {
		return domain.Deployment{}, 0, fmt.Errorf("recording a deployment of %s to %s: %w", d.Service, d.Environment, err)
	}
	stored, err := decodeDeployment(reply[1], reply[2])
	if err != nil {
		return domain.Deployment{}, 0, err
	}
	switch reply[0] {
	case "repeated":
		return stored, Repeated, nil
	case "conflict":
		return stored, Conflict, nil
	}
	l.wake.all()
	return stored, Recorded, nil
}

// Deployment returns one report.
func (l *Ledger) Deployment(ctx context.Context, receipt int64) (domain.Deployment, error) {
	r := strconv.FormatInt(receipt, 10)
	stored, err := l.db.HGet(ctx, l.keys.deployments(), r).Result()
	if errors.Is(err, redis.Nil) {
		err = ErrNotFound
	}
	if err != nil {
		return domain.Deployment{}, fmt.Errorf("deployment %d: %w", receipt, err)
	}
	return decodeDeployment(r, stored)
}

// DeploymentByID returns all reports with this id, of every service and
// environment, newest receipt first; none is no error.
func (l *Ledger) DeploymentByID(ctx context.Context, id string) ([]domain.Deployment, error) {
	members, err := l.db.ZRevRangeByLex(ctx, l.keys.byDeployment(),
		&redis.ZRangeBy{Min: "[" + id + "\n", Max: "(" + id + "\v", Count: 1000}).Result()
	if err != nil {
		return nil, fmt.Errorf("deployments with id %q: %w", cut(id), err)
	}
	receipts := make([]string, 0, len(members))
	for _, m := range members {
		receipts = append(receipts, strings.TrimLeft(m[strings.LastIndexByte(m, '\n')+1:], "0"))
	}
	return l.deployments(ctx, receipts)
}

// deployments reads reports in the order of their receipts.
func (l *Ledger) deployments(ctx context.Context, receipts []string) ([]domain.Deployment, error) {
	out := make([]domain.Deployment, 0, len(receipts))
	for chunk := range slices.Chunk(receipts, 256) {
		stored, err := l.db.HMGet(ctx, l.keys.deployments(), chunk...).Result()
		if err != nil {
			return nil, fmt.Errorf("reading deployments: %w", err)
		}
		for i, s := range stored {
			text, ok := s.(string)
			if !ok {
				continue
			}
			d, err := decodeDeployment(chunk[i], text)
			if err != nil {
				l.damaged(ctx, "deployment/"+chunk[i], text, err)
				continue
			}
			out = append(out, d)
		}
	}
	return out, nil
}

// Deployments lists at most limit reports, newest receipt first, with receipts
// below before (0: from the newest). An empty service or environment stands for
// any.
func (l *Ledger) Deployments(ctx context.Context, service, environment string, before int64, limit int) ([]domain.Deployment, error) {
	switch {
	case limit <= 0:
		return nil, nil
	case service == "":
		return l.scanDeployments(ctx, environment, before, limit)
	}
	index := l.keys.ofService(escape(service))
	if environment != "" {
		index = l.keys.ofTarget(place(service, environment))
	}
	top := "+inf"
	if before > 0 {
		top = "(" + strconv.FormatInt(before, 10)
	}
	receipts, err := l.db.ZRevRangeByScore(ctx, index, &redis.ZRangeBy{Min: "-inf", Max: top, Count: int64(limit)}).Result()
	if err != nil {
		return nil, fmt.Errorf("listing deployments: %w", err)
	}
	return l.deployments(ctx, receipts)
}

// scanDeployments walks down all receipts, for lists over all services.
func (l *Ledger) scanDeployments(ctx context.Context, environment string, before int64, limit int) ([]domain.Deployment, error) {
	last, err := l.db.Get(ctx, l.keys.receipts()).Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("listing deployments: %w", err)
	}
	if before <= 0 {
		before = math.MaxInt64
	}
	var out []domain.Deployment
	for r := min(last, before-1); r > 0 && len(out) < limit; {
		var receipts []string
		for ; r > 0 && len(receipts) < 256; r-- {
			receipts = append(receipts, strconv.FormatInt(r, 10))
		}
		ds, err := l.deployments(ctx, receipts)
		if err != nil {
			return nil, err
		}
		for _, d := range ds {
			if (environment == "" || d.Environment == environment) && len(out) < limit {
				out = append(out, d)
			}
		}
	}
	return out, nil
}

// successesScript reads the newest successes of several targets.
//
//	KEYS: deployments, successes of each target   ARGV: last index
//	Result: for each target {receipt, JSON, …}
var successesScript = redis.NewScript(`
local out = {}
for i = 2, #KEYS do
  local of = {}
  for _, m in ipairs(redis.call('ZREVRANGE', KEYS[i], 0, ARGV[1])) do
    local receipt = string.match(m, '/0*(%d+)$')
    local json = redis.call('HGET', KEYS[1], receipt)
    if json then
      of[#of + 1] = receipt
      of[#of + 1] = json
    end
  end
  out[#out + 1] = of
end
return out
`)

// Successes returns at most limit reports with status success for each target,
// those to a part of the traffic included, newest first: by FinishedAt (to the
// microsecond), then by the number at the end of the id, then by receipt. It
// takes one round trip.
func (l *Ledger) Successes(ctx context.Context, targets []domain.Target, limit int) (map[domain.Target][]domain.Deployment, error) {
	out := make(map[domain.Target][]domain.Deployment, len(targets))
	if len(targets) == 0 || limit <= 0 {
		return out, nil
	}
	keys := []string{l.keys.deployments()}
	for _, t := range targets {
		keys = append(keys, l.keys.successes(place(t.Service, t.Environment)))
	}
	reply, err := l.run(l.relax(ctx), successesScript, keys, limit-1).Slice()
	if err != nil {
		return nil, fmt.Errorf("reading successful deployments: %w", err)
	}
	for i, t := range targets {
		words, _ := reply[i].([]any)
		ds := make([]domain.Deployment, 0, len(words)/2)
		for j := 0; j+1 < len(words); j += 2 {
			receipt, _ := words[j].(string)
			text, _ := words[j+1].(string)
			d, err := decodeDeployment(receipt, text)
			if err != nil {
				// Something runs there of which nobody knows the commit: what was
				// live before it must not be taken for live.
				l.damaged(ctx, "deployment/"+receipt, text, err)
				d = domain.Deployment{Service: t.Service, Environment: t.Environment, Status: domain.Success, Percent: 100, Production: true, Handled: true}
				d.Receipt, _ = strconv.ParseInt(receipt, 10, 64)
			}
			ds = append(ds, d)
		}
		out[t] = ds
	}
	return out, nil
}

// updateScript writes what was found out about a report.
//
//	KEYS: queue, deploymentKeys
//	ARGV: subject, token, receipt, JSON before, JSON after, identity, sha or ''
//	Result: code
var updateScript = queueScript(`
local subject, token, receipt, before, after, ident, sha = arg(), arg(), arg(), arg(), arg(), arg(), arg()
if not held(subject, token) then return 0 end
if redis.call('HGET', KEYS[6], receipt) ~= before then return -2 end
redis.call('HSET', KEYS[6], receipt, after)
if sha ~= '' then redis.call('HSETNX', KEYS[7], ident .. ':sha', sha) end
return 1
`)

// UpdateDeployment stores what was found out about the report with d.Receipt:
// SHA where it was empty or a short form of it, Handled, Shipped and TookBack. All else of a report
// never changes; a different SHA is ErrConflict.
func (l *Ledger) UpdateDeployment(ctx context.Context, lease Lease, d domain.Deployment) error {
	receipt := strconv.FormatInt(d.Receipt, 10)
	before, err := l.db.HGet(ctx, l.keys.deployments(), receipt).Result()
	if errors.Is(err, redis.Nil) {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("updating deployment %d: %w", d.Receipt, err)
	}
	stored, err := decodeDeployment(receipt, before)
	if err != nil {
		return err
	}
	// A short form may be completed; another commit is another deployment.
	if stored.SHA != "" && !strings.HasPrefix(strings.ToLower(d.SHA), strings.ToLower(stored.SHA)) {
		return fmt.Errorf("updating deployment %d: its commit is %s, not %s: %w", d.Receipt, stored.SHA, cut(d.SHA), ErrConflict)
	}
	ident := place(stored.Service, stored.Environment) + "/" + escape(stored.ID)
	stored.SHA, stored.Handled, stored.Shipped, stored.TookBack = d.SHA, d.Handled, d.Shipped, d.TookBack
	stored.Receipt = 0
	after, err := json.Marshal(stored)
	if err != nil {
		return fmt.Errorf("updating deployment %d: %w", d.Receipt, err)
	}
	return outcome(l.run(ctx, updateScript, append(l.keys.queue(), l.keys.deploymentKeys()...),
		lease.Subject, lease.Token, receipt, before, after, ident, strings.ToLower(d.SHA)),
		"updating deployment %d", d.Receipt)
}

// PushedAt is when the newest push to the repository's default branch was
// made; zero when none was heard of.
func (l *Ledger) PushedAt(ctx context.Context, repo string) (time.Time, error) {
	ms, err := l.db.HGet(ctx, l.keys.pushed(), repoField(repo)).Int64()
	if errors.Is(err, redis.Nil) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("last push to %s: %w", repo, err)
	}
	return time.UnixMilli(ms).UTC(), nil
}
