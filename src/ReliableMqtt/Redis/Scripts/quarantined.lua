-- A page of what was put aside, in the order in which that was done.
-- KEYS    1 header  2 quarantine
-- ARGV    1 after this number  2 how many  3 how many bytes (at least one record comes, however large)
-- Output  {number to go on behind, or '' when this is the last page, number, what was put there, ..}
local quarantine, count, most = KEYS[2], tonumber(ARGV[2]), tonumber(ARGV[3])
-- Numbers rise without gaps, unless somebody has deleted some by hand; then there are fewer than the header has counted.
local last = math.max(tonumber(call('HGET', KEYS[1], 'quarantined') or '0'), call('HLEN', quarantine))
local page, bytes, first = {''}, 0, tonumber(ARGV[1]) + 1
for number = first, last do
  local kept = call('HGET', quarantine, text(number))
  local size = kept and #kept or 0
  if #page / 2 > count or number - first >= 4000 or (kept and #page > 1 and bytes + size > most) then
    page[1] = text(number - 1)
    return page
  end
  if kept then
    bytes = bytes + size
    page[#page + 1] = text(number)
    page[#page + 1] = kept
  end
end
return page
