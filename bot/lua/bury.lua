-- BURY: what can never be delivered goes to the dead, with the reason, for the operator to see.
-- ARGV: tag, channel, post, why, entry...
local key = post_key(ARGV[2], ARGV[3])
if redis.call('EXISTS', key) == 1 then
  redis.call('HSET', key, 'unended', 0)
end
local acked = 0
for i = 5, #ARGV do
  acked = acked + redis.call('XACK', T .. ':out', 'send', ARGV[i])
end
if acked > 0 then -- a second run of this script finds nothing to acknowledge
  redis.call('XADD', T .. ':dead', '*', 'post', ARGV[2] .. ':' .. ARGV[3], 'why', ARGV[4])
end
settle(5)
return acked
