"""Transactions made to be slow to tell: many containers over many logs that speak of none of them."""

from typing import Any

import msgspec
import pytest
from eth_abi.abi import encode

from tests.nested import as_transaction
from tests.unit.test_batch_containers import RELAY, A, B, analysed
from tests.userops import BUNDLER, call, frame, log, topic
from watchers.batches import analysis
from watchers.batches.container import Book
from watchers.batches.sent import read_sent
from watchers.chain.block import Log
from watchers.signatures import KNOWN

EXECUTED = topic("CallExecuted(bytes32,uint256,address,uint256,bytes)")
EXECUTE_BATCH = "executeBatch(address[],uint256[],bytes[],bytes32,bytes32)"


def strange_logs(count: int) -> list[Log]:
    said = encode(["address", "uint256", "bytes"], [A, 0, b""])
    return [log(B, (EXECUTED, "0x" + "77" * 32, f"0x{at:064x}"), said, at) for at in range(count)]


def timelocks(count: int, logs: list[Log]) -> Any:
    """Call a timelock so often in one transaction."""
    told = [call(EXECUTE_BATCH, [A], [0], [b""], b"\0" * 32, at.to_bytes(32, "big")) for at in range(count)]
    tree = frame("CALL", BUNDLER, RELAY, b"", calls=[frame("CALL", RELAY, B, data) for data in told])
    return as_transaction(RELAY, "0x", tree, logs, failed=False)


def test_containers_that_look_at_too_many_logs_are_cut_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "MAX_LOOKS", 100)
    found = analysed(timelocks(20, strange_logs(30)))
    assert found.cut
    assert len(found.containers) < 20
    assert not analysed(timelocks(2, strange_logs(30))).cut


def test_a_log_is_read_once_however_many_containers_ask() -> None:
    case = timelocks(1, [])
    book = Book(read_sent(case["tx"], {**case["receipt"], "logs": []}), KNOWN, [], traced=True)
    times = []

    def how(one: Log) -> str:
        times.append(one)
        return one.data

    (one,) = strange_logs(1)
    assert book.read(one, how) == book.read(one, how) == one.data
    assert len(times) == 1


def test_many_containers_over_many_logs_are_told_all_the_same() -> None:
    found = analysed(timelocks(150, strange_logs(600)))
    assert (len(found.containers), found.cut) == (151, False)  # one more is behind the logs


def test_the_first_log_of_an_address_is_the_first_that_nobody_took() -> None:
    logs = [log(B, (EXECUTED,), b"", 0), log(A, ("0x" + "1" * 64,), b"", 1), log(A, (EXECUTED,), b"", 2)]
    case = timelocks(1, logs)
    given = {**case["receipt"], "logs": [msgspec.to_builtins(one) for one in logs]}
    book = Book(read_sent(case["tx"], given), KNOWN, [], traced=True)
    topics = {EXECUTED, "0x" + "1" * 64}
    for index in ("0x1", "0x2"):
        found = book.first(topics, A)
        assert found is not None
        assert found.log_index == index
        book.take(found)
    assert book.first(topics, A) is None
    assert [one.address for one in book.logs(topics)] == [B]
