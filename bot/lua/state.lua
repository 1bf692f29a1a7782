-- Functions that the scripts share. KEYS[1] is the shard's hash tag, "{d:0}"; every key begins with it, so all of them
-- live in one slot and a Cluster accepts what a script finds by its arguments.
--   out     stream of {post, new}               lease  hash channel -> holder|until
--   post:<channel>:<post>, alert:<alert>  hashes; expire      open:<channel>:<subject>  post|since|severity; expires
--   live:<channel>:<subject>  the post that follows a proposal; expires
--   shut    hash channel -> reason               shut:guild, untold  hashes channel -> server
--   held:<channel>  zset of posts by time
--   aside   hash post, or alert:<alert> -> "time_ms why": what could not be delivered
--   subs    hash id -> subscription              subs:guild:<guild>, subs:channel:<channel>  sets of ids
--   subs:log  stream of {version, sub | channel}          settings:<guild>  stream of {change}    mutes:<channel>  hash
local T = KEYS[1]

local function post_key(channel, post)
  return T .. ':post:' .. channel .. ':' .. post
end

local function alert_key(alert)
  return T .. ':alert:' .. alert
end

-- Put "this post changed" into the outbox. What to show is read when it is shown.
local function say(channel, post, fresh)
  redis.call('XADD', T .. ':out', '*', 'post', channel .. ':' .. post, 'new', fresh)
end

-- Who speaks in a channel, and until when; nil when nobody does.
local function turn_of(channel)
  return string.match(redis.call('HGET', T .. ':lease', channel) or '', '^(.*)|(%d+)$')
end

-- End the holder's turn in channel ARGV[1], not that of another who took it over meanwhile, and forget outbox entries,
-- given from ARGV[first] on.
local function settle(first, holder)
  if turn_of(ARGV[1]) == holder then
    redis.call('HDEL', T .. ':lease', ARGV[1])
  end
  for i = first, #ARGV do
    redis.call('XACK', T .. ':out', 'send', ARGV[i])
    redis.call('XDEL', T .. ':out', ARGV[i])
  end
end

-- Keep what cannot be delivered as things are, for the operator to see. Setting aside twice is once; 1 the first time.
local function set_aside(what, why)
  return redis.call('HSET', T .. ':aside', what, string.format('%d', redis.call('TIME')[1] * 1000) .. ' ' .. why)
end

-- It was delivered after all, or nothing is left to deliver.
local function deliverable(what)
  redis.call('HDEL', T .. ':aside', what)
end

local function ids_of(key)
  local ids = {}
  for id in string.gmatch(redis.call('HGET', key, 'ids') or '', '[^,]+') do
    ids[#ids + 1] = id
  end
  return ids
end

local function any_live(key, ids)
  for _, id in ipairs(ids) do
    if redis.call('HGET', key, 'l:' .. id) == '1' then
      return true
    end
  end
  return false
end

local function live_key(channel, subject)
  return T .. ':live:' .. channel .. ':' .. subject
end

-- Whether the message of a post still lacks the thread that its channel asks for, so that one is to be started. `thread`
-- is open, deleted, locked or refused; it is not tried again after the last three.
local function owes_thread(key)
  local asked, state = redis.call('HGET', key, 'threads'), redis.call('HGET', key, 'thread')
  return asked == '1' and not state and any_live(key, ids_of(key))
end

-- The key of the post that follows what this post is about, where its channel asks for threads; nil for that one itself.
local function starter_of(channel, post)
  local subject = redis.call('HGET', post_key(channel, post), 'subject')
  local live = subject and redis.call('GET', live_key(channel, subject))
  if live and live ~= post and redis.call('HGET', post_key(channel, live), 'threads') == '1' then
    return post_key(channel, live)
  end
end

-- The thread that a card goes into; '' for the channel itself. A thread has the id of the message that it starts from.
local function thread_for(channel, post)
  local starter = starter_of(channel, post)
  if starter and redis.call('HGET', starter, 'thread') == 'open' then
    return redis.call('HGET', starter, 'message') or ''
  end
  return ''
end

-- Bring the alert's state into a post that holds it; false when the post knows this revision or a later one.
-- `mark` names what must be told at once; an alert whose mark stays the same may be edited calmly. "": it has none.
local function renew(channel, post, alert, rev, live, state, keep_s, mark)
  local key = post_key(channel, post)
  if tonumber(rev) <= tonumber(redis.call('HGET', key, 'r:' .. alert) or '0') then
    return false
  end
  redis.call('HSET', key, 's:' .. alert, state, 'r:' .. alert, rev, 'l:' .. alert, live)
  redis.call('HINCRBY', key, 'want', 1)
  redis.call('EXPIRE', key, keep_s)
  local calm = mark ~= '' and redis.call('HGET', key, 'k:' .. alert) == mark
  redis.call('HSET', key, 'k:' .. alert, mark)
  say(channel, post, calm and '2' or '0')
  return true
end

-- Make an alert the first of a new post.
local function found(channel, alert, rev, live, state, keep_s, severity, ping, subject, mark)
  local key = post_key(channel, alert)
  redis.call('DEL', key)
  redis.call('HSET', key, 'ids', alert, 'want', 1, 'shown', 0, 'severity', severity, 'ping', ping, 'subject', subject,
    's:' .. alert, state, 'r:' .. alert, rev, 'l:' .. alert, live, 'j:' .. alert, 1, 'k:' .. alert, mark)
  redis.call('EXPIRE', key, keep_s)
  redis.call('HSET', alert_key(alert), 'c:' .. channel, alert)
  redis.call('EXPIRE', alert_key(alert), keep_s)
  say(channel, alert, '1')
end

