-- Puts a dead letter at the end of the backlog, under its old id and a new sequence.
-- KEYS    1 header  2 inflight  3 backlog  4 dead  5 dead-order  6 ids  7 ended; and 'never'
-- ARGV    1 id  2 its number among the dead letters  3 record  4 most messages  5 most bytes  6 wake channel
-- Output  {'REPLAYED', sequence} | {'FULL'} | {'UNVERIFIED'} no owner has looked yet at what a restart of the server has left | {'GONE'}: it is no longer, or not again, the dead letter with this number
local header, backlog = KEYS[1], KEYS[3]
local number = call('ZSCORE', KEYS[5], ARGV[1])
if not number or tonumber(number) ~= tonumber(ARGV[2]) then return {'GONE'} end
local h = call('HMGET', header, 'tail', 'qbytes', 'fbytes', 'server')
if h[4] ~= server() then return {'UNVERIFIED'} end
local length, bytes = call('LLEN', backlog), tonumber(h[2]) + #ARGV[3]
call('HLEN', KEYS[4])
call('HLEN', KEYS[6])
call('ZCARD', KEYS[7])
if length + call('HLEN', KEYS[2]) >= tonumber(ARGV[4]) or bytes + tonumber(h[3]) > tonumber(ARGV[5]) then return {'FULL'} end
local sequence = tonumber(h[1]) + 1
call('HSET', header, 'tail', text(sequence), 'qbytes', text(bytes))
count(header, 'accepted', 1)
call('RPUSH', backlog, stamp(ARGV[3], sequence))
call('HSET', KEYS[6], ARGV[1], 'P ' .. text(sequence))
call('HDEL', KEYS[4], ARGV[1])
call('ZREM', KEYS[5], ARGV[1])
leave_trace(header, KEYS[7], {text(sequence)}) -- There is no automatic id of this sequence.
if length == 0 then call('PUBLISH', ARGV[6], 'work') end
return {'REPLAYED', text(sequence)}
