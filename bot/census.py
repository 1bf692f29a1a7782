"""What `/power` and `/delegate` share, and the snapshot of every book a day: whose power counts, what it measured."""

import asyncio
from collections.abc import Iterable

import structlog

from bot.cards.lexicon import Lexicon
from config.settings import Chain, Dao, Settings
from watchers.delegates import Book, DelegateBooks, Snapshot
from watchers.errors import StoreError
from watchers.governance.electors import tokens_on

log = structlog.get_logger(__name__)

DAY_S = 86_400
KEPT_D = 400
# classes of labels that hold for others, or do not vote
LEFT_OUT = frozenset({"treasury", "vesting", "airdrop", "exchange", "pool", "bridge", "staking"})
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


class Snapshots:
    """Takes a snapshot of each whole book a day."""

    def __init__(self, settings: Settings, chains: Iterable[Chain], books: DelegateBooks) -> None:
        self._settings, self._chains, self._books = settings, tuple(chains), books
        self._lexicon = Lexicon(settings)

    async def take(self) -> int:
        """Take those of today that are missing; count them. What fails is said and tried the next time."""
        taken = 0
        for chain in self._chains:
            for token, start in tokens_on(self._settings, chain).items():
                try:
                    taken += await self._one(chain, token, start)
                except StoreError as error:
                    log.warning("power_not_measured", chain=chain.key, token=token, why=str(error))
        return taken

    async def _one(self, chain: Chain, token: str, start: int) -> bool:
        book = await self._books.book(chain.id, token, start)
        if not book.progress.whole or book.at is None or not book.time_s:
            return False
        day = book.time_s // DAY_S
        dao = next(d for d in self._settings.daos.values() if (d.chain, d.token) == (chain.key, token))
        powers, _ = counted_powers(book, dao, chain.id, self._lexicon)
        if not powers or await self._books.snapshot(chain.id, token, day) is not None:
            return False
        snapshot = await asyncio.to_thread(_measured, day, book.at.number, book.time_s, list(powers.values()))
        await self._books.keep(chain.id, token, snapshot, days=KEPT_D)
        return True


def _measured(day: int, block: int, time_s: int, balances: list[int]) -> Snapshot:
    from watchers.governance.power import Holdings, measure  # noqa: PLC0415 - it brings numpy: only who measures pays

    found = measure(Holdings(balances))
    return Snapshot(
        day, block, time_s, found.n, str(found.total), found.gini, found.hhi, found.nakamoto, found.top1, found.top10
    )
