-- Gives the claim of a received message back, which was not handled.
-- KEYS    1 claim
-- ARGV    1 token
-- Output  1 | 0: it is not there, or another's
if call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
call('DEL', KEYS[1])
return 1
