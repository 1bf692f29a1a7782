"""OpenZeppelin Governor 4.x and 5.x, the default for every address that no other protocol claims.

Source: OpenZeppelin `IGovernor.sol`, `GovernorCountingFractional.sol`, `GovernorCountingOverridable.sol`,
`GovernorPreventLateQuorum.sol`, `GovernorSuperQuorum.sol`.
The topics are GovernorBravo's as well; daos.toml says which of the two an address is.
Units: weights are base units of the voting token.
"""

import msgspec

from config.settings import Dao
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around, Protocol, origin
from watchers.governance.asks import CountingMode, Counts, GovernorTimes, GovernorVotes, QuorumAt, Times
from watchers.governance.events import ProposalChange, Support, Vote
from watchers.governance.family import Family, Governor, Known, Look
from watchers.governance.getters import Number
from watchers.governance.rules import Majority, Rule, SuperQuorum
from watchers.governance.telling import BRAVO, cast, hexed, step
from watchers.wing import Taken

FRACTIONAL = 255
FRACTIONS = 48  # three packed uint128: against, for, abstain
_IN_ORDER: tuple[Support, ...] = ("for", "against", "abstain")  # of Counts


@event(
    "ProposalCreated(uint256 proposalId, address proposer, address[] targets, uint256[] values,"
    " string[] signatures, bytes[] calldatas, uint256 voteStart, uint256 voteEnd, string description)"
)
class ProposalCreated(msgspec.Struct, frozen=True, gc=False):
    """A proposal with all that it does."""

    proposal_id: int
    proposer: str
    targets: tuple[str, ...]
    values: tuple[int, ...]
    signatures: tuple[str, ...]
    calldatas: tuple[bytes, ...]
    vote_start: int
    vote_end: int
    description: str


@event("ProposalQueued(uint256 proposalId, uint256 etaSeconds)")
class ProposalQueued(msgspec.Struct, frozen=True, gc=False):
    """It waits in the timelock until `eta_seconds`."""

    proposal_id: int
    eta_seconds: int


@event("ProposalExecuted(uint256 proposalId)")
class ProposalExecuted(msgspec.Struct, frozen=True, gc=False):
    """Its calls were made."""

    proposal_id: int


@event("ProposalCanceled(uint256 proposalId)")
class ProposalCanceled(msgspec.Struct, frozen=True, gc=False):
    """It was withdrawn."""

    proposal_id: int


@event("ProposalExtended(uint256 indexed proposalId, uint64 extendedDeadline)")
class ProposalExtended(msgspec.Struct, frozen=True, gc=False):
    """The quorum came late, so that voting goes on until `extended_deadline`."""

    proposal_id: int
    extended_deadline: int


@event("VoteCast(address indexed voter, uint256 proposalId, uint8 support, uint256 weight, string reason)")
class VoteCast(msgspec.Struct, frozen=True, gc=False):
    """A vote."""

    voter: str
    proposal_id: int
    support: int
    weight: int
    reason: str


@event(
    "VoteCastWithParams(address indexed voter, uint256 proposalId, uint8 support, uint256 weight, string reason,"
    " bytes params)"
)
class VoteCastWithParams(msgspec.Struct, frozen=True, gc=False):
    """A vote with parameters, which a fractional governor reads as parts."""

    voter: str
    proposal_id: int
    support: int
    weight: int
    reason: str
    params: bytes


@event("OverrideVoteCast(address indexed voter, uint256 proposalId, uint8 support, uint256 weight, string reason)")
class OverrideVoteCast(msgspec.Struct, frozen=True, gc=False):
    """An owner's vote with its own balance, whatever its delegate says."""

    voter: str
    proposal_id: int
    support: int
    weight: int
    reason: str


@event("VoteReduced(address indexed delegate, uint256 proposalId, uint8 support, uint256 weight)")
class VoteReduced(msgspec.Struct, frozen=True, gc=False):
    """What an owner's vote takes off its delegate's."""

    delegate: str
    proposal_id: int
    support: int
    weight: int


def sides(support: int, weight: int, params: bytes) -> tuple[Support, Counts]:
    """Say where a vote's weight goes. What no counting module would accept is "unknown" and counts nowhere.

    Parameters beside 0, 1 and 2 do not move weight (`GovernorCountingSimple` ignores them). Older fractional governors
    emit the voter's whole weight, newer ones the part that this call used: the parts are what was cast in both.
    """
    if support in BRAVO:
        name = BRAVO[support]
        return name, Counts(**{f"{name}_raw": weight})
    if support != FRACTIONAL or len(params) != FRACTIONS:
        return "unknown", Counts()
    against, in_favour, abstain = (int.from_bytes(params[at : at + 16]) for at in (0, 16, 32))
    parts = Counts(in_favour, against, abstain)
    if parts.cast_raw > weight:
        return "unknown", Counts()
    used = [name for name, raw in zip(_IN_ORDER, parts, strict=True) if raw]
    return used[0] if len(used) == 1 else "split", parts


