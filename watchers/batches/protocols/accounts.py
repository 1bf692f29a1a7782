"""Smart accounts: events by which an account itself says that a call of its batch failed while the batch went on.

They make no news alone; the EntryPoint's handler looks for them between the boundaries of an operation. Some carry the
failed call's index, some its calldata. That none is there proves nothing: several accounts fail silently.

Source: ERC-7579 reference account, Kernel v3, MetaMask Delegation Framework (index, bytes); Nexus (bytes, bytes);
OpenZeppelin ERC7579Utils; Safe7579; Ambire.
"""

from collections.abc import Iterable

import msgspec

from watchers.abi import event
from watchers.batches.events import Call
from watchers.decode import Protocol, Seen
from watchers.revert import describe

protocol = Protocol("accounts")


@event("TryExecuteUnsuccessful(uint256 index, bytes result)")
class TryExecuteUnsuccessful(msgspec.Struct, frozen=True, gc=False):
    """Call `index` of a batch failed with `result`."""

    index: int
    result: bytes


@event("TryExecuteUnsuccessful(bytes callData, bytes result)")
class NexusTryExecuteUnsuccessful(msgspec.Struct, frozen=True, gc=False):
    """The call with this calldata failed."""

    call_data: bytes
    result: bytes


@event("TryDelegateCallUnsuccessful(bytes callData, bytes result)")
class NexusTryDelegateCallUnsuccessful(msgspec.Struct, frozen=True, gc=False):
    """The delegate call with this calldata failed."""

    call_data: bytes
    result: bytes


@event("ERC7579TryExecuteFail(uint256 batchExecutionIndex, bytes returndata)")
class Erc7579TryExecuteFail(msgspec.Struct, frozen=True, gc=False):
    """OpenZeppelin's form."""

    batch_execution_index: int
    returndata: bytes


@event("TryExecutionFailed(address safe, uint256 numberInBatch)")
class TryExecutionFailed(msgspec.Struct, frozen=True, gc=False):
    """Safe7579's form; the adapter may speak in the Safe's name."""

    safe: str
    number_in_batch: int


@event("TryExecutionsFailed(address safe, bool[] success)")
class TryExecutionsFailed(msgspec.Struct, frozen=True):
    """Safe7579's form for a whole batch."""

    safe: str
    success: tuple[bool, ...]


@event("LogErr(address indexed to, uint256 value, bytes data, bytes returnData)")
class LogErr(msgspec.Struct, frozen=True, gc=False):
    """Ambire's `tryCatch` swallowed a failure."""

    to: str
    value: int
    data: bytes
    return_data: bytes


protocol.witness(
    TryExecuteUnsuccessful,
    NexusTryExecuteUnsuccessful,
    NexusTryDelegateCallUnsuccessful,
    Erc7579TryExecuteFail,
    TryExecutionFailed,
    TryExecutionsFailed,
    LogErr,
)


def failures(segment: Iterable[Seen], account: str) -> tuple[Call, ...]:
    """Give the calls that an account's own events name as failed, in order. A call is named by `index`, or, with
    index -1, by `data`; the rest of it is not known here.
    """
    return tuple(call for log, shape in segment for call in _failed(log.address, shape, account))


def _failed(emitter: str, shape: object, account: str) -> list[Call]:
    match shape:
        # Safe7579's adapter may speak for the Safe; the others speak for themselves.
        case TryExecutionFailed(safe=safe) | TryExecutionsFailed(safe=safe) if account not in (emitter, safe):
            found = []
        case TryExecutionFailed():
            found = [_at(shape.number_in_batch)]
        case TryExecutionsFailed():
            # The list tells success per call; one that holds no failure still says that something failed.
            found = [_at(at) for at in [at for at, ok in enumerate(shape.success) if not ok] or [-1]]
        case _ if emitter != account:
            found = []
        case TryExecuteUnsuccessful():
            found = [_at(shape.index, describe(shape.result))]
        case Erc7579TryExecuteFail():
            found = [_at(shape.batch_execution_index, describe(shape.returndata))]
        case NexusTryExecuteUnsuccessful() | NexusTryDelegateCallUnsuccessful():
            found = [_with(shape.call_data, describe(shape.result))]
        case LogErr():
            found = [_with(shape.data, describe(shape.return_data))]
        case _:
            found = []
    return found


_FAR = 1 << 31  # an index beyond any batch names nothing


def _at(index: int, reason: str = "") -> Call:
    return Call(index if index < _FAR else -1, "", 0, "", outcome="failed", reason=reason)


def _with(data: bytes, reason: str) -> Call:
    return Call(-1, "", 0, "0x" + data.hex(), outcome="failed", reason=reason)
