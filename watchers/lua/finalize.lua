-- FINALIZE: alerts of blocks up to `number` become final. Takes at most `count` blocks a call, the oldest first; says
-- how many alerts changed and whether blocks are left. The newest final block stays in the ring: it is the anchor that
-- the next block's parent is looked up in.
local epoch, ttl, number, count = arg(), arg(), arg(), tonumber(arg())
if fenced(epoch) then
  return { 'FENCED', 0, 0 }
end
local changed = 0
local ring = redis.call('ZRANGE', key('ring'), '-inf', number, 'BYSCORE', 'LIMIT', 0, count + 1)
local more = #ring > count
for n = 1, math.min(#ring, count) do
  local block = block_of(ring[n])
  if block and not block.f then
    for _, change in ipairs(block.d or {}) do
      settle_event(change[1], change[2])
    end
    for _, id in ipairs(block.a) do
      redis.call('HDEL', key('prior'), ring[n] .. '|' .. id)
      local state = state_of(id)
      if state and state.live and not state.final and state.block == ring[n] then
        state.final = true
        say(id, state)
        changed = changed + 1
      end
    end
  end
  if more or n < #ring then
    redis.call('HDEL', key('blocks'), ring[n])
    redis.call('ZREM', key('ring'), ring[n])
  elseif block then
    block.f = true
    keep_block(ring[n], block)
  end
end
local read = string.match(redis.call('GET', key('cursor')) or '', '^%d+') or '-1'
local reached = more and string.match(ring[count], '^%d+') or tonumber(number) < tonumber(read) and number or read
if tonumber(reached) >= 0 and not is_final(reached) then
  redis.call('SET', key('final'), reached)
end
redis.call('PEXPIRE', key('lease'), ttl)
return { 'OK', changed, more and 1 or 0 }
