"""Each kind of container by hand: its own words, what stands behind contracts, and what only looks like one."""

from typing import Any

import msgspec
import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak

from tests.nested import TREE, Batch, Leaf, as_transaction, calldata, run, sent_straight
from tests.userops import (
    ACCOUNT,
    BUNDLER,
    EP06,
    EP07,
    IMPLEMENTATION,
    PAYMASTER,
    TX,
    ZERO,
    before_execution,
    call,
    frame,
    handle_ops,
    inner_handle_op,
    log,
    op_hash,
    operation_event,
    packed_op,
    pad,
    proxied,
    topic,
)
from watchers.batches.analysis import Analysis, analyse, kinds
from watchers.batches.container import Container
from watchers.batches.sent import read_sent
from watchers.chain.block import Log
from watchers.chain.trace import parse
from watchers.errors import DecodeError

A, B, SAFE, RELAY = ("0x" + pair * 20 for pair in ("1a", "2b", "5a", "4e"))
EXEC = "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)"
REVERTED = "execution reverted"
BOOM = call("LabBoom(uint256,string)", 7, "lab")


def analysed(case: dict[str, Any], *, trace: bool = True) -> Analysis:
    receipt = {**case["receipt"], "logs": msgspec.to_builtins(case["receipt"]["logs"])}
    return analyse(read_sent(case["tx"], receipt), parse(case[TREE]) if trace else None)


def sent(to: str, data: bytes, *frames: Any, logs: tuple[Log, ...] = (), failed: bool = False, **root: Any) -> Any:
    """Send calldata to a contract that makes these frames."""
    error = REVERTED if failed else ""
    tree = frame("CALL", BUNDLER, to, data, calls=list(frames), error=error, **root)
    return as_transaction(to, "0x" + data.hex(), tree, list(logs), failed=failed)


def one(case: dict[str, Any], *, trace: bool = True) -> Container:
    (container,) = analysed(case, trace=trace).containers
    return container


def outcomes(container: Container) -> list[str]:
    return [c.outcome for c in container.calls]


def exec_safe(to: str, data: bytes, operation: int = 0, gas: int = 0) -> bytes:
    return call(EXEC, to, 0, data, operation, gas, 0, 0, ZERO, ZERO, b"sig")


# --- Safe ---------------------------------------------------------------------------------------------------------

HASH = "0x" + "9f" * 32
IN_TOPIC = ((topic("ExecutionSuccess(bytes32,uint256)"), HASH), encode(["uint256"], [0]))
IN_DATA = ((topic("ExecutionSuccess(bytes32,uint256)"),), bytes.fromhex(HASH[2:]) + b"\0" * 32)


@pytest.mark.parametrize("event", [IN_TOPIC, IN_DATA], ids=["from 1.4.1", "up to 1.3.0"])
@pytest.mark.parametrize("trace", [True, False])
def test_a_safes_hash_is_read_from_either_layout(event: tuple[tuple[str, ...], bytes], trace: bool) -> None:  # noqa: FBT001 - pytest gives it by name
    made = frame("CALL", SAFE, A, b"\1")
    case = sent(SAFE, exec_safe(A, b"\1"), made, logs=(log(SAFE, *event, 0),), output=encode(["bool"], [True]))
    container = one(case, trace=trace)
    assert (container.kind, container.id, container.success, container.outcome) == ("safe", HASH, True, "success")
    assert outcomes(container) == ["success" if trace else "unknown"]


def test_safe_1_0_says_a_failure_by_an_event_of_its_own() -> None:
    told = log(SAFE, (topic("ExecutionFailed(bytes32)"),), bytes.fromhex(HASH[2:]), 0)
    made = frame("CALL", SAFE, A, b"\1", error=REVERTED, output=BOOM)
    case = sent(SAFE, exec_safe(A, b"\1", gas=9), made, logs=(told,), output=encode(["bool"], [False]))
    container = one(case)
    assert (container.id, container.success, container.reason) == (HASH, False, 'LabBoom(7,"lab")')
    assert outcomes(one(case, trace=False)) == ["failed"]  # its only call, by its own word


def test_a_safe_whose_event_and_return_value_differ_is_unknown() -> None:
    told = log(SAFE, *IN_TOPIC, 0)
    made = frame("CALL", SAFE, A, b"\1")
    container = one(sent(SAFE, exec_safe(A, b"\1"), made, logs=(told,), output=encode(["bool"], [False])))
    assert (container.success, container.outcome, outcomes(container)) == (None, "unknown", ["unknown"])


