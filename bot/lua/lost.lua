-- LOST: the thread that a card is meant for takes it no more; what was not made there yet is made in the channel.
-- ARGV: channel, post, where, deleted | locked. Answers 1 when it was not known to be lost.
local channel, post = ARGV[1], ARGV[2]
local key, starter = post_key(channel, post), starter_of(channel, post)
local new = 0
if starter and redis.call('HGET', starter, 'thread') == 'open' and redis.call('HGET', starter, 'message') == ARGV[3] then
  redis.call('HSET', starter, 'thread', ARGV[4])
  new = 1
end
if redis.call('EXISTS', key) == 1 and redis.call('HEXISTS', key, 'message') == 0 then
  redis.call('HDEL', key, 'try', 'tried', 'where')
  redis.call('HSET', key, 'unended', 0)
end
return new
