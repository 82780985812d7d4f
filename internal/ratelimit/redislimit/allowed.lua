-- Names the commands of the scripts that the user must not run. Servers before Redis 7 cannot tell.
--
-- KEYS     1 any key of the limiter
-- returns  names of commands

local refused = {}
if not redis.acl_check_cmd then
  return refused
end
for _, command in ipairs({
  {'time'}, {'info', 'stats'}, {'get', KEYS[1]}, {'set', KEYS[1], ''}, {'hmget', KEYS[1], ''}, {'hset', KEYS[1], '', ''},
  {'hincrby', KEYS[1], '', '1'},
}) do
  if not redis.acl_check_cmd(unpack(command)) then
    refused[#refused + 1] = command[1]
  end
end
return refused
