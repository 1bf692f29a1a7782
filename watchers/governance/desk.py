"""`Desk`: one proposal while a block is judged, with its DAO, book, rule and times; and what it must ask."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from config.settings import Dao, VoteWatch
from watchers.event import Event
from watchers.facts import Ask
from watchers.governance.asks import Counts, Supply, Times
from watchers.governance.clock import now_clock
from watchers.governance.events import ProposalChange, Vote
from watchers.governance.family import Family, Known, Look
from watchers.governance.gained import question, questions
from watchers.governance.rules import counted_sides
from watchers.governance.tally import Book
from watchers.wing import Situation

Key = tuple[str, int]  # governor, proposal


def dao_of(event: Event, at: Situation) -> Dao | None:
    """Find the DAO of daos.toml whose governor, on this very chain, emitted the event."""
    if event.chain_id != at.chain.id:
        return None
    same = (d for d in at.settings.daos.values() if d.governor == event.address and d.chain == at.chain.key)
    return next(same, None)


def watches_of(dao: Dao, at: Situation) -> tuple[VoteWatch, ...]:
    """Give the operator's watches that cover a DAO."""
    return tuple(
        w
        for w in at.settings.watches
        if isinstance(w, VoteWatch) and w.chain in ("*", dao.chain) and w.dao in ("*", dao.key)
    )


class Desk:
    """One proposal in one block."""

    def __init__(self, dao: Dao, family: Family, proposal_id: int, events: Sequence[Event], at: Situation) -> None:
        self.dao, self.family, self.proposal_id, self.at = dao, family, proposal_id, at
        self.key: Key = (dao.governor, proposal_id)
        self.watches = watches_of(dao, at)
        self.about = events
        changes = [e for e in events if isinstance(e, ProposalChange)]
        created = next((e for e in changes if e.change == "created"), None)
        extended = [e for e in changes if e.change == "extended"]
        self.created = created  # in this very block
        self.final_raw = next((e.final_raw for e in reversed(changes) if e.final_raw is not None), None)
        self._look = Look(at.facts)
        self.times = self._born(created) if created else at.facts.get(family.times(*self.key))
        self.end_clock = extended[-1].end_clock if extended else self.times.deadline if self.times else None
        self.description = created.description if created else ""
        self._terms = family.terms(self._look, dao, proposal_id, self.times) if family.terms is not None else None
        self.rule = family.rule(Known(self._quorum(), self._counted(), self.supply_raw, self._terms))

    @property
    def is_new(self) -> bool:
        """Tell whether it was created in this block."""
        return self.created is not None

    def _born(self, created: ProposalChange) -> Times | None:
        """Give the times of a proposal created in this block: told by its creation, or else they run from now on."""
        if created.end_clock:
            return Times(created.start_clock, created.end_clock)
        period = self._period()
        length, now = self.at.facts.get(period) if period else None, now_clock(self.dao, self.at.header)
        return Times(now, now + length) if length and now is not None else None

    def _period(self) -> Ask[int] | None:
        return self.family.period(self.dao.governor) if self.family.period is not None else None

    def _quorum(self) -> int | None:
        ask = self.family.quorum(*self.key, self.times)
        return self.at.facts.get(ask) if ask is not None else None

    def _counted(self) -> frozenset[str] | None:
        if self.family.mode is None:
            return counted_sides(self.family.counted)
        said = self.at.facts.get(self.family.mode(self.dao.governor))
        return counted_sides(said if said is not None else self.dao.quorum)

    @cached_property
    def book(self) -> Book:
        """Give the votes before the block, then as the judge enters them: from history, or else from the contract."""
        if self.final_raw is not None:
            return Book(start=Counts(*self.final_raw))
        ballots = self.at.ballots.get(self.key)
        if ballots is not None:
            return Book(ballots)
        if self.is_new:
            return Book()
        start: Counts | None = self.at.facts.get(self.family.votes(*self.key))
        return Book(start=start, whole=start is not None)

    @property
    def supply_raw(self) -> int | None:
        """Give the voting supply at the snapshot."""
        if self.family.supply is not None:
            return self.family.supply(self._terms) if self._terms is not None else None
        supply = self._supply()
        return self.at.facts.get(supply) if supply is not None else None

    def _supply(self) -> Supply | None:
        if not self.dao.token or self.times is None or self.family.supply is not None:
            return None
        return Supply(self.dao.token, self.times.snapshot)

    def gained_raw(self, vote: Vote) -> int | None:
        """Give what the voter gained shortly before the snapshot, see `gained`; None: unknown."""
        ask = question(vote, self.dao, self.at.chain, self.times, self.watches)
        return self.at.facts.get(ask) if ask is not None else None

    def asks(self) -> Iterator[Ask[Any]]:
        """Name every question about this proposal; a created one has hardly any, its quorum lies in the future."""
        if self.is_new:
            if self.times is None and (period := self._period()) is not None:
                yield period
            if self.family.born:
                yield from self._look.asked
            return
        yield self.family.times(*self.key)
        if self.family.mode is not None:
            yield self.family.mode(self.dao.governor)
        if self.key not in self.at.ballots:
            yield self.family.votes(*self.key)
        if (quorum := self.family.quorum(*self.key, self.times)) is not None:
            yield quorum
        yield from self._look.asked
        if (supply := self._supply()) is not None:
            yield supply
        votes = (event for event in self.about if isinstance(event, Vote))
        yield from questions(votes, self.dao, self.at.chain, self.times, self.watches)


def desks(events: Iterable[Event], at: Situation, families: Mapping[str, Family]) -> dict[Key, Desk]:
    """Lay out a desk for every proposal of a listed DAO that the block touches in a way that may be worth saying: a
    change, or a vote of more than no weight, under at least one watch.
    """
    touched: dict[Key, list[Event]] = {}
    for event in events:
        if isinstance(event, Vote | ProposalChange):
            touched.setdefault((event.address, event.proposal_id), []).append(event)
    found = {}
    for key, about in touched.items():
        dao = dao_of(about[0], at)
        family = families.get(dao.protocol) if dao else None
        if dao is None or family is None or not watches_of(dao, at):
            continue
        if any(isinstance(e, ProposalChange) or e.weight_raw for e in about if isinstance(e, Vote | ProposalChange)):
            found[key] = Desk(dao, family, key[1], about, at)
    return found
