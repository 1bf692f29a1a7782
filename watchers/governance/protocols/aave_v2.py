"""Aave's governance of 2020 to 2023, and dYdX's: shares of the voting supply decide, not of the votes cast.

Source: aave/governance-v2 `AaveGovernanceV2.sol`, `ProposalValidator.sol`. A proposal names its executor, which holds
quorum and differential in 1/10,000 of the supply, and its strategy, which knows that supply at the start block.
"""

from typing import Any, NamedTuple

import msgspec

from config.settings import Dao
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.asks import Times
from watchers.governance.events import ProposalChange, Vote
from watchers.governance.family import Family, Governor, Known, Look
from watchers.governance.getters import Head, HeadTimes, HeadVotes, Number, address_of
from watchers.governance.protocols.oz_governor import ProposalCanceled
from watchers.governance.rules import Differential, Rule, Unruled
from watchers.governance.telling import cast, hexed, step, yes_or_no

EXECUTOR, START, END, FOR, AGAINST, STRATEGY = 3, 9, 10, 12, 13, 16  # word 0 is the struct's offset


@event(
    "ProposalCreated(uint256 id, address indexed creator, address indexed executor, address[] targets,"
    " uint256[] values, string[] signatures, bytes[] calldatas, bool[] withDelegatecalls, uint256 startBlock,"
    " uint256 endBlock, address strategy, bytes32 ipfsHash)"
)
class AaveProposalCreated(msgspec.Struct, frozen=True, gc=False):
    """A proposal; what it says lies in IPFS."""

    id: int
    creator: str
    executor: str
    targets: tuple[str, ...]
    values: tuple[int, ...]
    signatures: tuple[str, ...]
    calldatas: tuple[bytes, ...]
    with_delegatecalls: tuple[bool, ...]
    start_block: int
    end_block: int
    strategy: str
    ipfs_hash: str


@event("VoteEmitted(uint256 id, address indexed voter, bool support, uint256 votingPower)")
class VoteEmitted(msgspec.Struct, frozen=True, gc=False):
    """A vote. Aave's third governance has the same topic with three indexed parameters."""

    id: int
    voter: str
    support: bool
    voting_power: int


@event("ProposalQueued(uint256 id, uint256 executionTime, address indexed initiatorQueueing)")
class AaveProposalQueued(msgspec.Struct, frozen=True, gc=False):
    """It passed and waits until `execution_time`."""

    id: int
    execution_time: int
    initiator_queueing: str


@event("ProposalExecuted(uint256 id, address indexed initiatorExecution)")
class AaveProposalExecuted(msgspec.Struct, frozen=True, gc=False):
    """Its calls were made."""

    id: int
    initiator_execution: str


class Terms(NamedTuple):
    """What the executor wants of the strategy's supply."""

    supply_raw: int
    quorum_bps: int
    differential_bps: int


def _proposal(governor: str, proposal_id: int) -> Head:
    return Head(governor, "getProposalById(uint256)", (proposal_id,), 18)


def _terms(look: Look, dao: Dao, proposal_id: int, _: Times | None) -> Terms | None:
    head = look(_proposal(dao.governor, proposal_id))
    executor, strategy = (address_of(head[at]) for at in (EXECUTOR, STRATEGY)) if head else (None, None)
    if head is None or executor is None or strategy is None:
        return None
    supply = look(Number(strategy, "getTotalVotingSupplyAt(uint256)", (head[START],)))
    quorum = look(Number(executor, "MINIMUM_QUORUM()"))
    differential = look(Number(executor, "VOTE_DIFFERENTIAL()"))
    if supply is None or quorum is None or differential is None:
        return None
    return Terms(supply, quorum, differential)


def _supply(terms: Any) -> int | None:
    return terms.supply_raw if isinstance(terms, Terms) else None


def _rule(known: Known) -> Rule:
    return Differential(*known.terms) if known.terms is not None else Unruled()


protocol = Governor(
    "aave_v2",
    Family(
        times=lambda governor, proposal_id: HeadTimes(_proposal(governor, proposal_id), START, END),
        votes=lambda governor, proposal_id: HeadVotes(_proposal(governor, proposal_id), FOR, AGAINST, alive=END),
        counted="for",
        rule=_rule,
        terms=_terms,
        supply=_supply,
    ),
    rank=4,
)


@protocol.on(VoteEmitted)
def _cast(log: Log, shape: VoteEmitted, around: Around) -> Vote:
    return cast(log, protocol.name, around, shape.id, shape.voter, yes_or_no(shape.support), shape.voting_power)


@protocol.on(AaveProposalCreated)
def _created(log: Log, shape: AaveProposalCreated, around: Around) -> ProposalChange:
    return step(
        log,
        protocol.name,
        around,
        shape.id,
        "created",
        proposer=shape.creator,
        start_clock=shape.start_block,
        end_clock=shape.end_block,
        targets=shape.targets,
        values_wei=shape.values,
        signatures=shape.signatures,
        calldatas=hexed(shape.calldatas),
    )


@protocol.on(AaveProposalQueued)
def _queued(log: Log, shape: AaveProposalQueued, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.id, "queued", eta_s=shape.execution_time)


@protocol.on(AaveProposalExecuted)
def _executed(log: Log, shape: AaveProposalExecuted, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.id, "executed")


@protocol.on(ProposalCanceled)
def _canceled(log: Log, shape: ProposalCanceled, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "canceled")
