"""Agora's governor (Optimism): OpenZeppelin's votes, proposals with a type, modules, a deadline that a manager moves.

Source: voteagora/optimism-governor `OptimismGovernor.sol`. The quorum is asked by proposal id. Whether a proposal
passes depends on its type's threshold or its module, so the outcome is "unknown" here, while the quorum is not.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around, origin
from watchers.governance.asks import CountingMode, GovernorTimes, GovernorVotes, QuorumOf
from watchers.governance.events import ProposalChange
from watchers.governance.family import Family, Governor
from watchers.governance.protocols.oz_governor import register_creation, register_params, register_votes, step
from watchers.governance.rules import Unruled


@event(
    "ProposalCreated(uint256 indexed proposalId, address indexed proposer, address[] targets, uint256[] values,"
    " string[] signatures, bytes[] calldatas, uint256 startBlock, uint256 endBlock, string description,"
    " uint8 proposalType)"
)
class TypedProposalCreated(msgspec.Struct, frozen=True, gc=False):
    """A proposal of a type."""

    proposal_id: int
    proposer: str
    targets: tuple[str, ...]
    values: tuple[int, ...]
    signatures: tuple[str, ...]
    calldatas: tuple[bytes, ...]
    start_block: int
    end_block: int
    description: str
    proposal_type: int


@event(
    "ProposalCreated(uint256 indexed proposalId, address indexed proposer, address indexed votingModule,"
    " bytes proposalData, uint256 startBlock, uint256 endBlock, string description, uint8 proposalType)"
)
class ModuleProposalCreated(msgspec.Struct, frozen=True, gc=False):
    """A proposal whose choices a module counts."""

    proposal_id: int
    proposer: str
    voting_module: str
    proposal_data: bytes
    start_block: int
    end_block: int
    description: str
    proposal_type: int


@event(
    "ProposalCreated(uint256 proposalId, address proposer, address votingModule, bytes proposalData,"
    " uint256 startBlock, uint256 endBlock, string description)"
)
class OldModuleProposalCreated(msgspec.Struct, frozen=True, gc=False):
    """The same before proposals had types."""

    proposal_id: int
    proposer: str
    voting_module: str
    proposal_data: bytes
    start_block: int
    end_block: int
    description: str


@event("ProposalDeadlineUpdated(uint256 proposalId, uint64 deadline)")
class ProposalDeadlineUpdated(msgspec.Struct, frozen=True, gc=False):
    """The manager moved the end of voting."""

    proposal_id: int
    deadline: int


protocol = Governor(
    "agora",
    Family(
        times=GovernorTimes,
        votes=GovernorVotes,
        quorum=lambda governor, proposal_id, _: QuorumOf(governor, proposal_id),
        mode=CountingMode,
        rule=lambda known: Unruled(known.quorum_raw, known.counted),
    ),
    rank=2,
)
register_votes(protocol)
register_params(protocol)
register_creation(protocol)


@protocol.on(TypedProposalCreated)
def _typed(log: Log, shape: TypedProposalCreated, around: Around) -> ProposalChange:
    return ProposalChange(
        **origin(log, protocol.name, around),
        proposal_id=shape.proposal_id,
        change="created",
        proposer=shape.proposer,
        start_clock=shape.start_block,
        end_clock=shape.end_block,
        description=shape.description,
        targets=shape.targets,
        values_wei=shape.values,
        signatures=shape.signatures,
        calldatas=tuple("0x" + data.hex() for data in shape.calldatas),
    )


def _of_module(log: Log, shape: ModuleProposalCreated | OldModuleProposalCreated, around: Around) -> ProposalChange:
    return ProposalChange(
        **origin(log, protocol.name, around),
        proposal_id=shape.proposal_id,
        change="created",
        proposer=shape.proposer,
        start_clock=shape.start_block,
        end_clock=shape.end_block,
        description=shape.description,
        targets=(shape.voting_module,),
        calldatas=("0x" + shape.proposal_data.hex(),),
    )


protocol.on(ModuleProposalCreated)(_of_module)
protocol.on(OldModuleProposalCreated)(_of_module)


@protocol.on(ProposalDeadlineUpdated)
def _moved(log: Log, shape: ProposalDeadlineUpdated, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "extended", end_clock=shape.deadline)
