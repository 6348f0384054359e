/** The key names and the clock; every script of one stream begins with it. */
export const opening = `
local record_key, log_key, watchers_key, claims_key, created_key, expires_key = unpack(KEYS)
local id, prefix = ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local sealed_id = '18446744073709551615-18446744073709551615'
local function whole(number) return string.format('%.0f', number) end
`;

/**
 * Reading: `load` gives the record as a table, or nil. An open stream whose log is empty is lost; what is last, and how far the producer had
 * come, is told by the log as long as it is open.
 */
export const reading = `
local fields = { 'init', 'status', 'owner', 'until', 'epoch', 'last', 'takeovers', 'cancelled', 'created', 'outcome', 'progress', 'lease', 'bases' }

local function last_entry(key)
  local entry = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  if not entry then return nil end
  local epoch, sequence = string.match(entry[1], '^(%d+)-(%d+)$')
  local progress = ''
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'p' then progress = entry[2][i + 1] end
  end
  return { epoch = epoch, sequence = sequence, progress = progress }
end

local function load(key, log)
  local values = redis.call('HMGET', key, unpack(fields))
  if not values[1] then return nil end
  local record = { key = key }
  for i, field in ipairs(fields) do record[field] = values[i] or '' end
  if record.status == 'open' then
    local entry = last_entry(log)
    if entry then
      record.last, record.progress, record.last_epoch = entry.sequence, entry.progress, entry.epoch
    else
      record.status = 'lost'
    end
  end
  return record
end

local function reply(record, watchers)
  local left = 0
  if record.status == 'open' then left = math.max(0, record['until'] - now) end
  return {
    record.init, record.status, record.owner, whole(left), record.epoch, record.last, record.takeovers, record.cancelled, record.created,
    record.outcome, record.progress, tostring(redis.call('ZCOUNT', watchers, whole(now + 1), '+inf')),
  }
end
`;

/** Writing: the index, the times to live, and the end. */
export const writing = `
local function drop(member)
  local tag, old = string.match(member, '^(%S*) (.*)$')
  redis.call('ZREM', expires_key, member)
  redis.call('ZREM', created_key, old)
  if tag ~= '' then redis.call('ZREM', created_key .. ':' .. tag, old) end
end

local function clean(count)
  local dropped = 0
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', expires_key, '-inf', whole(now), 'LIMIT', 0, count)) do
    local _, old = string.match(member, '^(%S*) (.*)$')
    local left = redis.call('PTTL', prefix .. '{' .. old .. '}:m')
    if left > 0 then
      redis.call('ZADD', expires_key, whole(now + left), member)
    else
      drop(member)
      dropped = dropped + 1
    end
  end
  return dropped
end

local function keep(ttl)
  redis.call('PEXPIRE', record_key, ttl)
  redis.call('PEXPIRE', log_key, ttl)
  redis.call('PEXPIRE', claims_key, ttl)
  local member, mapping = unpack(redis.call('HMGET', record_key, 'member', 'mapping'))
  if mapping and redis.call('GET', mapping) == id then redis.call('PEXPIRE', mapping, ttl) end
  redis.call('ZADD', expires_key, whole(now + ttl), member)
end

local function lose(record, ttl)
  redis.call('HSET', record_key, 'status', 'lost', 'last', record.last)
  record.status = 'lost'
  keep(ttl)
end

local function seal(record, outcome, ttl)
  redis.call('XADD', log_key, sealed_id, 's', record.last, 'o', outcome)
  redis.call('HSET', record_key, 'status', 'sealed', 'outcome', outcome, 'last', record.last, 'progress', record.progress, 'until', '0')
  record.status, record.outcome = 'sealed', outcome
  keep(ttl)
end
`;

/** For the holder: `refusal` says why it may not write, or nil. An epoch that Redis does not know is of a time that it has forgotten. */
export const holding = `
local function refusal(record, epoch)
  if not record or record.status == 'lost' then return 'lost' end
  if record.status == 'sealed' then return 'sealed' end
  if record.epoch == epoch then return nil end
  return tonumber(epoch) < tonumber(record.epoch) and 'fenced' or 'lost'
end
`;
