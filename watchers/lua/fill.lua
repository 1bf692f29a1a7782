-- FILL: what the blocks up to `done` tell of a token's book, whole blocks, once. STALE when the book is not read up to
-- `expected`: somebody else reads it too. Says how many changes did not continue the one before them, each a sign that a
-- node left a log out. No lease: the order of changes does not matter here.
local book, expected, from, done, most = arg(), arg(), arg(), arg(), arg()
local name = key(book)
if (redis.call('HGET', name, 'done') or '') ~= expected then
  return { 'STALE', 0 }
end
if most ~= '' then
  redis.call('HSET', name, 'most', most)
end
local gaps = 0
for _ = 1, tonumber(arg()) do
  if settle_change(book, arg()) then
    gaps = gaps + 1
  end
end
redis.call('HSET', name, 'done', done, 'from', from)
if gaps > 0 then
  redis.call('HINCRBY', name, 'gaps', gaps)
end
return { 'OK', gaps }