def vote(
    log: Log, protocol: str, around: Around, shape: VoteCast | VoteCastWithParams, support: int | None = None
) -> Vote:
    """Turn either form of a vote into the wing's word; `support` in the place of the one that it says."""
    params = shape.params if isinstance(shape, VoteCastWithParams) else b""
    side, parts = sides(shape.support if support is None else support, shape.weight, params)
    return Vote(
        **origin(log, protocol, around),
        proposal_id=shape.proposal_id,
        voter=shape.voter,
        support=side,
        weight_raw=shape.weight if side == "unknown" else parts.cast_raw,
        for_raw=parts.for_raw,
        against_raw=parts.against_raw,
        abstain_raw=parts.abstain_raw,
        reason=shape.reason,
    )


def register_votes(protocol: Protocol) -> None:
    """Let a protocol speak `VoteCast` and the steps that every family shares."""
    name = protocol.name
    register_steps(protocol)

    @protocol.on(VoteCast)
    def voted(log: Log, shape: VoteCast, around: Around) -> Vote:
        return vote(log, name, around, shape)


def register_steps(protocol: Protocol) -> None:
    """Let a protocol speak of proposals that are queued, executed and cancelled."""
    name = protocol.name

    @protocol.on(ProposalQueued)
    def queued(log: Log, shape: ProposalQueued, around: Around) -> ProposalChange:
        return step(log, name, around, shape.proposal_id, "queued", eta_s=shape.eta_seconds)

    @protocol.on(ProposalExecuted)
    def executed(log: Log, shape: ProposalExecuted, around: Around) -> ProposalChange:
        return step(log, name, around, shape.proposal_id, "executed")

    @protocol.on(ProposalCanceled)
    def canceled(log: Log, shape: ProposalCanceled, around: Around) -> ProposalChange:
        return step(log, name, around, shape.proposal_id, "canceled")


def register_params(protocol: Protocol) -> None:
    """Let a protocol speak `VoteCastWithParams`."""
    name = protocol.name

    @protocol.on(VoteCastWithParams)
    def voted(log: Log, shape: VoteCastWithParams, around: Around) -> Vote:
        return vote(log, name, around, shape)


def register_creation(protocol: Protocol) -> None:
    """Let a protocol speak `ProposalCreated`."""
    name = protocol.name

    @protocol.on(ProposalCreated)
    def created(log: Log, shape: ProposalCreated, around: Around) -> ProposalChange:
        return ProposalChange(
            **origin(log, name, around),
            proposal_id=shape.proposal_id,
            change="created",
            proposer=shape.proposer,
            start_clock=shape.vote_start,
            end_clock=shape.vote_end,
            description=shape.description,
            targets=shape.targets,
            values_wei=shape.values,
            signatures=shape.signatures,
            calldatas=hexed(shape.calldatas),
        )


def register_extension(protocol: Protocol) -> None:
    """Let a protocol speak `ProposalExtended`."""
    name = protocol.name

    @protocol.on(ProposalExtended)
    def extended(log: Log, shape: ProposalExtended, around: Around) -> ProposalChange:
        return step(log, name, around, shape.proposal_id, "extended", end_clock=shape.extended_deadline)


def _super_quorum(look: Look, dao: Dao, _: int, times: Times | None) -> int | None:
    """Look for the super quorum at the snapshot; most governors have none and refuse the call."""
    return look(Number(dao.governor, "superQuorum(uint256)", (times.snapshot,))) if times is not None else None


def _rule(known: Known) -> Rule:
    majority = Majority(known.quorum_raw, known.counted)
    return majority if known.terms is None else SuperQuorum(majority, known.terms)


FAMILY = Family(
    times=GovernorTimes,
    votes=GovernorVotes,
    quorum=lambda governor, _, times: QuorumAt(governor, times.snapshot) if times else None,
    mode=CountingMode,
    rule=_rule,
    terms=_super_quorum,
)
protocol = Governor("oz_governor", FAMILY)
register_votes(protocol)
register_params(protocol)
register_creation(protocol)
register_extension(protocol)
protocol.witness(VoteReduced)


@protocol.on(OverrideVoteCast)
def _overrode(log: Log, shape: OverrideVoteCast, around: Around) -> Vote:
    """Give an owner's own vote. If its delegate had voted, `VoteReduced` right before says what it takes off."""
    off = around.just_before(log, VoteReduced)
    taken = None
    if off is not None and off.proposal_id == shape.proposal_id:
        taken = Taken(off.delegate, off.weight, BRAVO.get(off.support, ""))
    side = BRAVO.get(shape.support, "unknown")
    return cast(
        log,
        protocol.name,
        around,
        shape.proposal_id,
        shape.voter,
        side,
        shape.weight,
        reason=shape.reason,
        taken=taken,
    )
