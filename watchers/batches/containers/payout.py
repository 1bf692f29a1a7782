"""Payments to many at once: Disperse, and Permit2's lists of transfers.

Each is all or nothing, and says nothing itself. A payment is the transfer that it asks of the token, or the coins that
it sends; that Disperse first takes the whole sum from who called it is none of the payments. Permit2 leaves out a
signed transfer of nothing.

Source: Disperse (banteg/disperse); Uniswap/permit2, `AllowanceTransfer`, `SignatureTransfer`. Units: base units.
"""

from collections.abc import Callable, Sequence
from typing import Any

from watchers.abi import decode_words, encode_words
from watchers.batches.calldata import MAX_CALLS, Intended
from watchers.batches.container import Book, Kind, Opened, Spot, settle
from watchers.batches.layouts import Plan
from watchers.errors import DecodeError

NAME = "payout"
_TRANSFER, _TRANSFER_FROM = "0xa9059cbb", "0x23b872dd"

Read = Callable[[Spot, tuple[Any, ...]], list[Intended]]


def _ether(_spot: Spot, words: tuple[Any, ...]) -> list[Intended]:
    return [Intended(to, amount, "0x") for to, amount in zip(*words, strict=True)]


def _token(_spot: Spot, words: tuple[Any, ...]) -> list[Intended]:
    token, *rows = words
    return [_transfer(token, to, amount) for to, amount in zip(*rows, strict=True)]


def _token_simple(spot: Spot, words: tuple[Any, ...]) -> list[Intended]:
    token, *rows = words
    return [_transfer_from(token, spot.sender, to, amount) for to, amount in zip(*rows, strict=True)]


def _allowed(_spot: Spot, words: tuple[Any, ...]) -> list[Intended]:
    return [_transfer_from(token, holder, to, amount) for holder, to, amount, token in words[0]]


def _signed(_spot: Spot, words: tuple[Any, ...]) -> list[Intended]:
    (permitted, _, _), asked, owner, _ = words
    return [
        _transfer_from(token, owner, to, amount)._replace(skipped=not amount)
        for (token, _), (to, amount) in zip(permitted, asked, strict=True)
    ]


def _transfer(token: str, to: str, amount: int) -> Intended:
    return Intended(token, 0, _TRANSFER + encode_words(("address", "uint256"), (to, amount)).hex())


def _transfer_from(token: str, holder: str, to: str, amount: int) -> Intended:
    words = encode_words(("address", "address", "uint256"), (holder, to, amount))
    return Intended(token, 0, _TRANSFER_FROM + words.hex())


_FORMS: dict[str, tuple[Read, tuple[str, ...]]] = {
    "0xe63d38ed": (_ether, ("address[]", "uint256[]")),  # disperseEther
    "0xc73a2d60": (_token, ("address", "address[]", "uint256[]")),  # disperseToken
    "0x51ba162c": (_token_simple, ("address", "address[]", "uint256[]")),  # disperseTokenSimple
    "0x0d58b1db": (_allowed, ("(address,address,uint160,address)[]",)),  # transferFrom
    "0xedd9444b": (  # permitTransferFrom
        _signed,
        ("((address,uint256)[],uint256,uint256)", "(address,uint256)[]", "address", "bytes"),
    ),
}


def _open(spot: Spot, book: Book) -> Sequence[Opened] | None:
    read, types = _FORMS[spot.data[:10]]
    try:
        calls = read(spot, decode_words(types, bytes.fromhex(spot.data[10:])))
    except (DecodeError, ValueError):  # ValueError: columns of different length, which both contracts refuse
        return None
    if len(calls) > MAX_CALLS:
        return None
    opened = settle(NAME, spot, book, Plan(tuple(calls)), name=book.sent.hash, sender=spot.sender)
    made = any(call.outcome not in ("unknown", "not_executed") for call in opened.container.calls)
    return [opened] if spot.visit is None or made or spot.undone else None


kind = Kind(NAME, frozenset(_FORMS), _open)
