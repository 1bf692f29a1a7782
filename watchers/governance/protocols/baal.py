"""Baal, Moloch's third version (DAOhaus): shares vote, and a quorum of yes votes in percent of shares and loot.

Source: HausDAO/Baal `Baal.sol` (`_submitVote`, `processProposal`). The whole that the quorum is a percentage of is the
highest seen at any vote. That too many may leave before it is processed, which fails it as well, is not judged here.
Units: times are seconds (`clock = "timestamp"`).
"""

import msgspec

from config.settings import Dao
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.asks import Times
from watchers.governance.events import ProposalChange, Vote
from watchers.governance.family import Family, Governor, Known, Look
from watchers.governance.getters import Head, HeadTimes, HeadVotes, Number
from watchers.governance.rules import Majority, Rule
from watchers.governance.telling import cast, step, yes_or_no

START, END, YES, NO, HIGHEST = 2, 3, 7, 8, 9


@event("SubmitVote(address indexed member, uint256 balance, uint256 indexed proposal, bool indexed approved)")
class SubmitVote(msgspec.Struct, frozen=True, gc=False):
    """A vote."""

    member: str
    balance: int
    proposal: int
    approved: bool


@event(
    "SubmitProposal(uint256 indexed proposal, bytes32 indexed proposalDataHash, uint256 votingPeriod,"
    " bytes proposalData, uint256 expiration, uint256 baalGas, bool selfSponsor, uint256 timestamp, string details)"
)
class SubmitProposal(msgspec.Struct, frozen=True, gc=False):
    """A proposal; voting begins at once when its maker sponsors it."""

    proposal: int
    proposal_data_hash: str
    voting_period: int
    proposal_data: bytes
    expiration: int
    baal_gas: int
    self_sponsor: bool
    timestamp: int
    details: str


@event("ProcessProposal(uint256 indexed proposal, bool passed, bool actionFailed)")
class ProcessProposal(msgspec.Struct, frozen=True, gc=False):
    """It was carried out, or found not to have passed."""

    proposal: int
    passed: bool
    action_failed: bool


@event("CancelProposal(uint256 indexed proposal)")
class CancelProposal(msgspec.Struct, frozen=True, gc=False):
    """It was withdrawn."""

    proposal: int


def _proposal(baal: str, proposal_id: int) -> Head:
    return Head(baal, "proposals(uint256)", (proposal_id,), 10)


def _quorum(look: Look, dao: Dao, proposal_id: int, _: Times | None) -> int | None:
    """Look for the least yes votes: a percentage, rounded up, of the highest whole so far."""
    head = look(_proposal(dao.governor, proposal_id))
    percent = look(Number(dao.governor, "quorumPercent()"))
    whole = look(Number(dao.governor, "totalSupply()"))
    if head is None or percent is None or whole is None:
        return None
    return -(-percent * max(head[HIGHEST], whole) // 100)


def _rule(known: Known) -> Rule:
    return Majority(known.terms, known.counted)


protocol = Governor(
    "baal",
    Family(
        times=lambda baal, proposal_id: HeadTimes(_proposal(baal, proposal_id), START, END),
        votes=lambda baal, proposal_id: HeadVotes(_proposal(baal, proposal_id), YES, NO),
        counted="for",
        rule=_rule,
        terms=_quorum,
    ),
    rank=9,
)


@protocol.on(SubmitVote)
def _cast(log: Log, shape: SubmitVote, around: Around) -> Vote:
    return cast(log, protocol.name, around, shape.proposal, shape.member, yes_or_no(shape.approved), shape.balance)


@protocol.on(SubmitProposal)
def _created(log: Log, shape: SubmitProposal, around: Around) -> ProposalChange:
    start = shape.timestamp if shape.self_sponsor else 0
    return step(
        log,
        protocol.name,
        around,
        shape.proposal,
        "created",
        start_clock=start,
        end_clock=start + shape.voting_period if start else 0,
        description=shape.details,
        calldatas=("0x" + shape.proposal_data.hex(),),
    )


@protocol.on(ProcessProposal)
def _processed(log: Log, shape: ProcessProposal, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal, "executed" if shape.passed else "defeated")


@protocol.on(CancelProposal)
def _canceled(log: Log, shape: CancelProposal, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal, "canceled")
