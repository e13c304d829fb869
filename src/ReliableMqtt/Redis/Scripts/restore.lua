-- Writes back what the owner still has in memory, after the server has lost writes. What is left there is what once was: a state of the past.
-- KEYS    1 header  2 lease  3 inflight  4 state  5 backlog  6 staged  7 dead  8 dead-order  9 ids  10 done-0  11 done-1  12 ended  13 restored
--         14 taken; and 'never'
-- ARGV    1 token  2 what stood in its place before  3 operation  4 nonce  5 schema  6 tail  7 of the backlog the owner knows everything up to here
--         8 lowest unfinished  9 session  10 lease ms  11 description of the owner  12 'unconfirmed' may lack some up to here
--         13 ranges that are unknown ('first-last ' each)  14 wake channel
--         15 ms to keep what was taken
--         then eight sections, each with the number of its values before it:
--          1 inflight     sequence, packet id, state or ''     the record is staged under its sequence
--          2 backlog      sequence                             in order; staged too
--          3 pending      id, sequence                         those of 1 and 2 that belong into the index
--          4 dead         sequence, id, automatic, status      in order; header and record are staged under 'd' and the sequence
--          5 finished     sequence, id, automatic, status      outcomes that the index keeps
--          6 unconfirmed  sequence                             those of 7 that did not end with a confirm
--          7 known        first, last                          all messages that the owner has had in its hands, in rising order
--          8 taken        acceptor, number, sequence, count    of the known ones those that others have accepted, as these name them
--         'automatic' is the sequence within an automatic id, or '' for an id of the application's
-- Output  {'RESTORED', tail, backlog, tail that was left, tail right after it} | {'FENCED'} | {'UNSTAGED'}: something is not staged
local header, inflight, state, backlog, dead, order, ids, ended = KEYS[1], KEYS[3], KEYS[4], KEYS[5], KEYS[7], KEYS[8], KEYS[9], KEYS[12]
local h = call('HMGET', header, 'nonce', 'epoch', 'restored', 'tail', 'lost', 'forgotten', 'lives', 'epochs', 'done', 'deadno', 'qbytes', 'lowest', 'confirmed', 'expired', 'dead-lettered', 'put-aside')
local epoch = h[2] or ''
if h[1] and h[1] ~= ARGV[4] then return {'FENCED'} end
if epoch == ARGV[1] then
  local operation, left, tail = string.match(h[3] or '', '(%d+) (%d+) (%d+)')
  if operation and tonumber(operation) >= tonumber(ARGV[3]) then return {'RESTORED', h[4], text(call('LLEN', backlog)), left, tail} end
elseif epoch ~= '' and epoch ~= ARGV[2] then
  return {'FENCED'} -- Somebody else has acquired since.
end

local section, position = {}, 16
for i = 1, 8 do
  local count = tonumber(ARGV[position])
  section[i] = {first = position + 1, last = position + count, count = count}
  position = position + count + 1
end
local flying, waiting, pending, buried, finished, unconfirmed, known, taken = unpack(section)

