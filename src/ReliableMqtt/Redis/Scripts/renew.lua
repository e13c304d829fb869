-- Prolongs the lease, changes the hash of finished ids when its window is over, and lets old dead letters go.
-- KEYS    1 header  2 lease  3 backlog  4 done-0  5 done-1  6 dead  7 dead-order  8 ids; and 'never'
-- ARGV    1 token  2 duration ms  3 deduplication window ms  4 retention of dead letters ms
-- Output  {1, tail, backlog, verified 0|1}: 0 when the server has begun another life | {0, token that stands there or ''}: stale, or lost
local header, lease = KEYS[1], KEYS[2]
local h = call('HMGET', header, 'epoch', 'tail', 'server', 'done', 'done-since')
if h[1] ~= ARGV[1] then return {0, h[1] or ''} end
local held = call('GET', lease)
if held and held ~= h[1] and held ~= 'grace' then return {0, held} end
local backlog, time, current = call('LLEN', KEYS[3]), now(), h[4]
local old = call('ZRANGEBYSCORE', KEYS[7], '-inf', text((time - ARGV[4]) * 1024), 'LIMIT', 0, 100)
call('HLEN', KEYS[6])
call('HLEN', KEYS[8])
call('HDEL', header, '-')
call('SET', lease, h[1], 'PX', ARGV[2])
if time - tonumber(h[5]) >= tonumber(ARGV[3]) then
  -- Ids stay for one to two windows.
  current = current == '0' and '1' or '0'
  call('UNLINK', current == '0' and KEYS[4] or KEYS[5])
  call('HSET', header, 'done', current, 'done-since', text(time))
end
for _, id in ipairs(old) do
  local status = call('HGET', KEYS[8], id)
  call('HSET', current == '0' and KEYS[4] or KEYS[5], id, 'X' .. string.sub(status or 'D 0 - -', 2))
  call('HDEL', KEYS[8], id)
  call('HDEL', KEYS[6], id)
  call('ZREM', KEYS[7], id)
end
return {1, h[2], backlog, server() == h[3] and 1 or 0}
