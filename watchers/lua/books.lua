-- BOOKS: the tokens whose books of one sort (delegates, holders) commits feed from now on. A new one is fed from the
-- block after the cursor on ("" before the first block: from that one on). One that is listed no more is forgotten: when
-- it is listed again, what it missed meanwhile could not be told.
local epoch, ttl, sort, most = arg(), arg(), arg(), arg()
if fenced(epoch) then
  return 'FENCED'
end
local cursor = string.match(redis.call('GET', key('cursor')) or '', '^%d+')
local since = cursor and string.format('%.0f', tonumber(cursor) + 1) or ''
local listed = {}
local function forget(token)
  local name = key(sort .. ':' .. token)
  redis.call('UNLINK', name, name .. ':p', name .. ':d', name .. ':b', name .. ':measured', key('book:' .. sort .. ':' .. token))
end
for _ = 1, tonumber(arg()) do
  local token = arg()
  listed[token] = true
  local name = key(sort .. ':' .. token)
  local over = redis.call('HGET', name, 'over')
  if over and most ~= '' and tonumber(over) < tonumber(most) then -- the bound was raised: begin anew
    forget(token)
  end
  redis.call('HSETNX', name, 'since', since)
  if most ~= '' then
    redis.call('HSET', name, 'most', most)
  end
  redis.call('SADD', key(sort), token)
end
for _, token in ipairs(redis.call('SMEMBERS', key(sort))) do
  if not listed[token] then
    forget(token)
    redis.call('SREM', key(sort), token)
  end
end
redis.call('PEXPIRE', key('lease'), ttl)
return 'OK'
