-- Takes a part of what restore.lua will need: all of it may be too much for one call.
-- KEYS    1 staged
-- ARGV    1 ms to keep it, then name, bytes ..
-- Output  1
call('HDEL', KEYS[1], '-')
write('HSET', KEYS[1], ARGV, 2)
call('PEXPIRE', KEYS[1], ARGV[1])
return 1
