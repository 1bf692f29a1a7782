"""Azorius (Decent): the voting strategy of a Safe, `LinearERC20Voting`; the strategy is the governor of daos.toml.

Source: decentdao/decent-contracts `LinearERC20Voting.sol`, `BaseQuorumPercent.sol`, `BaseVotingBasisPercent.sol`. For
and Abstain count toward the quorum; For must be above a basis of For + Against. A basis of one half is a majority; with
any other the outcome is "unknown". Steps after voting are the Azorius module's, another contract.
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
from watchers.governance.rules import PPM, Majority, Rule, Unruled
from watchers.governance.telling import BRAVO, cast, step

NO, YES, ABSTAIN, START, END = range(5)
HALF = PPM // 2


@event("Voted(address voter, uint32 proposalId, uint8 voteType, uint256 weight)")
class Voted(msgspec.Struct, frozen=True, gc=False):
    """A vote."""

    voter: str
    proposal_id: int
    vote_type: int
    weight: int


@event("ProposalInitialized(uint32 proposalId, uint32 votingEndBlock)")
class ProposalInitialized(msgspec.Struct, frozen=True, gc=False):
    """Voting begins in this block."""

    proposal_id: int
    voting_end_block: int


def _proposal(strategy: str, proposal_id: int) -> Head:
    return Head(strategy, "getProposalVotes(uint32)", (proposal_id,), 5)


def _basis(look: Look, dao: Dao, _: int, __: Times | None) -> int | None:
    return look(Number(dao.governor, "basisNumerator()"))


def _rule(known: Known) -> Rule:
    rule = Majority if known.terms == HALF else Unruled
    return rule(known.quorum_raw, known.counted)


protocol = Governor(
    "azorius",
    Family(
        times=lambda strategy, proposal_id: HeadTimes(_proposal(strategy, proposal_id), START, END),
        votes=lambda strategy, proposal_id: HeadVotes(_proposal(strategy, proposal_id), YES, NO, ABSTAIN, alive=END),
        quorum=lambda strategy, proposal_id, _: Number(strategy, "quorumVotes(uint32)", (proposal_id,)),
        counted="for,abstain",
        rule=_rule,
        terms=_basis,
    ),
    rank=8,
)


@protocol.on(Voted)
def _cast(log: Log, shape: Voted, around: Around) -> Vote:
    side = BRAVO.get(shape.vote_type, "unknown")
    return cast(log, protocol.name, around, shape.proposal_id, shape.voter, side, shape.weight)


@protocol.on(ProposalInitialized)
def _created(log: Log, shape: ProposalInitialized, around: Around) -> ProposalChange:
    start, end = int(log.block_number, 16), shape.voting_end_block
    return step(log, protocol.name, around, shape.proposal_id, "created", start_clock=start, end_clock=end)
