-- LEASE: take, renew or let go of a chain. The epoch is a fencing number: each new holder's is higher, and every script
-- that writes checks it. Taking it again as the holder gives the same epoch, so a lost reply costs nothing.
local verb, who, ttl = arg(), arg(), arg()
local lease = redis.call('HMGET', key('lease'), 'epoch', 'holder')
if verb == 'take' then
  if lease[1] and lease[2] ~= who then
    return 0
  end
  local epoch = lease[1] or tostring(redis.call('INCR', key('epoch')))
  redis.call('HSET', key('lease'), 'epoch', epoch, 'holder', who)
  redis.call('PEXPIRE', key('lease'), ttl)
  return tonumber(epoch)
end
if lease[1] ~= who then
  return 0
end
if verb == 'renew' then
  redis.call('PEXPIRE', key('lease'), ttl)
else
  redis.call('DEL', key('lease'))
end
return 1
