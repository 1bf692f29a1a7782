"""Account calldata, layout by layout."""

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from tests.userops import ACCOUNT, BUNDLER, PACKED, UNPACKED, ZERO, call, handle_ops, packed_op
from watchers.batches.bundle import calldata_of
from watchers.batches.calldata import MAX_CALLS, Intended
from watchers.batches.layouts import _LAYOUTS, Plan, plan

A, B = "0x" + "1a" * 20, "0x" + "2b" * 20
ROWS = [(A, 1, b"\xa9\x05\x9c\xbb"), (B, 0, b"")]
MEANT = [(A, 1, "0xa9059cbb"), (B, 0, "0x")]


def meant(read: Plan | None) -> list[tuple[str, int, str]]:
    assert read is not None
    return [(c.target, c.value_wei, c.data) for c in read.calls]


def mode(kind: int, execution: int, selector: str = "00000000") -> bytes:
    return bytes([kind, execution, 0, 0, 0, 0]) + bytes.fromhex(selector) + b"\0" * 22


def multisend(*items: tuple[int, str, int, bytes]) -> bytes:
    packed = b"".join(
        bytes([op]) + bytes.fromhex(to[2:]) + value.to_bytes(32, "big") + len(data).to_bytes(32, "big") + data
        for op, to, value, data in items
    )
    return call("multiSend(bytes)", packed)


@pytest.mark.parametrize(
    "signature",
    [
        "execute(address,uint256,bytes)",
        "execute_ncC(address,uint256,bytes)",
        "executeCall(address,uint256,bytes)",
        "executeCall_s1m(address,uint256,bytes)",
        "execFromEntryPoint(address,uint256,bytes)",
        "exec(address,uint256,bytes)",
        "send(address,uint256,bytes)",
    ],
)
def test_single_calls(signature: str) -> None:
    assert meant(plan(call(signature, *ROWS[0]), ACCOUNT)) == MEANT[:1]


def test_single_calls_with_more_around_them() -> None:
    assert meant(plan(call("callContract(address,uint256,bytes,bool)", *ROWS[0], True), ACCOUNT)) == MEANT[:1]
    assert meant(plan(call("execute((address,uint256,bytes))", ROWS[0]), ACCOUNT)) == MEANT[:1]


@pytest.mark.parametrize("name", ["executeBatch", "executeBatch_y6U", "executeBatchCall", "executeBatchCall_4by"])
def test_batches_in_three_columns(name: str) -> None:
    columns = [list(column) for column in zip(*ROWS, strict=True)]
    assert meant(plan(call(f"{name}(address[],uint256[],bytes[])", *columns), ACCOUNT)) == MEANT


def test_an_empty_column_of_values_means_zeros_and_other_lengths_mean_nothing() -> None:
    signature = "executeBatch(address[],uint256[],bytes[])"
    assert meant(plan(call(signature, [A, B], [], [b"", b"\1"]), ACCOUNT)) == [(A, 0, "0x"), (B, 0, "0x01")]
    assert plan(call(signature, [A, B], [1], [b"", b""]), ACCOUNT) is None
    assert plan(call(signature, [A], [1], [b"", b""]), ACCOUNT) is None


def test_batches_of_two_columns_carry_no_value() -> None:
    assert meant(plan(call("executeBatch(address[],bytes[])", [A, B], [b"\1", b""]), ACCOUNT)) == [
        (A, 0, "0x01"),
        (B, 0, "0x"),
    ]


def test_batches_in_rows() -> None:
    assert meant(plan(call("executeBatch((address,uint256,bytes)[])", ROWS), ACCOUNT)) == MEANT


def test_a_delegated_multisend_is_opened() -> None:
    data = multisend((0, A, 1, b"\xa9\x05\x9c\xbb"), (1, B, 7, b"\2"))
    for name in ("execute", "executeUserOp", "executeUserOpWithErrorString", "execTransactionFromEntrypoint"):
        read = plan(call(f"{name}(address,uint256,bytes,uint8)", BUNDLER, 0, data, 1), ACCOUNT)
        assert meant(read) == [(A, 1, "0xa9059cbb"), (B, 0, "0x02")]
        assert read is not None
        assert [c.way for c in read.calls] == ["call", "delegate"]
    assert plan(call("execute(address,uint256,bytes,uint8)", BUNDLER, 0, data[:-32], 1), ACCOUNT) is None
    assert plan(call("execute(address,uint256,bytes,uint8)", BUNDLER, 0, data, 2), ACCOUNT) is None


