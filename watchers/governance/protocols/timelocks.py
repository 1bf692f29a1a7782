"""Timelocks: what they pay out, what is queued, executed and cancelled, and how long they wait.

A timelock's own event holds the whole call, so an ERC-20 `transfer` or `transferFrom` in it, or coins sent along, is an
outflow without any `Transfer` log; a call that failed would have undone the event. Arbitrum's treasury wallets are paid
from by `transfer(address,address,uint256)`, the token first.
Source: Compound `Timelock.sol`; OpenZeppelin `TimelockController.sol`; Aave v2 `ExecutorWithTimelock.sol`, which does
not index `NewDelay`; ArbitrumFoundation/governance `FixedDelegateErc20Wallet.sol`.
Units: delays in seconds; coins in wei.
"""

from typing import Any, NamedTuple

import msgspec

from config.settings import ActName
from watchers.abi import decode_words, event, selector
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.errors import DecodeError
from watchers.governance.events import NATIVE, Act
from watchers.governance.hand import Hand
from watchers.governance.handing import act, change

_PAYS = {  # selector: argument types, and where token, payer, payee and amount stand (-1: the called contract)
    selector("transfer(address,uint256)"): (("address", "uint256"), -1, -1, 0, 1),
    selector("transferFrom(address,address,uint256)"): (("address", "address", "uint256"), -1, 0, 1, 2),
    selector("transfer(address,address,uint256)"): (("address", "address", "uint256"), 0, -1, 1, 2),
}


@event(
    "QueueTransaction(bytes32 indexed txHash, address indexed target, uint256 value, string signature, bytes data,"
    " uint256 eta)"
)
class QueueTransaction(msgspec.Struct, frozen=True, gc=False):
    """A call that waits until `eta`."""

    tx_hash: str
    target: str
    value: int
    signature: str
    data: bytes
    eta: int


@event(
    "ExecuteTransaction(bytes32 indexed txHash, address indexed target, uint256 value, string signature, bytes data,"
    " uint256 eta)"
)
class ExecuteTransaction(msgspec.Struct, frozen=True, gc=False):
    """A call that was made."""

    tx_hash: str
    target: str
    value: int
    signature: str
    data: bytes
    eta: int


@event(
    "CancelTransaction(bytes32 indexed txHash, address indexed target, uint256 value, string signature, bytes data,"
    " uint256 eta)"
)
class CancelTransaction(msgspec.Struct, frozen=True, gc=False):
    """A call that will not be made."""

    tx_hash: str
    target: str
    value: int
    signature: str
    data: bytes
    eta: int


@event(
    "CallScheduled(bytes32 indexed id, uint256 indexed index, address target, uint256 value, bytes data,"
    " bytes32 predecessor, uint256 delay)"
)
class CallScheduled(msgspec.Struct, frozen=True, gc=False):
    """One call of an operation that waits for `delay`."""

    id: str
    index: int
    target: str
    value: int
    data: bytes
    predecessor: str
    delay: int


@event("CallExecuted(bytes32 indexed id, uint256 indexed index, address target, uint256 value, bytes data)")
class CallExecuted(msgspec.Struct, frozen=True, gc=False):
    """One call of an operation that was made."""

    id: str
    index: int
    target: str
    value: int
    data: bytes


@event("Cancelled(bytes32 indexed id)")
class Cancelled(msgspec.Struct, frozen=True, gc=False):
    """An operation that will not be made."""

    id: str


@event("MinDelayChange(uint256 oldDuration, uint256 newDuration)")
class MinDelayChange(msgspec.Struct, frozen=True, gc=False):
    """How long OpenZeppelin's timelock waits at the least."""

    old_duration: int
    new_duration: int


@event("NewDelay(uint256 indexed newDelay)")
class NewDelay(msgspec.Struct, frozen=True, gc=False):
    """How long Compound's waits."""

    new_delay: int


