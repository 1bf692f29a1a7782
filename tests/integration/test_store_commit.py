"""The chain's store against a real engine: one holder, one commit a block, and nothing said twice or lost."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from tests import events
from tests.committed import TTL_MS, alert, at, block, chain, drain, held
from watchers.errors import ChainError, Fenced, ReorgError, StoreError
from watchers.history import History
from watchers.valkey import client


async def test_a_lease_is_held_by_one_and_each_new_holder_has_a_higher_epoch(redis: Redis) -> None:
    store = chain(redis)
    first = await held(store, "a")
    assert await store.acquire("a", TTL_MS) == first  # a lost reply asked again
    assert await store.acquire("b", TTL_MS) is None
    await store.release(first)
    second = await held(store, "b")
    assert second > first
    assert not await store.renew(first, TTL_MS)
    await store.release(first)  # not ours any more: nothing happens
    assert await store.renew(second, TTL_MS)


async def test_a_lease_that_was_not_renewed_is_free_and_its_holder_can_no_longer_write(redis: Redis) -> None:
    store, other = chain(redis), chain(redis)
    old = await store.acquire("a", 20)
    assert old is not None
    await asyncio.sleep(0.05)
    new = await held(other, "b")
    for write in (
        store.commit(old, None, block(1)),
        store.add(old, block(1)),
        store.rewind(old, at(1)),
        store.finalize(old, 1),
        store.remember(old, [], complete="x"),
    ):
        with pytest.raises(Fenced):
            await write
    assert await other.commit(new, None, block(1)) == "ok"


async def test_a_commit_moves_the_cursor_once_however_often_it_is_sent(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    first = block(1, alert(1), found=(events.vote(1),), late_s=9, seen_at_ms=77)
    assert await store.commit(epoch, None, first) == "ok"
    assert await store.commit(epoch, None, first) == "dup"
    assert await store.cursor() == at(1)
    (change,) = await drain(store)
    assert (change.state.rev, change.state.live, change.state.final) == (1, True, False)
    assert (change.state.late_s, change.state.seen_at_ms, change.state.moved_from) == (9, 77, None)
    assert change.state.alert == alert(1)
    assert await drain(store) == []


async def test_a_commit_from_another_cursor_than_ours_is_refused_and_changes_nothing(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, block(1))
    await store.commit(epoch, at(1), block(2))
    for expected, new in ((None, block(3)), (at(1), block(3, alert(3))), (at(2, "b"), block(3)), (at(2), block(2))):
        with pytest.raises(ReorgError):
            await store.commit(epoch, expected, new)
    assert await store.cursor() == at(2)
    assert await drain(store) == []


async def test_a_rewind_takes_one_block_back_and_its_alert_and_events_with_it(redis: Redis) -> None:
    store, history = chain(redis), History(redis, [1])
    epoch = await held(store)
    await store.commit(epoch, None, block(1, alert(1, 1)))
    await store.commit(epoch, at(1), block(2, alert(2, 2), found=(events.vote(2), events.move(2, 1))))
    await drain(store)
    assert await store.rewind(epoch, at(2)) == at(1)
    assert await store.rewind(epoch, at(2)) == at(1)  # a lost reply asked again takes no second block
    assert await store.cursor() == at(1)
    (change,) = await drain(store)
    assert (change.state.alert.id, change.state.live, change.state.rev) == (f"{2:032x}", False, 2)
    assert await history.votes() == []
    assert await history.moves(pool=events.POOL) == []
    assert await redis.keys("*:x:*") == []
    status = await history.chain_status(1)
    assert status is not None
    assert status.time_s == 1_001


async def test_an_alert_mined_again_in_another_block_is_live_again_and_says_where_it_was(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, block(1))
    await store.commit(epoch, at(1), block(2, alert(2)))
    await store.rewind(epoch, at(2))
    await store.commit(epoch, at(1), block(2, fork="b"))
    await store.commit(epoch, at(2, "b"), block(3, alert(3), fork="b"))
    state = await store.alert(alert(3).id)
    assert state is not None
    assert (state.rev, state.live, state.moved_from, state.alert.block) == (3, True, 2, 3)
    assert len(await drain(store)) == 3  # one entry for each change; each shows where the alert stands now


async def test_an_alert_mined_again_at_the_same_height_has_not_moved(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, block(1))
    await store.commit(epoch, at(1), block(2, alert(2)))
    await store.rewind(epoch, at(2))
    await store.commit(epoch, at(1), block(2, alert(2), fork="b"))
    state = await store.alert(alert(2).id)
    assert state is not None
    assert (state.rev, state.live, state.moved_from) == (3, True, None)


async def test_a_reorg_that_is_itself_undone_makes_the_alert_live_again_as_it_was(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, block(1))
    await store.commit(epoch, at(1), block(2, alert(2)))
    await store.rewind(epoch, at(2))
    await store.commit(epoch, at(1), block(2, alert(2)))  # the very same block
    state = await store.alert(alert(2).id)
    assert state is not None
    assert (state.rev, state.live, state.moved_from) == (3, True, None)


async def test_the_first_block_cannot_be_taken_back(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, block(1))
    with pytest.raises(ChainError, match="deeper"):
        await store.rewind(epoch, at(1))


async def test_a_dead_engine_is_a_store_error(tmp_path: Any) -> None:
    redis = client(str(tmp_path / "nobody.sock"))
    store = chain(redis)
    for call in (store.cursor(), store.acquire("a", 5), store.changes("c", count=1, block_ms=1), store.alert("x")):
        with pytest.raises(StoreError):
            await call
    await redis.aclose()
