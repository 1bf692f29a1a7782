"""The calldata of a bundle: `handleOps` and `handleAggregatedOps` input -> the operations in it.

Source: IEntryPoint 0.6 (unpacked, 11 fields) and 0.7 to 0.9 (packed, 9 fields): in both, field 0 is the sender, 1 the
nonce and 3 the calldata; `paymasterAndData` is field 9 or 7.
"""

from collections.abc import Iterator
from typing import NamedTuple

from watchers.batches.calldata import Reader
from watchers.errors import DecodeError

_WORD = 32
_ADDRESS = 20
_PLAIN = {"1fad948c": 9, "765e827f": 7}  # handleOps, and which field of an operation names its paymaster
_AGGREGATED = {"4b1d7cf5": 9, "dbed18e0": 7}  # handleAggregatedOps
SELECTORS = frozenset(f"0x{chosen}" for chosen in (*_PLAIN, *_AGGREGATED))


class BundledOperation(NamedTuple):
    """One operation as its bundler sent it. `paymaster` is "" where the account pays itself."""

    sender: str
    nonce: int
    calldata: bytes
    paymaster: str


def operations_of(tx_input: str) -> list[BundledOperation]:
    """Give the operations of a bundle in order. Raises DecodeError for what is no bundle."""
    chosen = tx_input[2:10]
    field = {**_PLAIN, **_AGGREGATED}.get(chosen)
    if field is None:
        raise DecodeError("calldata: no bundle")
    try:
        r = Reader(bytes.fromhex(tx_input[10:]))
    except ValueError:
        raise DecodeError("calldata: not hex") from None
    return list(_operations(r, [r.tail(0)] if chosen in _PLAIN else _groups(r), field))


def calldata_of(tx_input: str, sender: str, nonce: int) -> bytes | None:
    """Find one operation's calldata by its sender and nonce; None when the input is no bundle or does not hold it."""
    try:
        operations = operations_of(tx_input)
    except DecodeError:
        return None
    return next((op.calldata for op in operations if (op.sender, op.nonce) == (sender, nonce)), None)


def _operations(r: Reader, lists: list[int], field: int) -> Iterator[BundledOperation]:
    for at in lists:
        count, start = r.array(at)
        for n in range(count):
            op = r.tail(start + _WORD * n, start)
            paid = r.blob(r.tail(op + field * _WORD, op))
            paymaster = "0x" + paid[:_ADDRESS].hex() if len(paid) >= _ADDRESS else ""
            yield BundledOperation(r.address(op), r.word(op + _WORD), r.blob(r.tail(op + 3 * _WORD, op)), paymaster)


def _groups(r: Reader) -> list[int]:
    """Give where the operations of each `(UserOperation[], address, bytes)` begin."""
    count, start = r.array(r.tail(0))
    starts = [r.tail(start + _WORD * n, start) for n in range(count)]
    return [r.tail(at, at) for at in starts]
