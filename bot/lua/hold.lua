-- HOLD: the channel is shut; the post waits there until it is opened again.
-- ARGV: channel, post, now_ms, entry...
local key = post_key(ARGV[1], ARGV[2])
if redis.call('EXISTS', key) == 1 then
  redis.call('HSET', key, 'unended', 0)
  redis.call('ZADD', T .. ':held:' .. ARGV[1], ARGV[3], ARGV[2])
end
settle(4)
return 1
