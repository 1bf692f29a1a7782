-- RELEASE: let go of every channel that this holder speaks in.
-- ARGV: holder
local leases, let_go = redis.call('HGETALL', T .. ':lease'), 0
for i = 1, #leases, 2 do
  if string.match(leases[i + 1], '^(.*)|%d+$') == ARGV[1] then
    let_go = let_go + redis.call('HDEL', T .. ':lease', leases[i])
  end
end
return let_go
