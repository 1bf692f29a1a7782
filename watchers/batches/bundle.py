"""The calldata of a bundle: `handleOps` and `handleAggregatedOps` input -> each operation's own calldata.

Source: IEntryPoint 0.6 (unpacked, 11 fields) and 0.7 to 0.9 (packed, 9 fields): in both, field 0 is the sender, 1 the
nonce and 3 the calldata.
"""

from watchers.batches.calldata import Reader
from watchers.errors import DecodeError

_WORD = 32
_PLAIN = ("1fad948c", "765e827f")  # handleOps
_AGGREGATED = ("4b1d7cf5", "dbed18e0")  # handleAggregatedOps


def calldata_of(tx_input: str, sender: str, nonce: int) -> bytes | None:
    """Find one operation's calldata by its sender and nonce; None when the input is no bundle or does not hold it."""
    chosen = tx_input[2:10]
    if chosen not in _PLAIN and chosen not in _AGGREGATED:
        return None
    try:
        r = Reader(bytes.fromhex(tx_input[10:]))
        lists = [r.tail(0)] if chosen in _PLAIN else _groups(r)
        for at in lists:
            count, start = r.array(at)
            for n in range(count):
                op = r.tail(start + _WORD * n, start)
                if r.address(op) == sender and r.word(op + _WORD) == nonce:
                    return r.blob(r.tail(op + 3 * _WORD, op))
    except (DecodeError, ValueError):
        return None
    return None


def _groups(r: Reader) -> list[int]:
    """Give where the operations of each `(UserOperation[], address, bytes)` begin."""
    count, start = r.array(r.tail(0))
    starts = [r.tail(start + _WORD * n, start) for n in range(count)]
    return [r.tail(at, at) for at in starts]
