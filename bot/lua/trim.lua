-- TRIM: forget changes of a server's settings from before a time; with the last one goes the key. Answers how many.
-- ARGV: guild, before_ms
local key = T .. ':settings:' .. ARGV[1]
local gone = redis.call('XTRIM', key, 'MINID', ARGV[2])
if redis.call('XLEN', key) == 0 then
  redis.call('DEL', key)
end
return gone
