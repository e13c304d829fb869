-- Applies one group commit of the owner: all of its sections, or nothing.
-- KEYS    1 header  2 inflight  3 state  4 backlog  5 dead  6 dead-order  7 ids  8 done-0  9 done-1  10 ended
-- ARGV    1 token  2 operation  3 expected tail  4 lowest unfinished  5 session or ''  6 most messages  7 most bytes  8 most dead letters
--         9 '1' when the server has refused the appends for want of memory
--         then eleven sections, each with the number of its values before it:
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
--         'automatic' is the sequence within an automatic id, or '' for an id of the application's
-- Output  {'APPLIED' | 'REFUSED', tail, backlog, first moved sequence or 0} | {'KNOWN', tail, backlog, index, status, ..}
--         {'FENCED', token that stands there or '', what it was answered before the next owner came ..}: 'NOT' when it had not come; nothing when
--         that is no longer known | {'ROLLEDBACK'} | {'BAD', what is wrong}
--         {'UNVERIFIED'} the server has begun another life, and the owner has not asked yet whether anything is missing
local header, inflight, state, backlog, dead, order, ids, ended = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[10]
local h = call('HMGET', header, 'epoch', 'op', 'tail', 'qbytes', 'fbytes', 'lowest', 'done', 'answer', 'deadno', 'server')
if not h[3] then return {'ROLLEDBACK'} end
local function parse_answer(answer) return string.match(answer, '(%S+) (%S+) (%S+) (%S+)') end
if h[1] ~= ARGV[1] then
  local before = call('HMGET', header, 'previous', 'previous-op', 'previous-answer')
  local given = tonumber(before[2] or '0')
  if before[1] ~= ARGV[1] or tonumber(ARGV[2]) < given then return {'FENCED', h[1] or ''} end
  if tonumber(ARGV[2]) > given then return {'FENCED', h[1], 'NOT'} end
  return {'FENCED', h[1], parse_answer(before[3])}
end

-- A repeated operation is an answer, not an effect; a missing one, or a tail from the future, means that the server has lost writes.
local operation, last, tail, expected = tonumber(ARGV[2]), tonumber(h[2]), tonumber(h[3]), tonumber(ARGV[3])
if operation == last then return {parse_answer(h[8])} end
local length = call('LLEN', backlog)
if operation < last then return {'APPLIED', h[3], text(length), '0'} end
if operation > last + 1 or tail < expected then return {'ROLLEDBACK'} end
-- Sequences that others have got and the server has lost must not be given out again: first the tail has to jump.
if h[10] ~= server() then return {'UNVERIFIED'} end

local section, position = {}, 10
for i = 1, 11 do
  local count = tonumber(ARGV[position])
  section[i] = {first = position + 1, last = position + count, count = count}
  position = position + count + 1
end
local confirm, settle, release, bury, move, drop, assign, append, queue, named, notify = unpack(section)

-- The entries that the commit speaks of.
local record, asked = {}, {}
for i, width in ipairs({2, 5, 2, 6, 3}) do
  for j = section[i].first, section[i].last, width do asked[#asked + 1] = ARGV[j] end
end
local read = fetch('HMGET', inflight, asked)
for i = 1, #asked do record[asked[i]] = read[i] end

-- Every message passes here, so that what would be said of a mistake is put together only when there is one.
local problem
local function refuse(...) problem = problem or table.concat({...}) end
local left, removed, freed = {}, 0, 0
local sub, byte = string.sub, string.byte
local function leave(packet, sequence, id, automatic)
  local r = record[packet]
  if not r or left[packet] then return refuse('no entry is in flight under packet id ', packet) end
  if #r < 20 then return refuse('packet id ', packet, ' is of a record that is cut off') end
  -- A record stores no automatic id that is of its own sequence.
  local high, low = byte(r, 19, 20)
  local stored = high + low > 0 and sub(r, 21, 20 + high * 256 + low) or ''
  if sub(r, 2, 9) ~= sequence or not (stored == id or (stored == '' and automatic ~= '' and tonumber(automatic) == read_sequence(r))) then
    refuse('packet id ', packet, ' is of sequence ', text(read_sequence(r)), ' (', stored, ')')
  end
  left[packet], removed, freed = true, removed + 1, freed + #r
end

for i = confirm.first, confirm.last, 2 do leave(ARGV[i], ARGV[i + 1], '', '') end
for i = settle.first, settle.last, 5 do leave(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]) end

