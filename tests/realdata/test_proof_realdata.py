"""Proofs against real mainnet blocks."""

import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from watchers.chain.block import Header
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
from watchers.chain.wanted import Wanted


def read(file: Path) -> Any:
    return json.loads(gzip.decompress(file.read_bytes()))


def test_the_receipts_of_a_mainnet_block_give_its_root_and_its_bloom(recorded: Path) -> None:
    fields = read(recorded / "helios" / "block.json.gz")
    header = check_header(msgspec.convert(fields, Header), 21_925_176)
    raw = gzip.decompress((recorded / "helios" / "receipts.json.gz").read_bytes())
    receipts = msgspec.json.decode(raw, type=list[Receipt])
    assert header_hash(fields) == header.hash
    logs = check_logs(header, check_receipts(header, receipts))
    assert len(logs) == 463
    check_whole(header, logs)
    every = Wanted({log.topics[0] for log in logs})
    assert every.doubts(header, logs) == []
    assert every.doubts(header, logs[1:2]) != []


def test_any_log_taken_from_the_mainnet_block_is_seen(recorded: Path) -> None:
    header = msgspec.convert(read(recorded / "helios" / "block.json.gz"), Header)
    receipts = msgspec.convert(read(recorded / "helios" / "receipts.json.gz"), list[Receipt])
    with_logs = [at for at, receipt in enumerate(receipts) if receipt.logs]
    for at in (with_logs[0], with_logs[len(with_logs) // 2], with_logs[-1]):
        short = msgspec.structs.replace(receipts[at], logs=receipts[at].logs[:-1])
        with pytest.raises(Unproven):
            check_receipts(header, [*receipts[:at], short, *receipts[at + 1 :]])


def test_eleven_mainnet_headers_give_their_hashes_and_link(recorded: Path) -> None:
    blocks = [read(file) for file in sorted((recorded / "nimbus").glob("*.json.gz"))]
    assert len(blocks) == 11
    assert [header_hash(block) for block in blocks] == [block["hash"] for block in blocks]
    assert all(child["parentHash"] == parent["hash"] for parent, child in pairwise(blocks))


def test_older_receipts_give_their_root_where_they_were_recorded_whole(recorded: Path) -> None:
    proven = {}
    for file in sorted((recorded / "mev-inspect-py").glob("1*.json.gz")):
        whole = read(file)
        root = whole["data"].get("receiptsRoot")
        if isinstance(root, str):  # the two files of the older form lost their byte fields
            receipts = msgspec.convert(whole["receipts"]["result"], list[Receipt])
            proven[file.name[:8]] = receipts_root(receipts) == root
    # of the first two, the node that was recorded gave a gas of 1 for transactions: the proof finds that too
    assert proven == {"11931270": False, "12498502": False, "12914944": True, "12932986": True, "13004256": True}
