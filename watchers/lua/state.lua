-- Functions that the chain's scripts share. KEYS[1] is the chain's hash tag, "{c:1}"; every key of the chain starts
-- with it, so all of them live in one slot. Bodies of events and alerts are never decoded here: Lua rounds integers.
--   lease   hash epoch, holder; expires       epoch   counter of the fencing numbers handed out
--   cursor  "number:hash"                     ring    zset of cursors not yet final, by number
--   first   number of the first block that we followed
--   blocks  hash cursor -> {p, e, a, d, f}    final   number of the last final block
--   alert   hash id -> state    body  hash id -> alert    said, said:<kind>  zsets of ids    aged  zset of ids by time
--   event   hash id -> record                 time    zset of event ids by time        x:<name>  zset of event ids
--   book:<governor>:<proposal>  hash event id -> ballot, and "complete"       books   zset of books by time
--   holders, holders:<token>  the same of who holds a token; <token>:b  hash who -> balance, see `plus`; over, late: why
--                        the book is of no use
--   delegates            set of the tokens whose books of delegates are fed by commits
--   delegates:<token>    hash since, done, from, gaps; <token>:p, <token>:d  hashes who -> "at what", see record.py
--   book:delegates:<token>  hash event id -> change, of those that are not final yet
--   prior   hash "cursor|id" -> what the alert was before that block     waiting  zset of alert ids by the clock they end at
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
  if text ~= '' and old and old ~= text then
    take_back_event(id)
  end
  if text ~= '' and old ~= text then
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

-- Adds or takes away. Lua rounds integers: numbers are hexadecimal text, whole without the zeros in front, negative
-- ones as the complement of 66 digits, which leaves room for the sign of 256 bits.
local function plus(a, b, sign)
  a, b = string.rep('0', 66 - #a) .. a, string.rep('0', 66 - #b) .. b
  local limbs, carry = {}, 0
  for n = 11, 1, -1 do
    local sum = tonumber(string.sub(a, n * 6 - 5, n * 6), 16) + sign * tonumber(string.sub(b, n * 6 - 5, n * 6), 16) + carry
    carry = math.floor(sum / 0x1000000)
    limbs[n] = string.format('%06x', sum % 0x1000000)
  end
  return (string.gsub(table.concat(limbs), '^0+', ''))
end

local function hold(name, who, amount, sign)
  local balances = name .. ':b'
  local now = plus(redis.call('HGET', balances, who) or '', amount, sign)
  if now == '' then
    redis.call('HDEL', balances, who)
  else
    redis.call('HSET', balances, who, now)
  end
end

-- A book of holders that outgrows its bound is let go of, and said to be.
local function settle_transfer(name, change)
  local payer, payee, amount = string.match(change, '^%d+ t (' .. string.rep('%x', 40) .. ')(%x+) (%x+) $')
  if redis.call('HEXISTS', name, 'over') == 1 then
    return
  end
  hold(name, payer, amount, -1)
  hold(name, payee, amount, 1)
  local most, many = redis.call('HGET', name, 'most'), redis.call('HLEN', name .. ':b')
  if most and many > tonumber(most) then
    redis.call('HSET', name, 'over', many)
    redis.call('UNLINK', name .. ':b')
  end
end

-- What is not final yet of a book; of an earlier version's block, a token stands for its delegates.
local function fresh_of(book)
  return key('book:' .. (string.match(book, '^%l+:') and book or 'delegates:' .. book))
end

-- Takes one change into a token's book of delegates or of holders. Of delegates, unless a newer one is there: order does
-- not matter, and twice is once; of holders, order does not matter. True when the change says that something else was
-- before than the book holds.
local function settle_change(book, change)
  local base = key(string.match(book, '^%l+:') and book or 'delegates:' .. book)
  if string.match(change, '^%d+ t ') then
    settle_transfer(base, change)
    return false
  end
  local at, side, who, what, before = string.match(change, '^(%d+) (%l) (%x+) (%x*) (%d*)$')
  local name = base .. ':' .. side
  local was_at, was = string.match(redis.call('HGET', name, who) or '', '^(%d+) (%x*)$')
  if was_at and tonumber(was_at) >= tonumber(at) then
    return false
  end
  redis.call('HSET', name, who, at .. ' ' .. what)
  return before ~= '' and before ~= (was or '0')
end

-- The block of the change that an event makes in a book is final: now it belongs to the book itself.
local function settle_event(book, id)
  local fresh = fresh_of(book)
  local change = redis.call('HGET', fresh, id)
  if change then
    settle_change(book, change)
    redis.call('HDEL', fresh, id)
  end
end

local function note_change(block, id, book)
  if string.match(book, '^%l+:0x') then
    block.d = block.d or {}
    table.insert(block.d, { book, id })
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

-- What stands for something that goes on waits for its end, or for nothing any more.
local function await_end(id, standing, ends)
  if standing == 'waiting' then
    redis.call('ZADD', key('waiting'), ends, id)
  else
    redis.call('ZREM', key('waiting'), id)
  end
end

-- Reads one alert (id, score, kind, time, standing, ends, body) from the arguments and says it if that is news; `final`:
-- its block is. One that stands for something that goes on takes the place of its last state, which a rewind needs.
local function put_alert(block, number, late, seen, final)
  local id, score, kind, time, standing, ends, body = arg(), arg(), arg(), arg(), arg(), arg(), arg()
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
  elseif standing ~= '' and state.live then
    if state.block ~= block then
      local last = { block = state.block, number = state.number, standing = state.standing, ends = state.ends }
      redis.call('HSET', key('prior'), block .. '|' .. id, cjson.encode(last) .. '\n' .. redis.call('HGET', key('body'), id))
      state.late, state.moved = nil, nil
    end
  elseif state.number ~= number then
    state.moved = state.number
  end
  if standing ~= '' then
    state.standing, state.ends = standing, ends
    await_end(id, standing, ends)
  end
  state.live, state.final, state.block, state.number = true, final, block, number
  redis.call('HSET', key('body'), id, body)
  redis.call('ZADD', key('aged'), time, id)
  redis.call('ZADD', key('said'), score, id)
  redis.call('ZADD', key('said:' .. kind), score, id)
  say(id, state)
  return id
end

-- The block is gone: what stands for something goes back to its last state; any other alert is no longer live.
local function take_back_alert(block, id, state)
  local place = block .. '|' .. id
  local prior = redis.call('HGET', key('prior'), place)
  local last = prior and table_of(string.match(prior, '^[^\n]*'))
  if last then
    state.block, state.number, state.standing, state.ends = last.block, last.number, last.standing, last.ends
    local final = redis.call('GET', key('final'))
    state.final = final and tonumber(last.number) <= tonumber(final) or false
    redis.call('HSET', key('body'), id, string.match(prior, '\n(.*)$'))
    redis.call('HDEL', key('prior'), place)
    await_end(id, last.standing, last.ends)
  else
    state.live = false
    await_end(id, 'over')
  end
  say(id, state)
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

-- The block is not read yet, or another one is at that height.
local function is_stale(cursor, number)
  local now = redis.call('GET', key('cursor')) or ''
  local there = redis.call('ZRANGE', key('ring'), number, number, 'BYSCORE')[1]
  return tonumber(string.match(now, '^%d+') or -1) < tonumber(number) or there and there ~= cursor
end
