"""Proofs: what a header says about its logs, and what it cannot say."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.node import Mined, Node, Sketch, address, log, topic
from watchers.chain.block import Header, Log
from watchers.chain.proof import (
    Receipt,
    Unproven,
    check_header,
    check_logs,
    check_receipts,
    check_whole,
    header_hash,
    receipts_root,
)
from watchers.chain.trie import list_root, quantity
from watchers.chain.wanted import Wanted

A, B = topic(1), topic(2)
EMPTY_ROOT = "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"


def mined(*sketches: Sketch) -> tuple[Header, list[Log], list[Receipt], Mined]:
    block = Node().mine(sketches)
    return (
        msgspec.convert(block.header, Header),
        msgspec.convert(block.logs, list[Log]),
        msgspec.convert(block.receipts, list[Receipt]),
        block,
    )


def test_the_root_of_nothing_is_the_known_one() -> None:
    assert list_root([]).hex() == EMPTY_ROOT


def test_a_root_depends_on_every_value_and_on_their_order() -> None:
    # enough values for every kind of node: two-byte keys, branches, extensions
    values = [quantity(n) * 40 for n in range(1, 301)]
    root = list_root(values)
    assert len({root, list_root(values[:-1]), list_root(values[::-1]), list_root([*values[:-1], b"x"])}) == 4


def test_logs_of_a_block_pass_and_foreign_topics_are_left_out() -> None:
    header, logs, _, _ = mined(log(A), log(topic(9)), log(B), log())
    assert check_logs(header, logs, Wanted([A, B]).takes) == (logs[0], logs[2])
    assert check_logs(header, logs) == tuple(logs)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"block_hash": "0x" + "00" * 32}, "another block"),
        ({"block_number": "0x9"}, "another block"),
        ({"removed": True}, "removed"),
        ({"log_index": "0x0"}, "order"),
        ({"log_index": "one"}, "number"),
        ({"transaction_index": ""}, "number"),
        ({"address": address(0).upper().replace("X", "x")}, "lower-case"),
    ],
)
def test_a_log_that_does_not_belong_fails_them_all(change: dict[str, str], words: str) -> None:
    header, logs, _, _ = mined(log(A, tx=1), log(A, tx=1))
    logs[1] = msgspec.structs.replace(logs[1], **change)
    with pytest.raises(Unproven, match=words):
        check_logs(header, logs, Wanted([A]).takes)


def test_a_log_twice_is_refused_and_one_index_in_two_transactions_is_not() -> None:
    header, logs, _, _ = mined(log(A), log(A))
    with pytest.raises(Unproven, match="twice"):
        check_logs(header, [logs[0], logs[0], logs[1]])
    assert len(check_logs(header, [logs[0], msgspec.structs.replace(logs[1], log_index="0x0")])) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"number": "x"},
        {"timestamp": "later"},
        {"hash": "0x12"},
        {"logs_bloom": "0xzz"},
        {"number": "0x2"},
        {"l1_block_number": "soon"},
    ],
)
def test_a_header_that_is_not_what_was_asked_for_is_refused(change: dict[str, str]) -> None:
    header, *_ = mined()
    assert check_header(header, 1) is header
    with pytest.raises(Unproven):
        check_header(msgspec.structs.replace(header, **change), 1)


def test_a_quiet_bloom_proves_that_a_log_is_missing() -> None:
    header, logs, _, _ = mined(log(A), log(B))
    both = Wanted([A, B])
    assert both.doubts(header, logs) == []
    (short,) = both.doubts(header, logs[:1])
    assert (short.values, short.empty) == (1, False)
    assert short.by_chance < 0.001
    (empty,) = both.doubts(header, [])
    assert (empty.values, empty.empty) == (2, True)


def test_a_full_bloom_says_nothing_and_an_absent_one_neither() -> None:
    header, *_ = mined(*(log(topic(n), emitter=address(n)) for n in range(100, 1500)))
    (doubt,) = Wanted([topic(n) for n in range(20)]).doubts(header, [])
    assert doubt.by_chance > 0.9
    blank = msgspec.structs.replace(header, logs_bloom="0x" + "00" * 256)
    assert Wanted([A]).doubts(blank, []) == []


def test_whole_logs_are_whole_and_a_gap_or_a_lost_tail_is_seen() -> None:
    header, logs, _, _ = mined(log(A), log(B), log(A, B))
    check_whole(header, logs)
    with pytest.raises(Unproven, match="middle"):
        check_whole(header, [logs[0], logs[2]])
    with pytest.raises(Unproven, match="bloom"):
        check_whole(header, logs[:1])


def test_receipts_prove_even_the_last_log() -> None:
    header, logs, receipts, _ = mined(log(A), log(A, tx=7), log(A, tx=7))
    assert check_receipts(header, receipts) == tuple(logs)
    cut = msgspec.structs.replace(receipts[-1], logs=receipts[-1].logs[:-1])
    for wrong in (receipts[:-1], [*receipts[:-1], cut], receipts[::-1], []):
        with pytest.raises(Unproven, match="root"):
            check_receipts(header, wrong)


@pytest.mark.parametrize(
    "change", [{"type": "0x1"}, {"type": "0x0"}, {"status": "0x0"}, {"cumulative_gas_used": "0x1"}]
)
def test_every_field_of_a_receipt_counts(change: dict[str, str]) -> None:
    header, _, receipts, _ = mined(log(A))
    changed = [msgspec.structs.replace(receipts[0], **change)]
    assert receipts_root(changed) != header.receipts_root


def test_a_deposit_counts_its_nonce_only_with_its_version() -> None:
    # OP stack specification: Regolith receipts leave the nonce out of the root, Canyon ones have it and the version
    _, _, receipts, _ = mined(log(A))
    plain = msgspec.structs.replace(receipts[0], type="0x7e")
    regolith = msgspec.structs.replace(plain, deposit_nonce="0x5")
    canyon = msgspec.structs.replace(regolith, deposit_receipt_version="0x1")
    assert receipts_root([plain]) == receipts_root([regolith])
    assert receipts_root([regolith]) != receipts_root([canyon])


def test_a_receipt_that_is_not_hex_is_unproven() -> None:
    _, _, receipts, _ = mined(log(A))
    for change in (
        {"cumulative_gas_used": "many"},
        {"logs_bloom": "0xq"},
        {"cumulative_gas_used": "-0x1"},
        {"type": "0x100"},
    ):
        with pytest.raises(Unproven):
            receipts_root([msgspec.structs.replace(receipts[0], **change)])


def test_a_header_hash_needs_every_field() -> None:
    *_, block = mined()
    assert header_hash(block.header) == block.header["hash"]
    assert header_hash({**block.header, "gasUsed": "0x1"}) != block.header["hash"]
    assert header_hash({**block.header, "mixHash": None}) is None
    assert header_hash({**block.header, "nonce": 5}) is None
    assert header_hash({**block.header, "number": "-0x1"}) is None
    # a chain that has a late fork's field without the earlier ones hashes something else
    assert header_hash({**block.header, "requestsHash": "0x00"}) is None


@given(st.data())
def test_no_log_can_be_taken_from_receipts_unseen(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    sketches = [log(A, emitter=address(n % 3), tx=data.draw(st.integers(0, 3))) for n in range(count)]
    header, _, receipts, _ = mined(*sorted(sketches, key=lambda s: s.tx or 0))
    at = data.draw(st.integers(0, len(receipts) - 1))
    drop = data.draw(st.integers(0, len(receipts[at].logs) - 1))
    kept = receipts[at].logs[:drop] + receipts[at].logs[drop + 1 :]
    receipts[at] = msgspec.structs.replace(receipts[at], logs=kept)
    with pytest.raises(Unproven):
        check_receipts(header, receipts)
