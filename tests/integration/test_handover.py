"""A chain changes hands: who ends lets go at once, and who takes over is not blamed for the time it stood by."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.governed import World, world
from tests.integration.test_supervisor import Notices, Script, fast_sleep, follower, running, until
from tests.node import Clock, Node


@pytest.fixture
async def w(redis: Redis) -> AsyncIterator[World]:
    node = Node(clock=Clock())
    node.mine_many(10)
    async with world(node, redis) as made:
        await made.store.release(made.pipeline._epoch)
        yield made


async def test_who_ends_lets_go_of_the_chain_at_once(w: World) -> None:
    feed = Script(w, ((1, 2), None))
    async with running(follower(w, feed, Notices())):
        await feed.resting.wait()
        assert await w.store.acquire("heir", 60_000) is None
    assert await w.store.acquire("heir", 60_000) is not None


async def test_a_stall_is_counted_from_taking_over_not_from_standing_by(w: World) -> None:
    held = await w.store.acquire("another", 60_000)
    assert held is not None
    feed, operator = Script(w, ((), None)), Notices()
    heir = follower(w, feed, operator, stalls=True)
    async with running(heir):
        await until(lambda: heir.standby)
        await fast_sleep(200)
        assert operator.told == []
        await w.store.release(held)
        await operator.heard.wait()
    ((_, _, since_s, _),) = operator.told
    assert since_s < 200
