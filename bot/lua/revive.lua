-- REVIVE: try a dead post again.
-- ARGV: tag, dead entry
local entry = redis.call('XRANGE', T .. ':dead', ARGV[2], ARGV[2])[1]
if not entry then
  return 0
end
local channel, post = string.match(entry[2][2], '^(%d+):(.+)$')
redis.call('XDEL', T .. ':dead', ARGV[2])
if not channel or redis.call('EXISTS', post_key(channel, post)) == 0 then
  return 0
end
say(channel, post, '1')
return 1
