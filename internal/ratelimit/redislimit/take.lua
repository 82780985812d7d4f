-- Decides on a call by the server's clock and counts it if it is admitted.
--
-- KEYS     1 the epoch's record
--          2 log of the key
--          3 for a key with a name: log that the names of its identity share
--          4 for a key with a name: names of its identity
-- ARGV     1 epoch
--          2 calls that a window admits, by the caller's settings
--          3 us of the window, by the caller's settings
--          4 1 to count, 0 to peek
--          5 the caller's name
--          6 for a key with a name: its digest
--          7 for a key with a name: how many names have logs of their own
-- returns  {result, now, writes, calls left, wait, 1 if the shared log has decided, calls of the caller that were
--          counted}; times in us
--
-- A log is a string of stamps, oldest first: us modulo 2^32, about 71 minutes, in 4 bytes. That is unambiguous,
-- because a log has no stamp of more than ten minutes when its newest one is added, and expires soon after that one has
-- left the window. Stamps stay for ten minutes, as far as calls allow, so that a longer window finds them. Names are a
-- string of 20 bytes each: the digest and the stamp of the last call. The last call that counts in the shared log because
-- of its name is there too, with a digest of zeros.

local refused, admitted, fenced, other_epoch, evicted = 0, 1, 2, 3, 4
local longest = 600000000

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local counter = 'n:' .. ARGV[5]
local record = redis.call('HMGET', KEYS[1], 'id', 'fence', 'beat', counter, 'calls', 'window', 'evicted')
if record[1] ~= ARGV[1] then
  return {other_epoch, now, 0, 0, 0, 0, 0}
end
local fence, writes, counted = tonumber(record[2]), tonumber(record[3]), tonumber(record[4]) or 0
if now < fence then
  return {fenced, now, writes, 0, fence - now, 0, counted}
end

-- The strictest settings of all instances.
local calls, window = tonumber(ARGV[2]), tonumber(ARGV[3])
calls, window = math.min(calls, tonumber(record[5]) or calls), math.max(window, tonumber(record[6]) or window)
local ttl = math.ceil(window / 1000) + 1000

-- age returns the us since a stamp. It is negative if the clock was set back since.
local function age(s, at)
  return (now - struct.unpack('>I4', s, at) + 2147483648) % 4294967296 - 2147483648
end

-- older returns how many stamps of a log are older than a span, by binary search.
local function older(stamps, span)
  local first, past = 0, #stamps / 4
  while first < past do
    local middle = math.floor((first + past) / 2)
    if age(stamps, middle * 4 + 1) < span then
      past = middle
    else
      first = middle + 1
    end
  end
  return first
end

-- may_evict reports whether the server has evicted keys in this epoch, or may.
local function may_evict()
  local stats, memory = redis.pcall('INFO', 'stats'), redis.pcall('INFO', 'memory')
  if type(stats) ~= 'string' or type(memory) ~= 'string' then
    return false -- some servers do not allow INFO in scripts
  end
  local keys, before = tonumber(string.match(stats, 'evicted_keys:(%d+)')) or 0, tonumber(record[7])
  if before and keys < before then -- the server's statistics were reset
    redis.call('HSET', KEYS[1], 'evicted', keys)
  end
  return keys > (before or keys) or not string.find(memory, 'maxmemory_policy:noeviction', 1, true)
end

-- A name with calls in its own log counts there. Another one counts in the shared log if as many names as may have their
-- own log do have calls in the window, or if calls of a name are left in the shared log: it could be its own.
local log, shared, others, overflow = KEYS[2], 0, '', ''
local name, most, nobody, names = ARGV[6], ARGV[7], string.rep('\0', 16), ''
if name then
  names = redis.call('GET', KEYS[4])
  local known = false
  for at = 1, #(names or ''), 20 do
    if age(names, at + 16) < window then
      local digest, entry = string.sub(names, at, at + 15), string.sub(names, at, at + 19)
      if digest == name then
        known = true
      elseif digest == nobody then
        overflow = entry
      else
        others = others .. entry
      end
    end
  end
  if not known and (overflow ~= '' or #others >= most * 20) then
    log, shared = KEYS[3], 1
  end
end

local stamps = redis.call('GET', log)
if (not stamps or not names) and may_evict() then
  return {evicted, now, 0, 0, 0, 0, 0}
end
stamps = stamps or ''
local n, first = #stamps / 4, older(stamps, window)

local result = refused
if n - first < calls then
  result = admitted
  if ARGV[4] == '1' then
    local at = now
    if n > 0 then
      at = now - math.min(0, age(stamps, n * 4 - 3)) -- stamps stay in order if the clock was set back a little
    end
    local stamp = struct.pack('>I4', at % 4294967296)
    local drop = math.max(older(stamps, longest), n + 1 - calls, 0)
    stamps = string.sub(stamps, drop * 4 + 1) .. stamp
    n, first = n - drop + 1, math.max(first - drop, 0)
    redis.call('SET', log, stamps, 'PX', ttl)
    writes, counted = redis.call('HINCRBY', KEYS[1], 'beat', 1), redis.call('HINCRBY', KEYS[1], counter, 1)
    if shared == 1 then
      redis.call('SET', KEYS[4], others .. nobody .. stamp, 'PX', ttl)
    elseif name then
      redis.call('SET', KEYS[4], others .. overflow .. name .. stamp, 'PX', ttl)
    end
  end
end

local count, wait = n - first, 0
if count > 0 then
  local leaves = first + math.max(count - calls, 0) -- more than calls if an instance had a higher limit
  wait = window - age(stamps, leaves * 4 + 1)
end
return {result, now, writes, math.max(calls - count, 0), wait, shared, counted}
