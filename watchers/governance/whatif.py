"""What a proposal would come to if weight counted otherwise. Pure.

    linear            the weight itself, as it is
    quadratic         the square root of it
    one_address       1 for each address, also for one of no weight
    capped            the weight, at most 2 % of all votes cast
    without_insiders  the weight, without the votes of those whom a label calls insiders

A voter's new weight is shared among the sides as the old one was. For the outcome the turnout stays what it was: the
new sums are brought to the total of all votes cast, and the family's own rule and quorum decide on them. Without
insiders their votes are gone and the quorum stays.

Who splits over several addresses gains under the first three. `break_even` is over how many, in equal parts, the
largest voter would have to, for its share of all votes cast to be again what it is by weight; 1: it has lost nothing.

Units: weights are integers of one unit; shares 0..1.
Source: the usual definitions. Of m addresses of w/m each the square roots sum up to sqrt(m w).
"""

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from math import ceil, isqrt
from typing import NamedTuple

from watchers.governance.asks import Counts
from watchers.governance.rules import SIDES, Rule

CAP = 50  # a fiftieth: 2 %
INSIDERS = frozenset({"investor", "team", "advisor", "foundation", "treasury", "vesting"})  # classes of labels
_FINE = 128  # bits that a weight is moved up by before its root is taken
# A voter's part of a side is counted in 128 bits and the sum rounded to 96, so that thirds which make a whole are one:
# exact fractions would take time that grows with the square of the voters.
_PART, _ROUND = 128, 32
Number = int | Fraction


class Shares(NamedTuple):
    """For's share of For + Against; None where there is neither."""

    linear: float | None
    quadratic: float | None
    one_address: float | None
    capped: float | None


class Outcome(NamedTuple):
    """What a proposal comes to under a rule of weight. `for_share` is of For + Against; `passes`, `differs` None: not
    known; `break_even` None where splitting gains nothing.
    """

    name: str
    for_share: float | None
    passes: bool | None
    differs: bool | None
    break_even: int | None


class Sums(NamedTuple):
    """For, Against and Abstain under each rule of weight, in units of its own, and the weight of one largest voter."""

    linear: tuple[Number, ...]
    quadratic: tuple[Number, ...]
    one_address: tuple[Number, ...]
    capped: tuple[Number, ...]
    largest_raw: int


def idle(weights: Mapping[str, Counts], cast: Iterable[tuple[str, str]]) -> dict[str, Counts]:
    """Count how often each voter of no weight took which side; `cast` gives voter and side of every vote."""
    found: dict[str, Counts] = {}
    for voter, side in cast:
        own = weights.get(voter)
        if side in SIDES and (own is None or not own.cast_raw):
            once = Counts(*(int(side == one) for one in SIDES))
            found[voter] = found[voter].plus(once) if voter in found else once
    return found


def sums(voters: Collection[Counts], idlers: Iterable[Counts] = ()) -> Sums:
    """Sum the sides. `idlers` are the voters of no weight: how often each took which side."""
    linear = [sum(parts[side] for parts in voters) for side in range(len(SIDES))]
    cast, largest = sum(linear), 0
    quadratic, heads, capped = ([0, 0, 0] for _ in range(3))
    parted: list[Counts] = []
    for parts in voters:
        one, two, three = parts
        side = 0 if one else 1 if two else 2
        weight = parts[side]
        if one + two + three != weight:
            parted.append(parts)
            continue
        if not weight:
            continue
        largest = max(largest, weight)
        quadratic[side] += isqrt(weight << _FINE)
        heads[side] += 1
        capped[side] += min(CAP * weight, cast)
    split = [[0, 0, 0] for _ in range(3)]
    for parts in parted:
        weight = parts.cast_raw
        largest = max(largest, weight)
        units = (isqrt(weight << _FINE), 1, min(CAP * weight, cast))
        for side, raw in enumerate(parts):
            for sides, unit in zip(split, units, strict=True):
                sides[side] += (unit * raw << _PART) // weight
    for times in idlers:
        for side, often in enumerate(times):
            split[1][side] += (often << _PART) // times.cast_raw
    under = [
        tuple(whole + _rounded(part) for whole, part in zip(wholes, parts, strict=True))
        for wholes, parts in zip((quadratic, heads, capped), split, strict=True)
    ]
    return Sums(tuple(linear), under[0], under[1], under[2], largest)


def _rounded(part: int) -> Number:
    return Fraction((part + (1 << _ROUND - 1)) >> _ROUND, 1 << _PART - _ROUND) if part else 0


def what_if(voters: Collection[Counts], idlers: Iterable[Counts] = ()) -> Shares:
    """Give For's share under each rule of weight; see `sums`."""
    return Shares(*(_for_share(one) for one in sums(voters, idlers)[:4]))


def outcomes(
    voters: Collection[Counts], idlers: Iterable[Counts], insiders: Iterable[Counts], rule: Rule | None
) -> tuple[Outcome, ...]:
    """Give what each rule of weight but the linear makes of a proposal. `rule` None: no outcome is known."""
    told = sums(voters, idlers)
    now = Counts(*map(int, told.linear))
    is_now = rule.passes(now) if rule is not None else None
    gone = Counts()
    for parts in insiders:
        gone = gone.plus(parts)
    left = now.minus(gone)
    even = _break_even(told)
    tried = [
        *((name, _at_turnout(getattr(told, name), now.cast_raw), getattr(told, name), even[name]) for name in even),
        ("without_insiders", left, tuple(left), None),
    ]
    found = []
    for name, counts, sides, many in tried:
        passes = rule.passes(counts) if rule is not None else None
        differs = None if passes is None or is_now is None else passes != is_now
        found.append(Outcome(name, _for_share(sides), passes, differs, many))
    return tuple(found)


def _break_even(told: Sums) -> dict[str, int]:
    """Count the addresses over which the largest voter would have to split, by rule of weight."""
    cast, own = int(sum(told.linear)), told.largest_raw
    others = cast - own
    if not others:
        return dict.fromkeys(("quadratic", "one_address", "capped"), 1)
    root = isqrt(own << _FINE)
    rest = Fraction(sum(told.quadratic) - root)
    cap = min(CAP * own, cast)
    needed = own * (sum(told.capped) - cap) / Fraction(others)
    return {
        # sqrt(m w) / (sqrt(m w) + rest) >= w / cast, and the same for 1 an address and for the cap
        "quadratic": max(1, ceil((rest * own / others / root) ** 2)),
        "one_address": max(1, ceil(Fraction(own * (sum(told.one_address) - 1), others))),
        "capped": max(1, ceil(needed / cast)),
    }


def _at_turnout(sides: tuple[Number, ...], cast_raw: int) -> Counts:
    """Bring sums to a total, in whole units; a lead stays a lead."""
    whole = Fraction(sum(sides))
    if not whole:
        return Counts()
    in_favour, against, abstain = (round(side * cast_raw / whole) for side in sides)
    if sides[0] > sides[1]:
        in_favour = max(in_favour, against + 1)
    return Counts(in_favour, against, abstain)


def _for_share(sides: tuple[Number, ...]) -> float | None:
    both = sides[0] + sides[1]
    return float(Fraction(sides[0], 1) / both) if both else None
