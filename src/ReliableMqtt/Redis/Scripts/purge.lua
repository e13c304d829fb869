-- Throws a dead letter away and leaves a trace of it.
-- KEYS    1 header  2 dead  3 dead-order  4 ids  5 done-0  6 done-1; and 'never'
-- ARGV    1 id
-- Output  1 | 0: there is none
local id = ARGV[1]
local status, current = call('HGET', KEYS[4], id), call('HGET', KEYS[1], 'done')
if not call('ZSCORE', KEYS[3], id) then return 0 end
call('HLEN', KEYS[2])
local done = current == '1' and KEYS[6] or KEYS[5]
call('HLEN', done)
call('HDEL', KEYS[2], id)
call('ZREM', KEYS[3], id)
call('HDEL', KEYS[4], id)
call('HSET', done, id, 'X' .. string.sub(status or 'D 0 - -', 2))
return 1
