-- Functions that the chain's scripts share. KEYS[1] is the chain's hash tag, "{c:1}"; every key of the chain starts
-- with it, so all of them live in one slot. Bodies of events and alerts are never decoded here: Lua rounds integers.
--   lease   hash epoch, holder; expires       epoch   counter of the fencing numbers handed out
--   cursor  "number:hash"                     ring    zset of cursors not yet final, by number
--   first   number of the first block that we followed
--   blocks  hash cursor -> {p, e, a, d, f}    final   number of the last final block
--   alert   hash id -> state    body  hash id -> alert    said, said:<kind>  zsets of ids    aged  zset of ids by time
--   event   hash id -> record                 time    zset of event ids by time        x:<name>  zset of event ids
--   book:<governor>:<proposal>  hash event id -> ballot, and "complete"       books   zset of books by time
--   delegates            set of the tokens whose books of delegates are fed by commits
--   delegates:<token>    hash since, done, from, gaps; <token>:p, <token>:d  hashes who -> "at what", see record.py
--   book:delegates:<token>  hash event id -> change, of those that are not final yet
--   outbox  stream of {id, rev}               status  hash of what another process may show
local function key(name)
  return KEYS[1] .. ':' .. name
end

local next_arg = 0
local function arg()
  next_arg = next_arg + 1
  return ARGV[next_arg]
end

local function fenced(epoch)
  return redis.call('HGET', key('lease'), 'epoch') ~= epoch
end

-- Nil for what is damaged: it must not stop those beside it.
local function table_of(text)
  local read, found = pcall(cjson.decode, text)
  return read and type(found) == 'table' and found or nil
end

-- A record without a head can still be dropped; its names in the indexes then lead nowhere.
local function head_of(record)
  local head = table_of(string.match(record, '^[^\n]*'))
  return head and head.x and head.b and head or { x = {}, b = '' }
end

local function drop_event(id)
  local record = redis.call('HGET', key('event'), id)
  if not record then
    return
  end
  local head = head_of(record)
  for _, name in ipairs(head.x) do
    redis.call('ZREM', key('x:' .. name), id)
  end
  redis.call('ZREM', key('time'), id)
  redis.call('HDEL', key('event'), id)
  return head
end

-- The block is gone: with it the event, its ballot and, with a creation, the proof that the book is complete.
local function take_back_event(id)
  local head = drop_event(id)
  if head and head.b ~= '' then
    redis.call('HDEL', key('book:' .. head.b), head.o and 'complete' or id)
  end
end

-- Reads one record (id, score, time, text, book, ballot) from the arguments and keeps it.
local function put_event()
  local id, score, time, text, book, ballot = arg(), arg(), arg(), arg(), arg(), arg()
  local old = redis.call('HGET', key('event'), id)
  if old and old ~= text then
    take_back_event(id)
  end
  if old ~= text then
    redis.call('HSET', key('event'), id, text)
    redis.call('ZADD', key('time'), time, id)
    for _, name in ipairs(head_of(text).x) do
      redis.call('ZADD', key('x:' .. name), score, id)
    end
  end
  if book ~= '' then
    if ballot ~= '' then
      redis.call('HSET', key('book:' .. book), id, ballot)
    else
      redis.call('HSET', key('book:' .. book), 'complete', '1')
    end
    redis.call('ZADD', key('books'), 'GT', time, book)
  end
  return id, book
end

-- Takes one change into a token's book of delegates, unless a newer one is there: order does not matter, and twice is
-- once. True when the change says that something else was before than the book holds.
local function settle_change(token, change)
  local at, side, who, what, before = string.match(change, '^(%d+) (%l) (%x+) (%x*) (%d*)$')
  local name = key('delegates:' .. token .. ':' .. side)
  local was_at, was = string.match(redis.call('HGET', name, who) or '', '^(%d+) (%x*)$')
  if was_at and tonumber(was_at) >= tonumber(at) then
    return false
  end
  redis.call('HSET', name, who, at .. ' ' .. what)
  return before ~= '' and before ~= (was or '0')
end

-- The block of the change that an event makes in a book of delegates is final: now it belongs to the book itself.
local function settle_event(token, id)
  local fresh = key('book:delegates:' .. token)
  local change = redis.call('HGET', fresh, id)
  if change then
    settle_change(token, change)
    redis.call('HDEL', fresh, id)
  end
end

local function note_change(block, id, book)
  local token = string.match(book, '^delegates:(.+)$')
  if token then
    block.d = block.d or {}
    table.insert(block.d, { token, id })
  end
end

local function say(id, state)
  state.rev = state.rev + 1
  redis.call('HSET', key('alert'), id, cjson.encode(state))
  redis.call('XADD', key('outbox'), '*', 'id', id, 'rev', state.rev)
end

local function state_of(id)
  local text = redis.call('HGET', key('alert'), id)
  local state = text and table_of(text)
  return state and state.rev and state or nil
end

-- Reads one alert (id, score, kind, time, body) from the arguments and says it if that is news; `final`: its block is.
local function put_alert(block, number, late, seen, final)
  local id, score, kind, time, body = arg(), arg(), arg(), arg(), arg()
  local state = state_of(id)
  if state and state.live and state.block == block and redis.call('HGET', key('body'), id) == body then
    if final and not state.final then
      state.final = true
      say(id, state)
    end
    return id
  end
  if not state then
    state = { rev = 0, seen = seen, kind = kind }
    if late ~= '' then
      state.late = late
    end
  elseif state.number ~= number then
    state.moved = state.number
  end
  state.live, state.final, state.block, state.number = true, final, block, number
  redis.call('HSET', key('body'), id, body)
  redis.call('ZADD', key('aged'), time, id)
  redis.call('ZADD', key('said'), score, id)
  redis.call('ZADD', key('said:' .. kind), score, id)
  say(id, state)
  return id
end

local function block_of(cursor)
  local text = redis.call('HGET', key('blocks'), cursor)
  return text and table_of(text)
end

local function keep_block(cursor, block)
  redis.call('HSET', key('blocks'), cursor, cjson.encode(block))
end

local function is_final(number)
  local final = redis.call('GET', key('final'))
  return final and tonumber(number) <= tonumber(final) or false
end
