-- OPEN: end the pause of a channel and put what waited there, if it is not older than `since_ms`, back into the outbox.
-- ARGV: channel, guild, since_ms, settings change. Answers {was it shut, posts put back, posts too old}.
if redis.call('HDEL', T .. ':shut', ARGV[1]) == 0 then
  return { 0, 0, 0 }
end
redis.call('HDEL', T .. ':shut:guild', ARGV[1])
redis.call('HDEL', T .. ':untold', ARGV[1])
local held = T .. ':held:' .. ARGV[1]
local back, old = 0, redis.call('ZREMRANGEBYSCORE', held, '-inf', '(' .. ARGV[3])
for _, post in ipairs(redis.call('ZRANGE', held, 0, -1)) do
  say(ARGV[1], post, '1')
  back = back + 1
end
redis.call('DEL', held)
redis.call('XADD', T .. ':settings:' .. ARGV[2], '*', 'change', ARGV[4])
redis.call('XADD', T .. ':subs:log', 'MAXLEN', '~', 10000, '*',
  'version', redis.call('INCR', T .. ':subs:version'), 'channel', ARGV[1])
return { 1, back, old }
