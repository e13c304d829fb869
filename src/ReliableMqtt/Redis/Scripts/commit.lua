-- Applies one group commit of the owner: all of its sections, or nothing.
-- KEYS    1 header  2 inflight  3 state  4 backlog  5 dead  6 dead-order  7 ids  8 done-0  9 done-1  10 ended; and 'never'
-- ARGV    1 token  2 operation  3 expected tail  4 lowest unfinished  5 session or ''  6 most messages  7 most bytes  8 most dead letters
--         9 '1' when the server has refused the appends for want of memory
--         10 how many values each of the twelve sections has, four bytes each
--         then the sections:
--          1 confirm  packet id, sequence (8 bytes)                       of an automatic id: that nothing is left says confirmed
--          2 confirm  packet id, sequence (8 bytes), id, automatic, status   of an id in the index
--          3 release  packet id, release order
--          4 dead     packet id, sequence (8 bytes), id, automatic, status, header
--          5 move     packet id, new packet id, state
--          6 drop     sequence (8 bytes), id, automatic, status, header or '' when it expired
--          7 assign   sequence (8 bytes), packet id
--          8 append   packet id, record
--          9 queue    record
--         10 named    index among 8 and 9, id
--         11 notify   channel, text                      for those who accepted what ends here
--         12 large    packet id among 1 and 2, bytes of its record
--         'automatic' is the sequence within an automatic id, or '' for an id of the application's
-- Output  {'APPLIED' | 'REFUSED', tail, backlog, first moved sequence or 0} | {'KNOWN', tail, backlog, index, status, ..}
--         {'FENCED', token that stands there or '', what it was answered before the next owner came ..}: 'NOT' when it had not come; nothing when
--         that is no longer known | {'ROLLEDBACK'} | {'BAD', what is wrong}
--         {'UNVERIFIED'} the server has begun another life, and the owner has not asked yet whether anything is missing
local header, inflight, state, backlog, dead, order, ids, ended = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[10]
local h = call('HMGET', header, 'epoch', 'op', 'tail', 'qbytes', 'fbytes', 'lowest', 'done', 'server', 'accepted', 'confirmed')
if not h[3] then return {'ROLLEDBACK'} end
local words = '(%S+) (%S+) (%S+) (%S+)'
if h[1] ~= ARGV[1] then
  local before = call('HMGET', header, 'previous', 'previous-op', 'previous-answer')
  local given = tonumber(before[2] or '0')
  if before[1] ~= ARGV[1] or tonumber(ARGV[2]) < given then return {'FENCED', h[1] or ''} end
  if tonumber(ARGV[2]) > given then return {'FENCED', h[1], 'NOT'} end
  return {'FENCED', h[1], string.match(before[3], words)}
end

-- A repeated operation is an answer, not an effect; a missing one, or a tail from the future, means that the server has lost writes.
local operation, last, tail, expected = tonumber(ARGV[2]), tonumber(h[2]), tonumber(h[3]), tonumber(ARGV[3])
if operation == last then return {string.match(call('HGET', header, 'answer'), words)} end
local length = call('LLEN', backlog)
if operation < last then return {'APPLIED', h[3], text(length), '0'} end
if operation > last + 1 or tail < expected then return {'ROLLEDBACK'} end
-- Sequences that others have got and the server has lost must not be given out again: first the tail has to jump.
if h[8] ~= server() then return {'UNVERIFIED'} end

-- Where each section begins and ends; one without values ends before it begins.
local argv = ARGV
local n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12 = struct.unpack('>I4I4I4I4I4I4I4I4I4I4I4I4', argv[10])
local confirm, confirm_end = 11, 10 + n1
local settle, settle_end = confirm_end + 1, confirm_end + n2
local release, release_end = settle_end + 1, settle_end + n3
local bury, bury_end = release_end + 1, release_end + n4
local move, move_end = bury_end + 1, bury_end + n5
local drop, drop_end = move_end + 1, move_end + n6
local assign, assign_end = drop_end + 1, drop_end + n7
local append, append_end = assign_end + 1, assign_end + n8
local queue, queue_end = append_end + 1, append_end + n9
local named, named_end = queue_end + 1, queue_end + n10
local notify, notify_end = named_end + 1, named_end + n11
local large, large_end = notify_end + 1, notify_end + n12
local drops, assigns = (drop_end - drop + 1) / 5, (assign_end - assign + 1) / 2
local appends, refused = (append_end - append + 1) / 2 + queue_end - queue + 1, argv[9] == '1'
-- Others have appended since: mine go behind them, into the backlog.
local moved = appends > 0 and tail > expected

