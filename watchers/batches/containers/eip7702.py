"""A transaction of type 4: what the delegated account was told to do, or the transaction's one call.

An account whose delegation was not applied has no code, and a call to it returns without doing anything: only frames
prove that its batch ran.

Source: EIP-7702.
"""

from collections.abc import Sequence

from watchers.batches.calldata import Intended
from watchers.batches.container import Book, Container, Kind, Opened, Spot
from watchers.batches.containers.account import SELECTORS, told
from watchers.batches.delegation import TYPE
from watchers.batches.events import CallOutcome
from watchers.batches.layouts import plan
from watchers.batches.match import call_of

NAME = "eip7702"


def _open(spot: Spot, book: Book) -> Sequence[Opened] | None:
    if not spot.is_root or book.sent.type != TYPE:
        return None
    meant = plan(bytes.fromhex(spot.data[2:]), spot.target)
    return None if meant is None else [told(NAME, spot, book, meant)]


def _alone(book: Book, reason: str) -> Container | None:
    """Tell a transaction of type 4 that holds no batch: its one call is what the receipt says."""
    sent = book.sent
    if sent.type != TYPE:
        return None
    success = None if sent.status is None else sent.status == 1
    outcome: CallOutcome = "unknown" if success is None else "success" if success else "failed"
    call = call_of(0, Intended(sent.to, sent.value_wei, sent.data), outcome, book.names, reason)
    return Container(
        kind=NAME,
        id=sent.hash,
        sender=sent.sender,
        success=success,
        outcome="unknown" if success is None else "success" if success else "reverted",
        reason=reason,
        calls=(call,),
    )


kind = Kind(NAME, SELECTORS, _open, rank=1, alone=_alone)
