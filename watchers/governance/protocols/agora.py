"""Agora's governor (Optimism): OpenZeppelin's votes, proposals with a type, modules, a deadline that a manager moves.

Source: voteagora/optimism-governor `OptimismGovernor.sol`. The quorum is asked by proposal id. A proposal's type sets
the share of For that it needs, in the governor's configurator; where the type names a module, that decides as well and
the outcome is "unknown". Alligator, which votes for many at once, tells `VotesCast` of its own; what counted is the
governor's `VoteCastWithParams`, in the name of the voter, in as many parts as there were proxies.
"""

import msgspec

from config.settings import Dao
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around, origin
from watchers.governance.asks import CountingMode, GovernorTimes, GovernorVotes, QuorumOf, Times
from watchers.governance.events import ProposalChange
from watchers.governance.family import Family, Governor, Known, Look
from watchers.governance.getters import Head, Number, address_of
from watchers.governance.protocols.oz_governor import register_creation, register_params, register_votes
from watchers.governance.rules import Approval, Rule, Unruled
from watchers.governance.telling import hexed, step


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


WORD, THRESHOLD, NAME = 32, 2, 3  # word 0 is the struct's offset
BARE = 4  # words of a type with a module and no description; with a description the module is one further


def _threshold(look: Look, dao: Dao, proposal_id: int, _: Times | None) -> int | None:
    """Look for the threshold of a proposal's type, in bps; None also where a module decides."""
    kind = look(Number(dao.governor, "getProposalType(uint256)", (proposal_id,)))
    configurator = address_of(look(Number(dao.governor, "PROPOSAL_TYPES_CONFIGURATOR()")) or 0)
    if kind is None or configurator is None or kind >= 1 << 8:
        return None
    head = look(Head(configurator, "proposalTypes(uint8)", (kind,), 6))
    if head is None:
        return None
    words = head[NAME] // WORD  # the name follows the struct's own words, so its offset tells how many there are
    module = head[BARE] if words == BARE else head[BARE + 1] if words > BARE else None
    return head[THRESHOLD] if module == 0 else None


def _rule(known: Known) -> Rule:
    if known.terms is None:
        return Unruled(known.quorum_raw, known.counted)
    return Approval(known.quorum_raw, known.counted, known.terms)


protocol = Governor(
    "agora",
    Family(
        times=GovernorTimes,
        votes=GovernorVotes,
        quorum=lambda governor, proposal_id, _: QuorumOf(governor, proposal_id),
        mode=CountingMode,
        rule=_rule,
        terms=_threshold,
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
        calldatas=hexed(shape.calldatas),
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
