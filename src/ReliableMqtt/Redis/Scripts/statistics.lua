-- Counts, and the oldest messages.
-- KEYS    1 header  2 inflight  3 backlog  4 dead-order  5 quarantine
-- ARGV    1 most bytes of in-flight records to look through
-- Output  {backlog, in flight, dead letters, pending bytes, quarantined, tail, lowest unfinished, {accepted, confirmed, expired, dead-lettered, put aside}, head of the
--         backlog or '', record in flight}
local h = call('HMGET', KEYS[1], 'qbytes', 'fbytes', 'tail', 'lowest')
local fbytes = tonumber(h[2] or '0')
local answer = {call('LLEN', KEYS[3]), call('HLEN', KEYS[2]), call('ZCARD', KEYS[4]), text(tonumber(h[1] or '0') + fbytes),
  call('HLEN', KEYS[5]), h[3] or '0', h[4] or '1',
  call('HMGET', KEYS[1], 'accepted', 'confirmed', 'expired', 'dead-lettered', 'put-aside'), call('LINDEX', KEYS[3], 0) or ''}
if fbytes <= tonumber(ARGV[1]) then
  local oldest -- The one with the lowest sequence.
  for _, record in ipairs(call('HVALS', KEYS[2])) do
    if not oldest or string.sub(record, 2, 9) < string.sub(oldest, 2, 9) then oldest = record end
  end
  answer[10] = oldest
end
return answer
