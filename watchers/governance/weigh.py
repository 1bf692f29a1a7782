"""What the votes on one proposal weigh: measures over its votes and its rule. Pure.

    turns                when the quorum was reached and each time the provisional outcome turned
    pivotal_by_removal   voters without all of whose weight the outcome would be another
    pivotal_by_switch    voters who would have turned it by voting the other way (For for Against and back)
    winning_number       how many of the largest For votes alone would pass it, the other sides unchanged
    blocking_number      how many of the largest For votes must go for it to fail
    alone                voters without the For votes of any one of whom it would fail
    margin_share         a weight against the lead; above 1 it decides the majority

A voter's votes must be summed first: fractional voters come several times. An abstainer has no other side to switch to.
Units: weights are integers of one unit; shares 0..1.
Source: the usual definitions.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate, takewhile
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from watchers.governance.asks import Counts
from watchers.governance.rules import Rule

_AGAINST = 1  # its place in SIDES
Vote = TypeVar("Vote", int, Counts)


class Turn(NamedTuple):
    """A ballot, by its place from 0, that turned the provisional outcome."""

    place: int
    passes: bool


class Turns(NamedTuple):
    """What happened on the way; `crossing` is the place of the ballot that first reached the quorum."""

    crossing: int | None
    flips: tuple[Turn, ...]


def turns(
    cast: Iterable[tuple[int, int]], rule: Rule, instead_of: Mapping[int, tuple[int, int]] = MappingProxyType({})
) -> Turns:
    """Replay votes, each a place in SIDES and a weight, in their order. Before any vote a proposal fails; an outcome
    that is not known turns nothing. `instead_of` has by its place from 0 what a ballot stands in the place of.
    """
    sums = [0, 0, 0]
    crossing, flips, outcome = None, [], False
    reached, now = rule.reached(Counts()), None
    settled = (True, None if _against_counts(rule) else False, True)  # the outcome that more of a side leaves as it is
    for place, (side, raw) in enumerate(cast):
        sums[side] += raw
        kept = now is not None and now is settled[side]
        if instead_of and (taken := instead_of.get(place)) is not None:
            sums[taken[0]] -= taken[1]
            kept = False  # less of a side may turn it
        if kept and crossing is not None:
            continue
        counts = Counts(*sums)
        if crossing is None:
            is_reached = rule.reached(counts)
            if reached is False and is_reached:
                crossing = place
            reached = is_reached
        now = now if kept else rule.passes(counts)
        if now is not None and now != outcome:
            outcome = now
            flips.append(Turn(place, now))
    return Turns(crossing, tuple(flips))


def switched(counts: Counts, parts: Counts) -> Counts:
    """Give the tally if this voter had voted the other way."""
    moved = parts.for_raw - parts.against_raw
    return Counts(counts.for_raw - moved, counts.against_raw + moved, counts.abstain_raw)


def pivotal_by_removal(counts: Counts, voters: Iterable[Counts], rule: Rule) -> int | None:
    """Count the voters without whom the outcome would differ; None while it is not known."""
    outcome = rule.passes(counts)
    if outcome is None:
        return None
    whole, split = _one_sided(voters)
    found = _turning(split, lambda parts: rule.passes(counts.minus(parts)) is (not outcome))
    for side, weights in enumerate(whole):

        def turned(raw: int, side: int = side) -> bool:
            left = list(counts)
            left[side] -= raw
            return rule.passes(Counts(*left)) is (not outcome)

        if side == _AGAINST and _against_counts(rule):
            found += _turning(weights, turned)
        elif outcome is (side != _AGAINST):  # more For, more Abstain and less Against never make it fail
            found += _from_first(weights, turned)
    return found


def pivotal_by_switch(counts: Counts, voters: Iterable[Counts], rule: Rule) -> int | None:
    """Count the voters who would have turned the outcome by voting the other way; None while it is not known."""
    outcome = rule.passes(counts)
    if outcome is None:
        return None
    sign = 1 if outcome else -1
    moved = [sign * (parts[0] - parts[1]) for parts in voters if parts[0] != parts[1]]

    def turned(raw: int) -> bool:
        switched_to = Counts(counts.for_raw - sign * raw, counts.against_raw + sign * raw, counts.abstain_raw)
        return rule.passes(switched_to) is (not outcome)

    if _against_counts(rule):  # it may reach the quorum as For does not
        return _turning(moved, turned)
    return _from_first([raw for raw in moved if raw > 0], turned)


def _one_sided(voters: Iterable[Counts]) -> tuple[tuple[list[int], list[int], list[int]], list[Counts]]:
    """Part the weights of those who took one side from the votes of those who took several."""
    whole: tuple[list[int], list[int], list[int]] = ([], [], [])
    split = []
    for parts in voters:
        one, two, three = parts
        if not (two or three):
            if one:
                whole[0].append(one)
        elif not (one or three):
            whole[1].append(two)
        elif not (one or two):
            whole[2].append(three)
        else:
            split.append(parts)
    return whole, split


def _against_counts(rule: Rule) -> bool:
    """Tell whether votes against may reach the quorum, and so make a proposal pass."""
    return rule.counted is None or "against" in rule.counted


def _turning(votes: Iterable[Vote], turned: Callable[[Vote], bool]) -> int:
    """Count the votes that turn the outcome, each kind tried once."""
    return sum(many for one, many in Counter(votes).items() if turned(one))


def _from_first(weights: list[int], turned: Callable[[int], bool]) -> int:
    """Count the weights that turn the outcome, where every larger one does as well."""
    weights.sort()
    return len(weights) - bisect_left(weights, x=True, key=turned)


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


def alone(counts: Counts, by_voter: Iterable[tuple[str, Counts]], rule: Rule) -> list[str]:
    """Give the voters without the For votes of any one of whom it would fail, the largest first; none when it fails as
    it is. Every rule is monotone in For, so the first who does not decide ends the list.
    """
    if not rule.passes(counts):
        return []
    in_favour = sorted(((parts.for_raw, voter) for voter, parts in by_voter if parts.for_raw), reverse=True)
    decide = takewhile(lambda one: rule.passes(counts._replace(for_raw=counts.for_raw - one[0])) is False, in_favour)
    return [voter for _, voter in decide]


def _largest(voters: Iterable[Counts]) -> Sequence[int]:
    """Sum the largest 0, 1, 2 ... For votes."""
    return list(accumulate(sorted((parts.for_raw for parts in voters if parts.for_raw), reverse=True), initial=0))


def share(part_raw: int, whole_raw: int | None) -> Decimal | None:
    """Divide; None by nothing."""
    return Decimal(part_raw) / Decimal(whole_raw) if whole_raw else None


def margin_share(weight_raw: int, counts: Counts) -> Decimal | None:
    """Divide a weight by the lead of For or Against; None where they are equal."""
    return share(weight_raw, abs(counts.for_raw - counts.against_raw))
