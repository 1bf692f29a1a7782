"""`python -m bot batch`: every recorded case says what its `expected` says, with either call tree and with none."""

import copy
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from watchers.batches.analysis import analyse
from watchers.batches.sent import read_sent
from watchers.chain.trace import parse

TREES = ("debug_traceTransaction_callTracer", "trace_transaction")
CASES = {  # name: what the container is
    "ep07_bundle_success_revert_postop": "entrypoint",
    "ep08_bundle_success_revert_postop": "entrypoint",
    "ep07_oog_empty_panic": "entrypoint",
    "ep07_paymaster_ok_postop_oog_both": "entrypoint",
    "ep07_msa_try_batch": "entrypoint",
    "ep08_contract_bundler_ok": "entrypoint",
    "eip7702_type4_selfbatch_ok": "eip7702",
    "eip7702_type4_tx_reverts_delegation_persists": "eip7702",
    "multicall3_aggregate3_partial": "multicall",
    "safe150_multisend_ok": "safe",
    "safe150_multisend_fail_silent_ExecutionFailure": "safe",
    "safe150_module_multisend_ok": "safe_module",
    "oz_timelock_executeBatch_ok": "timelock",
    "synthetic_eip8130_partial": "eip8130",
}


@pytest.fixture
def batches(recorded: Path) -> Path:
    return recorded / "batches"


def case_of(batches: Path, name: str) -> Any:
    return json.loads(gzip.decompress((batches / f"{name}.json.gz").read_bytes()))


