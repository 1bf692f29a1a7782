-- FRESH: the channel was read and the post is not in it. A new try may begin; answers 0, or how many ms to wait before
-- another look, when all of it was taken back and the try may still be on its way.
-- ARGV: channel, post, now_ms, safe_ms
local key = post_key(ARGV[1], ARGV[2])
if redis.call('EXISTS', key) == 0 then
  return 0
end
redis.call('HINCRBY', key, 'unended', -1) -- looking ended well; tries before it keep their count
local try = tonumber(redis.call('HGET', key, 'try') or '0')
local left = try + tonumber(ARGV[4]) - tonumber(ARGV[3])
if try > 0 and left > 0 and not any_live(key, ids_of(key)) then
  return left
end
redis.call('HDEL', key, 'try', 'tried')
return 0
