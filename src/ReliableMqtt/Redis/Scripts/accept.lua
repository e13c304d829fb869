-- Appends messages to the backlog, from any process, and gives out their sequences.
-- KEYS    1 header  2 inflight  3 backlog  4 acceptor  5 ids  6 done-0  7 done-1
-- ARGV    1 operation of this acceptor  2 nonce of the ledger  3 most messages  4 most bytes  5 ms to keep the acceptor  6 wake channel
--         then for each message: record, id of the application's or ''
-- Output  {'ACCEPTED', first sequence, count, index, status, ..}: the messages with an index are known already, of the others the first
--         'count' are in the backlog, and there is no room for the rest. The operation is used, also when nothing was stored.
--         {'OLD'} a late copy | {'ACCEPTOR'} unknown, or operations are missing | {'UNVERIFIED'} no owner has looked yet at what a restart
--         of the server has left | {'NONCE'} it is another ledger | {'MISSING'} there is none
local header, inflight, backlog, acceptor = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local h = call('HMGET', header, 'nonce', 'server', 'tail', 'qbytes', 'fbytes', 'lowest')
if not h[1] then return {'MISSING'} end
if h[1] ~= ARGV[2] then return {'NONCE'} end
if h[2] ~= server() then return {'UNVERIFIED'} end
local last = call('GET', acceptor)
if not last then return {'ACCEPTOR'} end
local op, done, answer = tonumber(ARGV[1]), 0, nil
if last ~= '' then done, answer = unpack(cmsgpack.unpack(last)) end
if op < done then return {'OLD'} end
if op == done then return answer end
if op > done + 1 then return {'ACCEPTOR'} end

local named, at = {}, {}
for i = 8, #ARGV, 2 do
  if ARGV[i] ~= '' then named[#named + 1] = ARGV[i] at[#named] = i / 2 - 3 end
end
local known = statuses(named, KEYS[5], KEYS[6], KEYS[7], tonumber(h[6]))
local status = {} -- by index of the message
for i = 1, #named do status[at[i]] = known[i] end

local length = call('LLEN', backlog)
local tail, bytes = tonumber(h[3]), tonumber(h[4])
local room, most = tonumber(ARGV[3]) - call('HLEN', inflight) - length, tonumber(ARGV[4]) - tonumber(h[5])
local records, index, own, full, first = {}, {}, {}, false, tail + 1
answer = {'ACCEPTED', text(first), 0}
for i = 7, #ARGV, 2 do
  local message, id = (i - 5) / 2, ARGV[i + 1]
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
if #records > 0 then call('HSET', header, 'tail', text(tail), 'qbytes', text(bytes)) else call('HDEL', header, '-') end
call('SET', acceptor, cmsgpack.pack({op, answer}), 'PX', ARGV[5])
if #records > 0 then
  write('RPUSH', backlog, records)
  if #index > 0 then write('HSET', KEYS[5], index) end
  if length == 0 then call('PUBLISH', ARGV[6], 'work') end -- The owner works as long as there is something: waking it once will do.
end
return answer
