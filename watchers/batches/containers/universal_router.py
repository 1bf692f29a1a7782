"""Uniswap's UniversalRouter: commands of one byte, those with the bit 0x80 of which may fail and say nothing.

A command is told by the frames that it made. One that is a call of its own is what its frame says; one that is code of
the router went through where a frame shows that it began and the router returned, for it cannot fail alone. Where no
frame shows it, nothing is known. A router that reverts names the command by `ExecutionFailed`, if it was a call.

Source: Uniswap/universal-router, `UniversalRouter.execute`, `Dispatcher.dispatch`.
"""

from collections.abc import Sequence

import msgspec

from watchers.abi import decode_words
from watchers.batches.calldata import MAX_CALLS
from watchers.batches.calls import judged
from watchers.batches.commands import (
    BALANCE_CHECK,
    PLAN,
    PLAN_TYPES,
    SUB_PLAN,
    Command,
    Router,
    enough,
    read,
    sub_plan,
)
from watchers.batches.container import Book, Container, Kind, Opened, Spot
from watchers.batches.events import Call, CallOutcome
from watchers.batches.layouts import Plan
from watchers.batches.match import made
from watchers.batches.steps import place
from watchers.chain.trace import Frame, Visit
from watchers.errors import DecodeError
from watchers.revert import describe, reason_of
from watchers.signatures import Names

NAME = "universal_router"
_TYPES = {PLAN: PLAN_TYPES, "0x3593564c": (*PLAN_TYPES, "uint256")}  # without and with a deadline
_FAILED, _TOO_LATE = "0x2c4029e9", "0x5bf6f916"  # ExecutionFailed(uint256,bytes), TransactionDeadlinePassed()
_TOO_LOW = "BalanceTooLow()"


def _open(spot: Spot, book: Book) -> Sequence[Opened] | None:
    try:
        codes, inputs = decode_words(_TYPES[spot.data[:10]], bytes.fromhex(spot.data[10:]))[:2]
    except DecodeError:
        return None
    if len(codes) != len(inputs) or len(codes) > MAX_CALLS:
        return None
    router = Router(spot.target, "" if spot.sender == spot.target else spot.sender)
    commands = [read(code, given, router) for code, given in zip(codes, inputs, strict=True)]
    if spot.visit is None:
        return [_blind(commands, spot, book)]
    frames = list(made(spot.visit))
    placed = place((command.signs for command in commands), frames)
    if commands and not spot.undone and not any(placed):
        return None  # a selector alone does not make a router
    frame = spot.visit.frame
    if frame.error:
        calls = _ended(commands, placed, frame, book.names)
    else:
        calls = _returned(commands, placed, frames, spot.target, book.names)
    container = Container(
        kind=NAME,
        id=book.sent.hash,
        sender=spot.sender,
        success=not spot.undone,
        outcome="reverted" if spot.undone else judged(Plan(()), calls),
        reason=reason_of(frame, book.names),
        calls=tuple(calls),
    )
    return [Opened(container, _inner(frames, spot.depth))]


def _inner(frames: Sequence[Visit], depth: int) -> list[Spot]:
    """Give everything that the router called or made: batches may be inside any of it."""
    return [
        Spot(v.frame.sender, v.frame.to, v.frame.input, v.frame.value, v, depth=depth + 1)
        for v in frames
        if v.frame.type in ("CALL", "CREATE", "CREATE2")
    ]


def _blind(commands: Sequence[Command], spot: Spot, book: Book) -> Opened:
    """Tell a router without a tree: what it was told to do, and no more."""
    container = Container(
        kind=NAME,
        id=book.sent.hash,
        sender=spot.sender,
        success=False if book.reverted else None,
        outcome="reverted" if book.reverted else "unknown",
        calls=tuple(_call(at, command, spot.target, "unknown") for at, command in enumerate(commands)),
    )
    inner = [
        Spot(spot.target, spot.target, sub_plan(command.input), 0, None, depth=spot.depth + 1)
        for command in commands
        if command.code == SUB_PLAN and command.signs
    ]
    return Opened(container, inner)


