"""Safe 1.0 to 1.5: a transaction of the owners, or of a module, with MultiSend opened.

`ExecutionSuccess` and `ExecutionFailure` carry the Safe's hash in topic 1 from 1.4.1 and in the data before; 1.0 knows
only `ExecutionFailed`. A Safe told `safeTxGas` or `gasPrice` does not revert when what it does fails. Behind contracts,
without a call tree, the event of the L2 singletons tells what was meant.

Source: safe-global/safe-smart-account, `Safe.execTransaction`, `ModuleManager.execTransactionFromModule`.
"""

from collections.abc import Sequence

from watchers.abi import decode_words, encode_words
from watchers.batches.calldata import Reader
from watchers.batches.container import Book, Container, Kind, Opened, Spot, Word, settle
from watchers.batches.layouts import Plan, with_operation
from watchers.chain.block import Log
from watchers.errors import DecodeError

NAME = "safe"
_OWNERS = "0x6a761202"  # execTransaction
_MODULE = frozenset({"0x468721a7", "0x5229073f"})  # execTransactionFromModule, ...ReturnData
_SUCCESS = "0x442e715f626346e8c54381002da614f62bee8d27386535b2521ec8540898556e"
_FAILURE = "0x23428b18acfb3ea64b08dc0c1d296ea9c09702c09083ca5272e64d115b687d23"
_FAILED_1_0 = "0xabfd711ecdd15ae3a6b3ad16ff2e9d81aec026a39d16725ee164be4fbf857a7c"
_MODULE_SUCCESS = "0x6895c13664aa4f67288b25d7a21d7aaa34916e355fb9b6fae0a139a9085becb8"
_MODULE_FAILURE = "0xacd2c8702804128fdb0db2bb49f6d127dd0181c13fd45dbfe16de0930e2bd375"
_OF_OWNERS = frozenset({_SUCCESS, _FAILURE, _FAILED_1_0})
_OF_MODULE = frozenset({_MODULE_SUCCESS, _MODULE_FAILURE})
_L2_OWNERS = "0x66753cd2356569ee081232e3be8909b950e0a76c1f8460c3a5e3c2be32b11bed"
_L2_MODULE = "0xb648d3644f584ed1c2232d53c46d87e693586486ad0d1175f8656013110b714e"
_WORD = 32
_TRUE, _FALSE = f"{1:064x}", f"{0:064x}"


def _open(spot: Spot, book: Book) -> Sequence[Opened] | None:
    try:
        meant = with_operation(Reader(bytes.fromhex(spot.data[10:])))
    except DecodeError:
        return None
    by_owners = spot.data[:10] == _OWNERS
    event = _event(spot, book, _OF_OWNERS if by_owners else _OF_MODULE)
    said = None if event is None else event.topics[0] in (_SUCCESS, _MODULE_SUCCESS)
    returned = _returned(spot)
    differ = said is not None and returned is not None and said is not returned
    word = Word(returned if said is None else said, differ)
    if spot.visit is None and event is None and not book.reverted and not spot.is_root:
        return None  # nothing but a selector speaks for a Safe here
    name = (_hash(event) if event is not None else "") if by_owners else book.sent.hash
    return [settle(NAME if by_owners else "safe_module", spot, book, meant, name=name, sender=spot.target, word=word)]


def _event(spot: Spot, book: Book, topics: frozenset[str]) -> Log | None:
    """Take the Safe's next word; what was undone left none."""
    if spot.undone or book.reverted:
        return None
    found = book.first(topics, spot.target)
    if found is not None:
        book.take(found)
    return found


def _hash(event: Log) -> str:
    return event.topics[1] if len(event.topics) > 1 else event.data[: 2 + 64]


def _returned(spot: Spot) -> bool | None:
    """Read the Boolean that both functions return first, be it that something around undid it all."""
    if spot.visit is None or spot.visit.frame.error:
        return None
    output = (spot.visit.frame.output or "0x")[2 : 2 + 64]
    return {_TRUE: True, _FALSE: False}.get(output)


def _left(book: Book) -> list[Container]:
    """Tell the Safes behind contracts by their own events."""
    found = []
    for event in book.logs(_OF_OWNERS | _OF_MODULE):
        of_owners = event.topics[0] in _OF_OWNERS
        success = event.topics[0] in (_SUCCESS, _MODULE_SUCCESS)
        book.take(event)
        before = book.first({_L2_OWNERS if of_owners else _L2_MODULE}, event.address)
        if before is not None:
            book.take(before)
        meant = _l2_plan(before, of_owners=of_owners) if before is not None else None
        spot = Spot("", event.address, "0x", 0, None)
        name = _hash(event) if of_owners else book.sent.hash
        kind = NAME if of_owners else "safe_module"
        found.append(settle(kind, spot, book, meant, name=name, sender=event.address, word=Word(success)).container)
    return found


def _l2_plan(log: Log, *, of_owners: bool) -> Plan | None:
    """Read what an L2 singleton says that it is about to do."""
    types = ("address", "uint256", "bytes", "uint8")
    try:
        words = decode_words(types if of_owners else ("address", *types), bytes.fromhex(log.data[2:]))
        return with_operation(Reader(encode_words(types, words[-len(types) :])))
    except (DecodeError, ValueError):
        return None


kind = Kind(NAME, frozenset({_OWNERS, *_MODULE}), _open, anywhere=True, left=_left)
