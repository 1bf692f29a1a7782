"""What providers say when a range is too large, and how many blocks to ask for then."""

import pytest

from watchers.chain.ranges import span, suggested_span
from watchers.chain.wanted import LogFilter


@pytest.mark.parametrize(
    ("words", "blocks"),
    [
        ("query returned more than 10000 results. Try with this block range [0x64, 0x95].", 50),
        ("eth_getLogs is limited to a 10 range", 10),
        ("eth_getLogs is limited to a 10,000 range", None),
        ("eth_getLogs is limited to 500 blocks", 500),
        ("Max range: 800", 800),
        ("block range exceeds the range allowed for your plan (1000 > 5)", 5),
        ("requests with up to a 10 block range", 10),
        ("maximum block range is 300", 300),
        ("exceed maximum block range: 500", 500),
        ("query exceeds max range 1k blocks", None),
        ("query returned more than 500 results", None),
        ("Log response size exceeded", None),
        ("Try with this block range [0x1, 0x2].", None),
        ("Try with this block range [0x64, 0xffff].", None),
        ("", None),
        ("9" * 5000, None),
    ],
)
def test_a_refusal_is_read_for_a_number_of_blocks(words: str, blocks: int | None) -> None:
    assert suggested_span(words, 100, 1000) == blocks


def test_a_filter_says_topics_addresses_and_place() -> None:
    assert LogFilter((("0xa", "0xb"),)).call(span(1, 16)).params == (
        {"fromBlock": "0x1", "toBlock": "0x10", "topics": [["0xa", "0xb"]]},
    )
    by_hash = {"blockHash": "0xh"}
    assert LogFilter((), ("0x1",)).call(by_hash).params == ({**by_hash, "address": "0x1"},)
    assert LogFilter((("0xa",), (), ("0xc",)), ("0x1", "0x2")).call(by_hash).params == (
        {**by_hash, "topics": [["0xa"], None, ["0xc"]], "address": ["0x1", "0x2"]},
    )
