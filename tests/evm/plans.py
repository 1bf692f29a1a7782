"""The proposals that are put to every governor, by family: who votes when, and what that turns.

    works       passes after it was crossed, lost and won again; its call succeeds
    breaks      reaches the quorum at the last moment; its call fails
    withdrawn   is cancelled before voting opens, where the family knows that
    gone        is cancelled in the block of its creation
    hasty       is voted on in the block of its creation, where the family allows that
    unnoticed   gets no vote at all
    loses       is voted down
    sweeps      so many are for it that the families that end early carry it out before the deadline

Units: votes are whole tokens; `tick` counts blocks from the block of the proposals.
"""

from typing import NamedTuple

from tests.evm.dialects import Cast

CANCEL, EARLY, LATE, QUEUE, EXECUTE, LAST = 1, 8, 20, 30, 34, 36  # ticks


class Plan(NamedTuple):
    """A proposal's votes, and what they turn: (voter, `crosses` | `passing` | `failing`), by hand."""

    casts: tuple[Cast, ...] = ()
    turns: tuple[tuple[str, str], ...] = ()


_SEVEN = (
    Cast(3, "ada", "for"),
    Cast(4, "ben", "abstain"),
    Cast(5, "cleo", "for"),
    Cast(6, "dan", "against"),
    Cast(7, "eve", "for"),
    Cast(8, "fay", "for"),
    Cast(9, "nil", "for"),
    Cast(LATE, "gus", "against"),
    Cast(LATE + 1, "hal", "for"),
)
_TURNS = (("dan", "failing"), ("eve", "passing"), ("gus", "failing"), ("hal", "passing"))
SWEEP = Plan(
    (Cast(3, "ada", "against"), Cast(4, "whale", "for")),
    (("whale", "crosses"), ("whale", "passing")),
)
_LATE = Plan((Cast(4, "eve", "for"), Cast(LATE, "cleo", "for")), (("cleo", "crosses"), ("cleo", "passing")))
_LOST = (Cast(3, "ada", "for"), Cast(4, "gus", "against"), Cast(5, "ben", "abstain"))
SIMPLE = {
    "works": Plan(_SEVEN, (("ben", "crosses"), ("ben", "passing"), *_TURNS)),
    "breaks": _LATE,
    "withdrawn": Plan(),
    "gone": Plan(),
    "loses": Plan(_LOST, (("ben", "crosses"),)),
    "unnoticed": Plan(),
}
FOR_ONLY = {
    **SIMPLE,
    "works": Plan(_SEVEN, (("cleo", "crosses"), ("cleo", "passing"), *_TURNS)),
    "loses": Plan(_LOST),
}
FRACTIONS = {  # who has no weight is refused
    **SIMPLE,
    "works": Plan(
        (*_SEVEN[:4], Cast(7, "eve", "for", (20_000, 5_000, 2_000)), Cast(8, "eve", "for"), _SEVEN[5], *_SEVEN[7:]),
        SIMPLE["works"].turns,
    ),
}
OVERRIDES = {
    **SIMPLE,
    "works": Plan(
        (
            *_SEVEN[:4],
            Cast(7, "ivy", "for", owns=True),  # dan has voted with her 20,000
            Cast(8, "eve", "for"),
            Cast(9, "jan", "abstain", owns=True),  # gus has not voted with his 5,000 yet
            *_SEVEN[7:],
        ),
        (("ben", "crosses"), ("ben", "passing"), ("dan", "failing"), ("ivy", "passing")),
    ),
    "sweeps": SWEEP,
}
OBJECTIONS = {
    "works": Plan(
        (
            Cast(3, "ada", "for"),
            Cast(4, "ben", "against"),
            Cast(5, "cleo", "for"),  # 4 % exactly, which is not more than 4 %
            Cast(6, "eve", "for"),
            Cast(7, "gus", "against"),
            Cast(8, "dan", "against"),
            Cast(9, "dan", "for"),  # votes again
            Cast(10, "fay", "for"),
            Cast(LATE, "cleo", "against"),  # objects: from here on nobody may vote for it
            Cast(LATE + 1, "hal", "against"),
        ),
        (("eve", "crosses"), ("eve", "passing"), ("dan", "failing"), ("dan", "passing")),
    ),
    "breaks": Plan((Cast(4, "eve", "for"), Cast(12, "cleo", "for")), _LATE.turns),
    "loses": Plan((Cast(3, "ada", "for"), Cast(4, "gus", "against"))),
    "hasty": Plan((Cast(0, "eve", "for"), Cast(3, "cleo", "for")), _LATE.turns),
    "unnoticed": Plan(),
}
ARAGON = OBJECTIONS | {
    "works": Plan(
        (*OBJECTIONS["works"].casts[:-2], Cast(LATE, "hal", "against"), Cast(LATE + 1, "hal", "for")),
        OBJECTIONS["works"].turns,
    ),
    "sweeps": SWEEP,
}
