"""OpenZeppelin's TimelockController: `execute` and `executeBatch`, with `CallExecuted` after each call.

The operation's id is the hash of the arguments, so it is known even where the execution reverted.

Source: OpenZeppelin contracts, `TimelockController.hashOperation`, `hashOperationBatch`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from eth_hash.auto import keccak

from watchers.abi import decode_words, encode_words
from watchers.batches.calldata import MAX_CALLS, Intended
from watchers.batches.container import Book, Container, Kind, Opened, Spot, Word, settle
from watchers.batches.layouts import Plan
from watchers.chain.block import Log
from watchers.errors import DecodeError

NAME = "timelock"
_EXECUTED = "0xc2617efa69bab66782fa219543714338489c4e9e178271560a91b82c3f612b58"
_BATCH, _SINGLE = "0xe38335e5", "0x134008d3"
SELECTORS = frozenset({_BATCH, _SINGLE})
_TYPES = {
    _BATCH: ("address[]", "uint256[]", "bytes[]", "bytes32", "bytes32"),
    _SINGLE: ("address", "uint256", "bytes", "bytes32", "bytes32"),
}
_EVENT_WORDS = ("address", "uint256", "bytes")
_TOPICS = 3


class Executed(NamedTuple):
    """One `CallExecuted`."""

    log: Log
    id: str
    place: int
    call: Intended


def _open(spot: Spot, book: Book) -> Sequence[Opened] | None:
    types = _TYPES[spot.data[:10]]
    try:
        words = decode_words(types, bytes.fromhex(spot.data[10:]))
    except DecodeError:
        return None
    rows = _rows(spot.data[:10], words)
    if rows is None:
        return None
    name = "0x" + keccak(encode_words(types, words)).hex()
    told = [] if spot.undone else [e for e in executed(book, spot.target) if e.id == name]
    done = {e.place for e in told if e.place < len(rows) and rows[e.place] == e.call}
    book.take(*(e.log for e in told))
    word = Word(True if len(done) == len(rows) > 0 else None)
    if spot.visit is None and not done and not spot.is_root and not book.reverted:
        return None
    return [settle(NAME, spot, book, Plan(tuple(rows)), name=name, sender=spot.target, word=word, done=done)]


def read(data: str) -> list[Intended] | None:
    """Read the calls that a timelock was told to make; None when the calldata does not fit."""
    try:
        return _rows(data[:10], decode_words(_TYPES[data[:10]], bytes.fromhex(data[10:])))
    except DecodeError:
        return None


def _rows(chosen: str, words: Sequence[Any]) -> list[Intended] | None:
    return columns(*words[:3]) if chosen == _BATCH else columns(words[:1], words[1:2], words[2:3])


def columns(targets: Sequence[str], values: Sequence[int], datas: Sequence[bytes]) -> list[Intended] | None:
    """Put three columns together as calls; None when they do not fit one another."""
    if not len(targets) == len(values) == len(datas) <= MAX_CALLS:
        return None
    return [Intended(*row[:2], "0x" + row[2].hex()) for row in zip(targets, values, datas, strict=True)]


def executed(book: Book, address: str | None = None) -> list[Executed]:
    """Read the `CallExecuted` that no container has taken."""
    read = (book.read(log, _executed) for log in book.logs({_EXECUTED}, address))
    return [one for one in read if one is not None]


def _executed(log: Log) -> Executed | None:
    if len(log.topics) != _TOPICS:
        return None
    try:
        words: tuple[Any, ...] = decode_words(_EVENT_WORDS, bytes.fromhex(log.data[2:]))
    except DecodeError:
        return None
    call = Intended(words[0], words[1], "0x" + words[2].hex())
    return Executed(log, log.topics[1], int(log.topics[2], 16), call)


def _left(book: Book) -> list[Container]:
    """Tell the timelocks behind contracts by what they say to have executed."""
    groups: dict[tuple[str, str], list[Executed]] = {}
    for one in executed(book):
        groups.setdefault((one.log.address, one.id), []).append(one)
        book.take(one.log)
    found = []
    for (address, name), told in groups.items():
        calls = tuple(one.call for one in told)
        done = range(len(calls))
        spot = Spot("", address, "0x", 0, None)
        whole = [one.place for one in told] == list(done)
        word = Word(True if whole else None)
        found.append(settle(NAME, spot, book, Plan(calls), name=name, sender=address, word=word, done=done).container)
    return found


kind = Kind(NAME, SELECTORS, _open, anywhere=True, left=_left)
