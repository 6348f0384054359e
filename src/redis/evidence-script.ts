import { Script } from './script.ts';

/**
 * One round: what a process puts up takes the place of what it put up before, what nobody keeps any more goes, and what the others have put up
 * is given, with its age in milliseconds, the newest first. All times are Redis's own.
 *
 * `until` is a sorted set of processes by the time at which what they put up goes; `reports` a hash of it, each behind the time at which it came.
 * It needs no memory that was not there before, but for a process that is new; so it works where memory has run out.
 */
export const exchangeScript = new Script(
  'allow-oom',
  `
local until_key, reports_key = unpack(KEYS)
local node, report, keep_for, max_nodes, max_reply = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function whole(number) return string.format('%.0f', number) end

local function forget(nodes)
  if #nodes == 0 then return end
  redis.call('ZREM', until_key, unpack(nodes))
  redis.call('HDEL', reports_key, unpack(nodes))
end

forget(redis.call('ZRANGEBYSCORE', until_key, '-inf', whole(now), 'LIMIT', 0, 1000))
redis.call('ZADD', until_key, whole(now + keep_for), node)
redis.call('HSET', reports_key, node, whole(now) .. ' ' .. report)
local surplus = redis.call('ZCARD', until_key) - max_nodes
if surplus > 0 then forget(redis.call('ZRANGE', until_key, 0, math.min(surplus, 1000) - 1)) end

local last = redis.call('ZREVRANGE', until_key, 0, 0, 'WITHSCORES')
if last[2] then
  redis.call('PEXPIREAT', until_key, last[2])
  redis.call('PEXPIREAT', reports_key, last[2])
end

local found = {}
local all = redis.call('HGETALL', reports_key)
for i = 1, #all, 2 do
  local at, text = string.match(all[i + 1], '^(%d+) (.*)$')
  if all[i] ~= node and at then found[#found + 1] = { node = all[i], at = tonumber(at), text = text } end
end
table.sort(found, function(one, other) return one.at > other.at end)
local reply, size = {}, 0
for _, each in ipairs(found) do
  size = size + #each.text
  if size > max_reply then break end
  reply[#reply + 1] = each.node
  reply[#reply + 1] = whole(math.max(0, now - each.at))
  reply[#reply + 1] = each.text
end
return reply
`,
);
