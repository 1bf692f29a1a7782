"""The votes that were cast before we came: read back once for each proposal that is still being voted on.

Votes are looked for from the block at which the proposal's snapshot was taken (a little before, to find its creation
and so its title) up to the first block that we followed. Units: `_clock` is what the governor counts in.
Errors: none but StoreError and Fenced; votes that cannot be read are counted, and the judge asks the contract instead.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
import structlog

from config.settings import Chain, Dao
from watchers.chain.block import Header, Log
from watchers.chain.proof import check_header
from watchers.decode import Decoder
from watchers.errors import ChainError, DecodeError
from watchers.event import Event
from watchers.facts import Answer, Call
from watchers.governance.asks import Times
from watchers.governance.clock import L1_BLOCK_S, now_clock
from watchers.governance.events import ProposalChange, Vote
from watchers.record import book_name
from watchers.store import ChainStore

log = structlog.get_logger(__name__)

LONGEST_S = 60 * 86_400  # a vote that has run for longer than this is not read back
PATIENCE_S = 60.0  # the chain waits for this reading
AGAIN_S = 3_600.0
SEARCH_STEPS = 12
HEADERS_AT_ONCE = 50


class Batch(Protocol):
    """What is needed of `Rpc`."""

    async def batch(self, calls: Sequence[Call]) -> list[Answer]:
        """Put calls in one request."""
        ...


class Ranges(Protocol):
    """What is needed of `LogRanges`."""

    async def logs(
        self, topics: Sequence[str], from_block: int, to_block: int, address: str | Sequence[str] | None = None
    ) -> list[Log]:
        """Give the logs of a range."""
        ...


class EarlierVotes:
    """Reads them back for one chain. `topics` are those of governance; `failures` counts since the start."""

    def __init__(
        self,
        chain: Chain,
        decoder: Decoder,
        topics: Sequence[str],
        store: ChainStore,
        rpc: Batch,
        ranges: Ranges,
        *,
        clock: Callable[[], float],
    ) -> None:
        self.chain, self.failures = chain, 0
        self._decoder, self._topics, self._store = decoder, tuple(topics), store
        self._rpc, self._ranges, self._clock = rpc, ranges, clock
        self._rest_until: dict[tuple[str, int], float] = {}

    def due(self, governor: str, proposal_id: int) -> bool:
        """Tell whether a reading may be tried; not again at once after it failed, or did not help."""
        return self._clock() >= self._rest_until.get((governor, proposal_id), 0.0)

    async def complete(
        self, epoch: int, dao: Dao, proposal_id: int, header: Header, times: Times | None, delay: int | None
    ) -> bool:
        """Read back and keep what was said of a proposal before we followed the chain; its book is complete then."""
        key = (dao.governor, proposal_id)
        first = await self._store.first()
        try:
            async with asyncio.timeout(PATIENCE_S):
                until = (header.height if first is None else first) - 1
                events = await self._events(dao, header, times, delay, until)
        except (ChainError, DecodeError, TimeoutError) as error:
            self.failures += 1
            self._rest_until[key] = self._clock() + AGAIN_S
            log.warning("earlier_votes_unread", chain=self.chain.key, dao=dao.key, why=str(error) or "out of time")
            return False
        # our own first block may be the one at hand: what it holds comes with its commit
        await self._store.remember(epoch, events, complete=book_name(*key))
        self._rest_until[key] = self._clock() + AGAIN_S  # a book that cannot be read even now is no reason to go on
        return True

    async def _events(
        self, dao: Dao, header: Header, times: Times | None, delay: int | None, until: int
    ) -> list[tuple[Event, int]]:
        start = await self._start(dao, header, times, delay)
        if start > until:
            return []
        logs = await self._ranges.logs(self._topics, start, until, dao.governor)
        found = self._decoder.decode(self.chain.id, logs).events
        # A transaction's other logs were not asked for, so positions are not those of a whole reading; the log's own
        # index keeps names apart. No alert is ever named after these.
        about = [
            msgspec.structs.replace(event, position=event.log_index)
            for event in found
            if isinstance(event, Vote | ProposalChange) and event.address == dao.governor
        ]
        at_s = await self._times(event.block for event in about)
        return [(event, at_s[event.block]) for event in about]

    async def _start(self, dao: Dao, header: Header, times: Times | None, delay: int | None) -> int:
        """Find a block at or before the proposal's creation, by steps back that trust no block time."""
        if times is None:
            raise ChainError("the proposal's snapshot is not known")
        target = times.snapshot - (delay or 0)
        if dao.clock == "block":
            start = max(target, dao.start_block)
            self._refuse_too_long((header.height - start) * self.chain.block_time_s)
            return max(start, 0)
        tick_s = 1.0 if dao.clock == "timestamp" else float(L1_BLOCK_S)
        at = header
        for _ in range(SEARCH_STEPS):
            now = now_clock(dao, at)
            if now is None:
                raise ChainError("the node does not tell the governor's clock")
            if now <= target or at.height <= max(dao.start_block, 0):
                return max(at.height, dao.start_block)
            self._refuse_too_long(header.time_s - at.time_s + (now - target) * tick_s)
            back = math.ceil((now - target) * tick_s / self.chain.block_time_s * 1.1) + 1
            (at,) = await self._headers([max(at.height - back, dao.start_block, 0)])
        raise ChainError(f"no block at clock {target} was found in {SEARCH_STEPS} steps")

    def _refuse_too_long(self, span_s: float) -> None:
        if span_s > LONGEST_S:
            raise ChainError(f"its votes go back {span_s / 86_400:.0f} days")

    async def _times(self, blocks: Iterable[int]) -> Mapping[int, int]:
        wanted = sorted(set(blocks))
        found: dict[int, int] = {}
        for at in range(0, len(wanted), HEADERS_AT_ONCE):
            some = wanted[at : at + HEADERS_AT_ONCE]
            headers = await self._headers(some)
            found.update(zip(some, (header.time_s for header in headers), strict=True))
        return found

    async def _headers(self, numbers: Sequence[int]) -> list[Header]:
        answers: list[Any] = await self._rpc.batch(
            [Call("eth_getBlockByNumber", (hex(number), False)) for number in numbers]
        )
        try:
            pairs = zip(answers, numbers, strict=True)
            return [check_header(msgspec.convert(answer, Header), number) for answer, number in pairs]
        except msgspec.ValidationError:
            raise ChainError("a node gave no header for an old block") from None
