"""OP Stack chains, on Ethereum: who posts batches and signs blocks, who may stop withdrawals, what code proves them.

New code, owners and Safes of theirs are told by `proxies`, `access` and `safe_control`. Fees and gas limits, which are
set often, are left out, but for the operator's fee.
Source: ethereum-optimism/optimism, packages/contracts-bedrock: `SystemConfig.sol`, `SuperchainConfig.sol` (pauses carry
a text up to 1.x, an address from 2.0 on, which `access` reads), `AddressManager.sol`, `IDisputeGameFactory.sol`.
"""

import msgspec

from watchers.abi import decode_words, event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.hand import Hand
from watchers.governance.handing import act

_BATCHER, _UNSAFE_SIGNER, _OPERATOR_FEE = 0, 3, 5  # of SystemConfig's updates
_GUARDIAN = 0  # of SuperchainConfig's
_MOST = 120


@event("ConfigUpdate(uint256 indexed version, uint8 indexed update, bytes data)")
class SystemUpdate(msgspec.Struct, frozen=True, gc=False):
    """A chain's setting."""

    version: int
    update: int
    data: bytes


@event("ConfigUpdate(uint8 indexed update, bytes data)")
class SuperchainUpdate(msgspec.Struct, frozen=True, gc=False):
    """A setting of all chains that share a guardian."""

    update: int
    data: bytes


@event("Paused(string identifier)")
class NamedPaused(msgspec.Struct, frozen=True, gc=False):
    """No withdrawals, with a word about why."""

    identifier: str


@event("Unpaused()")
class PlainUnpaused(msgspec.Struct, frozen=True, gc=False):
    """Withdrawals again."""


@event("PauseExtended(address identifier)")
class PauseExtended(msgspec.Struct, frozen=True, gc=False):
    """A pause that would have ended goes on; the zero address stands for all chains."""

    identifier: str


@event("AddressSet(string indexed name, address newAddress, address oldAddress)")
class AddressSet(msgspec.Struct, frozen=True, gc=False):
    """Of the first proxies: another contract answers to a name."""

    name: str
    new_address: str
    old_address: str


@event("ImplementationSet(address indexed impl, uint32 indexed gameType)")
class ImplementationSet(msgspec.Struct, frozen=True, gc=False):
    """Other code decides which withdrawals are proven."""

    impl: str
    game_type: int


protocol = Hand("op_stack")


@protocol.on(SystemUpdate)
def _system(log: Log, shape: SystemUpdate, around: Around) -> Act | None:
    if shape.update == _BATCHER:
        detail = "posts batches"
    elif shape.update == _UNSAFE_SIGNER:
        detail = "signs blocks before they are on Ethereum"
    elif shape.update == _OPERATOR_FEE:
        return act(protocol, log, around, "fee_switch", detail="the operator's fee")
    else:
        return None
    return act(protocol, log, around, "sequencer_changed", after=_address(shape.data), detail=detail)


@protocol.on(SuperchainUpdate)
def _superchain(log: Log, shape: SuperchainUpdate, around: Around) -> Act:
    if shape.update != _GUARDIAN:
        detail = f"setting {shape.update} of who may stop withdrawals"
        return act(protocol, log, around, "council_changed", detail=detail)
    detail = "guardian: may stop withdrawals"
    return act(protocol, log, around, "council_changed", after=_address(shape.data), detail=detail)


@protocol.on(NamedPaused)
def _paused(log: Log, shape: NamedPaused, around: Around) -> Act:
    return act(protocol, log, around, "paused", detail=shape.identifier[:_MOST])


@protocol.on(PlainUnpaused)
def _unpaused(log: Log, _: PlainUnpaused, around: Around) -> Act:
    return act(protocol, log, around, "unpaused")


@protocol.on(PauseExtended)
def _extended(log: Log, shape: PauseExtended, around: Around) -> Act:
    whom = shape.identifier if int(shape.identifier, 16) else ""
    return act(protocol, log, around, "paused", whom=whom, detail="the pause goes on longer")


@protocol.on(AddressSet)
def _named(log: Log, shape: AddressSet, around: Around) -> Act:
    told = {"before": shape.old_address, "after": shape.new_address}
    return act(protocol, log, around, "upgrade", **told, detail="another contract answers to a name")


@protocol.on(ImplementationSet)
def _proof(log: Log, shape: ImplementationSet, around: Around) -> Act:
    detail = f"decides disputes of type {shape.game_type} over withdrawals"
    return act(protocol, log, around, "upgrade", after=shape.impl, detail=detail)


def _address(data: bytes) -> str:
    """Read the address in an update's data. Raises DecodeError."""
    return str(decode_words(("address",), data)[0]).lower()
