"""What the store keeps of the past, and what it forgets."""

import pytest
from redis.asyncio import Redis

from tests import events
from tests.committed import alert, at, block, chain, drain, held
from watchers.history import History
from watchers.record import book_name
from watchers.states import tag
from watchers.store import BOOK_S


async def test_read_back_votes_complete_a_book_and_survive_a_reorg_of_later_ones(redis: Redis) -> None:
    store, history = chain(redis), History(redis, [1])
    epoch = await held(store)
    await store.commit(epoch, None, block(10, found=(events.vote(10),)))
    assert await history.ballots(1, events.GOVERNOR, 7) is None
    earlier = [(events.vote(3, n, for_raw=n), 1_003) for n in range(3)]
    for _ in range(2):
        await store.remember(epoch, earlier, complete=book_name(events.GOVERNOR, 7))
    assert [b.for_raw for b in await history.ballots(1, events.GOVERNOR, 7) or []] == [0, 1, 2, events.HUGE]
    before = await history.ballots(1, events.GOVERNOR, 7, before=(10, 0))
    assert before is not None
    assert len(before) == 3
    await store.commit(epoch, at(10), block(11, found=(events.vote(11),)))
    await store.rewind(epoch, at(11))
    assert len(await history.ballots(1, events.GOVERNOR, 7) or []) == 4


async def test_a_book_is_complete_from_the_creation_on_and_not_without_it(redis: Redis) -> None:
    store, history = chain(redis), History(redis, [1])
    epoch = await held(store)
    await store.commit(epoch, None, block(1))
    await store.commit(epoch, at(1), block(2, found=(events.created(2),)))
    assert await history.ballots(1, events.GOVERNOR, 7) == []
    await store.rewind(epoch, at(2))
    assert await history.ballots(1, events.GOVERNOR, 7) is None


async def test_retention_forgets_the_old_but_nothing_that_waits_to_be_delivered(redis: Redis) -> None:
    store, history = chain(redis), History(redis, [1])
    epoch = await held(store)
    await store.commit(
        epoch, None, block(1, alert(1, 1), found=(events.created(1), events.vote(1, 1), events.move(1, 2)))
    )
    await store.commit(epoch, at(1), block(50, alert(50, 2), found=(events.vote(50, 1, proposal_id=8),)))
    far_ms = (1_001 + 1) * 1000
    assert await store.prune(far_ms) == 4  # three events and one alert: the outbox is younger than all of it
    assert [s.event.block for s in await history.votes()] == [50]
    assert [s.alert.block for s in await history.alerts()] == [50]
    assert len(await history.ballots(1, events.GOVERNOR, 7) or []) == 1  # a book outlives its votes: it may be open yet
    (left,) = await drain(store)  # the entry of the forgotten alert is struck out on the way
    assert left.state.alert.block == 50
    assert await redis.xlen(f"{tag(1)}:outbox") == 0

    await redis.delete(f"{tag(1)}:outbox")  # an entry can only be as old as that in a new stream
    await redis.xadd(f"{tag(1)}:outbox", {"id": f"{2:032x}", "rev": 1}, id="5-1")
    assert await store.prune(2_000_000) == 1  # the event of block 50; its alert waits since 5 ms
    assert await store.alert(f"{2:032x}") is not None
    assert await store.prune((1_002 + BOOK_S) * 1000) == 1  # the book of block 1's proposal
    assert await history.ballots(1, events.GOVERNOR, 7) is None


async def test_of_a_busy_chains_moves_the_newest_are_kept(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchers.store.KEPT", 3)
    store, history = chain(redis), History(redis, [1])
    epoch = await held(store)
    await store.commit(epoch, None, block(1, found=tuple(events.move(1, n) for n in range(3))))
    await store.commit(epoch, at(1), block(2, found=(events.move(2), events.vote(2, 1))))
    assert [(s.event.block, s.event.log_index) for s in await history.moves()] == [(2, 0), (1, 2), (1, 1)]
    assert len(await history.votes()) == 1
    await store.rewind(epoch, at(2))
    assert len(await history.moves()) == 2
