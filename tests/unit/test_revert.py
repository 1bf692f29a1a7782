"""Revert data as people read it."""

from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from tests.userops import call
from watchers.chain.trace import Frame
from watchers.revert import cause, describe, failing_index, reason_of
from watchers.signatures import KNOWN, Names

BOOM = call("LabBoom(uint256,string)", 42, "lab")


def failed(error: str, output: str | None = "0x", calls: tuple[Frame, ...] = ()) -> Frame:
    return Frame("CALL", "0x" + "1" * 40, "0x" + "2" * 40, 0, "0x", output, error, 1, calls)


def test_the_notation_is_that_of_the_recorded_examples() -> None:
    assert describe(call("Error(string)", "lab: nope")) == 'Error("lab: nope")'
    assert describe(call("Panic(uint256)", 0x11)) == "Panic(0x11)"
    assert describe(BOOM) == 'LabBoom(42,"lab")'
    assert describe(call("FailedOp(uint256,string)", 1, "AA24 signature error")) == 'FailedOp(1,"AA24 signature error")'
    assert describe(call("UnsupportedExecType(bytes1)", b"\x07")) == "UnsupportedExecType(0x07)"
    assert describe(call("OwnableUnauthorizedAccount(address)", "0x" + "ab" * 20)) == (
        "OwnableUnauthorizedAccount(0x" + "ab" * 20 + ")"
    )


def test_wrappers_are_opened_outermost_first_and_their_cause_is_given() -> None:
    inner = call("ExecuteError(uint256,bytes)", 1, BOOM)
    text = describe(call("PostOpReverted(bytes)", inner))
    assert text == 'PostOpReverted(ExecuteError(1,LabBoom(42,"lab")))'
    assert cause(text) == 'LabBoom(42,"lab")'
    assert describe(call("CallFailed(bytes)", b"")) == "CallFailed(empty_revert)"
    failed_op = describe(call("FailedOpWithRevert(uint256,string,bytes)", 0, 'AA23 "rev\\erted"', BOOM))
    assert cause(failed_op) == 'LabBoom(42,"lab")'
    assert cause(describe(call("ExecutionFailed(uint256,bytes)", 3, BOOM))) == 'LabBoom(42,"lab")'
    assert describe(call("ExecutionFailed()")) == "ExecutionFailed()"


def test_a_failing_index_is_read_from_execute_error_only() -> None:
    assert failing_index(describe(call("ExecuteError(uint256,bytes)", 2, b""))) == 2
    assert failing_index(describe(call("Error(string)", "ExecuteError(2,x)"))) is None
    assert failing_index(describe(call("PostOpReverted(bytes)", BOOM))) is None


def test_what_is_unknown_shows_its_selector() -> None:
    assert describe(b"") == "empty_revert"
    assert describe(bytes.fromhex("12345678") + b"\1" * 5) == "0x12345678"
    assert describe(b"\1\2") == "unknown_data(2 bytes)"
    assert describe(b"\0" * 68) == "unknown_data(68 bytes)"


def test_data_cut_short_is_told_as_far_as_it_goes() -> None:
    whole = call("Error(string)", "the pool has run dry")
    assert describe(whole[:-20]) == 'Error("the pool has…")'
    assert describe(whole[:20]) == "Error(…)"
    wrapped = call("PostOpReverted(bytes)", call("Error(string)", "x" * 3000))[:2048]
    assert describe(wrapped).startswith('PostOpReverted(Error("xxx')
    assert describe(wrapped).endswith('…"))')


def test_text_from_a_contract_stays_on_one_line() -> None:
    assert describe(call("Error(string)", 'a\n"b"')) == 'Error("a\\n\\"b\\"")'


@given(st.binary(max_size=600), st.sampled_from(sorted(KNOWN.errors)))
def test_no_revert_data_whatever_can_break_the_reader(body: bytes, selector: str) -> None:
    text = describe(bytes.fromhex(selector[2:]) + body)
    assert text
    assert len(text) < 8 * 600
    cause(text)


