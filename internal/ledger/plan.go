package ledger

import (
	"strconv"
)

// plan is one call of the record script: its keys, its words, and the beliefs
// on which it rests, in the order in which the script checks them.
type plan struct {
	keys []string
	args []any

	index  map[string]string // key → its position, as a word
	fields []string          // tickets
	ids    []string          // items

	knownTicket map[string]string
	knownItem   map[string]bool
	words       []any // of the event that is being planned
}

// plan turns a batch into a call, trusting what the committer believes.
func (c *committer) plan(batch []*pending) *plan {
	k := c.l.keys
	p := &plan{
		index:       map[string]string{},
		knownTicket: map[string]string{},
		knownItem:   map[string]bool{},
	}
	p.keys = append(append(append(p.keys, k.queue()...), k.deploymentKeys()...), k.events(), k.tickets(), k.pushed(), k.seen(), k.seenBefore())

	var events []any
	for _, ev := range batch {
		p.words = p.words[:0]
		c.planEvent(p, &ev.prepared)
		events = append(events, ev.seen, ev.nonce, ev.json, len(p.words))
		events = append(events, p.words...)
	}

	p.args = append(p.args, k.channel(), c.l.nowMS(), seenFor.Milliseconds(), eventsKept, claimsFor.Milliseconds(), claimsKept, len(p.fields))
	for _, f := range p.fields {
		p.args = append(p.args, f, p.knownTicket[f])
	}
	p.args = append(p.args, len(p.ids))
	for _, id := range p.ids {
		want := 0
		if p.knownItem[id] {
			want = 1
		}
		p.args = append(p.args, p.key(k.log(id)), want)
	}
	p.args = append(append(p.args, len(batch)), events...)
	return p
}

func (c *committer) planEvent(p *plan, ev *prepared) {
	k := c.l.keys
	for _, f := range ev.fields {
		if item := c.ticket(p, f); item != "" {
			p.words = append(p.words, "fact", p.key(k.log(item)), itemSubject(item), ev.fact)
			break
		}
	}
	for _, cl := range ev.claims {
		item := cl.item
		if item == "" || !c.exists(p, item) {
			item = ""
			if cl.field != "" {
				item = c.ticket(p, cl.field)
			}
		}
		switch {
		case item != "":
			p.words = append(p.words, "fact", p.key(k.log(item)), itemSubject(item), cl.entry)
		case cl.field != "":
			p.words = append(p.words, "keep", p.key(k.claims(cl.field)), cl.entry)
		}
	}
	if ev.repo != "" {
		p.words = append(p.words, "pushed", ev.repo, ev.pushedAt)
	}
	if ev.subject != "" {
		p.words = append(p.words, "touch", ev.subject)
	}
	for i := range ev.deployments {
		p.words = append(append(p.words, "deployed"), ev.deployments[i].words(k, p.key)...)
	}
}

// key returns the position of a key in KEYS, declaring it when it is new.
func (p *plan) key(k string) string {
	at, ok := p.index[k]
	if !ok {
		p.keys = append(p.keys, k)
		at = strconv.Itoa(len(p.keys))
		p.index[k] = at
	}
	return at
}

// ticket returns the item of a ticket as we believe it, and notes the belief.
func (c *committer) ticket(p *plan, field string) string {
	item, ok := p.knownTicket[field]
	if !ok {
		item = c.tickets[field]
		p.knownTicket[field] = item
		p.fields = append(p.fields, field)
	}
	return item
}

func (c *committer) exists(p *plan, id string) bool {
	known, ok := p.knownItem[id]
	if !ok {
		known = c.items[id]
		p.knownItem[id] = known
		p.ids = append(p.ids, id)
	}
	return known
}