def command(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[dict[str, Any]]:
    assert main(["batch", *map(str, arguments), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def only(batches: Path, name: str, kept: str, to: Path) -> Path:
    """Write the case with one of its call trees, plain."""
    case = case_of(batches, name)
    for tree in TREES:
        if tree != kept:
            case.pop(tree, None)
    file = to / f"{name}.json"
    file.write_text(json.dumps(case))
    return file


def check(told: dict[str, Any], case: dict[str, Any], kind: str) -> None:
    """Hold an object of the command against a case's `expected`."""
    expected = case["expected"]
    assert told["tx"] == case["tx"]["hash"]
    assert told["tx_status"] == expected.get("txStatus", int(case["receipt"]["status"], 16))
    assert [container["kind"] for container in told["containers"]] == [kind] * len(told["containers"])
    wanted = expected.get("userOps", [expected])
    assert len(told["containers"]) == len(wanted)
    for container, want in zip(told["containers"], wanted, strict=True):
        check_container(container, want)


def check_container(container: dict[str, Any], want: dict[str, Any]) -> None:
    calls = container["calls"]
    assert [call["index"] for call in calls] == list(range(len(calls)))
    if "calls" in want:
        assert [call["outcome"] for call in calls] == want["calls"]
        assert [call["reason"] for call in calls] == want["callErrors"]
    for name in ("success", "outcome"):
        if name in want and want[name] is not None:
            assert container[name] == want[name]
    if "hash" in want or "safeTxHash" in want:
        assert container["id"] == want.get("hash", want.get("safeTxHash"))
    if "safe" in want:
        assert container["sender"] == want["safe"]
    if "error" in want:
        assert container["reason"] == want["error"]
    if "events" in want:
        assert container["success"] is not any("Failure" in event for event in want["events"])
    if "failedCallIndex" in want:
        assert [c["outcome"] for c in calls].index("failed") == want["failedCallIndex"]


@pytest.mark.parametrize(("name", "kind"), CASES.items())
def test_a_recorded_case_says_what_is_expected_of_it(
    name: str, kind: str, batches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (told,) = command(capsys, batches / f"{name}.json.gz", "--abi", batches / "lab_abi.json")
    check(told, case_of(batches, name), kind)
    assert told["chain"] == (None if name.startswith("synthetic") else 31337)


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize(("name", "kind"), [(n, k) for n, k in CASES.items() if not n.startswith("synthetic")])
def test_either_call_tree_alone_is_enough(
    name: str, kind: str, tree: str, batches: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (told,) = command(capsys, only(batches, name, tree, tmp_path))
    check(told, case_of(batches, name), kind)


@pytest.mark.parametrize(("name", "kind"), CASES.items())
def test_without_a_trace_nothing_is_called_a_success_that_is_not_known(
    name: str, kind: str, batches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (told,) = command(capsys, batches / f"{name}.json.gz", "--no-trace")
    case = case_of(batches, name)
    wanted = case["expected"].get("userOps", [case["expected"]])
    for container, want in zip(told["containers"], wanted, strict=True):
        assert container["kind"] == kind
        assert container["outcome"] in ("unknown", want.get("outcome", container["outcome"]))
        assert container["success"] in (None, want.get("success", container["success"]))
        for call, outcome in zip(container["calls"], want.get("calls", []), strict=False):
            assert call["outcome"] in ("unknown", outcome)
            # only a timelock's CallExecuted proves that a call went through
            assert call["outcome"] != "success" or kind == "timelock"


def test_what_logs_and_a_single_receipt_prove_is_said_without_a_trace(
    batches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def outcomes(name: str) -> list[list[str]]:
        (told,) = command(capsys, batches / f"{name}.json.gz", "--no-trace")
        return [[call["outcome"] for call in container["calls"]] for container in told["containers"]]

    assert outcomes("oz_timelock_executeBatch_ok") == [["success"] * 3]
    assert outcomes("ep07_msa_try_batch") == [["unknown", "failed", "failed", "unknown"]]
    assert outcomes("ep08_bundle_success_revert_postop")[1] == ["rolled_back", "failed", "not_executed"]
    assert outcomes("eip7702_type4_tx_reverts_delegation_persists") == [["failed"]]
    assert outcomes("multicall3_aggregate3_partial") == [["unknown"] * 3]


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("eip7702")])
def test_delegations_are_those_expected_once_the_authorities_code_is_known(
    name: str, batches: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = case_of(batches, name)
    wanted, codes = case["expected"]["delegations"], case["expected"]["codeAfter"]
    case["eth_getCode"] = codes if isinstance(codes, dict) else {wanted[0]["authority"]: codes}
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case))
    (told,) = command(capsys, file)
    assert [{k: d[k] for k in ("authority", "delegate", "applied")} for d in told["delegations"]] == wanted
    # without that code, an authority that is not the sender is not known to have been delegated
    (blind,) = command(capsys, batches / f"{name}.json.gz")
    assert [d["authority"] for d in blind["delegations"]] == [d["authority"] for d in wanted]
    own = name == "eip7702_type4_selfbatch_ok"
    assert [d["applied"] for d in blind["delegations"]] == ([True] if own else [None, None])


def test_phases_stay_that_went_through_though_the_transaction_failed(
    batches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (told,) = command(capsys, batches / "synthetic_eip8130_partial.json.gz")
    (container,) = told["containers"]
    assert told["tx_status"] == 0
    assert [call["outcome"] for call in container["calls"]] == ["success", "unknown", "unknown", "not_executed"]
    assert container["paymaster"] == "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"
    assert (container["success"], container["outcome"]) == (False, "partial")


def test_arguments_are_named_by_a_local_abi(batches: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = batches / "multicall3_aggregate3_partial.json.gz"
    (plain,), (named,) = command(capsys, file), command(capsys, file, "--abi", batches / "lab_abi.json")
    assert plain["containers"][0]["calls"][1] == {
        "index": 1,
        "target": "0xA51c1fc2f0D1a1b8494Ed1FE312d7C3a78Ed91C0",
        "function": "0xb443a085",
        "args": None,
        "value_wei": "0",
        "outcome": "failed",
        "reason": 'LabBoom(82,"lab")',
        "gas_used": 405,
        "depth": 0,
    }
    assert [named["containers"][0]["calls"][1][name] for name in ("function", "args")] == ["boom(uint256)", ["82"]]


def test_several_files_give_a_line_each_in_their_order(batches: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(batches.glob("*_*multi*.json.gz"))
    told = command(capsys, *files)
    assert [line["tx"] for line in told] == [json.loads(gzip.decompress(f.read_bytes()))["tx"]["hash"] for f in files]


def test_the_text_says_the_same(batches: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "ep08_bundle_success_revert_postop"
    assert main(["batch", str(batches / f"{name}.json.gz"), "--abi", str(batches / "lab_abi.json")]) == 0
    text = capsys.readouterr().out
    assert "chain 31337  transaction succeeded" in text
    assert "success, 3 of 3 calls succeeded" in text
    assert 'reverted, 0 of 3 calls succeeded  ExecuteError(1,LabBoom(42,"lab"))' in text
    assert 'FAILED        1  0xA51c1fc2f0D1a1b8494Ed1FE312d7C3a78Ed91C0  boom("42")  LabBoom(42,"lab")' in text
    assert "paid by 0x0B306BF915C4d645ff596e518fAf3F9669b97016  postop_reverted" in text


def test_a_tree_of_another_transaction_is_not_believed(batches: Path) -> None:
    case = case_of(batches, "multicall3_aggregate3_partial")
    sent = read_sent(case["tx"], case["receipt"])
    for key, value in (("to", "0x" + "12" * 20), ("from", "0x" + "12" * 20), ("input", "0x82ad56cb"), ("error", "no")):
        tree = {**copy.deepcopy(case[TREES[0]]), key: value}
        analysis = analyse(sent, parse(tree))
        assert not analysis.traced
        assert {call.outcome for container in analysis.containers for call in container.calls} == {"unknown"}
