-- SUBSCRIBE: add, edit or remove one subscription if it still is what the asker saw; history and notice with it.
-- ARGV: id, guild, channel, old channel, expected, wanted, most, settings change
local id, guild, channel, old, expected, wanted = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local current = redis.call('HGET', T .. ':subs', id) or ''
if current == wanted then
  return 'same'
end
if current ~= expected then
  return 'stale'
end
if expected == '' and redis.call('SCARD', T .. ':subs:guild:' .. guild) >= tonumber(ARGV[7]) then
  return 'full'
end
if old ~= '' and old ~= channel then
  redis.call('SREM', T .. ':subs:channel:' .. old, id)
end
if wanted == '' then
  redis.call('HDEL', T .. ':subs', id)
  redis.call('SREM', T .. ':subs:guild:' .. guild, id)
  redis.call('SREM', T .. ':subs:channel:' .. channel, id)
else
  redis.call('HSET', T .. ':subs', id, wanted)
  redis.call('SADD', T .. ':subs:guild:' .. guild, id)
  redis.call('SADD', T .. ':subs:channel:' .. channel, id)
end
redis.call('XADD', T .. ':settings:' .. guild, '*', 'change', ARGV[8])
redis.call('XADD', T .. ':subs:log', 'MAXLEN', '~', 10000, '*',
  'version', redis.call('INCR', T .. ':subs:version'), 'sub', id)
return 'ok'
