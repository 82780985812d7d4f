-- Joins the epoch that the server holds, or begins one if its counters cannot be trusted.
--
-- KEYS     1 the epoch's record
-- ARGV     1 run id of the server process
--          2 id for an epoch that begins here
--          3 id of the epoch that the caller knew, or ''
--          4 us since the caller's last accepted answer in that epoch
--          5 1 if the caller no longer trusts that epoch's counters, else 0
--          6 us of the fence after a loss
--          7 us of the fence on an empty server
--          8 the caller's name
-- returns  {epoch, end of its fence, now, writes of the record, calls of the caller that were counted}; times in us of the
--          server's clock
--
-- The record is written at every call: a server that cannot be written to is of no use, and a count of writes that
-- goes back shows that the data is older than before.

local run, new, known, silence, distrusted = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5] == '1'
local after_loss, after_start = tonumber(ARGV[6]), tonumber(ARGV[7])

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- Until then calls that were admitted in the epoch that the caller knew may lie within a window.
local safe = 0
if known ~= '' then
  safe = now - silence + after_loss
end

local record = redis.call('HMGET', KEYS[1], 'id', 'run', 'fence')
local id, fence = record[1], tonumber(record[3])
if not id or not fence then -- empty: the server is new, or has lost everything
  id, fence = new, math.max(now + after_start, safe)
elseif record[2] ~= run or (distrusted and id == known) then -- restarted with old data, failed over, or distrusted
  id, fence = new, now + after_loss
elseif id ~= known then
  fence = math.max(fence, safe)
end
redis.call('HSET', KEYS[1], 'id', id, 'run', run, 'fence', string.format('%.0f', fence))
local counted = tonumber(redis.call('HMGET', KEYS[1], 'n:' .. ARGV[8])[1]) or 0
return {id, fence, now, redis.call('HINCRBY', KEYS[1], 'beat', 1), counted}
