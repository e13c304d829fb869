-- Creates the ledger of a publisher id when there is none, and tells its schema.
-- KEYS    1 header  2 inflight  3 state  4 backlog  5 dead-order
-- ARGV    1 schema version  2 nonce for a new ledger  3 '1' when a missing one is to be made
-- Output  {schema, nonce, created 0|1} | {'ORPHANS'}: there are messages without a header | {'MISSING'}: there is none, and none was made
local header = KEYS[1]
local known = call('HMGET', header, 'schema', 'nonce', 'accepted')
if known[1] then
  -- One of an earlier version has counted nothing yet. When there is no memory left for it, later will do.
  if ARGV[3] == '1' and known[1] == ARGV[1] and not known[3] then redis.pcall('HSET', header, 'accepted', call('HLEN', KEYS[2]) + call('LLEN', KEYS[4])) end
  return {known[1], known[2], 0}
end
if call('EXISTS', unpack(KEYS)) > 0 then return {'ORPHANS'} end
if ARGV[3] ~= '1' then return {'MISSING'} end
call('HSET', header, 'schema', ARGV[1], 'nonce', ARGV[2], 'tail', '0', 'qbytes', '0', 'fbytes', '0', 'lowest', '1', 'session', 'none',
  'epochs', '0', 'server', server(), 'lives', '1', 'lost', '', 'forgotten', '0', 'done', '0', 'done-since', text(now()), 'deadno', '0', 'accepted', '0', 'confirmed', '0')
-- A long value makes the hash a real one from the start: as a compact list, every write would have to walk through it.
call('HSET', KEYS[3], '#', string.rep('#', 65))
return {ARGV[1], ARGV[2], 1}
