-- UPDATE: bring an alert's new state into every post that holds it. Answers {routed before?, posts changed}.
-- ARGV: alert, rev, live, state, mark, keep_s
local alert, rev, live, state, mark, keep_s = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local fields = redis.call('HGETALL', alert_key(alert))
local routed, changed = 0, 0
for i = 1, #fields, 2 do
  local channel = string.match(fields[i], '^c:(%d+)$')
  if fields[i] == 'routed' then
    routed = 1
  elseif channel and redis.call('EXISTS', post_key(channel, fields[i + 1])) == 1 then
    if renew(channel, fields[i + 1], alert, rev, live, state, keep_s, mark) then
      changed = changed + 1
    end
  end
end
if changed > 0 then
  redis.call('EXPIRE', alert_key(alert), keep_s)
end
return { routed, changed }
