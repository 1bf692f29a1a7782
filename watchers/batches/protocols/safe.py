"""Safes: what their owners or a module had them execute, as the Safe itself says.

1.4.1 and later index the hash; 1.0 knows only `ExecutionFailed` of its own transactions. The calls inside are learnt of
the transaction and its call tree.

Source: safe-deployments, ABIs of 1.0.0 to 1.5.0.
"""

from typing import Any

import msgspec

from watchers.abi import event
from watchers.batches.events import BatchResult
from watchers.chain.block import Log
from watchers.decode import Around, Protocol, origin

OWNERS, MODULE = "safe", "safe_module"


@event("ExecutionSuccess(bytes32 indexed txHash, uint256 payment)")
class ExecutionSuccess(msgspec.Struct, frozen=True, gc=False):
    """The owners' transaction did what it was to do."""

    tx_hash: str
    payment: int


@event("ExecutionSuccess(bytes32 txHash, uint256 payment)")
class PlainExecutionSuccess(msgspec.Struct, frozen=True, gc=False):
    """The same up to 1.3.0."""

    tx_hash: str
    payment: int


@event("ExecutionFailure(bytes32 indexed txHash, uint256 payment)")
class ExecutionFailure(msgspec.Struct, frozen=True, gc=False):
    """The owners' transaction failed inside a transaction that did not."""

    tx_hash: str
    payment: int


@event("ExecutionFailure(bytes32 txHash, uint256 payment)")
class PlainExecutionFailure(msgspec.Struct, frozen=True, gc=False):
    """The same up to 1.3.0."""

    tx_hash: str
    payment: int


@event("ExecutionFailed(bytes32 txHash)")
class ExecutionFailed(msgspec.Struct, frozen=True, gc=False):
    """The same of 1.0."""

    tx_hash: str


@event("ExecutionFromModuleSuccess(address indexed module)")
class ExecutionFromModuleSuccess(msgspec.Struct, frozen=True, gc=False):
    """A module had the Safe do something."""

    module: str


@event("ExecutionFromModuleSuccess(address module)")
class PlainExecutionFromModuleSuccess(msgspec.Struct, frozen=True, gc=False):
    """The same of the oldest."""

    module: str


@event("ExecutionFromModuleFailure(address indexed module)")
class ExecutionFromModuleFailure(msgspec.Struct, frozen=True, gc=False):
    """A module had the Safe try something, and it failed."""

    module: str


@event("ExecutionFromModuleFailure(address module)")
class PlainExecutionFromModuleFailure(msgspec.Struct, frozen=True, gc=False):
    """The same of the oldest."""

    module: str


protocol = Protocol("safe", watched=True)


def _executed(kind: str, *, success: bool) -> Any:
    def handle(log: Log, shape: Any, around: Around) -> BatchResult:
        return BatchResult(
            **origin(log, protocol.name, around),
            container=kind,
            container_id=shape.tx_hash if kind == OWNERS else log.transaction_hash,
            sender=log.address,
            success=success,
            outcome="unknown" if success else "reverted",
        )

    return handle


_SAID: tuple[tuple[type, str, bool], ...] = (
    (ExecutionSuccess, OWNERS, True),
    (PlainExecutionSuccess, OWNERS, True),
    (ExecutionFailure, OWNERS, False),
    (PlainExecutionFailure, OWNERS, False),
    (ExecutionFailed, OWNERS, False),
    (ExecutionFromModuleSuccess, MODULE, True),
    (PlainExecutionFromModuleSuccess, MODULE, True),
    (ExecutionFromModuleFailure, MODULE, False),
    (PlainExecutionFromModuleFailure, MODULE, False),
)
for _shape, _kind, _success in _SAID:
    protocol.on(_shape)(_executed(_kind, success=_success))
