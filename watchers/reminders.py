"""Reminders of one chain's votes: read off history what is open, ask the chain about what is due, and say it once.

It keeps nothing that matters: what is due follows from history and the chain's time, what was said stands in the store.
One tick costs the chain nothing while nothing is due; then the header of our cursor, and a batched request a round for
all that is due together.

Errors: none; see turns.py.
Units: `_s` seconds since 1970.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain as chained
from typing import Any, NamedTuple

import structlog

from config.settings import Dao, ReminderWatch, Settings
from watchers.chain.block import Cursor, Header
from watchers.chain.rpc import Rpc
from watchers.delegates import DelegateBooks
from watchers.errors import DecodeError
from watchers.facts import Ask
from watchers.governance.clock import end_s
from watchers.governance.desk import Desk
from watchers.governance.electors import tokens_on
from watchers.governance.events import ProposalChange, holding
from watchers.governance.family import Family
from watchers.governance.following import ENDS
from watchers.governance.remind import HOUR_S, PastVotes, absent, due, reminder, reminder_id, watches_over
from watchers.history import ChainStatus, History
from watchers.lives import OVER_S, Life, Lives
from watchers.store import ChainStore, CommittedBlock
from watchers.turns import Turns
from watchers.vantage import Vantage, View
from watchers.wing import Ballot, Situation

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 3_600  # how long a deadline that only the chain tells is believed
SPARE = 2  # times as many delegates as are named are asked for: some had nothing at the snapshot


class Open(NamedTuple):
    """A proposal that no step has ended, the ends that were moved, and the hours at which it is called to mind."""

    life: Life
    extended: tuple[ProposalChange, ...]
    hours: tuple[int, ...]

    @property
    def dao(self) -> Dao:
        """Whose it is."""
        return self.life.dao

    @property
    def created(self) -> ProposalChange:
        """Its creation."""
        return self.life.created

    @property
    def key(self) -> tuple[str, int]:
        """Governor and proposal."""
        return self.dao.governor, self.created.proposal_id

    @property
    def told_end(self) -> int:
        """The end on the governor's clock as its events tell it; 0: they do not."""
        return self.extended[-1].end_clock if self.extended else self.created.end_clock


class _End(NamedTuple):
    """What the chain told of a vote's end, on the governor's clock and as a time, and when it was asked."""

    clock: int
    ends_s: int | None
    asked_s: float


