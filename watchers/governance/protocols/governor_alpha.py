"""Compound's GovernorAlpha (Compound until 2021, Uniswap's first two, Gitcoin's first): For or Against, no abstention.

Source: Compound `GovernorAlpha.sol`; Uniswap numbers its proposals 0.x and 1.x in two Alphas, each from 1 on.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.asks import QuorumVotes
from watchers.governance.events import Vote
from watchers.governance.family import Family, Governor
from watchers.governance.getters import Head, HeadTimes, HeadVotes
from watchers.governance.protocols.oz_governor import register_creation, register_steps
from watchers.governance.telling import cast, yes_or_no

START, END, FOR, AGAINST = 3, 4, 5, 6


@event("VoteCast(address voter, uint256 proposalId, bool support, uint256 votes)")
class AlphaVoteCast(msgspec.Struct, frozen=True, gc=False):
    """A vote."""

    voter: str
    proposal_id: int
    support: bool
    votes: int


def _proposal(governor: str, proposal_id: int) -> Head:
    return Head(governor, "proposals(uint256)", (proposal_id,), 9)


protocol = Governor(
    "governor_alpha",
    Family(
        times=lambda governor, proposal_id: HeadTimes(_proposal(governor, proposal_id), START, END),
        votes=lambda governor, proposal_id: HeadVotes(_proposal(governor, proposal_id), FOR, AGAINST),
        quorum=lambda governor, _, __: QuorumVotes(governor),
        counted="for",
    ),
    rank=2,
)
register_steps(protocol)
register_creation(protocol)


@protocol.on(AlphaVoteCast)
def _cast(log: Log, shape: AlphaVoteCast, around: Around) -> Vote:
    return cast(log, protocol.name, around, shape.proposal_id, shape.voter, yes_or_no(shape.support), shape.votes)
