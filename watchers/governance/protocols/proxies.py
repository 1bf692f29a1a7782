"""Proxies: whose code runs behind an address.

Source: EIP-1967 (`Upgraded`, `AdminChanged`, `BeaconUpgraded`), Compound `GovernorBravoInterfaces.sol`
(`NewImplementation`, of Nouns as well), Nouns Builder proxies, which do not index `Upgraded`.
A new proxy says `Upgraded` of its first code, too.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.hand import Hand
from watchers.governance.handing import act, change


@event("Upgraded(address indexed implementation)")
class Upgraded(msgspec.Struct, frozen=True, gc=False):
    """New code."""

    implementation: str


@event("Upgraded(address implementation)")
class PlainUpgraded(msgspec.Struct, frozen=True, gc=False):
    """The same of proxies that do not index it."""

    implementation: str


@event("NewImplementation(address oldImplementation, address newImplementation)")
class NewImplementation(msgspec.Struct, frozen=True, gc=False):
    """New code behind a Bravo-like governor."""

    old_implementation: str
    new_implementation: str


@event("BeaconUpgraded(address indexed beacon)")
class BeaconUpgraded(msgspec.Struct, frozen=True, gc=False):
    """Another contract now says what code runs."""

    beacon: str


@event("BeaconUpgraded(address beacon)")
class PlainBeaconUpgraded(msgspec.Struct, frozen=True, gc=False):
    """The same, not indexed."""

    beacon: str


@event("AdminChanged(address previousAdmin, address newAdmin)")
class AdminChanged(msgspec.Struct, frozen=True, gc=False):
    """Who may replace the code."""

    previous_admin: str
    new_admin: str


protocol = Hand("proxies")
protocol.on(NewImplementation)(change(protocol, "upgrade", was="old_implementation", now="new_implementation"))
protocol.on(AdminChanged)(change(protocol, "admin_changed", was="previous_admin", now="new_admin"))


def _upgraded(log: Log, shape: Upgraded | PlainUpgraded, around: Around) -> Act:
    return act(protocol, log, around, "upgrade", after=shape.implementation)


def _beacon(log: Log, shape: BeaconUpgraded | PlainBeaconUpgraded, around: Around) -> Act:
    return act(protocol, log, around, "upgrade", after=shape.beacon, detail="a beacon names the code")


protocol.on(Upgraded)(_upgraded)
protocol.on(PlainUpgraded)(_upgraded)
protocol.on(BeaconUpgraded)(_beacon)
protocol.on(PlainBeaconUpgraded)(_beacon)
