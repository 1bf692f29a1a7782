"""What became of each call of an operation: the plan (what was meant) laid over the call tree (what happened).

Neither is enough alone. Without a tree a call's outcome is "unknown", except where the account's own events or its
`ExecuteError` name the call that failed. With a tree: `failed` itself, `rolled_back` (returned, but something around it
failed), `not_executed` (meant, and the batch ended before it), `success`. A call without a frame in a batch that went
through is "unknown": the tree does not show it, and that is all that can be said. A tree that contradicts the
EntryPoint's own event (another inclusion, a lying node) is not used at all.

Source: eth-infinitism/account-abstraction, EntryPoint `innerHandleOp`.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from watchers.batches.calldata import Intended, Reader
from watchers.batches.events import BatchResult, Call, CallOutcome, Outcome
from watchers.batches.layouts import NAMES_FAILING_INDEX, ZERO, Plan, plan
from watchers.batches.revert import failing_index, reason_of
from watchers.batches.signatures import function_name
from watchers.chain.trace import Frame, Visit, walk
from watchers.errors import DecodeError

# innerHandleOp: selector -> word that holds the userOpHash, and it was reached from the EntryPoint itself only
_INNER = {"0x0042dc53": 11, "0x1d732756": 9}
_WORD = 32
_WAYS = {"CALL": "call", "CALLCODE": "delegate", "DELEGATECALL": "delegate", "STATICCALL": "static"}


class OperationTree(NamedTuple):
    """One operation in a call tree: its `innerHandleOp` frame and, when it came so far, the call of its account."""

    inner: Frame
    account: Frame | None
    calldata: bytes

    @property
    def success(self) -> bool:
        """What the EntryPoint must have reported of it."""
        return not self.inner.error and not (self.account and self.account.error)


def operations_in(root: Frame, entry_point: str) -> dict[str, OperationTree]:
    """Find an EntryPoint's operations in a call tree by userOpHash; those inside a reverted frame left no event."""
    found: dict[str, OperationTree] = {}
    for frame, undone in walk(root):
        word = _INNER.get(frame.input[:10])
        if undone or word is None or frame.type != "CALL" or not frame.sender == frame.to == entry_point:
            continue
        at = 10 + 64 * word
        if len(frame.input) < at + 64:
            continue
        operation = _operation(frame, entry_point)
        if operation is not None:
            found["0x" + frame.input[at : at + 64]] = operation
    return found


def _operation(inner: Frame, entry_point: str) -> OperationTree | None:
    reader = Reader(bytes.fromhex(inner.input[10:]))
    try:
        calldata, sender = reader.blob(reader.tail(0)), reader.address(_WORD)
    except DecodeError:
        return None
    # The account's call comes first; with empty calldata there is none, and the first child may be `postOp`.
    first = next((f for f in inner.calls if f.type == "CALL"), None)
    is_account = bool(calldata) and first is not None and first.to == sender and first.sender == entry_point
    if calldata and not is_account and not inner.error:
        return None  # an account that must have been called and is not in the tree: pruned
    return OperationTree(inner, first if is_account else None, calldata)


def explain(event: BatchResult, calldata: bytes | None, tree: OperationTree | None) -> BatchResult:
    """Fill an operation's calls from its calldata and its place in the call tree, whichever is at hand."""
    if tree is not None and tree.success == event.success:
        return _with_tree(event, tree)
    meant = plan(calldata, event.sender) if calldata else None
    if meant is None:
        return msgspec.structs.replace(event, calls=())
    return _without_tree(event, meant, (calldata or b"")[:4].hex())


# --- without a tree -----------------------------------------------------------------------------------------------


def _without_tree(event: BatchResult, meant: Plan, selector: str) -> BatchResult:
    """Say what events prove: the calls named by try-mode events, or the one that `ExecuteError` blames."""
    calls = [_call(at, call, "not_executed" if call.skipped else "unknown") for at, call in enumerate(meant.calls)]
    for proof in event.calls:
        named = _named(proof, meant)
        if named is not None:
            calls[named] = msgspec.structs.replace(calls[named], outcome="failed", reason=proof.reason)
    blamed = failing_index(event.reason) if event.outcome == "reverted" and selector in NAMES_FAILING_INDEX else None
    if blamed is not None and blamed < len(calls):
        for place, call in enumerate(calls):
            outcome: CallOutcome = "rolled_back" if place < blamed else "failed" if place == blamed else "not_executed"
            reason = event.reason.partition(",")[2][:-1] if place == blamed else ""
            calls[place] = msgspec.structs.replace(call, outcome=outcome, reason=reason)
    # A container that may succeed while its calls fail has not succeeded for all that we know.
    outcome_now: Outcome = "unknown" if event.outcome == "success" and meant.tries else event.outcome
    return msgspec.structs.replace(event, calls=tuple(calls), outcome=outcome_now)


def _named(proof: Call, meant: Plan) -> int | None:
    """Find the call that a try-mode event speaks of: by index, or, where the event has none, by its calldata."""
    tried = [at for at, call in enumerate(meant.calls) if call.tries]
    if proof.index >= 0:
        return proof.index if proof.index in tried else None
    same = [at for at in tried if meant.calls[at].data == proof.data]
    return same[0] if len(same) == 1 else None


# --- with a tree --------------------------------------------------------------------------------------------------


