"""What becomes final, and what a second reading adds to committed blocks."""

import pytest
from redis.asyncio import Redis

from tests import events
from tests.committed import alert, at, block, chain, drain, held
from watchers.chain.block import Cursor
from watchers.errors import ChainError, ReorgError
from watchers.history import History
from watchers.states import tag


async def test_final_blocks_make_their_alerts_final_once_and_cannot_be_taken_back(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    cursor: Cursor | None = None
    for n in range(1, 6):
        await store.commit(epoch, cursor, block(n, alert(n, n)))
        cursor = at(n)
    await drain(store)
    assert await store.finalize(epoch, 3) == 3
    assert await store.finalize(epoch, 3) == 0
    assert await store.finalize(epoch, 2) == 0
    assert [(c.state.alert.block, c.state.final, c.state.rev) for c in await drain(store)] == [
        (n, True, 2) for n in (1, 2, 3)
    ]
    assert await store.recent(10) == [at(5), at(4), at(3)]
    await store.rewind(epoch, at(5))
    await store.rewind(epoch, at(4))
    with pytest.raises(ChainError, match="deeper"):
        await store.rewind(epoch, at(3))
    assert await store.cursor() == at(3)


async def test_many_blocks_become_final_in_several_steps(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchers.store.FINAL_CHUNK", 2)
    store = chain(redis)
    epoch = await held(store)
    cursor: Cursor | None = None
    for n in range(1, 8):
        await store.commit(epoch, cursor, block(n, alert(n, n)))
        cursor = at(n)
    assert await store.finalize(epoch, 6) == 6
    assert await store.recent(10) == [at(7), at(6)]
    assert await redis.hlen(f"{tag(1)}:blocks") == 2


async def test_what_a_second_reading_finds_is_said_late_and_once(redis: Redis) -> None:
    store, history = chain(redis), History(redis, [1])
    epoch = await held(store)
    await store.commit(epoch, None, block(1, alert(1, 1), found=(events.vote(1, 0),)))
    await store.commit(epoch, at(1), block(2))
    await drain(store)
    whole = block(1, alert(1, 1), alert(1, 2), found=(events.vote(1, 0), events.vote(1, 5)), late_s=40)
    for _ in range(2):
        await store.add(epoch, whole)
    assert await store.cursor() == at(2)
    (change,) = await drain(store)
    assert (change.state.alert.id, change.state.late_s, change.state.final) == (f"{2:032x}", 40, False)
    assert [stored.event.log_index for stored in await history.votes()] == [5, 0]
    await store.finalize(epoch, 1)
    assert {c.state.alert.id for c in await drain(store)} == {f"{1:032x}", f"{2:032x}"}
    await store.add(epoch, block(1, alert(1, 3)))  # after finality: final from the start
    (change,) = await drain(store)
    assert change.state.final


async def test_what_is_found_late_goes_with_its_block_when_that_is_taken_back(redis: Redis) -> None:
    store, history = chain(redis), History(redis, [1])
    epoch = await held(store)
    await store.commit(epoch, None, block(1))
    await store.commit(epoch, at(1), block(2))
    await store.add(epoch, block(2, alert(2, 2), found=(events.vote(2),)))
    await store.rewind(epoch, at(2))
    state = await store.alert(f"{2:032x}")
    assert state is not None
    assert not state.live
    assert await history.votes() == []
    with pytest.raises(ReorgError):
        await store.add(epoch, block(2, alert(2, 3)))
    with pytest.raises(ReorgError):
        await store.add(epoch, block(1, alert(1, 3), fork="b"))


async def test_an_alert_that_stands_in_an_earlier_block_by_now_outlives_the_block_that_told_it_first(
    redis: Redis,
) -> None:
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, block(1))
    await store.commit(epoch, at(1), block(2))
    await store.commit(epoch, at(2), block(3, alert(3, 7), alert(3, 8)))
    await store.add(epoch, block(2, alert(2, 7)))
    await store.rewind(epoch, at(3))
    kept, gone = await store.alert(f"{7:032x}"), await store.alert(f"{8:032x}")
    assert kept is not None
    assert gone is not None
    assert (kept.live, kept.alert.block, gone.live) == (True, 2, False)
    await store.rewind(epoch, at(2))
    kept = await store.alert(f"{7:032x}")
    assert kept is not None
    assert not kept.live


async def test_a_second_reading_that_tells_more_about_a_known_alert_changes_it(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, block(1, alert(1)))
    await drain(store)
    await store.add(epoch, block(1, alert(1, tx=events.tx(5))))
    (change,) = await drain(store)
    assert (change.state.rev, change.state.alert.tx, change.state.moved_from) == (2, events.tx(5), None)
