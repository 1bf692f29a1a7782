"""Random reorgs and lies: what the feed's consumer holds in the end is the canonical chain."""

from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.followed import LIES, OURS, Consumer, bent, canonical, drive, mixed, on_top, world
from tests.node import chain_of, serve
from watchers.chain.block import Cursor
from watchers.chain.feed import Feed
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError

Move = tuple[str, int, str]
moves = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), st.integers(1, 4), st.just("")),
        st.tuples(st.just("reorg"), st.integers(1, 20), st.just("")),
        st.tuples(st.just("lie"), st.integers(1, 3), st.sampled_from(LIES)),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40)
@given(script=moves, two=st.booleans())
async def test_whatever_nodes_do_the_consumer_ends_with_the_canonical_chain(script: list[Move], two: bool) -> None:  # noqa: FBT001 - drawn
    node, clock = world(30)
    twin = node.copy()
    nodes = (node, twin) if two else (node,)
    pending = list(script)
    lies: list[str] = []

    def lie(method: str, _: list[Any], result: Any) -> Any:
        lied = lies and method in ("eth_getBlockByNumber", "eth_getLogs")
        return bent(lies.pop(), method, result) if lied else result

    node.lie = lie

    def grow(_: float) -> None:
        if pending:
            what, number, kind = pending.pop(0)
            if what == "mine":
                node.mine_many(number, mixed)
            elif what == "reorg":
                depth = min(number, node.head - 5)
                node.reorg(depth, [mixed(n) for n in range(depth + 1)])
            else:
                lies.extend([kind] * number)
        else:
            node.mine(mixed(node.head + 1))
        twin.follow(node)

    clock.on_sleep = grow
    consumer = Consumer([Cursor(n, node.blocks[n].header["hash"]) for n in range(31)])
    consumer.logs = canonical(node, 0)
    async with serve(*nodes) as urls, aiohttp.ClientSession() as session:
        chain = chain_of(urls, confirmations=120)
        rpc = Rpc(chain, session, clock=clock, sleep=clock.sleep)
        for _ in range(20):
            feed = Feed(
                chain,
                rpc,
                topics=OURS,
                start=consumer.blocks[-1],
                ring=consumer.ring(),
                history_h=0,
                clock=clock,
                sleep=clock.sleep,
            )
            try:
                await drive(feed, consumer, lambda: (not pending and not lies) or node.head > 200)
                await drive(feed, consumer, lambda: consumer.blocks[-1] == on_top(node))
                break
            except ChainError:
                await clock.sleep(1)  # what the supervisor does: begin again from the cursor
        else:
            pytest.fail("the feed never recovers")
    assert [c.number for c in consumer.blocks] == list(range(node.head + 1)), "a block is skipped"
    assert [c.hash for c in consumer.blocks] == [b.header["hash"] for b in node.blocks]
    unseen = {h: ids - consumer.logs[h] for h, ids in canonical(node, 0).items() if ids - consumer.logs[h]}
    assert not unseen, "a log is lost"
