"""Nouns Builder's governor (Zora): proposals are named by hashes, the quorum is fixed at creation.

Source: ourzora/nouns-protocol `IGovernor.sol`, `GovernorTypesV1.sol`. Times are seconds (`clock = "timestamp"`), and
1 token is 1 vote (`decimals = 0`).
"""

import msgspec

from config.settings import Dao
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.asks import Times
from watchers.governance.events import ProposalChange, Vote
from watchers.governance.family import Family, Governor, Known, Look
from watchers.governance.getters import Head, HeadTimes, HeadVotes
from watchers.governance.rules import Majority, Rule
from watchers.governance.telling import BRAVO, cast, hexed, step

AGAINST, FOR, ABSTAIN, START, END, QUORUM = 2, 3, 4, 5, 6, 8


@event("VoteCast(address voter, bytes32 proposalId, uint256 support, uint256 weight, string reason)")
class BuilderVoteCast(msgspec.Struct, frozen=True, gc=False):
    """A vote."""

    voter: str
    proposal_id: str
    support: int
    weight: int
    reason: str


@event(
    "ProposalCreated(bytes32 proposalId, address[] targets, uint256[] values, bytes[] calldatas, string description,"
    " bytes32 descriptionHash,"
    " (address,uint32,uint32,uint32,uint32,uint32,uint32,uint32,uint32,bool,bool,bool) proposal)"
)
class BuilderProposalCreated(msgspec.Struct, frozen=True, gc=False):
    """A proposal; `proposal` is laid out as `getProposal` answers it."""

    proposal_id: str
    targets: tuple[str, ...]
    values: tuple[int, ...]
    calldatas: tuple[bytes, ...]
    description: str
    description_hash: str
    proposal: tuple[str, int, int, int, int, int, int, int, int, bool, bool, bool]


@event("ProposalQueued(bytes32 proposalId, uint256 eta)")
class BuilderProposalQueued(msgspec.Struct, frozen=True, gc=False):
    """It waits in the treasury until `eta`."""

    proposal_id: str
    eta: int


@event("ProposalExecuted(bytes32 proposalId)")
class BuilderProposalExecuted(msgspec.Struct, frozen=True, gc=False):
    """Its calls were made."""

    proposal_id: str


@event("ProposalCanceled(bytes32 proposalId)")
class BuilderProposalCanceled(msgspec.Struct, frozen=True, gc=False):
    """It was withdrawn."""

    proposal_id: str


@event("ProposalVetoed(bytes32 proposalId)")
class BuilderProposalVetoed(msgspec.Struct, frozen=True, gc=False):
    """The vetoer stopped it."""

    proposal_id: str


def _number(proposal_id: str) -> int:
    return int(proposal_id, 16)


def _proposal(governor: str, proposal_id: int) -> Head:
    return Head(governor, "getProposal(bytes32)", (proposal_id.to_bytes(32),), 12)


def _terms(look: Look, dao: Dao, proposal_id: int, _: Times | None) -> int | None:
    head = look(_proposal(dao.governor, proposal_id))
    return head[QUORUM] if head is not None and head[END] else None


def _rule(known: Known) -> Rule:
    return Majority(known.terms, known.counted)


protocol = Governor(
    "nouns_builder",
    Family(
        times=lambda governor, proposal_id: HeadTimes(_proposal(governor, proposal_id), START, END),
        votes=lambda governor, proposal_id: HeadVotes(
            _proposal(governor, proposal_id), FOR, AGAINST, ABSTAIN, alive=END
        ),
        counted="for",
        rule=_rule,
        terms=_terms,
    ),
    rank=7,
)


@protocol.on(BuilderVoteCast)
def _cast(log: Log, shape: BuilderVoteCast, around: Around) -> Vote:
    side, number = BRAVO.get(shape.support, "unknown"), _number(shape.proposal_id)
    return cast(log, protocol.name, around, number, shape.voter, side, shape.weight, reason=shape.reason)


@protocol.on(BuilderProposalCreated)
def _created(log: Log, shape: BuilderProposalCreated, around: Around) -> ProposalChange:
    return step(
        log,
        protocol.name,
        around,
        _number(shape.proposal_id),
        "created",
        proposer=shape.proposal[0],
        start_clock=shape.proposal[START],
        end_clock=shape.proposal[END],
        description=shape.description,
        targets=shape.targets,
        values_wei=shape.values,
        calldatas=hexed(shape.calldatas),
    )


@protocol.on(BuilderProposalQueued)
def _queued(log: Log, shape: BuilderProposalQueued, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, _number(shape.proposal_id), "queued", eta_s=shape.eta)


@protocol.on(BuilderProposalExecuted)
def _executed(log: Log, shape: BuilderProposalExecuted, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, _number(shape.proposal_id), "executed")


@protocol.on(BuilderProposalCanceled)
def _canceled(log: Log, shape: BuilderProposalCanceled, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, _number(shape.proposal_id), "canceled")


@protocol.on(BuilderProposalVetoed)
def _vetoed(log: Log, shape: BuilderProposalVetoed, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, _number(shape.proposal_id), "vetoed")