def test_operation_zero_is_a_plain_call_and_a_delegate_call_says_so() -> None:
    read = plan(call("execute(address,uint256,bytes,uint8)", A, 1, b"\3", 0), ACCOUNT)
    assert read == Plan((Intended(A, 1, "0x03"),))
    read = plan(call("executeDelegateCall(address,bytes)", A, b"\3"), ACCOUNT)
    assert read == Plan((Intended(A, 0, "0x03", way="delegate"),))


@pytest.mark.parametrize("execution", [0, 1])
def test_erc7579_modes(execution: int) -> None:
    execute = "execute(bytes32,bytes)"
    batch = plan(call(execute, mode(1, execution), encode(["(address,uint256,bytes)[]"], [ROWS])), ACCOUNT)
    assert meant(batch) == MEANT
    single = bytes.fromhex(A[2:]) + (5).to_bytes(32, "big") + b"\4"
    one = plan(call("executeFromExecutor(bytes32,bytes)", mode(0, execution), single), ACCOUNT)
    assert meant(one) == [(A, 5, "0x04")]
    static = plan(call(execute, mode(0xFE, execution), single), ACCOUNT)
    assert static is not None
    assert (static.calls[0].way, static.calls[0].value_wei) == ("static", 0)
    delegate = plan(call(execute, mode(0xFF, execution), bytes.fromhex(A[2:]) + b"\4"), ACCOUNT)
    assert meant(delegate) == [(A, 0, "0x04")]
    for read in (batch, one, static, delegate):
        assert read is not None
        assert read.tries is (execution == 1)


def test_erc7579_modes_that_do_not_exist_are_unknown() -> None:
    body = encode(["(address,uint256,bytes)[]"], [ROWS])
    assert plan(call("execute(bytes32,bytes)", mode(2, 0), body), ACCOUNT) is None
    assert plan(call("execute(bytes32,bytes)", mode(1, 2), body), ACCOUNT) is None


def test_erc7821_op_data_and_batches_of_batches() -> None:
    execute = "execute(bytes32,bytes)"
    body = encode(["(address,uint256,bytes)[]", "bytes"], [ROWS, b"sig"])
    assert meant(plan(call(execute, mode(1, 0, "78210001"), body), ACCOUNT)) == MEANT
    many = encode(["bytes[]"], [[body, body]])
    assert meant(plan(call(execute, mode(1, 0, "78210002"), many), ACCOUNT)) == MEANT * 2


def test_calibur_without_revert_on_failure_tries() -> None:
    for on_failure in (True, False):
        read = plan(call("execute(((address,uint256,bytes)[],bool))", (ROWS, on_failure)), ACCOUNT)
        assert meant(read) == MEANT
        assert read is not None
        assert read.tries is not on_failure


def test_ambire_skips_the_zero_address_and_opens_what_it_tries() -> None:
    tried = call("tryCatch(address,uint256,bytes)", B, 9, b"\5")
    rows = [(ZERO, 0, b""), (ACCOUNT, 0, tried), ROWS[0]]
    for read in (
        plan(call("executeBySender((address,uint256,bytes)[])", rows), ACCOUNT),
        plan(call("executeBySelf((address,uint256,bytes)[])", rows), ACCOUNT),
        plan(call("execute((address,uint256,bytes)[],bytes)", rows, b"sig"), ACCOUNT),
        plan(
            call("executeMultiple(((address,uint256,bytes)[],bytes)[])", [(rows[:2], b"s"), (rows[2:], b"s")]), ACCOUNT
        ),
    ):
        assert meant(read) == [(ZERO, 0, "0x"), (B, 9, "0x05"), MEANT[0]]
        assert read is not None
        assert [c.skipped for c in read.calls] == [True, False, False]
        assert [c.tries for c in read.calls] == [False, True, False]
    limited = (ACCOUNT, 0, call("tryCatchLimit(address,uint256,bytes,uint256)", B, 9, b"\5", 1000))
    single = plan(call("executeBySelfSingle((address,uint256,bytes))", limited), ACCOUNT)
    assert meant(single) == [(B, 9, "0x05")]


def test_wrapped_calldata_is_unwrapped() -> None:
    inner = call("executeBatch((address,uint256,bytes)[])", ROWS)
    selector = bytes.fromhex("8dd7712f")
    assert meant(plan(selector + inner, ACCOUNT)) == MEANT
    by_entry_point = call(f"executeUserOp({PACKED},bytes32)", packed_op(selector + inner, 3), b"\0" * 32)
    assert meant(plan(by_entry_point, ACCOUNT)) == MEANT
    calibur = selector + encode(["((address,uint256,bytes)[],bool)"], [(ROWS, False)])
    assert meant(plan(calibur, ACCOUNT)) == MEANT
    launch = "setupSafe((address,address[],uint256,address,bytes,address,(address,bytes)[],bytes))"
    assert meant(plan(call(launch, (A, [B], 1, A, b"", B, [(A, b"\1")], inner)), ACCOUNT)) == MEANT
    validated = plan(call("executeWithRuntimeValidation(bytes,bytes)", inner, b"auth"), ACCOUNT)
    assert meant(validated) == MEANT
    assert validated is not None
    assert validated.hop == "0x" + inner.hex()


