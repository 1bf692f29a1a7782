"""A smart account told to act without an EntryPoint: ERC-7579 and ERC-7821 modes, and the other layouts of a batch.

A selector alone speaks for the account, so a call without one made under it is no container. Its try-mode events name
the calls that failed; that none is there proves nothing.

Source: ERC-7579, ERC-7821; the layouts of `watchers.batches.layouts`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from watchers.abi import Shape, shape_of
from watchers.batches.container import Book, Kind, Opened, Spot, settle
from watchers.batches.events import Call
from watchers.batches.layouts import Plan, plan
from watchers.batches.protocols import accounts
from watchers.chain.block import Log
from watchers.decode import Seen
from watchers.errors import DecodeError

NAME = "account"
_MODULAR = "erc7579"
_MODES = frozenset({"0xe9ae5c53", "0xd691c964"})  # execute, executeFromExecutor
SELECTORS = _MODES | {
    "0xb61d27f6",  # execute(address,uint256,bytes)
    "0x51945447",  # execute(address,uint256,bytes,uint8)
    "0x5c1c6dcd",  # execute((address,uint256,bytes))
    "0x18dfb3c7",  # executeBatch, four forms
    "0x47e1da2a",
    "0x34fcd5be",
    "0x00004680",
    "0x912ccaa3",
    "0x00008f2d",
    "0x2c2abd1e",  # executeWithoutChainIdValidation
    "0x99e1d016",  # Calibur
    "0xabc5345e",  # Ambire
    "0x6769de82",
    "0x6171d1c9",
    "0xe6a6332e",
    "0xa2ea6766",
    "0xf2680c0f",  # executeWithRuntimeValidation
}
_SHAPES: dict[tuple[str, int], Shape[Any]] = {}  # by topic 0 and the number of topics
for _into in accounts.protocol.handlers:
    _found: Shape[Any] = shape_of(_into)
    _SHAPES[_found.topic0, 1 + len(_found.indexed)] = _found


def _open(spot: Spot, book: Book) -> Sequence[Opened] | None:
    meant = plan(bytes.fromhex(spot.data[2:]), spot.target)
    if meant is None:
        return None
    name = _MODULAR if spot.data[:10] in _MODES else NAME
    opened = told(name, spot, book, meant)
    made = any(call.outcome != "unknown" for call in opened.container.calls)
    return [opened] if spot.visit is None or made or spot.undone else None


def told(kind: str, spot: Spot, book: Book, meant: Plan) -> Opened:
    """Tell an account's batch with the failures that its own events name."""
    events = list(_seen(book, spot.target)) if not spot.undone else []
    book.take(*(log for log, _ in events))
    failures: tuple[Call, ...] = accounts.failures(events, spot.target)
    return settle(kind, spot, book, meant, name=book.sent.hash, sender=spot.target, failures=failures)


def _seen(book: Book, account: str) -> Iterator[Seen]:
    for log in book.logs({topic for topic, _ in _SHAPES}):
        if account in (log.address, "0x" + log.data[26:66]) and (seen := book.read(log, _shaped)) is not None:
            yield seen


def _shaped(log: Log) -> Seen | None:
    shape = _SHAPES.get((log.topics[0], len(log.topics)))
    if shape is None:
        return None
    try:
        return log, shape.decode(log)
    except DecodeError:
        return None


kind = Kind(NAME, SELECTORS, _open, rank=2)
