"""What the votes on one proposal weigh: measures over its ballots and its rule. Pure.

    turns                when the quorum was reached and each time the provisional outcome turned
    pivotal_by_removal   voters without all of whose weight the outcome would be another
    pivotal_by_switch    voters who would have turned it by voting the other way (For for Against and back)
    winning_number       how many of the largest For votes alone would pass it, the other sides unchanged
    blocking_number      how many of the largest For votes must go for it to fail
    margin_share         a weight against the lead; above 1 it decides the majority

A voter's votes are summed first: fractional voters come several times. An abstainer has no other side to switch to.
Units: weights are integers of one unit; shares 0..1.
Source: the usual definitions.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from watchers.governance.asks import Counts
from watchers.governance.rules import Rule
from watchers.wing import Ballot


class Turn(NamedTuple):
    """A ballot, by its place from 0, that turned the provisional outcome."""

    place: int
    passes: bool


class Turns(NamedTuple):
    """What happened on the way; `crossing` is the place of the ballot that first reached the quorum."""

    crossing: int | None
    flips: tuple[Turn, ...]


def turns(ballots: Iterable[Ballot], rule: Rule) -> Turns:
    """Replay ballots in their order. Before any vote a proposal fails; an outcome that is not known turns nothing."""
    in_favour = against = abstain = 0
    crossing, flips, outcome = None, [], False
    reached = rule.reached(Counts())
    for place, (_, one, two, three, *_) in enumerate(ballots):
        in_favour, against, abstain = in_favour + one, against + two, abstain + three
        counts = Counts(in_favour, against, abstain)
        if crossing is None:
            now = rule.reached(counts)
            if reached is False and now:
                crossing = place
            reached = now
        passes = rule.passes(counts)
        if passes is not None and passes != outcome:
            outcome = passes
            flips.append(Turn(place, passes))
    return Turns(crossing, tuple(flips))


def by_voter(ballots: Iterable[Ballot]) -> dict[str, Counts]:
    """Sum each voter's ballots."""
    found: dict[str, Counts] = {}
    for voter, *parts, _, _ in ballots:
        mine, known = Counts(*parts), found.get(voter)
        found[voter] = mine if known is None else known.plus(mine)
    return found


def switched(counts: Counts, parts: Counts) -> Counts:
    """Give the tally if this voter had voted the other way."""
    moved = parts.for_raw - parts.against_raw
    return Counts(counts.for_raw - moved, counts.against_raw + moved, counts.abstain_raw)


def pivotal_by_removal(counts: Counts, voters: Iterable[Counts], rule: Rule) -> int | None:
    """Count the voters without whom the outcome would differ; None while it is not known."""
    outcome = rule.passes(counts)
    if outcome is None:
        return None
    alike = Counter(voters)
    return sum(many for parts, many in alike.items() if rule.passes(counts.minus(parts)) is (not outcome))


def pivotal_by_switch(counts: Counts, voters: Iterable[Counts], rule: Rule) -> int | None:
    """Count the voters who would have turned the outcome by voting the other way; None while it is not known."""
    outcome = rule.passes(counts)
    if outcome is None:
        return None
    alike = Counter(voters)
    return sum(many for parts, many in alike.items() if rule.passes(switched(counts, parts)) is (not outcome))


def winning_number(counts: Counts, voters: Iterable[Counts], rule: Rule) -> int | None:
    """Count the largest For votes that pass it alone; None when all of them do not. Every rule is monotone in For."""
    if not rule.passes(counts):
        return None
    sums = _largest(voters)
    return bisect_left(sums, x=True, key=lambda kept: bool(rule.passes(counts._replace(for_raw=kept))))


def blocking_number(counts: Counts, voters: Iterable[Counts], rule: Rule) -> int | None:
    """Count the largest For votes that must go for it to fail; None when it fails as it is, or passes without any."""
    if not rule.passes(counts):
        return None
    sums = _largest(voters)

    def fails(gone: int) -> bool:
        return rule.passes(counts._replace(for_raw=counts.for_raw - gone)) is False

    found = bisect_left(sums, x=True, key=fails)
    return found if found < len(sums) else None


def _largest(voters: Iterable[Counts]) -> Sequence[int]:
    """Sum the largest 0, 1, 2 ... For votes."""
    return list(accumulate(sorted((parts.for_raw for parts in voters if parts.for_raw), reverse=True), initial=0))


def share(part_raw: int, whole_raw: int | None) -> Decimal | None:
    """Divide; None by nothing."""
    return Decimal(part_raw) / Decimal(whole_raw) if whole_raw else None


def margin_share(weight_raw: int, counts: Counts) -> Decimal | None:
    """Divide a weight by the lead of For or Against; None where they are equal."""
    return share(weight_raw, abs(counts.for_raw - counts.against_raw))
