-- A page of dead letters in the order of their failing.
-- KEYS    1 dead-order  2 dead
-- ARGV    1 after this number  2 how many
-- Output  {1 when there are more, highest number of all or 0, id, number, header and record, ..}
local page = call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, tonumber(ARGV[2]) + 1)
local more, ids, answer = #page / 2 > tonumber(ARGV[2]), {}, {}
for i = 1, #page - (more and 2 or 0), 2 do ids[#ids + 1] = page[i] end
local letters = fetch('HMGET', KEYS[2], ids)
local youngest = call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
answer[1], answer[2] = more and 1 or 0, text(tonumber(youngest[2] or 0))
for i = 1, #ids do
  answer[#answer + 1] = ids[i]
  answer[#answer + 1] = text(tonumber(page[2 * i]))
  answer[#answer + 1] = letters[i] or ''
end
return answer
