-- GONE: a person deleted the message. It counts as delivered; alerts that it never showed get a post of their own.
-- ARGV: channel, post, holder, shown, keep_s, entry...
local channel, post, shown, keep_s = ARGV[1], ARGV[2], tonumber(ARGV[4]), ARGV[5]
local key = post_key(channel, post)
local moved = 0
if redis.call('EXISTS', key) == 1 and redis.call('HEXISTS', key, 'gone') == 0 then
  shown = math.max(shown, tonumber(redis.call('HGET', key, 'shown')))
  redis.call('HSET', key, 'gone', 1, 'unended', 0)
  for _, id in ipairs(ids_of(key)) do
    if tonumber(redis.call('HGET', key, 'j:' .. id)) > shown and id ~= post then
      found(channel, id, redis.call('HGET', key, 'r:' .. id), redis.call('HGET', key, 'l:' .. id),
        redis.call('HGET', key, 's:' .. id), keep_s, redis.call('HGET', key, 'severity'),
        redis.call('HGET', key, 'ping') or '', redis.call('HGET', key, 'subject'),
        redis.call('HGET', key, 'k:' .. id) or '')
      moved = moved + 1
    end
  end
end
deliverable(channel .. ':' .. post)
settle(6, ARGV[3])
return moved
