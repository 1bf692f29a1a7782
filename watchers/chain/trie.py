"""The Merkle-Patricia root of a list, as Ethereum commits to a block's receipts.

Source: Ethereum Yellow Paper, appendices B (RLP) and D (trie); EIP-2718 (typed receipts).
"""

from collections.abc import Sequence
from typing import Any

import rlp
from eth_hash.auto import keccak

_HASHED_FROM = 32  # bytes; a shorter node stands in its parent as it is

_Pairs = list[tuple[tuple[int, ...], bytes]]


def encode(value: Any) -> bytes:
    """Give the RLP of bytes or of nested sequences of bytes."""
    return bytes(rlp.encode(value))


def quantity(number: int) -> bytes:
    """Give a number as RLP wants it: big-endian without leading zeros, zero as nothing."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def list_root(values: Sequence[bytes]) -> bytes:
    """Give the root over `values`, keyed by the RLP of their position."""
    if not values:
        return keccak(encode(b""))
    pairs = [(_nibbles(encode(quantity(at))), value) for at, value in enumerate(values)]
    return keccak(encode(_node(sorted(pairs), 0)))


def _nibbles(key: bytes) -> tuple[int, ...]:
    return tuple(nibble for byte in key for nibble in (byte >> 4, byte & 15))


def _path(nibbles: tuple[int, ...], *, leaf: bool) -> bytes:
    """Write a path compactly: a flag for leaf and odd length, then the nibbles."""
    flag = 2 if leaf else 0
    whole = (flag + 1, *nibbles) if len(nibbles) % 2 else (flag, 0, *nibbles)
    return bytes(high << 4 | low for high, low in zip(whole[::2], whole[1::2], strict=True))


def _reference(node: Any) -> Any:
    encoded = encode(node)
    return keccak(encoded) if len(encoded) >= _HASHED_FROM else node


def _node(pairs: _Pairs, depth: int) -> Any:
    """Build the node of sorted `pairs`, whose first `depth` nibbles are equal and above it."""
    first, last = pairs[0][0], pairs[-1][0]
    if len(pairs) == 1:
        return [_path(first[depth:], leaf=True), pairs[0][1]]
    shared = depth
    while shared < len(first) and first[shared] == last[shared]:
        shared += 1
    if shared > depth:
        return [_path(first[depth:shared], leaf=False), _reference(_node(pairs, shared))]
    branch: list[Any] = [b""] * 17
    groups: dict[int, _Pairs] = {}
    for pair in pairs:
        if len(pair[0]) == depth:
            branch[16] = pair[1]
        else:
            groups.setdefault(pair[0][depth], []).append(pair)
    for nibble, group in groups.items():
        branch[nibble] = _reference(_node(group, depth + 1))
    return branch
