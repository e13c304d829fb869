-- What is true of message ids.
-- KEYS    1 header  2 ids  3 done-0  4 done-1  5 ended  6 restored
-- ARGV    id, its sequence when it is automatic or '', ..
-- Output  {nonce or '', verified 0|1, status ..}: 0 when nobody has looked yet at what a restart of the server has left. Status: a letter, the sequence, the reason code or '-', the time or '-'
--         P pending  C confirmed  D dead-lettered  E expired  X purged  ? unknown
local h = call('HMGET', KEYS[1], 'nonce', 'tail', 'lowest', 'forgotten', 'lost', 'server')
if not h[1] then
  local none = {'', 0}
  for i = 1, #ARGV, 2 do none[#none + 1] = '?' end
  return none
end
local tail, lowest, forgotten = tonumber(h[2]), tonumber(h[3]), tonumber(h[4])
local lost = {}
for unread, first, last in string.gmatch(h[5], '(u?)(%d+)%-(%d+)') do lost[#lost + 1] = {tonumber(first), tonumber(last), unread == 'u'} end
-- What the owner had in memory when the store lost it is not lost.
local function is_restored(sequence)
  local range = call('ZRANGEBYSCORE', KEYS[6], text(sequence), '+inf', 'LIMIT', 0, 1)[1]
  return range and tonumber(string.match(range, '^%d+')) <= sequence
end
local asked, answer = {}, {h[1], server() == h[6] and 1 or 0}
for i = 1, #ARGV, 2 do asked[#asked + 1] = ARGV[i] end
local known = statuses(asked, KEYS[2], KEYS[3], KEYS[4], lowest)
for i = 1, #asked do
  local status, automatic = known[i], ARGV[2 * i]
  if not status and automatic ~= '' then
    -- Its sequence tells: whatever did not end with a confirm has left a trace.
    local sequence = tonumber(automatic)
    if sequence > tail or sequence <= forgotten or call('ZSCORE', KEYS[5], automatic) then status = '?'
    elseif sequence >= lowest then status = 'P ' .. automatic
    else status = 'C ' .. automatic end
    for j = 1, #lost do
      -- Lost unseen; or one of them was unreadable and has not been confirmed, which is of no matter to those that are pending.
      local range = lost[j]
      local unknown = sequence >= range[1] and sequence <= range[2] and (not range[3] or sequence < lowest)
      if unknown and (range[3] or not is_restored(sequence)) then status = '?' end
    end
  end
  answer[#answer + 1] = status or '?'
end
return answer
