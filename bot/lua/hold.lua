-- HOLD: the channel is shut; the post waits there until it is opened again, or not at all when it was opened meanwhile.
-- ARGV: channel, post, holder, now_ms, entry...
local key = post_key(ARGV[1], ARGV[2])
if redis.call('EXISTS', key) == 1 then
  redis.call('HSET', key, 'unended', 0)
  if redis.call('HEXISTS', T .. ':shut', ARGV[1]) == 1 then
    redis.call('ZADD', T .. ':held:' .. ARGV[1], ARGV[4], ARGV[2])
  else
    say(ARGV[1], ARGV[2], '1')
  end
end
settle(5, ARGV[3])
return 1
