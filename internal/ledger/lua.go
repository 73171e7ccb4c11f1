package ledger

import "github.com/redis/go-redis/v9"

// Scripts are assembled from a prelude that they share and a body of their
// own. Conventions: KEYS[1..4] are keys.queue(); every further key that a
// script touches is declared too; times are milliseconds since 1970 unless
// named otherwise. A script checks first and writes afterwards, because Redis
// does not undo what a script did before it failed.

// queuePrelude gives a script
//
//	arg()                 the next word of ARGV, beginning with ARGV[1]
//	held(subject, token)  whether the lease is still the caller's
//	touch(subject, at)    make it due at the earlier of at and what stands; a
//	                      subject that is leased is only marked, so that the
//	                      end of the lease finds it
//	wake(channel)         tell waiting workers to look
//
// A lease whose time is over still counts as one until somebody else claims
// the subject: its holder may yet come back, and would otherwise overwrite the
// touch with its own next time.
const queuePrelude = `
local a = 0
local function arg() a = a + 1; return ARGV[a] end
local function held(subject, token)
  return redis.call('HGET', KEYS[2], subject) == token
end
local function touch(subject, at)
  if redis.call('HEXISTS', KEYS[2], subject) == 1 then
    local old = redis.call('HGET', KEYS[3], subject)
    if not old or tonumber(at) < tonumber(old) then redis.call('HSET', KEYS[3], subject, at) end
  else
    redis.call('ZADD', KEYS[1], 'LT', at, subject)
  end
end
local function wake(channel) redis.pcall('PUBLISH', channel, '') end
`

// indexPrelude gives a script
//
//	reindex(byService, servicesOf, item, services)   services: LF between
const indexPrelude = `
local function reindex(byService, servicesOf, item, services)
  local old = redis.call('HGET', servicesOf, item) or ''
  if old == services then return end
  for s in string.gmatch(old, '[^\n]+') do redis.call('ZREM', byService, s .. '\n' .. item) end
  for s in string.gmatch(services, '[^\n]+') do redis.call('ZADD', byService, 0, s .. '\n' .. item) end
  redis.call('HSET', servicesOf, item, services)
end
`

func queueScript(body string) *redis.Script { return redis.NewScript(queuePrelude + body) }
