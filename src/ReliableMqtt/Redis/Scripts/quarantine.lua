-- Takes a record that cannot be read out of the way: it is kept, with the reason, and the others go on.
-- KEYS    1 header  2 where it is (inflight, backlog or dead)  3 quarantine  4 ended  5 state  6 dead-order
-- ARGV    1 'inflight' | 'backlog' | 'dead'  2 packet id, or id of a dead letter, or ''  3 the value as it was read  4 reason  5 token for 'inflight'
-- Output  1 | 0: it is no longer there | {'FENCED'}
local header, place, field, value = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local h = call('HMGET', header, 'epoch', 'tail', 'lowest', 'lost', 'qbytes', 'fbytes', 'session')
if place == 'inflight' and h[1] ~= ARGV[5] then return {'FENCED'} end
if place ~= 'backlog' and call('HGET', KEYS[2], field) ~= value then return 0 end
call('HLEN', KEYS[3])
call('ZCARD', KEYS[4])
call('HLEN', KEYS[5])
call('ZCARD', KEYS[6])
if place == 'backlog' then
  if call('LREM', KEYS[2], 1, value) == 0 then return 0 end
  call('HSET', header, 'qbytes', text(tonumber(h[5]) - #value))
else
  call('HDEL', KEYS[2], field)
end
call('HSET', KEYS[3], call('HINCRBY', header, 'quarantined', 1) .. ' ' .. place .. ' ' .. field, ARGV[4] .. '\n' .. value)
if place == 'dead' then
  call('ZREM', KEYS[6], field)
  return 1
end
if place == 'inflight' then
  call('HDEL', KEYS[5], field)
  call('HSET', header, 'fbytes', text(tonumber(h[6]) - #value))
  -- Its packet id is still in use in the broker's session: that must end before the id is given out again.
  if h[7] == 'established' then call('HSET', header, 'session', 'condemned') end
end
-- It was not confirmed, and must not read so.
local sequence, sound = read_sequence(value)
local range = 'u' .. h[3] .. '-' .. h[2] .. ' ' -- Where its own cannot be told, it is one of those that are pending.
if sound and sequence <= tonumber(h[2]) then leave_trace(header, KEYS[4], {text(sequence)})
elseif not string.find(' ' .. h[4], ' ' .. range, 1, true) then call('HSET', header, 'lost', h[4] .. range) end
return 1