-- The entries that the commit speaks of, in its order, and behind them the places that must be empty.
local asked, n = {}, 0
local function ask(first, last, step)
  for i = first, last, step do
    n = n + 1
    asked[n] = argv[i]
  end
end
ask(confirm, confirm_end, 2)
ask(settle, settle_end, 5)
local settled = n
ask(release, release_end, 2)
local releases = n
ask(bury, bury_end, 6)
local buried = n
ask(move, move_end, 3)
local taken = n
for i = move, move_end, 3 do
  if argv[i + 1] ~= argv[i] then ask(i + 1, i + 1, 1) end
end
ask(assign + 1, assign_end, 2)
if not moved then ask(append, append_end, 2) end

-- Lua hashes every byte of a string that comes in. So a large record that is confirmed stays outside when its entry has the length that the owner says: that
-- it is of this sequence and id is taken on trust then. One of another length is checked like a small one, and so is each for a user who may not ask.
local weights, hidden
if large_end >= large then
  weights, hidden = {}, {}
  for i = large, large_end, 2 do
    local weight = redis.pcall('HSTRLEN', inflight, argv[i])
    if weight == tonumber(argv[i + 1]) then weights[argv[i]] = weight end
  end
  for i = 1, settled do
    if weights[asked[i]] then hidden[i], asked[i] = asked[i], '-' end
  end
end
local read = fetch('HMGET', inflight, asked)
if hidden then
  for i = 1, settled do asked[i] = hidden[i] or asked[i] end
end

-- Every message passes here, so that what would be said of a mistake is put together only when there is one.
local problem
local function refuse(...) problem = problem or table.concat({...}) end
local left, removed, freed, place = {}, 0, 0, 0
local sub, byte = string.sub, string.byte
local function next_record()
  place = place + 1
  return read[place]
end
local function leave(packet, sequence, id, automatic)
  local r, weight = next_record(), weights and weights[packet]
  if left[packet] or not (r or weight) then return refuse('no entry is in flight under packet id ', packet) end
  if weight then
    left[packet], removed, freed = true, removed + 1, freed + weight
    return
  end
  if #r < 20 then return refuse('packet id ', packet, ' is of a record that is cut off') end
  -- A record stores no automatic id that is of its own sequence.
  local high, low = byte(r, 19, 20)
  local stored = high + low > 0 and sub(r, 21, 20 + high * 256 + low) or ''
  if sub(r, 2, 9) ~= sequence or not (stored == id or (stored == '' and automatic ~= '' and tonumber(automatic) == read_sequence(r))) then
    refuse('packet id ', packet, ' is of sequence ', text(read_sequence(r)), ' (', stored, ')')
  end
  left[packet], removed, freed = true, removed + 1, freed + #r
end

for i = confirm, confirm_end, 2 do leave(argv[i], argv[i + 1], '', '') end
for i = settle, settle_end, 5 do leave(argv[i], argv[i + 1], argv[i + 2], argv[i + 3]) end

