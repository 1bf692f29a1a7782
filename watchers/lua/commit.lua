-- COMMIT: events, alerts, outbox and cursor of one block, all or nothing. Says OK, DUP (it ran before and its reply was
-- lost), FENCED (another holder was let in) or STALE (the cursor is not where the caller thinks).
local epoch, ttl, kept = arg(), arg(), tonumber(arg())
local expected, cursor, number, time, late, seen = arg(), arg(), arg(), arg(), arg(), arg()
if fenced(epoch) then
  return 'FENCED'
end
local now = redis.call('GET', key('cursor')) or ''
if now == cursor then
  return 'DUP'
end
if now ~= expected then
  return 'STALE'
end
local block = { p = expected, t = time, e = {}, a = {} }
for n = 1, tonumber(arg()) do
  local id, book = put_event()
  block.e[n] = id
  note_change(block, id, book)
end
for n = 1, tonumber(arg()) do
  block.a[n] = put_alert(cursor, number, late, seen, is_final(number))
end
keep_block(cursor, block)
-- A busy chain has a million of these a day: the newest are kept. What was said of the others stays, as alerts.
for _, name in ipairs({ 'x:move', 'x:batch', 'x:delegation' }) do
  local over = redis.call('ZCARD', key(name)) - kept
  if over > 0 then
    for _, id in ipairs(redis.call('ZRANGE', key(name), 0, math.min(over, 1000) - 1)) do
      drop_event(id)
    end
  end
end
if expected == '' then
  redis.call('SET', key('first'), number)
end
redis.call('ZADD', key('ring'), number, cursor)
redis.call('SET', key('cursor'), cursor)
redis.call('HSET', key('status'), 'time', time)
redis.call('PEXPIRE', key('lease'), ttl)
return 'OK'
