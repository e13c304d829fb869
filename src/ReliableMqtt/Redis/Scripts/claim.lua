-- Gives a received message to one handler, or says that it was handled before, or that another has it in hand.
-- KEYS    1 claim  2 done
-- ARGV    1 message id  2 token  3 how long the claim lasts, ms  4 how long a handled message is remembered, ms
-- Output  {1}: claimed | {2, 0|1}: handled; 1 with this token | {3, ms}: another's, for so long
local done = call('HGET', KEYS[2], ARGV[1])
if done then
  local at, by = string.match(done, '^(%d+) (.*)$')
  if now() - tonumber(at) < tonumber(ARGV[4]) then return {2, by == ARGV[2] and 1 or 0} end
end
local holder = call('GET', KEYS[1])
if holder and holder ~= ARGV[2] then return {3, call('PTTL', KEYS[1])} end
call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return {1}
