"""`python -m bot tally`: a CSV file of votes in; what each proposal came to, and what each vote did, out. Offline.

Units: weights are as the file has them, to the last decimal; shares 0..1.
Errors: InputError with file, line, column and remedy; UserError for options that do not fit (`bot.ruling`).
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TextIO

import msgspec

from bot.rows import counted
from bot.ruling import Options, Ruling
from bot.sheet import visible, written
from bot.votes_file import Votes, read
from watchers.governance import weigh, whatif
from watchers.governance.asks import Counts
from watchers.governance.power import Holdings, Measures, measure
from watchers.governance.rules import SIDES, Rule

Number = int | Decimal


class Crossing(msgspec.Struct):
    """The vote that first reached the quorum; `position` counts the proposal's votes from 1."""

    voter: str
    position: int
    block: int


class Flip(msgspec.Struct):
    """A vote that turned the provisional outcome, which is to fail before any vote."""

    voter: str
    position: int
    block: int
    support: str
    votes: Number
    to: str


class WhatIf(msgspec.Struct):
    """For's share of For + Against under four rules of weight."""

    linear_for: float | None
    quadratic_for: float | None
    one_address_for: float | None
    capped_for: float | None


class Line(msgspec.Struct):
    """One proposal, as `--json` prints it. None: there is no such thing here."""

    proposal: str
    in_favour: Number = msgspec.field(name="for")
    against: Number
    abstain: Number
    voters: int
    zero_votes: int
    passes: bool | None
    crossing: Crossing | None
    flips: list[Flip]
    pivotal_by_removal: int | None
    pivotal_by_switch: int | None
    winning_number: int | None
    blocking_number: int | None
    hhi: float | None
    gini: float | None
    nakamoto: int | None
    top1: float | None
    top10: float | None
    what_if: WhatIf


def tally(file: Path, options: Options, out: TextIO, *, as_json: bool) -> None:
    """Print a line per proposal, in the order in which the file first names them. Raises InputError, UserError."""
    ruling = Ruling(options)
    proposals, finest = read(file)
    places = max(ruling.places, finest)
    rule = ruling.rule(places)
    encode = msgspec.json.Encoder(decimal_format="number").encode
    with _uncollected():
        for proposal in list(proposals):
            line = weighed(proposal, proposals.pop(proposal), rule, places, replace=options.replace)
            out.write(encode(line).decode() + "\n" if as_json else _text(line))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector away: it would go through a million tuples again and again, and none is in a cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def weighed(proposal: str, votes: Votes, rule: Rule, places: int, *, replace: bool = False) -> Line:
    """Measure one proposal's votes in units of so many decimals. A voter's votes add up, or the last `replace`s all."""
    votes.known.clear()
    order, weights = votes.in_order(), votes.weights(places)
    gone = votes.replaced(order) if replace else {}
    taken = {place: (votes.sides[row], weights[row]) for place, row in gone.items()}
    cast = zip(map(votes.sides.__getitem__, order), map(weights.__getitem__, order), strict=True)
    turns = weigh.turns(cast, rule, taken)
    crossing = None if turns.crossing is None else Crossing(*_who(votes, order, turns.crossing))
    flips = [_flip(votes, order, turn) for turn in turns.flips]
    if gone:
        votes.drop(gone.values())
        weights = votes.weights(places)
    zeros = votes.units.count(0)
    votes.voters.clear()
    voters = _by_voter(votes, weights)
    counts = Counts(*(sum(parts[side] for parts in voters) for side in range(len(SIDES))))
    idle = _idle(votes, voters)
    del votes, weights, order  # what follows is by voter
    power = _power([one + two + three for one, two, three in voters if one or two or three])
    return Line(
        proposal=proposal,
        in_favour=written(counts.for_raw, places),
        against=written(counts.against_raw, places),
        abstain=written(counts.abstain_raw, places),
        voters=len(voters),
        zero_votes=zeros,
        passes=rule.passes(counts),
        crossing=crossing,
        flips=flips,
        pivotal_by_removal=weigh.pivotal_by_removal(counts, voters, rule),
        pivotal_by_switch=weigh.pivotal_by_switch(counts, voters, rule),
        winning_number=weigh.winning_number(counts, voters, rule),
        blocking_number=weigh.blocking_number(counts, voters, rule),
        hhi=power and power.hhi,
        gini=power and power.gini,
        nakamoto=power and power.nakamoto,
        top1=power and power.top1,
        top10=power and power.top10,
        what_if=WhatIf(*whatif.what_if(voters, idle)),
    )


