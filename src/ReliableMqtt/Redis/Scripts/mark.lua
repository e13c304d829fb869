-- Notes that a received message was handled, ends its claim, and forgets the oldest ones beyond the window.
-- KEYS    1 claim  2 done  3 order
-- ARGV    1 message id  2 token  3 how long a handled message is remembered, ms  4 how many are
-- Output  1: noted, now or before | 2: handled by another | 3: another has it in hand
local done, time = call('HGET', KEYS[2], ARGV[1]), now()
if done then
  local at, by = string.match(done, '^(%d+) (.*)$')
  if by == ARGV[2] then return 1 end
  if time - tonumber(at) < tonumber(ARGV[3]) then return 2 end
end
local holder = call('GET', KEYS[1])
if holder and holder ~= ARGV[2] then return 3 end
-- First what cannot be refused for want of memory: what was handled must be noted.
call('DEL', KEYS[1])
call('HSET', KEYS[2], ARGV[1], text(time) .. ' ' .. ARGV[2])
call('RPUSH', KEYS[3], text(time) .. ' ' .. ARGV[1])
local surplus = call('LLEN', KEYS[3]) - ARGV[4]
local oldest = tonumber(string.match(call('LINDEX', KEYS[3], 0), '^%d+'))
if surplus > 0 or time - oldest >= tonumber(ARGV[3]) then
  local cut = 0
  for i, entry in ipairs(call('LRANGE', KEYS[3], 0, 9)) do
    local at, id = string.match(entry, '^(%d+) (.*)$')
    if i > surplus and time - tonumber(at) < tonumber(ARGV[3]) then break end
    -- One that was handled again since, when its time was over, stands further behind as well.
    local entered = call('HGET', KEYS[2], id)
    if entered and string.match(entered, '^%d+') == at then call('HDEL', KEYS[2], id) end
    cut = i
  end
  call('LTRIM', KEYS[3], cut, -1)
end
call('PEXPIRE', KEYS[2], ARGV[3])
call('PEXPIRE', KEYS[3], ARGV[3])
return 1
