"""One supervised loop per chain: hold its lease, follow it, and when that fails, say so once and try again.

    ChainError, StoreError   back off, longer each time, until a step succeeds again
    ReorgError               the same, from where the store stands
    Fenced                   let go; wait for the lease like any other process
    anything else            a defect: its traceback once, then as above, so that the other chains run on

Units: `_s` seconds of the clock given, which must not jump (`time.monotonic`).
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

import structlog

from config.settings import Chain, Settings
from watchers.backoff import backoff_s
from watchers.chain.block import Cursor
from watchers.chain.steps import Final, Head
from watchers.errors import ChainError, Fenced, StoreError
from watchers.governance.electors import tokens_on
from watchers.holders import HolderBooks
from watchers.pipeline import Counters
from watchers.silence import Operator, Silence
from watchers.store import ChainStore

log = structlog.get_logger(__name__)

LEASE_MS = 15_000
RENEWALS = 3  # per lease time
RING = 8_192  # blocks that the feed may walk back over: a rollup's tail of blocks that are not final yet
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
RELEASE_S = 5.0

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)
MakeFeed = Callable[[Cursor | None, Sequence[Cursor]], AsyncIterator[S]]


class Taker(Protocol[S_contra]):
    """Who carries the steps of a feed out: the pipeline of a chain, the ledger of a hub."""

    @property
    def settings(self) -> Settings:
        """What is watched."""
        ...

    @property
    def cursor(self) -> Cursor | None:
        """Where it stands."""
        ...

    @property
    def counters(self) -> Counters:
        """What happened since the start."""
        ...

    def begin(self, epoch: int, cursor: Cursor | None, history_to: int = -1) -> None:
        """Take over where the store stands."""
        ...

    async def take(self, step: S_contra) -> object:
        """Carry a step out; what is returned from is committed."""
        ...


class Follower(Generic[S]):
    """One chain, followed for as long as `follow` runs. `down` holds why it does not work now, for /status."""

    def __init__(
        self,
        chain: Chain,
        store: ChainStore,
        pipeline: Taker[S],
        feed: MakeFeed[S],
        operator: Operator,
        *,
        holder: str,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        lease_ms: int = LEASE_MS,
    ) -> None:
        self.chain, self.pipeline, self.down, self.standby = chain, pipeline, "", False
        self.epoch: int | None = None  # of the lease, while it is ours
        self.silence = Silence(chain, operator, clock=clock, sleep=sleep)
        self._store, self._feed, self._holder = store, feed, holder
        self._clock, self._sleep, self._jitter, self._lease_ms = clock, sleep, jitter, lease_ms
        self._down_at = 0.0
        self._failures = 0
        self._defect: type[Exception] | None = None

    async def follow(self) -> None:
        """Follow the chain until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(), name=f"stall watch of {self.chain.key}")
            group.create_task(self.silence.tell(), name=f"notices of {self.chain.key}")
            while True:
                try:
                    await self._hold()
                except Fenced as error:
                    log.warning("lease_lost", chain=self.chain.key, why=str(error))
                except (ChainError, StoreError) as error:
                    await self._failed(error)
                except Exception as error:  # noqa: BLE001 - the supervisor: a defect in one chain leaves the others running
                    await self._failed(error, defect=True)

    async def _hold(self) -> None:
        """Take the lease, or wait for it; then follow until something fails."""
        epoch = await self._store.acquire(self._holder, self._lease_ms)
        if epoch is None:
            if not self.standby:
                log.info("standing_by", chain=self.chain.key, why="another process follows this chain")
            self.standby = True
            await self._sleep(self._lease_ms / 1000 / RENEWALS)
            return
        if self.standby:
            log.info("taking_over", chain=self.chain.key, epoch=epoch)
            self.standby = False
            self.silence.begin()
        self.epoch = epoch
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._renew(epoch), name=f"lease of {self.chain.key}")
                await self._run(epoch)
        except BaseExceptionGroup as errors:
            raise _first(errors) from None
        finally:
            self.epoch = None
            # if this fails the lease runs out by itself
            with suppress(StoreError, TimeoutError):
                async with asyncio.timeout(RELEASE_S):
                    await self._store.release(epoch)

    async def _renew(self, epoch: int) -> None:
        while True:
            await self._sleep(self._lease_ms / 1000 / RENEWALS)
            if not await self._store.renew(epoch, self._lease_ms):
                raise Fenced(f"the lease of epoch {epoch} ran out")

    async def _run(self, epoch: int) -> None:
        cursor = await self._store.cursor()
        self.pipeline.begin(epoch, cursor, await self._store.history_to())
        settings = self.pipeline.settings
        await self._store.feed_books(epoch, tokens_on(settings, self.chain))
        held = settings.holders_on(self.chain)
        await self._store.feed_books(epoch, held, sort=HolderBooks.sort, most=HolderBooks.most)
        steps = self._feed(cursor, await self._store.recent(RING))
        try:
            async for step in steps:
                before = self.pipeline.cursor
                await self.pipeline.take(step)
                if not isinstance(step, Head | Final):
                    self._progressed(before)
        finally:
            if isinstance(steps, AsyncGenerator):
                await steps.aclose()
        raise ChainError("the feed ended")

    # --- what is said ------------------------------------------------------------------------------------------------

    async def _failed(self, error: Exception, *, defect: bool = False) -> None:
        """Say a failure once, then wait."""
        # what a defect says is for the log, which strikes secrets out; `down` is shown to whoever asks for /status
        why = "a defect, see the log" if defect else str(error).removeprefix(f"{self.chain.key}: ")
        kind = type(error) if defect else None
        if not self.down:
            self._down_at = self._clock()
        if defect and kind is not self._defect:
            log.error("chain_defect", chain=self.chain.key, exc_info=error)
        elif not self.down:
            log.warning("chain_down", chain=self.chain.key, why=why)
        self.down, self._defect = why, kind
        self._failures += 1
        wait_s = backoff_s(self._failures, FIRST_WAIT_S, LONGEST_WAIT_S)
        await self._sleep(wait_s * (0.5 + self._jitter() / 2))

    def _progressed(self, before: Cursor | None) -> None:
        """Say once that a failure or a stall is over."""
        now = self._clock()
        gap = max(0, self.pipeline.counters.head - before.number) if before else 0
        stalled_at = self.silence.end(gap)
        since = self._down_at if self.down else stalled_at
        if since is not None:
            log.info("chain_back", chain=self.chain.key, gap_blocks=gap, down_s=round(now - since, 1))
        self.down, self._defect, self._failures = "", None, 0

    async def _watch(self) -> None:
        await self.silence.watch(
            awake=lambda: not self.standby,
            head=lambda: self.pipeline.counters.head,
            quiet=lambda: bool(self.down),  # the log has it, with the reason
        )


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Give the error that ended a group; the lease's loss before all others, which only follow from it."""
    fenced, rest = errors.split(Fenced)
    found: BaseException = fenced or rest or errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
