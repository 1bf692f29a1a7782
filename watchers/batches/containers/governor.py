"""A governor that executes a proposal, itself or through its timelock.

OpenZeppelin's `execute` carries the calls, and the proposal's number is the hash of the arguments. Bravo's carries the
number alone: its calls are what its timelock says, or is seen, to do, or else what it is seen to call itself.

Source: OpenZeppelin contracts, `Governor.execute`, `GovernorTimelockControl`; Compound `GovernorBravoDelegate.execute`.
"""

from collections.abc import Sequence

from eth_hash.auto import keccak

from watchers.abi import decode_words, encode_words
from watchers.batches.calldata import Intended
from watchers.batches.container import Book, Kind, Opened, Spot, Word, settle
from watchers.batches.containers import compound_timelock, timelock
from watchers.batches.layouts import Plan
from watchers.batches.match import made
from watchers.chain.block import Log
from watchers.errors import DecodeError

NAME = "governor"
_WHOLE, _NUMBERED = "0x2656227d", "0xfe0d94c1"
_TYPES = ("address[]", "uint256[]", "bytes[]", "bytes32")
_PROPOSAL_EXECUTED = "0x712ae1383f79ac853f8d882153778e0260ef8f03b504e2866e0593e04d2b291f"
_THROUGH = timelock.SELECTORS | compound_timelock.SELECTORS


def _open(spot: Spot, book: Book) -> Sequence[Opened] | None:
    try:
        if spot.data[:10] == _WHOLE:
            words = decode_words(_TYPES, bytes.fromhex(spot.data[10:]))
            number = int.from_bytes(keccak(encode_words(_TYPES, words)), "big")
            calls = timelock.columns(*words[:3])
        else:
            (number,) = decode_words(("uint256",), bytes.fromhex(spot.data[10:]))
            calls = _by_timelock(spot, book)
    except DecodeError:
        return None
    if calls is None:
        return None
    told = _told(spot, book, number)
    if spot.data[:10] == _NUMBERED and not told and not calls:
        return None  # other contracts have an execute(uint256), too
    done = _done(book, calls) if told else None
    known = bool(calls) or spot.data[:10] == _WHOLE
    meant, word = Plan(tuple(calls)) if known else None, Word(True if told else None)
    name = str(number)
    return [settle(NAME, spot, book, meant, name=name, sender=spot.target, word=word, done=done, through=_THROUGH)]


def _told(spot: Spot, book: Book, number: int) -> bool:
    """Take the governor's own `ProposalExecuted`."""
    if spot.undone or book.reverted:
        return False
    word = f"0x{number:064x}"
    found = [log for log in book.logs({_PROPOSAL_EXECUTED}, spot.target) if word in (log.data, *log.topics[1:])]
    book.take(*found[:1])
    return bool(found)


def _done(book: Book, calls: list[Intended]) -> range | None:
    """Take what a timelock says to have executed, when it is this very list; None when none says so."""
    told: dict[str, list[tuple[Log, Intended]]] = {}
    for log, call in (
        *((one.log, one.call) for one in timelock.executed(book)),
        *((one.log, one.call) for one in compound_timelock.executed(book)),
    ):
        told.setdefault(log.address, []).append((log, call))
    for those in told.values():
        if [call for _, call in those] == calls:
            book.take(*(log for log, _ in those))
            return range(len(calls))
    return None


def _by_timelock(spot: Spot, book: Book) -> list[Intended]:
    """Give what Bravo's timelock, of either kind, was seen to be told, or, without a tree, said to have executed."""
    if spot.visit is None:
        singles = [one.call for one in compound_timelock.executed(book)]
        return singles or [one.call for one in timelock.executed(book)]
    calls: list[Intended] = []
    for visit in made(spot.visit):
        if visit.frame.type != "CALL":
            continue
        if visit.frame.input[:10] in compound_timelock.SELECTORS:
            call = compound_timelock.read(visit.frame.input)
            calls += [call] if call is not None else []
        elif visit.frame.input[:10] in timelock.SELECTORS:
            calls += timelock.read(visit.frame.input) or []
    return calls


kind = Kind(NAME, frozenset({_WHOLE, _NUMBERED}), _open, anywhere=True)
