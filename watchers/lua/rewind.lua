-- REWIND: take back the one block that the cursor stands on. Its events leave history, its alerts are no longer live.
-- Says OK or DUP with the cursor before it; FENCED, STALE; DEEP when that block is final or its parent is not known.
local epoch, ttl, expected = arg(), arg(), arg()
if fenced(epoch) then
  return { 'FENCED', '' }
end
local now = redis.call('GET', key('cursor')) or ''
if now ~= expected then
  local undone = redis.call('HMGET', key('undone'), 'from', 'to')
  if undone[1] == expected and undone[2] == now then
    return { 'DUP', now }
  end
  return { 'STALE', now }
end
local block = block_of(expected)
local number = string.match(expected, '^%d+')
if not block or block.p == '' or is_final(number) then
  return { 'DEEP', now }
end
for _, id in ipairs(block.e) do
  take_back_event(id)
end
for _, change in ipairs(block.d or {}) do -- also where history has dropped the event
  redis.call('HDEL', fresh_of(change[1]), change[2])
end
for _, id in ipairs(block.a) do
  local state = state_of(id)
  if state and state.live and state.block == expected then
    take_back_alert(expected, id, state)
  end
end
redis.call('HDEL', key('blocks'), expected)
redis.call('ZREM', key('ring'), expected)
redis.call('SET', key('cursor'), block.p)
local parent = block_of(block.p)
if parent then
  redis.call('HSET', key('status'), 'time', parent.t)
end
redis.call('HSET', key('undone'), 'from', expected, 'to', block.p)
redis.call('PEXPIRE', key('lease'), ttl)
return { 'OK', block.p }
