-- Takes the lease when it is free, and makes every earlier epoch stale.
-- KEYS    1 header  2 lease
-- ARGV    1 nonce (fresh for each call, the same when it is repeated)  2 duration ms  3 description of the owner
--         4 token that the caller held before, or ''  5 token whose owner is known to be dead, or ''
-- Output  {'GRANTED', token, what stood in its place} | {'HELD', token or 'grace', ms left, description of the last owner, its token} | {'MISSING'}: there is no ledger
local header, lease = KEYS[1], KEYS[2]
local h = call('HMGET', header, 'schema', 'epoch', 'tail', 'server', 'grace', 'lost', 'forgotten', 'lives', 'owner', 'session', 'op', 'answer', 'previous')
if not h[1] then return {'MISSING'} end
local epoch, held, run = h[2] or '', call('GET', lease), server()
call('HDEL', header, '-')
if string.sub(epoch, -32) == ARGV[1] then -- The same call again.
  call('SET', lease, epoch, 'PX', ARGV[2])
  return {'GRANTED', epoch, h[11]}
end
-- The token fences; the clock only says who may try. What the caller held itself, or a dead process, is nobody's.
local vacated = epoch ~= '' and (epoch == ARGV[4] or epoch == ARGV[5])
if held and not vacated then return {'HELD', held, call('PTTL', lease), h[9] or '', epoch} end
if not vacated and h[4] ~= run and #epoch > 32 and h[5] ~= run then
  -- The server was restarted or promoted: its last owner, if it lives, knows what may have been lost, and gets one lease's time to come back.
  call('HSET', header, 'grace', run)
  call('SET', lease, 'grace', 'PX', ARGV[2])
  return {'HELD', 'grace', tonumber(ARGV[2]), h[9] or '', epoch}
end
local token = call('HINCRBY', header, 'epochs', 1) .. ':' .. ARGV[1]
call('HSET', header, 'epoch', token, 'previous', epoch, 'previous-op', h[11] or '0', 'previous-answer', h[12] or '', 'owner', ARGV[3],
  'op', '0', 'answer', '', 'restored', '')
if h[4] ~= run then
  -- Nobody is left who knows what was lost. It may have been that a packet id is in use: that session has to end before ids are given out.
  local _, fields = jump(tonumber(h[3]), h[6], tonumber(h[7]))
  if h[10] == 'established' then call('HSET', header, 'session', 'condemned') end
  call('HSET', header, 'server', run, 'lives', tonumber(h[8]) + 1, unpack(fields))
end
call('SET', lease, token, 'PX', ARGV[2])
return {'GRANTED', token, epoch}