def test_a_safe_that_refused_its_signatures_made_no_call() -> None:
    case = sent(SAFE, exec_safe(A, b"\1"), failed=True, output=call("Error(string)", "GS026"))
    container = one(case)
    assert (container.success, container.reason, outcomes(container)) == (False, 'Error("GS026")', ["not_executed"])
    assert outcomes(one(case, trace=False)) == ["unknown"]


def test_a_safe_behind_a_relay_is_found_and_so_is_its_l2_event_without_a_tree() -> None:
    l2 = topic(
        "SafeMultiSigTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes,bytes)"
    )
    types = ["address", "uint256", "bytes", "uint8", *["uint256"] * 3, "address", "address", "bytes", "bytes"]
    about = encode(types, [A, 5, b"\1", 0, 0, 0, 0, ZERO, ZERO, b"", b""])
    logs = (log(SAFE, (l2,), about, 0), log(SAFE, *IN_TOPIC, 1))
    data = call(EXEC, A, 5, b"\1", 0, 0, 0, 0, ZERO, ZERO, b"")
    inner = frame("CALL", RELAY, SAFE, data, calls=[frame("CALL", SAFE, A, b"\1", value=5)])
    case = sent(RELAY, b"\xfe\xed\0\0", inner, logs=logs)
    assert (one(case).sender, outcomes(one(case)), one(case).calls[0].value_wei) == (SAFE, ["success"], 5)
    blind = one(case, trace=False)
    assert [(c.target, c.value_wei, c.outcome) for c in blind.calls] == [(A, 5, "unknown")]
    assert (blind.kind, blind.id, blind.success) == ("safe", HASH, True)


def test_a_module_is_told_by_its_own_events() -> None:
    data = call("execTransactionFromModuleReturnData(address,uint256,bytes,uint8)", A, 0, b"\1", 0)
    failure = log(SAFE, (topic("ExecutionFromModuleFailure(address)"), pad(BUNDLER)), b"", 0)
    made = frame("CALL", SAFE, A, b"\1", error=REVERTED, output=BOOM)
    case = sent(SAFE, data, made, logs=(failure,), output=encode(["bool", "bytes"], [False, BOOM]))
    assert (one(case).kind, one(case).success, outcomes(one(case))) == ("safe_module", False, ["failed"])
    (behind,) = analysed(sent(RELAY, b"\1\2\3\4", logs=(failure,)), trace=False).containers
    assert (behind.kind, behind.success, behind.calls) == ("safe_module", False, ())


# --- EntryPoint ---------------------------------------------------------------------------------------------------


def bundle(entry_point: str, nonce: int, *, fails: bool = False) -> tuple[bytes, dict[str, Any]]:
    data = call("execute(address,uint256,bytes)", A, 0, bytes([nonce + 1]))
    error, output = (REVERTED, BOOM) if fails else ("", b"")
    made = frame("CALL", ACCOUNT, A, bytes([nonce + 1]), error=error, output=output)
    account = proxied(frame("CALL", entry_point, ACCOUNT, data, calls=[made], error=error, output=output), 1)
    inner = frame("CALL", entry_point, entry_point, inner_handle_op(data, nonce, entry_point), calls=[account])
    return data, inner


def test_several_bundles_behind_one_contract_each_keep_their_operations() -> None:
    _, first = bundle(EP07, 0)
    _, second = bundle(EP07, 1, fails=True)
    _, third = bundle(EP06, 2)
    calls = [frame("CALL", RELAY, to, b"\x76\x5e\x82\x7f", calls=[i]) for to, i in ((EP07, first), (EP07, second))]
    calls.append(frame("CALL", RELAY, EP06, b"\x1f\xad\x94\x8c", calls=[third]))
    logs = (
        before_execution(0),
        operation_event(1, 0, success=True),
        before_execution(2),
        operation_event(3, 1, success=False),
        before_execution(4, EP06),
        operation_event(5, 2, success=True, address=EP06),
    )
    case = sent(RELAY, b"\xfe\xed\0\0", *calls, logs=logs)
    told = analysed(case).containers
    assert [(c.id, outcomes(c), c.success) for c in told] == [
        (op_hash(0), ["success"], True),
        (op_hash(1), ["failed"], False),
        (op_hash(2), ["success"], True),
    ]
    blind = analysed(case, trace=False).containers
    assert [(c.id, c.calls, c.outcome) for c in blind] == [
        (op_hash(0), (), "unknown"),
        (op_hash(1), (), "reverted"),
        (op_hash(2), (), "unknown"),
    ]


