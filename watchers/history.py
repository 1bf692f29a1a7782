"""What questions are answered from: votes, moves, batches, proposals, alerts. Reads only; the scripts write it.

Units: times in seconds, `_ms` milliseconds. Errors: StoreError when the store fails. A record that cannot be read is
left out and counted.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis

from watchers.alert import AlertState, Kind
from watchers.batches.events import BatchResult
from watchers.chain.block import Cursor
from watchers.delegates import DelegateBooks
from watchers.governance.events import Vote
from watchers.liquidity.events import LiquidityMove
from watchers.record import StoredEvent, book_name, failed, read, read_ballot, score
from watchers.script import storing
from watchers.states import alert_states, tag
from watchers.unreadable import Unread, Unreadable
from watchers.wing import Ballot

__all__ = ["ChainStatus", "History", "StoredEvent"]

PAGE = 200
MAX_SCANNED = 20_000  # where two filters meet, one is an index and the other is a look at each event
MOST_WITHIN = 100_000  # ids of a period, those of moves and batches among them


class ChainStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Where a chain stands. `head` is as last seen, at `noted_at_ms`; `pending` counts changes that delivery has not
    settled; `notes` holds what else the watching process left (requests, decode errors).
    """

    chain_id: int
    cursor: Cursor
    time_s: int
    head: int
    final: int | None
    noted_at_ms: int
    holder: str
    events: int
    alerts: int
    pending: int
    oldest_pending_ms: int | None
    notes: dict[str, str]

    @property
    def lag(self) -> int:
        """Blocks between the cursor and the head as last seen."""
        return max(0, self.head - self.cursor.number)


