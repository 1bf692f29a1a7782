"""The what-ifs of `/proposal`: its votes under other rules of weight, and what splitting would gain."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from bot.cards import figures
from bot.desk import Desk
from bot.rows import counted
from config.settings import Dao
from watchers.governance import whatif
from watchers.governance.asks import Counts
from watchers.governance.events import Vote
from watchers.governance.rules import Rule
from watchers.governance.tally import Book
from watchers.history import StoredEvent
from watchers.inquiry import Standing
from watchers.wing import Ballot

MANY = 2_000  # voters; more are weighed off the loop
_NAMES = {
    "quadratic": "Quadratic",
    "one_address": "One address, one vote",
    "capped": "Capped at 2 % of the votes cast",
    "without_insiders": "Without insiders",
}


class Electorate(NamedTuple):
    """Who voted on one proposal: what each put on it, who of no weight took which side, and the insiders."""

    voters: Mapping[str, Counts]
    idle: Mapping[str, Counts]
    insiders: Mapping[str, Counts]


async def what_ifs(
    dao: Dao, ballots: Sequence[Ballot] | None, votes: Sequence[StoredEvent], standing: Standing | None, desk: Desk
) -> list[str]:
    """Weigh the votes on record otherwise and say what comes out; say why, where that cannot be."""
    if ballots is None:
        return ["**What if** unknown: not all votes are on record"]
    book = Book(ballots)
    if book.voters is None:
        return ["**What if** unknown: a vote on record cannot be placed"]
    if not book.counts.cast_raw:
        weighty = any(isinstance(s.event, Vote) and s.event.weight_raw for s in votes)
        return ["**What if** no answer: these votes have no sides that could be weighed otherwise"] if weighty else []
    electorate = electorate_of(book, votes, dao, desk)
    rule = standing.rule if standing is not None else None

    def work() -> tuple[whatif.Outcome, ...]:
        seen = electorate
        return whatif.outcomes(seen.voters.values(), seen.idle.values(), seen.insiders.values(), rule)

    told = await asyncio.to_thread(work) if len(ballots) > MANY else work()
    return lines(told, electorate, rule)


def electorate_of(book: Book, votes: Sequence[StoredEvent], dao: Dao, desk: Desk) -> Electorate:
    """Sort the voters of a book whose votes are all known."""
    voters = dict(book.by_voter)
    cast = [(s.event.voter, s.event.support) for s in votes if isinstance(s.event, Vote) and not s.event.weight_raw]
    chain_id = desk.settings.chains[dao.chain].id
    insiders = {}
    for one in desk.settings.labels:
        label = desk.lexicon.label(chain_id, one.address) if one.address in voters else None
        if label is not None and label.kind in whatif.INSIDERS and voters[one.address].cast_raw:
            insiders[one.address] = voters[one.address]
    return Electorate(voters, whatif.idle(voters, cast), insiders)


def lines(told: Sequence[whatif.Outcome], seen: Electorate, rule: Rule | None) -> list[str]:
    """Write each rule's outcome and sides, then how little stands in the way of who splits."""
    found = ["**What if** the same votes weighed otherwise (of For + Against)"]
    for one in told:
        name = _NAMES[one.name]
        if one.name == "without_insiders":
            if not seen.insiders:
                found.append(f"• {name}: nobody who voted is labelled as one")
                continue
            name += f" ({counted(len(seen.insiders), 'voter')}, {figures.percent(_part(seen))} of the votes cast)"
        found.append(f"• {name}: {_outcome(one, rule)} · {_sides(one.for_share)}")
    silent = sum(not parts.cast_raw for parts in seen.voters.values()) - len(seen.idle)
    left = f" {counted(silent, 'voter')} of no weight left out: their side is not on record." if silent > 0 else ""
    return [*found, _caveat(told) + left]


def _part(seen: Electorate) -> Decimal:
    cast = sum(parts.cast_raw for parts in seen.voters.values())
    return Decimal(sum(parts.cast_raw for parts in seen.insiders.values())) / cast


def _outcome(one: whatif.Outcome, rule: Rule | None) -> str:
    if rule is None:
        return "outcome unknown, the chain cannot be asked right now"
    if one.passes is None:
        return "outcome unknown"
    said = "passes" if one.passes else "fails"
    return f"**{said}, which differs**" if one.differs else said if one.differs is None else f"{said} as well"


def _sides(for_share: float | None) -> str:
    if for_share is None:
        return "neither for nor against"
    share = Decimal(for_share)
    return f"{figures.percent(share)} for, {figures.percent(1 - share)} against"


def _caveat(told: Sequence[whatif.Outcome]) -> str:
    """Say that splitting is free, and how many addresses give the largest voter its influence back."""
    many = {one.name: one.break_even for one in told if one.break_even is not None}
    said = ", ".join(f"{number:,} ({_NAMES[name].split(' at ')[0].lower()})" for name, number in many.items())
    return (
        "Addresses cost nothing (Sybil): split over several, one voter counts more under the first three. The largest "
        f"voter has its influence by weight back with this many addresses: {said}."
    )