@pytest.mark.parametrize("trace", [True, False])
def test_a_bundle_that_reverts_is_told_from_its_calldata_and_blames_one_operation(trace: bool) -> None:  # noqa: FBT001 - pytest gives it by name
    data, inner = bundle(EP07, 0)
    ops = (packed_op(data, 0), (*packed_op(data, 1, SAFE)[:7], bytes.fromhex(PAYMASTER[2:]) + b"\0" * 32, b""))
    text = handle_ops(*ops)
    output = call("FailedOp(uint256,string)", 1, "AA24 signature error")
    tree = frame("CALL", BUNDLER, EP07, text, calls=[inner], error=REVERTED, output=output)
    case = as_transaction(EP07, text, tree, [], failed=True)
    first, second = analysed(case, trace=trace).containers
    assert (first.success, second.success) == (False, False)
    assert (first.sender, second.sender, second.paymaster) == (ACCOUNT, SAFE, PAYMASTER)
    assert outcomes(first) + outcomes(second) == (["rolled_back", "not_executed"] if trace else ["unknown"] * 2)
    if trace:
        assert (first.id, first.reason) == (op_hash(0), "")
        assert second.reason == 'FailedOp(1,"AA24 signature error")'


def test_a_look_alike_of_an_entry_point_is_no_bundle() -> None:
    case = sent(
        A, bytes.fromhex(handle_ops(packed_op(b"", 0))[2:]), logs=(operation_event(0, 0, success=True, address=A),)
    )
    assert analysed(case).containers == ()
    assert analysed(case, trace=False).containers == ()


# --- timelocks and governors --------------------------------------------------------------------------------------

LOCK = Batch("timelock", "0x" + "71" * 20, (Leaf(A, b"\1", fails=False), Leaf(A, b"\1", fails=False)), tries=False)


def test_a_timelock_that_does_not_say_so_has_executed_nothing_that_is_known() -> None:
    case = sent_straight(LOCK)
    assert outcomes(one(case)) == ["success", "success"]
    case["receipt"]["logs"] = case["receipt"]["logs"][:1]
    assert outcomes(one(case)) == ["success", "unknown"]
    assert outcomes(one(case, trace=False)) == ["unknown", "unknown"]


def test_a_timelock_behind_a_contract_is_told_by_its_events() -> None:
    done = run(LOCK, RELAY)
    logs = tuple(log(*words, index=at) for at, words in enumerate(done.logs))
    case = sent(RELAY, b"\xfe\xed\0\0", done.frame, logs=logs)
    for trace in (True, False):
        container = one(case, trace=trace)
        assert (container.kind, container.sender, outcomes(container)) == ("timelock", LOCK.target, ["success"] * 2)
        assert container.id == done.logs[0][1][1]


def test_a_single_execution_has_the_id_that_its_event_has() -> None:
    words = [A, 3, b"\1", b"\0" * 32, b"\2" * 32]
    types = ["address", "uint256", "bytes", "bytes32", "bytes32"]
    name = "0x" + keccak(encode(types, words)).hex()
    event = topic("CallExecuted(bytes32,uint256,address,uint256,bytes)")
    told = log(B, (event, name, "0x" + "0" * 64), encode(types[:3], words[:3]), 0)
    data = call("execute(address,uint256,bytes,bytes32,bytes32)", *words)
    container = one(sent(B, data, frame("CALL", B, A, b"\1", value=3), logs=(told,)))
    assert (container.kind, container.id, outcomes(container)) == ("timelock", name, ["success"])


COMPOUND = [A, 0, "setDelay(uint256)", encode(["uint256"], [9]), 1_700_000_000]
COMPOUND_TYPES = ["address", "uint256", "string", "bytes", "uint256"]
COMPOUND_ID = "0x" + keccak(encode(COMPOUND_TYPES, COMPOUND)).hex()
COMPOUND_DATA = call("executeTransaction(address,uint256,string,bytes,uint256)", *COMPOUND)
COMPOUND_EVENT = log(
    B,
    (topic("ExecuteTransaction(bytes32,address,uint256,string,bytes,uint256)"), COMPOUND_ID, pad(A)),
    encode(COMPOUND_TYPES[1:], COMPOUND[1:]),
    0,
)
SET_DELAY = call("setDelay(uint256)", 9)


