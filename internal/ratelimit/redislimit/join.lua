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
local record = redis.call('HMGET', KEYS[1], 'id', 'run', 'fence', 'evicted', 'settings', counter)
local id, fence = record[1], tonumber(record[3])

-- The fewest calls and the longest window of all instances apply. The settings of an instance end when it has sent no
-- heartbeat for a window and a second. Each line of them is a name, calls, us of the window, and when they end.
local calls, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local settings = {string.format('%s %d %.0f %.0f\n', ARGV[1], calls, window, now + window + 1000000)}
for line, name, its_calls, its_window, ends in string.gmatch(record[5] or '', '((%S+) (%d+) (%d+) (%d+)\n)') do
  local left = ends - now
  if name ~= ARGV[1] and left > 0 and left <= its_window + 1000000 then -- else it has ended, or the clock was set back
    settings[#settings + 1] = line
    calls, window = math.min(calls, its_calls), math.max(window, its_window)
  end
end

local heartbeat = #ARGV == 3
if not heartbeat then
  local run, new, known, silence, distrusted = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8] == '1'
  local after_loss = tonumber(ARGV[9]) + window - tonumber(ARGV[3])
  local after_start, evicted = tonumber(ARGV[10]), tonumber(ARGV[11])

  -- Until then calls that were admitted in the epoch that the caller knew may lie within a window.
  local safe = 0
  if known ~= '' then
    safe = now - silence + after_loss
  end

  if not id or not fence then -- empty: the server is new, or has lost everything
    id, fence = new, math.max(now + after_start, safe)
  elseif record[2] ~= run or (tonumber(record[4]) or evicted) < evicted or (distrusted and id == known) then
    id, fence = new, now + after_loss -- restarted with old data, failed over, has evicted keys, or distrusted
  elseif id ~= known then
    fence = math.max(fence, safe)
  end
  redis.call('HSET', KEYS[1], 'id', id, 'run', run, 'fence', string.format('%.0f', fence), 'evicted', ARGV[11])
elseif not id then
  return {'', 0, now, 0, 0, calls, window}
end
redis.call('HSET', KEYS[1], 'calls', calls, 'window', string.format('%.0f', window), 'settings', table.concat(settings))
return {id, fence, now, redis.call('HINCRBY', KEYS[1], 'beat', 1), tonumber(record[6]) or 0, calls, window}
