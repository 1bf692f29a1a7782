"""The chain's store against a real engine: one commit a block, and nothing said twice or lost."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from tests import events
from tests.alerts import an_alert
from watchers.alert import Alert
from watchers.chain.block import Cursor
from watchers.errors import ChainError, Fenced, ReorgError, StoreError
from watchers.history import History
from watchers.record import book_name
from watchers.store import BOOK_S, ChainStore, Change, CommittedBlock, tag
from watchers.valkey import client

TTL_MS = 60_000


def at(number: int, fork: str = "a") -> Cursor:
    return Cursor(number, f"0x{fork}{number}")


def alert(block: int, n: int = 0, **bent: Any) -> Alert:
    return an_alert(id=f"{n:032x}", chain_id=1, block=block, **bent)


def block(number: int, *alerts: Alert, fork: str = "a", found: tuple[Any, ...] = (), **bent: Any) -> CommittedBlock:
    return CommittedBlock(at(number, fork), 1_000 + number, found, alerts, **bent)


def chain(redis: Redis, **bent: Any) -> ChainStore:
    return ChainStore(redis, 1, clock_ms=lambda: 5, **bent)


async def held(store: ChainStore, holder: str = "me") -> int:
    epoch = await store.acquire(holder, TTL_MS)
    assert epoch is not None
    return epoch


async def drain(store: ChainStore, consumer: str = "c") -> list[Change]:
    found = await store.changes(consumer, count=100, block_ms=0)
    for change in found:
        await store.settle(change.entry_id)
    return found


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


async def test_the_first_block_cannot_be_taken_back(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, block(1))
    with pytest.raises(ChainError, match="deeper"):
        await store.rewind(epoch, at(1))


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


async def test_a_second_reading_that_tells_more_about_a_known_alert_changes_it(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, block(1, alert(1)))
    await drain(store)
    await store.add(epoch, block(1, alert(1, tx=events.tx(5))))
    (change,) = await drain(store)
    assert (change.state.rev, change.state.alert.tx, change.state.moved_from) == (2, events.tx(5), None)


async def test_an_unsettled_entry_comes_again_to_its_consumer_after_a_restart(redis: Redis) -> None:
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, block(1, alert(1, 1), alert(1, 2)))
    (first,) = await store.changes("c", count=1, block_ms=0)
    (second,) = await store.changes("c", count=1, block_ms=0)
    assert await store.changes("c", count=9, block_ms=0) == []  # not again at once: the caller is at work on them
    again = await chain(redis).changes("c", count=9, block_ms=0)
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
    again = await store.changes("c", count=10, block_ms=0)
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


async def test_a_dead_engine_is_a_store_error(tmp_path: Any) -> None:
    redis = client(str(tmp_path / "nobody.sock"))
    store = chain(redis)
    for call in (store.cursor(), store.acquire("a", 5), store.changes("c", count=1, block_ms=1), store.alert("x")):
        with pytest.raises(StoreError):
            await call
    await redis.aclose()
