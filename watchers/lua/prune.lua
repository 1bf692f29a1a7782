-- PRUNE: forget what is older than `before_s`, at most `count` of each sort a call; says how much went. No alert goes
-- while the outbox holds an entry as old as that: it may not have been delivered.
local before_s, books_before_s, count = arg(), arg(), arg()
local gone = 0
for _, id in ipairs(redis.call('ZRANGE', key('time'), '-inf', '(' .. before_s, 'BYSCORE', 'LIMIT', 0, count)) do
  drop_event(id)
  gone = gone + 1
end
for _, book in ipairs(redis.call('ZRANGE', key('books'), '-inf', '(' .. books_before_s, 'BYSCORE', 'LIMIT', 0, count)) do
  redis.call('DEL', key('book:' .. book))
  redis.call('ZREM', key('books'), book)
  gone = gone + 1
end
local oldest = redis.call('XRANGE', key('outbox'), '-', '+', 'COUNT', 1)[1]
if oldest and tonumber(string.match(oldest[1], '^%d+')) < tonumber(before_s) * 1000 then
  return gone
end
for _, id in ipairs(redis.call('ZRANGE', key('aged'), '-inf', '(' .. before_s, 'BYSCORE', 'LIMIT', 0, count)) do
  local state = state_of(id)
  redis.call('ZREM', key('said'), id)
  if state and state.kind then
    redis.call('ZREM', key('said:' .. state.kind), id)
  end
  redis.call('ZREM', key('aged'), id)
  redis.call('ZREM', key('waiting'), id)
  redis.call('HDEL', key('alert'), id)
  redis.call('HDEL', key('body'), id)
  gone = gone + 1
end
return gone
