-- SHUT: pause every subscription of a channel; its owner is to be told. Answers 1 when it was open.
-- ARGV: tag, channel, guild, reason, settings change
if redis.call('HSETNX', T .. ':shut', ARGV[2], ARGV[4]) == 0 then
  return 0
end
redis.call('HSET', T .. ':untold', ARGV[2], ARGV[3])
redis.call('XADD', T .. ':settings:' .. ARGV[3], '*', 'change', ARGV[5])
redis.call('XADD', T .. ':subs:log', 'MAXLEN', '~', 10000, '*',
  'version', redis.call('INCR', T .. ':subs:version'), 'channel', ARGV[2])
return 1
