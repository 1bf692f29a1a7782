"""What a chain takes back, and what only looks so."""

from typing import Any

import pytest

from tests.followed import A, B, Consumer, bent, canonical, drive, feeding, growing, mixed, on_top, world
from tests.node import log
from watchers.chain.block import Cursor
from watchers.errors import ChainError


@pytest.mark.parametrize("depth", [1, 3, 20])
async def test_a_reorg_is_taken_back_one_block_at_a_time(depth: int) -> None:
    node, clock = world(60)
    start = on_top(node)
    consumer = Consumer([Cursor(n, node.blocks[n].header["hash"]) for n in range(61)])
    consumer.logs = canonical(node, 0)
    async with feeding(node, clock=clock, start=start, ring=consumer.ring()) as (feed, _):
        node.reorg(depth, [mixed(n) for n in range(depth + 1)])
        await drive(feed, consumer, lambda: consumer.blocks[-1] == on_top(node))
    assert consumer.rewinds == depth
    assert [c.hash for c in consumer.blocks] == [b.header["hash"] for b in node.blocks]


async def test_a_node_that_contradicts_itself_does_not_make_us_take_a_block_back() -> None:
    node, clock = world(40)
    growing(node, clock)
    consumer = Consumer([Cursor(n, node.blocks[n].header["hash"]) for n in range(41)])
    lies = ["wrong_parent"] * 2

    def lie(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result and int(params[0], 16) > 42 and lies:
            return bent(lies.pop(), method, result)
        return result

    async with feeding(node, clock=clock, start=on_top(node), ring=consumer.ring()) as (feed, _):
        await drive(feed, consumer, lambda: bool(consumer.forwards))
        node.lie = lie
        await drive(feed, consumer, lambda: len(consumer.forwards) == 6)
        assert feed.counters.fork.contradictions == 2
    assert consumer.rewinds == 0


async def test_of_two_nodes_that_disagree_about_a_block_the_preferred_is_believed_after_a_while() -> None:
    node, clock = world(40)
    behind = node.copy()
    consumer = Consumer([Cursor(n, node.blocks[n].header["hash"]) for n in range(41)])
    consumer.logs = canonical(node, 0)
    node.reorg(1, [[log(A)], [log(B)], []])
    async with feeding(node, behind, clock=clock, start=on_top(behind), ring=consumer.ring()) as (feed, _):
        await drive(feed, consumer, lambda: consumer.blocks[-1] == on_top(node))
        assert feed.counters.fork.disputes == 3
    assert consumer.rewinds == 1


async def test_a_cursor_that_was_orphaned_while_we_were_down_is_taken_back_first() -> None:
    node, clock = world(60)
    consumer = Consumer([Cursor(n, node.blocks[n].header["hash"]) for n in range(40, 61)])
    consumer.logs = canonical(node, 40)
    node.reorg(2, [mixed(n) for n in range(300)])
    async with feeding(node, clock=clock, start=consumer.blocks[-1], ring=consumer.ring()) as (feed, _):
        await drive(feed, consumer, lambda: consumer.blocks[-1] == on_top(node))
    assert consumer.rewinds == 2


async def test_a_reorg_past_finality_stops_and_says_so() -> None:
    node, clock = world(60)
    growing(node, clock)
    consumer = Consumer([on_top(node)])
    async with feeding(node, clock=clock, start=on_top(node), confirmations=4) as (feed, _):
        await drive(feed, consumer, lambda: consumer.final > 64)
        node.reorg(20, [mixed(n) for n in range(22)])
        with pytest.raises(ChainError, match="past finality"):
            await drive(feed, consumer, lambda: False, limit=200)


async def test_a_reorg_beyond_what_is_remembered_names_the_block() -> None:
    node, clock = world(60)
    start = on_top(node)
    async with feeding(node, clock=clock, start=start, ring=[start]) as (feed, _):
        node.reorg(5, [[] for _ in range(6)])
        with pytest.raises(ChainError, match="beyond block 60"):
            await drive(feed, Consumer([start]), lambda: False, limit=50)
