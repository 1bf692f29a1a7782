"""Cursor, alerts and outbox of one chain. Every change is one Lua script that compares before it sets.

Errors: Fenced when another holder was let in since; ReorgError when the cursor is not where the caller thinks;
ChainError for a reorg deeper than what is kept; StoreError when the store fails. An alert that cannot be read is no
error: it comes as `Unreadable`.
Units: `_ms` milliseconds; a lease is counted by the store's own clock.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from watchers.alert import Alert, AlertState, ProposalFacts
from watchers.chain.block import Cursor
from watchers.errors import ChainError, Fenced, ReorgError, UserError
from watchers.event import Event
from watchers.record import PER_BLOCK, flat, record
from watchers.script import TIMEOUT_S, Entry, entries, load, make_group, storing, text
from watchers.states import alert_states, tag
from watchers.unreadable import Unreadable

GROUP = "deliver"
MAX_BLOCK_MS = 5_000  # below the client's socket_timeout, which would otherwise cut a waiting read off
FINAL_CHUNK = 500
REMEMBER_CHUNK = 1_000
PRUNE_CHUNK = 500
KEPT = 20_000  # moves, and batches, of one chain; votes and proposals are few and all kept
FIRST_S = 1_000_000_000  # below it a governor's clock counts blocks, from it on seconds
FARTHEST = 1 << 50  # no governor's clock gets there: a deadline beyond it is not waited for
BOOK_S = 60 * 86_400  # a book is kept this long past retention: a proposal must not lose votes while it is open

_COMMIT, _ADD, _REWIND = load("commit"), load("add"), load("rewind")
_FINALIZE, _LEASE, _REMEMBER, _PRUNE = load("finalize"), load("lease"), load("remember"), load("prune")
_BOOKS, _REMIND = load("books"), load("remind")


class CommittedBlock(msgspec.Struct, frozen=True):
    """What one block brought. `late_s` and `seen_at_ms` go to the alerts that are new with it. `times_s`: when each
    event was, where that is not the block's time.
    """

    cursor: Cursor
    time_s: int
    events: tuple[Event, ...] = ()
    alerts: tuple[Alert, ...] = ()
    late_s: int | None = None
    seen_at_ms: int = 0
    times_s: tuple[int, ...] = ()


class Change(NamedTuple):
    """An outbox entry: this alert changed. `state` is where it stands now, which may be later than the entry."""

    entry_id: str
    state: AlertState
    times_delivered: int


class Illegible(NamedTuple):
    """An outbox entry whose alert is kept and cannot be read."""

    entry_id: str
    alert_id: str
    why: str


class ChainStore:
    """One chain's state. A process writes only while it holds the chain's lease, and every write proves it."""

    def __init__(
        self, redis: Redis, chain_id: int, *, clock_ms: Callable[[], int], claim_idle_ms: int = 60_000
    ) -> None:
        self.chain_id = chain_id
        self._redis: Any = redis  # its own annotations do not know that every reply is bytes
        self._clock_ms, self._claim_idle_ms = clock_ms, claim_idle_ms
        self._tag = tag(chain_id)
        self._ttl_ms = 30_000
        self._group_made = False
        self._drained: dict[str, str | None] = {}  # consumer -> last own pending entry read; None when all were

    # --- the lease --------------------------------------------------------------------------------------------------

    async def acquire(self, holder: str, ttl_ms: int) -> int | None:
        """Take the lease; give its epoch, None while somebody else holds it. `holder` is unique per process start."""
        self._ttl_ms = ttl_ms
        return int(await _LEASE(self._redis, self._tag, "take", holder, ttl_ms)) or None

    async def renew(self, epoch: int, ttl_ms: int) -> bool:
        """Hold on to the lease; False when it is lost."""
        return bool(await _LEASE(self._redis, self._tag, "renew", epoch, ttl_ms))

    async def release(self, epoch: int) -> None:
        """Let go of the lease, if it is still ours."""
        await _LEASE(self._redis, self._tag, "release", epoch, 0)

    # --- the cursor -------------------------------------------------------------------------------------------------

    async def cursor(self) -> Cursor | None:
        """Give the last committed block, None before the first."""
        async with storing("read the cursor"):
            found = await self._redis.get(f"{self._tag}:cursor")
        return Cursor.parse(text(found)) if found else None

    async def first(self) -> int | None:
        """Give the number of the first block that was ever committed: what is older is not in history by itself."""
        async with storing("read the first block"):
            found = await self._redis.get(f"{self._tag}:first")
        return int(found) if found else None

    async def recent(self, count: int) -> list[Cursor]:
        """Give the committed blocks that can still be taken back and the newest final one, newest first."""
        async with storing("read the recent blocks"):
            found = await self._redis.zrange(f"{self._tag}:ring", 0, count - 1, desc=True)
        return [Cursor.parse(text(one)) for one in found]

    async def commit(self, epoch: int, expected: Cursor | None, block: CommittedBlock) -> Literal["ok", "dup"]:
        """Write a block's events and alerts and move the cursor from `expected` to it; "dup": that was done before."""
        at = block.cursor
        if expected is not None and at.number <= expected.number:
            raise ReorgError(f"block {at.number} does not come after block {expected.number}")
        head = [epoch, self._ttl_ms, KEPT, str(expected or ""), str(at), at.number, block.time_s, *_seen(block)]
        reply = await _COMMIT(self._redis, self._tag, *head, *_events(block), *_alerts(block))
        self._check(reply, epoch, str(at))
        return "dup" if reply == b"DUP" else "ok"

    async def add(self, epoch: int, block: CommittedBlock) -> None:
        """Write what a second reading found in a committed block; the cursor stays. Alerts known already stay too."""
        at = block.cursor
        head = [epoch, self._ttl_ms, str(at), at.number, *_seen(block)]
        reply = await _ADD(self._redis, self._tag, *head, *_events(block), *_alerts(block))
        self._check(reply, epoch, str(at))

    async def remind(
        self, epoch: int, life: tuple[str, str, str], block: CommittedBlock, *, revises: int | None = None
    ) -> Literal["ok", "dup", "gone"]:
        """Say the block's alerts, which a clock brought, unless one stands already; with `revises` the first takes the
        place of what is followed, at that revision. `life`: the proposal's creation, the index of its steps and the
        newest step; "gone": they are others by now, or what is followed has been revised since.
        """
        at, ids = block.cursor, [alert.id for alert in block.alerts]
        was = "" if revises is None else revises
        head = [epoch, self._ttl_ms, *life, str(at), at.number, *_seen(block), was, len(ids), *ids]
        reply = await _REMIND(self._redis, self._tag, *head, *_alerts(block)[1:])
        self._check(reply, epoch, str(at))
        return "dup" if reply == b"DUP" else "gone" if reply == b"GONE" else "ok"

    async def rewind(self, epoch: int, expected: Cursor) -> Cursor:
        """Take back the block that the cursor stands on; give the cursor before it."""
        reply, where = await _REWIND(self._redis, self._tag, epoch, self._ttl_ms, str(expected))
        if reply == b"DEEP":
            raise ChainError(f"chain {self.chain_id}: reorg deeper than what can be taken back, at {expected}")
        self._check(reply, epoch, str(expected))
        return Cursor.parse(where.decode())

    async def finalize(self, epoch: int, number: int) -> int:
        """Make the alerts of blocks up to `number` final and forget how to take those blocks back; count the alerts."""
        changed, more = 0, True
        while more:
            reply, some, more = await _FINALIZE(self._redis, self._tag, epoch, self._ttl_ms, number, FINAL_CHUNK)
            self._check(reply, epoch, str(number))
            changed += some
        return changed

    async def remember(self, epoch: int, events: Iterable[tuple[Event, int]], *, complete: str = "") -> None:
        """Keep events read back from before our history, each with its block's time; `complete` names the book (see
        `record.book_name`) that now holds every vote.
        """
        records = [record(event, time_s) for event, time_s in events]
        chunks = [records[at : at + REMEMBER_CHUNK] for at in range(0, len(records), REMEMBER_CHUNK)] or [[]]
        for n, chunk in enumerate(chunks, 1):
            name = complete if n == len(chunks) else ""
            reply = await _REMEMBER(self._redis, self._tag, epoch, self._ttl_ms, name, *flat(chunk))
            self._check(reply, epoch, complete)

    async def feed_books(self, epoch: int, tokens: Iterable[str], *, sort: str = "delegates", most: int = 0) -> None:
        """Keep the books of a sort of these tokens with the next commits on, and forget those of all others. `most`:
        how many holders a book may have; 0 for no bound.
        """
        listed = sorted(tokens)
        reply = await _BOOKS(self._redis, self._tag, epoch, self._ttl_ms, sort, most or "", len(listed), *listed)
        self._check(reply, epoch, "")

    async def note(self, **fields: int | str) -> None:
        """Leave what another process may show of this chain: head, requests, errors. See `History.chain_status`."""
        async with storing("note the chain's status"):
            await self._redis.hset(f"{self._tag}:status", mapping={**fields, "noted_at_ms": self._clock_ms()})

    async def history_to(self) -> int:
        """Give the last block that was read for history only, noted on the first start; -1 when there is none."""
        async with storing("read where history ends"):
            found = await self._redis.hget(f"{self._tag}:status", "history_to")
        return int(found) if found else -1

    async def prune(self, before_ms: int) -> int:
        """Forget events, books and alerts older than that; count them. Undelivered alerts stay."""
        before_s = before_ms // 1000
        total, gone = 0, 1
        while gone:
            gone = int(await _PRUNE(self._redis, self._tag, before_s, before_s - BOOK_S, PRUNE_CHUNK))
            total += gone
        return total

    def _check(self, reply: bytes, epoch: int, at: str) -> None:
        if reply == b"FENCED":
            raise Fenced(f"chain {self.chain_id}: another process has taken the lease since epoch {epoch}")
        if reply == b"STALE":
            raise ReorgError(f"chain {self.chain_id}: the cursor is not where {at} needs it")

    # --- the other side of the commit -------------------------------------------------------------------------------

    async def alert(self, alert_id: str) -> AlertState | None:
        """Give an alert and where it stands. Raises UserError for one that cannot be read."""
        (found,) = await alert_states(self._redis, self.chain_id, [alert_id.encode()])
        if isinstance(found, Unreadable):
            raise UserError(
                "Another version of Tribune wrote this alert and it cannot be read here; its transaction still tells "
                "the facts."
            )
        return found

    async def due(self, height: int, time_s: int) -> list[Alert]:
        """Give what is followed and may have ended before that: a clock counts blocks, or seconds since 1970."""
        async with storing("ask whose end has come"), self._redis.pipeline(transaction=True) as pipe:
            pipe.zrange(f"{self._tag}:waiting", "-inf", f"({min(height, FIRST_S)}", byscore=True)
            pipe.zrange(f"{self._tag}:waiting", FIRST_S, f"({time_s}", byscore=True)
            blocks, times = await pipe.execute()
        return await self.standing([*blocks, *times])

    async def standing(self, ids: Sequence[bytes]) -> list[Alert]:
        """Give the alerts of these that stand; one that cannot be read does not."""
        found = await alert_states(self._redis, self.chain_id, ids)
        return [one.alert for one in found if isinstance(one, AlertState) and one.live]

    async def changes(self, consumer: str, *, count: int, block_ms: int) -> list[Change | Illegible]:
        """Take up to `count` entries: first what this consumer left behind when it last ran or lost a reply, then what
        nobody settled for `claim_idle_ms`, then new ones, waiting up to `block_ms` for the first.
        """
        try:
            async with storing("read the outbox", TIMEOUT_S + MAX_BLOCK_MS / 1000):
                taken = await self._entries(consumer, count, min(block_ms, MAX_BLOCK_MS))
                delivered = await self._times_delivered(taken)
            ids = [fields.get(b"id", b"") for _, fields in taken]
            states = await alert_states(self._redis, self.chain_id, ids)
        except BaseException:
            # a reply may be lost on the way, also by a cancellation: what it held is ours and pending, so look there
            self._drained.pop(consumer, None)
            raise
        found: list[Change | Illegible] = []
        for (entry, _), state in zip(taken, states, strict=True):
            if state is None:  # pruned or deleted: nothing is left to say
                await self.settle(entry.decode())
            elif isinstance(state, Unreadable):
                found.append(Illegible(entry.decode(), *state))
            else:
                found.append(Change(entry.decode(), state, delivered.get(entry, 1)))
        return found

    async def settle(self, entry_id: str) -> None:
        """Strike an entry out: what it asked for is done."""
        async with storing("settle an outbox entry"), self._redis.pipeline(transaction=True) as pipe:
            pipe.xack(f"{self._tag}:outbox", GROUP, entry_id)
            pipe.xdel(f"{self._tag}:outbox", entry_id)
            await pipe.execute()

    async def _entries(self, consumer: str, count: int, block_ms: int) -> list[Entry]:
        outbox = f"{self._tag}:outbox"
        if not self._group_made:
            await make_group(self._redis, outbox, GROUP)
            self._group_made = True
        since = self._drained.get(consumer, "0")
        try:
            if since is not None:
                found = entries(await self._redis.xreadgroup(GROUP, consumer, {outbox: since}, count=count))
                self._drained[consumer] = found[-1][0].decode() if found else None
                if found:
                    return found
            claimed = await self._redis.xautoclaim(outbox, GROUP, consumer, self._claim_idle_ms, "0-0", count=count)
            if claimed[1]:
                return entries([(outbox, claimed[1])])
            # block=0 would wait for ever
            waiting = {"block": block_ms} if block_ms > 0 else {}
            return entries(await self._redis.xreadgroup(GROUP, consumer, {outbox: ">"}, count=count, **waiting))
        except ResponseError as error:
            if str(error).startswith("NOGROUP"):  # the store was emptied under us
                self._group_made = False
            raise

    async def _times_delivered(self, taken: Sequence[Entry]) -> dict[bytes, int]:
        if not taken:
            return {}
        first, last = taken[0][0].decode(), taken[-1][0].decode()
        pending = await self._redis.xpending_range(f"{self._tag}:outbox", GROUP, first, last, 10 * len(taken) + 100)
        return {entry["message_id"]: int(entry["times_delivered"]) for entry in pending}


def _seen(block: CommittedBlock) -> list[int | str]:
    return ["" if block.late_s is None else block.late_s, block.seen_at_ms]


def _events(block: CommittedBlock) -> list[Any]:
    times = block.times_s or (block.time_s,) * len(block.events)
    return flat([record(event, time_s) for event, time_s in zip(block.events, times, strict=True)])


def _standing(alert: Alert) -> tuple[str, int]:
    """Say whether an alert stands for what goes on, "", over or waiting, and the clock at which it ends. One that is
    amended takes the place of what was said before, like it.
    """
    facts = alert.facts
    if not isinstance(facts, ProposalFacts) or facts.followed is None:
        return ("over" if alert.amended else ""), 0
    end = facts.ends_at_clock or 0
    return ("waiting", end) if 0 < end < FARTHEST and not facts.followed.ended else ("over", 0)


def _alerts(block: CommittedBlock) -> list[Any]:
    """Lay alerts out as arguments; within a block they keep the order in which the judges gave them."""
    given: list[Any] = [len(block.alerts)]
    for n, alert in enumerate(block.alerts):
        at = block.cursor.number * PER_BLOCK + n
        given += [alert.id, at, alert.kind, block.time_s, *_standing(alert), msgspec.json.encode(alert)]
    return given
