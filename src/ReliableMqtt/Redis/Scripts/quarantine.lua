-- Takes a record that cannot be read out of the way: it is kept, with the reason, and the others go on.
-- KEYS    1 header  2 where it is (inflight, backlog or dead)  3 quarantine  4 ended  5 state  6 dead-order  7 ids; and 'never'
-- ARGV    1 'inflight' | 'backlog' | 'dead'  2 packet id, or id of a dead letter, or ''  3 the value as it was read  4 reason  5 token for 'inflight'
--         6 the id of the application's that the record seems to have, or ''
-- Output  {1, sequences that are unknown for its sake, or ''} | {0}: it is no longer there | {'FENCED'}
local header, place, field, value, id = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[6]
local h = call('HMGET', header, 'epoch', 'tail', 'lowest', 'lost', 'qbytes', 'fbytes', 'session', 'quarantined')
if not h[2] then return {0} end
if place == 'inflight' and h[1] ~= ARGV[5] then return {'FENCED'} end
if place ~= 'backlog' and call('HGET', KEYS[2], field) ~= value then return {0} end
-- What was put aside before is never written over, also when a new header counts from the beginning.
local number = math.max(tonumber(h[8] or '0'), call('HLEN', KEYS[3])) + 1
while call('HGET', KEYS[3], text(number)) do number = number + 1 end
local sequence, sound = read_sequence(value)
local status = call('HGET', KEYS[7], place == 'dead' and field or id)
call('ZCARD', KEYS[4])
call('HLEN', KEYS[5])
call('ZCARD', KEYS[6])
if place == 'backlog' then
  if call('LREM', KEYS[2], 1, value) == 0 then return {0} end
  call('HSET', header, 'qbytes', text(tonumber(h[5]) - #value))
else
  call('HDEL', KEYS[2], field)
end
call('HSET', header, 'quarantined', text(number))
-- For people too: when, where, why, and then the bytes as they were.
call('HSET', KEYS[3], text(number), text(now()) .. ' ' .. place .. ' ' .. (string.gsub(field, '%c', '?')) .. '\t' .. ARGV[4] .. '\n' .. value)
-- Nothing is known of the message any more, and its id may be used again.
if place == 'dead' then
  call('ZREM', KEYS[6], field)
  if status and string.sub(status, 1, 2) == 'D ' then call('HDEL', KEYS[7], field) end
  return {1, ''}
end
if status == 'P ' .. text(sequence) then call('HDEL', KEYS[7], id) end
if place == 'inflight' then
  call('HDEL', KEYS[5], field)
  call('HSET', header, 'fbytes', text(tonumber(h[6]) - #value))
  -- Its packet id is still in use in the broker's session: that must end before the id is given out again.
  if h[7] == 'established' then call('HSET', header, 'session', 'condemned') end
end
count(header, 'put-aside', 1)
-- It was not confirmed, and must not read so.
if sound and sequence <= tonumber(h[2]) then
  leave_trace(header, KEYS[4], {text(sequence)})
  return {1, ''}
end
local range = 'u' .. h[3] .. '-' .. h[2] .. ' ' -- Where its own cannot be told, it is one of those that are pending.
if not string.find(' ' .. h[4], ' ' .. range, 1, true) then call('HSET', header, 'lost', h[4] .. range) end
return {1, range}
