"""Multicall 1, 2 and 3, and `multicall(bytes[])` on contracts of every kind.

They emit nothing: results are in the return data alone, which is held against the tree where both are at hand.

Source: mds1/multicall3; makerdao/multicall; OpenZeppelin `Multicall`; Uniswap v3-periphery `Multicall`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from watchers.abi import decode_words
from watchers.batches.calldata import MAX_CALLS, Intended
from watchers.batches.container import Book, Kind, Opened, Spot, settle
from watchers.batches.events import Call
from watchers.batches.layouts import Plan
from watchers.errors import DecodeError

NAME = "multicall"

Read = Callable[[Spot, tuple[Any, ...]], list[Intended]]


def _calls(_spot: Spot, words: tuple[Any, ...]) -> list[Intended]:
    """Read (address,bytes)[], alone or behind the flag that demands success."""
    tries = len(words) > 1 and not words[0]
    return [Intended(to, 0, _hex(data), tries=tries) for to, data in words[-1]]


def _calls3(_spot: Spot, words: tuple[Any, ...]) -> list[Intended]:
    return [Intended(to, 0, _hex(data), tries=allowed) for to, allowed, data in words[0]]


def _calls3_value(_spot: Spot, words: tuple[Any, ...]) -> list[Intended]:
    return [Intended(to, value, _hex(data), tries=allowed) for to, allowed, value, data in words[0]]


def _own(spot: Spot, words: tuple[Any, ...]) -> list[Intended]:
    """Read bytes[]: the contract calls itself by DELEGATECALL."""
    return [Intended(spot.target, 0, _hex(data), way="delegate") for data in words[-1]]


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


_PAIRS, _ROWS = "(address,bytes)[]", "(address,bool,bytes)[]"
_FORMS: dict[str, tuple[Read, tuple[str, ...], tuple[str, ...]]] = {  # selector: reader, types in, types of results out
    "0x252dba42": (_calls, (_PAIRS,), ()),  # aggregate
    "0xc3077fa9": (_calls, (_PAIRS,), ("uint256", "bytes32", "(bool,bytes)[]")),  # blockAndAggregate
    "0xbce38bd7": (_calls, ("bool", _PAIRS), ("(bool,bytes)[]",)),  # tryAggregate
    "0x399542e9": (_calls, ("bool", _PAIRS), ("uint256", "bytes32", "(bool,bytes)[]")),  # tryBlockAndAggregate
    "0x82ad56cb": (_calls3, (_ROWS,), ("(bool,bytes)[]",)),  # aggregate3
    "0x174dea71": (_calls3_value, ("(address,bool,uint256,bytes)[]",), ("(bool,bytes)[]",)),  # aggregate3Value
    "0xac9650d8": (_own, ("bytes[]",), ()),  # multicall
    "0x5ae401dc": (_own, ("uint256", "bytes[]"), ()),  # with a deadline
    "0x1f0464d1": (_own, ("bytes32", "bytes[]"), ()),  # with the hash of the block before
}


def _open(spot: Spot, book: Book) -> Sequence[Opened] | None:
    read, types, results = _FORMS[spot.data[:10]]
    try:
        calls = read(spot, decode_words(types, bytes.fromhex(spot.data[10:])))
    except DecodeError:
        return None
    if len(calls) > MAX_CALLS:
        return None
    failures, done = _results(spot, results, len(calls))
    # A call that the return data calls failed was one that might fail; the tree tells why.
    known = [call._replace(tries=True) if at in failures else call for at, call in enumerate(calls)]
    proofs = [Call(at, "", 0, "", outcome="failed") for at in failures]
    meant = Plan(tuple(known))
    name = book.sent.hash
    return [settle(NAME, spot, book, meant, name=name, sender=spot.sender, failures=proofs, done=done)]


def _results(spot: Spot, types: tuple[str, ...], count: int) -> tuple[list[int], list[int] | None]:
    """Give which calls the return data calls failed and which done, None for a form that does not tell."""
    if not types or spot.visit is None or spot.undone:
        return [], None
    try:
        flags = [flag for flag, _ in decode_words(types, bytes.fromhex((spot.visit.frame.output or "0x")[2:]))[-1]]
    except DecodeError:
        flags = []
    if len(flags) != count:
        return [], []  # it returned what no Multicall returns: nothing is known
    return [at for at, flag in enumerate(flags) if not flag], [at for at, flag in enumerate(flags) if flag]


kind = Kind(NAME, frozenset(_FORMS), _open)
