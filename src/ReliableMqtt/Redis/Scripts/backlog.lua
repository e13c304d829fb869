-- A page of the backlog.
-- KEYS    1 header  2 backlog
-- ARGV    1 after this sequence  2 how many  3 how many bytes (at least one record comes, however large)
-- Output  {tail, record ..}
local backlog, count, tail = KEYS[2], tonumber(ARGV[2]), call('HGET', KEYS[1], 'tail') or '0'
local page, bytes, low = {tail}, 0, index_behind(backlog, tonumber(ARGV[1]), tonumber(tail))
while #page <= count do
  local part = call('LRANGE', backlog, low, low + math.min(63, count - #page))
  if #part == 0 then break end
  for i = 1, #part do
    bytes = bytes + #part[i]
    if #page > 1 and bytes > tonumber(ARGV[3]) then return page end
    page[#page + 1] = part[i]
  end
  low = low + #part
end
return page
