"""Silence is said: a chain without a new block is told the operator, once, and so is its end.

Telling is level-triggered, like delivery: while the operator cannot be reached there is one notice to be told, the
latest; and it is told beside the chain's work, which never waits for it.

Units: `_s` seconds of the clock given, which must not jump (`time.monotonic`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import structlog

from config.settings import Chain
from watchers.backoff import backoff_s
from watchers.errors import NotDelivered

log = structlog.get_logger(__name__)

STALL_BLOCKS, STALL_S = 3, 30.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
PATIENCE_S = 30.0  # for one attempt

Notice = Callable[[], Awaitable[None]]


class Operator(Protocol):
    """Whom a stall is told. Both raise what they like when they cannot tell now, and are then called again."""

    async def stalled(self, chain: Chain, since_s: float, head: int) -> None:
        """No block of this chain was committed for that long."""
        ...

    async def recovered(self, chain: Chain, gap_blocks: int, down_s: float) -> None:
        """Blocks come again; so many had to be caught up with."""
        ...


class Silence:
    """The silence of one chain. `since` is when a stall that still lasts began."""

    def __init__(
        self,
        chain: Chain,
        operator: Operator,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.stall_s = max(STALL_BLOCKS * chain.block_time_s, STALL_S)
        self.since: float | None = None
        self._chain, self._operator, self._clock, self._sleep = chain, operator, clock, sleep
        self._last_at = clock()
        self._notice: Notice | None = None
        self._news = asyncio.Event()

    def begin(self) -> None:
        """Count from now: until now another process had the chain."""
        self._last_at = self._clock()

    def end(self, gap_blocks: int) -> float | None:
        """Note a new block; give when the stall began that it ends, if it ends one."""
        since, self.since, self._last_at = self.since, None, self._clock()
        if since is not None:
            down_s = self._last_at - since
            self._tell(partial(self._operator.recovered, self._chain, gap_blocks, down_s))
        return since

    async def watch(self, awake: Callable[[], bool], head: Callable[[], int], quiet: Callable[[], bool]) -> None:
        """Find stalls, for ever. `awake`: the chain is this process's; `quiet`: the log has the reason already."""
        while True:
            due_s = self._last_at + self.stall_s - self._clock()
            await self._sleep(due_s if due_s > 0 else self.stall_s / 10)
            since_s = self._clock() - self._last_at
            if self.since is None and awake() and since_s >= self.stall_s:
                began = self.since = self._last_at
                if not quiet():
                    log.warning("chain_stalled", chain=self._chain.key, since_s=round(since_s, 1))
                self._tell(partial(self._say_stalled, began, head))

    async def tell(self) -> None:
        """Tell what there is to tell, for ever, each notice until it is told or a later one takes its place."""
        while True:
            await self._news.wait()
            self._news.clear()
            failures = 0
            while (notice := self._notice) is not None:
                if await self._told(notice, first=failures == 0):
                    self._notice = None if self._notice is notice else self._notice
                    failures = 0
                else:
                    failures += 1
                    await self._sleep(backoff_s(failures, FIRST_WAIT_S, LONGEST_WAIT_S))

    async def _say_stalled(self, began: float, head: Callable[[], int]) -> None:
        await self._operator.stalled(self._chain, self._clock() - began, head())

    def _tell(self, notice: Notice) -> None:
        self._notice = notice
        self._news.set()

    async def _told(self, notice: Notice, *, first: bool) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await notice()
        except (NotDelivered, TimeoutError) as error:
            if first:
                log.warning("operator_not_told", chain=self._chain.key, why=str(error) or "no answer in time")
            return False
        except Exception:  # the supervisor's: a notice that fails must not stop the chain
            if first:
                log.exception("operator_not_told", chain=self._chain.key)
            return False
        return True
