-- FILL: what blocks up to `done` tell of a token's book of delegates; "" while more of the same blocks is to come. STALE
-- when the book is not read up to `expected`: somebody else reads it too. Says how many changes did not continue the one
-- before them, each a sign that a node left a log out. No lease: the order of changes does not matter here.
local token, expected, from, done = arg(), arg(), arg(), arg()
local name = key('delegates:' .. token)
if (redis.call('HGET', name, 'done') or '') ~= expected then
  return { 'STALE', 0 }
end
local gaps = 0
for _ = 1, tonumber(arg()) do
  if settle_change(token, arg()) then
    gaps = gaps + 1
  end
end
if done ~= '' then
  redis.call('HSET', name, 'done', done, 'from', from)
end
if gaps > 0 then
  redis.call('HINCRBY', name, 'gaps', gaps)
end
return { 'OK', gaps }
