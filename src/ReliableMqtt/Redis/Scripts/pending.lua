-- What is pending behind a sequence: of what is in flight and of the backlog as many as asked for, the caller puts them in one order. Changes nothing.
-- KEYS    1 header  2 inflight  3 state  4 backlog
-- ARGV    1 after this sequence  2 how many of each  3 how many bytes of each (at least two records come, however large)
-- Output  {tail, {packet id, state or '', record, ..}, 1 when all in flight are there, {record of the backlog, ..}, 1 when all of the backlog are there}
local inflight, backlog, after, count, most = KEYS[2], KEYS[4], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tail = tonumber(call('HGET', KEYS[1], 'tail') or '0')

-- Those in flight are few, and in no order. One without a sequence that was given out counts as 0: it comes with the first page.
local all, found = call('HGETALL', inflight), {}
for i = 1, #all, 2 do
  local sequence, sound = read_sequence(all[i + 1])
  if not sound or sequence > tail then sequence = 0 end
  if sequence > after or (sequence == 0 and after == 0) then found[#found + 1] = {sequence, all[i], all[i + 1]} end
end
local function before(a, b)
  if a[1] ~= b[1] then return a[1] < b[1] end
  return a[2] < b[2]
end
table.sort(found, before)
local flying, bytes, complete = {}, 0, 1
for i, entry in ipairs(found) do
  bytes = bytes + #entry[3]
  if i > count or (i > 2 and bytes > most) then complete = 0 break end
  flying[3 * i - 2], flying[3 * i - 1], flying[3 * i] = entry[2], call('HGET', KEYS[3], entry[2]) or '', entry[3]
end

local waiting, low, length = {}, index_behind(backlog, after, tail), call('LLEN', backlog)
bytes = 0
while #waiting < count and low + #waiting < length do
  local part = call('LRANGE', backlog, low + #waiting, low + #waiting + math.min(63, count - #waiting - 1))
  for i = 1, #part do
    bytes = bytes + #part[i]
    if #waiting > 1 and bytes > most then return {text(tail), flying, complete, waiting, 0} end
    waiting[#waiting + 1] = part[i]
  end
end
return {text(tail), flying, complete, waiting, low + #waiting >= length and 1 or 0}