@given(st.integers(0, 2**256 - 1), st.text(max_size=60))
def test_a_known_error_gives_back_its_arguments(code: int, why: str) -> None:
    text = describe(call("LabBoom(uint256,string)", code, why))
    assert text.startswith(f"LabBoom({code},")
    assert describe(encode(["uint256"], [0])[:0]) == "empty_revert"


def test_an_operators_own_error_is_named_and_one_with_arrays_or_tuples_reads_whole() -> None:
    ours = KNOWN.with_more([], ["Refused(address,(uint256,bool)[],bytes4)", "LabBoom(uint256,string)"])
    data = call("Refused(address,(uint256,bool)[],bytes4)", "0x" + "ab" * 20, [(7, True), (8, False)], b"\1\2\3\4")
    told = f"Refused(0x{'ab' * 20},[[7,true],[8,false]],0x01020304)"
    assert describe(data, ours) == told
    assert describe(call("CallFailed(bytes)", data), ours) == f"CallFailed({told})"
    assert describe(data).startswith("0x")
    assert describe(data[:40], ours) == "Refused(…)"


def test_arguments_that_overlap_are_not_blown_up() -> None:
    """Sixty-four offsets to one list of sixty-four offsets to one list: a small calldata that says a million words."""
    names = Names(["many(uint256[][][])"], [])
    offsets = encode(["uint256"], [64]) + encode(["uint256"], [64 * 32]) * 64
    numbers = encode(["uint256"], [64]) + encode(["uint256"], [1]) * 64
    data = call("many(uint256[][][])", [])[:4] + encode(["uint256"], [32]) + offsets + offsets + numbers
    assert names.arguments("0x" + data.hex()) is None
    honest = call("many(uint256[][][])", [[[1, 2], [3]], [[4]]])
    assert names.arguments("0x" + honest.hex()) == ((((1, 2), (3,)), ((4,),)),)


def test_wrappers_nested_for_ever_end() -> None:
    data = BOOM
    for _ in range(40):
        data = call("CallFailed(bytes)", data)
    assert "unknown_data" in describe(data)


def test_out_of_gas_is_found_on_the_deepest_frame() -> None:
    deepest = failed("out of gas")
    assert reason_of(failed("execution reverted", calls=(failed("Reverted", calls=(deepest,)),))) == "out_of_gas"
    assert reason_of(failed("Reverted", None, (failed("Out of gas", None),))) == "out_of_gas"
    swallowed = (deepest, Frame("CALL", "0x", "0x", 0, "0x", "0x", "", 1))
    assert reason_of(failed("execution reverted", calls=swallowed)) == "empty_revert"


def test_revert_data_that_was_kept_back_is_not_an_empty_revert() -> None:
    assert reason_of(failed("Reverted", None)) == ""
    assert reason_of(failed("execution reverted", "0x")) == "empty_revert"
    assert reason_of(failed("insufficient balance for transfer")) == "insufficient balance for transfer"
    assert reason_of(failed("")) == ""


def test_functions_read_as_signatures() -> None:
    assert KNOWN.function("0xa9059cbb" + "0" * 128) == "transfer(address,uint256)"
    assert KNOWN.function("0x") == ""
    assert KNOWN.function("0xdeadbeef00") == "0xdeadbeef"


def test_selectors_of_the_tables_are_those_of_the_reference() -> None:
    for selector, signature in {
        "0x1fad948c": "handleOps",
        "0x765e827f": "handleOps",
        "0x34fcd5be": "executeBatch((address,uint256,bytes)[])",
        "0xe9ae5c53": "execute(bytes32,bytes)",
        "0x99e1d016": "execute(((address,uint256,bytes)[],bool))",
        "0xd9ed0e8f": "setupSafe",
        "0x8d80ff0a": "multiSend(bytes)",
    }.items():
        assert KNOWN.functions[selector].startswith(signature)
    for selector, name in {
        "0x08c379a0": "Error",
        "0x4e487b71": "Panic",
        "0x65c8fd4d": "FailedOpWithRevert",
        "0xad7954bc": "PostOpReverted",
        "0x5a154675": "ExecuteError",
        "0x2c4029e9": "ExecutionFailed",
        "0xa5fa8d2b": "CallFailed",
        "0xfe34a6d3": "NotFromEntryPoint",
    }.items():
        assert KNOWN.errors[selector][0] == name
