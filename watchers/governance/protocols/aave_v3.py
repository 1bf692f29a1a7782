"""Aave's third governance, its core on Ethereum: proposals live here, votes on the voting machines of three chains.

Source: bgd-labs/aave-governance-v3 `IGovernanceCore.sol`, `GovernanceCore.sol`. The result is bridged back and comes
some time after the vote's end: with `ProposalQueued` or `ProposalFailed`, which hold the final sums.
Units: times are seconds (`clock = "timestamp"`); thresholds are kept in whole tokens, of 18 decimals.
"""

from collections.abc import Sequence

import msgspec

from config.settings import Dao
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.facts import Answer, Ask, Call
from watchers.governance.asks import Times
from watchers.governance.events import ProposalChange
from watchers.governance.family import Family, Governor, Known, Look, no_supply
from watchers.governance.getters import Head, HeadVotes
from watchers.governance.rules import Rule, Unruled, YesThreshold
from watchers.governance.telling import IndexedProposalCanceled, IndexedProposalExecuted, step

STATE, LEVEL, DURATION, ACTIVATED, FOR, AGAINST = 1, 2, 4, 5, 12, 13  # word 0 is the struct's offset
YES, LEAD = 2, 3
WHOLE = 10**18


@event(
    "ProposalCreated(uint256 indexed proposalId, address indexed creator, uint8 indexed accessLevel, bytes32 ipfsHash)"
)
class CoreProposalCreated(msgspec.Struct, frozen=True, gc=False):
    """A proposal; voting begins after a cool-down, and what it says lies in IPFS."""

    proposal_id: int
    creator: str
    access_level: int
    ipfs_hash: str


@event("ProposalQueued(uint256 indexed proposalId, uint128 votesFor, uint128 votesAgainst)")
class CoreProposalQueued(msgspec.Struct, frozen=True, gc=False):
    """The result came back: it passed."""

    proposal_id: int
    votes_for: int
    votes_against: int


@event("ProposalFailed(uint256 indexed proposalId, uint128 votesFor, uint128 votesAgainst)")
class CoreProposalFailed(msgspec.Struct, frozen=True, gc=False):
    """The result came back: it did not pass."""

    proposal_id: int
    votes_for: int
    votes_against: int


@event("VotingActivated(uint256 indexed proposalId, bytes32 indexed snapshotBlockHash, uint24 votingDuration)")
class VotingActivated(msgspec.Struct, frozen=True, gc=False):
    """The cool-down is over: voting opens on a voting machine."""

    proposal_id: int
    snapshot_block_hash: str
    voting_duration: int


class Activated(Ask[Times], frozen=True):
    """When voting was activated and for how long; None before."""

    head: Head

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the getter."""
        return self.head.calls(block)

    def read(self, answers: Sequence[Answer]) -> Times | None:
        """Add the duration to the beginning."""
        found = self.head.read(answers)
        return Times(found[ACTIVATED], found[ACTIVATED] + found[DURATION]) if found and found[ACTIVATED] else None


def _proposal(core: str, proposal_id: int) -> Head:
    return Head(core, "getProposal(uint256)", (proposal_id,), 15)


def config(look: Look, core: str, proposal_id: int) -> tuple[int, ...] | None:
    """Look for the voting configuration of a proposal's access level."""
    head = look(_proposal(core, proposal_id))
    if head is None or not head[STATE] or head[LEVEL] >= 1 << 8:
        return None
    return look(Head(core, "getVotingConfig(uint8)", (head[LEVEL],), 5))


def by_threshold(known: Known) -> Rule:
    """Decide by the configuration, which voting chains other than Ethereum cannot read."""
    terms = known.terms
    return YesThreshold(terms[YES] * WHOLE, terms[LEAD] * WHOLE) if terms is not None else Unruled()


def _terms(look: Look, dao: Dao, proposal_id: int, _: Times | None) -> tuple[int, ...] | None:
    return config(look, dao.governor, proposal_id)


protocol = Governor(
    "aave_v3",
    Family(
        times=lambda core, proposal_id: Activated(_proposal(core, proposal_id)),
        votes=lambda core, proposal_id: HeadVotes(_proposal(core, proposal_id), FOR, AGAINST, alive=STATE),
        counted="for",
        rule=by_threshold,
        terms=_terms,
        supply=no_supply,
    ),
    rank=5,
)


@protocol.on(CoreProposalCreated)
def _created(log: Log, shape: CoreProposalCreated, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "created", proposer=shape.creator)


@protocol.on(VotingActivated)
def _activated(log: Log, shape: VotingActivated, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "activated")


@protocol.on(CoreProposalQueued)
def _queued(log: Log, shape: CoreProposalQueued, around: Around) -> ProposalChange:
    sums = (shape.votes_for, shape.votes_against, 0)
    return step(log, protocol.name, around, shape.proposal_id, "queued", final_raw=sums)


@protocol.on(CoreProposalFailed)
def _failed(log: Log, shape: CoreProposalFailed, around: Around) -> ProposalChange:
    sums = (shape.votes_for, shape.votes_against, 0)
    return step(log, protocol.name, around, shape.proposal_id, "defeated", final_raw=sums)


@protocol.on(IndexedProposalExecuted)
def _executed(log: Log, shape: IndexedProposalExecuted, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "executed")


@protocol.on(IndexedProposalCanceled)
def _canceled(log: Log, shape: IndexedProposalCanceled, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "canceled")
