"""The plan of a batch laid over its call tree: what became of each call."""

from typing import Any, NamedTuple

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from tests.userops import (
    ACCOUNT,
    BUNDLER,
    EP06,
    EP07,
    IMPLEMENTATION,
    PAYMASTER,
    TX,
    bundle_tree,
    call,
    frame,
    inner_handle_op,
    op_hash,
    proxied,
)
from watchers.batches.calls import explain, operations_in
from watchers.batches.events import BatchResult, Call, Outcome
from watchers.chain.trace import parse
from watchers.errors import DecodeError

A, B = "0x" + "1a" * 20, "0x" + "2b" * 20
BOOM = call("LabBoom(uint256,string)", 42, "lab")
TRY, ATOMIC = bytes([1, 1]) + b"\0" * 30, bytes([1, 0]) + b"\0" * 30


def result(
    *, success: bool, outcome: Outcome, reason: str = "", proofs: tuple[Call, ...] = (), entry_point: str = EP07
) -> BatchResult:
    return BatchResult(
        protocol="entrypoint",
        chain_id=1,
        block=100,
        tx=TX,
        tx_index=0,
        log_index=0,
        address=entry_point,
        container="EntryPoint",
        container_id=op_hash(0),
        sender=ACCOUNT,
        success=success,
        outcome=outcome,
        reason=reason,
        calls=proofs,
    )


def operation(calldata: bytes, account: dict[str, Any] | None, *, entry_point: str = EP07, **inner: Any) -> Any:
    """Write the innerHandleOp frame of operation 0."""
    data = inner_handle_op(calldata, 0, entry_point)
    children = [account] if account else []
    return frame("CALL", entry_point, entry_point, data, calls=children + inner.pop("after", []), **inner)


def told(event: BatchResult, tree: Any, calldata: bytes | None = None) -> BatchResult:
    found = operations_in(parse(tree), event.address)
    return explain(event, calldata, found.get(event.container_id))


def outcomes(event: BatchResult) -> list[str]:
    return [c.outcome for c in event.calls]


class Meant(NamedTuple):
    target: str
    value: int
    data: bytes
    fails: bool


_meant = st.builds(Meant, st.sampled_from([A, B]), st.integers(0, 3), st.binary(max_size=8), st.booleans())


class Scene(NamedTuple):
    tries: bool
    layers: int
    postop_fails: bool
    noise: bool


@given(st.lists(_meant, max_size=7), st.builds(Scene, st.booleans(), st.integers(0, 3), st.booleans(), st.booleans()))
def test_batches_made_from_random_outcomes_decode_to_those_outcomes(calls: list[Meant], scene: Scene) -> None:
    """An atomic batch stops at its first failure and is undone, one that tries goes on; `postOp` may undo all."""
    tries, layers, postop_fails, noise = scene
    calldata = call(
        "execute(bytes32,bytes)",
        TRY if tries else ATOMIC,
        encode(["(address,uint256,bytes)[]"], [[(c.target, c.value, c.data) for c in calls]]),
    )
    first_failure = next((at for at, c in enumerate(calls) if c.fails), None)
    account_fails = first_failure is not None and not tries
    frames, expected = [], []
    for at, c in enumerate(calls):
        if account_fails and first_failure is not None and at > first_failure:
            expected.append("not_executed")
            continue
        error = "execution reverted" if c.fails else ""
        below = [frame("CALL", c.target, ACCOUNT, b"\xff", error="execution reverted")]  # L4: swallowed by the target
        frames.append(
            frame("CALL", ACCOUNT, c.target, c.data, value=c.value, error=error, calls=below if noise else [])
        )
        if noise:
            frames.append(frame("STATICCALL", ACCOUNT, IMPLEMENTATION, b"\x01"))
        undone = account_fails or postop_fails
        expected.append("failed" if c.fails else "rolled_back" if undone else "success")
    account = frame("CALL", EP07, ACCOUNT, calldata, calls=frames, error="execution reverted" if account_fails else "")
    after = [frame("CALL", EP07, PAYMASTER, b"\x7c\x62\x7b\x21", error="execution reverted")] if postop_fails else []
    inner = operation(
        calldata, proxied(account, layers), after=after, error="execution reverted" if postop_fails else ""
    )
    success = not account_fails and not postop_fails
    given_outcome: Outcome = "postop_reverted" if postop_fails else "reverted" if account_fails else "success"
    event = told(result(success=success, outcome=given_outcome), bundle_tree(inner))
    assert outcomes(event) == expected
    assert event.outcome == ("partial" if success and any(c.fails for c in calls) else given_outcome)
    # and without the tree nothing is claimed
    blind = explain(result(success=success, outcome=given_outcome), calldata, None)
    assert set(outcomes(blind)) <= {"unknown"}
    assert blind.outcome == ("unknown" if success and tries and calls else given_outcome)


