"""Aragon's Voting app as Aragon made it: two sides, and who votes again takes its earlier vote back.

Source: aragon/aragon-apps `apps/voting/contracts/Voting.sol`. A vote may be executed before its end once For is above
the support of all power. `getVote` holds the percentages (of 1e18) and the power that were fixed at its start, in which
its creator may vote already.
Units: the window is in seconds, while weight is as of a block; `clock = "timestamp"` in daos.toml.
"""

from functools import partial
from typing import Any

import msgspec

from config.settings import Dao
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.asks import Times
from watchers.governance.events import ProposalChange, Vote
from watchers.governance.family import Family, Governor, Known, Look
from watchers.governance.getters import BornHead, Head, HeadVotes, Number, Since
from watchers.governance.rules import Rule, Support, Unruled
from watchers.governance.telling import cast, step, yes_or_no

START, SUPPORT, QUORUM, YEA, NAY, POWER = 2, 4, 5, 6, 7, 8


@event("StartVote(uint256 indexed voteId, address indexed creator, string metadata)")
class StartVote(msgspec.Struct, frozen=True, gc=False):
    """A vote begins."""

    vote_id: int
    creator: str
    metadata: str


@event("CastVote(uint256 indexed voteId, address indexed voter, bool supports, uint256 stake)")
class CastVote(msgspec.Struct, frozen=True, gc=False):
    """Somebody voted, or voted anew."""

    vote_id: int
    voter: str
    supports: bool
    stake: int


@event("ExecuteVote(uint256 indexed voteId)")
class ExecuteVote(msgspec.Struct, frozen=True, gc=False):
    """Its script was run."""

    vote_id: int


def _vote(governor: str, vote_id: int) -> Head:
    return Head(governor, "getVote(uint256)", (vote_id,), 9)


def _length(governor: str) -> Number:
    return Number(governor, "voteTime()")


def _terms(look: Look, dao: Dao, vote_id: int, _: Times | None) -> tuple[int, ...] | None:
    return look(BornHead(_vote(dao.governor, vote_id), alive=START))


def _power(terms: Any) -> int:
    return int(terms[POWER])


def _rule(known: Known, *, executes_early: bool) -> Rule:
    terms = known.terms
    if terms is None:
        return Unruled()
    return Support(terms[POWER], terms[SUPPORT], terms[QUORUM], executes_early)


def family(*, executes_early: bool) -> Family:
    """Read the app or one of its forks."""
    return Family(
        times=lambda governor, vote_id: Since(_vote(governor, vote_id), START, _length(governor)),
        votes=lambda governor, vote_id: HeadVotes(_vote(governor, vote_id), YEA, NAY, alive=START),
        counted="for",
        rule=partial(_rule, executes_early=executes_early),
        terms=_terms,
        supply=_power,
        period=_length,
        born=True,
    )


def register_votes(protocol: Governor, *, replaces: bool) -> None:
    """Let a protocol speak `CastVote` and `ExecuteVote`."""
    name = protocol.name

    @protocol.on(CastVote)
    def _cast(log: Log, shape: CastVote, around: Around) -> Vote:
        side = yes_or_no(shape.supports)
        return cast(log, name, around, shape.vote_id, shape.voter, side, shape.stake, replaces=replaces)

    @protocol.on(ExecuteVote)
    def _executed(log: Log, shape: ExecuteVote, around: Around) -> ProposalChange:
        return step(log, name, around, shape.vote_id, "executed")


def register_start(protocol: Governor) -> None:
    """Let a protocol speak `StartVote`."""
    name = protocol.name

    @protocol.on(StartVote)
    def _started(log: Log, shape: StartVote, around: Around) -> ProposalChange:
        return step(log, name, around, shape.vote_id, "created", proposer=shape.creator, description=shape.metadata)


protocol = Governor("aragon", family(executes_early=True), rank=1)
register_votes(protocol, replaces=True)
register_start(protocol)
