import keyword
import re
from typing import Any

import msgspec
import pytest
from eth_abi.abi import decode as reference_decode
from eth_abi.abi import encode
from eth_abi.exceptions import DecodingError
from hypothesis import example, given
from hypothesis import strategies as st

from watchers.abi import Shape, event, parse_signature, selector, shape_of, snake
from watchers.chain.block import Log
from watchers.errors import DecodeError, DefinitionError


def a_log(topics: tuple[str, ...], data: str) -> Log:
    return Log("0x" + "aa" * 20, topics, data, "0x1", "0x" + "bb" * 32, "0x0", "0x0", "0x" + "cc" * 32)


@event("Burn(address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0)")
class Burn(msgspec.Struct, frozen=True, gc=False):
    owner: str
    tick_lower: int
    tick_upper: int
    amount: int
    amount0: int


@event("Said(address indexed who, string text, bytes raw, uint256[] numbers, (address,bool)[] pairs)")
class Said(msgspec.Struct, frozen=True, gc=False):
    who: str
    text: str
    raw: bytes
    numbers: tuple[int, ...]
    pairs: tuple[Any, ...]


def test_a_signature_gives_the_topic_that_solidity_gives() -> None:
    assert shape_of(Burn).canonical == "Burn(address,int24,int24,uint128,uint256)"
    swap = parse_signature("Swap(address indexed sender, int256 amount0)")
    assert swap[1][0].indexed
    transfer = Shape("Transfer(address indexed from, address indexed to, uint value)", _Transfer)
    assert transfer.topic0 == "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    assert transfer.key == (transfer.topic0, 3, 66)
    assert selector("transfer(address,uint256)") == "0xa9059cbb"


class _Transfer(msgspec.Struct, frozen=True):
    from_: str
    to: str
    value: int


def test_names_become_snake_case() -> None:
    assert [snake(n) for n in ("sqrtPriceX96", "proposalId", "amount0In", "userOpHash", "_id")] == [
        "sqrt_price_x96",
        "proposal_id",
        "amount0_in",
        "user_op_hash",
        "id",
    ]


def test_static_words_are_read_by_slices_with_their_signs() -> None:
    shape = shape_of(Burn)
    topics = (
        shape.topic0,
        "0x" + "00" * 12 + "11" * 20,
        "0x" + (2**256 - 60).to_bytes(32, "big").hex(),
        "0x" + (60).to_bytes(32, "big").hex(),
    )
    data = "0x" + encode(("uint128", "uint256"), (7, 2**256 - 1)).hex()
    assert shape.decode(a_log(topics, data)) == Burn("0x" + "11" * 20, -60, 60, 7, 2**256 - 1)


def test_dynamic_types_are_read_by_eth_abi_and_bad_utf8_hides_nothing() -> None:
    shape = shape_of(Said)
    body = encode(
        ("bytes", "bytes", "uint256[]", "(address,bool)[]"),
        (b"ok \xff", b"\x01\x02", [1, 2], [("0x" + "22" * 20, True)]),
    )
    said = shape.decode(a_log((shape.topic0, "0x" + "00" * 12 + "11" * 20), "0x" + body.hex()))
    assert said == Said("0x" + "11" * 20, "ok \ufffd", b"\x01\x02", (1, 2), (("0x" + "22" * 20, True),))


@pytest.mark.parametrize(
    ("topics", "data", "told"),
    [
        ((1, 2, 3), (2**200, 0), "amount: too large for uint128"),
        ((2**200, 2, 3), (0, 0), "owner: dirty address"),
        ((1, 2**24, 3), (0, 0), "tickLower: too large for int24"),
    ],
)
def test_a_word_that_does_not_fit_its_type_is_a_decode_error(
    topics: tuple[int, ...], data: tuple[int, ...], told: str
) -> None:
    shape = shape_of(Burn)
    words = [f"0x{n:064x}" for n in topics]
    with pytest.raises(DecodeError, match=told):
        shape.decode(a_log((shape.topic0, *words), "0x" + "".join(f"{n:064x}" for n in data)))


@pytest.mark.parametrize("text", ["0x" + "zz" * 64, "0x" + "1_" * 64, "0x" + " 1" * 64, "0x" + "é0" * 64])
def test_data_that_is_not_hex_is_a_decode_error_that_does_not_quote_it(text: str) -> None:
    shape = shape_of(Burn)
    with pytest.raises(DecodeError, match="Burn") as told:
        shape.decode(a_log((shape.topic0, *["0x" + "00" * 32] * 3), text))
    assert text[2:8] not in str(told.value)


@pytest.mark.parametrize(
    ("at", "topic"), [(1, "0x1"), (1, "0x" + "00" * 33), (2, "0x1"), (2, "0x" + "00" * 33), (2, "0x" + "zz" * 32)]
)
def test_a_topic_that_is_no_word_is_a_decode_error(at: int, topic: str) -> None:
    shape = shape_of(Burn)
    topics = [shape.topic0, *["0x" + "00" * 32] * 3]
    topics[at] = topic
    with pytest.raises(DecodeError, match="Burn"):
        shape.decode(a_log(tuple(topics), "0x" + "00" * 64))


def test_a_width_that_solidity_does_not_have_stops_the_start() -> None:
    class Wrong(msgspec.Struct):
        amount: int

    with pytest.raises(DefinitionError, match="uint7"):
        event("Paid(uint7 amount)")(Wrong)


