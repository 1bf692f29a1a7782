"""Transactions that are batches by themselves: Tempo's calls, the frames of EIP-8141, ZKsync's accounts."""

from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from tests.nested import TREE, Batch, Leaf, sent_straight
from tests.unit.test_batch_containers import REVERTED, one, outcomes
from tests.userops import BUNDLER, TX, ZERO, frame, pad, topic
from watchers.batches.analysis import Analysis, analyse
from watchers.batches.container import Container
from watchers.batches.sent import read_sent
from watchers.chain.trace import parse
from watchers.errors import DecodeError

A, B, PAYER = ("0x" + pair * 20 for pair in ("1a", "2b", "9a"))
FEE_LOG = {
    "address": "0x20c0000000000000000000000000000000000001",
    "topics": [topic("Transfer(address,address,uint256)"), pad(BUNDLER), pad("0xfeec" + "0" * 36)],
    "data": "0x" + encode(["uint256"], [7]).hex(),
    "blockNumber": "0x64",
    "blockHash": "0x" + "11" * 32,
    "transactionHash": TX,
    "transactionIndex": "0x0",
    "logIndex": "0x0",
}


def told(kind: int, tx: dict[str, Any], receipt: dict[str, Any], tree: dict[str, Any] | None = None) -> Analysis:
    whole = {"hash": TX, "type": hex(kind), "chainId": "0x1", "from": BUNDLER, **tx}
    got = {"transactionHash": TX, "logs": [], **receipt}
    return analyse(read_sent(whole, got), parse(tree) if tree else None)


def only(kind: int, tx: dict[str, Any], receipt: dict[str, Any]) -> Container:
    (container,) = told(kind, tx, receipt).containers
    return container


# --- Tempo --------------------------------------------------------------------------------------------------------

CALLS = {"calls": [{"to": A, "value": "0x5", "input": "0x01"}, {"to": None, "value": "0x0", "input": "0x02"}]}


def test_a_tempo_batch_is_what_its_status_says() -> None:
    well = only(0x76, CALLS, {"status": "0x1", "feePayer": PAYER})
    assert (well.kind, well.success, well.outcome, well.paymaster) == ("tempo", True, "success", PAYER)
    assert [(c.target, c.value_wei, c.data, c.outcome) for c in well.calls] == [
        (A, 5, "0x01", "success"),
        ("", 0, "0x02", "success"),
    ]
    assert only(0x76, CALLS, {"status": "0x1", "feePayer": BUNDLER}).paymaster == ""
    assert (only(0x76, CALLS, {}).success, outcomes(only(0x76, CALLS, {}))) == (None, ["unknown"] * 2)


def test_a_tempo_batch_that_failed_leaves_a_fee_and_nothing_else() -> None:
    failed = only(0x76, CALLS, {"status": "0x0", "logs": [FEE_LOG]})
    assert (failed.success, failed.outcome, outcomes(failed)) == (False, "reverted", ["unknown"] * 2)
    alone = only(0x76, {"calls": CALLS["calls"][:1]}, {"status": "0x0", "logs": [FEE_LOG]})
    assert outcomes(alone) == ["failed"]


def test_the_tree_that_a_node_makes_up_for_tempo_is_not_believed() -> None:
    made_up = frame("CALL", BUNDLER, A, b"\1", value=5)
    analysis = told(0x76, CALLS, {"status": "0x0"}, made_up)
    assert not analysis.traced
    assert outcomes(analysis.containers[0]) == ["unknown"] * 2


# --- EIP-8141 -----------------------------------------------------------------------------------------------------


def frames(*rows: tuple[int, int], **bent: Any) -> dict[str, Any]:
    """Give frames of (mode, flags)."""
    listed = [
        {"mode": hex(mode), "flags": hex(flags), "target": A, "value": "0x0", "data": f"0x{at:02x}", **bent}
        for at, (mode, flags) in enumerate(rows)
    ]
    return {"frames": listed}


def receipts(*statuses: int, status: str = "0x1") -> dict[str, Any]:
    rows = [{"status": hex(one), "gasUsed": "0x5208", "logs": []} for one in statuses]
    return {"status": status, "payer": PAYER, "frameReceipts": rows}


