"""ERC-4337 EntryPoint 0.6 to 0.9: every user operation's result as the EntryPoint tells it.

The events are the same in every version and anybody can emit look-alikes: only the four canonical addresses count.
What belongs to an operation lies between the last `UserOperationEvent` or `BeforeExecution` of the same EntryPoint and
its own `UserOperationEvent`; other logs of the EntryPoint (a deposit) are no boundaries.

    success                                     success; partial when the account's own events name a failed call
    no success, PostOpRevertReason              postop_reverted: everything undone, the call's own error with it
    no success, UserOperationPrefundTooLow      prefund_too_low
    no success                                  reverted, with a reason when UserOperationRevertReason is there

Units: gas in gas, cost in wei.
Source: eth-infinitism/account-abstraction, IEntryPoint.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from watchers.abi import event
from watchers.batches.events import BatchResult, Outcome
from watchers.batches.protocols.accounts import failures
from watchers.chain.block import Log
from watchers.decode import Around, Protocol, Seen, origin
from watchers.revert import describe

VERSIONS = {
    "0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789": "0.6",
    "0x0000000071727de22e5e9d8baf0edac6f37da032": "0.7",
    "0x4337084d9e255ff0702461cf8895ce9e3b5ff108": "0.8",
    "0x433709009b8330fda32311df1c2afa402ed8d009": "0.9",
}
CONTAINER = "EntryPoint"
_NOBODY = "0x" + "0" * 40

protocol = Protocol("entrypoint", emitters=VERSIONS)


@event(
    "UserOperationEvent(bytes32 indexed userOpHash, address indexed sender, address indexed paymaster, uint256 nonce,"
    " bool success, uint256 actualGasCost, uint256 actualGasUsed)"
)
class UserOperationEvent(msgspec.Struct, frozen=True, gc=False):
    """The end of one operation."""

    user_op_hash: str
    sender: str
    paymaster: str
    nonce: int
    success: bool
    actual_gas_cost: int
    actual_gas_used: int


@event(
    "UserOperationRevertReason(bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason)"
)
class UserOperationRevertReason(msgspec.Struct, frozen=True, gc=False):
    """The account's call reverted with data, cut at 2048 bytes."""

    user_op_hash: str
    sender: str
    nonce: int
    revert_reason: bytes


@event("PostOpRevertReason(bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason)")
class PostOpRevertReason(msgspec.Struct, frozen=True, gc=False):
    """The paymaster's `postOp` reverted."""

    user_op_hash: str
    sender: str
    nonce: int
    revert_reason: bytes


@event("UserOperationPrefundTooLow(bytes32 indexed userOpHash, address indexed sender, uint256 nonce)")
class UserOperationPrefundTooLow(msgspec.Struct, frozen=True, gc=False):
    """The operation cost more than its prefund; all of that is charged."""

    user_op_hash: str
    sender: str
    nonce: int


@event("BeforeExecution()")
class BeforeExecution(msgspec.Struct, frozen=True, gc=False):
    """All operations of a bundle are validated; the first is executed next."""


@event("AccountDeployed(bytes32 indexed userOpHash, address indexed sender, address factory, address paymaster)")
class AccountDeployed(msgspec.Struct, frozen=True, gc=False):
    """An operation's account was created while it was validated."""

    user_op_hash: str
    sender: str
    factory: str
    paymaster: str


protocol.witness(
    UserOperationRevertReason, PostOpRevertReason, UserOperationPrefundTooLow, BeforeExecution, AccountDeployed
)


@protocol.on(UserOperationEvent)
def operation(log: Log, told: UserOperationEvent, around: Around) -> BatchResult:
    """Give the operation's result. `calls` holds only what the account's own events name as failed."""
    segment = _segment(log.address, around)
    outcome, reason = _outcome(told, (shape for by, shape in segment if by.address == log.address))
    failed = failures(segment, told.sender) if told.success else ()
    if failed:
        outcome, reason = "partial", failed[0].reason
    return BatchResult(
        **origin(log, protocol.name, around),
        container=CONTAINER,
        version=VERSIONS.get(log.address, ""),
        container_id=told.user_op_hash,
        sender=told.sender,
        paymaster="" if told.paymaster == _NOBODY else told.paymaster,
        nonce=told.nonce,
        success=told.success,
        outcome=outcome,
        reason=reason,
        gas_used=told.actual_gas_used,
        gas_cost_wei=told.actual_gas_cost,
        calls=failed,
    )


def _segment(entry_point: str, around: Around) -> list[Seen]:
    """Give the operation's own logs, in order."""
    found: list[Seen] = []
    for log, shape in around.earlier():
        if log.address == entry_point and isinstance(shape, UserOperationEvent | BeforeExecution):
            break
        found.append((log, shape))
    return found[::-1]


def _outcome(told: UserOperationEvent, shapes: Iterable[Any]) -> tuple[Outcome, str]:
    """Read the reason events of this very operation; the last one wins, since `postOp` undoes what came before."""
    if told.success:
        return "success", ""
    outcome: Outcome = "reverted"
    reason = ""
    for shape in shapes:
        if getattr(shape, "user_op_hash", None) != told.user_op_hash:
            continue
        if isinstance(shape, PostOpRevertReason):
            outcome, reason = "postop_reverted", describe(shape.revert_reason)
        elif isinstance(shape, UserOperationPrefundTooLow):
            outcome = "prefund_too_low"
        elif isinstance(shape, UserOperationRevertReason):
            reason = describe(shape.revert_reason)
    return outcome, reason
