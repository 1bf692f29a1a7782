"""Random reorgs and lies: what the feed's consumer holds in the end is the canonical chain."""

from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import Chain
from tests.followed import LIES, OURS, Consumer, bent, canonical, drive, mixed, on_top, world
from tests.node import chain_of, serve
from watchers.chain.block import Cursor
from watchers.chain.feed import Feed
from watchers.chain.rpc import Rpc
from watchers.chain.wanted import Wanted
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


class Story:
    """What becomes of the chain while it is followed: a move each time the feed waits. A twin tells the same chain."""

    def __init__(self, script: list[Move]) -> None:
        self.node, self.clock = world(30)
        self.twin = self.node.copy()
        self.pending, self.lies = list(script), list[str]()
        self.node.lie, self.clock.on_sleep = self._lie, self._grow

    @property
    def told(self) -> bool:
        return (not self.pending and not self.lies) or self.node.head > 200

    def _lie(self, method: str, _: list[Any], result: Any) -> Any:
        lied = self.lies and method in ("eth_getBlockByNumber", "eth_getLogs")
        return bent(self.lies.pop(), method, result) if lied else result

    def _grow(self, _: float) -> None:
        node = self.node
        what, number, kind = self.pending.pop(0) if self.pending else ("mine", 1, "")
        if what == "mine":
            node.mine_many(number, mixed)
        elif what == "reorg":
            depth = min(number, node.head - 5)
            node.reorg(depth, [mixed(n) for n in range(depth + 1)])
        else:
            self.lies.extend([kind] * number)
        self.twin.follow(node)


async def follow(story: Story, chain: Chain, consumer: Consumer) -> None:
    """Follow the chain to the end of the story, beginning again from the cursor as the supervisor does."""
    clock = story.clock
    async with aiohttp.ClientSession() as session:
        rpc = Rpc(chain, session, clock=clock, sleep=clock.sleep)
        for _ in range(20):
            where: Any = {"start": consumer.blocks[-1], "ring": consumer.ring()}
            feed = Feed(chain, rpc, wanted=Wanted(OURS), history_h=0, clock=clock, sleep=clock.sleep, **where)
            try:
                await drive(feed, consumer, lambda: story.told)
                await drive(feed, consumer, lambda: consumer.blocks[-1] == on_top(story.node))
            except ChainError:
                await clock.sleep(1)
            else:
                return
    pytest.fail("the feed never recovers")


@settings(max_examples=40)
@given(script=moves, two=st.booleans())
async def test_whatever_nodes_do_the_consumer_ends_with_the_canonical_chain(script: list[Move], two: bool) -> None:  # noqa: FBT001 - drawn
    story = Story(script)
    node = story.node
    consumer = Consumer([Cursor(n, node.blocks[n].header["hash"]) for n in range(31)])
    consumer.logs = canonical(node, 0)
    async with serve(*((node, story.twin) if two else (node,))) as urls:
        await follow(story, chain_of(urls, confirmations=120), consumer)
    assert [c.number for c in consumer.blocks] == list(range(node.head + 1)), "a block is skipped"
    assert [c.hash for c in consumer.blocks] == [b.header["hash"] for b in node.blocks]
    unseen = {h: ids - consumer.logs[h] for h, ids in canonical(node, 0).items() if ids - consumer.logs[h]}
    assert not unseen, "a log is lost"
