-- Joins the epoch that the server holds, or begins one if its counters cannot be trusted. With the first three arguments
-- alone it is a heartbeat, which leaves the epoch as it is.
--
-- KEYS     1 the epoch's record
-- ARGV     1 the caller's name
--          2 calls that a window admits, by the caller's settings
--          3 us of the window, by the caller's settings
--          4 run id of the server process
--          5 id for an epoch that begins here
--          6 id of the epoch that the caller knew, or ''
--          7 us since the caller's last accepted answer in that epoch
--          8 1 if the caller no longer trusts that epoch's counters, else 0
--          9 us of the fence after a loss
--         10 us of the fence on an empty server
--         11 number of keys that the server has evicted
-- returns  {epoch, end of its fence, now, writes of the record, calls of the caller that were counted, calls that a
--          window admits, us of the window}; times in us of the server's clock
--
-- The record is written at every call: a server that cannot be written to is of no use, and a count of writes that
-- goes back shows that the data is older than before.

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local counter = 'n:' .. ARGV[1]
local record = redis.call('HMGET', KEYS[1], 'id', 'run', 'fence', 'evicted', 'calls', 'calls_end', 'window', 'window_end',
  counter)
local id, fence = record[1], tonumber(record[3])

-- The fewest calls and the longest window of all instances hold. Each ends when no instance that has it in its settings
-- has sent a heartbeat for a second and a window, and all that it had admitted has left the window.
local calls, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local held_calls, held_window = tonumber(record[5]) or calls, tonumber(record[7]) or window
local ends = string.format('%.0f', now + math.max(window, held_window) + 1000000)
local calls_end, window_end = ends, ends
if held_calls < calls and now < (tonumber(record[6]) or 0) then
  calls, calls_end = held_calls, record[6]
end
if held_window > window and now < (tonumber(record[8]) or 0) then
  window, window_end = held_window, record[8]
end

local heartbeat = #ARGV == 3
if not heartbeat then
  local run, new, known, silence, distrusted = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8] == '1'
  local after_loss = tonumber(ARGV[9]) + window - tonumber(ARGV[3])
  local after_start, evicted = tonumber(ARGV[10]), ARGV[11]

  -- Until then calls that were admitted in the epoch that the caller knew may lie within a window.
  local safe = 0
  if known ~= '' then
    safe = now - silence + after_loss
  end

  if not id or not fence then -- empty: the server is new, or has lost everything
    id, fence = new, math.max(now + after_start, safe)
  elseif record[2] ~= run or (record[4] or evicted) ~= evicted or (distrusted and id == known) then
    id, fence = new, now + after_loss -- restarted with old data, failed over, has evicted keys, or distrusted
  elseif id ~= known then
    fence = math.max(fence, safe)
  end
  redis.call('HSET', KEYS[1], 'id', id, 'run', run, 'fence', string.format('%.0f', fence), 'evicted', evicted)
elseif not id then
  return {'', 0, now, 0, 0, calls, window}
end
redis.call('HSET', KEYS[1], 'calls', calls, 'calls_end', calls_end, 'window', string.format('%.0f', window),
  'window_end', window_end)
return {id, fence, now, redis.call('HINCRBY', KEYS[1], 'beat', 1), tonumber(record[9]) or 0, calls, window}
