"""What Safes, timelocks and governors said to have executed, filled with what the whole transaction tells. Pure."""

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from watchers.batches.analysis import analyse
from watchers.batches.container import Container
from watchers.batches.events import BatchResult
from watchers.batches.sent import Sent
from watchers.chain.trace import Frame
from watchers.errors import DecodeError


def filled(events: Sequence[BatchResult], sent: Sent | None, tree: Frame | None) -> list[BatchResult]:
    """Give the events of one transaction with their calls. One that the transaction does not tell the same way keeps
    what it says of itself.
    """
    told: dict[tuple[str, str, str], list[Container]] = {}
    if sent is not None:
        with suppress(DecodeError):  # a transaction of a type whose own fields do not read
            for one in analyse(sent, tree).containers:
                told.setdefault((one.kind, one.sender, one.id), []).append(one)
    return [_filled(event, told.get((event.container, event.sender, event.container_id), [])) for event in events]


def _filled(event: BatchResult, told: list[Container]) -> BatchResult:
    """Take the next container of that name: a module may have a Safe act more than once."""
    if not told:
        return event
    one = told.pop(0)
    if one.success is not event.success:
        return event
    return msgspec.structs.replace(event, calls=one.calls, outcome=one.outcome, reason=one.reason)
