-- Joins the generation that the server holds, or begins one where what it counts cannot be trusted.
--
-- KEYS  the generation's record
-- ARGV  the server's run id; the id for a generation that is begun here; the one that the caller knew, or '', the us
--       since its last reply, and 1 where the caller no longer trusts it; in us the span of a fence and the shortest
-- gives {generation, fence, now, beat}; times in us
--
-- The record is written each time: a server that cannot be written to is of no use, and a beat that is counted anew
-- tells of older data.

local run, own, known, elapsed, distrusted = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5] == '1'
local span, shortest = tonumber(ARGV[6]), tonumber(ARGV[7])

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- Until then a call that was admitted under the generation that the caller knew may lie within a window.
local safe = 0
if known ~= '' then
  safe = now - elapsed + span
end

local record = redis.call('HMGET', KEYS[1], 'id', 'run', 'fence')
local id, fence = record[1], tonumber(record[3])
if not id or not fence then -- empty: the first to come is a newcomer, or all was lost
  id, fence = own, math.max(now + shortest, safe)
elseif record[2] ~= run or (distrusted and id == known) then -- restarted with old data, failed over, not what it was
  id, fence = own, now + span
elseif id ~= known then
  fence = math.max(fence, safe)
end
redis.call('HSET', KEYS[1], 'id', id, 'run', run, 'fence', string.format('%.0f', fence))
return {id, fence, now, redis.call('HINCRBY', KEYS[1], 'beat', 1)}