@given(st.data())
def test_a_mutated_tree_never_turns_a_failure_into_a_success(data: st.DataObject) -> None:
    calldata = call("executeBatch((address,uint256,bytes)[])", [(A, 0, b"\1"), (B, 0, b"\2")])
    account = frame(
        "CALL",
        EP07,
        ACCOUNT,
        calldata,
        error="execution reverted",
        output=BOOM,
        calls=[frame("CALL", ACCOUNT, A, b"\1"), frame("CALL", ACCOUNT, B, b"\2", error="execution reverted")],
    )
    tree = bundle_tree(operation(calldata, proxied(account, 1)))
    nodes: list[dict[str, Any]] = [tree]
    for node in nodes:
        nodes.extend(node.get("calls", []))
    for _ in range(data.draw(st.integers(1, 3))):
        node = data.draw(st.sampled_from(nodes))
        key = data.draw(st.sampled_from(["type", "from", "to", "input", "error", "output", "calls", "value"]))
        if data.draw(st.booleans()):
            node.pop(key, None)
        else:
            node[key] = data.draw(
                st.sampled_from(["", "0x", "CALL", A, EP07, ACCOUNT, None, 5, [], "execution reverted"])
            )
    try:
        root = parse(tree)
    except DecodeError:
        return
    event = result(success=False, outcome="reverted")
    explained = explain(event, calldata, operations_in(root, EP07).get(event.container_id))
    assert "success" not in outcomes(explained)
    assert explained.outcome in ("reverted", "postop_reverted")


def test_a_tree_that_contradicts_the_entry_point_is_not_used() -> None:
    calldata = call("execute(address,uint256,bytes)", A, 0, b"\1")
    account = frame("CALL", EP07, ACCOUNT, calldata, calls=[frame("CALL", ACCOUNT, A, b"\1")])
    event = told(result(success=False, outcome="reverted"), bundle_tree(operation(calldata, account)), calldata)
    assert outcomes(event) == ["unknown"]


def test_a_bundle_tried_and_reverted_before_it_went_through_does_not_count() -> None:
    calldata = call("execute(address,uint256,bytes)", A, 0, b"\1")
    failing = frame("CALL", EP07, ACCOUNT, calldata, error="execution reverted")
    good = frame("CALL", EP07, ACCOUNT, calldata, calls=[frame("CALL", ACCOUNT, A, b"\1")])
    first = frame("CALL", BUNDLER, EP07, b"\1", error="execution reverted", calls=[operation(calldata, failing)])
    second = frame("CALL", BUNDLER, EP07, b"\1", calls=[operation(calldata, good)])
    for order in ([first, second], [second, first]):
        event = told(result(success=True, outcome="success"), frame("CALL", B, BUNDLER, calls=order))
        assert outcomes(event) == ["success"]


def test_only_the_entry_points_own_call_to_itself_is_an_operation() -> None:
    calldata = call("execute(address,uint256,bytes)", A, 0, b"\1")
    account = frame("CALL", EP07, ACCOUNT, calldata)
    fake = frame("CALL", A, EP07, inner_handle_op(calldata, 0), calls=[account])
    borrowed = frame("DELEGATECALL", EP07, EP07, inner_handle_op(calldata, 0), calls=[account])
    short = frame("CALL", EP07, EP07, inner_handle_op(calldata, 0)[:200])
    broken = frame("CALL", EP07, EP07, inner_handle_op(calldata, 0)[:-64].replace("01c0", "ffff", 1))
    assert operations_in(parse(bundle_tree(fake, borrowed, short, broken)), EP07) == {}


def test_an_operation_pruned_from_the_tree_is_unknown() -> None:
    calldata = call("execute(address,uint256,bytes)", A, 0, b"\1")
    event = told(result(success=True, outcome="success"), bundle_tree(operation(calldata, None)), calldata)
    assert outcomes(event) == ["unknown"]


