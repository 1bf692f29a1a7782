"""Snapshot X: a Space counts, and an execution strategy of its own decides; so the outcome is "unknown" here.

Source: snapshot-labs/sx-evm `Space.sol`, `types.sol`. Nothing is indexed in its events.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import ProposalChange, Vote
from watchers.governance.family import Family, Governor, Known, no_supply
from watchers.governance.getters import Head, HeadTimes, Number, Sides
from watchers.governance.protocols.oz_governor import ProposalExecuted
from watchers.governance.rules import Rule, Unruled
from watchers.governance.telling import BRAVO, cast, step

START, LATEST_END = 1, 4
AGAINST, FOR, ABSTAIN = 0, 1, 2


@event("VoteCast(uint256 proposalId, address voter, uint8 choice, uint256 votingPower)")
class SpaceVoteCast(msgspec.Struct, frozen=True, gc=False):
    """A vote."""

    proposal_id: int
    voter: str
    choice: int
    voting_power: int


@event("VoteCastWithMetadata(uint256 proposalId, address voter, uint8 choice, uint256 votingPower, string metadataUri)")
class SpaceVoteCastWithMetadata(msgspec.Struct, frozen=True, gc=False):
    """A vote with a link to what its voter says."""

    proposal_id: int
    voter: str
    choice: int
    voting_power: int
    metadata_uri: str


@event(
    "ProposalCreated(uint256 proposalId, address author,"
    " (address,uint32,address,uint32,uint32,uint8,bytes32,uint256) proposal, string metadataUri, bytes payload)"
)
class SpaceProposalCreated(msgspec.Struct, frozen=True, gc=False):
    """A proposal; `proposal`: author, start, strategy, earliest and latest end, status, payload's hash, strategies."""

    proposal_id: int
    author: str
    proposal: tuple[str, int, str, int, int, int, bytes, int]
    metadata_uri: str
    payload: bytes


def _undecided(_: Known) -> Rule:
    return Unruled()


def _power(space: str, proposal_id: int) -> Sides:
    on = [Number(space, "votePower(uint256,uint8)", (proposal_id, side)) for side in (FOR, AGAINST, ABSTAIN)]
    return Sides((on[0], on[1], on[2]))


protocol = Governor(
    "snapshot_x",
    Family(
        times=lambda space, proposal_id: HeadTimes(
            Head(space, "proposals(uint256)", (proposal_id,), 8), START, LATEST_END
        ),
        votes=_power,
        rule=_undecided,
        supply=no_supply,
    ),
    rank=6,
)


@protocol.on(SpaceVoteCast)
def _cast(log: Log, shape: SpaceVoteCast, around: Around) -> Vote:
    side = BRAVO.get(shape.choice, "unknown")
    return cast(log, protocol.name, around, shape.proposal_id, shape.voter, side, shape.voting_power)


@protocol.on(SpaceVoteCastWithMetadata)
def _cast_with_metadata(log: Log, shape: SpaceVoteCastWithMetadata, around: Around) -> Vote:
    side, reason = BRAVO.get(shape.choice, "unknown"), shape.metadata_uri
    return cast(log, protocol.name, around, shape.proposal_id, shape.voter, side, shape.voting_power, reason=reason)


@protocol.on(SpaceProposalCreated)
def _created(log: Log, shape: SpaceProposalCreated, around: Around) -> ProposalChange:
    return step(
        log,
        protocol.name,
        around,
        shape.proposal_id,
        "created",
        proposer=shape.author,
        start_clock=shape.proposal[START],
        end_clock=shape.proposal[LATEST_END],
        description=shape.metadata_uri,
        targets=(shape.proposal[2],),
        calldatas=("0x" + shape.payload.hex(),),
    )


@protocol.on(ProposalExecuted)
def _executed(log: Log, shape: ProposalExecuted, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "executed")
