"""Sablier: streams that insiders are paid by. Lockup 1.0 to 4.0 and Flow 1.0 to 3.0.

A withdrawal keeps its shape from Lockup 1.1 on, a creation changes with each release. Only linear streams tell their
creation here; dynamic and tranched ones are seen when they pay. A Flow stream is made without an amount.
Source: npm sablier 4.1.0, @sablier/lockup 4.0.1, @sablier/flow 3.0.1, @sablier/v2-core 1.2.0.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.getters import Head
from watchers.governance.hand import Hand
from watchers.governance.handing import act

_DEPOSIT_2 = 3  # where a 2.0 stream's parts hold (deposit, fee); from 3.0 on the deposit alone stands there
_RECIPIENT, _TOKEN, _FUNDER = 2, 4, 0


@event("WithdrawFromLockupStream(uint256 indexed streamId, address indexed to, address indexed token, uint128 amount)")
class WithdrawFromLockupStream(msgspec.Struct, frozen=True, gc=False):
    """Lockup 1.1 to 4.0 paid."""

    stream_id: int
    to: str
    token: str
    amount: int


@event("WithdrawFromLockupStream(uint256 indexed streamId, address indexed to, uint128 amount)")
class OldWithdraw(msgspec.Struct, frozen=True, gc=False):
    """Lockup 1.0 paid, in a token that it does not name."""

    stream_id: int
    to: str
    amount: int


@event(
    "CancelLockupStream(uint256 streamId, address indexed sender, address indexed recipient, address indexed token,"
    " uint128 senderAmount, uint128 recipientAmount)"
)
class CancelLockupStream(msgspec.Struct, frozen=True, gc=False):
    """Lockup 1.1 to 4.0: what was not yet earned goes back."""

    stream_id: int
    sender: str
    recipient: str
    token: str
    sender_amount: int
    recipient_amount: int


@event(
    "CancelLockupStream(uint256 indexed streamId, address indexed sender, address indexed recipient,"
    " uint128 senderAmount, uint128 recipientAmount)"
)
class OldCancel(msgspec.Struct, frozen=True, gc=False):
    """The same of 1.0."""

    stream_id: int
    sender: str
    recipient: str
    sender_amount: int
    recipient_amount: int


@event(
    "CreateLockupLinearStream(uint256 streamId, address funder, address indexed sender, address indexed recipient,"
    " (uint128,uint128,uint128) amounts, address indexed asset, bool cancelable, (uint40,uint40,uint40) range,"
    " address broker)"
)
class Created10(msgspec.Struct, frozen=True):
    """Lockup 1.0."""

    stream_id: int
    funder: str
    sender: str
    recipient: str
    amounts: tuple[int, ...]
    asset: str
    cancelable: bool
    range: tuple[int, ...]
    broker: str


@event(
    "CreateLockupLinearStream(uint256 streamId, address funder, address indexed sender, address indexed recipient,"
    " (uint128,uint128,uint128) amounts, address indexed asset, bool cancelable, bool transferable,"
    " (uint40,uint40,uint40) range, address broker)"
)
class Created11(msgspec.Struct, frozen=True):
    """Lockup 1.1."""

    stream_id: int
    funder: str
    sender: str
    recipient: str
    amounts: tuple[int, ...]
    asset: str
    cancelable: bool
    transferable: bool
    range: tuple[int, ...]
    broker: str


@event(
    "CreateLockupLinearStream(uint256 streamId, address funder, address indexed sender, address indexed recipient,"
    " (uint128,uint128) amounts, address indexed asset, bool cancelable, bool transferable,"
    " (uint40,uint40,uint40) timestamps, address broker)"
)
class Created12(msgspec.Struct, frozen=True):
    """Lockup 1.2."""

    stream_id: int
    funder: str
    sender: str
    recipient: str
    amounts: tuple[int, ...]
    asset: str
    cancelable: bool
    transferable: bool
    timestamps: tuple[int, ...]
    broker: str


@event(
    "CreateLockupLinearStream(uint256 indexed streamId,"
    " (address,address,address,(uint128,uint128),address,bool,bool,(uint40,uint40),string,address) commonParams,"
    " uint40 cliffTime, (uint128,uint128) unlockAmounts)"
)
class Created20(msgspec.Struct, frozen=True):
    """Lockup 2.0."""

    stream_id: int
    common_params: tuple[object, ...]
    cliff_time: int
    unlock_amounts: tuple[int, ...]


@event(
    "CreateLockupLinearStream(uint256 indexed streamId,"
    " (address,address,address,uint128,address,bool,bool,(uint40,uint40),string) commonParams,"
    " uint40 cliffTime, (uint128,uint128) unlockAmounts)"
)
class Created30(msgspec.Struct, frozen=True):
    """Lockup 3.0."""

    stream_id: int
    common_params: tuple[object, ...]
    cliff_time: int
    unlock_amounts: tuple[int, ...]


@event(
    "CreateLockupLinearStream(uint256 indexed streamId,"
    " (address,address,address,uint128,address,bool,bool,(uint40,uint40),string) commonParams,"
    " uint40 cliffTime, uint40 granularity, (uint128,uint128) unlockAmounts)"
)
class Created40(msgspec.Struct, frozen=True):
    """Lockup 4.0."""

    stream_id: int
    common_params: tuple[object, ...]
    cliff_time: int
    granularity: int
    unlock_amounts: tuple[int, ...]


@event(
    "WithdrawFromFlowStream(uint256 indexed streamId, address indexed to, address indexed token, address caller,"
    " uint128 withdrawAmount, uint128 protocolFeeAmount)"
)
class FeedWithdraw(msgspec.Struct, frozen=True, gc=False):
    """Flow 1.0 and 1.1 paid."""

    stream_id: int
    to: str
    token: str
    caller: str
    withdraw_amount: int
    protocol_fee_amount: int


@event(
    "WithdrawFromFlowStream(uint256 indexed streamId, address indexed to, address indexed token, address caller,"
    " uint128 withdrawAmount)"
)
class FlowWithdraw(msgspec.Struct, frozen=True, gc=False):
    """Flow 2.0 and 3.0 paid."""

    stream_id: int
    to: str
    token: str
    caller: str
    withdraw_amount: int


def _asset(act: Act) -> Head:
    return Head(act.address, "getAsset(uint256)", (act.item,))


protocol = Hand("sablier", token=_asset)


@protocol.on(WithdrawFromLockupStream)
def _paid(log: Log, shape: WithdrawFromLockupStream, around: Around) -> Act:
    told = {"whom": shape.to, "token": shape.token, "amount_raw": shape.amount, "item": shape.stream_id}
    return act(protocol, log, around, "release", **told)


@protocol.on(OldWithdraw)
def _paid_10(log: Log, shape: OldWithdraw, around: Around) -> Act:
    return act(protocol, log, around, "release", whom=shape.to, amount_raw=shape.amount, item=shape.stream_id)


def _cancelled(log: Log, shape: CancelLockupStream | OldCancel, around: Around) -> Act:
    token = shape.token if isinstance(shape, CancelLockupStream) else ""
    told = {"who": shape.sender, "whom": shape.recipient, "token": token, "item": shape.stream_id}
    return act(protocol, log, around, "stream_cancelled", **told, amount_raw=shape.sender_amount)


def _created(log: Log, shape: Created10 | Created11 | Created12, around: Around) -> Act:
    told = {"who": shape.funder, "whom": shape.recipient, "token": shape.asset, "item": shape.stream_id}
    return act(protocol, log, around, "stream", **told, amount_raw=shape.amounts[0])


def _created_since_2(log: Log, shape: Created20 | Created30 | Created40, around: Around) -> Act:
    parts = shape.common_params
    deposit = parts[_DEPOSIT_2]
    amount = deposit[0] if isinstance(deposit, tuple) else deposit
    who, whom, token = (str(parts[at]).lower() for at in (_FUNDER, _RECIPIENT, _TOKEN))
    told = {"who": who, "whom": whom, "token": token, "item": shape.stream_id}
    return act(protocol, log, around, "stream", **told, amount_raw=amount)


def _flowed(log: Log, shape: FeedWithdraw | FlowWithdraw, around: Around) -> Act:
    told = {"whom": shape.to, "token": shape.token, "amount_raw": shape.withdraw_amount, "item": shape.stream_id}
    return act(protocol, log, around, "release", **told)


protocol.on(CancelLockupStream)(_cancelled)
protocol.on(OldCancel)(_cancelled)
protocol.on(Created10)(_created)
protocol.on(Created11)(_created)
protocol.on(Created12)(_created)
protocol.on(Created20)(_created_since_2)
protocol.on(Created30)(_created_since_2)
protocol.on(Created40)(_created_since_2)
protocol.on(FeedWithdraw)(_flowed)
protocol.on(FlowWithdraw)(_flowed)
