"""`python -m bot backfill`, and what `/status` says of books of delegates that are not whole yet.

Killing it costs nothing: the next reading, here or in the background of `run`, goes on where this one stopped.
Errors: ChainError when a chain cannot be read now, StoreError, UserError for a DAO that has no book.
"""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from typing import NamedTuple, TextIO

import aiohttp

from bot.cards import figures
from bot.desk import Line
from config.settings import Chain, Settings
from watchers import birth
from watchers.backfill import Backfill
from watchers.chain.blocks import header_call, lenient_header
from watchers.chain.ranges import LogRanges
from watchers.chain.rpc import Rpc
from watchers.delegates import Books, DelegateBooks, Progress
from watchers.errors import ChainError, UserError
from watchers.governance.electors import UNDELEGATED, tokens_on
from watchers.governance.holding import holders_from
from watchers.holders import HolderBooks
from watchers.valkey import engine

CELLS = 30
PATIENCE_S = 20.0


class Wanted(NamedTuple):
    """The tokens of one chain that are to be read back, each with its first block; `sort`: into which books."""

    chain: Chain
    tokens: dict[str, int]
    sort: type[Books] = DelegateBooks


def wanted(settings: Settings, dao: str | None) -> list[Wanted]:
    """Give what to read: one DAO's token, or those of every followed chain. Raises UserError."""
    if dao is not None:
        one = settings.daos.get(dao)
        if one is None:
            raise UserError(f"--dao: {dao}: is not in daos.toml")
        chain = settings.chains[one.chain]
        held = holders_from(settings, chain)
        of_holders = [Wanted(chain, {one.token: held[one.token]}, HolderBooks)] if one.token in held else []
        start = tokens_on(settings, chain).get(one.token)
        if not of_holders and start is None and one.protocol in UNDELEGATED:
            why = "no book of one token tells who may vote there; holders = true in daos.toml keeps who holds the token"
            raise UserError(f"--dao: {dao}: {why}")
        if not of_holders and start is None:
            raise UserError(f"--dao: {dao}: give it token and token_start_block in daos.toml, else it has no book")
        return [*([Wanted(chain, {one.token: start})] if start is not None else []), *of_holders]
    followed = settings.on_nodes
    found = [Wanted(c, tokens_on(settings, c)) for c in followed]
    found += [Wanted(c, holders_from(settings, c), HolderBooks) for c in followed]
    return [one for one in found if one.tokens]


async def backfill(settings: Settings, dao: str | None, out: TextIO) -> None:
    """Read every wanted book back and show how far each is."""
    plan = wanted(settings, dao)
    if not plan:
        out.write("No followed chain has a DAO with token_start_block in daos.toml: nothing to read.\n")
        return
    async with engine(settings.runtime) as redis, aiohttp.ClientSession() as session:
        for chain, tokens, sort in plan:
            books = sort(redis)
            rpc = Rpc(chain, session)
            goal = await books.final(chain.id)
            if goal is None:  # nothing follows this chain yet: the node says what is final
                goal = await final_of(rpc)
            one = reading(chain, tokens, books, rpc)
            bar = Bar(out, settings, chain, goal, books.sort)
            for progress in await one.progress():
                bar.show(progress)
            async for progress in one.read(goal):
                bar.show(progress)
            bar.close()


def reading(chain: Chain, tokens: Mapping[str, int], books: Books, rpc: Rpc) -> Backfill:
    """Put together what reads these books of a chain back."""
    born = partial(birth.born, rpc)
    return Backfill(chain, tokens, books, LogRanges(rpc, chain), requests=lambda: rpc.requests, born=born)


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

    def __init__(self, out: TextIO, settings: Settings, chain: Chain, goal: int, sort: str = "delegates") -> None:
        self._out, self._settings, self._chain, self._goal = out, settings, chain, goal
        self._sort = sort
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
        sort = "" if self._sort == "delegates" else f" {self._sort}"
        where = _how(progress) if progress.over else f"block {figures.number(max(progress.done, 0))}"
        text = f"{self._chain.name} {name:<8}{sort} {bar} {share:7.2%}  {where}"
        self._out.write(f"\r{text}" if self._live else f"{text}\n")
        self._out.flush()

    def close(self) -> None:
        """End the line that is being drawn over."""
        if self._live and self._token:
            self._out.write("\n")
        self._token = ""


def symbol_of(settings: Settings, chain: Chain, token: str) -> str:
    """Name a token as its DAO does, or tokens.toml."""
    named = [*((d.chain, d.token, d.symbol) for d in settings.daos.values())]
    named += [(t.chain, t.address, t.symbol) for t in settings.tokens]
    return next((symbol for key, address, symbol in named if (key, address) == (chain.key, token)), token[:10])


def _how(progress: Progress) -> str:
    if progress.over:
        return f"ended: {figures.number(progress.over)} holders are more than a book may have"
    if progress.late:
        return f"something of final block {figures.number(progress.late)} came late: the book must be read anew"
    if progress.since is None:
        return "waiting for the chain's first block"
    return f"{progress.share():.0%} read back, up to block {figures.number(max(progress.done, 0))}"


class Shelves:
    """The books of the followed chains, for `/status`."""

    def __init__(self, settings: Settings, chains: Iterable[Chain], *books: Books) -> None:
        self._settings, self._chains, self._books = settings, tuple(chains), books

    async def lines(self) -> list[Line]:
        """Give a line for each book that is not whole. Raises StoreError."""
        found = []
        for chain in self._chains:
            for books in self._books:
                starts = (holders_from if isinstance(books, HolderBooks) else tokens_on)(self._settings, chain)
                for token, start in starts.items():
                    progress = await books.progress(chain.id, token, start)
                    if not progress.whole or progress.over or progress.late:
                        name = symbol_of(self._settings, chain, token)
                        found.append(Line(f"{books.sort.capitalize()} of {name}", _how(progress), not progress.over))
        return found
