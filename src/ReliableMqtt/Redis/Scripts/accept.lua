-- Appends messages to the backlog, from any process, and gives out their sequences.
-- KEYS    1 header  2 inflight  3 backlog  4 acceptor  5 ids  6 done-0  7 done-1  8 taken; and 'never'
-- ARGV    1 operation of this acceptor  2 nonce of the ledger  3 most messages  4 most bytes  5 ms to keep the acceptor  6 wake channel
--         7 life of the ledger, as the acceptor knows it  8 name of the acceptor
--         then for each message: record, id that the index has or '', its number among those of the acceptor. Without any it is only asked
--         whether the life is still the same; the operation is not used then.
-- Output  {'ACCEPTED', first sequence, count, index, status, ..}: the messages with an index are known already, of the others the first
--         'count' are in the backlog, and there is no room for the rest. The operation is used, also when nothing was stored.
--         Status 'T' and a sequence: this very message was accepted under it, and an owner has had it in its hands before the store lost it.
--         {'LIFE', life, ranges}: since the acceptor has asked last, sequences in the ranges may have been lost ('first-last ' each)
--         {'OLD'} a late copy | {'ACCEPTOR'} unknown, or operations are missing | {'UNVERIFIED'} no owner has looked yet at what a restart
--         of the server has left | {'NONCE'} it is another ledger | {'MISSING'} there is none
local header, inflight, backlog, acceptor, first_message = KEYS[1], KEYS[2], KEYS[3], KEYS[4], 9
local h = call('HMGET', header, 'nonce', 'server', 'tail', 'qbytes', 'fbytes', 'lowest', 'life', 'accepted')
if not h[1] then return {'MISSING'} end
if h[1] ~= ARGV[2] then return {'NONCE'} end
if h[2] ~= server() then
  call('PUBLISH', ARGV[6], 'look') -- An idle owner would come to it with its next renewal only, as after the move of a slot.
  return {'UNVERIFIED'}
end
local last = call('GET', acceptor)
if not last then return {'ACCEPTOR'} end
local op, done, answer = tonumber(ARGV[1]), 0, nil
if last ~= '' then done, answer = unpack(cmsgpack.unpack(last)) end
if op < done then return {'OLD'} end
if op == done then return answer end
if op > done + 1 then return {'ACCEPTOR'} end
-- Only now: a call that was applied in an earlier life, and has not been lost, is answered as it was.
if (h[7] or '') ~= ARGV[7] then return {'LIFE', h[7] or '', call('HGET', header, 'lost')} end
if #ARGV < first_message then return {'ACCEPTED', h[3], 0} end

local named, at = {}, {}
for i = first_message + 1, #ARGV, 3 do
  if ARGV[i] ~= '' then named[#named + 1] = ARGV[i] at[#named] = (i - first_message - 1) / 3 + 1 end
end
local known = statuses(named, KEYS[5], KEYS[6], KEYS[7], tonumber(h[6]))
local status = {} -- by index of the message
for i = 1, #named do status[at[i]] = known[i] end

-- What an owner knew when the store lost it is with him, or has ended.
local taken = call('HGET', KEYS[8], ARGV[8])
local settled = taken
if taken then
  local runs = cmsgpack.unpack(taken)
  for i = first_message + 2, #ARGV, 3 do
    local number = tonumber(ARGV[i])
    for _, run in ipairs(runs) do
      if number < run[1] + run[3] then
        settled = nil
        if number >= run[1] then status[(i - first_message - 2) / 3 + 1] = 'T ' .. text(run[2] + number - run[1]) end
      end
    end
  end
end

local length = call('LLEN', backlog)
local tail, bytes = tonumber(h[3]), tonumber(h[4])
local room, most = tonumber(ARGV[3]) - call('HLEN', inflight) - length, tonumber(ARGV[4]) - tonumber(h[5])
local records, index, own, full, first = {}, {}, {}, false, tail + 1
answer = {'ACCEPTED', text(first), 0}
for i = first_message, #ARGV, 3 do
  local message, id = (i - first_message) / 3 + 1, ARGV[i + 1]
  local found = status[message] or own[id]
  if found then
    answer[#answer + 1] = message
    answer[#answer + 1] = found
  elseif full or #records >= room or bytes + #ARGV[i] > most then
    full = true
  else
    tail, bytes = tail + 1, bytes + #ARGV[i]
    records[#records + 1] = stamp(ARGV[i], tail)
    if id ~= '' then
      own[id] = 'P ' .. text(tail)
      index[#index + 1] = id
      index[#index + 1] = own[id]
    end
  end
end
answer[3] = #records
if #records > 0 then call('HSET', header, 'tail', text(tail), 'qbytes', text(bytes), 'accepted', text(tonumber(h[8] or '0') + #records)) else call('HDEL', header, '-') end
call('SET', acceptor, cmsgpack.pack({op, answer}), 'PX', ARGV[5])
if settled then call('HDEL', KEYS[8], ARGV[8]) end -- Numbers rise: those before will not come again.
if #records > 0 then
  write('RPUSH', backlog, records)
  if #index > 0 then write('HSET', KEYS[5], index) end
  if length == 0 then call('PUBLISH', ARGV[6], 'work') end -- The owner works as long as there is something: waking it once will do.
end
return answer
