-- EXCUSE: the try ended under control, without success; it does not count towards the dead.
-- ARGV: tag, channel, post
local key = post_key(ARGV[2], ARGV[3])
if redis.call('EXISTS', key) == 1 then
  redis.call('HSET', key, 'unended', 0)
end
return 1
