"""A case: an event as its contract's source declares it, and what it must mean.

The logs are made by eth-abi from the signature and the values, never by our own decoder; a topic is the keccak of the
signature.
"""

import re
from typing import Any, NamedTuple

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from watchers.chain.block import Log

CONTRACT = "0x" + "c0" * 20
A, B, C, D = ("0x" + digit * 40 for digit in "abcd")
TX, BLOCK = "0x" + "5c" * 32, "0x" + "ab" * 32
MINTER = "0x" + keccak(b"MINTER_ROLE").hex()
ADMIN = "0x" + "00" * 32
OTHER = "0x" + "07" * 32
ONE = "0x" + "11" * 32
TRANSFER = bytes.fromhex("a9059cbb") + encode(["address", "uint256"], [B, 5])
FROM = bytes.fromhex("23b872dd") + encode(["address", "address", "uint256"], [A, B, 6])
WALLET = bytes.fromhex("beabacc8") + encode(["address", "address", "uint256"], [C, B, 7])


class Case(NamedTuple):
    """`signature` with `*` behind each indexed type; `told` are the act's fields that are not at their default."""

    protocol: str
    signature: str
    values: tuple[Any, ...]
    told: dict[str, Any]


def _split(inner: str) -> list[str]:
    return [part for part in re.findall(r"(?:\([^()]*(?:\([^()]*\)[^()]*)*\)|[^,()])+", inner) if part]


def log_of(case: Case, *, address: str = CONTRACT, index: int = 0, tx: str = TX) -> Log:
    """Encode a case's log."""
    name, inner = case.signature.split("(", 1)
    types = _split(inner[:-1])
    plain = [kind.rstrip("*") for kind in types]
    topic = keccak(f"{name}({','.join(plain)})".encode())
    pairs = list(zip(types, plain, case.values, strict=True))
    topics = [_topic(kind, value) for mark, kind, value in pairs if mark.endswith("*")]
    rest = [(kind, value) for mark, kind, value in pairs if not mark.endswith("*")]
    data = encode([kind for kind, _ in rest], [value for _, value in rest])
    said = tuple("0x" + one.hex() for one in (topic, *topics))
    return Log(address, said, "0x" + data.hex(), "0x10", tx, "0x0", hex(index), BLOCK)


def _topic(kind: str, value: Any) -> bytes:
    return keccak(text=value) if kind == "string" else encode([kind], [value])


def setting(protocol: str, signature: str, values: tuple[Any, ...], act: str, **told: Any) -> Case:
    """Give the case of an event that says what is now, or what was and what is now."""
    shown = [str(value) for value in values]
    before = {"before": shown[0]} if len(shown) > 1 else {}
    return Case(protocol, signature, values, {"act": act, **before, "after": shown[-1], **told})


def bytes_of(text: str) -> bytes:
    return bytes.fromhex(text[2:])
