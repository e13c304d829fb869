-- What several scripts need; put before each of them.
--
-- Every script makes all of its checks before its first write, since a script that fails half-way keeps what it has written. Only the first
-- write of a script can be refused for want of memory: one that may be refused (it grows) writes the header first, one that must get
-- through (it drains, or guards) first deletes a field that never exists.
--
-- While a slot of a cluster moves, a node has some of its keys, and fails a command within a script whose key it has not: also one that the script itself has just
-- emptied. So a script that writes to several keys names one that is never there: it does not begin then.
local call = redis.call

-- A number as text: without exponent, however large. The quick way is sure of 31 bits.
local format = string.format
local function text(number) return format(number < 2147483648 and '%d' or '%.0f', number) end

-- A sequence as it stands in a record: eight bytes, 53 bits for the sequence and below them 11 for a check of it, so that they sort as the
-- sequences do. Divisions are exact where they divide by a power of two, remainders below 2^50.
local function pack_sequence(n)
  local floor = math.floor
  local high = floor(n / 4294967296)
  local check = (high * 1384 + n - high * 4294967296) % 2039 * 1712 % 2039 -- 1384: what 2^32 leaves
  return string.char(floor(n / 35184372088832), floor(n / 137438953472) % 256, floor(n / 536870912) % 256, floor(n / 2097152) % 256,
    floor(n / 8192) % 256, floor(n / 32) % 256, n % 32 * 8 + floor(check / 256), check % 256)
end

-- The sequence of a record, and whether it is as it was stamped; 0 for what is too short to be a record.
local function read_sequence(record)
  if #record < 9 then return 0, false end
  local a, b, c, d, e, f, g = string.byte(record, 2, 8)
  local n = (((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f) * 32 + math.floor(g / 8)
  return n, n > 0 and pack_sequence(n) == string.sub(record, 2, 9)
end

-- Counts on in a field of the header.
local function count(header, field, more) call('HSET', header, field, text(tonumber(call('HGET', header, field) or '0') + more)) end

local function stamp(record, sequence) return string.sub(record, 1, 1) .. pack_sequence(sequence) .. string.sub(record, 10) end

-- unpack() takes fewer than 8,000 values. The step is even, for pairs.
local function write(command, key, values, first, last)
  for i = first or 1, last or #values, 4000 do call(command, key, unpack(values, i, math.min(i + 3999, last or #values))) end
end

local function fetch(command, key, fields)
  if #fields <= 4000 then return #fields > 0 and call(command, key, unpack(fields)) or {} end
  local all = {}
  for i = 1, #fields, 4000 do
    local part = call(command, key, unpack(fields, i, math.min(i + 3999, #fields)))
    for j = 1, #part do all[i + j - 1] = part[j] end
  end
  return all
end

-- Names the life of the server: it changes at every restart and promotion.
local function server()
  local info = call('INFO', 'replication')
  local _, last = string.find(info, 'master_replid:', 1, true)
  return string.sub(info, last + 1, last + 40)
end

-- Server time in milliseconds.
local function now() local t = call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000) end

-- What the index of ids says of each of them, or false: pending and dead ones, then those that were finished in this window or the last. Below the lowest
-- unfinished sequence nothing is pending: whoever still reads so had a record that could not be read, and may be published again.
local function statuses(ids, index, done0, done1, lowest)
  local live, a, b = fetch('HMGET', index, ids), fetch('HMGET', done0, ids), fetch('HMGET', done1, ids)
  local all = {}
  for i = 1, #ids do
    local pending = live[i] and string.match(live[i], '^P (%d+)')
    if pending and tonumber(pending) < lowest then live[i] = false end
    all[i] = live[i] or a[i] or b[i]
  end
  return all
end

-- An automatic id needs no entry in the index once its message is confirmed: that no trace is left says so. So whatever ends in another way
-- leaves its sequence here. Bounded: below 'forgotten' nothing is said of any automatic id.
local function leave_trace(header, ended, sequences)
  if #sequences == 0 then return end
  local values = {}
  for i, sequence in ipairs(sequences) do values[2 * i - 1], values[2 * i] = sequence, sequence end
  write('ZADD', ended, values)
  local surplus = call('ZCARD', ended) - 65536
  if surplus <= 0 then return end
  local last = call('ZRANGE', ended, surplus - 1, surplus - 1)[1]
  call('ZREMRANGEBYRANK', ended, 0, surplus - 1)
  if tonumber(last) > tonumber(call('HGET', header, 'forgotten')) then call('HSET', header, 'forgotten', last) end
end

-- Sequences that the store may have lost unseen are never given out again: the tail jumps, and what it jumped over reads as unknown. How far
-- differs from life to life of the server: the jump itself may be lost, and the next one from the same place must not end where it did.
-- 'seen' is the highest one that somebody knows of. Of many jumps the oldest are merged into 'forgotten'. Returns the new tail and the fields to write.
-- The life of the ledger that begins with it has a name that none has had before, so that an acceptor sees that something may have been lost.
local function jump(tail, lost, forgotten, seen)
  local far = 1048576 * (1 + tonumber(string.sub(server(), 1, 4), 16))
  local first, last, count = tail + 1, math.max(tail, seen or 0) + far, 0
  lost = lost .. text(first) .. '-' .. text(last) .. ' '
  for _ in string.gmatch(lost, ' ') do count = count + 1 end
  if count > 64 then
    forgotten = math.max(forgotten, tonumber(string.match(lost, '^u?%d+%-(%d+) ')))
    lost = string.match(lost, '^%S+ (.*)$')
  end
  local t = call('TIME')
  return last, {'tail', text(last), 'lost', lost, 'forgotten', text(forgotten), 'life', server() .. '-' .. t[1] .. '-' .. t[2]}
end

-- Where to read a backlog on: the index behind the last record with a sequence of at most 'after'. What has none that was given out is passed over.
local function index_behind(backlog, after, tail)
  local low, high = 0, after > 0 and call('LLEN', backlog) or 0
  local function sequence_at(index)
    local n, sound = read_sequence(call('LINDEX', backlog, index))
    return sound and n <= tail and n or nil
  end
  -- Sequences rise by one as a rule: then it is just so far from the head, and the next one is above.
  local head = high > 0 and sequence_at(0)
  local guess = head and after - head
  while low < high do
    local middle = guess and math.max(low, math.min(high - 1, guess)) or math.floor((low + high) / 2)
    local at, sequence = middle, sequence_at(middle)
    while not sequence and at > low do at = at - 1 sequence = sequence_at(at) end
    if not sequence then
      at = middle
      while not sequence and at < high - 1 do at = at + 1 sequence = sequence_at(at) end
      if not sequence then return low end
    end
    if sequence <= after then low = at + 1 else high = at end
    guess = guess == after - (head or 0) and low or nil
  end
  return low
end
