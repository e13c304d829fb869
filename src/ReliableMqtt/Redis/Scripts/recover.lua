-- What a new owner must know before it sends anything.
-- KEYS    1 header  2 inflight  3 state  4 backlog
-- ARGV    1 token
-- Output  {'RECOVERED', last operation, tail, backlog, session, nonce, {packet id, record ..}, {packet id, state ..}} | {'FENCED'}
local h = call('HMGET', KEYS[1], 'epoch', 'op', 'tail', 'session', 'nonce')
if not h[1] or h[1] ~= ARGV[1] then return {'FENCED'} end
return {'RECOVERED', h[2], h[3], call('LLEN', KEYS[4]), h[4], h[5], call('HGETALL', KEYS[2]), call('HGETALL', KEYS[3])}
