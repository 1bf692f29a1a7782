-- FORGET: drop what was set aside before a time. Answers how many.
-- ARGV: before_ms
local aside, gone = redis.call('HGETALL', T .. ':aside'), 0
for i = 1, #aside, 2 do
  if tonumber(string.match(aside[i + 1], '^%d+')) < tonumber(ARGV[1]) then
    gone = gone + redis.call('HDEL', T .. ':aside', aside[i])
  end
end
return gone
