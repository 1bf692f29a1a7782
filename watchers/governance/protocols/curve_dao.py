"""Curve's fork of Aragon's Voting: weight that melts in the second half of the window, and votes that may be split.

Source: curvefi/curve-aragon-voting `contracts/Voting.sol`. A stake is `min(balance, 2 * balance * left / voteTime)`;
`CastVote` tells it as it counted. Nobody votes twice: two `CastVote` of one voter are the two parts of a split vote.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import ProposalChange
from watchers.governance.family import Governor
from watchers.governance.protocols.aragon import family, register_votes
from watchers.governance.telling import step


@event(
    "StartVote(uint256 indexed voteId, address indexed creator, string metadata, uint256 minBalance, uint256 minTime,"
    " uint256 totalSupply, uint256 creatorVotingPower)"
)
class CurveStartVote(msgspec.Struct, frozen=True, gc=False):
    """A vote begins."""

    vote_id: int
    creator: str
    metadata: str
    min_balance: int
    min_time: int
    total_supply: int
    creator_voting_power: int


protocol = Governor("curve_dao", family(executes_early=False), rank=3)
register_votes(protocol, replaces=False)


@protocol.on(CurveStartVote)
def _started(log: Log, shape: CurveStartVote, around: Around) -> ProposalChange:
    return step(
        log, protocol.name, around, shape.vote_id, "created", proposer=shape.creator, description=shape.metadata
    )
