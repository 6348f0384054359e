import { Script } from './script.ts';
import { opening, reading, writing } from './script-parts.ts';

/** Records in the order of an index, from a rank on; what is gone has left no record. */
export const listScript = new Script(
  'no-writes',
  opening,
  reading,
  `
local index_key, offset, limit = unpack(ARGV, 3)
local ids = redis.call('ZRANGE', index_key, offset, offset + limit - 1)
local replies = {}
for _, each in ipairs(ids) do
  local keys = prefix .. '{' .. each .. '}'
  local record = load(keys .. ':m', keys .. ':l')
  if record then replies[#replies + 1] = reply(record, keys .. ':w') end
end
return { #ids, replies }
`,
);

/** Counts streams, open ones, events and bytes from a rank on. Entries that are no events are left out. */
export const statisticsScript = new Script(
  'no-writes',
  opening,
  reading,
  `
local offset, limit = unpack(ARGV, 3)
local ids = redis.call('ZRANGE', created_key, offset, offset + limit - 1)
local streams, open, events, bytes = 0, 0, 0, 0
for _, each in ipairs(ids) do
  local keys = prefix .. '{' .. each .. '}'
  local record = load(keys .. ':m', keys .. ':l')
  if record then
    streams = streams + 1
    if record.status == 'open' then open = open + 1 end
    local from = tonumber(redis.call('HGET', keys .. ':m', 'snapshot_at') or '1')
    local others = record.status == 'sealed' and 2 or 1
    for _, takeover in ipairs(cjson.decode(record.bases)) do
      if takeover[2] + 1 > from then others = others + 1 end
    end
    events = events + math.max(0, redis.call('XLEN', keys .. ':l') - others)
    for _, suffix in ipairs({ ':m', ':l', ':w', ':c' }) do bytes = bytes + (redis.call('MEMORY', 'USAGE', keys .. suffix) or 0) end
  end
end
return { #ids, streams, open, events, bytes }
`,
);

export const cleanScript = new Script('allow-oom', opening, writing, `return clean(tonumber(ARGV[3]))`);
