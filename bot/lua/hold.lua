-- HOLD: the channel is shut; the post waits there until it is opened again.
-- ARGV: tag, channel, post, now_ms, entry...
local key = post_key(ARGV[2], ARGV[3])
if redis.call('EXISTS', key) == 1 then
  redis.call('HSET', key, 'unended', 0)
  redis.call('ZADD', T .. ':held:' .. ARGV[2], ARGV[4], ARGV[3])
end
settle(5)
return 1
