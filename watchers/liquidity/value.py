"""What a move is worth: the dollars of its tokens together.

Units: dollars as Decimal; None where one of them has no price that can be defended.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from watchers.alert import Amount
from watchers.price import EXACT


def total(amounts: Sequence[Amount]) -> Decimal | None:
    """Add dollars up; None as soon as one amount above zero has none."""
    known = [a.usd for a in amounts if a.raw]
    return None if None in known else _sum(known)


def at_least(amounts: Sequence[Amount]) -> Decimal:
    """Add up the dollars that are known: what all of it is worth at the least."""
    return _sum([a.usd for a in amounts if a.raw])


def _sum(known: Iterable[Decimal | None]) -> Decimal:
    summed = Decimal(0)
    for usd in known:
        summed = EXACT.add(summed, usd or Decimal(0))
    return summed


def traded(amounts: Sequence[Amount]) -> Decimal | None:
    """Value a swap: both sides are the same money, so the lower of the two, and none when one has no price."""
    if total(amounts) is None:
        return None
    sides = [a.usd.copy_abs() for a in amounts if a.raw and a.usd is not None]
    return min(sides) if sides else Decimal(0)


def traded_at_least(amounts: Sequence[Amount]) -> Decimal:
    """Value a swap by a side that has a price."""
    sides = [a.usd.copy_abs() for a in amounts if a.raw and a.usd is not None]
    return min(sides) if sides else Decimal(0)
