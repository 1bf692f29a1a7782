"""Where a member's question is answered from: the last block that was committed, as its node tells it.

State is then read where the history ends, so that what is counted and what is read belong to one moment. Answers are
kept for as long as the cursor stands, and a chain is asked one question at a time, so that many askers cost no more
than one.
Errors: ChainError when no node answers, TimeoutError when that took too long.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from config.settings import Settings
from watchers.chain.answers import Cache, learn
from watchers.chain.block import Header
from watchers.chain.proof import Unproven, check_header
from watchers.chain.rpc import Rpc
from watchers.facts import Ask, Call, RpcError
from watchers.history import History
from watchers.wing import Situation

PATIENCE_S = 20.0


class View:
    """One chain at its cursor; `at.facts` holds what was learnt."""

    def __init__(self, settings: Settings, rpc: Rpc, header: Header, cache: Cache) -> None:
        self.at = Situation(settings, rpc.chain, header, cache.stay(header.height, header.hash), {}, {})
        self._rpc, self._cache = rpc, cache

    async def learn(self, asks: Callable[[], Iterable[Ask[Any]]]) -> None:
        """Answer what is asked, and what the answers lead to."""
        await learn(self._rpc, asks, self.at.header.height, self._cache)


class Vantage:
    """The views of all chains."""

    def __init__(self, settings: Settings, history: History) -> None:
        self._settings, self._history = settings, history
        self._caches: dict[int, Cache] = defaultdict(Cache)
        self._turns: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def over(self, rpc: Rpc) -> AsyncGenerator[View | None, None]:
        """Give the view over a chain, for one asker at a time; None before the chain's first block."""
        async with asyncio.timeout(PATIENCE_S), self._turns[rpc.chain.id]:
            header = await cursor_header(self._history, rpc)
            yield View(self._settings, rpc, header, self._caches[rpc.chain.id]) if header is not None else None


async def cursor_header(history: History, rpc: Rpc) -> Header | None:
    """Give the header of a chain's cursor; None before the chain's first block. Where the node does not know the block
    any more, its number and time are as the history has them.
    """
    status = await history.chain_status(rpc.chain.id)
    if status is None:
        return None
    at = status.cursor
    answer: Any = (await rpc.batch([Call("eth_getBlockByNumber", (hex(at.number), False))]))[0]
    if answer is not None and not isinstance(answer, RpcError):
        try:
            told = check_header(msgspec.convert(answer, Header), at.number)
            if told.hash == at.hash:
                return told
        except (msgspec.ValidationError, Unproven):
            pass  # not a header: what the history knows has to do
    return Header(hex(at.number), at.hash, "", hex(status.time_s), "0x")
