"""A Solidity event signature in; topic 0 and a compiled decoder out.

    @event("Burn(address indexed owner, int24 indexed tickLower, uint128 amount)")
    class Burn(msgspec.Struct, frozen=True, gc=False):
        owner: str
        tick_lower: int
        amount: int

The class's fields are the signature's parameters in order, in snake case, and their types must agree; a mistake is a
`DefinitionError` at import. Events of static words only are read by a function compiled once per signature; the rest
goes through eth-abi.

What a field holds: `address` lower-case hex str; `uintN`/`intN` int; `bool` bool; `bytesN` lower-case hex str; `string`
str (undecodable bytes replaced, so that nobody hides an event behind bad UTF-8); `bytes` bytes; arrays and tuples a
tuple of what eth-abi gives. An indexed dynamic parameter holds its topic, the keccak of the value, as hex str.

Source: Solidity documentation, "Contract ABI Specification".
"""

import keyword
import re
import struct
from binascii import unhexlify
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar, get_origin, get_type_hints

import msgspec
from eth_abi.codec import ABICodec
from eth_abi.decoding import ByteStringDecoder, ContextFramesBytesIO, StringDecoder, decode_uint_256
from eth_abi.encoding import ByteStringEncoder, TextStringEncoder
from eth_abi.exceptions import DecodingError, InsufficientDataBytes
from eth_abi.registry import BaseEquals, registry
from eth_hash.auto import keccak

from watchers.chain.block import Log
from watchers.errors import DecodeError, DefinitionError

T = TypeVar("T")

_WORD = 64  # hex characters of one ABI word
_STATIC = frozenset(
    ["address", "bool", *(f"{kind}{8 * n}" for kind in ("int", "uint") for n in range(1, 33))]
    + [f"bytes{n}" for n in range(1, 33)]
)


class _LenientBytes(ByteStringDecoder):
    """Bytes of their whole length whatever pads them; eth-abi's own leniency also takes what was cut."""

    def read_data_from_stream(self, stream: ContextFramesBytesIO) -> bytes:
        length: int = decode_uint_256(stream)
        data = stream.read(length)
        if len(data) < length:
            raise InsufficientDataBytes(f"{length} bytes are said, {len(data)} are there")
        return data


class _LenientString(_LenientBytes, StringDecoder):
    def __init__(self) -> None:
        StringDecoder.__init__(self, handle_string_errors="replace")


class _BoundedStream(ContextFramesBytesIO):
    """Ends what offsets that overlap would blow up: each byte may be read four times over, and no more."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)  # type: ignore[no-untyped-call] # eth-abi leaves it untyped
        self._budget = 4 * len(data) + 1024

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self._budget -= len(found)
        if self._budget < 0:
            raise InsufficientDataBytes("offsets overlap")
        return found


class _BoundedCodec(ABICodec):
    stream_class = _BoundedStream


def _lenient_codec() -> ABICodec:
    ours = registry.copy()
    for kind, encoder, decoder in (
        ("bytes", ByteStringEncoder, _LenientBytes),
        ("string", TextStringEncoder, _LenientString),
    ):
        ours.unregister(kind)
        ours.register(BaseEquals(kind, with_sub=False), encoder, decoder, label=kind)
    return _BoundedCodec(ours)


_CODEC = _lenient_codec()


def decode_words(types: tuple[str, ...], data: bytes) -> tuple[Any, ...]:
    """Decode ABI-encoded `data` by eth-abi, arrays and tuples as tuples. Raises DecodeError."""
    try:
        return tuple(_CODEC.decode(types, data, strict=False))
    except (DecodingError, OverflowError, ValueError) as error:
        raise DecodeError(f"({','.join(types)}): {type(error).__name__}") from error


def encode_words(types: tuple[str, ...], values: tuple[Any, ...]) -> bytes:
    """ABI-encode `values`; the inverse of `decode_words`."""
    return _CODEC.encode(types, values)


def selector(signature: str) -> str:
    """Give the 4-byte selector of a canonical function or error signature, as hex with 0x."""
    return "0x" + keccak(signature.encode())[:4].hex()


class Param(NamedTuple):
    """One parameter of an event."""

    name: str
    type: str
    indexed: bool

    @property
    def is_static(self) -> bool:
        """One word of 32 bytes."""
        return self.type in _STATIC


class Shape(Generic[T]):
    """An event's layout and the class that it fills. `key` is what a log is dispatched on."""

    def __init__(self, signature: str, into: type[T], topic0: str = "") -> None:
        self.name, self.params = parse_signature(signature)
        self.into = into
        self.canonical = f"{self.name}({','.join(p.type for p in self.params)})"
        self.topic0 = topic0 or "0x" + keccak(self.canonical.encode()).hex()
        self.indexed = tuple(p for p in self.params if p.indexed)
        self.unindexed = tuple(p for p in self.params if not p.indexed)
        static = all(p.is_static for p in self.unindexed)
        data_len = 2 + _WORD * len(self.unindexed) if static else -1
        self.key = (self.topic0, 1 + len(self.indexed), data_len)
        _check_fields(self)
        read = _compile_static(self.canonical, self.params, into) if static else _bind_dynamic(self)
        self.decode: Callable[[Log], T] = read
        """Fills the class from a log whose key is ours. Raises DecodeError."""


