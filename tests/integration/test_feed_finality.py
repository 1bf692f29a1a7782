"""When a block is final, and the second reading of it."""

from typing import Any

from tests.followed import A, Consumer, drive, feeding, growing, on_top, world
from tests.node import log


async def test_what_both_looks_missed_is_told_at_finality() -> None:
    node, clock = world(40)
    twin = node.copy()
    growing(node, clock, twin, logs=lambda n: [log(A), log(A)] if n == 45 else [])
    start = on_top(node)
    consumer = Consumer([start])
    node.lie = lambda method, _, result: result[:1] if method == "eth_getLogs" else result
    async with feeding(node, twin, clock=clock, start=start, confirmations=4) as (feed, _):
        await drive(feed, consumer, lambda: bool(consumer.missed))
    (missed,) = consumer.missed
    assert missed.block.header.height == 45
    assert len(missed.block.logs) == 2
    assert consumer.final < 45, "a block is final after its second reading, not before"


async def test_a_second_node_that_contradicts_is_outvoted() -> None:
    node, clock = world(40)
    twin = node.copy()
    growing(node, clock, twin)
    start = on_top(node)
    consumer = Consumer([start])

    def forged(method: str, _: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            return [{**entry, "blockHash": "0x" + "ab" * 32} for entry in result]
        return result

    twin.lie = forged
    async with feeding(node, twin, clock=clock, start=start, confirmations=4) as (feed, _):
        await drive(feed, consumer, lambda: consumer.final > 50)
        assert feed.counters.second.outvoted > 0
    assert not consumer.missed


async def test_a_finality_tag_that_is_missing_gives_way_to_depth() -> None:
    node, clock = world(60)
    growing(node, clock)

    def untagged(method: str, params: list[Any], result: Any) -> Any:
        return None if method == "eth_getBlockByNumber" and params[0] == "finalized" else result

    node.lie = untagged
    consumer = Consumer([on_top(node)])
    async with feeding(node, clock=clock, start=on_top(node), finality="finalized", confirmations=8) as (feed, _):
        await drive(feed, consumer, lambda: consumer.final >= 60)
    assert consumer.blocks[-1].number - consumer.final >= 8


async def test_a_finality_tag_is_followed_and_never_backwards() -> None:
    node, clock = world(60)
    growing(node, clock)
    node.finalized = 55
    consumer = Consumer([on_top(node)])
    async with feeding(node, clock=clock, start=on_top(node), finality="finalized", confirmations=2) as (feed, _):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 8)
        assert consumer.final == 55
        node.finalized = 50
        await drive(feed, consumer, lambda: len(consumer.forwards) == 16)
        assert consumer.final == 55
        node.finalized = 70
        await drive(feed, consumer, lambda: consumer.final == 70)
