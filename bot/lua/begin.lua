-- BEGIN: decide the next step of a post, and write down that it is tried before it is.
-- ARGV: channel, post, holder, now_ms, lease_ms, safe_ms, most_unended, doubt?, entry...
-- Answers {step, ...}: settled why | held why | busy ms | dead unended | look try_ms where ids
-- | edit message want where fell ping states... | post want tried where fell ping states... | thread message ping states...
-- `where` is the thread that the message is in, '' for the channel; `fell` why it is not in the thread, on one card only.
local channel, post, holder = ARGV[1], ARGV[2], ARGV[3]
local now, lease_ms, safe_ms, most, doubt = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]
local key = post_key(channel, post)

local function settled(why)
  deliverable(channel .. ':' .. post)
  settle(9, holder)
  return { 'settled', why }
end

-- One process at a time speaks in a channel, so that an old edit never lands on a newer one.
local owner, till = turn_of(channel)
if owner and owner ~= holder and tonumber(till) > now then
  return { 'busy', string.format('%d', tonumber(till) - now) }
end
redis.call('HSET', T .. ':lease', channel, holder .. '|' .. string.format('%d', now + lease_ms))

if redis.call('EXISTS', key) == 0 then
  return settled('expired')
end
local shut = redis.call('HGET', T .. ':shut', channel)
if shut then
  redis.call('ZADD', T .. ':held:' .. channel, ARGV[4], post)
  settle(9, holder)
  return { 'held', shut }
end

local want, shown = redis.call('HGET', key, 'want'), redis.call('HGET', key, 'shown')
local message, try = redis.call('HGET', key, 'message'), tonumber(redis.call('HGET', key, 'try') or '0')
local ids = ids_of(key)
local live = any_live(key, ids)
if redis.call('HEXISTS', key, 'gone') == 1 then
  return settled('deleted by a person')
end
local owes = message and owes_thread(key)
if tonumber(shown) >= tonumber(want) and not owes then
  return settled('shown')
end
if not message and try == 0 and not live and doubt == '0' then
  return settled('taken back before it was told')
end

local unended = redis.call('HINCRBY', key, 'unended', 1)
if unended > most then
  redis.call('HSET', key, 'unended', 0)
  set_aside(channel .. ':' .. post, 'ended the process ' .. most .. ' times')
  settle(9, holder)
  return { 'dead', tostring(unended - 1) }
end

local function with_states(answer)
  for _, id in ipairs(ids) do
    answer[#answer + 1] = redis.call('HGET', key, 's:' .. id)
  end
  return answer
end

local ping = redis.call('HGET', key, 'ping') or ''
if owes then
  return with_states({ 'thread', message, ping })
end
local where, fell = redis.call('HGET', key, 'where') or '', redis.call('HGET', key, 'fell') or ''
if message then
  return with_states({ 'edit', message, want, where, fell, ping })
end
if try == 0 then
  where = thread_for(channel, post)
end
if doubt == '1' or (try > 0 and (now - try > safe_ms or not live)) then
  return { 'look', string.format('%d', try), where, table.concat(ids, ',') }
end
if try == 0 then
  redis.call('HSET', key, 'try', ARGV[4], 'tried', want, 'where', where)
  local starter = starter_of(channel, post)
  local lost = starter and redis.call('HGET', starter, 'thread')
  if (lost == 'deleted' or lost == 'locked') and redis.call('HSETNX', starter, 'fallen', 1) == 1 then
    fell = lost
    redis.call('HSET', key, 'fell', fell)
  end
end
return with_states({ 'post', want, redis.call('HGET', key, 'tried'), where, fell, ping })
