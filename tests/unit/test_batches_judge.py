"""Which bundles are said, how loud, and what is asked for them."""

from typing import Any

import pytest
from pydantic import SecretStr

from config.settings import BatchWatch, Chain, Runtime, Settings, VoteWatch
from tests.userops import (
    ACCOUNT,
    BUNDLER,
    EP06,
    EP07,
    PAYMASTER,
    TX,
    before_execution,
    bundle_tree,
    call,
    frame,
    handle_ops,
    inner_handle_op,
    operation_event,
    packed_op,
    reason_event,
)
from watchers.alert import Alert, BatchFacts, alert_id
from watchers.batches.telling import NO_REASON
from watchers.batches.wing import wing
from watchers.chain.block import Header, Log
from watchers.chain.trace import Trace, Transaction
from watchers.decode import Decoder
from watchers.facts import Facts
from watchers.wing import Situation, Wing

BLOCK_HASH = "0x" + "11" * 32
A, B = "0x" + "1a" * 20, "0x" + "2b" * 20
EVERYTHING = BatchWatch(kind="batch", name="failed-operations")


def situation(*watches: Any, facts: dict[Any, Any] | None = None) -> Situation:
    chain = Chain(
        key="base",
        id=8453,
        name="Base",
        native="ETH",
        endpoints=(SecretStr("https://node.invalid"),),
        block_time_s=2,
        confirmations=2,
    )
    settings = Settings(
        runtime=Runtime(), chains={"base": chain}, daos={}, tokens=(), labels=(), watches=watches or (EVERYTHING,)
    )
    header = Header("0x64", BLOCK_HASH, "0x" + "10" * 32, "0x65", "0x")
    return Situation(settings, chain, header, Facts(facts or {}), {}, {})


def events(*logs: Log) -> list[Any]:
    return Decoder(wing.protocols).decode(8453, logs).events


def judged(at: Situation, *logs: Log) -> list[Alert]:
    return wing.judge(wing.enrich(events(*logs), at), at)


def mixed() -> tuple[Log, ...]:
    boom = call("LabBoom(uint256,string)", 42, "lab")
    return (
        before_execution(0),
        operation_event(1, 1, success=True),
        reason_event(2, 2, boom),
        operation_event(3, 2, success=False, sender=B, paymaster=PAYMASTER),
        operation_event(4, 3, success=False),
    )


def test_the_wing_is_a_wing() -> None:
    as_wing: Wing = wing
    assert as_wing.name == "batches"
    assert {p.name for p in wing.protocols if any(p.handlers.values())} == {"entrypoint", "executions", "safe"}


def test_a_bundle_that_succeeds_while_operations_fail_is_one_alert_with_all_of_them() -> None:
    (alert,) = judged(situation(), *mixed())
    assert alert.id == alert_id(8453, TX, "batch", 0)
    assert alert.subject == f"bundle:8453:{TX}"
    assert (alert.kind, alert.protocol, alert.block_hash, alert.block_time_s) == (
        "batch",
        "entrypoint",
        BLOCK_HASH,
        0x65,
    )
    assert alert.severity == "notable"
    assert [(r.rule, r.measure, r.value) for r in alert.reasons] == [
        ("failed-operations", "operations in trouble", "2 of 3")
    ]
    assert alert.addresses == (ACCOUNT, B, PAYMASTER)
    facts = alert.facts
    assert isinstance(facts, BatchFacts)
    assert (facts.container, facts.version, facts.bundle_status, facts.evidence) == ("EntryPoint", "0.7", 1, "logs")
    assert [(op.outcome, op.reason) for op in facts.operations] == [
        ("success", ""),
        ("reverted", 'LabBoom(42,"lab")'),
        ("reverted", NO_REASON),
    ]


def test_two_entry_points_in_one_transaction_are_two_alerts_of_one_subject() -> None:
    logs = (
        before_execution(0),
        operation_event(1, 1, success=False),
        before_execution(2, EP06),
        operation_event(3, 2, success=False, address=EP06),
    )
    first, second = judged(situation(), *logs)
    assert first.subject == second.subject
    assert (first.id, second.id) == (alert_id(8453, TX, "batch", 0), alert_id(8453, TX, "batch", 1))


@pytest.mark.parametrize(
    ("watch", "severity"),
    [
        ({}, "notable"),
        ({"senders": (B,)}, "critical"),
        ({"paymasters": (PAYMASTER,)}, "critical"),
        ({"senders": (A,)}, None),
        ({"senders": (A,), "paymasters": (PAYMASTER,)}, "critical"),
        ({"chain": "base", "protocol": "entrypoint"}, "notable"),
        ({"chain": "arbitrum"}, None),
        ({"protocol": "safe"}, None),
    ],
)
def test_a_watch_is_met_by_the_operations_in_its_scope(watch: dict[str, Any], severity: str | None) -> None:
    logs = (
        before_execution(0),
        operation_event(1, 1, success=True),
        operation_event(2, 2, success=False, sender=B, paymaster=PAYMASTER),
    )
    at = situation(BatchWatch(kind="batch", name="w", **watch))
    alerts = judged(at, *logs)
    assert [a.severity for a in alerts] == ([severity] if severity else [])
    assert bool(list(wing.asks(events(*logs), at))) is (severity is not None)


def test_all_of_several_operations_failing_is_critical_and_one_alone_is_not() -> None:
    one = (before_execution(0), operation_event(1, 1, success=False))
    assert judged(situation(), *one)[0].severity == "notable"
    assert judged(situation(), *one, operation_event(2, 2, success=False))[0].severity == "critical"


