"""A voting machine of Aave's third governance, on Ethereum, Polygon or Avalanche: where a proposal's votes are cast.

Source: bgd-labs/aave-governance-v3 `IVotingMachineWithProofs.sol`. What a proposal needs stands in Ethereum's core; a
machine of another chain cannot be asked for it, so the outcome is "unknown" there until the core tells the result.
"""

import msgspec

from config.settings import Dao
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.asks import Times
from watchers.governance.events import ProposalChange, Vote
from watchers.governance.family import Family, Governor, Look, no_supply
from watchers.governance.getters import Head, HeadTimes, HeadVotes, Number, address_of
from watchers.governance.protocols.aave_v3 import by_threshold, config
from watchers.governance.telling import cast, step, yes_or_no

START, END, FOR, AGAINST = 2, 3, 5, 6


@event(
    "ProposalVoteStarted(uint256 indexed proposalId, bytes32 indexed l1BlockHash, uint256 startTime, uint256 endTime)"
)
class ProposalVoteStarted(msgspec.Struct, frozen=True, gc=False):
    """Voting begins on this chain."""

    proposal_id: int
    l1_block_hash: str
    start_time: int
    end_time: int


@event("VoteEmitted(uint256 indexed proposalId, address indexed voter, bool indexed support, uint256 votingPower)")
class MachineVoteEmitted(msgspec.Struct, frozen=True, gc=False):
    """A vote. Aave's second governance has the same topic with one indexed parameter."""

    proposal_id: int
    voter: str
    support: bool
    voting_power: int


@event("ProposalResultsSent(uint256 indexed proposalId, uint256 forVotes, uint256 againstVotes)")
class ProposalResultsSent(msgspec.Struct, frozen=True, gc=False):
    """Voting is over and the sums travel to Ethereum."""

    proposal_id: int
    for_votes: int
    against_votes: int


def _proposal(machine: str, proposal_id: int) -> Head:
    return Head(machine, "getProposalById(uint256)", (proposal_id,), 9)


def _terms(look: Look, dao: Dao, proposal_id: int, _: Times | None) -> tuple[int, ...] | None:
    core = address_of(look(Number(dao.governor, "GOVERNANCE()")) or 0)
    return config(look, core, proposal_id) if core is not None else None


protocol = Governor(
    "aave_v3_voting",
    Family(
        times=lambda machine, proposal_id: HeadTimes(_proposal(machine, proposal_id), START, END),
        votes=lambda machine, proposal_id: HeadVotes(_proposal(machine, proposal_id), FOR, AGAINST, alive=END),
        counted="for",
        rule=by_threshold,
        terms=_terms,
        supply=no_supply,
    ),
    rank=6,
)


@protocol.on(ProposalVoteStarted)
def _started(log: Log, shape: ProposalVoteStarted, around: Around) -> ProposalChange:
    start, end = shape.start_time, shape.end_time
    return step(log, protocol.name, around, shape.proposal_id, "created", start_clock=start, end_clock=end)


@protocol.on(MachineVoteEmitted)
def _cast(log: Log, shape: MachineVoteEmitted, around: Around) -> Vote:
    side = yes_or_no(shape.support)
    return cast(log, protocol.name, around, shape.proposal_id, shape.voter, side, shape.voting_power)


@protocol.on(ProposalResultsSent)
def _closed(log: Log, shape: ProposalResultsSent, around: Around) -> ProposalChange:
    sums = (shape.for_votes, shape.against_votes, 0)
    return step(log, protocol.name, around, shape.proposal_id, "closed", final_raw=sums)