def _with_tree(event: BatchResult, tree: OperationTree) -> BatchResult:
    account = tree.account
    meant = plan(_hex_bytes(account.input) if account else tree.calldata, event.sender)
    if account is None:
        calls = [_call(at, call, "not_executed") for at, call in enumerate(meant.calls)] if meant else []
    elif meant is None:
        made = (v for v in _made(Visit(account, bool(tree.inner.error))) if v.frame.type == "CALL")
        calls = [_seen(at, visit) for at, visit in enumerate(made)]
    else:
        calls = _lay_over(meant, account, undone=bool(tree.inner.error))
    failed = event.outcome == "reverted" and tree.account is not None and not tree.account.error
    # 0.6 has no event for a `postOp` that reverted: the account's call returned, and what it did is gone.
    outcome: Outcome = "postop_reverted" if failed and tree.inner.error else event.outcome
    if event.success:
        outcome = _container(event.outcome, meant, calls)
    reason = event.reason
    if not reason and not event.success:
        reason = _why(tree)
    return msgspec.structs.replace(event, calls=tuple(calls), outcome=outcome, reason=reason)


def _why(tree: OperationTree) -> str:
    if tree.account and tree.account.error:
        return reason_of(tree.account)
    after = [f for f in tree.inner.calls if f is not tree.account and f.error]
    return reason_of(after[-1]) if after else reason_of(tree.inner)


def _container(told: Outcome, meant: Plan | None, calls: Sequence[Call]) -> Outcome:
    """Judge an operation that its EntryPoint calls a success."""
    outcomes = {call.outcome for call in calls}
    if told == "partial":
        return "partial"
    if meant is None:
        # Whether a call that failed was one of the batch cannot be told from a calldata that we cannot read.
        return "unknown" if outcomes - {"success"} else "success"
    if outcomes & {"failed", "rolled_back"}:
        return "partial"
    return "unknown" if "unknown" in outcomes else "success"


def _lay_over(meant: Plan, account: Frame, *, undone: bool) -> list[Call]:
    """Match the plan against the frames that the account made, in order."""
    start = Visit(account, undone)
    if meant.hop:
        hop = next((v for v in _made(start) if v.frame.to == account.to and v.frame.input == meant.hop), None)
        if hop is None:
            return [_call(at, call, _absent(account)) for at, call in enumerate(meant.calls)]
        start = hop
    places = _place(meant.calls, list(_made(start)), account.to)
    if not any(place is not None for place in places):
        # A Safe reaches its module by CALL, and the module calls the Safe back: look at all that the account did.
        below = (v for v in _below(start) if v.frame.sender == account.to)
        places = _place(meant.calls, list(below), account.to)
    last = max((at for at, place in enumerate(places) if place is not None), default=-1)
    ended = bool(account.error or start.frame.error)
    return [
        _met(at, call, place, account)
        if place is not None
        else _call(at, call, "not_executed" if call.skipped or (ended and at > last) else "unknown")
        for at, (call, place) in enumerate(zip(meant.calls, places, strict=True))
    ]


def _absent(account: Frame) -> CallOutcome:
    return "not_executed" if account.error else "unknown"


def _place(calls: Sequence[Intended], made: Sequence[Visit], account: str) -> list[Visit | None]:
    """Give each meant call the earliest frame of its kind, target, input and value after the one before it."""
    where: dict[tuple[str, str, str, int], list[int]] = {}
    for at, (frame, _) in enumerate(made):
        way = _WAYS.get(frame.type)
        if way is not None:
            value = frame.value if way == "call" else 0
            where.setdefault((way, frame.to, frame.input, value), []).append(at)
    placed: list[Visit | None] = []
    next_at = 0
    for call in calls:
        place = None if call.skipped else _earliest(call, where, account, next_at)
        placed.append(None if place is None else made[place])
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


def _met(at: int, call: Intended, visit: Visit, account: Frame) -> Call:
    """Tell the outcome of a call by its frame; of one made through a call to itself, by the frame inside that."""
    if call.through:
        inner = _place([call._replace(through="")], list(_made(visit)), account.to)[0]
        if inner is None:
            return _call(at, call, "failed" if visit.frame.error else "unknown", reason_of(visit.frame))
        visit = inner
    frame = visit.frame
    shown = call._replace(target=frame.to) if call.self_at_zero and call.way == "call" else call
    return msgspec.structs.replace(_call(at, shown, _outcome(visit), reason_of(frame)), gas_used=frame.gas_used)


def _outcome(visit: Visit) -> CallOutcome:
    if visit.frame.error:
        return "failed"
    return "rolled_back" if visit.undone else "success"


def _made(start: Visit) -> Iterator[Visit]:
    """Give the frames that a frame made, in order, passing through DELEGATECALL: that is still the same account."""
    inside = start.undone or bool(start.frame.error)
    stack = [Visit(child, inside) for child in reversed(start.frame.calls)]
    while stack:
        visit = stack.pop()
        yield visit
        if _WAYS.get(visit.frame.type) == "delegate":
            undone = visit.undone or bool(visit.frame.error)
            stack.extend(Visit(child, undone) for child in reversed(visit.frame.calls))


def _below(start: Visit) -> Iterable[Visit]:
    visits = walk(start.frame)
    next(visits)
    return (Visit(frame, undone or start.undone) for frame, undone in visits)


def _call(at: int, call: Intended, outcome: CallOutcome, reason: str = "") -> Call:
    name = function_name(call.data)
    return Call(at, call.target, call.value_wei, call.data, name, outcome, reason if outcome == "failed" else "")


def _seen(at: int, visit: Visit) -> Call:
    """Tell a frame as a call where the plan cannot be read."""
    frame = visit.frame
    outcome = _outcome(visit)
    return Call(
        index=at,
        target=frame.to,
        value_wei=frame.value if frame.type == "CALL" else 0,
        data=frame.input,
        function=function_name(frame.input),
        outcome=outcome,
        reason=reason_of(frame) if outcome == "failed" else "",
        gas_used=frame.gas_used,
    )


def _hex_bytes(data: str) -> bytes:
    return bytes.fromhex(data[2:])
