"""What became of each call of a user operation: its plan laid over its place in the call tree.

Neither is enough alone. Without a tree a call's outcome is "unknown", except where the account's own events or its
`ExecuteError` name the call that failed. A tree that contradicts the EntryPoint's own event (another inclusion, a
lying node) is not used at all, and a call that it calls a success while the account's events call it failed is unknown.

Source: eth-infinitism/account-abstraction, EntryPoint `innerHandleOp`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from watchers.batches.calldata import Reader
from watchers.batches.events import BatchResult, Call, CallOutcome, Outcome
from watchers.batches.layouts import NAMES_FAILING_INDEX, Plan, plan
from watchers.batches.match import Placed, call_of, doubted, lay_over, made, seen
from watchers.chain.trace import Frame, Visit, walk
from watchers.errors import DecodeError
from watchers.revert import failing_index, reason_of
from watchers.signatures import KNOWN, Names

# innerHandleOp: selector -> word that holds the userOpHash, and it was reached from the EntryPoint itself only
_INNER = {"0x0042dc53": 11, "0x1d732756": 9}
_WORD = 32


class OperationTree(NamedTuple):
    """One operation in a call tree: its `innerHandleOp` frame and, when it came so far, the call of its account."""

    inner: Frame
    account: Frame | None
    calldata: bytes
    op_hash: str
    sender: str
    nonce: int

    @property
    def success(self) -> bool:
        """What the EntryPoint must have reported of it."""
        return not self.inner.error and not (self.account and self.account.error)


def operations_in(root: Frame, entry_point: str, *, undone: bool = False) -> dict[str, OperationTree]:
    """Find an EntryPoint's operations in a call tree by userOpHash; those inside a reverted frame, which left no event,
    only when `undone` asks for them.
    """
    found: dict[str, OperationTree] = {}
    for frame, is_undone in walk(root):
        word = _INNER.get(frame.input[:10])
        if (is_undone and not undone) or word is None or frame.type != "CALL":
            continue
        if frame.sender == frame.to == entry_point and (operation := _operation(frame, entry_point, word)) is not None:
            found[operation.op_hash] = operation
    return found


def _operation(inner: Frame, entry_point: str, word: int) -> OperationTree | None:
    reader = Reader(bytes.fromhex(inner.input[10:]))
    try:
        op_hash = f"0x{reader.word(_WORD * word):064x}"
        calldata, sender, nonce = reader.blob(reader.tail(0)), reader.address(_WORD), reader.word(2 * _WORD)
    except DecodeError:
        return None
    # The account's call comes first; with empty calldata there is none, and the first child may be `postOp`.
    first = next((f for f in inner.calls if f.type == "CALL"), None)
    is_account = bool(calldata) and first is not None and first.to == sender and first.sender == entry_point
    if calldata and not is_account and not inner.error:
        return None  # an account that must have been called and is not in the tree: pruned
    return OperationTree(inner, first if is_account else None, calldata, op_hash, sender, nonce)


def explain(event: BatchResult, calldata: bytes | None, tree: OperationTree | None) -> BatchResult:
    """Fill an operation's calls from its calldata and its place in the call tree, whichever is at hand."""
    return explained(event, calldata, tree)[0]


def explained(
    event: BatchResult, calldata: bytes | None, tree: OperationTree | None, names: Names = KNOWN
) -> tuple[BatchResult, list[Placed]]:
    """Like `explain`, with the frame of each call that has one."""
    if tree is not None and tree.success == event.success:
        return _with_tree(event, tree, names)
    meant = plan(calldata, event.sender) if calldata else None
    if meant is None:
        return msgspec.structs.replace(event, calls=()), []
    blind = _without_tree(event, meant, (calldata or b"")[:4].hex(), names)
    return blind, [Placed(call) for call in blind.calls]


# --- without a tree -----------------------------------------------------------------------------------------------


