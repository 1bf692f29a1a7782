"""Whether an answer can be believed: the logs of a block against its header, a header against its hash. Pure.

Three rungs. `bloom`: the logs carry the header's hash, in order, and the header's bloom tells when some may be missing.
`logs`: all logs of the block, without a gap, give the very bloom. `receipts`: the receipts give the header's root.
A node that also forges the header is beyond them; that is what the second reading through another provider is for.

Source: Ethereum Yellow Paper 4.3 (header, receipts, bloom); EIP-2718; OP stack specification (deposit receipts).
Errors: Unproven, a ChainError: ask again, or somebody else.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import msgspec
from eth_hash.auto import keccak

from watchers.chain.block import Header, Log
from watchers.chain.trie import encode, list_root, quantity
from watchers.errors import ChainError

BLOOM_BITS = 2048
_DEPOSIT = 0x7E  # transaction type of an OP stack deposit


class Unproven(ChainError):  # noqa: N818 - says what the answer is
    """An answer contradicts itself or its header. The text says how, without quoting what the node sent; `source` is
    the provider's name where it is known.
    """

    def __init__(self, text: str, source: str = "") -> None:
        super().__init__(text)
        self.source = source


class Receipt(msgspec.Struct, frozen=True, rename="camel"):
    """What of a receipt goes into the root, and its logs."""

    cumulative_gas_used: str
    logs_bloom: str
    logs: tuple[Log, ...]
    type: str = "0x0"
    status: str | None = None
    root: str | None = None
    deposit_nonce: str | None = None
    deposit_receipt_version: str | None = None


def check_header(header: Header, number: int) -> Header:
    """Check that a header is of the block that was asked for and that its fields are hex. Raises Unproven."""
    try:
        right = header.height == number
        sound = int(header.timestamp, 16) >= 0 and int(header.logs_bloom, 16) >= 0
        sound = sound and int(header.l1_block_number or "0x0", 16) >= 0
        sound = sound and len(header.hash) == len(header.parent_hash) == 66 and int(header.hash, 16) >= 0  # noqa: PLR2004 - 0x and 32 bytes
    except ValueError:
        raise Unproven("a header holds something that is not a number") from None
    if not right:
        raise Unproven(f"block {number} was asked for and another one came")
    if not sound:
        raise Unproven(f"the header of block {number} is malformed")
    return header


def check_logs(header: Header, logs: Iterable[Log], takes: Callable[[Log], bool] | None = None) -> tuple[Log, ...]:
    """Check that logs belong to the header's block and stand in order, and give those that `takes` takes (all for
    None). Two logs of one index pass when they are of different transactions: BNB Chain has had such blocks.
    Raises Unproven.
    """
    kept = []
    last = (-1, -1)
    try:
        number = header.height
        for log in logs:
            if log.block_hash != header.hash or log.block != number:
                raise Unproven(f"a log of another block was given for block {number}")
            if log.removed:
                raise Unproven(f"a log of block {number} is marked as removed")
            place = (log.tx_index, log.index)
            if place <= last or place[1] < last[1]:
                raise Unproven(f"the logs of block {number} are not in order, or one comes twice")
            last = place
            if log.address != log.address.lower():
                raise Unproven(f"an address of block {number} is not lower-case hex")
            if takes is None or takes(log):
                kept.append(log)
    except ValueError:
        raise Unproven("a log holds something that is not a number") from None
    return tuple(kept)


def check_parts(
    header: Header, parts: Iterable[Iterable[Log]], takes: Callable[[Log], bool] | None = None
) -> tuple[Log, ...]:
    """Check what several filters brought of one block, and give it as one, each log once. Raises Unproven, also where
    two of them contradict each other.
    """
    first, *others = (check_logs(header, part, takes) for part in parts)
    if not others:
        return first
    placed: dict[tuple[int, int], Log] = {}
    for log in chain(first, *others):
        before = placed.setdefault((log.tx_index, log.index), log)
        if _said(before) != _said(log):
            raise Unproven(f"block {header.height}: two filters brought two logs of one place")
    return check_logs(header, [placed[place] for place in sorted(placed)])


def _said(log: Log) -> tuple[object, ...]:
    return log.address, log.topics, log.data, log.transaction_hash


@lru_cache(maxsize=8192)
def mask_of(value: str) -> int:
    """Give the three bits that an address or a topic sets in a bloom. Raises ValueError where it is not hex."""
    digest = keccak(bytes.fromhex(value[2:]))
    mask = 0
    for at in (0, 2, 4):
        mask |= 1 << (int.from_bytes(digest[at : at + 2], "big") & (BLOOM_BITS - 1))
    return mask


def bloom_of(logs: Iterable[Log]) -> int:
    """Give the bloom of logs as a number. Raises Unproven where an address or topic is not hex."""
    bloom = 0
    try:
        for log in logs:
            bloom |= mask_of(log.address)
            for topic in log.topics:
                bloom |= mask_of(topic)
    except ValueError:
        raise Unproven("a log's address or topic is not hex") from None
    return bloom


def check_whole(header: Header, logs: Sequence[Log]) -> None:
    """Check that unfiltered logs, already of this block and in order, are all of them. Raises Unproven."""
    if any(log.index != at for at, log in enumerate(logs)):
        raise Unproven(f"block {header.height}: a log is missing in the middle")
    if bloom_of(logs) != int(header.logs_bloom, 16):
        raise Unproven(f"block {header.height}: the logs do not give the header's bloom")


def receipts_root(receipts: Sequence[Receipt]) -> str:
    """Recompute the receipts root. Raises Unproven for a receipt that is not well-formed."""
    try:
        return "0x" + list_root([_receipt_bytes(receipt) for receipt in receipts]).hex()
    except (ValueError, OverflowError):
        raise Unproven("a receipt holds something that is not hex") from None


def check_receipts(header: Header, receipts: Sequence[Receipt]) -> tuple[Log, ...]:
    """Check that receipts are the very ones the header commits to; give their logs. Raises Unproven."""
    if receipts_root(receipts) != header.receipts_root.lower():
        raise Unproven(f"block {header.height}: the receipts do not give the header's root")
    return tuple(log for receipt in receipts for log in receipt.logs)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _receipt_bytes(receipt: Receipt) -> bytes:
    kind = int(receipt.type, 16)
    outcome = _bytes(receipt.root) if receipt.root else quantity(int(receipt.status or "0x0", 16))
    logs = [[_bytes(log.address), [_bytes(topic) for topic in log.topics], _bytes(log.data)] for log in receipt.logs]
    fields: list[Any] = [outcome, quantity(int(receipt.cumulative_gas_used, 16)), _bytes(receipt.logs_bloom), logs]
    if kind == _DEPOSIT and receipt.deposit_receipt_version is not None and receipt.deposit_nonce is not None:
        # before Canyon the nonce was kept in the receipt but left out of the root; the version says which rule holds
        fields += [quantity(int(n, 16)) for n in (receipt.deposit_nonce, receipt.deposit_receipt_version)]
    return encode(fields) if kind == 0 else bytes([kind]) + encode(fields)


_HEADER = (
    ("parentHash", bytes),
    ("sha3Uncles", bytes),
    ("miner", bytes),
    ("stateRoot", bytes),
    ("transactionsRoot", bytes),
    ("receiptsRoot", bytes),
    ("logsBloom", bytes),
    ("difficulty", int),
    ("number", int),
    ("gasLimit", int),
    ("gasUsed", int),
    ("timestamp", int),
    ("extraData", bytes),
    ("mixHash", bytes),
    ("nonce", bytes),
)
# each fork appended fields; a header has a prefix of them
_ADDED = (
    ("baseFeePerGas", int),
    ("withdrawalsRoot", bytes),
    ("blobGasUsed", int),
    ("excessBlobGas", int),
    ("parentBeaconBlockRoot", bytes),
    ("requestsHash", bytes),
)


def header_hash(fields: Mapping[str, Any]) -> str | None:
    """Recompute a block's hash from the JSON object of `eth_getBlockByNumber`; None when its fields do not suffice:
    one is missing, or the forks' fields have a gap, as on chains that hash something else.
    """
    present = [fields.get(name) is not None for name, _ in _ADDED]
    if sorted(present, reverse=True) != present:
        return None
    names = _HEADER + tuple(field for field, there in zip(_ADDED, present, strict=True) if there)
    row = []
    for name, kind in names:
        text = fields.get(name)
        if not isinstance(text, str):
            return None
        try:
            row.append(quantity(int(text, 16)) if kind is int else _bytes(text))
        except (ValueError, OverflowError):
            return None
    return "0x" + keccak(encode(row)).hex()
