"""ERC-4337 bundles: each user operation is a container, as its EntryPoint's events tell it.

Operations are matched with the tree by userOpHash and with calldata by sender and nonce, so several bundles in one
transaction and bundlers that are contracts read alike. A bundle that reverted as a whole left no event: its operations
are told from its calldata, and the one that `FailedOp` blames carries the reason.

Source: eth-infinitism/account-abstraction, EntryPoint 0.6 to 0.9.
"""

import re
from collections.abc import Sequence

from watchers.batches.bundle import SELECTORS, BundledOperation, operations_of
from watchers.batches.calls import OperationTree, calls_of, explained, operations_in
from watchers.batches.container import Book, Container, Kind, Opened, Spot, inner_spots
from watchers.batches.events import BatchResult, CallOutcome
from watchers.batches.layouts import plan
from watchers.batches.match import Placed, call_of
from watchers.batches.protocols.entrypoint import VERSIONS
from watchers.errors import DecodeError
from watchers.revert import reason_of

NAME = "entrypoint"


def _open(spot: Spot, book: Book) -> Sequence[Opened] | None:
    if spot.target not in VERSIONS:
        return None
    try:
        sent = operations_of(spot.data)
    except DecodeError:
        sent = []
    if book.reverted or spot.undone:
        return _reverted(spot, book, sent)
    trees = operations_in(spot.visit.frame, spot.target) if spot.visit is not None else {}
    here = [
        op
        for op in book.operations
        if op.address == spot.target and (op.container_id in trees or spot.is_root or not book.traced)
    ]
    calldata = {(op.sender, op.nonce): op.calldata for op in sent}
    taken = set(map(id, here))
    book.operations = [op for op in book.operations if id(op) not in taken]
    return [_told(op, calldata.get((op.sender, op.nonce)), trees.get(op.container_id), spot.depth, book) for op in here]


def _told(op: BatchResult, calldata: bytes | None, tree: OperationTree | None, depth: int, book: Book) -> Opened:
    result, placed = explained(op, calldata, tree, book.names)
    is_read = bool(result.calls) or calldata == b"" or (tree is not None and tree.success == op.success)
    # What was meant is not known, so a call that was tried may have failed.
    outcome = "unknown" if result.outcome == "success" and not is_read else result.outcome
    container = Container(
        kind=NAME,
        id=result.container_id,
        sender=result.sender,
        paymaster=result.paymaster,
        success=result.success,
        outcome=outcome,
        reason=result.reason,
        calls=result.calls,
        gas_cost_wei=result.gas_cost_wei,
    )
    return Opened(container, inner_spots(placed, result.sender, book, depth))


def _reverted(spot: Spot, book: Book, sent: Sequence[BundledOperation]) -> list[Opened]:
    frame = spot.visit.frame if spot.visit is not None else None
    trees = operations_in(frame, spot.target, undone=True) if frame is not None else {}
    by_nonce = {(tree.sender, tree.nonce): tree for tree in trees.values()}
    reason = reason_of(frame, book.names) if frame is not None else ""
    blamed = re.match(r"FailedOp(?:WithRevert)?\((\d{1,9}),", reason)
    opened = []
    for at, op in enumerate(sent):
        tree = by_nonce.get((op.sender, op.nonce))
        placed = calls_of(tree, book.names, undone=True) if tree is not None else _unreached(op, book)
        container = Container(
            kind=NAME,
            id=tree.op_hash if tree is not None else "",
            sender=op.sender,
            paymaster=op.paymaster,
            success=False,
            outcome="reverted",
            reason=reason if blamed is None or int(blamed[1]) == at else "",
            calls=tuple(p.call for p in placed),
        )
        opened.append(Opened(container, inner_spots(placed, op.sender, book, spot.depth)))
    return opened


def _unreached(op: BundledOperation, book: Book) -> list[Placed]:
    """Tell the calls of an operation that the tree does not show: never made, or, without a tree, unknown."""
    meant = plan(op.calldata, op.sender)
    outcome: CallOutcome = "not_executed" if book.traced else "unknown"
    return [Placed(call_of(at, call, outcome, book.names)) for at, call in enumerate(meant.calls if meant else ())]


def _left(book: Book) -> list[Container]:
    """Tell the operations of bundles whose calldata is not at hand: behind a contract, without a tree."""
    left, book.operations = book.operations, []
    return [_told(op, None, None, 0, book).container for op in left]


kind = Kind(NAME, SELECTORS, _open, anywhere=True, left=_left)
