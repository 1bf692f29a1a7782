-- DONE: the message shows revision `shown` (0: it is there, with content unknown). The entries are settled.
-- ARGV: channel, post, message, shown, entry...
local key = post_key(ARGV[1], ARGV[2])
if redis.call('EXISTS', key) == 1 then
  local shown = math.max(tonumber(ARGV[4]), tonumber(redis.call('HGET', key, 'shown')))
  redis.call('HSET', key, 'message', ARGV[3], 'shown', string.format('%d', shown), 'unended', 0)
end
deliverable(ARGV[1] .. ':' .. ARGV[2])
settle(5)
return 1
