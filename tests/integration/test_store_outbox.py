"""The other side of the commit: entries come to whoever is there, again until they are settled."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.committed import alert, at, block, chain, held, in_hand
from watchers.errors import StoreError
from watchers.states import tag


async def test_an_unsettled_entry_comes_again_to_its_consumer_after_a_restart(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, block(1, alert(1, 1), alert(1, 2)))
    (first,) = await store.changes("c", count=1, block_ms=0)
    (second,) = await store.changes("c", count=1, block_ms=0)
    assert await store.changes("c", count=9, block_ms=0) == []  # not again at once: the caller is at work on them
    again = await in_hand(chain(redis))
    assert [c.entry_id for c in again] == [first.entry_id, second.entry_id]
    assert [c.times_delivered for c in again] == [2, 2]


async def test_an_entry_whose_alert_could_not_be_read_comes_again_at_once(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = chain(redis)
    epoch = await store.acquire("me", 60_000)
    assert epoch is not None
    await store.commit(epoch, None, block(1, alert(1)))
    assert await store.changes("c", count=10, block_ms=0) != []  # left pending, and drained

    async def gone(*_: Any) -> Any:
        raise StoreError("the engine is gone")

    await store.commit(epoch, at(1), block(2, alert(2)))
    with monkeypatch.context() as broken:
        broken.setattr("watchers.store.alert_states", gone)
        with pytest.raises(StoreError):
            await store.changes("c", count=10, block_ms=0)
    again = await in_hand(store)
    assert alert(2).id in [change.state.alert.id for change in again]


async def test_an_entry_that_a_dead_consumer_left_is_taken_over(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, block(1, alert(1)))
    (left,) = await store.changes("dead", count=9, block_ms=0)
    assert await store.changes("heir", count=9, block_ms=0) == []
    await asyncio.sleep(0.01)
    (taken,) = await chain(redis, claim_idle_ms=1).changes("heir", count=9, block_ms=20)
    assert taken.entry_id == left.entry_id
    await store.settle(taken.entry_id)
    assert await redis.xlen(f"{tag(1)}:outbox") == 0
    assert (await redis.xpending(f"{tag(1)}:outbox", "deliver"))["pending"] == 0


async def test_entries_written_before_anybody_listened_are_not_lost(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    for n in range(1, 4):
        await store.commit(epoch, at(n - 1) if n > 1 else None, block(n, alert(n, n)))
    assert len(await chain(redis).changes("late", count=100, block_ms=0)) == 3


async def test_a_waiting_reader_wakes_with_the_commit(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    waiting = asyncio.create_task(chain(redis).changes("c", count=1, block_ms=4_000))
    await asyncio.sleep(0.05)
    await store.commit(epoch, None, block(1, alert(1)))
    async with asyncio.timeout(2):
        assert len(await waiting) == 1


async def test_an_emptied_store_gets_its_consumer_group_back(redis: Redis) -> None:
    store = chain(redis)
    assert await store.changes("c", count=1, block_ms=0) == []
    await redis.flushall()
    with pytest.raises(StoreError):
        await store.changes("c", count=1, block_ms=0)
    assert await store.changes("c", count=1, block_ms=0) == []
