-- EXCUSE: the try ended under control, without success; it does not count towards the dead.
-- ARGV: channel, post
local key = post_key(ARGV[1], ARGV[2])
if redis.call('EXISTS', key) == 1 then
  redis.call('HSET', key, 'unended', 0)
end
return 1
