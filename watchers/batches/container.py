"""What a kind of container needs to tell itself: `Kind`, one file in `containers/`; `Spot`, a call that may be one;
`Book`, all that is known of the transaction; `settle`, which lays the calls over the tree or says what is not known.

A container succeeded when its own word says so: an event, its return value, or a frame that returned where it has no
word. Without a call tree a call is "unknown" but for what logs prove.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from watchers.batches.calls import judged, named, proven
from watchers.batches.events import BatchResult, Call, Outcome
from watchers.batches.layouts import Plan
from watchers.batches.match import Placed, doubted, lay_over, made, seen
from watchers.batches.sent import Sent
from watchers.chain.block import Log
from watchers.chain.trace import Visit
from watchers.revert import reason_of
from watchers.signatures import Names

T = TypeVar("T")


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """One container with its calls. `id` is "" where nothing tells it; `success` None when that is not known. `depth`:
    how many containers are around it. `gas_cost_wei`: what it paid for itself, where it does.
    """

    kind: str
    id: str
    sender: str
    paymaster: str = ""
    success: bool | None
    outcome: Outcome
    reason: str = ""
    calls: tuple[Call, ...] = ()
    depth: int = 0
    gas_cost_wei: int | None = None


class Spot(NamedTuple):
    """A call that may be a container. `visit` is its frame in the tree, None without one; `is_root` the transaction
    itself; `depth` how many containers it is inside.
    """

    sender: str
    target: str
    data: str
    value_wei: int
    visit: Visit | None
    is_root: bool = False
    depth: int = 0

    @property
    def undone(self) -> bool:
        """Tell whether the tree shows it failed or undone."""
        return self.visit is not None and (self.visit.undone or bool(self.visit.frame.error))


class Opened(NamedTuple):
    """A container and the calls inside that may be containers themselves."""

    container: Container
    inner: Sequence[Spot] = ()


class Book:
    """One transaction. `operations`: what the EntryPoints told, until a container takes them. `looked`: how many logs
    were looked at, since many containers that look at many logs are what a stranger can send.
    """

    def __init__(self, sent: Sent, names: Names, operations: Sequence[BatchResult], *, traced: bool) -> None:
        self.sent, self.names, self.traced = sent, names, traced
        self.operations = list(operations)
        self.looked = 0
        # those that no container has taken, by first topic, address and place
        self._left: dict[str, dict[str, dict[int, Log]]] = {}
        self._places = {id(log): at for at, log in enumerate(sent.logs)}
        self._read: dict[tuple[int, Callable[[Log], Any]], Any] = {}
        for at, log in enumerate(sent.logs):
            if log.topics:
                self._left.setdefault(log.topics[0], {}).setdefault(log.address, {})[at] = log

    @property
    def reverted(self) -> bool:
        """Tell whether the transaction is known to have failed, and everything with it."""
        return self.sent.status == 0

    def logs(self, topics: Collection[str], address: str | None = None) -> list[Log]:
        """Give the logs with one of these first topics that no container has taken yet."""
        found: dict[int, Log] = {}
        for topic in topics:
            by_address = self._left.get(topic, {})
            for logs in by_address.values() if address is None else (by_address.get(address, {}),):
                found |= logs
        self.looked += len(found)
        return [found[at] for at in sorted(found)]

    def first(self, topics: Collection[str], address: str) -> Log | None:
        """Give the first of the logs of an address."""
        left = (self._left.get(topic, {}).get(address, {}) for topic in topics)
        return min((next(iter(logs.items())) for logs in left if logs), default=(0, None))[1]

    def read(self, log: Log, how: Callable[[Log], T]) -> T:
        """Read a log, once however many containers ask."""
        key = (id(log), how)
        if key not in self._read:
            self._read[key] = how(log)
        found: T = self._read[key]
        return found

    def take(self, *logs: Log) -> None:
        """Mark logs as told."""
        for log in logs:
            self._left[log.topics[0]][log.address].pop(self._places[id(log)], None)


def _never(_spot: Spot, _book: Book) -> None:
    return None


def _none_left(_book: Book) -> list[Container]:
    return []


def _none_alone(_book: Book, _reason: str) -> None:
    return None


class Kind(NamedTuple):
    """A kind of container. `open` answers None for a call that is not one. `anywhere`: looked for below contracts that
    are not known, too. `left`: containers that only logs or the transaction itself tell of. `alone`: what to say of a
    transaction of this kind that holds no container, given why its call failed. The lowest rank is asked first.
    """

    name: str
    selectors: frozenset[str] = frozenset()
    open: Callable[[Spot, Book], Sequence[Opened] | None] = _never
    anywhere: bool = False
    left: Callable[[Book], list[Container]] = _none_left
    rank: int = 0
    alone: Callable[[Book, str], Container | None] = _none_alone


class Word(NamedTuple):
    """What a container itself says: whether it succeeded, None when nothing; `mixed` when two sources differ."""

    success: bool | None = None
    mixed: bool = False


def settle(
    kind: str,
    spot: Spot,
    book: Book,
    meant: Plan | None,
    *,
    name: str,
    sender: str,
    word: Word = Word(),  # noqa: B008 - a tuple
    failures: Sequence[Call] = (),
    done: Collection[int] | None = None,
    through: Collection[str] = (),
) -> Opened:
    """Tell a container. `failures`: calls that its own events call failed; `done`: those that its events call executed,
    None when it has no such events.
    """
    if spot.visit is None:
        return _blind(kind, spot, book, meant, name, sender, word, failures, done or ())
    frame = spot.visit.frame
    success = not spot.undone and word.success is not False
    if meant is not None:
        placed = lay_over(meant, spot.visit, book.names, ended=word.success is False, through=through)
        placed = doubted(placed, {at for at in (named(proof, meant) for proof in failures) if at is not None})
    else:
        frames = (visit for visit in made(spot.visit) if visit.frame.type == "CALL")
        placed = [seen(at, visit, book.names) for at, visit in enumerate(frames)]
    if word.mixed or word.success is False:
        placed = doubted(placed, range(len(placed)))  # nothing stays of what it says to have failed
    elif success and done is not None:
        placed = doubted(placed, {at for at in range(len(placed)) if at not in done})
    calls = tuple(_noted(p) for p in placed)
    outcome: Outcome = judged(meant, calls) if success else "reverted"
    if success and failures:
        outcome = "partial"
    container = Container(
        kind=kind,
        id=name,
        sender=sender,
        success=None if word.mixed else success,
        outcome="unknown" if word.mixed else outcome,
        reason="" if success else reason_of(frame, book.names) or _first_reason(calls),
        calls=calls,
    )
    return Opened(container, inner_spots(placed, frame.to, book, spot.depth))


def _blind(
    kind: str,
    spot: Spot,
    book: Book,
    meant: Plan | None,
    name: str,
    sender: str,
    word: Word,
    failures: Sequence[Call],
    done: Collection[int],
) -> Opened:
    """Tell a container without a tree: what its word and its events prove."""
    calls = proven(failures, meant, book.names) if meant else []
    success = False if book.reverted else word.success
    outcome: Outcome = "unknown"
    if success is False:
        outcome = "reverted"
        if len(calls) == 1 and word.success is False and not book.reverted:
            calls[0] = msgspec.structs.replace(calls[0], outcome="failed")
    elif failures:
        outcome = "partial"
    elif success and meant is not None and not meant.tries:
        outcome = "success"
    if success:
        calls = [msgspec.structs.replace(c, outcome="success") if at in done else c for at, c in enumerate(calls)]
    container = Container(kind=kind, id=name, sender=sender, success=success, outcome=outcome, calls=tuple(calls))
    return Opened(container, inner_spots([Placed(call) for call in calls], spot.target, book, spot.depth))


def _noted(placed: Placed) -> Call:
    """Give a call with how many failures inside it were swallowed. A static call that fails is a question."""
    call, visit = placed
    if visit is None or call.outcome != "success":
        return call
    stack, swallowed = list(visit.frame.calls), 0
    while stack:
        frame = stack.pop()
        if frame.error:
            swallowed += frame.type != "STATICCALL"
        else:
            stack += frame.calls
    return msgspec.structs.replace(call, swallowed=swallowed) if swallowed else call


def _first_reason(calls: Sequence[Call]) -> str:
    return next((call.reason for call in calls if call.reason), "")


def inner_spots(placed: Sequence[Placed], account: str, book: Book, depth: int) -> list[Spot]:
    """Give the calls of a container that were made, or may have been where there is no tree. What the tree shows below
    a call that is in doubt is in doubt as well, and is not told.
    """
    return [
        Spot(account, p.call.target, p.call.data, p.call.value_wei, p.visit, depth=depth + 1)
        for p in placed
        if (p.visit is not None and p.call.outcome != "unknown" if book.traced else p.call.outcome != "not_executed")
    ]
