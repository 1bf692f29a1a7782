"""ZKsync's own account abstraction (type 0x71): the account is told to validate, to pay and to execute one call.

The receipt's status is all that is told, so it stands for the transaction and the container both. It is the account's
word on the execution, and an account may catch what fails in its call: of the call nothing is known. A batch that the
call itself is, is told instead.

Source: matter-labs/era-contracts, bootloader; ZKsync documentation, "Account abstraction".
"""

from watchers.batches.calldata import Intended
from watchers.batches.container import Book, Container, Kind
from watchers.batches.match import call_of

NAME = "zksync"
TYPE = 0x71


def _alone(book: Book, _reason: str) -> Container | None:
    sent = book.sent
    if sent.type != TYPE:
        return None
    return Container(
        kind=NAME,
        id=sent.hash,
        sender=sent.sender,
        success=None if sent.status is None else sent.status == 1,
        outcome="reverted" if book.reverted else "unknown",
        calls=(call_of(0, Intended(sent.to, sent.value_wei, sent.data), "unknown", book.names),),
    )


kind = Kind(NAME, alone=_alone)
