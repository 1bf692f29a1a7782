"""Arbitrum's rollup: who posts batches and orders transactions, what was run with all power, who sits on the council.

The security council is changed on Arbitrum's manager first and days later in each Safe, which `safe_control` tells.
Source: OffchainLabs/nitro-contracts `ISequencerInbox.sol`; OffchainLabs/upgrade-executor `UpgradeExecutor.sol`;
ArbitrumFoundation/governance `SecurityCouncilManager.sol`. Older inboxes say `OwnerFunctionCalled` and no more.
"""

from typing import Any

import msgspec

from config.settings import ActName
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.hand import Hand
from watchers.governance.handing import act

_COHORTS = ("first", "second")
_OWNER_CALLS: dict[int, tuple[ActName, str]] = {
    0: ("delay_changed", "how late a batch may come"),
    1: ("sequencer_changed", "who posts batches"),
    4: ("sequencer_changed", "who orders transactions"),
    5: ("sequencer_changed", "who names and dismisses those who post batches"),
}


@event("UpgradeExecuted(address indexed upgrade, uint256 value, bytes data)")
class UpgradeExecuted(msgspec.Struct, frozen=True, gc=False):
    """A contract's code was run in the executor's place, which owns everything."""

    upgrade: str
    value: int
    data: bytes


@event("TargetCallExecuted(address indexed target, uint256 value, bytes data)")
class TargetCallExecuted(msgspec.Struct, frozen=True, gc=False):
    """The executor called a contract."""

    target: str
    value: int
    data: bytes


@event("BatchPosterSet(address whom, bool isSo)")
class BatchPosterSet(msgspec.Struct, frozen=True, gc=False):
    """Who may post batches."""

    whom: str
    is_so: bool


@event("SequencerSet(address whom, bool isSo)")
class SequencerSet(msgspec.Struct, frozen=True, gc=False):
    """Who may order transactions."""

    whom: str
    is_so: bool


@event("BatchPosterManagerSet(address whom)")
class BatchPosterManagerSet(msgspec.Struct, frozen=True, gc=False):
    """Who may name and dismiss both."""

    whom: str


@event("OwnerFunctionCalled(uint256 indexed id)")
class OwnerFunctionCalled(msgspec.Struct, frozen=True, gc=False):
    """Something was set; newer inboxes say what in an event before it."""

    id: int


@event("CohortReplaced(address[] newCohort, uint8 indexed cohort)")
class CohortReplaced(msgspec.Struct, frozen=True):
    """Half of the council is new, by an election."""

    new_cohort: tuple[str, ...]
    cohort: int


@event("MemberAdded(address indexed whom, uint8 indexed cohort)")
class MemberAdded(msgspec.Struct, frozen=True, gc=False):
    """One more member."""

    whom: str
    cohort: int


@event("MemberRemoved(address indexed whom, uint8 indexed cohort)")
class MemberRemoved(msgspec.Struct, frozen=True, gc=False):
    """One member less."""

    whom: str
    cohort: int


@event("MemberReplaced(address indexed before, address indexed after, uint8 cohort)")
class MemberReplaced(msgspec.Struct, frozen=True, gc=False):
    """Somebody else has a member's seat."""

    before: str
    after: str
    cohort: int


@event("MemberRotated(address indexed before, address indexed after, uint8 cohort)")
class MemberRotated(msgspec.Struct, frozen=True, gc=False):
    """The same member signs with another key."""

    before: str
    after: str
    cohort: int


@event("SecurityCouncilAdded(address indexed whom, address indexed updateAction, uint256 councils)")
class SecurityCouncilAdded(msgspec.Struct, frozen=True, gc=False):
    """A Safe whose owners follow the manager."""

    whom: str
    update_action: str
    councils: int


@event("SecurityCouncilRemoved(address indexed whom, address indexed updateAction, uint256 councils)")
class SecurityCouncilRemoved(msgspec.Struct, frozen=True, gc=False):
    """A Safe that follows it no more."""

    whom: str
    update_action: str
    councils: int


protocol = Hand("arbitrum_rollup")
_TYPED = (BatchPosterSet, SequencerSet, BatchPosterManagerSet)


@protocol.on(UpgradeExecuted)
def _upgraded(log: Log, shape: UpgradeExecuted, around: Around) -> Act:
    return act(protocol, log, around, "upgrade", whom=shape.upgrade, detail="its code was run with all power")


@protocol.on(TargetCallExecuted)
def _called(log: Log, shape: TargetCallExecuted, around: Around) -> Act:
    function = "0x" + shape.data[:4].hex() if shape.data else "no function: coins alone"
    return act(protocol, log, around, "executed", whom=shape.target, detail=function)


@protocol.on(BatchPosterSet)
def _poster(log: Log, shape: BatchPosterSet, around: Around) -> Act:
    detail = "may post batches" if shape.is_so else "may no longer post batches"
    return act(protocol, log, around, "sequencer_changed", whom=shape.whom, detail=detail)


@protocol.on(SequencerSet)
def _sequencer(log: Log, shape: SequencerSet, around: Around) -> Act:
    detail = "may order transactions" if shape.is_so else "may no longer order transactions"
    return act(protocol, log, around, "sequencer_changed", whom=shape.whom, detail=detail)


@protocol.on(BatchPosterManagerSet)
def _manager(log: Log, shape: BatchPosterManagerSet, around: Around) -> Act:
    detail = "may name and dismiss those who post batches"
    return act(protocol, log, around, "sequencer_changed", whom=shape.whom, detail=detail)


@protocol.on(OwnerFunctionCalled)
def _owner_called(log: Log, shape: OwnerFunctionCalled, around: Around) -> Act | None:
    known = _OWNER_CALLS.get(shape.id)
    if known is None or any(around.just_before(log, typed) for typed in _TYPED):
        return None
    name, detail = known
    return act(protocol, log, around, name, detail=detail)


def _cohort(cohort: int) -> str:
    return f"{_COHORTS[cohort]} cohort" if cohort < len(_COHORTS) else f"cohort {cohort}"


@protocol.on(CohortReplaced)
def _replaced(log: Log, shape: CohortReplaced, around: Around) -> Act:
    detail = f"the {_cohort(shape.cohort)} is new, {len(shape.new_cohort)} members"
    return act(protocol, log, around, "council_changed", detail=detail)


def _one(word: str) -> Any:
    def handle(log: Log, shape: MemberAdded | MemberRemoved, around: Around) -> Act:
        detail = f"{word} {_cohort(shape.cohort)}"
        return act(protocol, log, around, "council_changed", whom=shape.whom, detail=detail)

    return handle


def _seat(word: str) -> Any:
    def handle(log: Log, shape: MemberReplaced | MemberRotated, around: Around) -> Act:
        told = {"before": shape.before, "after": shape.after, "detail": f"{word}, {_cohort(shape.cohort)}"}
        return act(protocol, log, around, "council_changed", **told)

    return handle


def _council(detail: str) -> Any:
    def handle(log: Log, shape: SecurityCouncilAdded | SecurityCouncilRemoved, around: Around) -> Act:
        return act(protocol, log, around, "council_changed", whom=shape.whom, detail=detail)

    return handle


protocol.on(MemberAdded)(_one("joins the"))
protocol.on(MemberRemoved)(_one("leaves the"))
protocol.on(MemberReplaced)(_seat("another member"))
protocol.on(MemberRotated)(_seat("a member's new key"))
protocol.on(SecurityCouncilAdded)(_council("a Safe whose owners follow the manager"))
protocol.on(SecurityCouncilRemoved)(_council("a Safe whose owners follow the manager no more"))
