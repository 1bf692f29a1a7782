-- DONE: the message shows revision `shown` (0: it is there, with content unknown). The entries are settled.
-- ARGV: tag, channel, post, message, shown, entry...
local key = post_key(ARGV[2], ARGV[3])
if redis.call('EXISTS', key) == 1 then
  local shown = math.max(tonumber(ARGV[5]), tonumber(redis.call('HGET', key, 'shown')))
  redis.call('HSET', key, 'message', ARGV[4], 'shown', string.format('%d', shown), 'unended', 0)
end
settle(6)
return 1