_SHAPES: dict[type, Shape[Any]] = {}


def event(signature: str) -> Callable[[type[T]], type[T]]:
    """Declare that a class holds this event. See the module's docstring."""
    return _declared(signature, "")


def note(function: str) -> Callable[[type[T]], type[T]]:
    """Declare that a class holds what DSNote, which is anonymous, says of a call: topic 0 is the function's selector,
    `foo` and `bar` are the first words of its arguments, `fax` is the whole calldata.

    Source: dapphub/ds-note `note.sol`, `LogNote`.
    """
    said = "LogNote(address indexed guy, bytes32 indexed foo, bytes32 indexed bar, uint256 wad, bytes fax)"
    return _declared(said, selector(function) + "00" * 28)


def _declared(signature: str, topic0: str) -> Callable[[type[T]], type[T]]:
    def declare(into: type[T]) -> type[T]:
        _SHAPES[into] = Shape(signature, into, topic0)
        return into

    return declare


def shape_of(into: type[T]) -> Shape[T]:
    """Give the shape declared for a class. Raises DefinitionError when there is none."""
    try:
        return _SHAPES[into]
    except KeyError:
        raise DefinitionError(f"{into.__module__}.{into.__qualname__}: no @event signature") from None


def parse_signature(text: str) -> tuple[str, tuple[Param, ...]]:
    """Split `Name(type [indexed] name, ...)`, tuples written `(a,b)`. Raises DefinitionError."""
    match = re.fullmatch(r"\s*([A-Za-z_$][\w$]*)\s*\((.*)\)\s*", text, re.DOTALL)
    if not match:
        raise DefinitionError(f"event signature {text!r}: expected Name(type name, ...)")
    return match[1], tuple(_param(part, text) for part in _split(match[2]))


def _split(inner: str) -> Iterator[str]:
    depth, start = 0, 0
    for at, char in enumerate(inner):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            yield inner[start:at]
            start = at + 1
    if inner[start:].strip():
        yield inner[start:]


_PARAM = re.compile(
    r"\s*(?P<type>\(.*\)(\[\d*\])*|[a-z]+\d*(\[\d*\])*)\s+(?P<indexed>indexed\s+)?(?P<name>\w+)\s*", re.DOTALL
)


def _param(part: str, signature: str) -> Param:
    match = _PARAM.fullmatch(part)
    if not match:
        raise DefinitionError(f"event signature {signature!r}: cannot read parameter {part.strip()!r}")
    kind = re.sub(r"\s+", "", match["type"])
    return Param(match["name"], re.sub(r"\b(u?int)(?!\d)", r"\g<1>256", kind), bool(match["indexed"]))


def snake(name: str) -> str:
    """`sqrtPriceX96` -> `sqrt_price_x96`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")


def _python_type(param: Param) -> type:
    if not param.is_static:
        if param.indexed:
            return str
        return {"string": str, "bytes": bytes}.get(param.type, tuple)
    if param.type == "bool":
        return bool
    return str if param.type.startswith(("address", "bytes")) else int


def _check_fields(shape: Shape[Any]) -> None:
    where = f"{shape.into.__module__}.{shape.into.__qualname__}"
    hints = get_type_hints(shape.into)
    names = [snake(p.name) + "_" * keyword.iskeyword(snake(p.name)) for p in shape.params]
    fields = [field.name for field in msgspec.structs.fields(shape.into)]
    if names != fields:
        raise DefinitionError(f"{where}: fields {fields} are not the parameters of {shape.canonical}: {names}")
    for field, param in zip(fields, shape.params, strict=True):
        hint = hints[field]
        given = get_origin(hint) or hint
        if given is not _python_type(param):
            raise DefinitionError(f"{where}.{field}: {param.type} needs {_python_type(param).__name__}, not {hint}")


# --- static words: one generated function per event ---------------------------------------------------------------

_CODES = {8: "b", 16: "h", 32: "i", 64: "q"}  # integers that `struct` reads by itself; upper case without a sign


class _Word(NamedTuple):
    """How generated code reads one word: its `struct` format, the names that the parts go to, the lines that convert
    and check them, and the expression that is the field.
    """

    format: str
    names: str
    lines: tuple[str, ...]
    field: str


def _refuse(wrong: str, told: str) -> str:
    return f"if {wrong}: raise DecodeError({told!r})"


def _word(kind: str, n: int, told: str) -> _Word:
    """Write the code for word `n`; `told` opens its errors' text."""
    pad, value = f"pad{n}", f"value{n}"
    as_hex = f"'0x' + {value}.hex()"
    if kind == "address":
        dirty = _refuse(f"{pad} != {bytes(12)!r}", f"{told}: dirty address")
        return _Word("12s20s", f"{pad}, {value}", (dirty,), as_hex)
    if kind == "bool":
        neither = _refuse(f"{pad} != {bytes(31)!r} or {value} > 1", f"{told}: not a bool")
        return _Word("31sB", f"{pad}, {value}", (neither,), f"{value} == 1")
    if kind.startswith("bytes"):
        width = int(kind[5:])
        dirty = _refuse(f"{pad} != {bytes(32 - width)!r}", f"{told}: dirty {kind}")
        return _Word(f"{width}s{32 - width}s", f"{value}, {pad}", (dirty,), as_hex)
    return _integer(kind, pad, value, told)


