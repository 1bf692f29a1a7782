-- SNOOZE: hush a subject in a channel until a time (0: end it now), and drop what has expired.
-- ARGV: channel, subject, until_ms, now_ms, guild, settings change
local key = T .. ':mutes:' .. ARGV[1]
local till, now = tonumber(ARGV[3]), tonumber(ARGV[4])
local before = redis.call('HGET', key, ARGV[2])
if (before or '0') == ARGV[3] then
  return 0
end
if till > now then
  redis.call('HSET', key, ARGV[2], ARGV[3])
else
  redis.call('HDEL', key, ARGV[2])
end
local mutes, latest = redis.call('HGETALL', key), 0
for i = 1, #mutes, 2 do
  if tonumber(mutes[i + 1]) <= now then
    redis.call('HDEL', key, mutes[i])
  else
    latest = math.max(latest, tonumber(mutes[i + 1]))
  end
end
if latest > 0 then
  redis.call('PEXPIRE', key, string.format('%d', latest - now + 60000))
end
redis.call('XADD', T .. ':settings:' .. ARGV[5], '*', 'change', ARGV[6])
return 1
