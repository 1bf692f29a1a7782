"""`python -m bot backfill`, and what `/status` says of books of delegates that are not whole yet.

Killing it costs nothing: the next reading, here or in the background of `run`, goes on where this one stopped.
Errors: ChainError when a chain cannot be read now, StoreError, UserError for a DAO that has no book.
"""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple, TextIO

import aiohttp

from bot.cards import figures
from bot.desk import Line
from config.settings import Chain, Settings
from watchers.backfill import Backfill
from watchers.chain.blocks import header_call, lenient_header
from watchers.chain.ranges import LogRanges
from watchers.chain.rpc import Rpc
from watchers.delegates import DelegateBooks, Progress
from watchers.errors import ChainError, UserError
from watchers.governance.electors import tokens_on
from watchers.valkey import engine

CELLS = 30
PATIENCE_S = 20.0


class Wanted(NamedTuple):
    """The tokens of one chain that are to be read back, each with its first block."""

    chain: Chain
    tokens: dict[str, int]


def wanted(settings: Settings, dao: str | None) -> list[Wanted]:
    """Give what to read: one DAO's token, or those of every followed chain. Raises UserError."""
    if dao is not None:
        one = settings.daos.get(dao)
        if one is None:
            raise UserError(f"--dao: {dao}: is not in daos.toml")
        if not one.token or one.token_start_block is None:
            raise UserError(f"--dao: {dao}: give it token and token_start_block in daos.toml, else it has no book")
        chain = settings.chains[one.chain]
        return [Wanted(chain, {one.token: tokens_on(settings, chain)[one.token]})]
    found = [Wanted(c, tokens_on(settings, c)) for c in settings.chains.values() if c.enabled]
    return [one for one in found if one.tokens]


async def backfill(settings: Settings, dao: str | None, out: TextIO) -> None:
    """Read every wanted book back and show how far each is."""
    plan = wanted(settings, dao)
    if not plan:
        out.write("No followed chain has a DAO with token_start_block in daos.toml: nothing to read.\n")
        return
    async with engine(settings.runtime) as redis, aiohttp.ClientSession() as session:
        books = DelegateBooks(redis)
        for chain, tokens in plan:
            rpc = Rpc(chain, session)
            goal = await books.final(chain.id)
            if goal is None:  # nothing follows this chain yet: the node says what is final
                goal = await final_of(rpc)
            one = _reading(chain, tokens, books, rpc)
            bar = Bar(out, settings, chain, goal)
            for progress in await one.progress():
                bar.show(progress)
            async for progress in one.read(goal):
                bar.show(progress)
            bar.close()


def _reading(chain: Chain, tokens: dict[str, int], books: DelegateBooks, rpc: Rpc) -> Backfill:
    return Backfill(chain, tokens, books, LogRanges(rpc, chain), requests=lambda: rpc.requests)


async def final_of(rpc: Rpc) -> int:
    """Ask a node for its last final block. Raises ChainError."""
    chain = rpc.chain
    async with asyncio.timeout(PATIENCE_S):
        head, final = (await rpc.raw_batch([header_call("latest"), header_call("finalized")])).answers
    tagged = lenient_header(final) if chain.finality != "depth" else None
    if tagged is not None:
        return tagged.height
    newest = lenient_header(head)
    if newest is None:
        raise ChainError(f"{chain.key}: the node does not tell its head")
    return max(0, newest.height - chain.confirmations)


class Bar:
    """A bar for each token: drawn over itself on a terminal, a line for each tenth elsewhere."""

    def __init__(self, out: TextIO, settings: Settings, chain: Chain, goal: int) -> None:
        self._out, self._settings, self._chain, self._goal = out, settings, chain, goal
        self._live = out.isatty()
        self._token = ""
        self._tenth = -1

    def show(self, progress: Progress) -> None:
        """Draw one token's progress."""
        if progress.token != self._token:
            self.close()
            self._token, self._tenth = progress.token, -1
        share = progress.share(self._goal)
        tenth = int(share * 10)
        if not self._live and tenth == self._tenth:
            return
        self._tenth = tenth
        cells = int(share * CELLS)
        name = symbol_of(self._settings, self._chain, progress.token)
        bar = "█" * cells + "░" * (CELLS - cells)
        text = f"{self._chain.name} {name:<8} {bar} {share:7.2%}  block {figures.number(max(progress.done, 0))}"
        self._out.write(f"\r{text}" if self._live else f"{text}\n")
        self._out.flush()

    def close(self) -> None:
        """End the line that is being drawn over."""
        if self._live and self._token:
            self._out.write("\n")
        self._token = ""


def symbol_of(settings: Settings, chain: Chain, token: str) -> str:
    """Name a token as its DAO does."""
    return next((d.symbol for d in settings.daos.values() if (d.chain, d.token) == (chain.key, token)), token[:10])


class Shelves:
    """The books of the followed chains, for `/status`."""

    def __init__(self, settings: Settings, chains: Iterable[Chain], books: DelegateBooks) -> None:
        self._settings, self._chains, self._books = settings, tuple(chains), books

    async def lines(self) -> list[Line]:
        """Give a line for each book that is not whole. Raises StoreError."""
        found = []
        for chain in self._chains:
            for token, start in tokens_on(self._settings, chain).items():
                progress = await self._books.progress(chain.id, token, start)
                if not progress.whole:
                    name = symbol_of(self._settings, chain, token)
                    how = f"{progress.share():.0%} read back, up to block {figures.number(max(progress.done, 0))}"
                    if progress.since is None:
                        how = "waiting for the chain's first block"
                    found.append(Line(f"Delegates of {name}", how, well=True))
        return found
