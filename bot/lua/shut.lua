-- SHUT: pause every subscription of a channel; its owner is to be told. Answers 1 when it was open.
-- ARGV: channel, guild, reason, settings change
if redis.call('HSETNX', T .. ':shut', ARGV[1], ARGV[3]) == 0 then
  return 0
end
redis.call('HSET', T .. ':shut:guild', ARGV[1], ARGV[2])
redis.call('HSET', T .. ':untold', ARGV[1], ARGV[2])
redis.call('XADD', T .. ':settings:' .. ARGV[2], '*', 'change', ARGV[4])
redis.call('XADD', T .. ':subs:log', 'MAXLEN', '~', 10000, '*',
  'version', redis.call('INCR', T .. ':subs:version'), 'channel', ARGV[1])
return 1
