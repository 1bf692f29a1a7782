"""Recorded bundles: every EntryPoint case gives what its `expected` says, with either trace and without."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from config.settings import BatchWatch, Chain, Runtime, Settings
from watchers.alert import BatchFacts
from watchers.batches.events import BatchResult
from watchers.batches.layouts import plan
from watchers.batches.wing import wing
from watchers.chain.block import Header, Log
from watchers.chain.trace import Frame, Trace, Transaction, parse, walk
from watchers.decode import Decoder
from watchers.facts import Facts, RpcError
from watchers.revert import cause, describe_hex, failing_index
from watchers.wing import Situation

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "batches"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="recorded data not found at ../shared/data")

BUNDLES = (
    "ep07_bundle_success_revert_postop",
    "ep08_bundle_success_revert_postop",
    "ep07_oog_empty_panic",
    "ep07_paymaster_ok_postop_oog_both",
    "ep07_msa_try_batch",
    "ep08_contract_bundler_ok",
)
WITHOUT_ANYTHING = ({"type": "call"}, None)
REFUSED = RpcError(-32601, "method not found")


def case_of(name: str) -> Any:
    return json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))


def situation(case: Any, facts: Facts, watch: BatchWatch | None = None) -> Situation:
    chain = Chain(
        key="lab",
        id=31337,
        name="Lab",
        native="ETH",
        endpoints=(SecretStr("https://node.invalid"),),
        block_time_s=12,
        confirmations=2,
    )
    settings = Settings(
        runtime=Runtime(),
        chains={"lab": chain},
        daos={},
        tokens=(),
        labels=(),
        watches=(watch or BatchWatch(kind="batch", name="failed-operations"),),
    )
    header = msgspec.convert(case["block"], Header)
    return Situation(settings=settings, chain=chain, header=header, facts=facts, ballots={}, titles={})


def events_of(case: Any) -> list[BatchResult]:
    logs = msgspec.convert(case["receipt"]["logs"], list[Log])
    decoded = Decoder(wing.protocols).decode(31337, logs)
    assert decoded.errors == []
    return [event for event in decoded.events if isinstance(event, BatchResult)]


def facts_of(case: Any, answers: tuple[Any, Any], *, tx: bool = True) -> Facts:
    name = case["tx"]["hash"]
    known: dict[Any, Any] = {Trace(name): Trace(name).read(answers)}
    known[Transaction(name)] = Transaction(name).read([case["tx"] if tx else None])
    return Facts(known)


def enriched(case: Any, facts: Facts) -> list[BatchResult]:
    at = situation(case, facts)
    events = wing.enrich(events_of(case), at)
    return [event for event in events if isinstance(event, BatchResult)]


def notations(case: Any) -> dict[str, tuple[Any, Any]]:
    return {
        "callTracer": (case["debug_traceTransaction_callTracer"], REFUSED),
        "parity": (REFUSED, case["trace_transaction"]),
        "broken callTracer, good parity": (WITHOUT_ANYTHING[0], case["trace_transaction"]),
    }


@pytest.mark.parametrize("name", BUNDLES)
@pytest.mark.parametrize("notation", ["callTracer", "parity", "broken callTracer, good parity"])
def test_a_recorded_bundle_says_what_became_of_every_call(name: str, notation: str) -> None:
    case = case_of(name)
    operations = enriched(case, facts_of(case, notations(case)[notation]))
    expected = case["expected"]["userOps"]
    assert [op.container_id for op in operations] == [e["hash"] for e in expected]
    for op, want in zip(operations, expected, strict=True):
        assert op.success is want["success"]
        assert op.outcome == want["outcome"]
        assert [call.outcome for call in op.calls] == want["calls"]
        assert [call.reason or None for call in op.calls] == want["callErrors"]
        if "error" in want:
            assert op.reason == want["error"]
            assert cause(op.reason) == want.get("rootCause", want["error"])
        if "hint" in want:
            assert op.reason == want["hint"]
        failed = [call.index for call in op.calls if call.outcome == "failed"]
        assert (failed[0] if failed else None) == want.get("failedCallIndex")


@pytest.mark.parametrize("name", BUNDLES)
def test_without_a_trace_nothing_is_called_a_success_that_is_not_known(name: str) -> None:
    case = case_of(name)
    operations = enriched(case, facts_of(case, (REFUSED, REFUSED)))
    for op, want in zip(operations, case["expected"]["userOps"], strict=True):
        assert op.outcome == want["outcome"]  # the EntryPoint's and the account's own events suffice for it
        assert op.reason == want.get("error", op.reason)
        assert "success" not in {call.outcome for call in op.calls}
        blamed = failing_index(op.reason)
        for call, outcome in zip(op.calls, want["calls"], strict=False):
            assert call.outcome in ("unknown", outcome)
        if blamed is not None:
            assert [call.outcome for call in op.calls] == want["calls"]


def test_without_a_trace_the_try_events_name_the_calls_that_failed() -> None:
    case = case_of("ep07_msa_try_batch")
    (op,) = enriched(case, facts_of(case, (REFUSED, REFUSED)))
    assert [call.outcome for call in op.calls] == ["unknown", "failed", "failed", "unknown"]
    assert [call.reason for call in op.calls] == ["", 'LabBoom(72,"lab")', "empty_revert", ""]


def test_calldata_behind_a_contract_bundler_is_unknown_without_a_trace() -> None:
    case = case_of("ep08_contract_bundler_ok")
    assert enriched(case, facts_of(case, (REFUSED, REFUSED)))[0].calls == ()


@pytest.mark.parametrize("name", BUNDLES)
def test_both_notations_give_the_same_tree(name: str) -> None:
    case = case_of(name)
    nested, flat = parse(case["debug_traceTransaction_callTracer"]), parse(case["trace_transaction"])

    def shape(root: Frame) -> list[Any]:
        return [
            (f.type, f.sender, f.to, f.value, f.input, bool(f.error), undone)
            for f, undone in walk(root)
            if not f.type.startswith("CREATE")
        ]

    assert shape(nested) == shape(flat)


@pytest.mark.parametrize("name", BUNDLES)
def test_a_trace_of_another_inclusion_is_not_believed(name: str) -> None:
    case = case_of(name)
    case["tx"]["blockHash"] = "0x" + "99" * 32
    operations = enriched(case, facts_of(case, notations(case)["callTracer"]))
    assert "success" not in {call.outcome for op in operations for call in op.calls}


def test_the_bundle_that_succeeds_while_an_operation_fails_is_one_alert() -> None:
    case = case_of("ep07_bundle_success_revert_postop")
    events = events_of(case)
    name = case["tx"]["hash"]
    assert list(wing.asks(events, situation(case, Facts()))) == [Transaction(name), Trace(name)]
    facts = facts_of(case, notations(case)["callTracer"])
    at = situation(case, facts)
    assert list(wing.asks(events, at)) == []
    (alert,) = wing.judge(wing.enrich(events, at), at)
    assert alert.subject == f"bundle:31337:{name}"
    assert alert.severity == "notable"
    assert alert.reasons[0].value == "2 of 3"
    assert isinstance(alert.facts, BatchFacts)
    assert alert.facts.bundle_status == 1
    assert alert.facts.evidence == "trace"
    assert alert.facts.bundler == case["tx"]["from"]
    assert [op.outcome for op in alert.facts.operations] == ["success", "reverted", "postop_reverted"]
    assert alert.facts.operations[1].calls[1].reason == 'LabBoom(42,"lab")'


def test_a_bundle_without_failure_asks_nothing_and_says_nothing() -> None:
    case = case_of("ep08_contract_bundler_ok")
    at = situation(case, Facts())
    events = events_of(case)
    assert list(wing.asks(events, at)) == []
    assert wing.judge(wing.enrich(events, at), at) == []


def test_a_named_sender_makes_its_failure_critical() -> None:
    case = case_of("ep07_bundle_success_revert_postop")
    failing = events_of(case)[1].sender
    watch = BatchWatch(kind="batch", name="ours", senders=(failing,))
    at = situation(case, facts_of(case, notations(case)["callTracer"]), watch)
    (alert,) = wing.judge(wing.enrich(events_of(case), at), at)
    assert alert.severity == "critical"
    assert failing in alert.addresses


def test_the_twenty_calldata_vectors_decode_to_their_calls() -> None:
    vectors = case_of("account_calldata_vectors")
    seen = 0
    for vector in vectors:
        for form in ("single", "batch"):
            read = plan(bytes.fromhex(vector[form]["callData"][2:]), "0x" + "ab" * 20)
            assert read is not None, vector["account"]
            got = [{"to": c.target, "value": str(Decimal(c.value_wei)), "data": c.data} for c in read.calls]
            assert got == vector[form]["expectedCalls"], vector["account"]
            seen += 1
    assert seen == 20


def test_every_revert_in_the_recorded_trees_reads() -> None:
    for file in sorted(DATA.glob("*.json.gz")):
        case = json.loads(gzip.decompress(file.read_bytes()))
        if not isinstance(case, dict) or "debug_traceTransaction_callTracer" not in case:
            continue
        for frame, _ in walk(parse(case["debug_traceTransaction_callTracer"])):
            if frame.error and frame.output and frame.output != "0x":
                assert "bytes)" not in describe_hex(frame.output), file.name
