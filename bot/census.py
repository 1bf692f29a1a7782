"""What `/power` and `/delegate` share, and the snapshot of every book a day: whose power counts, what it measured."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any

import structlog

from bot.cards.lexicon import Lexicon
from config.settings import Chain, Dao, Settings, TokenDef
from watchers.delegates import DAY_S, Book, DelegateBooks, Snapshot
from watchers.errors import StoreError
from watchers.facts import Ask, Facts
from watchers.governance.electors import tokens_on
from watchers.governance.holding import holders_from
from watchers.holders import HolderBooks, doubt

log = structlog.get_logger(__name__)

KEPT_D = 400
# classes of labels that hold for others, or do not vote
LEFT_OUT = frozenset({"treasury", "vesting", "airdrop", "escrow", "exchange", "pool", "bridge", "staking"})
BURNT = frozenset({f"0x{0:040x}", f"0x{0xDEAD:040x}"})


def left_out(dao: Dao, chain_id: int, lexicon: Lexicon, powers: Iterable[str]) -> set[str]:
    """Name whose power is not a voter's: the DAO's own contracts, what is burnt, and labels of the classes above."""
    own = {dao.governor, dao.token, dao.timelock, dao.treasury} | BURNT
    labels = ((who, lexicon.label(chain_id, who)) for who in powers)
    return {who for who, label in labels if who in own or (label is not None and label.kind in LEFT_OUT)}


def counted_powers(book: Book, dao: Dao, chain_id: int, lexicon: Lexicon) -> tuple[dict[str, int], dict[str, int]]:
    """Part a book into the powers that count and those that are left out."""
    out = left_out(dao, chain_id, lexicon, book.powers)
    kept = {who: raw for who, raw in book.powers.items() if who not in out}
    return kept, {who: book.powers[who] for who in out}


def as_dao(token: TokenDef) -> Dao:
    """Give a token whose holders are kept and that no DAO votes with as what `/power` asks of: without a protocol."""
    return Dao(
        key=token.address[2:], name=token.symbol, chain=token.chain, protocol="", governor=token.address,
        token=token.address, symbol=token.symbol, decimals=token.decimals, holders=True,
    )  # fmt: skip


def held_alone(settings: Settings) -> list[Dao]:
    """Give the tokens of tokens.toml whose holders are kept and that no DAO of daos.toml votes with."""
    voting = {(dao.chain, dao.token) for dao in settings.daos.values()}
    return [as_dao(t) for t in settings.tokens if t.holders and (t.chain, t.address) not in voting]


class Snapshots:
    """Takes a snapshot of each whole book a day. Of holders only what the contract agrees with: `facts` asks it."""

    def __init__(
        self,
        settings: Settings,
        chains: Iterable[Chain],
        books: DelegateBooks,
        holders: HolderBooks,
        facts: Callable[[int, Sequence[Ask[Any]]], Awaitable[Facts | None]],
    ) -> None:
        self._settings, self._chains, self._facts = settings, tuple(chains), facts
        self._books, self._holders = books, holders
        self._lexicon = Lexicon(settings)

    async def take(self) -> int:
        """Take those of today that are missing; count them. What fails is said and tried the next time."""
        taken = 0
        for chain in self._chains:
            delegates, held = tokens_on(self._settings, chain), holders_from(self._settings, chain)
            for books, tokens in ((self._books, delegates), (self._holders, held)):
                for token, start in tokens.items():
                    try:
                        taken += await self._one(books, chain, token, start)
                    except StoreError as error:
                        log.warning("power_not_measured", of=books.sort, chain=chain.key, token=token, why=str(error))
        return taken

    async def _one(self, books: DelegateBooks | HolderBooks, chain: Chain, token: str, start: int) -> bool:
        askable = [*self._settings.daos.values(), *held_alone(self._settings)]
        dao = next(d for d in askable if (d.chain, d.token) == (chain.key, token))
        progress = await books.progress(chain.id, token, start)
        if not progress.whole or progress.over or progress.late:
            return False
        day = await books.day(chain.id)
        if day is None or await books.snapshot(chain.id, token, day) is not None:
            return False
        book = await books.book(chain.id, token, start)
        powers, _ = counted_powers(book, dao, chain.id, self._lexicon)
        if not powers or not book.progress.whole or book.at is None:
            return False
        if isinstance(books, HolderBooks) and await doubt(book, token, partial(self._facts, chain.id)):
            return False
        snapshot = await asyncio.to_thread(
            snapshot_of, book.time_s // DAY_S, book.at.number, book.time_s, list(powers.values())
        )
        await books.keep(chain.id, token, snapshot, days=KEPT_D)
        return True


def snapshot_of(day: int, block: int, time_s: int, balances: list[int]) -> Snapshot:
    """Measure a day's holdings. Raises ValueError where there are none."""
    from watchers.governance.power import Holdings, measure  # noqa: PLC0415 - it brings numpy: only who measures pays

    m = measure(Holdings(balances))
    return Snapshot(
        day, block, time_s, m.n, str(m.total), m.gini, m.hhi, m.nakamoto, m.top1, m.top10, m.shannon_bits,
        m.min_entropy_bits, m.theil,
    )  # fmt: skip
