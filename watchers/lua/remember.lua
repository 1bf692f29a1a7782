-- REMEMBER: events read back from before our history (no alerts, no cursor); the last call of a reading may close with
-- the name of the book that is complete now. Running it again changes nothing.
local epoch, ttl, complete = arg(), arg(), arg()
if fenced(epoch) then
  return 'FENCED'
end
for _ = 1, tonumber(arg()) do
  put_event()
end
if complete ~= '' then
  redis.call('HSET', key('book:' .. complete), 'complete', '1')
end
redis.call('PEXPIRE', key('lease'), ttl)
return 'OK'
