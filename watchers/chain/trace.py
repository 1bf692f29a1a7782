"""Call trees: `Frame`, what one call did, and the questions `Trace` and `Transaction` that fetch them.

Two notations give the same tree: callTracer (nested, `debug_traceTransaction`) and parity (flat with `traceAddress`,
`trace_transaction`). Tracers mark only the frame that failed itself: a frame without an error inside one with an error
was rolled back, so a status is always derived from all ancestors, as `walk` does. A root without an error proves
nothing: anvil's Tempo network makes one up even for a batch that failed.

Units: `value` wei, `gas_used` gas. Addresses and data are lower-case hex with 0x; an absent address is "".
Errors: DecodeError from `parse` for a tree that is not one; the questions answer None instead.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from watchers.errors import DecodeError
from watchers.facts import Answer, Ask, Call, RpcError

# The EVM stops at depth 1024; a little room for what tracers add. The count bounds memory, not the chain.
MAX_DEPTH = 1100
MAX_FRAMES = 500_000

_QUANTITY_LEN = 2 + 64
_ADDRESS_LEN = 2 + 40


class Frame(msgspec.Struct, frozen=True):
    """One call. `error` is "" when it returned normally; `output` is None when the tracer keeps revert data back, so
    that "reverted with nothing" and "not told" stay two things.
    """

    type: str
    sender: str
    to: str
    value: int
    input: str
    output: str | None
    error: str
    gas_used: int | None
    calls: tuple["Frame", ...] = ()


class Visit(NamedTuple):
    """A frame on the walk; `undone` when an enclosing frame failed, whatever the frame itself says."""

    frame: Frame
    undone: bool


def walk(root: Frame) -> Iterator[Visit]:
    """Visit every frame, parents first and siblings in order. Iterative: a tree may be a thousand deep."""
    stack = [Visit(root, undone=False)]
    while stack:
        visit = stack.pop()
        yield visit
        undone = visit.undone or bool(visit.frame.error)
        stack.extend(Visit(child, undone) for child in reversed(visit.frame.calls))


def is_out_of_gas(frame: Frame) -> bool:
    """Tell whether the tracer says so of this very frame; spellings differ between nodes."""
    return "outofgas" in frame.error.lower().replace(" ", "").replace("_", "")


def parse(raw: object) -> Frame:
    """Read a call tree in either notation, told apart by its form. Raises DecodeError."""
    if isinstance(raw, dict):
        return _assemble(*_nested(raw))
    if isinstance(raw, list):
        return _assemble(*_flat(raw))
    raise DecodeError(f"call tree: expected an object or a list, not {type(raw).__name__}")


def _assemble(frames: list[Frame], parents: list[int]) -> Frame:
    """Hang frames given parents first into one tree; a parent's index is always lower than its child's."""
    children: list[list[Frame]] = [[] for _ in frames]
    for at in range(len(frames) - 1, 0, -1):
        below = tuple(reversed(children[at]))
        frame = msgspec.structs.replace(frames[at], calls=below) if below else frames[at]
        children[parents[at]].append(frame)
    return msgspec.structs.replace(frames[0], calls=tuple(reversed(children[0])))


# --- callTracer ---------------------------------------------------------------------------------------------------


def _nested(raw: dict[str, Any]) -> tuple[list[Frame], list[int]]:
    frames: list[Frame] = []
    parents: list[int] = []
    stack: list[tuple[object, int, int]] = [(raw, -1, 0)]
    while stack:
        node, parent, depth = stack.pop()
        if not isinstance(node, dict):
            raise DecodeError("callTracer: a frame is not an object")
        if depth > MAX_DEPTH or len(frames) >= MAX_FRAMES:
            raise DecodeError("callTracer: the tree is larger than a transaction can make")
        below = node.get("calls") or ()
        if not isinstance(below, list | tuple):
            raise DecodeError("callTracer: `calls` is not a list")
        frames.append(_tracer_frame(node))
        parents.append(parent)
        me = len(frames) - 1
        stack.extend((child, me, depth + 1) for child in reversed(below))
    return frames, parents


def _tracer_frame(node: dict[str, Any]) -> Frame:
    kind = node.get("type")
    if not isinstance(kind, str):
        raise DecodeError("callTracer: a frame has no type")
    return Frame(
        type=kind.upper(),
        sender=_caller(node.get("from")),
        to=_address(node.get("to")),
        value=_quantity(node.get("value")) or 0,
        input=_data(node.get("input")) or "0x",
        output=_data(node.get("output")) or "0x",  # the tracer leaves empty output out
        error=_error(node.get("error")),
        gas_used=_quantity(node.get("gasUsed")),
    )


# --- parity -------------------------------------------------------------------------------------------------------


def _flat(raw: list[Any]) -> tuple[list[Frame], list[int]]:
    if not raw or len(raw) > MAX_FRAMES:
        raise DecodeError("trace_transaction: no frames" if not raw else "trace_transaction: too many frames")
    placed: dict[tuple[int, ...], dict[str, Any]] = {}
    for node in raw:
        where = _trace_address(node)
        if where in placed:
            raise DecodeError("trace_transaction: two frames in one place")
        placed[where] = node
    order = sorted(placed)
    index = {where: at for at, where in enumerate(order)}
    if order[0] != ():
        raise DecodeError("trace_transaction: no root")
    parents = [-1]
    for where in order[1:]:
        if where[:-1] not in index:
            raise DecodeError("trace_transaction: a frame without its parent")
        parents.append(index[where[:-1]])
    return [_parity_frame(placed[where]) for where in order], parents


def _trace_address(node: object) -> tuple[int, ...]:
    where = node.get("traceAddress") if isinstance(node, dict) else None
    if not isinstance(where, list | tuple) or len(where) > MAX_DEPTH:
        raise DecodeError("trace_transaction: a frame without traceAddress")
    if not all(isinstance(step, int) and not isinstance(step, bool) and step >= 0 for step in where):
        raise DecodeError("trace_transaction: traceAddress is not a list of numbers")
    return tuple(where)


def _parity_frame(node: dict[str, Any]) -> Frame:
    action, result = node.get("action"), node.get("result")
    if not isinstance(action, dict) or not (result is None or isinstance(result, dict)):
        raise DecodeError("trace_transaction: action or result is not an object")
    kind, error = node.get("type"), _error(node.get("error"))
    given: dict[str, Any] = result or {}
    # Without a result the revert data is not told; what ran out of gas has none by rule.
    told = result is not None or not error or "gas" in error.lower()
    output = (_data(given.get("output")) or "0x") if told else None
    gas_used, value = _quantity(given.get("gasUsed")), _quantity(action.get("value")) or 0
    if kind == "call":
        sender = _caller(action.get("from"))
        called = action.get("callType") or "call"
        if not isinstance(called, str):
            raise DecodeError("trace_transaction: callType is not text")
        data = _data(action.get("input")) or "0x"
        return Frame(called.upper(), sender, _address(action.get("to")), value, data, output, error, gas_used)
    if kind == "create":
        # The code is no answer, and parity has no place for the data of a failed creation.
        method = str(action.get("creationMethod") or "create").upper()
        sender, made = _caller(action.get("from")), _address(given.get("address"))
        return Frame(method, sender, made, value, _data(action.get("init")) or "0x", output, error, gas_used)
    if kind == "suicide":
        gone, heir = _address(action.get("address")), _address(action.get("refundAddress"))
        return Frame("SELFDESTRUCT", gone, heir, _quantity(action.get("balance")) or 0, "0x", "0x", error, gas_used)
    raise DecodeError(f"trace_transaction: unknown type {str(kind)[:20]!r}")


# --- values -------------------------------------------------------------------------------------------------------


def _quantity(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.startswith("0x") and len(value) <= _QUANTITY_LEN:
        digits = value[2:] or "0"
        with suppress(ValueError):
            if digits.isalnum():  # int would take a sign, spaces and underscores as well
                return int(digits, 16)
    raise DecodeError("call tree: a quantity is not a hex number")


def _data(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and value.startswith("0x"):
        with suppress(ValueError):
            if 2 * len(bytes.fromhex(value[2:])) == len(value) - 2:  # not so with spaces between, which it passes over
                return value.lower()
    raise DecodeError("call tree: data is not hex")


def _address(value: object) -> str:
    text = _data(value) or ""
    if text and len(text) != _ADDRESS_LEN:
        raise DecodeError("call tree: an address is not 20 bytes")
    return text


def _caller(value: object) -> str:
    text = _address(value)
    if not text:
        raise DecodeError("call tree: a frame that nobody called")
    return text


def _error(value: object) -> str:
    """Read the error text; a node that writes one of another type still says that the frame failed."""
    if value is None or value == "":
        return ""
    return value[:200] if isinstance(value, str) else "failed"


# --- questions ----------------------------------------------------------------------------------------------------


class Trace(Ask[Frame], frozen=True):
    """The call tree of a transaction: callTracer first, parity where that is refused, None without either."""

    tx: str

    def calls(self, block: int) -> tuple[Call, ...]:  # noqa: ARG002 - a transaction is named by its hash
        """Ask both, so that one request is enough on every kind of node."""
        return (
            Call("debug_traceTransaction", (self.tx, {"tracer": "callTracer"})),
            Call("trace_transaction", (self.tx,)),
        )

    def read(self, answers: Sequence[Answer]) -> Frame | None:
        """Take the first answer that is a tree."""
        for answer in answers:
            if isinstance(answer, RpcError) or answer is None:
                continue
            try:
                return parse(answer)
            except DecodeError:
                continue  # the other notation may still be whole
        return None


class TransactionFacts(NamedTuple):
    """A transaction as sent. `block_hash` names the block that the node sees it in, "" when it says none."""

    sender: str
    to: str
    input: str
    type: int
    block_hash: str


class Transaction(Ask[TransactionFacts], frozen=True):
    """Who sent a transaction, to whom and with what input."""

    tx: str

    def calls(self, block: int) -> tuple[Call, ...]:  # noqa: ARG002 - a transaction is named by its hash
        """Ask by hash."""
        return (Call("eth_getTransactionByHash", (self.tx,)),)

    def read(self, answers: Sequence[Answer]) -> TransactionFacts | None:
        """Read the fields; types without a top-level `to` or `input` (0x76, 0x79, 0x06) leave them empty."""
        answer = answers[0]
        if isinstance(answer, RpcError) or not isinstance(answer, dict):
            return None
        try:
            return TransactionFacts(
                sender=_address(answer.get("from")),
                to=_address(answer.get("to")),
                input=_data(answer.get("input")) or "0x",
                type=_quantity(answer.get("type")) or 0,
                block_hash=_data(answer.get("blockHash")) or "",
            )
        except DecodeError:
            return None
