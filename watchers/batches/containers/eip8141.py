"""EIP-8141 (type 0x06): frames, each of them alone but for those that a flag chains into a batch, all or nothing.

    1          the frame went through; in a batch that was unrolled it says so still, and it is undone
    0          it failed
    2, once 3  it was skipped, for a frame of its batch had failed

Clients have not agreed on the status of the whole, so the frames decide; frames that verify are calls like any other,
but say nothing of how what was wanted ended. What contradicts itself is unknown.

Source: EIP-8141; ethereum/execution-apis#860 for the shape of the answers.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from watchers.batches.calldata import Intended
from watchers.batches.container import Book, Container, Kind
from watchers.batches.events import Call, CallOutcome, Outcome
from watchers.batches.match import call_of
from watchers.batches.sent import address, data_of, payer_of, quantity, rows_of
from watchers.errors import DecodeError

NAME = "eip8141"
TYPE = 0x06
_VERIFY = 1
_CHAINED = 0x4
_FAILED, _WENT, _SKIPPED = 0, 1, frozenset({2, 3})


class _Frame(NamedTuple):
    call: Intended
    verifies: bool
    chained: bool  # to the one after it


class _Receipt(NamedTuple):
    status: int
    gas_used: int | None


def _left(book: Book) -> list[Container]:
    sent = book.sent
    if sent.type != TYPE:
        return []
    frames = [_frame(one, f"$.tx.frames[{at}]", sent.sender) for at, one in enumerate(rows_of(sent, "frames"))]
    told = _receipts(sent.receipt.get("frameReceipts"), len(frames))
    outcomes = _outcomes(frames, told, sent.status)
    calls = []
    for at, (frame, went) in enumerate(zip(frames, outcomes, strict=True)):
        call = call_of(at, frame.call, went, book.names)
        calls.append(msgspec.structs.replace(call, gas_used=told[at].gas_used) if told else call)
    outcome = _outcome(frames, calls)
    container = Container(
        kind=NAME,
        id=sent.hash,
        sender=sent.sender,
        paymaster=payer_of(sent, "payer"),
        success=None if outcome == "unknown" else outcome == "success",
        outcome=outcome,
        calls=tuple(calls),
    )
    return [container]


def _frame(given: object, place: str, sender: str) -> _Frame:
    """Read one frame; without a target it calls the sender. Early networks kept the flags above the mode."""
    if not isinstance(given, dict):
        raise DecodeError(f"{place}: is not an object")
    target = given.get("target") if given.get("target") is not None else given.get("to")
    to = sender if target is None else address(target, f"{place}.target")
    mode, flags, value = (_number(given, key, place) for key in ("mode", "flags", "value"))
    chained = bool((flags | mode >> 8) & _CHAINED)
    call = Intended(to, value, data_of(given.get("data"), f"{place}.data"))
    return _Frame(call, mode & 0xFF == _VERIFY, chained)


def _number(given: dict[str, object], key: str, place: str) -> int:
    return 0 if given.get(key) is None else quantity(given[key], f"{place}.{key}")


def _receipts(given: object, count: int) -> list[_Receipt] | None:
    """Read what became of each frame; None where the receipt does not tell it of each."""
    place = "$.receipt.frameReceipts"
    if not isinstance(given, list) or len(given) != count or not all(isinstance(one, dict) for one in given):
        return None
    told = []
    for at, one in enumerate(given):
        if one.get("status") is None:
            return None
        gas = None if one.get("gasUsed") is None else quantity(one["gasUsed"], f"{place}[{at}].gasUsed")
        told.append(_Receipt(quantity(one["status"], f"{place}[{at}].status"), gas))
    return told


def _outcomes(frames: Sequence[_Frame], told: Sequence[_Receipt] | None, status: int | None) -> list[CallOutcome]:
    if told is None or (status == 0 and all(one.status == _WENT for one in told)):
        return ["unknown"] * len(frames)
    found: list[CallOutcome] = []
    start = 0
    for at, frame in enumerate(frames):
        if not frame.chained or at == len(frames) - 1:
            found += _batch([one.status for one in told[start : at + 1]])
            start = at + 1
    return found


def _batch(statuses: Sequence[int]) -> list[CallOutcome]:
    """Tell frames that stand or fall together; a frame alone is a batch of one."""
    if all(status == _WENT for status in statuses):
        return ["success"] * len(statuses)
    if len(statuses) == 1 and statuses[0] in _SKIPPED:
        return ["not_executed"]
    first = next((at for at, status in enumerate(statuses) if status != _WENT), 0)
    if statuses[first] != _FAILED or not all(status in _SKIPPED for status in statuses[first + 1 :]):
        return ["unknown"] * len(statuses)
    return ["rolled_back" if at < first else "failed" if at == first else "not_executed" for at in range(len(statuses))]


def _outcome(frames: Sequence[_Frame], calls: Sequence[Call]) -> Outcome:
    wanted = [call.outcome for frame, call in zip(frames, calls, strict=True) if not frame.verifies]
    outcomes = wanted or [call.outcome for call in calls]
    if not outcomes or "unknown" in outcomes:
        return "unknown"
    if all(outcome == "success" for outcome in outcomes):
        return "success"
    return "partial" if "success" in outcomes else "reverted"


kind = Kind(NAME, left=_left)
