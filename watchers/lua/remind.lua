-- REMIND: say an alert that a clock and not a block brought, as of the block that it was read at: a reorg of that block
-- takes it back. Says OK, DUP (it is said and stands), FENCED, STALE (another block is at that height by now) or GONE
-- (the proposal's creation was taken back, or it has taken a step since it was read).
local epoch, ttl, created, index, newest = arg(), arg(), arg(), arg(), arg()
local cursor, number, late, seen, id = arg(), arg(), arg(), arg(), arg()
if fenced(epoch) then
  return 'FENCED'
end
local state = state_of(id)
if state and state.live then
  return 'DUP'
end
if redis.call('HEXISTS', key('event'), created) == 0 then
  return 'GONE'
end
if redis.call('ZRANGE', key('x:' .. index), -1, -1)[1] ~= newest then
  return 'GONE'
end
local now = redis.call('GET', key('cursor')) or ''
if tonumber(string.match(now, '^%d+') or -1) < tonumber(number) then
  return 'STALE'
end
local there = redis.call('ZRANGE', key('ring'), number, number, 'BYSCORE')[1]
if there and there ~= cursor then
  return 'STALE'
end
put_alert(cursor, number, late, seen, is_final(number))
local block = block_of(cursor)
if block then
  table.insert(block.a, id)
  keep_block(cursor, block)
end
redis.call('PEXPIRE', key('lease'), ttl)
return 'OK'
