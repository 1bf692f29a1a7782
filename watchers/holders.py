"""The books of holders: who has how much of a token, by its Transfers. A sum, so order does not matter, and each change
is entered once: a past by whole blocks (lua/fill.lua), the rest when its block is final.

A token may hold otherwise than its Transfers say (shares that grow, fees, a hostile one): `differs` compares a book
with what the contract says at the same block; `doubt` asks it. Units: `_raw` base units. Errors: StoreError.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from watchers.delegates import Book, Books, ordered
from watchers.facts import Answer, Ask, Call, Facts, eth_call, words

NOBODY = "0x" + "0" * 40
SAMPLE = 10  # of the largest holders are asked for
_SIGN = 1 << 263
_SIZE = 1 << 264


class HolderBooks(Books):
    """Who has how much. Above `most` holders a book is let go of: about so many fit into what a small machine has."""

    sort, most, sums = "holders", 2_000_000, True

    async def book(self, chain_id: int, token: str, start: int) -> Book:
        """Read all balances of a token, at one moment; the zero address, which mints, is left out."""
        return await self._book(chain_id, token, start, "b", _balances)


def _balances(settled: dict[bytes, bytes], fresh: Sequence[bytes]) -> dict[str, int]:
    found = {f"0x{who.decode()}": _signed(int(text, 16)) for who, text in settled.items()}
    for change in ordered(fresh):
        amount, payer, payee = int(change.what, 16), f"0x{change.who[:40]}", f"0x{change.who[40:]}"
        found[payer] = found.get(payer, 0) - amount
        found[payee] = found.get(payee, 0) + amount
    found.pop(NOBODY, None)
    return {who: raw for who, raw in found.items() if raw}


def _signed(number: int) -> int:
    return number - _SIZE if number >= _SIGN else number


class Said(Ask[int], frozen=True):
    """A number that the token tells as of `at`."""

    token: str
    getter: str
    given: tuple[Any, ...]
    at: int

    def calls(self, block: int) -> tuple[Call, ...]:  # noqa: ARG002 - the block is the book's
        """Ask at the book's block."""
        return (eth_call(self.token, self.getter, self.given, block=self.at),)

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Read the number."""
        found = words(answers[0], "uint256")
        return int(found[0]) if found else None


def questions(book: Book, token: str) -> list[Said]:
    """Ask what a book must agree with: the supply and the largest balances."""
    if book.at is None:
        return []
    largest = sorted(book.powers, key=lambda who: -book.powers[who])[:SAMPLE]
    balances = [Said(token, "balanceOf(address)", (who,), book.at.number) for who in largest]
    return [Said(token, "totalSupply()", (), book.at.number), *balances]


def _burnt(token: str, at: int) -> Said:
    """Ask what lies at the zero address, which some tokens count in their supply."""
    return Said(token, "balanceOf(address)", (NOBODY,), at)


async def doubt(book: Book, token: str, ask: Callable[[Sequence[Said]], Awaitable[Facts | None]]) -> str:
    """Ask the contract, and say why a whole book is not to be believed; empty where it says the same."""
    asked = questions(book, token)
    facts = await ask(asked) if asked else None
    if facts is not None and book.at is not None and facts.get(asked[0]) not in (None, book.total_raw):
        more = await ask([_burnt(token, book.at.number)])
        facts = Facts({**facts.known, **(more.known if more is not None else {})})
    return differs(book, token, facts)


def differs(book: Book, token: str, facts: Facts | None) -> str:
    """Say why a whole book is not to be believed by what the contract says; empty where that is the same."""
    below = sum(1 for raw in book.powers.values() if raw < 0)
    if below:
        return f"the book is broken: {below:,} of its holders moved more than they had by the token's Transfers"
    asked = questions(book, token)
    if facts is None or not asked or book.at is None:
        return "the contract could not be asked whether it says the same"
    supply = facts.get(asked[0])
    burnt = facts.get(_burnt(token, book.at.number)) or 0  # many a token refuses to tell the zero address's
    told = [(facts.get(ask), book.powers[ask.given[0]]) for ask in asked[1:]]
    if supply is None or any(raw is None for raw, _ in told):
        return "the contract does not tell its supply and its largest balances at the book's block"
    if book.total_raw not in (supply, supply - burnt):
        return "its balances do not follow its Transfers: their sum is not the supply that the contract tells"
    if any(raw != ours for raw, ours in told):
        return "its balances do not follow its Transfers: the contract tells another balance of a large holder"
    return ""
