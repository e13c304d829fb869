-- Who dispatches, and where the ledger stands.
-- KEYS    1 header  2 lease
-- Output  {value of the lease or '', ms left, token of the current or last owner or '', its description, last operation, tail, session} | {}: there is no ledger
local h = call('HMGET', KEYS[1], 'epoch', 'owner', 'op', 'tail', 'session')
if not h[4] then return {} end
return {call('GET', KEYS[2]) or '', call('PTTL', KEYS[2]), h[1] or '', h[2] or '', h[3] or '0', h[4], h[5]}