def test_a_frame_stands_alone_unless_it_is_chained() -> None:
    container = only(0x06, frames((1, 3), (2, 0), (2, 0), (2, 0)), receipts(1, 1, 0, 1))
    assert outcomes(container) == ["success", "success", "failed", "success"]
    assert (container.kind, container.success, container.outcome) == ("eip8141", False, "partial")
    assert (container.paymaster, container.calls[1].gas_used) == (PAYER, 21_000)


@pytest.mark.parametrize("skipped", [2, 3])
def test_a_frame_of_an_unrolled_batch_is_undone_though_its_status_stays_1(skipped: int) -> None:
    rows = [(1, 3), (2, 4), (2, 4), (2, 4), (2, 0), (2, 0)]
    container = only(0x06, frames(*rows), receipts(1, 1, 1, 0, skipped, 1))
    assert outcomes(container) == ["success", "rolled_back", "rolled_back", "failed", "not_executed", "success"]
    assert container.outcome == "partial"


def test_what_verified_is_no_part_of_what_was_wanted() -> None:
    container = only(0x06, frames((1, 3), (2, 0)), receipts(1, 0))
    assert (outcomes(container), container.success, container.outcome) == (["success", "failed"], False, "reverted")
    assert only(0x06, frames((1, 3), (2, 0)), receipts(1, 1)).outcome == "success"


def test_early_networks_named_a_frame_otherwise() -> None:
    old = {"frames": [{"mode": "0x402", "to": A, "data": "0x01"}, {"mode": "0x2", "data": "0x02"}]}
    container = only(0x06, old, receipts(1, 0))
    assert [(c.target, c.outcome) for c in container.calls] == [(A, "rolled_back"), (BUNDLER, "failed")]


def test_frames_whose_receipts_are_not_whole_or_contradict_themselves_are_unknown() -> None:
    two = frames((2, 4), (2, 0))
    bad = [
        {},
        {"frameReceipts": 7},
        receipts(1),
        receipts(1, 1, status="0x0"),  # every client would call that a success
        receipts(0, 0),  # none after the first that failed was run
        receipts(2, 2),
        receipts(1, 9),
        {"frameReceipts": [{}, {}]},
    ]
    for receipt in bad:
        container = only(0x06, two, receipt)
        assert (container.success, container.outcome, outcomes(container)) == (None, "unknown", ["unknown"] * 2)
    assert only(0x06, frames((2, 0)), receipts(2)).calls[0].outcome == "not_executed"
    assert only(0x06, {}, receipts()).outcome == "unknown"


def test_clients_may_call_the_whole_what_they_like_while_a_frame_failed() -> None:
    rows = frames((1, 3), (2, 0))
    ends = {only(0x06, rows, receipts(1, 0, status=status)).outcome for status in ("0x0", "0x1")}
    assert ends == {"reverted"}


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=8))
def test_random_frames_decode_to_what_became_of_them(drawn: list[tuple[bool, bool]]) -> None:
    drawn[-1] = (False, drawn[-1][1])
    statuses, wanted, start = [], [], 0
    for at, (chained, _) in enumerate(drawn):
        if chained:
            continue
        batch = [fails for _, fails in drawn[start : at + 1]]
        first = batch.index(True) if True in batch else len(batch)
        for place in range(len(batch)):
            statuses.append(1 if place < first else 0 if place == first else 2)
            kept = "success" if first == len(batch) else "rolled_back"
            wanted.append(kept if place < first else "failed" if place == first else "not_executed")
        start = at + 1
    container = only(0x06, frames(*((2, 4 * chained) for chained, _ in drawn)), receipts(*statuses))
    assert outcomes(container) == wanted


# --- ZKsync -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "success", "outcome"), [("0x1", True, "unknown"), ("0x0", False, "reverted"), (None, None, "unknown")]
)
def test_the_status_of_a_zksync_account_says_nothing_of_its_call(status: Any, success: Any, outcome: str) -> None:
    container = only(0x71, {"to": A, "value": "0x3", "input": "0x01"}, {"status": status})
    assert (container.kind, container.sender, container.success, container.outcome) == (
        "zksync",
        BUNDLER,
        success,
        outcome,
    )
    assert [(c.target, c.value_wei, c.data, c.outcome) for c in container.calls] == [(A, 3, "0x01", "unknown")]


