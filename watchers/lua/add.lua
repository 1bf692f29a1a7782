-- ADD: what a second reading found in a block that is committed already; the cursor stays. STALE when the block at that
-- height is another one by now, or is not read yet. A block that a range of final blocks passed over has no entry and
-- needs none: it is never taken back. Running it again changes nothing.
local epoch, ttl, cursor, number, late, seen = arg(), arg(), arg(), arg(), arg(), arg()
if fenced(epoch) then
  return 'FENCED'
end
if is_stale(cursor, number) then
  return 'STALE'
end
local known = {}
local block = block_of(cursor) or { e = {}, a = {} }
for _, list in ipairs({ block.e, block.a }) do
  for _, id in ipairs(list) do
    known[id] = true
  end
end
for _ = 1, tonumber(arg()) do
  local id, book = put_event()
  if not known[id] then
    table.insert(block.e, id)
    note_change(block, id, book)
  end
  if is_final(number) and string.match(book, '^delegates:') then
    settle_event(book, id)
  elseif is_final(number) and string.match(book, '^holders:') then -- nobody knows whether it is counted already
    redis.call('HSET', key(book), 'late', number)
    redis.call('HDEL', fresh_of(book), id)
  end
end
for _ = 1, tonumber(arg()) do
  local id = put_alert(cursor, number, late, seen, is_final(number))
  if not known[id] then
    table.insert(block.a, id)
  end
end
if block.p then
  keep_block(cursor, block)
end
redis.call('PEXPIRE', key('lease'), ttl)
return 'OK'