def test_an_operation_without_calldata_has_no_calls() -> None:
    paid = frame("CALL", EP07, PAYMASTER, b"\x7c\x62\x7b\x21")
    event = told(result(success=True, outcome="success"), bundle_tree(operation(b"", None, after=[paid])))
    assert event.calls == ()
    assert event.outcome == "success"


def test_version_0_6_tells_a_reverted_post_op_only_in_the_tree() -> None:
    calldata = call("execute(address,uint256,bytes)", A, 0, b"\1")
    account = frame("CALL", EP06, ACCOUNT, calldata, calls=[frame("CALL", ACCOUNT, A, b"\1")])
    after = [frame("CALL", EP06, PAYMASTER, b"\xa9", error="execution reverted", output=call("PostBoom(uint8)", 0))]
    inner = operation(calldata, account, entry_point=EP06, after=after, error="execution reverted")
    event = told(result(success=False, outcome="reverted", entry_point=EP06), bundle_tree(inner, entry_point=EP06))
    assert event.outcome == "postop_reverted"
    assert event.reason == "PostBoom(0)"
    assert outcomes(event) == ["rolled_back"]


def test_an_account_that_refused_everything_made_no_call() -> None:
    calldata = call("executeBatch((address,uint256,bytes)[])", [(A, 0, b"\1"), (B, 0, b"\2")])
    account = frame("CALL", EP07, ACCOUNT, calldata, error="out of gas")
    event = told(result(success=False, outcome="reverted"), bundle_tree(operation(calldata, account)))
    assert outcomes(event) == ["not_executed", "not_executed"]
    assert event.reason == "out_of_gas"


def test_a_call_that_a_successful_batch_does_not_show_is_unknown() -> None:
    calldata = call("executeBatch((address,uint256,bytes)[])", [(A, 0, b"\1"), (B, 0, b"\2")])
    account = frame("CALL", EP07, ACCOUNT, calldata, calls=[frame("CALL", ACCOUNT, B, b"\2")])
    event = told(result(success=True, outcome="success"), bundle_tree(operation(calldata, account)))
    assert outcomes(event) == ["unknown", "success"]
    assert event.outcome == "unknown"


def test_calldata_of_no_known_layout_is_told_by_the_tree_and_judged_with_care() -> None:
    calldata = bytes.fromhex("deadbeef")
    made = [frame("CALL", ACCOUNT, A, b"\1"), frame("CALL", ACCOUNT, B, b"\2", error="execution reverted", output=BOOM)]
    account = proxied(frame("CALL", EP07, ACCOUNT, calldata, calls=made), 1)
    event = told(result(success=True, outcome="success"), bundle_tree(operation(calldata, account)))
    assert [(c.target, c.outcome, c.reason) for c in event.calls] == [
        (A, "success", ""),
        (B, "failed", 'LabBoom(42,"lab")'),
    ]
    assert event.outcome == "unknown"
    assert explain(result(success=True, outcome="success"), calldata, None).calls == ()


def test_a_safe_reaches_its_calls_through_its_module() -> None:
    def packed(to: str, data: bytes) -> bytes:
        return b"\0" + bytes.fromhex(to[2:]) + b"\0" * 32 + len(data).to_bytes(32, "big") + data

    multisend = call("multiSend(bytes)", packed(A, b"\1") + packed(B, b"\2"))
    calldata = call("executeUserOp(address,uint256,bytes,uint8)", BUNDLER, 0, multisend, 1)
    module = "0x" + "75" * 20
    for fails in (False, True):
        error = "execution reverted" if fails else ""
        last = frame("CALL", ACCOUNT, B, b"\2", error=error, output=BOOM if fails else b"")
        batch = frame(
            "DELEGATECALL", ACCOUNT, BUNDLER, multisend, error=error, calls=[frame("CALL", ACCOUNT, A, b"\1"), last]
        )
        back = proxied(frame("CALL", module, ACCOUNT, b"\x46\x87\x21\xa7", calls=[batch]), 1)
        to_module = frame("CALL", ACCOUNT, module, calldata, error=error, calls=[back])
        account = proxied(frame("CALL", EP07, ACCOUNT, calldata, error=error, calls=[to_module]), 1)
        event = told(
            result(success=not fails, outcome="reverted" if fails else "success"),
            bundle_tree(operation(calldata, account)),
        )
        assert outcomes(event) == (["rolled_back", "failed"] if fails else ["success", "success"])