def _integer(kind: str, pad: str, value: str, told: str) -> _Word:
    signed, bits = kind.startswith("int"), int(kind.lstrip("uint"))
    spare = 32 - bits // 8
    lines: tuple[str, ...] = ()
    if bits in _CODES:
        code = _CODES[bits] if signed else _CODES[bits].upper()
    else:
        code = f"{bits // 8}s"
        lines = (f"{value} = from_bytes({value}{', signed=True' if signed else ''})",)
    if spare == 0:
        return _Word(code, value, lines, value)
    right = repr(bytes(spare))
    if signed:  # the sign fills the spare bytes
        right = f"({bytes([255]) * spare!r} if {value} < 0 else {right})"
    large = _refuse(f"{pad} != {right}", f"{told}: too large for {kind}")
    return _Word(f"{spare}s{code}", f"{pad}, {value}", (*lines, large), value)


def _compile_static(canonical: str, params: Iterable[Param], into: Callable[..., T]) -> Callable[[Log], T]:
    """Compile the function that reads every word: each topic alone, the data at once. The source holds only what the
    parser let through.
    """
    lines: list[str] = []
    fields: list[str] = []
    texts: dict[str, list[_Word]] = {}  # what holds words, as an expression
    topic = 0
    for n, param in enumerate(params):
        told = f"{canonical}: {param.name}"
        topic += param.indexed
        text = f"topics[{topic}]" if param.indexed else "log.data"
        if not param.is_static:  # indexed: the topic is the keccak of the value
            fields.append(text)
        elif param.indexed and param.type == "address":  # the commonest word of all, never turned into bytes
            lines.append(f"address{n} = {text}.removeprefix({'0x' + '0' * 24!r})")
            lines.append(_refuse(f"len(address{n}) != 40", f"{told}: dirty address"))
            fields.append(f"'0x' + address{n}")
        else:
            word = _word(param.type, n, told)
            texts.setdefault(text, []).append(word)
            fields.append(word.field)
    scope: dict[str, Any] = {
        "into": into, "canonical": canonical, "DecodeError": DecodeError, "struct_error": struct.error,
        "unhexlify": unhexlify, "from_bytes": int.from_bytes,
    }  # fmt: skip
    for n, (text, words) in enumerate(texts.items()):
        scope[f"unpack{n}"] = struct.Struct(">" + "".join(word.format for word in words)).unpack
        lines.append(f"{', '.join(word.names for word in words)}, = unpack{n}(unhexlify({text}[2:]))")
        lines += [line for word in words for line in word.lines]
    source = _SOURCE.format(lines="\n        ".join(lines), fields=", ".join(fields))
    exec(compile(source, f"<{canonical}>", "exec"), scope)  # noqa: S102 - compiled from our own signatures at import
    decode: Callable[[Log], T] = scope["decode"]
    return decode


_SOURCE = """\
def decode(log):
    topics = log.topics
    try:
        {lines}
        return into({fields})
    except (ValueError, IndexError, struct_error) as error:
        raise DecodeError(f"{{canonical}}: {{error}}") from None
"""


# --- dynamic types: eth-abi for the data, the topics as above ------------------------------------------------------


def _bind_dynamic(shape: Shape[T]) -> Callable[[Log], T]:
    canonical = shape.canonical
    read_topics = _compile_static(canonical, shape.indexed, lambda *fields: fields)
    types = tuple(p.type for p in shape.unindexed)
    hex_words = tuple(p.type.startswith("bytes") and p.is_static for p in shape.unindexed)
    order = tuple(p.indexed for p in shape.params)

    def decode(log: Log) -> T:
        first = iter(read_topics(log))
        try:
            words = decode_words(types, bytes.fromhex(log.data[2:]))
        except (DecodeError, ValueError) as error:
            raise DecodeError(f"{canonical}: {error}") from None
        rest = iter("0x" + w.hex() if as_hex else w for w, as_hex in zip(words, hex_words, strict=True))
        return shape.into(*(next(first) if indexed else next(rest) for indexed in order))

    return decode