def test_a_truncated_dynamic_body_is_a_decode_error() -> None:
    shape = shape_of(Said)
    with pytest.raises(DecodeError):
        shape.decode(a_log((shape.topic0, "0x" + "00" * 32), "0x" + "ff" * 40))


@pytest.mark.parametrize(
    ("signature", "told"),
    [
        ("Burn(address owner)", "are not the parameters"),
        ("Burn address owner", "expected Name"),
        ("Burn(addr@ owner)", "cannot read parameter"),
    ],
)
def test_a_wrong_declaration_stops_the_start(signature: str, told: str) -> None:
    class Wrong(msgspec.Struct):
        who: str

    with pytest.raises(DefinitionError, match=told):
        event(signature)(Wrong)


def test_a_field_of_the_wrong_type_stops_the_start() -> None:
    class Wrong(msgspec.Struct):
        amount: str

    with pytest.raises(DefinitionError, match="uint256 needs int"):
        event("Paid(uint256 amount)")(Wrong)


# --- against eth-abi, on random types ------------------------------------------------------------------------------

_BITS = st.integers(1, 32).map(lambda n: 8 * n)
_TYPES = st.one_of(
    st.just("address"),
    st.just("bool"),
    _BITS.map(lambda n: f"uint{n}"),
    _BITS.map(lambda n: f"int{n}"),
    st.integers(1, 32).map(lambda n: f"bytes{n}"),
    st.sampled_from(["string", "bytes", "uint256[]", "address[2]", "(uint8,string)[]"]),
)


def _value(kind: str) -> st.SearchStrategy[Any]:
    if kind == "address":
        return st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())
    if kind == "bool":
        return st.booleans()
    if match := re.fullmatch(r"u?int(\d+)", kind):
        bits = int(match[1])
        low, high = (0, 2**bits - 1) if kind.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return st.integers(low, high)
    if match := re.fullmatch(r"bytes(\d+)", kind):
        return st.binary(min_size=int(match[1]), max_size=int(match[1]))
    return {
        "string": st.text(max_size=40),
        "bytes": st.binary(max_size=70),
        "uint256[]": st.lists(st.integers(0, 2**256 - 1), max_size=4).map(tuple),
        "address[2]": st.lists(_value_address(), min_size=2, max_size=2).map(tuple),
        "(uint8,string)[]": st.lists(st.tuples(st.integers(0, 255), st.text(max_size=9)), max_size=3).map(tuple),
    }[kind]


def _value_address() -> st.SearchStrategy[str]:
    return st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())


_FIELD = {"address": str, "bool": bool, "string": str, "bytes": bytes}


def _field(kind: str) -> type:
    if kind in _FIELD:
        return _FIELD[kind]
    if re.fullmatch(r"u?int\d+", kind):
        return int
    return str if re.fullmatch(r"bytes\d+", kind) else tuple


@given(st.lists(_TYPES, min_size=1, max_size=6).flatmap(lambda ts: st.tuples(st.just(ts), *(_value(t) for t in ts))))
def test_random_types_round_trip_as_eth_abi_reads_them(case: tuple[Any, ...]) -> None:
    types, values = case[0], case[1:]
    names = [f"p{n}" for n in range(len(types))]
    assert not any(map(keyword.iskeyword, names))
    into = msgspec.defstruct("Random", [(n, _field(t)) for n, t in zip(names, types, strict=True)])
    shape = Shape(f"Random({','.join(f'{t} {n}' for t, n in zip(types, names, strict=True))})", into)
    body = encode(types, values)
    got = msgspec.structs.astuple(shape.decode(a_log((shape.topic0,), "0x" + body.hex())))
    static = [bool(re.fullmatch(r"bytes\d+", t)) for t in types]
    expected = tuple("0x" + w.hex() if s else w for w, s in zip(reference_decode(types, body), static, strict=True))
    assert got == expected


_STATIC = _TYPES.filter(lambda kind: kind not in ("string", "bytes") and not kind.endswith("]"))


@example(("bool", True), (31, 2), "")
@example(("bool", True), (31, 2), "indexed ")
@example(("bool", False), (0, 1), "")
@given(
    _STATIC.flatmap(lambda kind: st.tuples(st.just(kind), _value(kind))),
    st.one_of(st.none(), st.tuples(st.integers(0, 31), st.integers(1, 255))),
    st.sampled_from(["", "indexed "]),
)
def test_a_static_word_is_refused_where_eth_abi_refuses_it(
    case: tuple[str, Any], harm: tuple[int, int] | None, indexed: str
) -> None:
    kind, value = case
    word = bytearray(encode([kind], [value]))
    if harm is not None:
        word[harm[0]] ^= harm[1]
    into = msgspec.defstruct("Word", [("word", _field(kind))])
    shape = Shape(f"Word({kind} {indexed}word)", into)
    log = a_log((shape.topic0, "0x" + word.hex()), "0x") if indexed else a_log((shape.topic0,), "0x" + word.hex())
    try:
        (expected,) = reference_decode([kind], bytes(word))
    except DecodingError:
        with pytest.raises(DecodeError, match="Word"):
            shape.decode(log)
    else:
        assert shape.decode(log) == into("0x" + expected.hex() if kind.startswith("bytes") else expected)
