"""The hand of a stablecoin's issuer: who is frozen, freed or has his funds destroyed, and when all of it stops.

Source: circlefin/stablecoin-evm `Blacklistable.sol`, `Pausable.sol`; Tether `TetherToken.sol` (`BlackList`,
`Pausable`), whose names are not indexed. What a frozen address held is asked at the block before.
Units: base units of the stablecoin.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.getters import Number
from watchers.governance.hand import Hand
from watchers.governance.handing import act


@event("Blacklisted(address indexed account)")
class Blacklisted(msgspec.Struct, frozen=True, gc=False):
    """USDC: frozen."""

    account: str


@event("UnBlacklisted(address indexed account)")
class UnBlacklisted(msgspec.Struct, frozen=True, gc=False):
    """USDC: freed."""

    account: str


@event("AddedBlackList(address user)")
class AddedBlackList(msgspec.Struct, frozen=True, gc=False):
    """USDT: frozen."""

    user: str


@event("AddedBlackList(address indexed user)")
class IndexedAddedBlackList(msgspec.Struct, frozen=True, gc=False):
    """The same of younger deployments."""

    user: str


@event("RemovedBlackList(address user)")
class RemovedBlackList(msgspec.Struct, frozen=True, gc=False):
    """USDT: freed."""

    user: str


@event("RemovedBlackList(address indexed user)")
class IndexedRemovedBlackList(msgspec.Struct, frozen=True, gc=False):
    """The same of younger deployments."""

    user: str


@event("DestroyedBlackFunds(address blackListedUser, uint256 balance)")
class DestroyedBlackFunds(msgspec.Struct, frozen=True, gc=False):
    """USDT: what a frozen address held is gone."""

    black_listed_user: str
    balance: int


@event("DestroyedBlackFunds(address indexed blackListedUser, uint256 balance)")
class IndexedDestroyedBlackFunds(msgspec.Struct, frozen=True, gc=False):
    """The same of younger deployments."""

    black_listed_user: str
    balance: int


@event("Pause()")
class Pause(msgspec.Struct, frozen=True, gc=False):
    """Nothing moves."""


@event("Unpause()")
class Unpause(msgspec.Struct, frozen=True, gc=False):
    """It moves again."""


def held(act: Act) -> Number:
    """Ask what an address held."""
    return Number(act.address, "balanceOf(address)", (act.whom,))


protocol = Hand("stablecoin_hand", amount=held)


@protocol.on(Blacklisted)
def _blacklisted(log: Log, shape: Blacklisted, around: Around) -> Act:
    return act(protocol, log, around, "frozen", whom=shape.account, token=log.address)


@protocol.on(UnBlacklisted)
def _unblacklisted(log: Log, shape: UnBlacklisted, around: Around) -> Act:
    return act(protocol, log, around, "unfrozen", whom=shape.account, token=log.address)


def _added(log: Log, shape: AddedBlackList | IndexedAddedBlackList, around: Around) -> Act:
    return act(protocol, log, around, "frozen", whom=shape.user, token=log.address)


def _removed(log: Log, shape: RemovedBlackList | IndexedRemovedBlackList, around: Around) -> Act:
    return act(protocol, log, around, "unfrozen", whom=shape.user, token=log.address)


def _destroyed(log: Log, shape: DestroyedBlackFunds | IndexedDestroyedBlackFunds, around: Around) -> Act:
    told = {"whom": shape.black_listed_user, "token": log.address, "amount_raw": shape.balance}
    return act(protocol, log, around, "destroyed", **told)


protocol.on(AddedBlackList)(_added)
protocol.on(IndexedAddedBlackList)(_added)
protocol.on(RemovedBlackList)(_removed)
protocol.on(IndexedRemovedBlackList)(_removed)
protocol.on(DestroyedBlackFunds)(_destroyed)
protocol.on(IndexedDestroyedBlackFunds)(_destroyed)


@protocol.on(Pause)
def _pause(log: Log, _: Pause, around: Around) -> Act:
    return act(protocol, log, around, "paused")


@protocol.on(Unpause)
def _unpause(log: Log, _: Unpause, around: Around) -> Act:
    return act(protocol, log, around, "unpaused")
