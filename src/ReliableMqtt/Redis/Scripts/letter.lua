-- One dead letter, and the tail, by which a repeated replay recognises its own work.
-- KEYS    1 header  2 dead-order  3 dead
-- ARGV    1 id
-- Output  {tail, number or '', header and record or ''}
local number = call('ZSCORE', KEYS[2], ARGV[1])
return {call('HGET', KEYS[1], 'tail') or '0', number and text(tonumber(number)) or '', number and call('HGET', KEYS[3], ARGV[1]) or ''}