local states, has_states = {}, true
if release_end >= release then
  local released, packets = {}, {}
  for i = release, release_end, 2 do packets[#packets + 1] = argv[i] end
  local before = fetch('HMGET', state, packets)
  for i, packet in ipairs(packets) do
    local r = next_record()
    if not r or left[packet] then refuse('no entry is in flight under packet id ', packet)
    else
      -- stage, send order (sequence, '-' for the own, and ordinal), release order, refusals, due
      local stage, sequence, ordinal, refusals = 'S', '-', '0', '0'
      if before[i] then stage, sequence, ordinal, refusals = string.match(before[i], '(%S+) (%S+) (%S+) %S+ (%S+)') end
      if #r < 20 or byte(r, 18) % 4 ~= 2 then refuse('packet id ', packet, ' is not of QoS 2') end
      if stage ~= 'S' or released[packet] then refuse('packet id ', packet, ' is not in stage Sent') end
      released[packet] = true
      states[#states + 1] = packet
      states[#states + 1] = 'R ' .. sequence .. ' ' .. ordinal .. ' ' .. argv[release + 2 * i - 1] .. ' ' .. refusals .. ' -'
    end
  end
else
  has_states = call('HLEN', state) > 0
end

for i = bury, bury_end, 6 do leave(argv[i], argv[i + 1], argv[i + 2], argv[i + 3]) end
for i = move, move_end, 3 do
  local packet = argv[i]
  if not next_record() or left[packet] then refuse('no entry is in flight under packet id ', packet) end
  left[packet] = true
end

-- Packet ids that are given out must have been free before the commit: one that it frees is not free yet (W4).
local twice = {}
for i = taken + 1, n do
  local packet = asked[i]
  if twice[packet] then refuse('packet id ', packet, ' is given out twice') end
  if read[i] then refuse('packet id ', packet, ' is not free') end
  twice[packet] = true
end

local head = drops + assigns > 0 and call('LRANGE', backlog, 0, drops + assigns - 1) or {}
local queued = tonumber(h[4])
local qbytes, fbytes = queued, h[5] - freed
if #head ~= drops + assigns then refuse('more messages should leave the backlog than there are')
else
  for i = 1, #head do
    local at = i <= drops and drop + 5 * (i - 1) or assign + 2 * (i - drops - 1)
    if sub(head[i], 2, 9) ~= argv[at] then refuse('the backlog has sequence ', text(read_sequence(head[i])), ' where another should leave it') end
    if i > drops then fbytes = fbytes + #head[i] end
    qbytes = qbytes - #head[i]
  end
end

if append_end >= append and not moved and length ~= #head then refuse('an append would overtake the backlog') end
if problem then return {'BAD', problem} end

if named_end >= named then
  local names, own, answer = {}, {}, {'KNOWN', h[3], text(length)}
  for i = named, named_end, 2 do names[#names + 1] = argv[i + 1] end
  local found = statuses(names, ids, KEYS[8], KEYS[9], tonumber(h[6]))
  for i = 1, #names do
    local status = found[i] or (own[names[i]] and 'P 0')
    own[names[i]] = true
    if status then
      answer[#answer + 1] = argv[named + 2 * (i - 1)]
      answer[#answer + 1] = status
    end
  end
  if #answer > 3 then return answer end
end

if appends > 0 then
  local direct, behind = 0, 0
  for i = append + 1, append_end, 2 do direct = direct + #argv[i] end
  for i = queue, queue_end do behind = behind + #argv[i] end
  local count = call('HLEN', inflight) - removed + length - drops + appends
  if count > tonumber(argv[6]) or qbytes + fbytes + direct + behind > tonumber(argv[7]) then refused = true
  elseif moved then qbytes = qbytes + direct + behind
  else qbytes, fbytes = qbytes + behind, fbytes + direct end
  if refused then appends = 0 end
end

local current = h[7] == '1' and KEYS[9] or KEYS[8]
local tells_ids = bury_end >= bury or drops > 0 or settle_end >= settle or named_end >= named
if tells_ids then
  -- A key of the wrong kind must show before the first write.
  call('HLEN', dead) call('ZCARD', order) call('HLEN', ids) call('HLEN', current) call('ZCARD', ended)
end

-- From here on only writes.
local first = moved and appends > 0 and tail + 1 or 0
length = length - #head + (appends == 0 and 0 or moved and appends or queue_end - queue + 1)
local answer = {refused and 'REFUSED' or 'APPLIED', text(tail + appends), text(length), text(first)}
if appends == 0 then call('HDEL', inflight, '-') end -- See the prelude: a ledger must be able to drain.
call('HSET', header, 'op', argv[2], 'tail', answer[2], 'fbytes', text(fbytes), 'answer', answer[1] .. ' ' .. answer[2] .. ' ' .. answer[3] .. ' ' .. answer[4],
  'lowest', tonumber(argv[4]) > tonumber(h[6]) and argv[4] or h[6], 'accepted', text((h[9] or 0) + appends), 'confirmed', text((h[10] or 0) + n1 / 2 + n2 / 5))
if qbytes ~= queued then call('HSET', header, 'qbytes', text(qbytes)) end
if argv[5] ~= '' then call('HSET', header, 'session', argv[5]) end

write('HDEL', inflight, asked, 1, settled)
write('HDEL', inflight, asked, releases + 1, buried)
if has_states then
  write('HSET', state, states)
  write('HDEL', state, asked, 1, settled)
  write('HDEL', state, asked, releases + 1, buried)
end

local function put(list, key, value) list[#list + 1] = key list[#list + 1] = value end
if taken > buried then
  local entries, parked = {}, {}
  for i = move, move_end, 3 do
    if argv[i + 1] ~= argv[i] then
      call('HDEL', inflight, argv[i])
      call('HDEL', state, argv[i])
      put(entries, argv[i + 1], read[buried + (i - move) / 3 + 1])
    end
    put(parked, argv[i + 1], argv[i + 2])
  end
  write('HSET', state, parked)
  write('HSET', inflight, entries)
end
if #head > 0 then
  local entries = {}
  for i = 1, assigns do put(entries, argv[assign + 2 * i - 1], head[drops + i]) end
  write('HSET', inflight, entries)
  call('LTRIM', backlog, #head, -1)
end
if moved and appends > 0 then
  local behind = {}
  for i = append + 1, append_end, 2 do behind[#behind + 1] = stamp(argv[i], tail + #behind + 1) end
  for i = queue, queue_end do behind[#behind + 1] = stamp(argv[i], tail + #behind + 1) end
  write('RPUSH', backlog, behind)
elseif appends > 0 then
  write('HSET', inflight, argv, append, append_end)
  write('RPUSH', backlog, argv, queue, queue_end)
end
for i = notify, notify_end, 2 do call('PUBLISH', argv[i], argv[i + 1]) end
if not tells_ids then return answer end

-- What an id says from now on: of those that have ended, and of new ones of the application's.
local forget, finished, live, trace, untrace, numbers, letters = {}, {}, {}, {}, {}, {}, {}
for i = settle, settle_end, 5 do
  forget[#forget + 1] = argv[i + 2]
  put(finished, argv[i + 2], argv[i + 4])
  if argv[i + 3] ~= '' then untrace[#untrace + 1] = argv[i + 3] end
end
local number = buried - releases + drops > 0 and math.max(tonumber(call('HGET', header, 'deadno')), now() * 1024)
local function letter(id, automatic, status, head_, body)
  number = number + 1
  put(letters, id, head_ .. body)
  put(numbers, text(number), id)
  put(live, id, status)
  if automatic ~= '' then trace[#trace + 1] = automatic end
end
for i = bury, bury_end, 6 do letter(argv[i + 2], argv[i + 3], argv[i + 4], argv[i + 5], read[releases + (i - bury) / 6 + 1]) end
for i = 1, drops do
  local at = drop + 5 * (i - 1)
  local id, automatic, status, reason = argv[at + 1], argv[at + 2], argv[at + 3], argv[at + 4]
  if reason ~= '' then
    letter(id, automatic, status, reason, head[i])
  else
    forget[#forget + 1] = id
    put(finished, id, status)
    if automatic ~= '' then trace[#trace + 1] = automatic end
  end
end
if appends > 0 then
  for i = named, named_end, 2 do put(live, argv[i + 1], 'P ' .. text(tail + tonumber(argv[i]))) end
end
write('HDEL', ids, forget)
write('HSET', ids, live)
write('HSET', current, finished)
write('ZREM', ended, untrace)
leave_trace(header, ended, trace)
local expired = drops + buried - releases - #letters / 2
if expired > 0 then count(header, 'expired', expired) end
if #letters == 0 then return answer end

write('HSET', dead, letters)
write('ZADD', order, numbers)
call('HSET', header, 'deadno', text(number))
count(header, 'dead-lettered', #letters / 2)
-- Too many: the oldest leave, and a trace of each stays.
local surplus = math.min(call('ZCARD', order) - tonumber(ARGV[8]), 1000)
if surplus > 0 then
  local oldest = call('ZRANGE', order, 0, surplus - 1)
  local known, purged = fetch('HMGET', ids, oldest), {}
  for i, id in ipairs(oldest) do put(purged, id, 'X' .. string.sub(known[i] or 'D 0 - -', 2)) end
  write('HSET', current, purged)
  write('HDEL', ids, oldest)
  write('HDEL', dead, oldest)
  write('ZREM', order, oldest)
end
return answer
