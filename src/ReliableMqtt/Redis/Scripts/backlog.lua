-- A page of the backlog.
-- KEYS    1 backlog
-- ARGV    1 after this sequence  2 how many  3 how many bytes (at least one record comes, however large)
-- Output  {record ..}
local backlog, after, length = KEYS[1], tonumber(ARGV[1]), call('LLEN', KEYS[1])
if length == 0 then return {} end
-- The sequence at a place or, while records are damaged, at the next one where it can be read; and that place. Looks at most 256 places
-- further: then the page begins earlier than it must, which does no harm.
local function look(place, last)
  for i = place, math.min(place + 256, last) do
    local sequence, sound = read_sequence(call('LINDEX', backlog, i))
    if sound then return sequence, i end
  end
end
-- Sequences rise by one or more, so the first one above 'after' is at most so far from the head. As a rule it is just there.
local head, place = look(0, length - 1)
local low, high = 0, head and math.max(0, math.min(length, after - head + 1 + place)) or length
local first = true
while low < high do
  local middle = first and high - 1 or math.floor((low + high) / 2)
  first = false
  local sequence, found = look(middle, high - 1)
  if sequence and sequence <= after then low = found + 1 else high = middle end
end
local page, bytes = {}, 0
while #page < tonumber(ARGV[2]) do
  local part = call('LRANGE', backlog, low, low + math.min(63, tonumber(ARGV[2]) - #page - 1))
  if #part == 0 then break end
  for i = 1, #part do
    bytes = bytes + #part[i]
    if #page > 0 and bytes > tonumber(ARGV[3]) then return page end
    page[#page + 1] = part[i]
  end
  low = low + #part
end
return page