local names, record = {}, {}
for i = flying.first, flying.last, 3 do names[#names + 1] = ARGV[i] end
for i = waiting.first, waiting.last do names[#names + 1] = ARGV[i] end
for i = buried.first, buried.last, 4 do names[#names + 1] = 'd' .. ARGV[i] end
for i, bytes in ipairs(fetch('HMGET', KEYS[6], names)) do
  if not bytes then return {'UNSTAGED'} end
  record[names[i]] = bytes
end

-- What the server has in flight or in the known part of the backlog, and the owner has not: it was finished meanwhile, under this owner if that
-- has had it in its hands, and then with a confirm unless it says otherwise.
local own, not_confirmed = {}, {}
for i = 1, flying.count / 3 + waiting.count do own[tonumber(names[i])] = true end
for i = unconfirmed.first, unconfirmed.last do not_confirmed[tonumber(ARGV[i])] = true end
local gone, traces, settled, outcomes, forgotten = {}, {}, {}, {}, tonumber(ARGV[12])
local confirmed_count, expired_count = tonumber(h[13] or '0'), tonumber(h[14] or '0')
local time = now()
local function was_in_hand(sequence)
  local low, high = 0, known.count / 2
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(ARGV[known.first + 2 * middle + 1]) < sequence then low = middle + 1 else high = middle end
  end
  return low < known.count / 2 and tonumber(ARGV[known.first + 2 * low]) <= sequence
end
local function consider(bytes)
  local sequence, sound = read_sequence(bytes)
  if not sound or #bytes < 20 or own[sequence] then return end
  local id = string.sub(bytes, 21, 20 + string.byte(bytes, 19) * 256 + string.byte(bytes, 20))
  local confirmed = sequence > forgotten and not not_confirmed[sequence] and was_in_hand(sequence)
  gone[sequence] = true
  if confirmed then confirmed_count = confirmed_count + 1 end
  if id ~= '' then
    settled[#settled + 1] = id
    outcomes[id] = {sequence, confirmed and 'C ' .. text(sequence) .. ' 0 ' .. text(time)}
  elseif not confirmed then traces[#traces + 1] = text(sequence) end
end

local before = call('HGETALL', inflight)
for i = 2, #before, 2 do consider(before[i]) end
-- What cannot be read stays for whoever reads the backlog next: he puts it aside.
local survived, up_to, heads, removed, unread = tonumber(h[4] or '0'), tonumber(ARGV[7]), 0, 0, {}
local highest = survived
local function is_known(bytes)
  local sequence, sound = read_sequence(bytes)
  return not sound or sequence <= up_to
end
repeat
  local page = call('LRANGE', backlog, heads, heads + 499)
  for i = 1, #page do
    if not is_known(page[i]) then break end
    if select(2, read_sequence(page[i])) then consider(page[i]) else unread[#unread + 1] = page[i] end
    heads, removed = heads + 1, removed + #page[i]
  end
until #page == 0 or not is_known(page[#page])

local last = call('LINDEX', backlog, -1)
if last and not h[1] and select(2, read_sequence(last)) then highest = read_sequence(last) end
local front, behind, added = {}, {}, 0
for i = #unread, 1, -1 do front[#front + 1] = unread[i] end
for i = waiting.last, waiting.first, -1 do
  if tonumber(ARGV[i]) <= up_to then front[#front + 1] = record[ARGV[i]] end
end
for i = waiting.first, waiting.last do
  local sequence = tonumber(ARGV[i])
  if sequence > up_to and sequence > highest then behind[#behind + 1] = record[ARGV[i]] end
end
for i = 1, #front do added = added + #front[i] end
for i = 1, #behind do added = added + #behind[i] end

-- What others have accepted, and the owner had: they may send it again, since it is lost. Runs of an earlier loss stay.
local acceptors, runs = {}, {}
for i = taken.first, taken.last, 4 do
  local acceptor, number, sequence, count = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  if sequence + count - 1 > survived then
    if not runs[acceptor] then
      runs[acceptor] = {}
      acceptors[#acceptors + 1] = acceptor
    end
    table.insert(runs[acceptor], {number, sequence, count})
  end
end
for i, bytes in ipairs(fetch('HMGET', KEYS[14], acceptors)) do
  for _, run in ipairs(bytes and cmsgpack.unpack(bytes) or {}) do table.insert(runs[acceptors[i]], run) end
end
local named_runs = {}
for _, acceptor in ipairs(acceptors) do
  named_runs[#named_runs + 1] = acceptor
  named_runs[#named_runs + 1] = cmsgpack.pack(runs[acceptor])
end

-- An end that the server has not lost may have been followed by more, such as a replay, that the owner did not see.
local function is_lost(sequence) return sequence > survived or gone[sequence] end
local live = fetch('HMGET', ids, settled)
for _, key in ipairs({state, dead, KEYS[10], KEYS[11], KEYS[6], KEYS[14]}) do call('HLEN', key) end
for _, key in ipairs({order, ended, KEYS[13]}) do call('ZCARD', key) end
call('GET', KEYS[2])

-- From here on only writes.
call('HDEL', header, '-')
if not h[1] then
  call('HSET', header, 'schema', ARGV[5], 'nonce', ARGV[4], 'done', '0', 'done-since', text(time), 'deadno', '0', 'forgotten', '0')
end
call('DEL', inflight)
call('DEL', state)
call('HSET', state, '#', string.rep('#', 65)) -- See open.lua.
local entries, states, fbytes = {}, {}, 0
local function put(list, key, value) list[#list + 1] = key list[#list + 1] = value end
for i = flying.first, flying.last, 3 do
  local bytes = record[ARGV[i]]
  put(entries, ARGV[i + 1], bytes)
  if ARGV[i + 2] ~= '' then put(states, ARGV[i + 1], ARGV[i + 2]) end
  fbytes = fbytes + #bytes
end
write('HSET', inflight, entries)
write('HSET', state, states)
if heads > 0 then call('LTRIM', backlog, heads, -1) end
write('LPUSH', backlog, front)
write('RPUSH', backlog, behind)

local current = h[9] == '1' and KEYS[11] or KEYS[10]
local forget, done, named, untrace, letters, numbers, risen = {}, {}, {}, {}, {}, {}, {}
for i, id in ipairs(settled) do
  local sequence, outcome = unpack(outcomes[id])
  if live[i] == 'P ' .. text(sequence) then
    forget[#forget + 1] = id
    if outcome then put(done, id, outcome) end
  end
end
local number = math.max(tonumber(h[10] or '0'), time * 1024)
for i = buried.first, buried.last, 4 do
  if is_lost(tonumber(ARGV[i])) then
    number = number + 1
    put(letters, ARGV[i + 1], record['d' .. ARGV[i]])
    put(numbers, text(number), ARGV[i + 1])
    put(named, ARGV[i + 1], ARGV[i + 3])
    if ARGV[i + 2] ~= '' then traces[#traces + 1] = ARGV[i + 2] end
  end
end
for i = finished.first, finished.last, 4 do
  if is_lost(tonumber(ARGV[i])) then
    risen[#risen + 1] = ARGV[i + 1]
    put(done, ARGV[i + 1], ARGV[i + 3])
    if string.sub(ARGV[i + 3], 1, 1) == 'E' then expired_count = expired_count + 1 end
    if ARGV[i + 2] ~= '' and string.sub(ARGV[i + 3], 1, 1) == 'C' then untrace[#untrace + 1] = ARGV[i + 2] end
  end
end
write('HDEL', ids, forget)
write('HSET', dead, letters)
write('ZADD', order, numbers)
write('HSET', ids, named)
write('HDEL', ids, risen)
write('HSET', current, done)
-- What is pending, or has come to another end, is no dead letter.
local alive = {}
for i = pending.first, pending.last, 2 do
  risen[#risen + 1] = ARGV[i]
  put(alive, ARGV[i], 'P ' .. ARGV[i + 1])
end
write('HDEL', dead, risen)
write('ZREM', order, risen)
write('HSET', ids, alive)

for i = unconfirmed.first, unconfirmed.last do traces[#traces + 1] = ARGV[i] end
local lost = h[5] or ''
for range in string.gmatch(ARGV[13], '%S+ ') do
  if not string.find(' ' .. lost, ' ' .. range, 1, true) then lost = lost .. range end
end
local all, fields = jump(survived, lost, math.max(tonumber(h[6] or '0'), forgotten), tonumber(ARGV[6]))
call('HSET', header, unpack(fields))
leave_trace(header, ended, traces)
write('ZREM', ended, untrace)
local ranges = {}
for i = known.first, known.last, 2 do
  local first = math.max(tonumber(ARGV[i]), survived + 1)
  if tonumber(ARGV[i + 1]) >= first then put(ranges, ARGV[i + 1], text(first) .. '-' .. ARGV[i + 1]) end
end
write('ZADD', KEYS[13], ranges)
if #named_runs > 0 then
  write('HSET', KEYS[14], named_runs)
  call('PEXPIRE', KEYS[14], ARGV[15])
end
call('ZREMRANGEBYRANK', KEYS[13], 0, -4097) -- Those that are let go read as unknown.

local qbytes, length = tonumber(h[11] or '0') - removed + added, call('LLEN', backlog)
if not h[1] then
  -- The header alone may have been deleted.
  qbytes = 0
  for i = 0, length - 1, 500 do
    for _, bytes in ipairs(call('LRANGE', backlog, i, i + 499)) do qbytes = qbytes + #bytes end
  end
end
call('HSET', header, 'epoch', ARGV[1], 'previous', ARGV[2], 'owner', ARGV[11], 'op', ARGV[3], 'session', ARGV[9], 'server', server(),
  'epochs', text(math.max(tonumber(h[8] or '0'), tonumber(string.match(ARGV[1], '^%d+')))), 'lives', tonumber(h[7] or '0') + 1,
  'lowest', text(math.max(tonumber(h[12] or '1'), tonumber(ARGV[8]))), 'qbytes', text(qbytes), 'fbytes', text(fbytes), 'deadno', text(number),
  'answer', 'APPLIED ' .. text(all) .. ' ' .. text(length) .. ' 0', 'restored', ARGV[3] .. ' ' .. text(survived) .. ' ' .. text(all))
-- What was accepted is what has ended and what is there: of what went without a trace, nobody can say that it was.
local letter_count, aside = tonumber(h[15] or '0') + #letters / 2, tonumber(h[16] or '0')
call('HSET', header, 'accepted', text(confirmed_count + expired_count + letter_count + aside + call('HLEN', inflight) + length),
  'confirmed', text(confirmed_count), 'expired', text(expired_count), 'dead-lettered', text(letter_count), 'put-aside', text(aside))
-- What the owner before was answered last may be among what is lost: nobody can tell him any more.
if epoch ~= ARGV[1] then call('HSET', header, 'previous-op', '9007199254740991', 'previous-answer', '') end
call('SET', KEYS[2], ARGV[1], 'PX', ARGV[10])
call('UNLINK', KEYS[6])
call('PUBLISH', ARGV[14], 'verified')
return {'RESTORED', text(all), text(length), text(survived), text(all)}
