"""One transaction, whole: every container in it, what became of each call, and the delegations that it carried. Pure.

The tree is walked from the transaction's own call. A call that a kind of container knows is told, and the calls inside
are looked at in turn; below a contract that nobody knows, only kinds that their events speak for are looked for.
Containers stand in the order in which they were entered, an inner one after its outer; `depth` of a call says how many
containers are around its own.

A tree that is not of this transaction, or contradicts its receipt, is not used.
"""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

import watchers.batches.containers as containers_package
from watchers.batches.container import Book, Container, Kind, Opened, Spot
from watchers.batches.delegation import Delegation, delegations
from watchers.batches.events import BatchResult
from watchers.batches.protocols import accounts, entrypoint
from watchers.batches.sent import Sent
from watchers.chain.trace import Frame, Visit
from watchers.decode import Decoder
from watchers.errors import DefinitionError
from watchers.revert import reason_of
from watchers.signatures import KNOWN, Names

MAX_CONTAINERS = 4096
MAX_LOOKS = 4_000_000  # logs looked at for all containers together: some tenths of a second
MAX_DEPTH = 8
_LOOKED_THROUGH = frozenset({"CALL", "DELEGATECALL", "CALLCODE", "CREATE", "CREATE2"})


class Analysis(msgspec.Struct, frozen=True):
    """See the module's docstring. `cut` when there were more containers than are told."""

    sent: Sent
    containers: tuple[Container, ...]
    delegations: tuple[Delegation, ...]
    traced: bool
    cut: bool = False


def analyse(sent: Sent, tree: Frame | None, names: Names = KNOWN, codes: Mapping[str, str] | None = None) -> Analysis:
    """Tell a transaction. `codes`: code of the authorities after it, for the delegations. Raises DecodeError for fields
    of the transaction that only some types have.
    """
    root = tree if tree is not None and _is_of(tree, sent) else None
    decoded = Decoder([entrypoint.protocol, accounts.protocol]).decode(sent.chain_id or 0, sent.logs)
    operations = [event for event in decoded.events if isinstance(event, BatchResult)]
    book = Book(sent, names, operations, traced=root is not None)
    found, cut = _walk(
        Spot(
            sent.sender, sent.to, sent.data, sent.value_wei, Visit(root, undone=False) if root else None, is_root=True
        ),
        book,
    )
    for kind in kinds():
        found += kind.left(book)
    if not found:
        reason = reason_of(root, names) if root is not None else ""
        found += [one for one in (kind.alone(book, reason) for kind in kinds()) if one is not None]
    return Analysis(sent, tuple(found), tuple(delegations(sent, codes)), traced=root is not None, cut=cut)


def _is_of(tree: Frame, sent: Sent) -> bool:
    """Tell whether a tree is of this transaction and agrees with its receipt."""
    if sent.status is not None and bool(tree.error) is not (sent.status == 0):
        return False
    if tree.sender != sent.sender or tree.value != sent.value_wei:
        return False
    if not sent.to:
        return tree.type in ("CREATE", "CREATE2")
    return tree.type == "CALL" and tree.to == sent.to and tree.input == sent.data


class _Below(msgspec.Struct):
    """A frame that no kind knows; only `anywhere` kinds are looked for in it."""

    visit: Visit
    depth: int


def _walk(root: Spot, book: Book) -> tuple[list[Container], bool]:
    found: list[Container] = []
    stack: list[Spot | _Below | Container] = [root]
    budget = 4 * len(root.data) + (1 << 16)  # calldata looked into without a tree, where lists may overlap
    while stack:
        item = stack.pop()
        if isinstance(item, Container):
            if len(found) >= MAX_CONTAINERS or book.looked > MAX_LOOKS:
                return found, True
            found.append(item)
            continue
        spot = item if isinstance(item, Spot) else _spot(item)
        if spot is not None and spot.visit is None:
            budget -= len(spot.data)
            if budget < 0:
                return found, True
        opened = _open(spot, book, anywhere=isinstance(item, _Below)) if spot is not None else None
        if opened is not None:
            for one in reversed(opened):
                stack += reversed([_deep(one.container, spot.depth if spot else 0), *one.inner])
        elif isinstance(item, _Below) or (spot is not None and spot.visit is not None):
            stack += reversed(_children(item))
    return found, False


def _spot(below: _Below) -> Spot | None:
    frame = below.visit.frame
    if frame.type != "CALL":
        return None
    return Spot(frame.sender, frame.to, frame.input, frame.value, below.visit, depth=below.depth)


def _children(item: Spot | _Below) -> list[_Below]:
    visit = item.visit
    if visit is None:
        return []
    undone = visit.undone or bool(visit.frame.error)
    return [_Below(Visit(f, undone), item.depth) for f in visit.frame.calls if f.type in _LOOKED_THROUGH]


def _open(spot: Spot, book: Book, *, anywhere: bool) -> Sequence[Opened] | None:
    chosen = spot.data[:10]
    if spot.depth > MAX_DEPTH or (spot.visit is not None and spot.visit.frame.type not in ("CALL", "DELEGATECALL")):
        return None
    for kind in kinds():
        if chosen in kind.selectors and (kind.anywhere or not anywhere):
            opened = kind.open(spot, book)
            if opened is not None:
                return opened
    return None


def _deep(container: Container, depth: int) -> Container:
    if not depth:
        return container
    calls = tuple(msgspec.structs.replace(call, depth=depth) for call in container.calls)
    return msgspec.structs.replace(container, calls=calls, depth=depth)


@cache
def kinds() -> tuple[Kind, ...]:
    """Import every kind of container, the first to be asked first. Raises DefinitionError for a file that has none."""
    found = []
    for info in pkgutil.iter_modules(containers_package.__path__):
        module = importlib.import_module(f"{containers_package.__name__}.{info.name}")
        kind = getattr(module, "kind", None)
        if not isinstance(kind, Kind):
            raise DefinitionError(f"{module.__name__}: has no `kind = Kind(...)`")
        found.append(kind)
    return tuple(sorted(found, key=lambda kind: (kind.rank, kind.name)))