def test_a_batch_that_a_zksync_account_calls_is_told_instead() -> None:
    case = sent_straight(Batch("multicall", B, (Leaf(A, b"\1", fails=False),), tries=True))
    case["tx"]["type"] = "0x71"
    assert one(case, trace=False).kind == "multicall"
    assert outcomes(one(case, trace=False)) == ["unknown"]
    case[TREE]["error"] = REVERTED  # a bootloader's tree is not one of this transaction
    assert outcomes(one(case)) == ["unknown"]


@pytest.mark.parametrize(("status", "outcome"), [("0x1", "success"), ("0x0", "failed")])
def test_a_delegating_transaction_without_a_batch_is_its_one_call_and_a_plain_one_is_no_container(
    status: str, outcome: str
) -> None:
    tx = {"to": A, "value": "0x3", "input": "0x01"}
    assert outcomes(only(0x04, tx, {"status": status})) == [outcome]
    assert told(0x02, tx, {"status": status}).containers == ()


# --- what does not read -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "tx", "place"),
    [
        (0x76, {"calls": 7}, r"\$\.tx\.calls: is not a list"),
        (0x76, {"calls": [7]}, r"\$\.tx\.calls\[0\]: is not an object"),
        (0x76, {"calls": [{"to": "0x1"}]}, r"\$\.tx\.calls\[0\]\.to"),
        (0x76, {"calls": [{"to": "0x" + " " * 40}]}, r"\$\.tx\.calls\[0\]\.to: is not hex"),
        (0x76, {"calls": [{"to": A, "value": "x"}]}, r"\$\.tx\.calls\[0\]\.value"),
        (0x76, {"calls": [{"to": A, "value": "0x1_0"}]}, r"\$\.tx\.calls\[0\]\.value"),
        (0x76, {"calls": [{"to": A, "input": 7}]}, r"\$\.tx\.calls\[0\]\.input"),
        (0x76, {"calls": [{"to": A}] * 1025}, r"\$\.tx\.calls: holds too many"),
        (0x06, {"frames": 7}, r"\$\.tx\.frames: is not a list"),
        (0x06, {"frames": [7]}, r"\$\.tx\.frames\[0\]: is not an object"),
        (0x06, {"frames": [{"target": 7}]}, r"\$\.tx\.frames\[0\]\.target"),
        (0x06, {"frames": [{"mode": "x"}]}, r"\$\.tx\.frames\[0\]\.mode"),
        (0x06, {"frames": [{"data": 7}]}, r"\$\.tx\.frames\[0\]\.data"),
        (0x06, {"frames": [{}] * 1025}, r"\$\.tx\.frames: holds too many"),
    ],
)
def test_what_is_no_call_or_frame_names_its_place(kind: int, tx: dict[str, Any], place: str) -> None:
    with pytest.raises(DecodeError, match=f"^{place}"):
        told(kind, tx, {"status": "0x1"})


STRANGE: list[Any] = ["", "0x", "0x1", "0x9", ZERO, A, None, 5, -1, True, [], {}, [{}], "0x" + "f" * 80]


@given(st.sampled_from([0x76, 0x06, 0x71]), st.data())
def test_strange_answers_are_refused_by_place_or_make_no_success(kind: int, data: st.DataObject) -> None:
    tx = {"to": None, **CALLS, **frames((1, 3), (2, 4), (2, 0))}
    receipt = {"feePayer": PAYER, **receipts(1, 1, 0, status="0x0")}
    parts = [tx, receipt, *tx["calls"], *tx["frames"], *receipt["frameReceipts"]]
    for _ in range(data.draw(st.integers(1, 3))):
        part = data.draw(st.sampled_from(parts))
        key = data.draw(st.sampled_from(sorted(part)))
        if key not in ("status", "flags", "mode"):  # what decides it, and so may change what is true
            part[key] = data.draw(st.sampled_from(STRANGE))
    refused = ""
    found: tuple[Container, ...] = ()
    try:
        found = told(kind, tx, receipt).containers
    except DecodeError as error:
        refused = str(error)
    assert not refused or refused.startswith("$.")
    calls = [c for one in found for c in one.calls]
    # the frame that verified went through; no other did and stayed
    assert {c.index for c in calls if c.outcome == "success"} <= ({0} if kind == 0x06 else set())
