"""Who controls a Safe: its owners, how many must sign, the modules and guards that act beside them.

Source: safe-deployments, ABIs of 1.0.0 to 1.5.0. Up to 1.3.0 nothing is indexed, from 1.4.1 the first parameter is.
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


class _One(msgspec.Struct, frozen=True, gc=False):
    """The address that it is about."""

    whom: str


@event("AddedOwner(address whom)")
class AddedOwner(_One, frozen=True, gc=False):
    """One more may sign."""


@event("AddedOwner(address indexed whom)")
class IndexedAddedOwner(_One, frozen=True, gc=False):
    """The same from 1.4.1 on."""


@event("RemovedOwner(address whom)")
class RemovedOwner(_One, frozen=True, gc=False):
    """One may sign no more."""


@event("RemovedOwner(address indexed whom)")
class IndexedRemovedOwner(_One, frozen=True, gc=False):
    """The same from 1.4.1 on."""


@event("EnabledModule(address whom)")
class EnabledModule(_One, frozen=True, gc=False):
    """A contract that may move everything without a signature."""


@event("EnabledModule(address indexed whom)")
class IndexedEnabledModule(_One, frozen=True, gc=False):
    """The same from 1.4.1 on."""


@event("DisabledModule(address whom)")
class DisabledModule(_One, frozen=True, gc=False):
    """A contract that may no longer."""


@event("DisabledModule(address indexed whom)")
class IndexedDisabledModule(_One, frozen=True, gc=False):
    """The same from 1.4.1 on."""


@event("ChangedGuard(address whom)")
class ChangedGuard(_One, frozen=True, gc=False):
    """A contract that may refuse transactions; nobody: none."""


@event("ChangedGuard(address indexed whom)")
class IndexedChangedGuard(_One, frozen=True, gc=False):
    """The same from 1.4.1 on."""


@event("ChangedMasterCopy(address whom)")
class ChangedMasterCopy(_One, frozen=True, gc=False):
    """New code, of the oldest Safes."""


@event("ChangedThreshold(uint256 threshold)")
class ChangedThreshold(msgspec.Struct, frozen=True, gc=False):
    """How many must sign."""

    threshold: int


protocol = Hand("safe_control")


def _about(name: ActName, detail: str) -> Any:
    def handle(log: Log, shape: _One, around: Around) -> Act:
        return act(protocol, log, around, name, whom=shape.whom, detail=detail)

    return handle


_ABOUT: tuple[tuple[type, type, ActName, str], ...] = (
    (AddedOwner, IndexedAddedOwner, "council_changed", "one more may sign"),
    (RemovedOwner, IndexedRemovedOwner, "council_changed", "may no longer sign"),
    (EnabledModule, IndexedEnabledModule, "module_changed", "may act without signatures"),
    (DisabledModule, IndexedDisabledModule, "module_changed", "may no longer act without signatures"),
    (ChangedGuard, IndexedChangedGuard, "module_changed", "may refuse transactions"),
)
for _plain, _indexed, _name, _detail in _ABOUT:
    protocol.on(_plain)(_about(_name, _detail))
    protocol.on(_indexed)(_about(_name, _detail))


@protocol.on(ChangedMasterCopy)
def _code(log: Log, shape: ChangedMasterCopy, around: Around) -> Act:
    return act(protocol, log, around, "upgrade", after=shape.whom)


@protocol.on(ChangedThreshold)
def _threshold(log: Log, shape: ChangedThreshold, around: Around) -> Act:
    after = str(shape.threshold)
    return act(protocol, log, around, "threshold_changed", after=after, detail="how many must sign")
