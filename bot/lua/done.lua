-- DONE: the message shows revision `shown` (0: it is there, with content unknown). The entries are settled.
-- ARGV: channel, post, holder, message, shown, entry...
local key = post_key(ARGV[1], ARGV[2])
if redis.call('EXISTS', key) == 1 then
  local shown = math.max(tonumber(ARGV[5]), tonumber(redis.call('HGET', key, 'shown')))
  redis.call('HSET', key, 'message', ARGV[4], 'shown', string.format('%d', shown), 'unended', 0)
end
deliverable(ARGV[1] .. ':' .. ARGV[2])
settle(6, ARGV[3])
return 1
