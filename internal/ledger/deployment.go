package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/internal/domain"
)

// DeploymentResult says what became of a report.
type DeploymentResult int

// The results of RecordDeployment.
const (
	Recorded DeploymentResult = iota + 1 // stored
	Repeated                             // stored before; nothing happened
	Conflict                             // the id stands for another commit; nothing stored
)

// maxDeploymentID is the longest id of a deployment, in bytes.
const maxDeploymentID = 200

// preparedDeployment is a report as the scripts take it.
type preparedDeployment struct {
	place, target, service string
	id                     string
	sha                    string // lower case
	status                 domain.DeploymentStatus
	finished               int64  // µs
	dated                  string // "1" when the sender said when it finished
	digits                 string // numeric id
	json                   string
	percent                int
}

func (l *Ledger) prepareDeployment(d domain.Deployment) (preparedDeployment, error) {
	if d.Service == "" || d.Environment == "" {
		return preparedDeployment{}, errors.New("a deployment needs a service and an environment")
	}
	if len(d.ID) > maxDeploymentID {
		return preparedDeployment{}, fmt.Errorf("a deployment's id has %d bytes, more than %d", len(d.ID), maxDeploymentID)
	}
	if !utf8.ValidString(d.ID) || strings.ContainsFunc(d.ID, unicode.IsControl) {
		return preparedDeployment{}, errors.New("a deployment's id has characters that can't be printed")
	}
	if d.Status == "" {
		d.Status = domain.Success
	}
	if !slices.Contains(domain.DeploymentStatuses, d.Status) {
		return preparedDeployment{}, fmt.Errorf("a deployment's status is %q: want one of %v", cut(string(d.Status)), domain.DeploymentStatuses)
	}
	if d.ReceivedAt.IsZero() {
		d.ReceivedAt = l.now()
	}
	// Without a time of its own, the same report again is not a later one.
	dated := "1"
	if d.FinishedAt.IsZero() {
		d.FinishedAt, dated = d.ReceivedAt, "0"
	}
	// Microseconds are what a score holds exactly.
	d.FinishedAt = d.FinishedAt.UTC().Truncate(time.Microsecond)
	d.ReceivedAt = d.ReceivedAt.UTC()
	d.Receipt = 0 // given by the store, kept as the field's name
	b, err := json.Marshal(d)
	if err != nil {
		return preparedDeployment{}, err
	}
	if len(b) > maxRecord {
		return preparedDeployment{}, fmt.Errorf("a deployment has %d bytes, more than %d", len(b), maxRecord)
	}
	at := place(d.Service, d.Environment)
	return preparedDeployment{
		place: at, target: at, service: escape(d.Service),
		id: d.ID, sha: strings.ToLower(d.SHA), status: d.Status,
		finished: d.FinishedAt.UnixMicro(), dated: dated, digits: trailingDigits(d.ID), json: string(b), percent: d.Percent,
	}, nil
}

// trailingDigits is the number at the end of an id, without leading zeros, of
// any length; empty when there is none.
func trailingDigits(id string) string {
	head := strings.TrimRight(id, "0123456789")
	return strings.TrimLeft(id[len(head):], "0")
}

// words are what deploy in deploymentPrelude reads.
func (d *preparedDeployment) words(k keys, key func(string) string) []any {
	return []any{
		key(k.ofTarget(d.target)), key(k.ofService(d.service)), key(k.successes(d.target)),
		d.place, escape(d.id), d.id, d.sha, string(d.status), d.finished, d.dated, d.digits, d.json, d.percent,
	}
}

// deploymentKeys are KEYS[5..8] of every script that uses deploymentPrelude.
func (k keys) deploymentKeys() []string {
	return []string{k.receipts(), k.deployments(), k.identities(), k.byDeployment()}
}

// deploymentPrelude gives a script deploy(now), which reads the words of one
// deployment and stores it unless it repeats or contradicts an earlier one. It
// returns 'new', 'repeated' or 'conflict', and the receipt of what is stored.
//
// The member of a success in its sorted set is its numeric id, with its length
// before it so that text order is number order, then its receipt: what ties in
// the score is in the order of the rule without further ado.
const deploymentPrelude = `
-- share is the part of the traffic that a stored report speaks of.
local function share(receipt)
  local read, was = pcall(cjson.decode, redis.call('HGET', KEYS[6], receipt) or '')
  return read and type(was) == 'table' and tonumber(was.percent) or 100
end

local function deploy(now)
  local ofTarget, ofService, successes = tonumber(arg()), tonumber(arg()), tonumber(arg())
  local place, eid, id, sha, status, finished, dated, digits, json = arg(), arg(), arg(), arg(), arg(), arg(), arg(), arg(), arg()
  local percent = tonumber(arg())
  if id ~= '' then
    local ident = place .. '/' .. eid
    local had = redis.call('HMGET', KEYS[7], ident .. ':sha', ident .. ':last', ident .. ':' .. status)
    -- One may be the short form of the other.
    local n = math.min(#sha, #(had[1] or ''))
    if n > 0 and string.sub(had[1], 1, n) ~= string.sub(sha, 1, n) then return 'conflict', had[2] end
    if had[3] then
      local at, receipt = string.match(had[3], '^(%S+) (%S+)$')
      local raised = dated == '0' and percent > share(receipt)
      if not raised and (dated == '0' or tonumber(finished) <= tonumber(at)) then
        redis.call('HSET', KEYS[7], ident .. ':last', had[2]) -- a write, for a store that waits for the disk
        return 'repeated', receipt
      end
    end
  end
  local receipt = tostring(redis.call('INCR', KEYS[5]))
  if id == '' then id = 'd' .. receipt; eid = id; digits = receipt end
  local ident = place .. '/' .. eid
  local order = string.rep('0', 20 - #receipt) .. receipt
  redis.call('HSET', KEYS[6], receipt, json)
  redis.call('HSET', KEYS[7], ident .. ':last', receipt, ident .. ':' .. status, finished .. ' ' .. receipt)
  if sha ~= '' then redis.call('HSET', KEYS[7], ident .. ':sha', sha) end
  redis.call('ZADD', KEYS[8], 0, id .. '\n' .. order)
  redis.call('ZADD', KEYS[ofTarget], receipt, receipt)
  redis.call('ZADD', KEYS[ofService], receipt, receipt)
  if status == 'success' then
    local length = tostring(#digits)
    redis.call('ZADD', KEYS[successes], finished, string.rep('0', 3 - #length) .. length .. digits .. '/' .. order)
  end
  touch('deployment/' .. receipt, now)
  return 'new', receipt
end
`

// decodeDeployment reads a stored report; receipt is the field it stood in.
func decodeDeployment(receipt, stored string) (domain.Deployment, error) {
	var d domain.Deployment
	n, err := strconv.ParseInt(receipt, 10, 64)
	if err == nil {
		err = json.Unmarshal([]byte(stored), &d)
	}
	if err != nil {
		return domain.Deployment{}, fmt.Errorf("reading deployment %s: %w", receipt, err)
	}
	d.Receipt = n
	if d.ID == "" {
		d.ID = "d" + receipt
	}
	return d, nil
}