// recordScript stores a batch of events.
//
//	KEYS: queue, deploymentKeys, events, tickets, pushed, seen, seenBefore, then
//	      as the words say
//	ARGV: channel, now, seen for, events kept, claims TTL, claims kept,
//	      n, n times (refField, item or ''),
//	      n, n times (key of an item's log, 1 if it exists else 0),
//	      n, n times (seenField, nonce, JSON, w, w words):
//	        fact <log> <subject> <entry>   into the item's ledger; it is due
//	        keep <list> <entry>            a claim for a ticket tracked later
//	        pushed <repo> <at>
//	        touch <subject>                it is due
//	        deployed <words of a deployment>
//	      (keys are given as positions in KEYS)
//	Result: {"wrong", item or '' per ticket, 1 or 0 per item} with nothing done,
//	      or {"done", 1 if a subject is due, then per event: 0 seen before,
//	      1 new, 1 + n new with n contradictory deployments}
//
// The nonce is the event's and this process's own: found with the delivery, it
// is our own write that a broken connection hid from us. It is set last: an
// event at which the server stopped the script is not taken for stored. One that
// was seen before is noted again: a store that waits for the disk waits after a
// write only, and the first one may not be there yet.
var recordScript = queueScript(deploymentPrelude + recordBody)

const recordBody = `
local channel, now, seenFor, kept, claimTTL, claimCap = arg(), arg(), arg(), arg(), arg(), arg()
local wrong, found = false, {'wrong'}
for i = 1, tonumber(arg()) do
  local field, want = arg(), arg()
  local item = redis.call('HGET', KEYS[10], field) or ''
  if item ~= want then wrong = true end
  found[#found + 1] = item
end
for i = 1, tonumber(arg()) do
  local log, want = arg(), arg()
  local there = redis.call('EXISTS', KEYS[tonumber(log)])
  if tostring(there) ~= want then wrong = true end
  found[#found + 1] = there
end
if wrong then return found end

-- Two hashes in turn cost less, in time and in memory, than a key with an end
-- of its own for each delivery. A clock that was put back turns them too.
local since = redis.call('HGET', KEYS[12], 'since')
if since and math.abs(tonumber(now) - tonumber(since)) >= tonumber(seenFor) then
  redis.call('UNLINK', KEYS[13])
  redis.call('RENAME', KEYS[12], KEYS[13])
  since = false
end
if not since then redis.call('HSET', KEYS[12], 'since', now) end
local before = redis.call('EXISTS', KEYS[13]) == 1

local out, due = {'done', 0}, 0
local touched = {}
local function touchOnce(subject)
  if not touched[subject] then touch(subject, now); touched[subject] = true end
  due = 1
end
for i = 1, tonumber(arg()) do
  local seen, nonce, json, words = arg(), arg(), arg(), tonumber(arg())
  local last = a + words
  local first = 1
  local by, older = redis.call('HGET', KEYS[12], seen), false
  if not by and before then by, older = redis.call('HGET', KEYS[13], seen), true end
  if not by then
    while a < last do
      local op = arg()
      if op == 'fact' then
        local log, subject, entry = tonumber(arg()), arg(), arg()
        redis.call('RPUSH', KEYS[log], entry)
        touchOnce(subject)
      elseif op == 'keep' then
        local list, entry = tonumber(arg()), arg()
        redis.call('RPUSH', KEYS[list], entry)
        redis.call('LTRIM', KEYS[list], -claimCap, -1)
        redis.call('PEXPIRE', KEYS[list], claimTTL)
      elseif op == 'pushed' then
        local repo, at = arg(), arg()
        local old = redis.call('HGET', KEYS[11], repo)
        if not old or tonumber(old) < tonumber(at) then redis.call('HSET', KEYS[11], repo, at) end
      elseif op == 'touch' then
        touchOnce(arg())
      elseif op == 'deployed' then
        local what = deploy(now)
        if what == 'new' then due = 1 end
        if what == 'conflict' then first = first + 1 end
      else
        return redis.error_reply('unknown word in the record script')
      end
    end
    redis.call('XADD', KEYS[9], '*', 'e', json)
    redis.call('HSET', KEYS[12], seen, nonce)
  else
    a = last
    if by ~= nonce then first = 0 end
    if older then redis.call('HSET', KEYS[13], seen, by) else redis.call('HSET', KEYS[12], seen, by) end
  end
  out[#out + 1] = first
end
redis.call('XTRIM', KEYS[9], 'MAXLEN', '~', kept)
if due == 1 then out[2] = 1; wake(channel) end
return out
`
