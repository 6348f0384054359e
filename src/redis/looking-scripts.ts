import { Script } from './script.ts';
import { opening, reading, writing } from './script-parts.ts';

export const getScript = new Script(
  'no-writes',
  opening,
  reading,
  `
local record = load(record_key, log_key)
return record and reply(record, watchers_key)
`,
);

export const watchScript = new Script(
  'allow-oom',
  opening,
  reading,
  `
local watcher, duration = unpack(ARGV, 3)
local record = load(record_key, log_key)
if not record then return nil end
redis.call('ZREMRANGEBYSCORE', watchers_key, '-inf', whole(now))
redis.call('ZADD', watchers_key, whole(now + duration), watcher)
redis.call('PEXPIRE', watchers_key, math.max(redis.call('PTTL', watchers_key), duration))
return reply(record, watchers_key)
`,
);

/** What a reader has to know before it begins: the record, how far the log reaches, the takeovers, the snapshot's place, the lease. */
export const openScript = new Script(
  'no-writes',
  opening,
  reading,
  `
local record = load(record_key, log_key)
if not record then return nil end
local first = redis.call('XRANGE', log_key, '-', '+', 'COUNT', 1)[1]
local snapshot_at = redis.call('HGET', record_key, 'snapshot_at')
return { reply(record, watchers_key), first and first[1] or '', record.last_epoch or record.epoch, record.bases, snapshot_at or '', record.lease }
`,
);

/** The same for many, as a look in between: for each pair of keys the status, the place of the last entry and the lease. */
export const checkScript = new Script(
  'no-writes',
  reading,
  `
local replies = {}
for i = 1, #KEYS, 2 do
  local record = load(KEYS[i], KEYS[i + 1])
  replies[#replies + 1] = record and { record.status, record.last, record.lease } or { 'absent', '0', '0' }
end
return replies
`,
);

/** One claim succeeds: that of the call which is named in it, should it be made again. */
export const claimScript = new Script(
  'allow-oom',
  opening,
  `
local tool_call, call = unpack(ARGV, 3)
local left = redis.call('PTTL', record_key)
if left < 1 then return 0 end
redis.call('HSETNX', claims_key, tool_call, call)
redis.call('PEXPIRE', claims_key, left)
return redis.call('HGET', claims_key, tool_call) == call and 1 or 0
`,
);

export const deleteScript = new Script(
  'allow-oom',
  opening,
  writing,
  `
local member, mapping = unpack(redis.call('HMGET', record_key, 'member', 'mapping'))
if mapping and redis.call('GET', mapping) == id then redis.call('DEL', mapping) end
if member then drop(member) end
redis.call('DEL', record_key, log_key, watchers_key, claims_key)
return member and 1 or 0
`,
);
