"""Nouns DAO, its early cousins and its forks: Governor Bravo's words, and a quorum that grows with the votes against.

Source: nounsDAO/nouns-monorepo `NounsDAODynamicQuorum.sol`, `NounsDAOVotes.sol`, `NounsDAOInterfaces.sol`
(`ProposalCondensedV2`), `NounsDAOEventsFork.sol`. Proposals of the first version, and of forks, carry a fixed quorum.
`VoteCastWithClientId`, `RefundableVote` and `ProposalCreatedWithRequirements` repeat what `VoteCast` and
`ProposalCreated` of the same transaction say, so they are not read: a vote would count twice.
Units: 1 token is 1 vote (`decimals = 0`).
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
from watchers.governance.getters import Head, HeadTimes, HeadVotes
from watchers.governance.protocols.oz_governor import register_creation, register_votes
from watchers.governance.rules import DynamicQuorum, Majority, Rule, Unruled
from watchers.governance.telling import BRAVO, IndexedProposalCanceled, IndexedProposalExecuted, cast, hexed, step

FIXED, START, END, FOR, AGAINST, ABSTAIN = 3, 5, 6, 7, 8, 9
SUPPLY, CREATED = 13, 14  # from the second version on


@event("VoteCast(address indexed voter, uint256 indexed proposalId, uint8 support, uint256 votes, string reason)")
class ForkVoteCast(msgspec.Struct, frozen=True, gc=False):
    """A vote in a fork: `VoteCast` of every Bravo, but with the proposal indexed."""

    voter: str
    proposal_id: int
    support: int
    votes: int
    reason: str


@event(
    "ProposalCreated(uint256 indexed id, address indexed proposer, address[] targets, uint256[] values,"
    " string[] signatures, bytes[] calldatas, uint256 startBlock, uint256 endBlock, string description)"
)
class ForkProposalCreated(msgspec.Struct, frozen=True, gc=False):
    """A proposal in a fork."""

    id: int
    proposer: str
    targets: tuple[str, ...]
    values: tuple[int, ...]
    signatures: tuple[str, ...]
    calldatas: tuple[bytes, ...]
    start_block: int
    end_block: int
    description: str


@event("ProposalQueued(uint256 indexed id, uint256 eta)")
class ForkProposalQueued(msgspec.Struct, frozen=True, gc=False):
    """It waits in a fork's executor until `eta`."""

    id: int
    eta: int


@event("ProposalObjectionPeriodSet(uint256 indexed id, uint256 objectionPeriodEndBlock)")
class ProposalObjectionPeriodSet(msgspec.Struct, frozen=True, gc=False):
    """A late For turned the outcome: until `objection_period_end_block` one may still vote Against."""

    id: int
    objection_period_end_block: int


@event("ProposalVetoed(uint256 id)")
class ProposalVetoed(msgspec.Struct, frozen=True, gc=False):
    """The vetoer stopped it."""

    id: int


class Terms(NamedTuple):
    """A proposal's quorum: fixed, or made of the supply and the parameters at its creation."""

    fixed_raw: int | None
    supply_raw: int | None = None
    parameters: tuple[int, ...] | None = None


def _proposal(governor: str, proposal_id: int, count: int) -> Head:
    return Head(governor, "proposals(uint256)", (proposal_id,), count)


def _terms(look: Look, dao: Dao, proposal_id: int, _: Times | None) -> Terms | None:
    short = look(_proposal(dao.governor, proposal_id, 10))
    whole = look(_proposal(dao.governor, proposal_id, 15))
    if short is None or not short[END]:
        return None
    if whole is None or not whole[SUPPLY]:
        return Terms(short[FIXED])
    parameters = look(Head(dao.governor, "getDynamicQuorumParamsAt(uint256)", (whole[CREATED],), 3))
    return Terms(None, whole[SUPPLY], parameters)


def _supply(terms: Any) -> int | None:
    return terms.supply_raw if isinstance(terms, Terms) else None


def _rule(known: Known) -> Rule:
    terms = known.terms
    if terms is None:
        return Unruled()
    if terms.fixed_raw is not None:
        return Majority(terms.fixed_raw, known.counted)
    return DynamicQuorum(terms.supply_raw, *terms.parameters) if terms.parameters is not None else Unruled()


protocol = Governor(
    "nouns",
    Family(
        times=lambda governor, proposal_id: HeadTimes(_proposal(governor, proposal_id, 10), START, END),
        votes=lambda governor, proposal_id: HeadVotes(
            _proposal(governor, proposal_id, 10), FOR, AGAINST, ABSTAIN, alive=END
        ),
        counted="for",
        rule=_rule,
        terms=_terms,
        supply=_supply,
    ),
    rank=3,
)
register_votes(protocol)
register_creation(protocol)


@protocol.on(ForkVoteCast)
def _cast(log: Log, shape: ForkVoteCast, around: Around) -> Vote:
    side = BRAVO.get(shape.support, "unknown")
    return cast(log, protocol.name, around, shape.proposal_id, shape.voter, side, shape.votes, reason=shape.reason)


@protocol.on(ForkProposalCreated)
def _created(log: Log, shape: ForkProposalCreated, around: Around) -> ProposalChange:
    return step(
        log,
        protocol.name,
        around,
        shape.id,
        "created",
        proposer=shape.proposer,
        start_clock=shape.start_block,
        end_clock=shape.end_block,
        description=shape.description,
        targets=shape.targets,
        values_wei=shape.values,
        signatures=shape.signatures,
        calldatas=hexed(shape.calldatas),
    )


@protocol.on(ForkProposalQueued)
def _queued(log: Log, shape: ForkProposalQueued, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.id, "queued", eta_s=shape.eta)


@protocol.on(IndexedProposalExecuted)
def _executed(log: Log, shape: IndexedProposalExecuted, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "executed")


@protocol.on(IndexedProposalCanceled)
def _canceled(log: Log, shape: IndexedProposalCanceled, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.proposal_id, "canceled")


@protocol.on(ProposalObjectionPeriodSet)
def _extended(log: Log, shape: ProposalObjectionPeriodSet, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.id, "extended", end_clock=shape.objection_period_end_block)


@protocol.on(ProposalVetoed)
def _vetoed(log: Log, shape: ProposalVetoed, around: Around) -> ProposalChange:
    return step(log, protocol.name, around, shape.id, "vetoed")
