"""Aragon OSx TokenVoting in its three modes: Standard, EarlyExecution, VoteReplacement.

Source: aragon/token-voting-plugin `MajorityVotingBase.sol`. A vote after a vote replaces it; in the modes that forbid
it there is none. Its creator may vote with its creation. Where the plugin wants a least approval, which a proposal does
not tell, the outcome is "unknown".
Units: ratios of 1e6; the window is in seconds (`clock = "timestamp"`), weight is as of the snapshot's block.
"""

from typing import Any, NamedTuple

import msgspec

from config.settings import Dao
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.asks import Times
from watchers.governance.events import ProposalChange, Support, Vote
from watchers.governance.family import Family, Governor, Known, Look
from watchers.governance.getters import BornHead, BornNumber, Head, HeadTimes, HeadVotes, Number
from watchers.governance.rules import EVERY_SIDE, Ratio, Rule, Unruled
from watchers.governance.telling import IndexedProposalExecuted, cast, hexed, step

MODE, SUPPORT, START, END, SNAPSHOT, MINIMUM, ABSTAIN, YES, NO = range(2, 11)
EARLY = 1  # VotingMode.EarlyExecution
OPTIONS: dict[int, Support] = {1: "abstain", 2: "for", 3: "against"}


@event("VoteCast(uint256 indexed proposalId, address indexed voter, uint8 voteOption, uint256 votingPower)")
class OsxVoteCast(msgspec.Struct, frozen=True, gc=False):
    """A vote, or a new one in its place."""

    proposal_id: int
    voter: str
    vote_option: int
    voting_power: int


@event(
    "ProposalCreated(uint256 indexed proposalId, address indexed creator, uint64 startDate, uint64 endDate,"
    " bytes metadata, (address,uint256,bytes)[] actions, uint256 allowFailureMap)"
)
class OsxProposalCreated(msgspec.Struct, frozen=True, gc=False):
    """A proposal; its metadata is usually a link into IPFS."""

    proposal_id: int
    creator: str
    start_date: int
    end_date: int
    metadata: bytes
    actions: tuple[tuple[str, int, bytes], ...]
    allow_failure_map: int


class Terms(NamedTuple):
    """A proposal's own parameters; `approval_ppm` is the plugin's."""

    head: tuple[int, ...]
    power_raw: int | None
    approval_ppm: int


def _proposal(governor: str, proposal_id: int) -> Head:
    return Head(governor, "getProposal(uint256)", (proposal_id,), 11)


def _terms(look: Look, dao: Dao, proposal_id: int, _: Times | None) -> Terms | None:
    head = look(BornHead(_proposal(dao.governor, proposal_id), alive=END))
    approval = look(Number(dao.governor, "minApproval()"))  # older plugins have none
    if head is None:
        return None
    power = look(BornNumber(Number(dao.governor, "totalVotingPower(uint256)", (head[SNAPSHOT],))))
    return Terms(head, power, approval or 0)


def _power(terms: Any) -> int | None:
    return terms.power_raw if isinstance(terms, Terms) else None


def _rule(known: Known) -> Rule:
    terms = known.terms
    if terms is None:
        return Unruled()
    head = terms.head
    if terms.approval_ppm:
        return Unruled(head[MINIMUM], EVERY_SIDE)
    return Ratio(head[MINIMUM], head[SUPPORT], terms.power_raw if head[MODE] == EARLY else None)


protocol = Governor(
    "osx_token_voting",
    Family(
        times=lambda governor, proposal_id: HeadTimes(_proposal(governor, proposal_id), START, END),
        votes=lambda governor, proposal_id: HeadVotes(_proposal(governor, proposal_id), YES, NO, ABSTAIN, alive=END),
        counted="for,against,abstain",
        rule=_rule,
        terms=_terms,
        supply=_power,
        born=True,
    ),
    rank=1,
)


@protocol.on(OsxVoteCast)
def _cast(log: Log, shape: OsxVoteCast, around: Around) -> Vote:
    side = OPTIONS.get(shape.vote_option, "unknown")
    return cast(log, protocol.name, around, shape.proposal_id, shape.voter, side, shape.voting_power, replaces=True)


@protocol.on(OsxProposalCreated)
def _created(log: Log, shape: OsxProposalCreated, around: Around) -> ProposalChange:
    targets, values, calldatas = zip(*shape.actions, strict=True) if shape.actions else ((), (), ())
    return step(
        log,
        protocol.name,
        around,
        shape.proposal_id,
        "created",
        proposer=shape.creator,
        start_clock=shape.start_date,
        end_clock=shape.end_date,
        description=shape.metadata.decode("utf-8", "replace"),
        targets=targets,
        values_wei=values,
        calldatas=hexed(calldatas),
    )


@protocol.on(IndexedProposalExecuted)
def _executed(log: Log, shape: IndexedProposalExecuted, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "executed")