def test_success_is_silent_unless_a_watch_wants_everything() -> None:
    logs = (before_execution(0), operation_event(1, 1, success=True))
    assert judged(situation(), *logs) == []
    assert list(wing.asks(events(*logs), situation())) == []
    (alert,) = judged(situation(BatchWatch(kind="batch", name="all", failed_only=False)), *logs)
    assert (alert.severity, alert.reasons[0].measure) == ("info", "operations watched")
    assert judged(situation(VoteWatch(kind="vote", name="v")), *logs) == []


def test_every_watch_that_fired_is_named() -> None:
    at = situation(EVERYTHING, BatchWatch(kind="batch", name="ours", senders=(B,)))
    (alert,) = judged(at, *mixed())
    assert [r.rule for r in alert.reasons] == ["failed-operations", "ours"]


def test_a_watched_sender_costs_a_trace_because_accounts_can_fail_silently() -> None:
    """Single call in try mode of the ERC-7579 reference account: success, no event, and the call failed."""
    calldata = call("execute(bytes32,bytes)", bytes([0, 1]) + b"\0" * 30, bytes.fromhex(A[2:]) + b"\0" * 32 + b"\1")
    failing = frame("CALL", ACCOUNT, A, b"\1", error="execution reverted")
    account = frame("CALL", EP07, ACCOUNT, calldata, calls=[failing])
    tree = bundle_tree(frame("CALL", EP07, EP07, inner_handle_op(calldata, 1), calls=[account]))
    logs = (before_execution(0), operation_event(1, 1, success=True))
    watch = BatchWatch(kind="batch", name="ours", senders=(ACCOUNT,))
    assert list(wing.asks(events(*logs), situation(watch))) == [Transaction(TX), Trace(TX)]
    known = {Trace(TX): Trace(TX).read([tree]), Transaction(TX): None}
    at = situation(watch, facts=known)
    assert list(wing.asks(events(*logs), at)) == []
    (alert,) = judged(at, *logs)
    assert isinstance(alert.facts, BatchFacts)
    assert alert.facts.operations[0].outcome == "partial"
    assert alert.facts.operations[0].calls[0].outcome == "failed"
    assert (alert.facts.evidence, alert.facts.bundler, alert.severity) == ("trace", BUNDLER, "critical")


def sent(**bent: Any) -> Any:
    calldata = call("executeBatch((address,uint256,bytes)[])", [(A, 5, b"\xa9\x05\x9c\xbb"), (B, 0, b"")])
    tx = {
        "from": BUNDLER,
        "to": EP07,
        "input": handle_ops(packed_op(calldata, 1)),
        "type": "0x2",
        "blockHash": BLOCK_HASH,
    }
    return Transaction(TX).read([{**tx, **bent}])


def test_without_a_trace_the_calls_are_named_and_their_outcomes_unknown() -> None:
    logs = (before_execution(0), operation_event(1, 1, success=False))
    at = situation(facts={Transaction(TX): sent(), Trace(TX): None})
    (alert,) = judged(at, *logs)
    assert isinstance(alert.facts, BatchFacts)
    calls = alert.facts.operations[0].calls
    assert [(c.target, c.function, c.value_wei, c.outcome) for c in calls] == [
        (A, "transfer(address,uint256)", 5, "unknown"),
        (B, "", 0, "unknown"),
    ]
    assert (alert.facts.evidence, alert.facts.bundler) == ("logs", BUNDLER)


def test_history_keeps_the_bundler_where_the_transaction_was_asked_for_and_nobody_otherwise() -> None:
    logs = (before_execution(0), operation_event(1, 1, success=False))
    asked = situation(facts={Transaction(TX): sent(), Trace(TX): None})
    assert [getattr(one, "bundler", None) for one in wing.enrich(events(*logs), asked)] == [BUNDLER]
    assert [getattr(one, "bundler", None) for one in wing.enrich(events(*logs), situation())] == [""]
    assert [
        getattr(one, "bundler", None) for one in wing.enrich(events(*logs), situation(facts={Transaction(TX): None}))
    ] == [""]


def test_calldata_is_taken_from_the_transaction_only_when_it_went_to_this_entry_point() -> None:
    logs = (before_execution(0), operation_event(1, 1, success=False))
    for other in (EP06, B, None):
        at = situation(facts={Transaction(TX): sent(to=other), Trace(TX): None})
        (alert,) = judged(at, *logs)
        assert isinstance(alert.facts, BatchFacts)
        assert alert.facts.operations[0].calls == ()


def test_a_trace_of_another_block_is_not_believed() -> None:
    calldata = call("execute(address,uint256,bytes)", A, 0, b"\1")
    account = frame("CALL", EP07, ACCOUNT, calldata, error="execution reverted")
    root = Trace(TX).read([bundle_tree(frame("CALL", EP07, EP07, inner_handle_op(calldata, 1), calls=[account]))])
    logs = (before_execution(0), operation_event(1, 1, success=False))
    for block_hash, evidence in ((BLOCK_HASH, "trace"), ("0x" + "99" * 32, "logs"), (None, "trace")):
        (alert,) = judged(situation(facts={Transaction(TX): sent(blockHash=block_hash), Trace(TX): root}), *logs)
        assert isinstance(alert.facts, BatchFacts)
        assert alert.facts.evidence == evidence


def test_events_of_other_wings_pass_through_untouched_and_in_order() -> None:
    found = events(*mixed())
    at = situation()
    assert [e.id for e in wing.enrich(found, at)] == [e.id for e in found]
    assert wing.enrich([], at) == []
    assert wing.judge([], at) == []
