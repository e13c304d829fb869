-- The owner asks a server in a new life: is all that I know still there? If so, the server is verified, and others may accept again.
-- KEYS    1 header
-- ARGV    1 token  2 last operation  3 tail  4 wake channel
-- Output  {'ATTACHED', tail, first sequence that was jumped over or ''} | {'ROLLEDBACK'} | {'FENCED', token that stands there or ''}
local h = call('HMGET', KEYS[1], 'epoch', 'op', 'tail', 'server', 'previous', 'lost', 'forgotten', 'lives')
if not h[3] then return {'ROLLEDBACK'} end
if h[1] ~= ARGV[1] then return {'FENCED', h[1] or ''} end
if tonumber(h[2]) < tonumber(ARGV[2]) or tonumber(h[3]) < tonumber(ARGV[3]) then return {'ROLLEDBACK'} end
local run, tail, first = server(), tonumber(h[3]), ''
if h[4] ~= run then
  local fields
  first = text(tail + 1)
  tail, fields = jump(tail, h[6], tonumber(h[7]))
  call('HDEL', KEYS[1], '-')
  call('HSET', KEYS[1], 'server', run, 'lives', tonumber(h[8]) + 1, unpack(fields))
  call('PUBLISH', ARGV[4], 'verified') -- Who accepts may have something to send again.
end
return {'ATTACHED', text(tail), first}