def test_compounds_timelock_puts_the_signature_before_the_data() -> None:
    made = frame("CALL", B, A, SET_DELAY)
    case = sent(B, COMPOUND_DATA, made, logs=(COMPOUND_EVENT,))
    for trace in (True, False):
        container = one(case, trace=trace)
        assert (container.kind, container.id) == ("compound_timelock", COMPOUND_ID)
        assert [(c.target, c.data, c.outcome) for c in container.calls] == [(A, "0x" + SET_DELAY.hex(), "success")]


def test_bravo_executes_through_its_timelock_and_is_one_container() -> None:
    executed = log(RELAY, (topic("ProposalExecuted(uint256)"),), encode(["uint256"], [42]), 1)
    to_lock = frame("CALL", RELAY, B, COMPOUND_DATA, calls=[frame("CALL", B, A, SET_DELAY)])
    case = sent(RELAY, call("execute(uint256)", 42), to_lock, logs=(COMPOUND_EVENT, executed))
    for trace in (True, False):
        container = one(case, trace=trace)
        assert (container.kind, container.id, container.success) == ("governor", "42", True)
        assert [(c.target, c.outcome) for c in container.calls] == [(A, "success")]
    assert analysed(sent(RELAY, call("execute(uint256)", 42))).containers == ()  # many contracts have that function


@pytest.mark.parametrize("has_lock", [True, False])
def test_an_openzeppelin_governor_is_followed_into_its_timelock(has_lock: bool) -> None:  # noqa: FBT001 - as above
    data = call("execute(address[],uint256[],bytes[],bytes32)", [A, A], [0, 0], [b"\1", b"\1"], b"\3" * 32)
    number = int.from_bytes(keccak(data[4:]), "big")
    executed = log(B, (topic("ProposalExecuted(uint256)"),), encode(["uint256"], [number]), 9)
    if has_lock:
        done = run(LOCK, B)
        logs = (*(log(*words, index=at) for at, words in enumerate(done.logs)), executed)
        case = sent(B, data, done.frame, logs=logs)
    else:
        case = sent(B, data, frame("CALL", B, A, b"\1"), frame("CALL", B, A, b"\1"), logs=(executed,))
    container = one(case)
    assert (container.kind, container.id, container.success) == ("governor", str(number), True)
    assert outcomes(container) == ["success", "success"]
    assert outcomes(one(case, trace=False)) == (["success"] * 2 if has_lock else ["unknown"] * 2)


# --- multicalls, accounts, types of their own ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signature", "flag", "types"),
    [
        ("tryAggregate(bool,(address,bytes)[])", (False,), ["(bool,bytes)[]"]),
        ("tryBlockAndAggregate(bool,(address,bytes)[])", (False,), ["uint256", "bytes32", "(bool,bytes)[]"]),
    ],
)
def test_multicall_2_tells_failures_in_its_return_data(signature: str, flag: tuple[bool], types: list[str]) -> None:
    data = call(signature, *flag, [(A, b"\1"), (B, b"\2")])
    results: list[Any] = [[(True, b""), (False, BOOM)]]
    output = encode(types, results if len(types) == 1 else [7, b"\0" * 32, *results])
    frames = [frame("CALL", RELAY, A, b"\1"), frame("CALL", RELAY, B, b"\2", error=REVERTED, output=BOOM)]
    container = one(sent(RELAY, data, *frames, output=output))
    assert (container.kind, container.outcome, outcomes(container)) == ("multicall", "partial", ["success", "failed"])
    # a tree that hides the failure is not believed, nor is one whose return data is cut
    hidden = [frames[0], frame("CALL", RELAY, B, b"\2")]
    assert outcomes(one(sent(RELAY, data, *hidden, output=output))) == ["success", "unknown"]
    assert outcomes(one(sent(RELAY, data, *frames, output=output[:-64]))) == ["unknown", "failed"]


def test_calls_that_are_alike_are_told_by_their_order() -> None:
    data = call("tryAggregate(bool,(address,bytes)[])", False, [(A, b"\1")] * 3)
    output = encode(["(bool,bytes)[]"], [[(True, b""), (False, BOOM), (True, b"")]])
    well, ill = frame("CALL", RELAY, A, b"\1"), frame("CALL", RELAY, A, b"\1", error=REVERTED, output=BOOM)
    container = one(sent(RELAY, data, well, ill, well, output=output))
    assert outcomes(container) == ["success", "failed", "success"]


