"""Logs in, events out: the registry of protocols and the dispatch on (topic 0, number of topics, data length).

A protocol is one file in a wing's `protocols/` with a module-level `protocol = Protocol(...)`; being in the folder
registers it. Where several protocols share a key, the emitting address decides; see `Protocol`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import msgspec

from watchers.abi import Shape, shape_of
from watchers.chain.block import Log
from watchers.chain.wanted import TRANSFER, Transfers, Wanted
from watchers.errors import DecodeError, DefinitionError
from watchers.event import Event

T = TypeVar("T")


Seen = tuple[Log, Any]  # a log with the typed shape it decoded to


class Around(msgspec.Struct, gc=False):
    """What else the transaction emitted before the log at hand, in order, as far as our shapes know it."""

    chain_id: int
    seen: list[Seen]

    def just_before(self, log: Log, shape: type[T]) -> T | None:
        """Give the log right before `log`, the one at hand, if the same contract emitted it and it is of that shape."""
        if not self.seen:
            return None
        before, value = self.seen[-1]
        if not isinstance(value, shape) or before.address != log.address:
            return None
        return value if int(before.log_index, 16) + 1 == int(log.log_index, 16) else None

    def earlier(self) -> Iterator[Seen]:
        """Give the earlier logs, the nearest first."""
        return reversed(self.seen)


Handler = Callable[[Log, Any, Around], Event | None]


class Protocol:
    """A protocol's shapes and what each means.

    `emitters`, when given, are the only addresses (lower case) that may speak for it, whatever the chain. A protocol
    without them speaks for every address that no other claims: of several, the one with the lowest `rank`.
    A `Transfer` is read only where the decoder is told whose are meant, and by every protocol that it is told of.
    A `vouched` one speaks for the addresses that the operator named, and beside whatever else such an address speaks;
    where it is `claimed` as well, for those only that daos.toml says speak it. A `watched` one does so for those whose
    batches are watched.
    """

    def __init__(
        self,
        name: str,
        *,
        emitters: Iterable[str] = (),
        rank: int = 0,
        vouched: bool = False,
        claimed: bool = False,
        watched: bool = False,
    ) -> None:
        self.name = name
        self.vouched, self.claimed, self.watched = vouched, claimed, watched
        self.emitters = frozenset(address.lower() for address in emitters)
        self.rank = rank
        self.handlers: dict[type, Handler | None] = {}

    def on(
        self, shape: type[T]
    ) -> Callable[[Callable[[Log, T, Around], Event | None]], Callable[[Log, T, Around], Event | None]]:
        """Register what a log of this shape means; the function may answer None: a look-alike."""
        shape_of(shape)

        def register(handler: Callable[[Log, T, Around], Event | None]) -> Callable[[Log, T, Around], Event | None]:
            self.handlers[shape] = handler
            return handler

        return register

    def witness(self, *shapes: type) -> None:
        """Register shapes that mean nothing alone but that handlers look for in `Around`."""
        for shape in shapes:
            shape_of(shape)
            self.handlers.setdefault(shape, None)


class _Entry(msgspec.Struct, frozen=True, gc=False):
    protocol: Protocol
    shape: Shape[Any]
    handler: Handler | None


_Key = tuple[str, int, int]


class Decoded(NamedTuple):
    """A block's events in order, and what did not become one: every log is known (an event, or a witness of one),
    unknown, or in `errors`.
    """

    events: list[Event]
    known: int
    unknown: int
    errors: list[tuple[Log, DecodeError]]


class Decoder:
    """Every protocol's shapes in one table. `claims` maps (chain id, lower-case address) to the protocol's name where
    the operator or a factory has said who an address is. `vouched`: by chain id, the addresses that the operator named;
    `watched`: those whose batches are watched.
    `transfers`: by chain id and protocol name, which Transfers that protocol reads; all others stay unknown.
    """

    def __init__(
        self,
        protocols: Iterable[Protocol],
        claims: dict[tuple[int, str], str] | None = None,
        vouched: Mapping[int, AbstractSet[str]] | None = None,
        transfers: Mapping[int, Mapping[str, Sequence[Transfers]]] | None = None,
        watched: Mapping[int, AbstractSet[str]] | None = None,
    ) -> None:
        self.claims = claims if claims is not None else {}
        self._vouched = vouched if vouched is not None else {}
        self._watched = watched if watched is not None else {}
        self._table: dict[_Key, tuple[_Entry, ...]] = {}
        self._beside: dict[_Key, dict[bool, _Entry]] = {}  # one that is vouched for, and one that is watched
        self._transfers = transfers if transfers is not None else {}
        self._readers: dict[_Key, tuple[_Entry, ...]] = {}  # of Transfers
        for protocol in sorted(protocols, key=lambda p: (not p.emitters, p.rank, p.name)):
            for into, handler in protocol.handlers.items():
                shape: Shape[Any] = shape_of(into)
                entry = _Entry(protocol, shape, handler)
                if shape.topic0 == TRANSFER:
                    self._readers[shape.key] = (*self._readers.get(shape.key, ()), entry)
                elif not protocol.vouched and not protocol.watched:
                    self._table[shape.key] = (*self._table.get(shape.key, ()), entry)
                else:
                    there = self._beside.setdefault(shape.key, {})
                    if (other := there.setdefault(protocol.watched, entry)).protocol is not protocol:
                        raise DefinitionError(f"{protocol.name}: {shape.canonical} is {other.protocol.name}'s already")
        # most shapes have one speaker, whatever the address: found by one look-up
        self._sole = {key: one[0] for key, one in self._table.items() if len(one) == 1 and not one[0].protocol.emitters}
        self.topics = tuple(sorted({key[0] for key in (*self._table, *self._beside)}))

    def topics_on(self, chain_id: int) -> tuple[str, ...]:
        """Give the topics that are worth asking for of anybody: without those beside where nobody is named for them."""
        heard = {True: self._watched.get(chain_id), False: self._vouched.get(chain_id)}
        beside = {key[0] for key, entries in self._beside.items() if any(heard[watched] for watched in entries)}
        return tuple(sorted(beside.union(key[0] for key in self._table)))

    def wanted_on(self, chain_id: int) -> Wanted:
        """Give the logs that are worth asking for: the topics, and the Transfers that some protocol reads."""
        every = self._transfers.get(chain_id, {}).values()
        return Wanted(self.topics_on(chain_id), [one for transfers in every for one in transfers])

    def find(self, chain_id: int, log: Log) -> _Entry | None:
        """Give the protocol and shape that a log belongs to, or None."""
        topics = log.topics
        if not topics:
            return None
        key = (topics[0], len(topics), len(log.data))
        sole = self._sole.get(key)
        if sole is not None:
            return sole
        entries = self._table.get(key)
        if entries is None:
            key = (topics[0], len(topics), -1)
            sole = self._sole.get(key)
            if sole is not None:
                return sole
            entries = self._table.get(key)
        return self._by_address(chain_id, log.address, entries) if entries is not None else None

    def _by_address(self, chain_id: int, address: str, entries: tuple[_Entry, ...]) -> _Entry | None:
        claimed = self.claims.get((chain_id, address))
        for entry in entries:
            if claimed == entry.protocol.name or address in entry.protocol.emitters:
                return entry
        return next((e for e in entries if not e.protocol.emitters), None)

    def decode(self, chain_id: int, logs: Sequence[Log]) -> Decoded:
        """Decode the logs of a block, or of several, in order. Never raises: a log that does not fit is in `errors`, a
        look-alike, which a handler answers by None, is unknown.
        """
        events: list[Event] = []
        errors: list[tuple[Log, DecodeError]] = []
        unknown = 0
        transaction, around = "", Around(chain_id, [])
        counts: dict[type, int] = {}  # of the transaction's events; a class is a kind
        vouched, watched = (named.get(chain_id, _NOBODY) for named in (self._vouched, self._watched))
        for log in logs:
            if log.transaction_hash != transaction:
                transaction, around = log.transaction_hash, Around(chain_id, [])
                counts = {}
            entry = self.find(chain_id, log)
            is_known = False
            try:
                if log.topics and log.topics[0] == TRANSFER:
                    read = self._transferred(chain_id, log, around)
                    is_known = bool(read)
                    events += [_counted(event, counts) for event in read]
                if entry is not None:
                    shape = entry.shape.decode(log)
                    try:
                        event = _meaning(entry, log, shape, around)
                    finally:
                        around.seen.append((log, shape))
                    is_known = event is not None or entry.handler is None
                    if event is not None:
                        events.append(_counted(event, counts))
                if log.address in vouched and (beside := self._found_beside(chain_id, log)) is not None:
                    shape = beside.shape.decode(log)
                    event = _meaning(beside, log, shape, around)
                    if entry is None:
                        around.seen.append((log, shape))
                    is_known = is_known or event is not None or beside.handler is None
                    if event is not None:
                        events.append(_counted(event, counts))
                if log.address in watched and (executed := self._found(log, watched=True)) is not None:
                    event = _meaning(executed, log, executed.shape.decode(log), around)
                    is_known = is_known or event is not None
                    if event is not None:
                        events.append(_counted(event, counts))
            except DecodeError as error:
                errors.append((log, error))
                continue
            unknown += not is_known
        return Decoded(events, len(logs) - unknown - len(errors), unknown, errors)

    def _transferred(self, chain_id: int, log: Log, around: Around) -> list[Event]:
        """Ask every protocol that reads this Transfer what it means. Raises DecodeError."""
        wanted = self._transfers.get(chain_id, {})
        found = []
        shape: Any = None
        for entry in self._readers.get((TRANSFER, len(log.topics), len(log.data)), ()):
            if any(one.takes(log) for one in wanted.get(entry.protocol.name, ())):
                shape = entry.shape.decode(log)
                found.append(_meaning(entry, log, shape, around))
        if shape is not None:
            around.seen.append((log, shape))
        return [event for event in found if event is not None]

    def _found_beside(self, chain_id: int, log: Log) -> _Entry | None:
        found = self._found(log, watched=False)
        if found is None or not found.protocol.claimed:
            return found
        return found if self.claims.get((chain_id, log.address)) == found.protocol.name else None

    def _found(self, log: Log, *, watched: bool) -> _Entry | None:
        if not log.topics:
            return None
        key = (log.topics[0], len(log.topics), len(log.data))
        return self._beside.get(key, {}).get(watched) or self._beside.get((key[0], key[1], -1), {}).get(watched)


_NOBODY: AbstractSet[str] = frozenset()


def _meaning(entry: _Entry, log: Log, shape: Any, around: Around) -> Event | None:
    """Ask the handler. Raises DecodeError."""
    if entry.handler is None:
        return None
    try:
        return entry.handler(log, shape, around)
    except DecodeError:
        raise
    except ValueError:  # a quantity of the log itself; the node's text is not quoted
        raise DecodeError(f"{entry.shape.canonical}: a place that is not a number") from None


def _counted(event: Event, counts: dict[type, int]) -> Event:
    """Give the event its position among its kind."""
    kind = type(event)
    position = counts.get(kind, 0)
    counts[kind] = position + 1
    return msgspec.structs.replace(event, position=position) if position else event


def origin(log: Log, protocol: str, around: Around) -> dict[str, Any]:
    """Give the fields that every event shares, for `SomeEvent(**origin(...), ...)`."""
    return {
        "protocol": protocol,
        "chain_id": around.chain_id,
        "block": int(log.block_number, 16),
        "tx": log.transaction_hash,
        "tx_index": int(log.transaction_index, 16),
        "log_index": int(log.log_index, 16),
        "address": log.address,
    }


def protocols_in(package: ModuleType) -> list[Protocol]:
    """Import every module of a `protocols` package. Raises DefinitionError for a file that declares none."""
    found = []
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        protocol = getattr(module, "protocol", None)
        if not isinstance(protocol, Protocol) or not protocol.handlers:
            raise DefinitionError(
                f"{module.__file__}: declares no protocol; set `protocol = Protocol(name)` and handlers"
            )
        found.append(protocol)
    return found
