"""EntryPoint logs: what each must mean, and what must not fool us."""

import pytest
from eth_abi.abi import encode

from tests.userops import (
    ACCOUNT,
    BUNDLER,
    EP06,
    EP07,
    PAYMASTER,
    TX,
    before_execution,
    call,
    log,
    op_hash,
    operation_event,
    pad,
    reason_event,
    topic,
)
from watchers.batches.events import BatchResult
from watchers.batches.protocols.entrypoint import VERSIONS
from watchers.batches.wing import wing
from watchers.chain.block import Log
from watchers.decode import Decoder

BOOM = call("LabBoom(uint256,string)", 42, "lab")
OTHER = "0x" + "ee" * 20


def results(*logs: Log) -> list[BatchResult]:
    decoded = Decoder(wing.protocols).decode(8453, logs)
    assert decoded.errors == []
    return [e for e in decoded.events if isinstance(e, BatchResult)]


def test_a_whole_event() -> None:
    (event,) = results(before_execution(3), operation_event(4, 7, success=True, paymaster=PAYMASTER))
    assert event == BatchResult(
        protocol="entrypoint",
        chain_id=8453,
        block=100,
        tx=TX,
        tx_index=0,
        log_index=4,
        address=EP07,
        container="EntryPoint",
        version="0.7",
        container_id=op_hash(7),
        sender=ACCOUNT,
        paymaster=PAYMASTER,
        nonce=7,
        success=True,
        outcome="success",
        gas_used=21_000,
        gas_cost_wei=21_000_000,
    )
    assert event.id == f"8453:{TX}:batch:0"


@pytest.mark.parametrize(("address", "version"), VERSIONS.items())
def test_the_version_is_that_of_the_address(address: str, version: str) -> None:
    (event,) = results(before_execution(0, address), operation_event(1, 1, success=True, address=address))
    assert event.version == version
    assert event.paymaster == ""


def test_events_that_look_alike_from_another_address_are_ignored() -> None:
    assert results(operation_event(0, 1, success=False, address=OTHER)) == []
    (event,) = results(
        before_execution(0),
        reason_event(1, 1, BOOM, address=OTHER),
        operation_event(2, 1, success=False),
    )
    assert (event.outcome, event.reason) == ("reverted", "")


def test_reasons_belong_to_the_operation_they_name() -> None:
    first, second, third = results(
        before_execution(0),
        operation_event(1, 1, success=True),
        reason_event(2, 2, BOOM),
        operation_event(3, 2, success=False),
        reason_event(4, 2, BOOM),  # a stray one of an operation that has ended
        operation_event(5, 3, success=False),
    )
    assert (first.outcome, first.reason) == ("success", "")
    assert (second.outcome, second.reason) == ("reverted", 'LabBoom(42,"lab")')
    assert (third.outcome, third.reason) == ("reverted", "")
    assert [e.position for e in (first, second, third)] == [0, 1, 2]


def test_a_reverted_post_op_says_so_and_wins() -> None:
    data = call("PostOpReverted(bytes)", call("PostBoom(uint8)", 1))
    (event,) = results(
        before_execution(0), reason_event(1, 1, data, name="PostOp"), operation_event(2, 1, success=False)
    )
    assert (event.outcome, event.reason) == ("postop_reverted", "PostOpReverted(PostBoom(1))")


def test_a_prefund_too_low_says_so() -> None:
    name = topic("UserOperationPrefundTooLow(bytes32,address,uint256)")
    low = log(EP07, (name, op_hash(1), pad(ACCOUNT)), encode(["uint256"], [1]), 1)
    (event,) = results(before_execution(0), low, operation_event(2, 1, success=False))
    assert (event.outcome, event.reason) == ("prefund_too_low", "")


