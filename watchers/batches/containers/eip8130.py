"""EIP-8130 (type 0x79): calls in phases, each of them all or nothing.

A phase that went through stays, though one after it fails and the receipt says status 0. Those after the first that
failed were skipped, which the receipt does not tell from a failure: both are 0x0.

Source: EIP-8130; base/base#3753 for the shape of the answers.
"""

from collections.abc import Sequence

from watchers.batches.calldata import MAX_CALLS, Intended
from watchers.batches.container import Book, Container, Kind
from watchers.batches.events import Call, CallOutcome, Outcome
from watchers.batches.match import call_of
from watchers.batches.sent import address, data_of, payer_of, quantity
from watchers.errors import DecodeError

NAME = "eip8130"
TYPE = 0x79


def _left(book: Book) -> list[Container]:
    sent = book.sent
    if sent.type != TYPE:
        return []
    phases = _phases(sent.tx.get("calls"))
    told = _statuses(sent.receipt.get("phaseStatuses"), len(phases), sent.status)
    calls: list[Call] = []
    for phase, went in zip(phases, _outcomes(told, phases), strict=True):
        calls += [call_of(len(calls) + at, call, went, book.names) for at, call in enumerate(phase)]
    container = Container(
        kind=NAME,
        id=sent.hash,
        sender=sent.sender,
        paymaster=payer_of(sent, "payer"),
        success=None if sent.status is None else sent.status == 1,
        outcome=_outcome(told),
        calls=tuple(calls),
    )
    return [container]


def _phases(given: object) -> list[list[Intended]]:
    place = "$.tx.calls"
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(phase, list) for phase in given):
        raise DecodeError(f"{place}: is not a list of phases")
    if sum(map(len, given)) > MAX_CALLS:
        raise DecodeError(f"{place}: holds too many calls")
    return [[_call(call, f"{place}[{at}][{n}]") for n, call in enumerate(phase)] for at, phase in enumerate(given)]


def _call(given: object, place: str) -> Intended:
    if not isinstance(given, dict):
        raise DecodeError(f"{place}: is not an object")
    to = address(given.get("to"), f"{place}.to")
    return Intended(to, 0, data_of(given.get("data"), f"{place}.data"))


def _statuses(given: object, phases: int, status: int | None) -> list[bool] | None:
    """Read which phases went through; None where the receipt does not tell it of each, or contradicts itself."""
    if not isinstance(given, list) or len(given) != phases:
        return None
    told = [quantity(status, "$.receipt.phaseStatuses") == 1 for status in given]
    if told != sorted(told, reverse=True):
        return None  # none after a failed one can have gone through
    return told if status is None or bool(status) is all(told) else None


def _outcomes(told: list[bool] | None, phases: Sequence[list[Intended]]) -> list[CallOutcome]:
    if told is None:
        return ["unknown"] * len(phases)
    first = told.index(False) if False in told else len(told)
    broken: CallOutcome = "failed" if first < len(phases) and len(phases[first]) == 1 else "unknown"
    return ["success" if at < first else broken if at == first else "not_executed" for at in range(len(phases))]


def _outcome(told: list[bool] | None) -> Outcome:
    if not told:
        return "unknown"
    if all(told):
        return "success"
    return "partial" if any(told) else "reverted"


kind = Kind(NAME, left=_left)
