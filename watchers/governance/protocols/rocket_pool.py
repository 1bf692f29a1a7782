"""Rocket Pool's protocol DAO: node operators vote, and in a second phase an operator may override its delegate.

Source: rocket-pool/rocketpool `RocketDAOProtocolProposal.sol`. An override's event comes right before the vote's, and
does not tell which side the delegate is on. A veto is a vote against with consequences; once vetoes reach their quorum
the outcome is no longer the votes', and is "unknown" here.
Units: times are seconds (`clock = "timestamp"`).
"""

import msgspec

from config.settings import Dao
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.asks import Times
from watchers.governance.events import ProposalChange, Support, Vote
from watchers.governance.family import Family, Governor, Known, Look, no_supply
from watchers.governance.getters import Between, Number, Sides
from watchers.governance.rules import Majority, Rule, Unruled
from watchers.governance.telling import cast, step
from watchers.wing import Taken

DIRECTIONS: dict[int, Support] = {1: "abstain", 2: "for", 3: "against", 4: "against"}  # 4 is with veto


@event("ProposalAdded(address indexed proposer, uint256 indexed proposalID, bytes payload, uint256 time)")
class ProposalAdded(msgspec.Struct, frozen=True, gc=False):
    """A proposal."""

    proposer: str
    proposal_id: int
    payload: bytes
    time: int


@event(
    "ProposalVoted(uint256 indexed proposalID, address indexed voter, uint8 direction, uint256 votingPower,"
    " uint256 time)"
)
class ProposalVoted(msgspec.Struct, frozen=True, gc=False):
    """A vote."""

    proposal_id: int
    voter: str
    direction: int
    voting_power: int
    time: int


@event(
    "ProposalVoteOverridden(uint256 indexed proposalID, address indexed delegate, address indexed voter,"
    " uint256 votingPower, uint256 time)"
)
class ProposalVoteOverridden(msgspec.Struct, frozen=True, gc=False):
    """What the voter right after takes off its delegate's vote."""

    proposal_id: int
    delegate: str
    voter: str
    voting_power: int
    time: int


@event("ProposalExecuted(uint256 indexed proposalID, address indexed executer, uint256 time)")
class RocketProposalExecuted(msgspec.Struct, frozen=True, gc=False):
    """It was carried out."""

    proposal_id: int
    executer: str
    time: int


@event("ProposalFinalised(uint256 indexed proposalID, address indexed executer, uint256 time)")
class ProposalFinalised(msgspec.Struct, frozen=True, gc=False):
    """It was vetoed, and its maker's bond is burnt."""

    proposal_id: int
    executer: str
    time: int


@event("ProposalDestroyed(uint256 indexed proposalID, uint256 time)")
class ProposalDestroyed(msgspec.Struct, frozen=True, gc=False):
    """It was proven invalid."""

    proposal_id: int
    time: int


def _number(governor: str, getter: str, proposal_id: int) -> Number:
    return Number(governor, f"{getter}(uint256)", (proposal_id,))


def _times(governor: str, proposal_id: int) -> Between:
    return Between(_number(governor, "getStart", proposal_id), _number(governor, "getPhase2End", proposal_id))


def _votes(governor: str, proposal_id: int) -> Sides:
    on = [_number(governor, f"getVotingPower{side}", proposal_id) for side in ("For", "Against", "Abstained")]
    return Sides((on[0], on[1], on[2]))


def _vetoed(look: Look, dao: Dao, proposal_id: int, _: Times | None) -> bool | None:
    cast_raw = look(_number(dao.governor, "getVotingPowerVeto", proposal_id))
    least = look(_number(dao.governor, "getVetoQuorum", proposal_id))
    return None if cast_raw is None or least is None else cast_raw >= least


def _rule(known: Known) -> Rule:
    rule = Majority if known.terms is False else Unruled
    return rule(known.quorum_raw, known.counted)


protocol = Governor(
    "rocket_pool",
    Family(
        times=_times,
        votes=_votes,
        quorum=lambda governor, proposal_id, _: _number(governor, "getVotingPowerRequired", proposal_id),
        counted="for,against,abstain",
        rule=_rule,
        terms=_vetoed,
        supply=no_supply,
    ),
    rank=10,
)
protocol.witness(ProposalVoteOverridden)


@protocol.on(ProposalVoted)
def _cast(log: Log, shape: ProposalVoted, around: Around) -> Vote:
    off = around.just_before(log, ProposalVoteOverridden)
    taken = None
    if off is not None and (off.proposal_id, off.voter) == (shape.proposal_id, shape.voter):
        taken = Taken(off.delegate, off.voting_power)
    side = DIRECTIONS.get(shape.direction, "unknown")
    return cast(log, protocol.name, around, shape.proposal_id, shape.voter, side, shape.voting_power, taken=taken)


@protocol.on(ProposalAdded)
def _created(log: Log, shape: ProposalAdded, around: Around) -> ProposalChange:
    calldatas = ("0x" + shape.payload.hex(),)
    return step(log, protocol.name, around, shape.proposal_id, "created", proposer=shape.proposer, calldatas=calldatas)


@protocol.on(RocketProposalExecuted)
def _executed(log: Log, shape: RocketProposalExecuted, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "executed")


@protocol.on(ProposalFinalised)
def _finalised(log: Log, shape: ProposalFinalised, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "vetoed")


@protocol.on(ProposalDestroyed)
def _destroyed(log: Log, shape: ProposalDestroyed, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "canceled")
