-- BOOKS: the tokens whose books of delegates commits feed from now on. A new one is fed from the block after the cursor
-- on ("" before the first block: from that one on). One that is listed no more is forgotten: when it is listed again,
-- what it missed meanwhile could not be told.
local epoch, ttl = arg(), arg()
if fenced(epoch) then
  return 'FENCED'
end
local cursor = string.match(redis.call('GET', key('cursor')) or '', '^%d+')
local since = cursor and string.format('%.0f', tonumber(cursor) + 1) or ''
local listed = {}
for _ = 1, tonumber(arg()) do
  local token = arg()
  listed[token] = true
  redis.call('HSETNX', key('delegates:' .. token), 'since', since)
  redis.call('SADD', key('delegates'), token)
end
for _, token in ipairs(redis.call('SMEMBERS', key('delegates'))) do
  if not listed[token] then
    local name = key('delegates:' .. token)
    redis.call('UNLINK', name, name .. ':p', name .. ':d', name .. ':measured', key('book:delegates:' .. token))
    redis.call('SREM', key('delegates'), token)
  end
end
redis.call('PEXPIRE', key('lease'), ttl)
return 'OK'
