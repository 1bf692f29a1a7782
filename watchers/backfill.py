"""Reads back what a token told of its delegates or holders before commits fed its book; goes on where it stopped.

One range of blocks after the other is asked for, of one token at a time, only up to what is final, and never more than
a quarter of the requests that the chain allows: the head comes first.

Errors: ChainError, StoreError; what was entered before stays.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Protocol

import structlog

from config.settings import Chain
from watchers.backoff import backoff_s
from watchers.chain.block import Log
from watchers.chain.wanted import Transfers
from watchers.decode import Decoder
from watchers.delegates import Books, Progress
from watchers.errors import ChainError, StoreError
from watchers.governance.events import DelegateChange, HolderChange, PowerChange
from watchers.governance.holding import moves
from watchers.governance.protocols import erc20_votes, holders
from watchers.holders import HolderBooks
from watchers.record import BookChange, change_of

log = structlog.get_logger(__name__)

SHARE = 4  # of the chain's requests, one in so many is ours
REST_S = 15.0  # between looks at a chain that is not ready, or whose past is not final yet
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0


class Ranges(Protocol):
    """What is needed of `LogRanges`."""

    async def logs(self, topics: list[str], from_block: int, to_block: int, address: str) -> list[Log]:
        """Give the logs of a range."""
        ...


class Backfill:
    """The past of one chain's tokens; `tokens` maps each to its first block. `requests` tells how many HTTP requests
    the chain has cost so far; `born` finds the first block of a token whose first is 0, not known; `unread` counts logs
    that did not fit.
    """

    def __init__(
        self,
        chain: Chain,
        tokens: Mapping[str, int],
        books: Books,
        ranges: Ranges,
        *,
        requests: Callable[[], int],
        born: Callable[[str, int], Awaitable[int]] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.chain, self.tokens, self.books, self.unread = chain, dict(tokens), books, 0
        self._ranges, self._requests, self._born, self._sleep = ranges, requests, born, sleep
        held = {chain.id: {holders.protocol.name: [Transfers(frozenset(tokens))]}}
        holding = isinstance(books, HolderBooks)
        self._decoder = Decoder([holders.protocol], transfers=held) if holding else Decoder([erc20_votes.protocol])
        self._topics = [holders.TRANSFER] if holding else list(self._decoder.topics)

    async def progress(self) -> list[Progress]:
        """Tell where each book stands."""
        return [await self.books.progress(self.chain.id, token, start) for token, start in self.tokens.items()]

    async def read(self, goal: int | None) -> AsyncIterator[Progress]:
        """Read every book up to `goal`, the last final block, or to where commits feed it; give each step done."""
        for token, start in self.tokens.items():
            await self._find(token, start, goal)
            while True:
                stored = await self.books.stored_done(self.chain.id, token)
                was = await self.books.progress(self.chain.id, token, start)
                ends = [end for end in (goal, was.since - 1 if was.since is not None else None) if end is not None]
                if was.over or not ends or was.done >= min(ends):
                    break
                to = min(*ends, was.done + self.chain.max_range)
                before = self._requests()
                logs = await self._ranges.logs(self._topics, was.done + 1, to, token)
                await self.books.fill(self.chain.id, was, stored, self._changes(token, logs), to)
                yield await self.books.progress(self.chain.id, token, start)
                await self._sleep(SHARE * max(1, self._requests() - before) / self.chain.requests_per_s)

    async def _find(self, token: str, start: int, goal: int | None) -> None:
        """Find out, once, where a token begins that nobody names the first block of."""
        was = await self.books.progress(self.chain.id, token, start)
        ends = [end for end in (goal, was.since - 1 if was.since is not None else None) if end is not None]
        if self._born is None or was.start or was.over or not ends or min(ends) < 1:
            return
        if await self.books.stored_done(self.chain.id, token):
            return
        before = self._requests()
        first = await self._born(token, min(ends))
        if first:
            await self.books.begin(self.chain.id, token, first)
        await self._sleep(SHARE * max(1, self._requests() - before) / self.chain.requests_per_s)

    def _changes(self, token: str, logs: list[Log]) -> list[BookChange]:
        decoded = self._decoder.decode(self.chain.id, logs)
        self.unread += len(decoded.errors)
        return [
            change_of(event)
            for event in decoded.events
            if isinstance(event, DelegateChange | PowerChange | HolderChange)
            and event.address == token
            and moves(event)
        ]

    async def follow(self, ready: Callable[[], bool]) -> None:
        """Read in the background until every book is whole, only while `ready`: the chain is followed by this very
        process and stands at its head.
        """
        failures = 0
        while self.tokens:
            try:
                if ready():
                    async for _ in self.read(await self.books.final(self.chain.id) or -1):
                        failures = 0
                        while not ready():
                            await self._sleep(REST_S)
                    if all(one.whole or one.over for one in await self.progress()):
                        return
                wait_s = REST_S
            except (ChainError, StoreError) as error:
                failures += 1
                wait_s = backoff_s(failures, FIRST_WAIT_S, LONGEST_WAIT_S)
                if failures == 1:
                    log.warning("books_unread", of=self.books.sort, chain=self.chain.key, why=str(error))
            await self._sleep(wait_s)
