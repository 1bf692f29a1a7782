-- BURY: what can never be delivered goes aside, with the reason, for the operator to see. An alert that could not even be
-- routed has the channel "alert".
-- ARGV: channel, post, holder, why, entry... Answers 0 when it was aside already.
local key = post_key(ARGV[1], ARGV[2])
if redis.call('EXISTS', key) == 1 then
  redis.call('HSET', key, 'unended', 0)
end
local new = set_aside(ARGV[1] .. ':' .. ARGV[2], ARGV[4])
settle(5, ARGV[3])
return new