def _without_tree(event: BatchResult, meant: Plan, selector: str, names: Names) -> BatchResult:
    """Say what events prove: the calls named by try-mode events, or the one that `ExecuteError` blames."""
    calls = proven(event.calls, meant, names)
    blamed = failing_index(event.reason) if event.outcome == "reverted" and selector in NAMES_FAILING_INDEX else None
    if blamed is not None and blamed < len(calls):
        for place, call in enumerate(calls):
            outcome: CallOutcome = "rolled_back" if place < blamed else "failed" if place == blamed else "not_executed"
            reason = event.reason.partition(",")[2][:-1] if place == blamed else ""
            calls[place] = msgspec.structs.replace(call, outcome=outcome, reason=reason)
    # A container that may succeed while its calls fail has not succeeded for all that we know.
    outcome_now: Outcome = "unknown" if event.outcome == "success" and meant.tries else event.outcome
    return msgspec.structs.replace(event, calls=tuple(calls), outcome=outcome_now)


def proven(proofs: Sequence[Call], meant: Plan, names: Names) -> list[Call]:
    """Give the calls of a plan with what an account's own events prove of them, and nothing else."""
    calls = [call_of(at, c, "not_executed" if c.skipped else "unknown", names) for at, c in enumerate(meant.calls)]
    for proof in proofs:
        at = named(proof, meant)
        if at is not None:
            calls[at] = msgspec.structs.replace(calls[at], outcome="failed", reason=proof.reason)
    return calls


def named(proof: Call, meant: Plan) -> int | None:
    """Find the call that a try-mode event speaks of: by index, or, where the event has none, by its calldata."""
    tried = [at for at, call in enumerate(meant.calls) if call.tries]
    if proof.index >= 0:
        return proof.index if proof.index in tried else None
    same = [at for at in tried if meant.calls[at].data == proof.data]
    return same[0] if len(same) == 1 else None


# --- with a tree --------------------------------------------------------------------------------------------------


def _with_tree(event: BatchResult, tree: OperationTree, names: Names) -> tuple[BatchResult, list[Placed]]:
    placed = calls_of(tree, names)
    meant = plan(_calldata(tree), event.sender)
    if meant is not None:
        placed = doubted(placed, {at for at in (named(proof, meant) for proof in event.calls) if at is not None})
    calls = tuple(p.call for p in placed)
    failed = event.outcome == "reverted" and tree.account is not None and not tree.account.error
    # 0.6 has no event for a `postOp` that reverted: the account's call returned, and what it did is gone.
    outcome: Outcome = "postop_reverted" if failed and tree.inner.error else event.outcome
    if event.success:
        outcome = event.outcome if event.outcome == "partial" else judged(meant, calls)
    reason = event.reason
    if not reason and not event.success:
        reason = _why(tree, names)
    return msgspec.structs.replace(event, calls=calls, outcome=outcome, reason=reason), placed


def calls_of(tree: OperationTree, names: Names, *, undone: bool = False) -> list[Placed]:
    """Tell the calls of an operation by the tree alone; `undone` when the bundle around it reverted."""
    account, gone = tree.account, undone or bool(tree.inner.error)
    meant = plan(_calldata(tree), tree.sender)
    if account is None:
        calls = meant.calls if meant else ()
        return [Placed(call_of(at, call, "not_executed", names)) for at, call in enumerate(calls)]
    if meant is None:
        frames = (v for v in made(Visit(account, gone)) if v.frame.type == "CALL")
        return [seen(at, visit, names) for at, visit in enumerate(frames)]
    return lay_over(meant, Visit(account, gone), names)


def _calldata(tree: OperationTree) -> bytes:
    return bytes.fromhex(tree.account.input[2:]) if tree.account else tree.calldata


def _why(tree: OperationTree, names: Names) -> str:
    if tree.account and tree.account.error:
        return reason_of(tree.account, names)
    after = [f for f in tree.inner.calls if f is not tree.account and f.error]
    return reason_of(after[-1] if after else tree.inner, names)


def judged(meant: Plan | None, calls: Sequence[Call]) -> Outcome:
    """Judge a container that is told to have succeeded by its calls."""
    outcomes = {call.outcome for call in calls}
    if meant is None:
        # Whether a call that failed was one of the batch cannot be told from a calldata that we cannot read.
        return "unknown" if outcomes - {"success"} else "success"
    if outcomes & {"failed", "rolled_back"}:
        return "partial"
    return "unknown" if "unknown" in outcomes else "success"
