-- ROUTE: place an alert in channels: in the open post of its subject, or in a new one. Twice is once.
-- ARGV: alert, rev, live, state, mark, keep_s, subject, severity, at_ms, most, last?, then (channel, ping, interval_ms,
-- threads?)...
-- Answers one word a channel, `<outcome> <post>`: new, raised, full, joined, updated, seen.
local alert, rev, live, state, mark, keep_s = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local subject, severity, at_ms, most, last = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11]

-- The open post of the subject, or nil and why a new one is begun.
local function open_post(open, channel, interval_ms)
  local post, since, rank = string.match(redis.call('GET', open) or '', '^(%x+)|(%d+)|(%d+)$')
  if not post or math.abs(at_ms - tonumber(since)) >= interval_ms then
    return nil, 'new'
  end
  local key = post_key(channel, post)
  if redis.call('EXISTS', key) == 0 or redis.call('HEXISTS', key, 'gone') == 1 then
    return nil, 'new'
  end
  if severity > tonumber(rank) then
    return nil, 'raised' -- an edit calls nobody; what is graver than the post deserves a message
  end
  if #ids_of(key) >= most then
    return nil, 'full'
  end
  return post, 'joined'
end

-- Remember the post that follows a subject, and whether its channel asks for threads; a message that is there starts one.
local function follow(channel, post, threads)
  local key = post_key(channel, post)
  redis.call('SET', live_key(channel, subject), post, 'EX', keep_s)
  local before = redis.call('HGET', key, 'threads') or '0'
  redis.call('HSET', key, 'threads', threads)
  if before ~= threads and redis.call('HEXISTS', key, 'message') == 1 and owes_thread(key) then
    say(channel, post, '0')
  end
end

local outcomes = {}
for i = 12, #ARGV, 4 do
  local channel, ping, interval_ms = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local post = redis.call('HGET', alert_key(alert), 'c:' .. channel)
  local outcome
  if post and redis.call('EXISTS', post_key(channel, post)) == 1 then
    outcome = renew(channel, post, alert, rev, live, state, keep_s, mark) and 'updated' or 'seen'
  else
    local open = T .. ':open:' .. channel .. ':' .. subject
    post, outcome = nil, 'new'
    if interval_ms > 0 then
      post, outcome = open_post(open, channel, interval_ms)
    end
    if post then
      local key = post_key(channel, post)
      redis.call('HSET', key, 'ids', redis.call('HGET', key, 'ids') .. ',' .. alert)
      redis.call('HSET', key, 'j:' .. alert, tonumber(redis.call('HGET', key, 'want')) + 1)
      redis.call('HSET', alert_key(alert), 'c:' .. channel, post)
      renew(channel, post, alert, rev, live, state, keep_s, mark)
    else
      post = alert
      found(channel, alert, rev, live, state, keep_s, severity, ping, subject, mark)
      if interval_ms > 0 then
        redis.call('SET', open, alert .. '|' .. string.format('%d', at_ms) .. '|' .. string.format('%d', severity),
          'PX', string.format('%d', interval_ms + 86400000))
      end
    end
  end
  if mark ~= '' then
    follow(channel, post, ARGV[i + 3])
  end
  outcomes[#outcomes + 1] = outcome .. ' ' .. post
end
if last == '1' then
  redis.call('HSET', alert_key(alert), 'routed', 1)
  deliverable('alert:' .. alert)
end
redis.call('EXPIRE', alert_key(alert), keep_s)
return outcomes
