import { Script } from './script.ts';
import { holding, opening, reading, writing } from './script-parts.ts';

/** Has the lease run anew. */
export const renewScript = new Script(
  'allow-oom',
  opening,
  reading,
  writing,
  holding,
  `
local epoch, lease, ttl, sealed_ttl = unpack(ARGV, 3)
local record = load(record_key, log_key)
local refused = refusal(record, epoch)
if refused == 'lost' and record then lose(record, sealed_ttl) end
if refused then return { refused, refused == 'sealed' and record.cancelled or '0' } end
redis.call('HSET', record_key, 'until', whole(now + lease), 'lease', lease)
keep(ttl)
return { 'ok', record.cancelled }
`,
);

export const releaseScript = new Script(
  'allow-oom',
  opening,
  reading,
  holding,
  `
local record = load(record_key, log_key)
local refused = refusal(record, ARGV[3])
if refused then return refused end
redis.call('HSET', record_key, 'until', '0')
return 'ok'
`,
);

/** The entry at the sequence stays, so that the log is never empty, for an empty log is a lost one. */
export const rotateScript = new Script(
  'allow-oom',
  opening,
  reading,
  holding,
  `
local epoch, sequence, snapshot = unpack(ARGV, 3)
local record = load(record_key, log_key)
local refused = refusal(record, epoch)
if refused then return refused end
if tonumber(sequence) > tonumber(record.last) then return 'lost' end
local kept = redis.call('HGET', record_key, 'snapshot_at')
if kept and tonumber(kept) >= tonumber(sequence) then return 'ok' end
local written_in = '1'
for _, takeover in ipairs(cjson.decode(record.bases)) do
  if tonumber(takeover[2]) < tonumber(sequence) then written_in = takeover[1] end
end
redis.call('HSET', record_key, 'snapshot', snapshot, 'snapshot_at', sequence, 'snapshot_epoch', written_in)
redis.call('XTRIM', log_key, 'MINID', written_in .. '-' .. sequence)
return 'ok'
`,
);

/** The same call again is `ok`. */
export const sealScript = new Script(
  'allow-oom',
  opening,
  reading,
  writing,
  holding,
  `
local epoch, last, outcome, ttl, forget = unpack(ARGV, 3)
local record = load(record_key, log_key)
local refused = refusal(record, epoch)
if refused == 'sealed' and record.outcome == outcome and redis.call('HGET', record_key, 'sealed_by') == epoch .. '-' .. last then return 'ok' end
if refused == 'lost' and record then lose(record, ttl) end
if refused then return refused end
if record.last ~= last then return 'lost' end
redis.call('HSET', record_key, 'sealed_by', epoch .. '-' .. last)
if forget == '1' then
  local mapping = redis.call('HGET', record_key, 'mapping')
  if mapping and redis.call('GET', mapping) == id then redis.call('DEL', mapping) end
end
seal(record, outcome, ttl)
return 'ok'
`,
);

/** Where a batch stands: `next` where it has yet to be written, `lost` where something before it is gone. */
export const fateScript = new Script(
  'no-writes',
  opening,
  reading,
  holding,
  `
local epoch, first, last = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local record = load(record_key, log_key)
local refused = refusal(record, epoch)
if refused then return refused end
local top, begin = tonumber(record.last), 1
if first == top + 1 then return 'next' end
for _, takeover in ipairs(cjson.decode(record.bases)) do begin = takeover[2] + 1 end
return first > begin and last <= top and 'ok' or 'lost'
`,
);
