-- DONE: the message shows revision `shown` (0: it is there, with content unknown). The entries are settled, unless the
-- message is to start a thread yet: answers 0 then.
-- ARGV: channel, post, holder, message, shown, where, entry...
local key = post_key(ARGV[1], ARGV[2])
if redis.call('EXISTS', key) == 1 then
  local shown = math.max(tonumber(ARGV[5]), tonumber(redis.call('HGET', key, 'shown')))
  redis.call('HSET', key, 'message', ARGV[4], 'shown', string.format('%d', shown), 'where', ARGV[6], 'unended', 0)
  if owes_thread(key) then
    return 0
  end
end
deliverable(ARGV[1] .. ':' .. ARGV[2])
settle(7, ARGV[3])
return 1