def _returned(
    commands: Sequence[Command], placed: Sequence[Visit | None], frames: Sequence[Visit], router: str, names: Names
) -> list[Call]:
    """Tell the commands of a router that returned. A failure that none accounts for puts its own code in doubt."""
    told = {id(visit) for visit in placed if visit is not None}
    astray = any(v.frame.error and v.frame.type == "CALL" and id(v) not in told for v in frames)
    calls = []
    for at, (command, visit) in enumerate(zip(commands, placed, strict=True)):
        call = _met(at, command, visit, router, names)
        doubted = astray and not command.calls and call.outcome == "success"
        calls.append(msgspec.structs.replace(call, outcome="unknown") if doubted else call)
    return calls


def _met(at: int, command: Command, visit: Visit | None, router: str, names: Names) -> Call:
    """Tell a command of a router that returned by the frame that shows it."""
    if visit is None:
        return _call(at, command, router, "unknown")
    frame = visit.frame
    outcome: CallOutcome = "failed" if frame.error else "rolled_back" if visit.undone else "success"
    reason = reason_of(frame, names)
    if command.code == BALANCE_CHECK and not frame.error:
        found = enough(command, frame.output)
        outcome = "unknown" if found is None else outcome if found else "failed"
        reason = "" if found is not False else _TOO_LOW
    return _call(at, command, router, outcome, reason, frame)


def _ended(commands: Sequence[Command], placed: Sequence[Visit | None], root: Frame, names: Names) -> list[Call]:
    """Tell the commands of a router that reverted: the last that it came to is in doubt, unless something names it."""
    met = [
        _met(at, command, visit, root.to, names)
        for at, (command, visit) in enumerate(zip(commands, placed, strict=True))
    ]
    absent = [_call(at, command, root.to, "not_executed") for at, command in enumerate(commands)]
    if (root.output or "")[:10] == _TOO_LATE:
        return absent
    blamed = _blamed(root, len(commands), names)
    if blamed is not None:
        at, reason = blamed
        visit = placed[at]
        frame = visit.frame if visit is not None else None
        before = [_before(call, command, root.to) for call, command in zip(met[:at], commands, strict=False)]
        return [*before, _call(at, commands[at], root.to, "failed", reason, frame), *absent[at + 1 :]]
    last = max((at for at, visit in enumerate(placed) if visit is not None), default=-1)
    if last >= 0 and met[last].outcome == "rolled_back":  # what came after its frame may have failed
        met[last] = msgspec.structs.replace(met[last], outcome="unknown")
    elif last >= 0 and met[last].outcome == "failed" and not commands[last].caught:
        return [*met[: last + 1], *absent[last + 1 :]]
    return met


def _before(call: Call, command: Command, router: str) -> Call:
    """Tell a command before the one that the router names: it went through, unless its failure was caught."""
    if call.outcome == "unknown" and not command.caught:
        return _call(call.index, command, router, "rolled_back")
    return call


def _blamed(root: Frame, count: int, names: Names) -> tuple[int, str] | None:
    """Read which command the router says to have failed, and why."""
    output = root.output or "0x"
    if output[:10] != _FAILED:
        return None
    try:
        at, message = decode_words(("uint256", "bytes"), bytes.fromhex(output[10:]))
    except DecodeError:
        return None
    return (at, describe(message, names)) if at < count else None


def _call(
    at: int, command: Command, router: str, outcome: CallOutcome, reason: str = "", frame: Frame | None = None
) -> Call:
    """Write a command as a call: one that is a call by its frame, any other by its input."""
    own = frame if command.calls else None
    return Call(
        index=at,
        target=frame.to if frame is not None else router,
        value_wei=frame.value if frame is not None and frame.type == "CALL" else 0,
        data=own.input if own is not None else "0x" + command.input.hex(),
        function=command.name,
        outcome=outcome,
        reason=reason if outcome == "failed" else "",
        gas_used=frame.gas_used if frame is not None else None,
    )


kind = Kind(NAME, frozenset(_TYPES), _open)
