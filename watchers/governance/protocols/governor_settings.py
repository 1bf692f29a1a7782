"""The rules by which a DAO votes, changed: quorum, thresholds, delays, periods, guardians, the timelock itself.

Source: OpenZeppelin `GovernorSettings.sol`, `GovernorVotesQuorumFraction.sol`, `GovernorVotesSuperQuorumFraction.sol`,
`GovernorPreventLateQuorum.sol`, `GovernorTimelockControl.sol`, `GovernorProposalGuardian.sol`; `CompoundGovernor.sol`.
Units: delays and periods in the governor's clock, thresholds and fixed quorums in base units of the voting token.
"""

import msgspec

from config.settings import ActName
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act, ActUnit
from watchers.governance.hand import Hand
from watchers.governance.handing import act, change


class _Two(msgspec.Struct, frozen=True, gc=False):
    """A number before and after."""

    was: int
    now: int


@event("QuorumNumeratorUpdated(uint256 was, uint256 now)")
class QuorumNumeratorUpdated(_Two, frozen=True, gc=False):
    """The share of the supply that makes a quorum, over the governor's denominator (100 unless it says otherwise)."""


@event("SuperQuorumNumeratorUpdated(uint256 was, uint256 now)")
class SuperQuorumNumeratorUpdated(_Two, frozen=True, gc=False):
    """The share with which a proposal passes before its end."""


@event("QuorumUpdated(uint256 was, uint256 now)")
class QuorumUpdated(_Two, frozen=True, gc=False):
    """A fixed quorum."""


@event("VotingDelaySet(uint256 was, uint256 now)")
class VotingDelaySet(_Two, frozen=True, gc=False):
    """How long before voting starts."""


@event("VotingPeriodSet(uint256 was, uint256 now)")
class VotingPeriodSet(_Two, frozen=True, gc=False):
    """How long voting lasts."""


@event("ProposalThresholdSet(uint256 was, uint256 now)")
class ProposalThresholdSet(_Two, frozen=True, gc=False):
    """What it takes to propose."""


@event("LateQuorumVoteExtensionSet(uint64 was, uint64 now)")
class LateQuorumVoteExtensionSet(_Two, frozen=True, gc=False):
    """How long voting goes on after a late quorum."""


@event("TimelockChange(address oldTimelock, address newTimelock)")
class TimelockChange(msgspec.Struct, frozen=True, gc=False):
    """Another contract carries out what is decided."""

    old_timelock: str
    new_timelock: str


@event("ProposalGuardianSet(address oldGuardian, address newGuardian)")
class ProposalGuardianSet(msgspec.Struct, frozen=True, gc=False):
    """Who may cancel any proposal."""

    old_guardian: str
    new_guardian: str


@event("ProposalGuardianSet(address oldGuardian, uint96 oldExpiry, address newGuardian, uint96 newExpiry)")
class ExpiringGuardianSet(msgspec.Struct, frozen=True, gc=False):
    """Compound's guardian, for a time."""

    old_guardian: str
    old_expiry: int
    new_guardian: str
    new_expiry: int


@event("WhitelistGuardianSet(address oldGuardian, address newGuardian)")
class WhitelistGuardianSet(msgspec.Struct, frozen=True, gc=False):
    """Who may let others propose below the threshold."""

    old_guardian: str
    new_guardian: str


@event("WhitelistAccountExpirationSet(address account, uint256 expiration)")
class WhitelistAccountExpirationSet(msgspec.Struct, frozen=True, gc=False):
    """Who may propose below the threshold, until when."""

    account: str
    expiration: int


protocol = Hand("governor_settings")
_NUMBERS: tuple[tuple[type, ActName, str, ActUnit], ...] = (
    (QuorumNumeratorUpdated, "quorum_changed", "quorum numerator", ""),
    (SuperQuorumNumeratorUpdated, "quorum_changed", "numerator of the quorum that ends voting early", ""),
    (QuorumUpdated, "quorum_changed", "quorum", "tokens"),
    (VotingDelaySet, "delay_changed", "wait before voting", "clock"),
    (VotingPeriodSet, "period_changed", "how long voting lasts", "clock"),
    (ProposalThresholdSet, "threshold_changed", "what it takes to propose", "tokens"),
    (LateQuorumVoteExtensionSet, "period_changed", "how long voting goes on after a late quorum", "clock"),
)
for _shape, _name, _detail, _unit in _NUMBERS:
    protocol.on(_shape)(change(protocol, _name, detail=_detail, unit=_unit, was="was", now="now"))
_GUARDIANS: tuple[tuple[type, str], ...] = (
    (ProposalGuardianSet, "who may cancel proposals"),
    (ExpiringGuardianSet, "who may cancel proposals"),
    (WhitelistGuardianSet, "who may let others propose below the threshold"),
)
for _shape, _detail in _GUARDIANS:
    protocol.on(_shape)(change(protocol, "council_changed", detail=_detail, was="old_guardian", now="new_guardian"))
protocol.on(TimelockChange)(
    change(protocol, "owner_changed", detail="who carries out what is decided", was="old_timelock", now="new_timelock")
)


@protocol.on(WhitelistAccountExpirationSet)
def _whitelisted(log: Log, shape: WhitelistAccountExpirationSet, around: Around) -> Act:
    detail = "may propose below the threshold" if shape.expiration else "may no longer propose below the threshold"
    return act(protocol, log, around, "council_changed", whom=shape.account, detail=detail)
