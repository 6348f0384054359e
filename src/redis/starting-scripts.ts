import { Script } from './script.ts';
import { opening, reading, writing } from './script-parts.ts';

/**
 * Makes a stream, and the mapping of its idempotency key. A mapping whose stream is gone is overwritten.
 *
 * The same call again finds what the first one made.
 */
export const createScript = new Script(
  '',
  opening,
  reading,
  writing,
  `
local owner, lease, ttl, init, takeover, max_takeovers, deadline, tag, mapping = unpack(ARGV, 3)
local is_known = false
if mapping ~= '' then
  local other = redis.call('GET', mapping)
  local keys = prefix .. '{' .. (other or id) .. '}'
  local record = other and load(keys .. ':m', keys .. ':l')
  if record and other ~= id then return { 'exists', reply(record, keys .. ':w') } end
  is_known = record
end
local record = load(record_key, log_key)
if record then
  local is_same_call = record.init == init and record.owner == owner and record.epoch == '1' and record.status == 'open'
  if not is_same_call and not is_known then return { 'conflict' } end
  return { is_same_call and 'created' or 'exists', reply(record, watchers_key) }
end
if redis.call('EXISTS', log_key) == 1 then return { 'conflict' } end
clean(8)
local member = tag .. ' ' .. id
redis.call('HSET', record_key, 'init', init, 'status', 'open', 'owner', owner, 'until', whole(now + lease), 'lease', lease, 'epoch', '1',
  'last', '1', 'takeovers', '0', 'cancelled', '0', 'created', whole(now), 'takeover', takeover, 'max_takeovers', max_takeovers,
  'deadline', deadline, 'bases', '[]', 'member', member)
redis.call('XADD', log_key, '1-1', 'b', '')
if mapping ~= '' then
  redis.call('SET', mapping, id, 'PX', ttl)
  redis.call('HSET', record_key, 'mapping', mapping)
end
redis.call('ZADD', created_key, whole(now), id)
if tag ~= '' then redis.call('ZADD', created_key .. ':' .. tag, whole(now), id) end
keep(ttl)
return { 'created', reply(load(record_key, log_key), watchers_key) }
`,
);

/** Seals a stream that nobody holds, or makes the caller its holder: the fence is written first, in the same script. */
export const takeScript = new Script(
  'allow-oom',
  opening,
  reading,
  writing,
  `
local owner, lease, ttl, sealed_ttl, call = unpack(ARGV, 3)
local record = load(record_key, log_key)
if not record then return { 'absent' } end
if record.status == 'lost' then
  lose(record, sealed_ttl)
  return { 'lost' }
end
if record.status == 'sealed' then return { 'sealed', reply(record, watchers_key) } end
local takeover, max_takeovers, deadline, taken_by = unpack(redis.call('HMGET', record_key, 'takeover', 'max_takeovers', 'deadline', 'taken_by'))
if tonumber(record['until']) > now then
  return { taken_by == call and 'taken' or 'held', reply(record, watchers_key) }
end
if record.cancelled == '1' then
  seal(record, 'cancelled', sealed_ttl)
  return { 'sealed', reply(record, watchers_key) }
end
local has_tool_call = record.progress ~= '' and cjson.decode(record.progress).hasToolCall
local is_late = deadline ~= '' and tonumber(deadline) <= now
if takeover == 'fail' or is_late or tonumber(record.takeovers) >= tonumber(max_takeovers) or (has_tool_call and takeover ~= 'resume') then
  seal(record, 'interrupted', sealed_ttl)
  return { 'sealed', reply(record, watchers_key) }
end
local epoch, base = whole(record.epoch + 1), record.last
redis.call('XADD', log_key, epoch .. '-' .. whole(base + 1), 't', base, 'p', record.progress)
local bases = cjson.decode(record.bases)
bases[#bases + 1] = { epoch, base }
redis.call('HSET', record_key, 'owner', owner, 'until', whole(now + lease), 'lease', lease, 'epoch', epoch,
  'takeovers', whole(record.takeovers + 1), 'bases', cjson.encode(bases), 'taken_by', call)
keep(ttl)
return { 'taken', reply(load(record_key, log_key), watchers_key) }
`,
);

/** Seals a stream that nobody holds; the holder of another is told. */
export const cancelScript = new Script(
  'allow-oom',
  opening,
  reading,
  writing,
  `
local ttl, sealed_ttl = unpack(ARGV, 3)
local record = load(record_key, log_key)
if not record then return nil end
if record.status == 'lost' then
  lose(record, sealed_ttl)
elseif record.status == 'open' then
  redis.call('HSET', record_key, 'cancelled', '1')
  record.cancelled = '1'
  if tonumber(record['until']) <= now then
    seal(record, 'cancelled', sealed_ttl)
  else
    local control_key = prefix .. 'control:' .. record.owner
    redis.call('XADD', control_key, 'MAXLEN', '~', 1024, '*', 'id', id)
    redis.call('PEXPIRE', control_key, ttl)
  end
end
return reply(record, watchers_key)
`,
);