def _by_voter(votes: Votes, weights: Sequence[int]) -> list[Counts]:
    """Sum each voter's votes, by number."""
    many = max(votes.numbers) + 1
    sides = tuple([0] * many for _ in SIDES)
    for number, side, raw in zip(votes.numbers, votes.sides, weights, strict=True):
        sides[side][number] += raw
    return list(map(Counts._make, zip(*sides, strict=True)))


def _idle(votes: Votes, voters: Sequence[Counts]) -> list[Counts]:
    """Count how often each voter of no weight took which side."""
    none = {number: [0] * len(SIDES) for number, parts in enumerate(voters) if not any(parts)}
    if none:
        for number, side in zip(votes.numbers, votes.sides, strict=True):
            if number in none:
                none[number][side] += 1
    return [Counts(*times) for times in none.values()]


def _power(weights: Sequence[int]) -> Measures | None:
    return measure(Holdings(weights)) if weights else None


def _who(votes: Votes, order: Sequence[int], place: int) -> tuple[str, int, int]:
    row = order[place]
    return votes.voters[row].decode(), place + 1, votes.blocks[row]


def _flip(votes: Votes, order: Sequence[int], turn: weigh.Turn) -> Flip:
    row = order[turn.place]
    cast = written(votes.units[row], votes.places[row])
    return Flip(*_who(votes, order, turn.place), SIDES[votes.sides[row]], cast, "pass" if turn.passes else "fail")


def _text(line: Line) -> str:
    """Write a proposal for a reader: what came out, who turned it, how narrow and how concentrated it was."""
    outcome = {True: "passes", False: "fails", None: "outcome unknown"}[line.passes]
    sides = f"for {_plain(line.in_favour)}, against {_plain(line.against)}, abstain {_plain(line.abstain)}"
    voters = f"{counted(line.voters, 'voter')}, {counted(line.zero_votes, 'vote')} of no weight"
    told = [f"{visible(line.proposal)}: {outcome}", f"{sides}; {voters}"]
    if line.crossing:
        told.append(f"quorum reached by vote {line.crossing.position}: {visible(line.crossing.voter)}")
    for flip in line.flips:
        cast = f"{_plain(flip.votes)} {flip.support}"
        told.append(f"turned to {flip.to} by vote {flip.position}: {visible(flip.voter)}, {cast}")
    told += [
        _list("pivotal voters", {"by removal": line.pivotal_by_removal, "by switch": line.pivotal_by_switch}),
        _list("largest For votes", {"that win alone": line.winning_number, "that must go": line.blocking_number}),
        _list(
            "votes cast",
            {"HHI": line.hhi, "Gini": line.gini, "Nakamoto": line.nakamoto, "top 1": line.top1, "top 10": line.top10},
        ),
        _list(
            "For of For + Against",
            {k.removesuffix("_for").replace("_", " "): v for k, v in msgspec.structs.asdict(line.what_if).items()},
        ),
    ]
    return "\n  ".join(told) + "\n"


def _list(what: str, values: Mapping[str, float | None]) -> str:
    """Write `pivotal voters: by removal 11, by switch 11`."""
    return f"{what}: " + ", ".join(f"{name} {_plain(value)}" for name, value in values.items())


def _plain(value: float | Decimal | None) -> str:
    """Write a number out: exactly, but for shares, which take six decimals."""
    if value is None:
        return "none"
    return f"{value:.6f}" if isinstance(value, float) else f"{Decimal(value):,f}"
