"""What history keeps of an event and under which names it is found again.

A record is two lines: a JSON head for the scripts (`x`: the indexes that name the event, `b`: the proposal's book,
`o`: the event opens that book) and the event itself, which no script reads, since Lua would round its integers.

Units: a score is block * 1,000,000 + log index; a double holds it exactly up to block 9,007,199,254.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from watchers.batches.events import BatchResult
from watchers.event import Event
from watchers.governance.events import Act, DelegateChange, HolderChange, PowerChange, ProposalChange, Vote
from watchers.liquidity.events import LiquidityMove
from watchers.wing import Ballot, Taken

AnyEvent = Vote | ProposalChange | LiquidityMove | BatchResult | Act | DelegateChange | PowerChange
PER_BLOCK = 1_000_000


class StoredEvent(msgspec.Struct, frozen=True):
    """An event and the time of its block."""

    event: AnyEvent
    time_s: int


class _Head(msgspec.Struct, frozen=True):
    x: tuple[str, ...]
    b: str = ""
    o: bool = False


class StoredBallot(msgspec.Struct, frozen=True, omit_defaults=True):
    """A vote as a proposal's book keeps it; `at` is the event's score, which orders the book. What is not usual is left
    out, so ballots of versions before `replaces` and `taken` read as what they were.
    """

    at: int
    voter: str
    for_raw: int
    against_raw: int
    abstain_raw: int
    replaces: bool = False
    taken: Taken | None = None

    @property
    def ballot(self) -> Ballot:
        """Give it as judges take it."""
        return Ballot(self.voter, self.for_raw, self.against_raw, self.abstain_raw, self.replaces, self.taken)


class Record(NamedTuple):
    """An event as the scripts take it, in the order of their arguments. `book` and `ballot` are empty but for votes and
    what changes a book of delegates.
    """

    id: str
    score: int
    time_s: int
    text: bytes
    book: str
    ballot: bytes


_decoder = msgspec.json.Decoder(StoredEvent)
_ballots = msgspec.json.Decoder(StoredBallot)


def ballot_of(vote: Vote) -> Ballot:
    """Give what a proposal's book keeps of a vote."""
    return Ballot(vote.voter, vote.for_raw, vote.against_raw, vote.abstain_raw, vote.replaces, vote.taken)


def score(block: int, log_index: int) -> int:
    """Order events by block, then by place in the block."""
    return block * PER_BLOCK + min(log_index, PER_BLOCK - 1)


def book_name(governor: str, proposal_id: int) -> str:
    """Name a proposal's book."""
    return f"{governor}:{proposal_id}"


def delegates_name(token: str) -> str:
    """Name the changes of a token's book of delegates that are not final yet."""
    return f"delegates:{token}"


def holders_name(token: str) -> str:
    """Name the changes of a token's book of holders that are not final yet."""
    return f"holders:{token}"


class BookChange(NamedTuple):
    """One change of a book of delegates, as the scripts take it: `side` p is what `who` has from `at` on, in base
    units; side d is whom `who` gave its votes to, each 40 hex digits; side t is how much went from whom to whom: the
    amount in hexadecimal, and `who` both of them. `before` is what a change of p says was before.
    """

    at: int
    side: str
    who: str
    what: str
    before: str = ""

    @property
    def text(self) -> bytes:
        """Write it down: fields that hold no space, one space between."""
        return f"{self.at} {self.side} {self.who} {self.what} {self.before}".encode()


def change_of(event: DelegateChange | PowerChange | HolderChange) -> BookChange:
    """Give what a book keeps of an event."""
    at = score(event.block, event.log_index)
    if isinstance(event, HolderChange):
        return BookChange(at, "t", event.payer[2:] + event.payee[2:], f"{event.amount_raw:x}")
    if isinstance(event, PowerChange):
        before = "" if event.before_raw is None else str(event.before_raw)
        return BookChange(at, "p", event.delegate[2:], str(event.after_raw), before)
    return BookChange(at, "d", event.delegator[2:], "".join(delegate[2:] for delegate in event.after))


def record(event: Event, time_s: int) -> Record:
    """Write an event down. Raises TypeError for a kind that history does not know."""
    if isinstance(event, HolderChange):  # a large token has a million a day: its book is all that is kept of them
        at = score(event.block, event.log_index)
        return Record(event.id, at, time_s, b"", holders_name(event.address), change_of(event).text)
    if not isinstance(event, AnyEvent):
        raise TypeError(f"history knows no {type(event).__name__}")
    at = score(event.block, event.log_index)
    book, ballot, opens = "", b"", False
    if isinstance(event, Vote):
        book = book_name(event.address, event.proposal_id)
        ballot = msgspec.json.encode(StoredBallot(at, *ballot_of(event)))
    elif isinstance(event, DelegateChange | PowerChange):
        book, ballot = delegates_name(event.address), change_of(event).text
    elif isinstance(event, ProposalChange) and event.change == "created":
        book, opens = book_name(event.address, event.proposal_id), True
    head = msgspec.json.encode(_Head(tuple(dict.fromkeys(_indexes(event))), book, opens))
    return Record(event.id, at, time_s, head + b"\n" + msgspec.json.encode(StoredEvent(event, time_s)), book, ballot)


def read(text: bytes) -> StoredEvent:
    """Read a record back. Raises msgspec.MsgspecError for one that another version wrote and we cannot read."""
    return _decoder.decode(text.partition(b"\n")[2])


def read_ballot(text: bytes) -> StoredBallot:
    """Read a ballot back."""
    return _ballots.decode(text)


def failed(event: BatchResult) -> bool:
    """Tell whether the container or a call in it failed."""
    return not event.success or any(call.outcome in ("failed", "rolled_back") for call in event.calls)


def _indexes(event: AnyEvent) -> Iterator[str]:
    """Name the sorted sets that lead to an event; History asks by the same names."""
    match event:
        case Vote():
            yield from ("vote", f"vote:g:{event.address}", f"vote:p:{event.address}:{event.proposal_id}")
        case ProposalChange():
            yield f"proposal:p:{event.address}:{event.proposal_id}"
            if event.change == "created":
                yield from ("created", f"created:g:{event.address}")
        case DelegateChange() | PowerChange():
            yield "delegation"
        case Act():
            yield from ("act", f"act:c:{event.address}")
        case LiquidityMove():
            yield from ("move", f"move:pool:{event.address}", f"move:n:{event.protocol}", f"move:o:{event.owner}")
        case BatchResult():
            yield from ("batch", f"batch:s:{event.sender}", f"batch:h:{event.tx}", f"batch:h:{event.container_id}")
            if failed(event):
                yield "batch:failed"


def flat(records: list[Record]) -> list[Any]:
    """Lay records out as a script's arguments, their number first."""
    return [len(records), *(field for r in records for field in r)]
