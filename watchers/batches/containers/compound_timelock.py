"""Compound's Timelock: `executeTransaction`, one call each, with `ExecuteTransaction` after it.

A signature, where one is given, is put before the data. The id is the hash of the arguments.

Source: compound-finance/compound-protocol, `Timelock.executeTransaction`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from eth_hash.auto import keccak

from watchers.abi import decode_words, encode_words
from watchers.batches.calldata import Intended
from watchers.batches.container import Book, Container, Kind, Opened, Spot, Word, settle
from watchers.batches.layouts import Plan
from watchers.chain.block import Log
from watchers.errors import DecodeError

NAME = "compound_timelock"
SELECTORS = frozenset({"0x0825f38f"})  # executeTransaction
_EXECUTED = "0xa560e3198060a2f10670c1ec5b403077ea6ae93ca8de1c32b451dc1a943cd6e7"
_TYPES = ("address", "uint256", "string", "bytes", "uint256")
_EVENT_WORDS = ("uint256", "string", "bytes", "uint256")
_TOPICS = 3


class Executed(NamedTuple):
    """One `ExecuteTransaction`."""

    log: Log
    id: str
    call: Intended


def _open(spot: Spot, book: Book) -> Sequence[Opened] | None:
    try:
        words = decode_words(_TYPES, bytes.fromhex(spot.data[10:]))
    except DecodeError:
        return None
    call = _call(words[0], words[1], words[2], words[3])
    name = "0x" + keccak(encode_words(_TYPES, words)).hex()
    told = [] if spot.undone else [e for e in executed(book, spot.target) if e.id == name and e.call == call][:1]
    book.take(*(e.log for e in told))
    if spot.visit is None and not told and not spot.is_root and not book.reverted:
        return None
    word, done = Word(True if told else None), {0} if told else set()
    return [settle(NAME, spot, book, Plan((call,)), name=name, sender=spot.target, word=word, done=done)]


def read(data: str) -> Intended | None:
    """Read the call that `executeTransaction` was told to make; None when the calldata does not fit."""
    try:
        words = decode_words(_TYPES, bytes.fromhex(data[10:]))
    except DecodeError:
        return None
    return _call(words[0], words[1], words[2], words[3])


def _call(target: str, value: int, signature: str, data: bytes) -> Intended:
    head = keccak(signature.encode())[:4] if signature else b""
    return Intended(target, value, "0x" + (head + data).hex())


def executed(book: Book, address: str | None = None) -> list[Executed]:
    """Read the `ExecuteTransaction` that no container has taken."""
    read = (book.read(log, _executed) for log in book.logs({_EXECUTED}, address))
    return [one for one in read if one is not None]


def _executed(log: Log) -> Executed | None:
    if len(log.topics) != _TOPICS:
        return None
    try:
        words: tuple[Any, ...] = decode_words(_EVENT_WORDS, bytes.fromhex(log.data[2:]))
    except DecodeError:
        return None
    return Executed(log, log.topics[1], _call("0x" + log.topics[2][26:], words[0], words[1], words[2]))


def _left(book: Book) -> list[Container]:
    """Tell the timelocks behind contracts by what they say to have executed."""
    found = []
    for one in executed(book):
        book.take(one.log)
        spot = Spot("", one.log.address, "0x", 0, None)
        plan, word = Plan((one.call,)), Word(True)
        found.append(settle(NAME, spot, book, plan, name=one.id, sender=one.log.address, word=word, done={0}).container)
    return found


kind = Kind(NAME, SELECTORS, _open, anywhere=True, left=_left)
