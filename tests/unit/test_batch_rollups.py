"""Rollups' batches on the chain below: each step by its contract's own event, and what has no event stays unknown."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from bot.__main__ import main
from bot.cards.calls import KINDS
from tests.userops import BUNDLER, TX, log
from watchers.batches.analysis import Analysis, analyse
from watchers.batches.container import Container
from watchers.batches.containers import rollup
from watchers.batches.sent import read_sent

INBOX, PORTAL = "0x" + "1c" * 20, "0x" + "be" * 20
OP_INBOX = "0xff" + "0" * 36 + "10"
H1, H2 = ("0x" + pair * 32 for pair in ("e1", "e2"))
DELIVERED = "SequencerBatchDelivered(uint256,bytes32,bytes32,bytes32,uint256,(uint64,uint64,uint64,uint64),uint8)"


def topic(signature: str) -> str:
    return "0x" + keccak(signature.encode()).hex()


def number(value: int) -> str:
    return f"0x{value:064x}"


def analysed(*logs: Any, to: str = INBOX, status: str = "0x1", kind: str = "0x2") -> Analysis:
    tx = {"hash": TX, "type": kind, "from": BUNDLER, "to": to, "input": "0x", "value": "0x0"}
    receipt = {"transactionHash": TX, "status": status, "logs": msgspec.to_builtins(list(logs))}
    return analyse(read_sent(tx, receipt), None)


def said(signature: str, *topics: str, data: bytes = b"", address: str = INBOX) -> Container:
    (container,) = analysed(log(address, (topic(signature), *topics), data, 0)).containers
    return container


def words(*values: Any) -> bytes:
    return b"".join(v.to_bytes(32, "big") if isinstance(v, int) else bytes.fromhex(v[2:]) for v in values)


@pytest.mark.parametrize(
    ("signature", "topics", "data", "kind", "name"),
    [
        (DELIVERED, (number(812), H1, H2), words(H1, 5, 1, 2, 3, 4, 3), "arbitrum_batch", "812"),
        ("AssertionConfirmed(bytes32,bytes32,bytes32)", (H1,), words(H2, H2), "arbitrum_claim", H1),
        ("NodeConfirmed(uint64,bytes32,bytes32)", (number(7),), words(H2, H2), "arbitrum_claim", "7"),
        ("BlockCommit(uint256,bytes32,bytes32)", (number(9), H1, H2), b"", "zksync_commit", "9"),
        ("BlocksVerification(uint256,uint256)", (number(8), number(9)), b"", "zksync_proof", "9"),
        ("BlockExecution(uint256,bytes32,bytes32)", (number(9), H1, H2), b"", "zksync_execution", "9"),
        ("OutputProposed(bytes32,uint256,uint256,uint256)", (H1, number(4), number(99)), words(5), "op_claim", "4"),
        ("DisputeGameCreated(address,uint32,bytes32)", (number(77), number(0), H1), b"", "op_claim", H1),
        ("RelayedMessage(bytes32)", (H1,), b"", "op_message", H1),
        ("WithdrawalFinalized(bytes32,bool)", (H1,), words(1), "op_withdrawal", H1),
    ],
)
def test_a_step_is_told_by_its_contracts_event(
    signature: str, topics: tuple[str, ...], data: bytes, kind: str, name: str
) -> None:
    container = said(signature, *topics, data=data)
    assert (container.kind, container.id, container.sender, container.calls) == (kind, name, INBOX, ())
    assert (container.success, container.outcome) == (True, "success")


def test_every_signal_is_tried() -> None:
    tried = {topic(s) for s in (DELIVERED, "BlocksRevert(uint256,uint256,uint256)", "FailedRelayedMessage(bytes32)")}
    mark = test_a_step_is_told_by_its_contracts_event.pytestmark[0]  # type: ignore[attr-defined] # pytest sets it
    assert tried | {topic(row[0]) for row in mark.args[1]} == set(rollup._SIGNALS)


def test_batches_that_are_taken_back_failed_though_the_transaction_did_not() -> None:
    container = said("BlocksRevert(uint256,uint256,uint256)", data=encode(["uint256"] * 3, [12, 11, 10]))
    assert (container.kind, container.id, container.success) == ("zksync_revert", TX, False)
    assert (container.outcome, container.reason) == ("reverted", "BlocksRevert(12,11,10)")


def test_a_message_or_withdrawal_that_failed_below_is_a_failure_that_the_receipt_hides() -> None:
    message = said("FailedRelayedMessage(bytes32)", H1, address=PORTAL)
    assert (message.kind, message.id, message.success, message.outcome) == ("op_message", H1, False, "reverted")
    assert said("WithdrawalFinalized(bytes32,bool)", H1, data=words(0)).success is False
    odd = said("WithdrawalFinalized(bytes32,bool)", H1, data=words(2))
    assert (odd.success, odd.outcome) == (None, "unknown")


def test_several_steps_of_one_transaction_stand_in_their_order() -> None:
    commits = [log(INBOX, (topic("BlockCommit(uint256,bytes32,bytes32)"), number(n), H1, H2), b"", n) for n in (3, 4)]
    assert [c.id for c in analysed(*commits).containers] == ["3", "4"]


@pytest.mark.parametrize("kind", ["0x2", "0x3"])
def test_what_became_of_a_batch_of_an_op_stack_chain_is_not_known_on_the_chain_below(kind: str) -> None:
    (container,) = analysed(to=OP_INBOX, kind=kind).containers
    assert (container.kind, container.id, container.sender) == ("op_batch", TX, BUNDLER)
    assert (container.success, container.outcome) == (None, "unknown")
    (reverted,) = analysed(to=OP_INBOX, kind=kind, status="0x0").containers
    assert (reverted.success, reverted.outcome) == (False, "reverted")
    for other in (INBOX, "0xff" + "0" * 38, "0xff" + "0" * 36 + "a0"):
        assert analysed(to=other, kind=kind).containers == ()


def test_an_event_of_the_same_name_but_another_shape_is_no_step() -> None:
    name = topic("BlockCommit(uint256,bytes32,bytes32)")
    for topics, data in (((number(1),), b""), ((number(1), H1, H2), words(1)), ((number(1), H1), b"\1" * 31)):
        assert analysed(log(INBOX, (name, *topics), data, 0)).containers == ()


@given(
    st.sampled_from(sorted(rollup._SIGNALS)),
    st.lists(st.binary(min_size=32, max_size=32), max_size=3),
    st.binary(max_size=320),
)
def test_strange_events_never_crash_and_a_failure_is_never_a_success(
    name: str, topics: list[bytes], data: bytes
) -> None:
    found = analysed(log(INBOX, (name, *("0x" + one.hex() for one in topics)), data, 0)).containers
    ends = rollup._SIGNALS[name].ends
    assert all(one.success is not True or ends == "success" for one in found)
    assert analysed(log(INBOX, (name,), data, 0), status="0x0").containers == ()


def test_every_step_has_words_on_a_card() -> None:
    assert {signal.kind for signal in rollup._SIGNALS.values()} | {"op_batch"} <= set(KINDS)


def test_the_command_counts_no_calls_where_there_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reverted = log(INBOX, (topic("BlocksRevert(uint256,uint256,uint256)"),), encode(["uint256"] * 3, [12, 11, 10]), 0)
    tx = {"hash": TX, "type": "0x2", "from": BUNDLER, "to": INBOX, "input": "0x"}
    receipt = {"transactionHash": TX, "status": "0x1", "logs": [msgspec.to_builtins(reverted)]}
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"tx": tx, "receipt": receipt}))
    assert main(["batch", str(file)]) == 0
    text = capsys.readouterr().out
    assert "reverted  BlocksRevert(12,11,10)" in text
    assert "0 of 0" not in text
