"""OpenZeppelin Governor 4.x and 5.x, the default for every address that no other protocol claims.

Source: OpenZeppelin `IGovernor.sol`, `GovernorCountingFractional.sol`, `GovernorPreventLateQuorum.sol`,
`IGovernorTimelock.sol`. The topics are GovernorBravo's as well; daos.toml says which of the two an address is.
Units: weights are base units of the voting token.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around, Protocol, origin
from watchers.governance.asks import CountingMode, Counts, GovernorTimes, GovernorVotes, QuorumAt
from watchers.governance.events import Change, ProposalChange, Support, Vote
from watchers.governance.family import Family, Governor

FRACTIONAL = 255
FRACTIONS = 48  # three packed uint128: against, for, abstain
_SIDES: dict[int, Support] = {0: "against", 1: "for", 2: "abstain"}
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


def sides(support: int, weight: int, params: bytes) -> tuple[Support, Counts]:
    """Say where a vote's weight goes. What no counting module would accept is "unknown" and counts nowhere.

    Parameters beside 0, 1 and 2 do not move weight (`GovernorCountingSimple` ignores them). Older fractional governors
    emit the voter's whole weight, newer ones the part that this call used: the parts are what was cast in both.
    """
    if support in _SIDES:
        name = _SIDES[support]
        return name, Counts(**{f"{name}_raw": weight})
    if support != FRACTIONAL or len(params) != FRACTIONS:
        return "unknown", Counts()
    against, in_favour, abstain = (int.from_bytes(params[at : at + 16]) for at in (0, 16, 32))
    parts = Counts(in_favour, against, abstain)
    if parts.cast_raw > weight:
        return "unknown", Counts()
    used = [name for name, raw in zip(_IN_ORDER, parts, strict=True) if raw]
    return used[0] if len(used) == 1 else "split", parts


def vote(log: Log, protocol: str, around: Around, cast: VoteCast | VoteCastWithParams) -> Vote:
    """Turn either form of a vote into the wing's word."""
    support, parts = sides(cast.support, cast.weight, cast.params if isinstance(cast, VoteCastWithParams) else b"")
    return Vote(
        **origin(log, protocol, around),
        proposal_id=cast.proposal_id,
        voter=cast.voter,
        support=support,
        weight_raw=cast.weight if support == "unknown" else parts.cast_raw,
        for_raw=parts.for_raw,
        against_raw=parts.against_raw,
        abstain_raw=parts.abstain_raw,
        reason=cast.reason,
    )


def register_votes(protocol: Protocol) -> None:
    """Let a protocol speak `VoteCast` and the steps that every family shares: queued, executed, cancelled."""
    name = protocol.name

    @protocol.on(VoteCast)
    def cast(log: Log, shape: VoteCast, around: Around) -> Vote:
        return vote(log, name, around, shape)

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
    def cast(log: Log, shape: VoteCastWithParams, around: Around) -> Vote:
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
            calldatas=tuple("0x" + data.hex() for data in shape.calldatas),
        )


def step(
    log: Log, protocol: str, around: Around, proposal_id: int, change: Change, *, eta_s: int = 0, end_clock: int = 0
) -> ProposalChange:
    """Give a step after creation."""
    return ProposalChange(
        **origin(log, protocol, around), proposal_id=proposal_id, change=change, eta_s=eta_s, end_clock=end_clock
    )


protocol = Governor(
    "oz_governor",
    Family(
        times=GovernorTimes,
        votes=GovernorVotes,
        quorum=lambda governor, _, times: QuorumAt(governor, times.snapshot) if times else None,
        mode=CountingMode,
    ),
)
register_votes(protocol)
register_params(protocol)
register_creation(protocol)


@protocol.on(ProposalExtended)
def _extended(log: Log, shape: ProposalExtended, around: Around) -> ProposalChange:
    name, deadline = protocol.name, shape.extended_deadline
    return step(log, name, around, shape.proposal_id, "extended", end_clock=deadline)
