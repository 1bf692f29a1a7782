"""How many votes of a token are delegated in all, as a judge may know it: from the book, where that is whole.

A book is summed up when a block votes, at most once in ten minutes for a token: the sum of all delegates moves by far
less than what makes a vote worth saying. It is what is delegated now, not at the proposal's snapshot, which no getter
tells. The sum includes blocks that a reorg may take back; so does the next one, without them.

Units: base units of the token. Errors: StoreError when the store fails.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from config.settings import Chain, Settings
from watchers.delegates import Book, Progress
from watchers.governance.electors import tokens_on

EVERY_S = 600.0


class Books(Protocol):
    """What is read of `watchers.delegates.DelegateBooks`."""

    async def progress(self, chain_id: int, token: str, start: int) -> Progress:
        """Tell how much of a book is there."""
        ...

    async def book(self, chain_id: int, token: str, start: int) -> Book:
        """Read it."""
        ...


class DelegatedTotals:
    """One chain's."""

    def __init__(self, settings: Settings, chain: Chain, books: Books, *, clock: Callable[[], float]) -> None:
        self._tokens = tokens_on(settings, chain)
        self._chain_id, self._books, self._clock = chain.id, books, clock
        self._summed: dict[str, tuple[float, int]] = {}

    async def of(self, tokens: Iterable[str]) -> dict[str, int]:
        """Give the sums of those tokens whose books are whole."""
        found = {}
        for token in dict.fromkeys(tokens):
            total = await self._of(token)
            if total:
                found[token] = total
        return found

    async def _of(self, token: str) -> int | None:
        start = self._tokens.get(token)
        if start is None:
            return None
        now = self._clock()
        at, total = self._summed.get(token, (now - EVERY_S, 0))
        if 0 <= now - at < EVERY_S:
            return total
        if not (await self._books.progress(self._chain_id, token, start)).whole:
            return None
        total = (await self._books.book(self._chain_id, token, start)).total_raw
        self._summed[token] = (now, total)
        return total
