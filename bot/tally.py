"""`python -m bot tally`: a CSV file of votes in; what each proposal came to, and what each vote did, out. Offline.

Units: weights are as the file has them, to the last decimal; shares 0..1.
Errors: InputError with file, line, column and remedy; UserError for options that do not fit (`bot.ruling`).
"""

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, TextIO

import msgspec

from bot.rows import counted
from bot.ruling import Options, Ruling
from bot.sheet import Exact, Row, rows, written
from watchers.governance import weigh, whatif
from watchers.governance.asks import Counts
from watchers.governance.power import Holdings, Measures, measure
from watchers.governance.rules import SIDES, Rule
from watchers.wing import Ballot

COLUMNS = ("proposal", "support", "voter", "votes", "block", "index")
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


class Vote(NamedTuple):
    """A row of the file; `place` is its block and its index in it."""

    place: tuple[int, int]
    voter: str
    side: str
    votes: Exact


def tally(file: Path, options: Options, out: TextIO, *, as_json: bool) -> None:
    """Print a line per proposal, in the order in which the file first names them. Raises InputError, UserError."""
    ruling = Ruling(options)
    proposals: dict[str, list[Vote]] = {}
    places = ruling.places
    for row in rows(file, COLUMNS):
        vote = _vote(row)
        places = max(places, vote.votes.places)
        proposals.setdefault(row.text("proposal"), []).append(vote)
    rule = ruling.rule(places)
    encode = msgspec.json.Encoder(decimal_format="number").encode
    for proposal, votes in proposals.items():
        votes.sort(key=lambda vote: vote.place)
        line = weighed(proposal, votes, rule, places)
        out.write(encode(line).decode() + "\n" if as_json else _text(line))


def _vote(row: Row) -> Vote:
    side = row.text("support").lower()
    if side not in SIDES:
        raise row.error("support", f"{side[:40]!r} is no side", "write for, against or abstain")
    voter = sys.intern(row.text("voter"))
    return Vote((row.whole("block"), row.whole("index")), voter, sys.intern(side), row.number("votes"))


def weighed(proposal: str, votes: Sequence[Vote], rule: Rule, places: int) -> Line:
    """Measure one proposal's votes, given in their order, in units of so many decimals."""
    ballots = [_ballot(vote, places) for vote in votes]
    by_voter = weigh.by_voter(ballots)
    voters = by_voter.values()
    idle = whatif.idle(by_voter, ((ballot.voter, vote.side) for vote, ballot in zip(votes, ballots, strict=True)))
    counts = Counts(*map(sum, zip(*voters, strict=True)))
    turns = weigh.turns(ballots, rule)
    power = _power([parts.cast_raw for parts in voters if parts.cast_raw])
    return Line(
        proposal=proposal,
        in_favour=written(counts.for_raw, places),
        against=written(counts.against_raw, places),
        abstain=written(counts.abstain_raw, places),
        voters=len(voters),
        zero_votes=sum(not vote.votes.units for vote in votes),
        passes=rule.passes(counts),
        crossing=None if turns.crossing is None else Crossing(*_who(votes, turns.crossing)),
        flips=[_flip(votes, turn) for turn in turns.flips],
        pivotal_by_removal=weigh.pivotal_by_removal(counts, voters, rule),
        pivotal_by_switch=weigh.pivotal_by_switch(counts, voters, rule),
        winning_number=weigh.winning_number(counts, voters, rule),
        blocking_number=weigh.blocking_number(counts, voters, rule),
        hhi=power and power.hhi,
        gini=power and power.gini,
        nakamoto=power and power.nakamoto,
        top1=power and power.top1,
        top10=power and power.top10,
        what_if=WhatIf(*whatif.what_if(voters, idle.values())),
    )


def _power(weights: Sequence[int]) -> Measures | None:
    return measure(Holdings(weights)) if weights else None


def _ballot(vote: Vote, places: int) -> Ballot:
    """Take the spellings of one address for one voter."""
    voter = sys.intern(vote.voter.lower()) if vote.voter[:2] in ("0x", "0X") else vote.voter
    return _on(vote.side, vote.votes.at(places), voter)


def _on(side: str, raw: int, voter: str) -> Ballot:
    return Ballot(voter, raw * (side == "for"), raw * (side == "against"), raw * (side == "abstain"))


def _who(votes: Sequence[Vote], place: int) -> tuple[str, int, int]:
    return votes[place].voter, place + 1, votes[place].place[0]


def _flip(votes: Sequence[Vote], turn: weigh.Turn) -> Flip:
    vote = votes[turn.place]
    cast = written(*vote.votes)
    return Flip(*_who(votes, turn.place), vote.side, cast, "pass" if turn.passes else "fail")


def _text(line: Line) -> str:
    """Write a proposal for a reader: what came out, who turned it, how narrow and how concentrated it was."""
    outcome = {True: "passes", False: "fails", None: "outcome unknown"}[line.passes]
    sides = f"for {_plain(line.in_favour)}, against {_plain(line.against)}, abstain {_plain(line.abstain)}"
    voters = f"{counted(line.voters, 'voter')}, {counted(line.zero_votes, 'vote')} of no weight"
    told = [f"{line.proposal}: {outcome}", f"{sides}; {voters}"]
    if line.crossing:
        told.append(f"quorum reached by vote {line.crossing.position}: {line.crossing.voter}")
    for flip in line.flips:
        cast = f"{_plain(flip.votes)} {flip.support}"
        told.append(f"turned to {flip.to} by vote {flip.position}: {flip.voter}, {cast}")
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