@event("NewDelay(uint256 newDelay)")
class PlainNewDelay(msgspec.Struct, frozen=True, gc=False):
    """The same of Aave v2."""

    new_delay: int


protocol = Hand("timelocks")
_WAIT = "how long a decision waits"
protocol.on(MinDelayChange)(
    change(protocol, "delay_changed", detail=_WAIT, unit="seconds", was="old_duration", now="new_duration")
)
protocol.on(NewDelay)(change(protocol, "delay_changed", detail=_WAIT, unit="seconds", now="new_delay"))
protocol.on(PlainNewDelay)(change(protocol, "delay_changed", detail=_WAIT, unit="seconds", now="new_delay"))


class Paid(NamedTuple):
    """What a call pays."""

    token: str
    payer: str
    payee: str
    amount_raw: int


def paid(timelock: str, target: str, value_wei: int, selector_: str, arguments: bytes) -> Paid | None:
    """Read a payment out of a call; None: it is none of the known forms. Coins go before tokens."""
    if value_wei:
        return Paid(NATIVE, timelock, target, value_wei)
    known = _PAYS.get(selector_)
    if known is None:
        return None
    types, token, payer, payee, amount = known
    try:
        words = decode_words(types, arguments)
    except DecodeError:
        return None
    named: list[Any] = [word.lower() if isinstance(word, str) else word for word in words]
    # a wallet that pays for the timelock is called with the token; an ERC-20 is called itself
    by_default = timelock if token == -1 else target
    whose = named[payer] if payer >= 0 else by_default
    return Paid(named[token] if token >= 0 else target, whose, named[payee], named[amount])


def _called(signature: str, data: bytes) -> tuple[str, bytes]:
    """Give selector and arguments of Compound's form, in which the signature stands apart where there is one."""
    return (selector(signature), data) if signature else ("0x" + data[:4].hex(), data[4:])


def _step(log: Log, around: Around, name: ActName, target: str, function: str) -> Act:
    return act(protocol, log, around, name, whom=target, detail=function[:160] or "no function: coins alone")


def _made(log: Log, around: Around, target: str, value: int, selector_: str, arguments: bytes, shown: str) -> Act:
    found = paid(log.address, target, value, selector_, arguments)
    if found is None:
        return _step(log, around, "executed", target, shown)
    payee = found.payee
    told = {"who": found.payer, "whom": payee, "token": found.token, "amount_raw": found.amount_raw}
    return act(protocol, log, around, "outflow", **told, detail=shown[:160])


@protocol.on(ExecuteTransaction)
def _executed(log: Log, shape: ExecuteTransaction, around: Around) -> Act:
    selector_, arguments = _called(shape.signature, shape.data)
    return _made(log, around, shape.target, shape.value, selector_, arguments, shape.signature or _selector(shape.data))


@protocol.on(CallExecuted)
def _call_executed(log: Log, shape: CallExecuted, around: Around) -> Act:
    selector_, arguments = _called("", shape.data)
    return _made(log, around, shape.target, shape.value, selector_, arguments, _selector(shape.data))


def _selector(data: bytes) -> str:
    found = "0x" + data[:4].hex() if data else ""
    return "transfer" if found in _PAYS else found


@protocol.on(QueueTransaction)
def _queued(log: Log, shape: QueueTransaction, around: Around) -> Act:
    return _step(log, around, "queued", shape.target, shape.signature or _selector(shape.data))


@protocol.on(CancelTransaction)
def _cancelled_call(log: Log, shape: CancelTransaction, around: Around) -> Act:
    return _step(log, around, "cancelled", shape.target, shape.signature or _selector(shape.data))


@protocol.on(CallScheduled)
def _scheduled(log: Log, shape: CallScheduled, around: Around) -> Act:
    return _step(log, around, "queued", shape.target, _selector(shape.data))


@protocol.on(Cancelled)
def _cancelled(log: Log, shape: Cancelled, around: Around) -> Act:
    return act(protocol, log, around, "cancelled", detail=f"operation {shape.id}")
