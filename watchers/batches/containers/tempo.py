"""Tempo's transactions of several calls (type 0x76), all or nothing.

Only the receipt's status is believed: a batch that failed still leaves the fee's Transfer, and a node may make up a
call tree whose root knows of no failure.

Source: Tempo, TIP-0001.
"""

from collections.abc import Sequence

from watchers.batches.calldata import Intended
from watchers.batches.container import Book, Container, Kind
from watchers.batches.events import CallOutcome
from watchers.batches.match import call_of
from watchers.batches.sent import address, data_of, payer_of, quantity, rows_of
from watchers.errors import DecodeError

NAME = "tempo"
TYPE = 0x76


def _left(book: Book) -> list[Container]:
    sent = book.sent
    if sent.type != TYPE:
        return []
    calls = [_call(call, f"$.tx.calls[{at}]") for at, call in enumerate(rows_of(sent, "calls"))]
    outcome = _outcome(sent.status, calls)
    return [
        Container(
            kind=NAME,
            id=sent.hash,
            sender=sent.sender,
            paymaster=payer_of(sent, "feePayer"),
            success=None if sent.status is None else sent.status == 1,
            outcome="unknown" if sent.status is None else "success" if sent.status else "reverted",
            calls=tuple(call_of(at, call, outcome, book.names) for at, call in enumerate(calls)),
        )
    ]


def _call(given: object, place: str) -> Intended:
    """Read one call; without a target it deploys."""
    if not isinstance(given, dict):
        raise DecodeError(f"{place}: is not an object")
    to = "" if given.get("to") is None else address(given["to"], f"{place}.to")
    value = given.get("value")
    data = given.get("input") if given.get("input") is not None else given.get("data")
    worth = 0 if value is None else quantity(value, f"{place}.value")
    return Intended(to, worth, data_of(data, f"{place}.input"))


def _outcome(status: int | None, calls: Sequence[Intended]) -> CallOutcome:
    """Tell each call; which of several failed, nothing says."""
    if status == 1:
        return "success"
    return "failed" if status == 0 and len(calls) == 1 else "unknown"


kind = Kind(NAME, left=_left)