local released, states = {}, {}
if release.count > 0 then
  local packets = {}
  for i = release.first, release.last, 2 do packets[#packets + 1] = ARGV[i] end
  local before = fetch('HMGET', state, packets)
  for i, packet in ipairs(packets) do
    local r = record[packet]
    if not r or left[packet] then refuse('no entry is in flight under packet id ', packet)
    else
      -- stage, send order (sequence, '-' for the own, and ordinal), release order, refusals, due
      local stage, sequence, ordinal, refusals = 'S', '-', '0', '0'
      if before[i] then stage, sequence, ordinal, refusals = string.match(before[i], '(%S+) (%S+) (%S+) %S+ (%S+)') end
      if #r < 20 or byte(r, 18) % 4 ~= 2 then refuse('packet id ', packet, ' is not of QoS 2') end
      if stage ~= 'S' or released[packet] then refuse('packet id ', packet, ' is not in stage Sent') end
      released[packet] = true
      states[#states + 1] = packet
      states[#states + 1] = 'R ' .. sequence .. ' ' .. ordinal .. ' ' .. ARGV[release.first + 2 * i - 1] .. ' ' .. refusals .. ' -'
    end
  end
else
  call('HLEN', state)
end

for i = bury.first, bury.last, 6 do leave(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]) end

-- Packet ids that are given out must have been free before the commit: one that it frees is not free yet (W4).
local given, twice = {}, {}
local function give(packet)
  if twice[packet] then refuse('packet id ', packet, ' is given out twice') end
  twice[packet], given[#given + 1] = true, packet
end
for i = move.first, move.last, 3 do
  local packet = ARGV[i]
  if not record[packet] or left[packet] then refuse('no entry is in flight under packet id ', packet) end
  left[packet] = true
  if ARGV[i + 1] ~= packet then give(ARGV[i + 1]) end
end

local drops, assigns = drop.count / 5, assign.count / 2
local head = drops + assigns > 0 and call('LRANGE', backlog, 0, drops + assigns - 1) or {}
local qbytes, fbytes = tonumber(h[4]), tonumber(h[5]) - freed
if #head ~= drops + assigns then refuse('more messages should leave the backlog than there are')
else
  for i = 1, #head do
    local at = i <= drops and drop.first + 5 * (i - 1) or assign.first + 2 * (i - drops - 1)
    if sub(head[i], 2, 9) ~= ARGV[at] then refuse('the backlog has sequence ', text(read_sequence(head[i])), ' where another should leave it') end
    if i > drops then
      give(ARGV[at + 1])
      fbytes = fbytes + #head[i]
    end
    qbytes = qbytes - #head[i]
  end
end

local appends, refused = append.count / 2 + queue.count, ARGV[9] == '1'
-- Others have appended since: mine go behind them, into the backlog.
local moved = appends > 0 and tail > expected
if append.count > 0 and not moved then
  if length ~= #head then refuse('an append would overtake the backlog') end
  for i = append.first, append.last, 2 do give(ARGV[i]) end
end
if #given > 0 then
  local busy = fetch('HMGET', inflight, given)
  for i = 1, #given do
    if busy[i] then refuse('packet id ', given[i], ' is not free') end
  end
end
if problem then return {'BAD', problem} end

if named.count > 0 then
  local names, own, answer = {}, {}, {'KNOWN', h[3], text(length)}
  for i = named.first, named.last, 2 do names[#names + 1] = ARGV[i + 1] end
  local found = statuses(names, ids, KEYS[8], KEYS[9], tonumber(h[6]))
  for i = 1, #names do
    local status = found[i] or (own[names[i]] and 'P 0')
    own[names[i]] = true
    if status then
      answer[#answer + 1] = ARGV[named.first + 2 * (i - 1)]
      answer[#answer + 1] = status
    end
  end
  if #answer > 3 then return answer end
end

if appends > 0 then
  local bytes = 0
  for i = append.first + 1, append.last, 2 do bytes = bytes + #ARGV[i] end
  for i = queue.first, queue.last do bytes = bytes + #ARGV[i] end
  local count = call('HLEN', inflight) - removed + length - drops + appends
  if count > tonumber(ARGV[6]) or qbytes + fbytes + bytes > tonumber(ARGV[7]) then refused = true
  elseif moved then qbytes = qbytes + bytes
  else
    for i = append.first + 1, append.last, 2 do fbytes = fbytes + #ARGV[i] end
    for i = queue.first, queue.last do qbytes = qbytes + #ARGV[i] end
  end
  if refused then appends = 0 end
end

local current = h[7] == '1' and KEYS[9] or KEYS[8]
if bury.count + drop.count + settle.count + named.count > 0 then
  -- A key of the wrong kind must show before the first write.
  call('HLEN', dead) call('ZCARD', order) call('HLEN', ids) call('HLEN', current) call('ZCARD', ended)
end

-- From here on only writes.
local first = moved and appends > 0 and tail + 1 or 0
length = length - #head + (appends == 0 and 0 or moved and appends or queue.count)
local answer = {refused and 'REFUSED' or 'APPLIED', text(tail + appends), text(length), text(first)}
local fields = {'op', ARGV[2], 'tail', answer[2], 'qbytes', text(qbytes), 'fbytes', text(fbytes), 'answer', table.concat(answer, ' ')}
local function field(name, value) fields[#fields + 1] = name fields[#fields + 1] = value end
if tonumber(ARGV[4]) > tonumber(h[6]) then field('lowest', ARGV[4]) end
if ARGV[5] ~= '' then field('session', ARGV[5]) end
if appends == 0 then call('HDEL', inflight, '-') end -- See the prelude: a ledger must be able to drain.
call('HSET', header, unpack(fields))

local gone = {}
for i = confirm.first, confirm.last, 2 do gone[#gone + 1] = ARGV[i] end
local forget, finished, live, trace, untrace, numbers, letters = {}, {}, {}, {}, {}, {}, {}
local function put(list, key, value) list[#list + 1] = key list[#list + 1] = value end
for i = settle.first, settle.last, 5 do
  gone[#gone + 1] = ARGV[i]
  forget[#forget + 1] = ARGV[i + 2]
  put(finished, ARGV[i + 2], ARGV[i + 4])
  if ARGV[i + 3] ~= '' then untrace[#untrace + 1] = ARGV[i + 3] end
end
if #states > 0 then write('HSET', state, states) end

local number
if bury.count + drop.count > 0 then number = math.max(tonumber(h[9]), now() * 1024) end
local function letter(id, automatic, status, head_, body)
  number = number + 1
  put(letters, id, head_ .. body)
  put(numbers, text(number), id)
  put(live, id, status)
  if automatic ~= '' then trace[#trace + 1] = automatic end
end
for i = bury.first, bury.last, 6 do
  gone[#gone + 1] = ARGV[i]
  letter(ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], record[ARGV[i]])
end
for i = 1, drops do
  local at = drop.first + 5 * (i - 1)
  local id, automatic, status, reason = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  if reason ~= '' then
    letter(id, automatic, status, reason, head[i])
  else
    forget[#forget + 1] = id
    put(finished, id, status)
    if automatic ~= '' then trace[#trace + 1] = automatic end
  end
end
write('HDEL', inflight, gone)
write('HDEL', state, gone)

local entries, parked = {}, {}
for i = move.first, move.last, 3 do
  if ARGV[i + 1] ~= ARGV[i] then
    call('HDEL', inflight, ARGV[i])
    call('HDEL', state, ARGV[i])
    put(entries, ARGV[i + 1], record[ARGV[i]])
  end
  put(parked, ARGV[i + 1], ARGV[i + 2])
end
write('HSET', state, parked)
for i = 1, assigns do put(entries, ARGV[assign.first + 2 * i - 1], head[drops + i]) end
write('HSET', inflight, entries)
if #head > 0 then call('LTRIM', backlog, #head, -1) end

if appends > 0 then
  if moved then
    local behind = {}
    for i = append.first + 1, append.last, 2 do behind[#behind + 1] = stamp(ARGV[i], tail + #behind + 1) end
    for i = queue.first, queue.last do behind[#behind + 1] = stamp(ARGV[i], tail + #behind + 1) end
    write('RPUSH', backlog, behind)
  else
    write('HSET', inflight, ARGV, append.first, append.last)
    write('RPUSH', backlog, ARGV, queue.first, queue.last)
  end
  for i = named.first, named.last, 2 do put(live, ARGV[i + 1], 'P ' .. text(tail + tonumber(ARGV[i]))) end
end

write('HDEL', ids, forget)
write('HSET', ids, live)
write('HSET', current, finished)
write('ZREM', ended, untrace)
leave_trace(header, ended, trace)
for i = notify.first, notify.last, 2 do call('PUBLISH', ARGV[i], ARGV[i + 1]) end
if #letters == 0 then return answer end

write('HSET', dead, letters)
write('ZADD', order, numbers)
call('HSET', header, 'deadno', text(number))
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
