-- Decides on a call by the server's clock and, where it is admitted, counts it.
--
-- KEYS  the generation's record and the key's log; for a key with a name also its identity's shared log and names
-- ARGV  the generation, calls, window and time to live in us and ms, 1 to count or 0 to look; with a name its digest
--       and the most names
-- gives {verdict, now, the record's beat, calls left, wait, 1 where the shared log decided}; times in us
--
-- A log is stamps of 7 bytes, oldest first. Names are 16 bytes of digest and the stamp of the last admission each.

local refused, admitted, fenced, gone = 0, 1, 2, 3

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local record = redis.call('HMGET', KEYS[1], 'id', 'fence', 'beat')
if record[1] ~= ARGV[1] then
  return {gone, now, 0, 0, 0, 0}
end
local fence, beat = tonumber(record[2]), tonumber(record[3])
if now < fence then
  return {fenced, now, beat, 0, fence - now, 0}
end

local calls, window, ttl = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local oldest = now - window -- what was stamped after it counts

local function stamp(s, at)
  return (struct.unpack('>I7', s, at))
end

local log, shared, others = KEYS[2], 0, ''
local name, most = ARGV[6], ARGV[7]
if name then
  local names = redis.call('GET', KEYS[4]) or ''
  for at = 1, #names, 23 do
    if stamp(names, at + 16) > oldest and string.sub(names, at, at + 15) ~= name then
      others = others .. string.sub(names, at, at + 22)
    end
  end
  if #others >= most * 23 then
    log, shared = KEYS[3], 1
  end
end

local stamps = redis.call('GET', log) or ''
local n = #stamps / 7
local first, past = 0, n -- the first stamp that counts is sought between them
while first < past do
  local middle = math.floor((first + past) / 2)
  if stamp(stamps, middle * 7 + 1) > oldest then
    past = middle
  else
    first = middle + 1
  end
end

local verdict = refused
if n - first < calls then
  verdict = admitted
  if ARGV[5] == '1' then
    local at = now
    if n > 0 then
      at = math.max(at, stamp(stamps, n * 7 - 6)) -- a clock set back a little must not put stamps out of order
    end
    local packed = struct.pack('>I7', at)
    stamps = string.sub(stamps, first * 7 + 1) .. packed
    n, first = #stamps / 7, 0
    redis.call('SET', log, stamps, 'PX', ttl)
    if name and shared == 0 then
      redis.call('SET', KEYS[4], others .. name .. packed, 'PX', ttl)
    end
  end
end

local count, wait = n - first, 0
if count > 0 then
  local leaves = first + math.max(count - calls, 0) -- more than calls where another replica has a higher limit
  wait = stamp(stamps, leaves * 7 + 1) + window - now
end
return {verdict, now, beat, math.max(calls - count, 0), wait, shared}
