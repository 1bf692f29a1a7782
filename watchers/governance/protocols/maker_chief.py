"""Maker's chiefs until 2025: locked MKR approves of spells, and the most approved may be lifted to the hat.

Source: dapphub/ds-chief `chief.sol`; dapphub/ds-note `note.sol`. The chief speaks by anonymous `LogNote`s; a
`vote(address[])` calls etch and vote, and each of the two notes the whole call, so it is noted twice.
"""

import msgspec

from watchers.abi import decode_words, event, note
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.errors import DecodeError
from watchers.governance.chief import Chief, flash
from watchers.governance.events import Act
from watchers.governance.handing import act


@note("lock(uint256)")
class NoteLock(msgspec.Struct, frozen=True, gc=False):
    """Tokens are locked, and add to the vote that stands."""

    guy: str
    foo: str
    bar: str
    wad: int
    fax: bytes


@note("free(uint256)")
class NoteFree(msgspec.Struct, frozen=True, gc=False):
    """Tokens are taken out again, with their approval."""

    guy: str
    foo: str
    bar: str
    wad: int
    fax: bytes


@note("vote(bytes32)")
class NoteVote(msgspec.Struct, frozen=True, gc=False):
    """All that somebody has locked approves of a slate that is known."""

    guy: str
    foo: str
    bar: str
    wad: int
    fax: bytes


@note("vote(address[])")
class NoteVoteFor(msgspec.Struct, frozen=True, gc=False):
    """The same, of a slate that is given."""

    guy: str
    foo: str
    bar: str
    wad: int
    fax: bytes


@note("lift(address)")
class NoteLift(msgspec.Struct, frozen=True, gc=False):
    """A new hat."""

    guy: str
    foo: str
    bar: str
    wad: int
    fax: bytes


@note("etch(address[])")
class NoteEtch(msgspec.Struct, frozen=True, gc=False):
    """A slate is made known."""

    guy: str
    foo: str
    bar: str
    wad: int
    fax: bytes


@event("Etch(bytes32 indexed slate)")
class Etch(msgspec.Struct, frozen=True, gc=False):
    """The slate that was made known."""

    slate: str


protocol = Chief("maker_chief")
protocol.witness(NoteEtch, Etch)


@protocol.on(NoteLock)
def _locked(log: Log, shape: NoteLock, around: Around) -> Act:
    return act(protocol, log, around, "lock", who=shape.guy, amount_raw=int(shape.foo, 16))


@protocol.on(NoteFree)
def _freed(log: Log, shape: NoteFree, around: Around) -> Act:
    told = {"who": shape.guy, "amount_raw": int(shape.foo, 16)}
    whom = flash(
        log,
        around,
        lambda seen: isinstance(seen, NoteLock) and seen.guy == shape.guy,
        lambda seen: _address(seen.foo) if isinstance(seen, NoteLift) else "",
    )
    return act(protocol, log, around, "flash_lift" if whom else "free", **told, whom=whom)


@protocol.on(NoteVote)
def _voted(log: Log, shape: NoteVote, around: Around) -> Act:
    return act(protocol, log, around, "approval", who=shape.guy, detail=f"slate {shape.foo}")


@protocol.on(NoteVoteFor)
def _voted_for(log: Log, shape: NoteVoteFor, around: Around) -> Act | None:
    same = [seen for before, seen in around.earlier() if before.address == log.address and seen == shape]
    if len(same) % 2:  # etch noted it already
        return None
    try:
        (candidates,) = decode_words(("address[]",), shape.fax[4:])
    except DecodeError:  # calldata may be bent in ways that the contract reads and we do not: the vote stands
        candidates = ()
    told = {"whom": str(candidates[0]).lower() if candidates else "", "detail": _of(len(candidates))}
    return act(protocol, log, around, "approval", who=shape.guy, **told)


@protocol.on(NoteLift)
def _lifted(log: Log, shape: NoteLift, around: Around) -> Act:
    return act(protocol, log, around, "lift", who=shape.guy, after=_address(shape.foo))


def _address(word: str) -> str:
    return "0x" + word[-40:]


def _of(count: int) -> str:
    return f"first of {count} candidates" if count > 1 else ""
