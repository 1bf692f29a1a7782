-- THREADED: the message of a post has its thread, or will not have one. Answers 0 when the post is to be edited yet; else
-- the entries are settled.
-- ARGV: channel, post, holder, open | refused, entry...
local key = post_key(ARGV[1], ARGV[2])
if redis.call('EXISTS', key) == 1 then
  redis.call('HSET', key, 'thread', ARGV[4], 'unended', 0)
  if tonumber(redis.call('HGET', key, 'shown')) < tonumber(redis.call('HGET', key, 'want')) then
    return 0
  end
end
deliverable(ARGV[1] .. ':' .. ARGV[2])
settle(5, ARGV[3])
return 1