def test_coinbase_calls_itself() -> None:
    read = plan(call("executeWithoutChainIdValidation(bytes[])", [b"\1", b"\2"]), ACCOUNT)
    assert meant(read) == [(ACCOUNT, 0, "0x01"), (ACCOUNT, 0, "0x02")]


def test_wrapping_without_end_is_unknown() -> None:
    data = call("execute(address,uint256,bytes)", *ROWS[0])
    for _ in range(12):
        data = bytes.fromhex("8dd7712f") + data
    assert plan(data, ACCOUNT) is None


def test_overlapping_bytes_cannot_make_a_small_calldata_large() -> None:
    count, size = 1000, 60_000
    words = [0x20, count, *[32 * count] * count]
    bomb = b"".join(w.to_bytes(32, "big") for w in words)
    item = b"".join(w.to_bytes(32, "big") for w in (1, 0, 0x60, size)) + b"\1" * size
    assert plan(bytes.fromhex("34fcd5be") + bomb + item, ACCOUNT) is None
    huge = b"".join(w.to_bytes(32, "big") for w in (0x20, MAX_CALLS + 1)) + b"\0" * 32 * (MAX_CALLS + 1)
    assert plan(bytes.fromhex("34fcd5be") + huge, ACCOUNT) is None


def test_a_dirty_address_is_refused_as_solidity_does() -> None:
    data = bytearray(call("execute(address,uint256,bytes)", *ROWS[0]))
    data[4] = 1
    assert plan(bytes(data), ACCOUNT) is None


@given(st.sampled_from(sorted(_LAYOUTS)), st.binary(max_size=400))
def test_no_calldata_whatever_can_break_the_reader(selector: str, body: bytes) -> None:
    plan(bytes.fromhex(selector) + body, ACCOUNT)


@given(st.data())
def test_mutated_calldata_gives_a_plan_or_nothing(data: st.DataObject) -> None:
    seeds = [
        call("executeBatch((address,uint256,bytes)[])", ROWS),
        call("executeBatch(address[],uint256[],bytes[])", [A, B], [1, 2], [b"\1", b""]),
        call("execute(bytes32,bytes)", mode(1, 1), encode(["(address,uint256,bytes)[]"], [ROWS])),
        call("executeUserOp(address,uint256,bytes,uint8)", A, 0, multisend((0, A, 1, b"\1"), (0, B, 2, b"")), 1),
        call(f"executeUserOp({PACKED},bytes32)", packed_op(bytes.fromhex("8dd7712fb61d27f6"), 3), b"\0" * 32),
    ]
    seed = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(1, 5))):
        seed[data.draw(st.integers(0, len(seed) - 1))] = data.draw(st.integers(0, 255))
    read = plan(bytes(seed[: data.draw(st.integers(0, len(seed)))]), ACCOUNT)
    assert read is None or all(len(c.target) == 42 for c in read.calls)


def test_an_operation_is_found_in_the_bundle_by_sender_and_nonce() -> None:
    ops = [packed_op(b"\1", 5), packed_op(b"\2", 6), packed_op(b"\3", 5, sender=BUNDLER)]
    sent = handle_ops(*ops)
    assert calldata_of(sent, ACCOUNT, 6) == b"\2"
    assert calldata_of(sent, BUNDLER, 5) == b"\3"
    assert calldata_of(sent, BUNDLER, 9) is None
    aggregated = call(
        f"handleAggregatedOps(({PACKED}[],address,bytes)[],address)", [(ops[:1], A, b""), (ops[1:], B, b"")], A
    )
    assert calldata_of("0x" + aggregated.hex(), ACCOUNT, 6) == b"\2"
    old = (ACCOUNT, 7, b"", b"\4", 0, 0, 0, 0, 0, b"", b"")
    plain = call(f"handleOps({UNPACKED}[],address)", [old], A)
    assert calldata_of("0x" + plain.hex(), ACCOUNT, 7) == b"\4"


@given(st.binary(max_size=300), st.sampled_from(["1fad948c", "765e827f", "4b1d7cf5", "dbed18e0", "00000000"]))
def test_no_bundle_input_whatever_can_break_the_search(body: bytes, selector: str) -> None:
    calldata_of("0x" + selector + body.hex(), ACCOUNT, 0)
    calldata_of("0x" + selector + body.hex() + "f", ACCOUNT, 0)
    calldata_of("0x", ACCOUNT, 0)
