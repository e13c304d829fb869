-- Gives the lease back and wakes who waits for it.
-- KEYS    1 header  2 lease
-- ARGV    1 token  2 wake channel
-- Output  1 | 0: it was not the caller's
local epoch = call('HGET', KEYS[1], 'epoch')
if epoch ~= ARGV[1] then return 0 end
local held = call('GET', KEYS[2])
call('HDEL', KEYS[1], '-')
-- A half of the token stays: stale for ever, nobody has to wait for its owner after a restart of the server, and it is still another one for each epoch.
call('HSET', KEYS[1], 'epoch', string.sub(epoch, 1, -17))
if held == epoch or held == 'grace' then call('DEL', KEYS[2]) end
call('PUBLISH', ARGV[2], 'free')
return 1