def test_a_contracts_own_multicall_calls_itself_by_delegatecall() -> None:
    data = call("multicall(bytes[])", [b"\1", b"\2"])
    layer = [frame("DELEGATECALL", A, A, b"\1"), frame("DELEGATECALL", A, A, b"\2", error=REVERTED, output=BOOM)]
    container = one(sent(A, data, *layer, failed=True, output=BOOM))
    assert (container.kind, outcomes(container)) == ("multicall", ["rolled_back", "failed"])
    assert container.reason == 'LabBoom(7,"lab")'


def test_an_account_told_by_its_owner_names_its_failures_itself() -> None:
    batch = Batch("account", ACCOUNT, (Leaf(A, b"\1", fails=False), Leaf(B, b"\2", fails=True)), tries=True)
    case = sent_straight(batch)
    assert (one(case).kind, one(case).outcome, outcomes(one(case))) == ("erc7579", "partial", ["success", "failed"])
    blind = one(case, trace=False)
    assert (blind.success, blind.outcome, outcomes(blind)) == (None, "partial", ["unknown", "failed"])
    assert blind.calls[1].reason == 'LabBoom(42,"lab")'


def test_a_function_that_only_looks_like_an_accounts_is_no_container() -> None:
    data = call("execute(address,uint256,bytes)", A, 0, b"\1")
    assert analysed(sent(B, data, frame("CALL", B, IMPLEMENTATION, b"\7"))).containers == ()


def type_4(**bent: Any) -> dict[str, Any]:
    batch = Batch("account", ACCOUNT, (Leaf(A, b"\1", fails=False),), tries=False)
    case = sent_straight(batch)
    case["tx"] |= {"type": "0x4", **bent}
    return case


def test_a_delegation_that_was_not_applied_leaves_a_batch_that_did_nothing_unknown() -> None:
    case = type_4()
    assert (one(case).kind, outcomes(one(case))) == ("eip7702", ["success"])
    case[TREE].pop("calls")  # a call to an address without code returns, too
    assert (one(case).outcome, outcomes(one(case))) == ("unknown", ["unknown"])


def test_phases_whose_statuses_contradict_each_other_or_the_receipt_are_unknown() -> None:
    phases = [[{"to": A, "data": "0x01"}], [{"to": B, "data": "0x02"}]]
    tx = {"hash": TX, "type": "0x79", "from": BUNDLER, "calls": phases}

    def told(status: str, *statuses: str) -> tuple[str, list[str]]:
        receipt = {"transactionHash": TX, "status": status, "logs": [], "phaseStatuses": list(statuses)}
        (container,) = analyse(read_sent(tx, receipt), None).containers
        return container.outcome, outcomes(container)

    assert told("0x1", "0x1", "0x1") == ("success", ["success", "success"])
    assert told("0x0", "0x1", "0x0") == ("partial", ["success", "failed"])
    assert told("0x0", "0x0", "0x0") == ("reverted", ["failed", "not_executed"])
    for status, statuses in (
        ("0x1", ("0x1", "0x0")),
        ("0x0", ("0x0", "0x1")),
        ("0x0", ("0x1",)),
        ("0x0", ("0x1", "0x1")),
    ):
        assert told(status, *statuses) == ("unknown", ["unknown", "unknown"])


@pytest.mark.parametrize("calls", [7, [7], [[7]], [[{"to": "0x1"}]], [[{"to": A, "data": 7}]]])
def test_phases_that_are_none_name_their_place(calls: Any) -> None:
    sent_so = read_sent(
        {"hash": TX, "type": "0x79", "from": BUNDLER, "calls": calls},
        {"transactionHash": TX, "status": "0x1", "logs": []},
    )
    with pytest.raises(DecodeError, match=r"^\$\.tx\.calls"):
        analyse(sent_so, None)


def test_a_container_inside_another_says_how_deep_it_is() -> None:
    inner = Batch("multicall", RELAY, (Leaf(A, b"\1", fails=False),), tries=True)
    outer = Batch("safe", SAFE, (Leaf(A, b"\2", fails=False), inner), tries=False)
    told = analysed(sent_straight(outer)).containers
    assert [(c.kind, [call.depth for call in c.calls]) for c in told] == [("safe", [0, 0]), ("multicall", [1])]
    assert told[0].calls[1].data == "0x" + calldata(inner).hex()


def test_every_kind_has_a_file_of_its_own() -> None:
    named = "account compound_timelock eip7702 eip8130 eip8141 entrypoint governor multicall payout rollup safe tempo"
    assert sorted(kind.name for kind in kinds()) == [*named.split(), "timelock", "universal_router", "zksync"]