def test_other_logs_of_the_entry_point_are_no_boundaries() -> None:
    deposit = log(EP07, (topic("Deposited(address,uint256)"), pad(ACCOUNT)), encode(["uint256"], [5]), 2)
    deployed = log(
        EP07,
        (topic("AccountDeployed(bytes32,address,address,address)"), op_hash(1), pad(ACCOUNT)),
        encode(["address", "address"], [OTHER, OTHER]),
        3,
    )
    (event,) = results(
        before_execution(0), reason_event(1, 1, BOOM), deposit, deployed, operation_event(4, 1, success=False)
    )
    assert event.reason == 'LabBoom(42,"lab")'


def test_a_bundle_nested_in_another_entry_points_operation_keeps_its_own_bounds() -> None:
    inner, outer = results(
        before_execution(0),
        reason_event(1, 1, BOOM),
        before_execution(2, EP06),
        operation_event(3, 9, success=True, address=EP06, sender=BUNDLER),
        operation_event(4, 1, success=False),
    )
    assert (inner.version, inner.outcome) == ("0.6", "success")
    assert (outer.version, outer.reason) == ("0.7", 'LabBoom(42,"lab")')


@pytest.mark.parametrize(
    ("name", "types", "values", "index", "data", "reason"),
    [
        ("TryExecuteUnsuccessful", ["uint256", "bytes"], [1, BOOM], 1, "", 'LabBoom(42,"lab")'),
        ("ERC7579TryExecuteFail", ["uint256", "bytes"], [2, b""], 2, "", "empty_revert"),
        ("TryExecuteUnsuccessful", ["bytes", "bytes"], [b"\1", BOOM], -1, "0x01", 'LabBoom(42,"lab")'),
        ("TryDelegateCallUnsuccessful", ["bytes", "bytes"], [b"\2", b""], -1, "0x02", "empty_revert"),
        ("TryExecutionFailed", ["address", "uint256"], [ACCOUNT, 1], 1, "", ""),
        ("TryExecutionsFailed", ["address", "bool[]"], [ACCOUNT, [True, False]], 1, "", ""),
        ("TryExecuteUnsuccessful", ["uint256", "bytes"], [2**255, b""], -1, "", "empty_revert"),
    ],
)
def test_an_accounts_own_words_make_its_success_partial(
    name: str, types: list[str], values: list[object], index: int, data: str, reason: str
) -> None:
    spoken = log(ACCOUNT, (topic(f"{name}({','.join(types)})"),), encode(types, values), 1)
    (event,) = results(before_execution(0), spoken, operation_event(2, 1, success=True))
    assert (event.success, event.outcome, event.reason) == (True, "partial", reason)
    assert [(c.index, c.data, c.outcome, c.reason) for c in event.calls] == [(index, data, "failed", reason)]


def test_ambire_says_what_it_swallowed() -> None:
    name = topic("LogErr(address,uint256,bytes,bytes)")
    spoken = log(ACCOUNT, (name, pad(OTHER)), encode(["uint256", "bytes", "bytes"], [0, b"\7", BOOM]), 1)
    (event,) = results(before_execution(0), spoken, operation_event(2, 1, success=True))
    assert (event.outcome, event.calls[0].data) == ("partial", "0x07")


def test_another_accounts_words_prove_nothing_here() -> None:
    index = log(OTHER, (topic("TryExecuteUnsuccessful(uint256,bytes)"),), encode(["uint256", "bytes"], [0, b""]), 1)
    safe = log(OTHER, (topic("TryExecutionFailed(address,uint256)"),), encode(["address", "uint256"], [OTHER, 0]), 2)
    earlier = log(ACCOUNT, (topic("TryExecuteUnsuccessful(uint256,bytes)"),), encode(["uint256", "bytes"], [0, b""]), 3)
    (event,) = results(earlier, before_execution(4), index, safe, operation_event(5, 1, success=True))
    assert event.outcome == "success"


def test_a_hostile_log_is_counted_and_harms_nobody() -> None:
    cut = log(
        EP07, (topic("UserOperationRevertReason(bytes32,address,uint256,bytes)"), op_hash(1), pad(ACCOUNT)), b"\1", 1
    )
    decoded = Decoder(wing.protocols).decode(1, [before_execution(0), cut, operation_event(2, 1, success=False)])
    assert len(decoded.errors) == 1
    assert len(decoded.events) == 1
