-- Decides on a call by the server's clock and, where it is admitted, counts it.
--
-- KEYS  the generation's record and the key's log; for a key with a name also its identity's shared log and names
-- ARGV  the generation, calls, window and time to live in us and ms, 1 to count or 0 to look; with a name its digest
--       and the most names
-- gives {verdict, now, the record's beat, calls left, wait, 1 where the shared log decided}; times in us
--
-- A log is stamps, oldest first: us modulo 2^32, about 71 minutes, in 4 bytes. That is no ambiguity, because a log is
-- gone soon after its newest stamp has left the window. Names are 16 bytes of digest and the last stamp each.

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

-- age is how old a stamp is; of one that a clock was set back behind, less than zero.
local function age(s, at)
  return (now - struct.unpack('>I4', s, at) + 2147483648) % 4294967296 - 2147483648
end

local log, shared, others = KEYS[2], 0, ''
local name, most = ARGV[6], ARGV[7]
if name then
  local names = redis.call('GET', KEYS[4]) or ''
  for at = 1, #names, 20 do
    if age(names, at + 16) < window and string.sub(names, at, at + 15) ~= name then
      others = others .. string.sub(names, at, at + 19)
    end
  end
  if #others >= most * 20 then
    log, shared = KEYS[3], 1
  end
end

local stamps = redis.call('GET', log) or ''
local n = #stamps / 4
local first, past = 0, n -- the first stamp that counts is sought between them
while first < past do
  local middle = math.floor((first + past) / 2)
  if age(stamps, middle * 4 + 1) < window then
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
      at = now - math.min(0, age(stamps, n * 4 - 3)) -- a clock set back a little must not put stamps out of order
    end
    local stamp = struct.pack('>I4', at % 4294967296)
    stamps = string.sub(stamps, first * 4 + 1) .. stamp
    n, first = #stamps / 4, 0
    redis.call('SET', log, stamps, 'PX', ttl)
    if name and shared == 0 then
      redis.call('SET', KEYS[4], others .. name .. stamp, 'PX', ttl)
    end
  end
end

local count, wait = n - first, 0
if count > 0 then
  local leaves = first + math.max(count - calls, 0) -- more than calls where another replica has a higher limit
  wait = window - age(stamps, leaves * 4 + 1)
end
return {verdict, now, beat, math.max(calls - count, 0), wait, shared}
