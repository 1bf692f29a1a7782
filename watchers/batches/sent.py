"""A transaction as sent and its receipt, read strictly from a node's JSON: what the analysis of a batch stands on.

Units: `value_wei` wei. Addresses and data lower-case hex with 0x; an absent address is "".
Errors: DecodeError whose text begins with the place, `$.tx.from: ...`.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from watchers.batches.calldata import MAX_CALLS
from watchers.chain.block import Log
from watchers.errors import DecodeError
from watchers.facts import Answer, Ask, Call

_ADDRESS_LEN = 42
_HASH_LEN = 66
_QUANTITY_LEN = 66


class Sent(msgspec.Struct, frozen=True):
    """One transaction with its receipt. `status` is None before Byzantium; `tx` and `receipt` are the node's answers,
    for the fields that only some types have.
    """

    chain_id: int | None
    hash: str
    type: int
    sender: str
    to: str
    data: str
    value_wei: int
    nonce: int
    status: int | None
    logs: tuple[Log, ...]
    tx: dict[str, Any]
    receipt: dict[str, Any]


def read_sent(tx: object, receipt: object, chain_id: int | None = None) -> Sent:
    """Read both answers; `chain_id` where the transaction itself does not tell. Raises DecodeError."""
    if not isinstance(tx, dict):
        raise DecodeError("$.tx: is not an object")
    if not isinstance(receipt, dict):
        raise DecodeError("$.receipt: is not an object")
    name = _hex(tx.get("hash"), "$.tx.hash", _HASH_LEN)
    if _hex(receipt.get("transactionHash"), "$.receipt.transactionHash", _HASH_LEN) != name:
        raise DecodeError("$.receipt.transactionHash: is of another transaction than $.tx.hash")
    status = None if receipt.get("status") is None else quantity(receipt["status"], "$.receipt.status")
    if status not in (None, 0, 1):
        raise DecodeError("$.receipt.status: is neither 0 nor 1")
    data = tx.get("input") if tx.get("input") is not None else tx.get("data")
    return Sent(
        chain_id=_optional(tx, "chainId") if tx.get("chainId") is not None else chain_id,
        hash=name,
        type=_optional(tx, "type") or 0,
        sender=_hex(tx.get("from"), "$.tx.from", _ADDRESS_LEN),
        to="" if tx.get("to") is None else _hex(tx["to"], "$.tx.to", _ADDRESS_LEN),
        data="0x" if data is None else _hex(data, "$.tx.input"),
        value_wei=_optional(tx, "value") or 0,
        nonce=_optional(tx, "nonce") or 0,
        status=status,
        logs=tuple(_logs(receipt.get("logs"))),
        tx=tx,
        receipt=receipt,
    )


class Executed(Ask[Sent], frozen=True):
    """A transaction of a block with its receipt; None when it is not in that block any more, or does not read."""

    tx: str
    block_hash: str

    def calls(self, block: int) -> tuple[Call, ...]:  # noqa: ARG002 - a transaction is named by its hash
        """Ask for both."""
        return (Call("eth_getTransactionByHash", (self.tx,)), Call("eth_getTransactionReceipt", (self.tx,)))

    def read(self, answers: Sequence[Answer]) -> Sent | None:
        """Read both strictly."""
        try:
            sent = read_sent(answers[0], answers[1])
        except DecodeError:
            return None
        placed = {str(answer.get("blockHash")).lower() for answer in (sent.tx, sent.receipt)}
        return sent if sent.hash == self.tx and placed == {self.block_hash.lower()} else None


def quantity(value: object, place: str) -> int:
    """Read a hex quantity. Raises DecodeError."""
    if isinstance(value, str) and value.startswith("0x") and 2 < len(value) <= _QUANTITY_LEN:  # noqa: PLR2004 - "0x"
        with suppress(ValueError):
            if "_" not in value:  # which int would pass over
                return int(value, 16)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise DecodeError(f"{place}: is not a hex number")


def address(value: object, place: str) -> str:
    """Read an address. Raises DecodeError."""
    return _hex(value, place, _ADDRESS_LEN)


def payer_of(sent: Sent, key: str) -> str:
    """Give who paid for the transaction by that field of its receipt; "" for the sender. Raises DecodeError."""
    given = sent.receipt.get(key)
    payer = sent.sender if given is None else address(given, f"$.receipt.{key}")
    return "" if payer == sent.sender else payer


def rows_of(sent: Sent, key: str) -> list[Any]:
    """Give a list of calls that stands in the transaction, none where it is missing. Raises DecodeError."""
    given = sent.tx.get(key)
    if given is None:
        return []
    if not isinstance(given, list):
        raise DecodeError(f"$.tx.{key}: is not a list")
    if len(given) > MAX_CALLS:
        raise DecodeError(f"$.tx.{key}: holds too many")
    return given


def data_of(value: object, place: str) -> str:
    """Read hex bytes; nothing at all is empty. Raises DecodeError."""
    return "0x" if value is None else _hex(value, place)


def _optional(tx: dict[str, Any], key: str) -> int | None:
    return None if tx.get(key) is None else quantity(tx[key], f"$.tx.{key}")


def _hex(value: object, place: str, length: int | None = None) -> str:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise DecodeError(f"{place}: is not hex")
    try:
        whole = 2 * len(bytes.fromhex(value[2:])) == len(value) - 2  # not so with spaces between, which it passes over
    except ValueError:
        whole = False
    if not whole:
        raise DecodeError(f"{place}: is not hex")
    if length is not None and len(value) != length:
        raise DecodeError(f"{place}: is not {(length - 2) // 2} bytes long")
    return value.lower()


def _logs(given: object) -> list[Log]:
    if given is None:
        raise DecodeError("$.receipt.logs: is missing")
    try:
        logs = msgspec.convert(given, list[Log])
    except msgspec.ValidationError as error:
        what, _, at = str(error).partition(" - at `$")
        raise DecodeError(f"$.receipt.logs{at.rstrip('`')}: {what}") from None
    return [_log(log, f"$.receipt.logs[{at}]") for at, log in enumerate(logs)]


def _log(log: Log, place: str) -> Log:
    for name in ("block_number", "transaction_index", "log_index"):
        quantity(getattr(log, name), f"{place}.{name}")
    return msgspec.structs.replace(
        log,
        address=_hex(log.address, f"{place}.address", _ADDRESS_LEN),
        topics=tuple(_hex(topic, f"{place}.topics", _HASH_LEN) for topic in log.topics),
        data=_hex(log.data, f"{place}.data"),
    )