class History:
    """The kept events and alerts of several chains. `limit` bounds every answer; newest first unless said otherwise.
    `unread` counts what was met and could not be read.
    """

    def __init__(self, redis: Redis, chain_ids: Sequence[int]) -> None:
        self._redis: Any = redis  # its own annotations do not know that every reply is bytes
        self.books = DelegateBooks(redis)
        self.chain_ids = tuple(chain_ids)
        self.unread = Unread()

    async def votes(
        self,
        *,
        chain_id: int | None = None,
        governor: str | None = None,
        proposal_id: int | None = None,
        limit: int = 50,
        before: tuple[int, int] | None = None,
    ) -> list[StoredEvent]:
        """Find votes; `before` is the (block, log index) that a page of one chain continues from."""
        index = f"vote:g:{governor}" if governor else "vote"
        if governor and proposal_id is not None:
            index = f"vote:p:{governor}:{proposal_id}"

        def wanted(found: StoredEvent) -> bool:
            event = found.event
            return proposal_id is None or (isinstance(event, Vote) and event.proposal_id == proposal_id)

        return await self._find(index, chain_id, limit, wanted, before)

    async def moves(
        self,
        *,
        chain_id: int | None = None,
        protocol: str | None = None,
        pool: str | None = None,
        owner: str | None = None,
        limit: int = 50,
    ) -> list[StoredEvent]:
        """Find liquidity moves."""
        index = "move"
        if pool:
            index = f"move:pool:{pool}"
        elif owner:
            index = f"move:o:{owner}"
        elif protocol:
            index = f"move:n:{protocol}"

        def wanted(found: StoredEvent) -> bool:
            event = found.event
            return (
                isinstance(event, LiquidityMove)
                and (not owner or event.owner == owner)
                and (not protocol or event.protocol == protocol)
            )

        return await self._find(index, chain_id, limit, wanted)

    async def batches(
        self, *, chain_id: int | None = None, sender: str | None = None, failed_only: bool = False, limit: int = 50
    ) -> list[StoredEvent]:
        """Find batch results; `failed_only`: the container or a call in it failed."""
        index = f"batch:s:{sender}" if sender else "batch:failed" if failed_only else "batch"

        def wanted(found: StoredEvent) -> bool:
            event = found.event
            return not (failed_only and sender) or (isinstance(event, BatchResult) and failed(event))

        return await self._find(index, chain_id, limit, wanted)

    async def batches_since(self, chain_id: int, since_s: int) -> AsyncIterator[list[StoredEvent]]:
        """Give a chain's batch results page by page, newest first, until one is older than `since_s` (which the last
        page may hold), or `MAX_SCANNED` were given.
        """
        before: tuple[int, int] | None = None  # not an offset: what comes in meanwhile would shift it
        for _ in range(0, MAX_SCANNED, PAGE):
            page = await self._walk(chain_id, "batch", PAGE, lambda _: True, before)
            yield page
            if len(page) < PAGE or page[-1].time_s < since_s:
                return
            before = (page[-1].event.block, page[-1].event.log_index)

    async def batch(self, chain_id: int | None, tx_or_operation_hash: str) -> list[StoredEvent]:
        """Find the results of one transaction or of one user operation, in the chain's order."""
        found = await self._find(f"batch:h:{tx_or_operation_hash.lower()}", chain_id, 1_000)
        return found[::-1]

    async def acts(
        self, *, chain_id: int | None = None, contract: str | None = None, limit: int = 50
    ) -> list[StoredEvent]:
        """Find what insiders did."""
        return await self._find(f"act:c:{contract}" if contract else "act", chain_id, limit)

    async def proposals(
        self, *, chain_id: int | None = None, governor: str | None = None, limit: int = 50
    ) -> list[StoredEvent]:
        """Find creations of proposals."""
        return await self._find(f"created:g:{governor}" if governor else "created", chain_id, limit)

    async def proposal(self, chain_id: int, governor: str, proposal_id: int) -> list[StoredEvent]:
        """Give every step in a proposal's life, oldest first."""
        return (await self._find(f"proposal:p:{governor}:{proposal_id}", chain_id, 1_000))[::-1]

    async def events(self, chain_id: int, ids: Sequence[str]) -> dict[str, StoredEvent]:
        """Give those of these events that are kept, by their ids."""
        async with storing("read history"):
            texts = await self._redis.hmget(f"{tag(chain_id)}:event", list(ids)) if ids else []
        found = {}
        for event_id, text in zip(ids, texts, strict=True):
            stored = self.unread.read("event", event_id, text, read) if text else None
            if stored is not None:
                found[event_id] = stored
        return found

    async def ballots(
        self, chain_id: int, governor: str, proposal_id: int, *, before: tuple[int, int] | None = None
    ) -> list[Ballot] | None:
        """Give the votes of a proposal in order, those before a (block, log index) when given; None while earlier ones
        have not been read back, or when one cannot be read: a sum without it would be wrong.
        """
        async with storing("read a proposal's book"):
            name = book_name(governor, proposal_id)
            book = await self._redis.hgetall(f"{tag(chain_id)}:book:{name}")
        if book.pop(b"complete", None) is None:
            return None
        until = score(*before) if before else None
        votes = [self.unread.read("book", f"{name}:{vote.decode()}", text, read_ballot) for vote, text in book.items()]
        cast = sorted((ballot for ballot in votes if ballot is not None), key=lambda b: b.at)
        if len(cast) < len(book):
            return None
        return [ballot.ballot for ballot in cast if until is None or ballot.at < until]

    async def alerts(
        self, *, kind: Kind | None = None, chain_id: int | None = None, limit: int = 50
    ) -> list[AlertState]:
        """Give what was said last, the retracted with the live."""
        found: list[AlertState] = []
        for chain in self._chains(chain_id):
            async with storing("read alerts"):
                ids = await self._redis.zrange(
                    f"{tag(chain)}:said{f':{kind}' if kind else ''}", 0, limit - 1, desc=True
                )
            for state in await alert_states(self._redis, chain, ids):
                if isinstance(state, Unreadable):
                    self.unread.note("alert", state)
                elif state is not None:
                    found.append(state)
        if chain_id is None:
            found.sort(key=lambda state: state.alert.block_time_s, reverse=True)  # stable: a chain's order stays
        return found[:limit]

    async def votes_within(self, chain_id: int, from_s: int, until_s: int) -> tuple[list[StoredEvent], bool]:
        """Give the votes cast from a time to before another, in the chain's order, and whether those are all."""
        name = tag(chain_id)
        found: list[StoredEvent] = []
        for offset in range(0, MOST_WITHIN, PAGE):
            async with storing("read history"):
                ids = await self._redis.zrange(
                    f"{name}:time", from_s, f"({until_s}", byscore=True, offset=offset, num=PAGE
                )
                cast = [one for one in ids if one.split(b":")[-2:-1] == [b"vote"]]  # moves are many: left unread
                texts = await self._redis.hmget(f"{name}:event", cast) if cast else []
            for event_id, text in zip(cast, texts, strict=True):
                stored = self.unread.read("event", event_id.decode(), text, read) if text else None
                if stored is not None:
                    found.append(stored)
            if len(ids) < PAGE:
                return sorted(found, key=lambda s: (s.time_s, s.event.block, s.event.log_index)), True
            await asyncio.sleep(0)  # as in _walk
        return sorted(found, key=lambda s: (s.time_s, s.event.block, s.event.log_index)), False

    async def alerts_since(self, chain_id: int, since_s: int, kinds: Sequence[Kind]) -> tuple[list[AlertState], bool]:
        """Give the alerts of some kinds whose block, or that of the newest revision, is of a time or later, oldest
        first, and whether those are all.
        """
        name = tag(chain_id)
        found: list[AlertState] = []
        for offset in range(0, MAX_SCANNED, PAGE):
            async with storing("read alerts"):
                ids = await self._redis.zrange(f"{name}:aged", since_s, "+inf", byscore=True, offset=offset, num=PAGE)
                said = [await self._redis.zmscore(f"{name}:said:{kind}", ids) for kind in kinds] if ids else []
            wanted = [one for one, *scores in zip(ids, *said, strict=True) if any(at is not None for at in scores)]
            for state in await alert_states(self._redis, chain_id, wanted):
                if isinstance(state, Unreadable):
                    self.unread.note("alert", state)
                elif state is not None:
                    found.append(state)
            if len(ids) < PAGE:
                return found, True
            await asyncio.sleep(0)  # as in _walk
        return found, False

    async def chain_status(self, chain_id: int) -> ChainStatus | None:
        """Tell where a chain stands; None before its first block."""
        name = tag(chain_id)
        async with storing("read a chain's status"), self._redis.pipeline(transaction=True) as pipe:
            pipe.get(f"{name}:cursor").hgetall(f"{name}:status").get(f"{name}:final").hget(f"{name}:lease", "holder")
            pipe.hlen(f"{name}:event").hlen(f"{name}:alert").xlen(f"{name}:outbox")
            pipe.xrange(f"{name}:outbox", count=1)
            cursor, status, final, holder, events, alerts, pending, oldest = await pipe.execute()
        if cursor is None:
            return None
        notes = {key.decode(): value.decode() for key, value in status.items()}
        at = Cursor.parse(cursor.decode())
        return ChainStatus(
            chain_id=chain_id,
            cursor=at,
            time_s=int(notes.pop("time", 0)),
            head=max(at.number, int(notes.pop("head", 0))),
            final=int(final) if final else None,
            noted_at_ms=int(notes.pop("noted_at_ms", 0)),
            holder=holder.decode() if holder else "",
            events=events,
            alerts=alerts,
            pending=pending,
            oldest_pending_ms=int(oldest[0][0].partition(b"-")[0]) if oldest else None,
            notes=notes,
        )

    def _chains(self, chain_id: int | None) -> tuple[int, ...]:
        return self.chain_ids if chain_id is None else (chain_id,)

    async def _find(
        self,
        index: str,
        chain_id: int | None,
        limit: int,
        wanted: Callable[[StoredEvent], bool] = lambda _: True,
        before: tuple[int, int] | None = None,
    ) -> list[StoredEvent]:
        chains = self._chains(chain_id)
        found = [e for chain in chains for e in await self._walk(chain, index, limit, wanted, before)]
        if len(chains) > 1:
            found.sort(key=lambda stored: stored.time_s, reverse=True)  # stable: a chain's own order stays
        return found[:limit]

    async def _walk(
        self,
        chain_id: int,
        index: str,
        limit: int,
        wanted: Callable[[StoredEvent], bool],
        before: tuple[int, int] | None,
    ) -> list[StoredEvent]:
        """Read an index page by page, newest first, until enough events are found."""
        name = tag(chain_id)
        top = f"({score(*before)}" if before else "+inf"
        found: list[StoredEvent] = []
        for offset in range(0, MAX_SCANNED, PAGE):
            async with storing("read history"):
                ids = await self._redis.zrange(
                    f"{name}:x:{index}", top, "-inf", desc=True, byscore=True, offset=offset, num=PAGE
                )
                texts = await self._redis.hmget(f"{name}:event", ids) if ids else []
            for event_id, text in zip(ids, texts, strict=True) if ids else ():
                stored = self.unread.read("event", event_id.decode(), text, read) if text else None
                if stored is not None and wanted(stored):
                    found.append(stored)
            if len(found) >= limit or len(ids) < PAGE:
                break
            await asyncio.sleep(0)  # decoding a page takes a moment: let the watchers in
        return found[:limit]
