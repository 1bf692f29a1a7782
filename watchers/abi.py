"""A Solidity event signature in; topic 0 and a compiled decoder out.

    @event("Burn(address indexed owner, int24 indexed tickLower, uint128 amount)")
    class Burn(msgspec.Struct, frozen=True, gc=False):
        owner: str
        tick_lower: int
        amount: int

The class's fields are the signature's parameters in order, in snake case, and their types must agree; a mistake is a
`DefinitionError` at import. Events of static words only are decoded by slices of the hex text, compiled once; the rest
goes through eth-abi.

What a field holds: `address` lower-case hex str; `uintN`/`intN` int; `bool` bool; `bytesN` lower-case hex str; `string`
str (undecodable bytes replaced, so that nobody hides an event behind bad UTF-8); `bytes` bytes; arrays and tuples a
tuple of what eth-abi gives. An indexed dynamic parameter holds its topic, the keccak of the value, as hex str.

Source: Solidity documentation, "Contract ABI Specification".
"""

import keyword
import re
from collections.abc import Callable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar, get_origin, get_type_hints

import msgspec
from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.encoding import TextStringEncoder
from eth_abi.exceptions import DecodingError
from eth_abi.registry import BaseEquals, registry
from eth_hash.auto import keccak

from watchers.chain.block import Log
from watchers.errors import DecodeError, DefinitionError

T = TypeVar("T")

_WORD = 64  # hex characters of one ABI word
_STATIC = re.compile(r"^(address|bool|u?int(\d+)|bytes(\d+))$")


class _LenientString(StringDecoder):
    def __init__(self) -> None:
        super().__init__(handle_string_errors="replace")  # type: ignore[no-untyped-call]


def _lenient_codec() -> ABICodec:
    ours = registry.copy()
    ours.unregister("string")
    ours.register(BaseEquals("string", with_sub=False), TextStringEncoder, _LenientString, label="string")
    return ABICodec(ours)


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
        """One word, decoded by a slice."""
        return _STATIC.match(self.type) is not None


class Shape(Generic[T]):
    """An event's layout and the class that it fills. `key` is what a log is dispatched on."""

    def __init__(self, signature: str, into: type[T]) -> None:
        self.name, self.params = parse_signature(signature)
        self.into = into
        self.canonical = f"{self.name}({','.join(p.type for p in self.params)})"
        self.topic0 = "0x" + keccak(self.canonical.encode()).hex()
        self.indexed = tuple(p for p in self.params if p.indexed)
        self.unindexed = tuple(p for p in self.params if not p.indexed)
        static = all(p.is_static for p in self.unindexed)
        data_len = 2 + _WORD * len(self.unindexed) if static else -1
        self.key = (self.topic0, 1 + len(self.indexed), data_len)
        _check_fields(self)
        self._decode = _compile_static(self) if static else _bind_dynamic(self)

    def decode(self, log: Log) -> T:
        """Fill the class from a log whose key is ours. Raises DecodeError."""
        try:
            return self._decode(log.topics, log.data)
        except DecodeError as error:
            raise DecodeError(f"{self.canonical}: {error}") from None
        except (ValueError, IndexError, OverflowError) as error:
            raise DecodeError(f"{self.canonical}: {error}") from None


_SHAPES: dict[type, Shape[Any]] = {}


def event(signature: str) -> Callable[[type[T]], type[T]]:
    """Declare that a class holds this event. See the module's docstring."""

    def declare(into: type[T]) -> type[T]:
        _SHAPES[into] = Shape(signature, into)
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


def _word_source(kind: str, word: str, at: str) -> tuple[list[str], str]:
    """Give the check lines and the expression that read one 64-character hex word named `word`."""
    if kind == "bool":
        return [
            f"if {word}[:63] != Z63 or {word}[63] not in '01': raise DecodeError('{at}: not a bool')"
        ], f"{word}[63] == '1'"
    if kind.startswith("bytes"):
        width = 2 * int(kind[5:])
        check = (
            [f"if {word}[{width}:] != '0' * {_WORD - width}: raise DecodeError('{at}: dirty {kind}')"]
            if width < _WORD
            else []
        )
        return check, f"'0x' + {word}[:{width}]"
    signed, bits = kind.startswith("int"), int(kind.lstrip("uint"))
    value = f"{word}_n"
    lines = [f"{value} = int({word}, 16)"]
    if signed:
        lines.append(f"if {value} >> 255: {value} -= {1 << 256}")
    if bits < 256:  # noqa: PLR2004 - the width of a word
        outside = f"not {-(1 << bits - 1)} <= {value} < {1 << bits - 1}" if signed else f"{value} >> {bits}"
        lines.append(f"if {outside}: raise DecodeError('{at}: too large for {kind}')")
    return lines, value


def _compile_static(shape: Shape[T]) -> Callable[[tuple[str, ...], str], T]:
    """Compile the function that reads every parameter by a slice. The source holds only what the parser let through."""
    lines: list[str] = []
    given: list[str] = []
    topic = 0
    offset = 2
    for n, param in enumerate(shape.params):
        if param.indexed:
            topic += 1
            text, start, end = f"topics[{topic}]", 2, ""
        else:
            text, start, end = "data", offset, str(offset + _WORD)
            offset += _WORD
        if param.type == "address":  # the commonest word, read without a slice between
            dirty = f"{text}[{start}:{start + 24}] != Z24"
            lines.append(f"if {dirty}: raise DecodeError('{param.name}: dirty address')")
            given.append(f"'0x' + {text}[{start + 24}:{end}]")
            continue
        lines.append(f"w{n} = {text}[{start}:{end}]")
        if param.is_static:
            checks, expression = _word_source(param.type, f"w{n}", param.name)
            lines += checks
        else:  # indexed and dynamic: the topic is the keccak of the value
            expression = f"'0x' + w{n}"
        given.append(expression)
    source = "def decode(topics, data):\n    " + "\n    ".join([*lines, f"return cls({', '.join(given)})"])
    scope: dict[str, Any] = {"cls": shape.into, "DecodeError": DecodeError, "Z24": "0" * 24, "Z63": "0" * 63}
    exec(compile(source, f"<{shape.canonical}>", "exec"), scope)  # noqa: S102 - compiled from our own signatures at import
    decode: Callable[[tuple[str, ...], str], T] = scope["decode"]
    return decode


# --- dynamic types: eth-abi for the data, slices for the topics ---------------------------------------------------


def _bind_dynamic(shape: Shape[T]) -> Callable[[tuple[str, ...], str], T]:
    topics_class = msgspec.defstruct(f"{shape.name}Topics", [(f"t{n}", Any) for n in range(len(shape.indexed))])
    head = Shape.__new__(Shape)
    head.name, head.params, head.into, head.canonical = shape.name, shape.indexed, topics_class, shape.canonical
    read_topics = _compile_static(head)
    types = tuple(p.type for p in shape.unindexed)
    hex_words = tuple(p.type.startswith("bytes") and p.is_static for p in shape.unindexed)
    order = tuple(p.indexed for p in shape.params)

    def decode(topics: tuple[str, ...], data: str) -> T:
        words = decode_words(types, bytes.fromhex(data[2:]))
        rest = iter("0x" + w.hex() if as_hex else w for w, as_hex in zip(words, hex_words, strict=True))
        first = iter(msgspec.structs.astuple(read_topics(topics, "0x")))
        return shape.into(*(next(first) if indexed else next(rest) for indexed in order))

    return decode
