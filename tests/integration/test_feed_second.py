"""What neither reading holds alone, and a finality that cannot be."""

from typing import Any

from tests.followed import A, Consumer, drive, feeding, growing, on_top, world
from tests.node import log


async def test_two_readings_that_are_each_short_are_told_joined() -> None:
    node, clock = world(40)
    twin = node.copy()
    growing(node, clock, twin, logs=lambda n: [log(A), log(A)] if n == 45 else [])
    consumer = Consumer([on_top(node)])
    node.lie = lambda method, _, result: result[:1] if method == "eth_getLogs" else result
    twin.lie = lambda method, _, result: result[-1:] if method == "eth_getLogs" else result
    async with feeding(node, twin, clock=clock, start=on_top(node), confirmations=4) as (feed, _):
        await drive(feed, consumer, lambda: bool(consumer.missed))
    assert [entry.index for entry in consumer.missed[0].block.logs] == [0, 1]


async def test_a_finality_tag_beyond_the_head_makes_nothing_final() -> None:
    node, clock = world(60)
    growing(node, clock)

    def ahead(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == "finalized":
            return {**result, "number": hex(node.head + 1000)}
        return result

    node.lie = ahead
    consumer = Consumer([on_top(node)])
    async with feeding(node, clock=clock, start=on_top(node), finality="finalized", confirmations=8) as (feed, _):
        await drive(feed, consumer, lambda: consumer.final >= 60)
    assert consumer.blocks[-1].number - consumer.final >= 8
