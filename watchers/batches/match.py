"""The plan of a batch laid over a call tree: which frame is which call, and what became of it.

    failed         its frame failed
    rolled_back    it returned, but something around it failed
    success        it returned, and so did all around it
    not_executed   it has no frame, and the batch ended before it
    unknown        it has no frame in a batch that went through: the tree does not show it

The account's frame is walked depth first, through DELEGATECALL only: that is still the same account. What is met there
is matched by way, target, input and value, in order.

Source: geth callTracer and parity traces mark only the frame that failed itself.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from watchers.batches.calldata import Intended
from watchers.batches.events import Call, CallOutcome
from watchers.batches.layouts import ZERO, Plan
from watchers.chain.trace import Frame, Visit, walk
from watchers.revert import reason_of
from watchers.signatures import KNOWN, Names

_WAYS = {"CALL": "call", "CALLCODE": "delegate", "DELEGATECALL": "delegate", "STATICCALL": "static"}


class Placed(NamedTuple):
    """A call and the frame that it was found in."""

    call: Call
    visit: Visit | None = None


def lay_over(
    meant: Plan, maker: Visit, names: Names = KNOWN, *, ended: bool = False, through: Collection[str] = ()
) -> list[Placed]:
    """Match a plan against what the account's frame made, in order. `ended`: the batch is known to have failed.
    `through`: selectors of contracts that make the calls in the account's stead (a governor's timelock).
    """
    start, account = maker, maker.frame
    ended = ended or bool(account.error)
    if meant.hop:
        hop = next((v for v in made(start) if v.frame.to == account.to and v.frame.input == meant.hop), None)
        if hop is None:
            absent: CallOutcome = "not_executed" if ended else "unknown"
            return [Placed(call_of(at, call, absent, names)) for at, call in enumerate(meant.calls)]
        start, ended = hop, ended or bool(hop.frame.error)
    places = _place(meant.calls, list(made(start, through)), account.to)
    if not any(place is not None for place in places):
        # A Safe reaches its module by CALL, and the module calls the Safe back: look at all that the account did.
        below = (v for v in _below(start) if v.frame.sender == account.to)
        places = _place(meant.calls, list(below), account.to)
    last = max((at for at, place in enumerate(places) if place is not None), default=-1)
    return [
        _met(at, call, place, account, names)
        if place is not None
        else Placed(call_of(at, call, "not_executed" if call.skipped or (ended and at > last) else "unknown", names))
        for at, (call, place) in enumerate(zip(meant.calls, places, strict=True))
    ]


def doubted(placed: Iterable[Placed], failed: Collection[int]) -> list[Placed]:
    """Take back what a tree calls a success while the chain's own logs call it failed."""
    return [
        p._replace(call=msgspec.structs.replace(p.call, outcome="unknown"))
        if p.call.outcome == "success" and at in failed
        else p
        for at, p in enumerate(placed)
    ]


def made(start: Visit, through: Collection[str] = ()) -> Iterator[Visit]:
    """Give the frames that a frame made, in order, passing through DELEGATECALL and the `through` selectors."""
    inside = start.undone or bool(start.frame.error)
    stack = [Visit(child, inside) for child in reversed(start.frame.calls)]
    while stack:
        visit = stack.pop()
        yield visit
        if _WAYS.get(visit.frame.type) == "delegate" or visit.frame.input[:10] in through:
            undone = visit.undone or bool(visit.frame.error)
            stack.extend(Visit(child, undone) for child in reversed(visit.frame.calls))


def call_of(at: int, call: Intended, outcome: CallOutcome, names: Names, reason: str = "") -> Call:
    """Tell a call by what was meant."""
    name = names.function(call.data)
    return Call(at, call.target, call.value_wei, call.data, name, outcome, reason if outcome == "failed" else "")


def seen(at: int, visit: Visit, names: Names = KNOWN) -> Placed:
    """Tell a call by its frame, where the plan cannot be read."""
    frame = visit.frame
    outcome = _outcome(visit)
    call = Call(
        index=at,
        target=frame.to,
        value_wei=frame.value if frame.type == "CALL" else 0,
        data=frame.input,
        function=names.function(frame.input),
        outcome=outcome,
        reason=reason_of(frame, names) if outcome == "failed" else "",
        gas_used=frame.gas_used,
    )
    return Placed(call, visit)


def _place(calls: Sequence[Intended], frames: Sequence[Visit], account: str) -> list[Visit | None]:
    """Give each meant call the earliest frame of its kind, target, input and value after the one before it."""
    where: dict[tuple[str, str, str, int], list[int]] = {}
    for at, (frame, _) in enumerate(frames):
        way = _WAYS.get(frame.type)
        if way is not None:
            value = frame.value if way == "call" else 0
            where.setdefault((way, frame.to, frame.input, value), []).append(at)
    placed: list[Visit | None] = []
    next_at = 0
    for call in calls:
        place = None if call.skipped else _earliest(call, where, account, next_at)
        placed.append(None if place is None else frames[place])
        next_at = next_at if place is None else place + 1
    return placed


def _earliest(
    call: Intended, where: dict[tuple[str, str, str, int], list[int]], account: str, start: int
) -> int | None:
    if call.through:
        keys = [("call", account, call.through, 0)]
    else:
        targets = [call.target, account] if call.self_at_zero and call.target == ZERO else [call.target]
        keys = [(call.way, target, call.data, call.value_wei) for target in targets]
    found = []
    for key in keys:
        places = where.get(key, [])
        at = bisect_left(places, start)
        found += places[at : at + 1]
    return min(found, default=None)


def _met(at: int, call: Intended, visit: Visit, account: Frame, names: Names) -> Placed:
    """Tell the outcome of a call by its frame; of one made through a call to itself, by the frame inside that."""
    if call.through:
        inner = _place([call._replace(through="")], list(made(visit)), account.to)[0]
        if inner is None:
            outcome: CallOutcome = "failed" if visit.frame.error else "unknown"
            return Placed(call_of(at, call, outcome, names, reason_of(visit.frame, names)))
        visit = inner
    frame = visit.frame
    shown = call._replace(target=frame.to) if call.self_at_zero and call.way == "call" else call
    told = call_of(at, shown, _outcome(visit), names, reason_of(frame, names))
    return Placed(msgspec.structs.replace(told, gas_used=frame.gas_used), visit)


def _outcome(visit: Visit) -> CallOutcome:
    if visit.frame.error:
        return "failed"
    return "rolled_back" if visit.undone else "success"


def _below(start: Visit) -> Iterable[Visit]:
    visits = walk(start.frame)
    next(visits)
    return (Visit(frame, undone or start.undone) for frame, undone in visits)