class Reminders:
    """One chain's."""

    def __init__(
        self,
        settings: Settings,
        store: ChainStore,
        history: History,
        books: DelegateBooks,
        rpc: Rpc,
        families: Mapping[str, Family],
        *,
        clock: Callable[[], float],
    ) -> None:
        self._settings, self._store, self._history, self._books = settings, store, history, books
        self._rpc, self._families, self._clock, self._chain = rpc, families, clock, rpc.chain
        self._vantage = Vantage(settings, history)
        daos = {
            dao.governor: dao
            for dao in settings.daos.values()
            if dao.chain == self._chain.key and dao.protocol in families and watches_over(dao, settings.watches)
        }
        self._lives, self._turns = Lives(store, history, daos), Turns("reminders_wait", self._chain, history)
        self._ends: dict[tuple[str, int], _End] = {}

    async def tick(self, epoch: int) -> int:
        """Say what is due under a lease; give how many reminders were said."""
        return await self._turns.take(partial(self._tick, epoch))

    async def _tick(self, epoch: int, status: ChainStatus) -> int:
        after_s = await self._begun_s(status)
        waiting: list[Open] = []
        async for life in self._lives.going_on(status.time_s):
            one = self._open(life)
            if one is not None and await self._may_be_due(one, status, after_s):
                waiting.append(one)
        if not waiting:
            return 0
        async with self._vantage.over(self._rpc) as view:
            return await self._remind(epoch, view, waiting, after_s) if view is not None else 0

    async def _begun_s(self, status: ChainStatus) -> int:
        """Estimate when we began to alert: what was due before is history."""
        first = max(await self._store.history_to(), await self._store.first() or 0)
        return status.time_s - round(max(0, status.cursor.number - first) * self._chain.block_time_s)

    def _open(self, life: Life) -> Open | None:
        if ENDS & holding([step.change for step in life.steps]):
            return None
        moved = tuple(step for step in life.steps if step.change == "extended" and step.end_clock)
        hours = {hour for watch in watches_over(life.dao, self._settings.watches) for hour in watch.hours}
        return Open(life, moved, tuple(sorted(hours)))

    async def _may_be_due(self, one: Open, status: ChainStatus, after_s: int) -> bool:
        """Tell, without asking the chain, whether a reminder may be due that is not said yet."""
        at, read = status.cursor, self._ends.get(one.key)
        if read is not None and self._clock() - read.asked_s > LOOK_AGAIN_S:
            read = None
        end = max(read.clock if read else 0, one.told_end)
        ends = end_s(one.dao, self._chain, Header(hex(at.number), at.hash, "", hex(status.time_s), "0x"), end)
        if ends is None:  # the end, or Ethereum's block, is the chain's to tell
            if read is None:
                return True
            if read.ends_s is None:
                return False
            ends = read.ends_s
        if status.time_s > ends + OVER_S:
            self._lives.leave(one.life)
            return False
        hours = due(one.hours, ends, now_s=status.time_s, after_s=max(after_s, one.life.created_s))
        if hours is None:
            return False
        name = reminder_id(one.created, hours, len(one.extended))
        return not await self._store.standing([name.encode()])

    # --- what is due, asked of the chain -----------------------------------------------------------------------------

    async def _remind(self, epoch: int, view: View, waiting: Sequence[Open], after_s: int) -> int:
        at, until = view.at, (view.at.header.height + 1, 0)
        ballots: dict[tuple[str, int], Sequence[Ballot]] = {
            one.key: found
            for one in waiting
            if (found := await self._history.ballots(self._chain.id, *one.key, before=until)) is not None
        }
        at = at._replace(ballots=ballots)
        powers = {one.key: await self._powers(one.dao) for one in waiting}

        def desks() -> Iterator[tuple[Open, Desk]]:
            for one in waiting:
                yield one, Desk(one.dao, self._families[one.dao.protocol], one.key[1], one.extended, at)

        def asks() -> Iterator[Ask[Any]]:
            for one, desk in desks():
                yield from chained(desk.asks(), _past(one, desk, self._away(one, powers[one.key], at)))

        await view.learn(asks)
        said = 0
        for one, desk in desks():
            try:
                said += await self._say(epoch, one, desk, self._away(one, powers[one.key], at), after_s)
            except (DecodeError, ArithmeticError, ValueError) as error:  # numbers of a hostile contract
                log.warning("reminder_failed", chain=self._chain.key, dao=one.dao.key, error=str(error))
        return said

    async def _powers(self, dao: Dao) -> dict[str, int] | None:
        """Read the book of delegates; None while it is not whole, and where there is none."""
        start = tokens_on(self._settings, self._chain).get(dao.token)
        if start is None:
            return None
        book = await self._books.book(self._chain.id, dao.token, start)
        return book.powers if book.progress.whole else None

    def _away(self, one: Open, powers: dict[str, int] | None, at: Situation) -> dict[str, int] | None:
        """Give the largest who have not voted, some to spare; None where that is not known."""
        most = _most(watches_over(one.dao, self._settings.watches))
        cast = at.ballots.get(one.key)
        if powers is None or cast is None or not most:
            return None
        return {a.delegate: a.raw for a in absent(powers, {ballot.voter for ballot in cast}, most * SPARE)}

    async def _say(self, epoch: int, one: Open, desk: Desk, away: dict[str, int] | None, after_s: int) -> int:
        header, end = desk.at.header, desk.end_clock or one.told_end
        ends = end_s(one.dao, self._chain, header, end)
        self._ends[one.key] = _End(end, ends, self._clock())
        if ends is None:
            return 0
        begins = end_s(one.dao, self._chain, header, desk.times.snapshot) if desk.times else None
        after_s = max(after_s, one.life.created_s, begins or 0)
        hours = due(one.hours, ends, now_s=header.time_s, after_s=after_s)
        if hours is None:
            return 0
        watches = watches_over(one.dao, self._settings.watches)
        past = [desk.at.facts.get(ask) for ask in _past(one, desk, away)]
        at_snapshot = away is not None and len(past) == len(away) and None not in past
        if away is not None and at_snapshot:
            away = {who: raw or 0 for who, raw in zip(away, past, strict=True)}
        named = None if away is None else absent(away, (), _most([w for w in watches if hours in w.hours]))
        name = reminder_id(one.created, hours, len(one.extended))
        alert = reminder(desk, one.created, hours, name, watches, named, at_snapshot=at_snapshot)
        block = CommittedBlock(
            Cursor(header.height, header.hash),
            header.time_s,
            alerts=(alert,),
            late_s=max(0, header.time_s - (ends - hours * HOUR_S)),
            seen_at_ms=int(self._clock() * 1000),
        )
        return int(await self._store.remind(epoch, one.life.place, block) == "ok")


def _past(one: Open, desk: Desk, away: Mapping[str, int] | None) -> Iterator[PastVotes]:
    """Ask what those who have not voted may vote with, once the snapshot is known."""
    if away and desk.times is not None and desk.times.snapshot < 1 << 256:
        yield from (PastVotes(one.dao.token, who, desk.times.snapshot) for who in away)


def _most(watches: Sequence[ReminderWatch]) -> int:
    return max((watch.delegates for watch in watches), default=0)
