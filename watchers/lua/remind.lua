-- REMIND: say alerts that a clock and not a block brought, as of the block that they were read at: a reorg of that block
-- takes them back. With `revises` the first one takes the place of what is followed, which stands at that revision.
-- Says OK, DUP (one is said and stands), FENCED, STALE (another block is at that height by now) or GONE (the proposal's
-- creation was taken back, it has taken a step, or what is followed was revised, since it was read).
local epoch, ttl, created, index, newest = arg(), arg(), arg(), arg(), arg()
local cursor, number, late, seen, revises = arg(), arg(), arg(), arg(), arg()
local ids = {}
for n = 1, tonumber(arg()) do
  ids[n] = arg()
end
if fenced(epoch) then
  return 'FENCED'
end
for n, id in ipairs(ids) do
  local state = state_of(id)
  if n == 1 and revises ~= '' then
    if not state or not state.live or state.rev ~= tonumber(revises) then
      return 'GONE'
    end
  elseif state and state.live then
    return 'DUP'
  end
end
if redis.call('HEXISTS', key('event'), created) == 0 then
  return 'GONE'
end
if redis.call('ZRANGE', key('x:' .. index), -1, -1)[1] ~= newest then
  return 'GONE'
end
if is_stale(cursor, number) then
  return 'STALE'
end
local block, final = block_of(cursor), is_final(number)
local held = {}
for _, id in ipairs(block and block.a or {}) do
  held[id] = true
end
for _, id in ipairs(ids) do
  put_alert(cursor, number, late, seen, final)
  if final then -- nothing takes that block back
    redis.call('HDEL', key('prior'), cursor .. '|' .. id)
  end
  if block and not held[id] then
    table.insert(block.a, id)
  end
end
if block then
  keep_block(cursor, block)
end
redis.call('PEXPIRE', key('lease'), ttl)
return 'OK'