def test_what_ambire_tries_by_calling_itself_is_told_by_the_call_inside() -> None:
    tried = call("tryCatch(address,uint256,bytes)", B, 0, b"\5")
    calldata = call("executeBySender((address,uint256,bytes)[])", [(A, 0, b"\1"), (ACCOUNT, 0, tried)])
    inside = frame("CALL", ACCOUNT, B, b"\5", error="execution reverted", output=BOOM)
    account = frame(
        "CALL",
        EP07,
        ACCOUNT,
        calldata,
        calls=[frame("CALL", ACCOUNT, A, b"\1"), frame("CALL", ACCOUNT, ACCOUNT, tried, calls=[inside])],
    )
    event = told(result(success=True, outcome="success"), bundle_tree(operation(calldata, account)))
    assert outcomes(event) == ["success", "failed"]
    assert event.calls[1].target == B
    assert event.calls[1].reason == 'LabBoom(42,"lab")'
    assert event.outcome == "partial"


def test_an_account_that_calls_itself_first_is_followed_inside() -> None:
    inner = call("execute(address,uint256,bytes)", A, 0, b"\1")
    calldata = call("executeWithRuntimeValidation(bytes,bytes)", inner, b"")
    itself = proxied(frame("CALL", ACCOUNT, ACCOUNT, inner, calls=[frame("CALL", ACCOUNT, A, b"\1")]), 1)
    account = proxied(frame("CALL", EP07, ACCOUNT, calldata, calls=[itself]), 1)
    event = told(result(success=True, outcome="success"), bundle_tree(operation(calldata, account)))
    assert outcomes(event) == ["success"]
    missing = frame("CALL", EP07, ACCOUNT, calldata)
    event = told(result(success=True, outcome="success"), bundle_tree(operation(calldata, missing)))
    assert outcomes(event) == ["unknown"]


def test_target_zero_of_a_7821_batch_is_the_account_itself() -> None:
    rows = encode(["(address,uint256,bytes)[]"], [[("0x" + "0" * 40, 0, b"\1")]])
    calldata = call("execute(bytes32,bytes)", ATOMIC, rows)
    account = frame("CALL", EP07, ACCOUNT, calldata, calls=[frame("CALL", ACCOUNT, ACCOUNT, b"\1")])
    event = told(result(success=True, outcome="success"), bundle_tree(operation(calldata, account)))
    assert [(c.target, c.outcome) for c in event.calls] == [(ACCOUNT, "success")]


@pytest.mark.parametrize("blamed", [0, 1, 2, 7])
def test_execute_error_names_the_failing_call_without_a_tree(blamed: int) -> None:
    calldata = call("executeBatch((address,uint256,bytes)[])", [(A, 0, b"\1"), (B, 0, b"\2"), (A, 0, b"\3")])
    event = result(success=False, outcome="reverted", reason=f'ExecuteError({blamed},LabBoom(42,"lab"))')
    explained = explain(event, calldata, None)
    if blamed > 2:
        assert outcomes(explained) == ["unknown"] * 3
    else:
        rest = ["not_executed"] * (2 - blamed)
        assert outcomes(explained) == ["rolled_back"] * blamed + ["failed"] + rest
        assert explained.calls[blamed].reason == 'LabBoom(42,"lab")'


def test_try_events_name_calls_by_index_or_by_calldata_without_a_tree() -> None:
    rows = encode(["(address,uint256,bytes)[]"], [[(A, 0, b"\1"), (B, 0, b"\2"), (A, 0, b"\3"), (A, 0, b"\3")]])
    calldata = call("execute(bytes32,bytes)", TRY, rows)
    proofs = (
        Call(0, "", 0, "", outcome="failed", reason="Panic(0x11)"),
        Call(-1, "", 0, "0x02", outcome="failed", reason="empty_revert"),
        Call(-1, "", 0, "0x03", outcome="failed"),  # of two alike: which one is not known
        Call(99, "", 0, "", outcome="failed"),
    )
    explained = explain(result(success=True, outcome="partial", proofs=proofs), calldata, None)
    assert outcomes(explained) == ["failed", "failed", "unknown", "unknown"]
    assert explained.outcome == "partial"
    atomic = call("execute(bytes32,bytes)", ATOMIC, rows)
    assert outcomes(explain(result(success=True, outcome="partial", proofs=proofs), atomic, None)) == ["unknown"] * 4
