"""Sky's chief: Maker's rules with typed events, which do not say who locked, freed or voted.

Source: makerdao/chief `Chief.sol`. It refuses a lift after a lock in the same transaction.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.chief import Chief, flash
from watchers.governance.events import Act
from watchers.governance.handing import act


@event("Lock(uint256 wad)")
class Lock(msgspec.Struct, frozen=True, gc=False):
    """Tokens are locked, and add to the vote that stands."""

    wad: int


@event("Free(uint256 wad)")
class Free(msgspec.Struct, frozen=True, gc=False):
    """Tokens are taken out again, with their approval."""

    wad: int


@event("Etch(bytes32 indexed slate, address[] yays)")
class ListedEtch(msgspec.Struct, frozen=True):
    """A slate is made known."""

    slate: str
    yays: tuple[str, ...]


@event("Vote(bytes32 indexed slate)")
class SlateVote(msgspec.Struct, frozen=True, gc=False):
    """All that somebody has locked approves of a slate."""

    slate: str


@event("Lift(address indexed whom)")
class Lift(msgspec.Struct, frozen=True, gc=False):
    """A new hat."""

    whom: str


@event("Launch()")
class Launch(msgspec.Struct, frozen=True, gc=False):
    """The hat holds power from here on."""


protocol = Chief("sky_chief")
protocol.witness(ListedEtch)


@protocol.on(Lock)
def _locked(log: Log, shape: Lock, around: Around) -> Act:
    return act(protocol, log, around, "lock", amount_raw=shape.wad)


@protocol.on(Free)
def _freed(log: Log, shape: Free, around: Around) -> Act:
    whom = flash(
        log,
        around,
        lambda seen: isinstance(seen, Lock),
        lambda seen: seen.whom if isinstance(seen, Lift) else "",
    )
    return act(protocol, log, around, "flash_lift" if whom else "free", whom=whom, amount_raw=shape.wad)


@protocol.on(SlateVote)
def _voted(log: Log, shape: SlateVote, around: Around) -> Act:
    etched = (
        seen.yays
        for before, seen in around.earlier()
        if before.address == log.address and isinstance(seen, ListedEtch) and seen.slate == shape.slate
    )
    yays = next(etched, None)
    if yays is None:
        return act(protocol, log, around, "approval", detail=f"slate {shape.slate}")
    detail = f"first of {len(yays)} candidates" if len(yays) > 1 else ""
    return act(protocol, log, around, "approval", whom=str(yays[0]).lower() if yays else "", detail=detail)


@protocol.on(Lift)
def _lifted(log: Log, shape: Lift, around: Around) -> Act:
    return act(protocol, log, around, "lift", after=shape.whom)


@protocol.on(Launch)
def _launched(log: Log, _: Launch, around: Around) -> Act:
    return act(protocol, log, around, "council_changed", detail="the hat holds power from here on")
