"""Addresses that vote alike, from votes on record. Pure. Never proof that they are of one owner.

Two addresses are linked that took the same side in 95 % or more of at least five contested proposals on which both
voted; a cluster is all that are linked, also through others. Contested is a proposal on which votes with weight took
more than one side: agreeing with everybody says nothing. Votes of no weight are left out: they cost nothing.

Bounds: the newest 200 proposals, and the 500 addresses that voted on most of them.
Source: the deterministic way to find blocs, agreement of at least .95 over at least five common votes that are not
unanimous; the clusters are those that a union-find of all linked pairs gives.
"""

from collections.abc import Mapping
from typing import NamedTuple

from watchers.governance.rules import SIDES

COMMON = 5
AGREED, OF = 19, 20  # 95 %, in integers
PROPOSALS = 200
VOTERS = 500
Sides = Mapping[int, Mapping[str, str]]  # by proposal, the newest first, then by voter


class Other(NamedTuple):
    """Another address of a cluster: how often both voted on a contested proposal, and agreed; `linked`: it is linked to
    the one asked about, not only through others.
    """

    address: str
    agreed: int
    common: int
    linked: bool


class Alike(NamedTuple):
    """The cluster of an address without itself, the most alike first; `contested`: on how many it voted."""

    others: tuple[Other, ...]
    contested: int


class _Ballots(NamedTuple):
    """A voter's contested votes: a bit for each proposal, by side."""

    voted: int
    sides: tuple[int, ...]

    def compared(self, other: "_Ballots") -> tuple[int, int]:
        """Count on how many both agreed, and voted."""
        agreed = 0
        for mine, theirs in zip(self.sides, other.sides, strict=True):
            agreed += (mine & theirs).bit_count()
        return agreed, (self.voted & other.voted).bit_count()


def alike(who: str, cast: Sides) -> Alike:
    """Find those who vote like `who`."""
    ballots = _ballots(who, cast)
    own = ballots.pop(who, None)
    if own is None:
        return Alike((), 0)
    inside, frontier, outside = dict[str, _Ballots](), [own], ballots
    while frontier:
        last = frontier.pop()
        near = {other: theirs for other, theirs in outside.items() if _linked(*last.compared(theirs))}
        for other in near:
            del outside[other]
        inside.update(near)
        frontier.extend(near.values())
    others = [(address, own.compared(theirs)) for address, theirs in inside.items()]
    found = [Other(address, *pair, linked=_linked(*pair)) for address, pair in others]
    found.sort(key=lambda one: (not one.linked, -one.agreed, one.common, one.address))
    return Alike(tuple(found), own.voted.bit_count())


def _linked(agreed: int, common: int) -> bool:
    return common >= COMMON and agreed * OF >= common * AGREED


def _ballots(who: str, cast: Sides) -> dict[str, _Ballots]:
    """Lay the contested votes out as bits, for the one asked about and for those who voted most."""
    contested = [sides for sides in cast.values() if len(set(sides.values())) > 1][:PROPOSALS]
    bits: dict[str, list[int]] = {}
    for at, sides in enumerate(contested):
        for voter, side in sides.items():
            bits.setdefault(voter, [0] * len(SIDES))[SIDES.index(side)] |= 1 << at
    found = {voter: _Ballots(sum(sides), tuple(sides)) for voter, sides in bits.items()}
    own = found.pop(who, None)
    if own is None:
        return {}
    able = [(voter, theirs) for voter, theirs in found.items() if theirs.voted.bit_count() >= COMMON]
    able.sort(key=lambda pair: (-pair[1].voted.bit_count(), pair[0]))
    return {who: own, **dict(able[: VOTERS - 1])}
