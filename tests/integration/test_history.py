"""Questions against a real store: what is found, by what, in which order."""

import pytest
from redis.asyncio import Redis

from tests import events
from tests.alerts import an_alert
from watchers.batches.events import Call
from watchers.chain.block import Cursor
from watchers.history import History, StoredEvent
from watchers.record import read, record
from watchers.store import ChainStore, CommittedBlock

OTHER = "0x" + "0f" * 20


async def fill(redis: Redis, chain_id: int, *blocks: CommittedBlock) -> None:
    store = ChainStore(redis, chain_id, clock_ms=lambda: 7)
    epoch = await store.acquire("me", 60_000)
    assert epoch is not None
    for block in blocks:
        await store.commit(epoch, await store.cursor(), block)


def block(number: int, *found: object, time_s: int | None = None) -> CommittedBlock:
    return CommittedBlock(Cursor(number, f"0x{number}"), number if time_s is None else time_s, found)  # type: ignore[arg-type] # events of several kinds


def places(found: list[StoredEvent]) -> list[tuple[int, int]]:
    return [(stored.event.block, stored.event.log_index) for stored in found]


def test_a_record_holds_every_kind_of_event_with_its_huge_numbers() -> None:
    call = Call(0, OTHER, events.HUGE, "0x")
    for event in (events.vote(1), events.created(1), events.move(1), events.batch(1, calls=(call,))):
        written = record(event, 9)
        assert read(written.text) == StoredEvent(event, 9)
        assert written.score == 1_000_000


async def test_votes_come_newest_first_and_page_by_page(redis: Redis) -> None:
    await fill(redis, 1, block(1, *(events.vote(1, n) for n in range(4))), block(2, events.vote(2, 0, proposal_id=8)))
    history = History(redis, [1])
    assert places(await history.votes()) == [(2, 0), (1, 3), (1, 2), (1, 1), (1, 0)]
    assert places(await history.votes(limit=2)) == [(2, 0), (1, 3)]
    assert places(await history.votes(limit=2, before=(1, 3))) == [(1, 2), (1, 1)]
    assert places(await history.votes(governor=events.GOVERNOR, proposal_id=8)) == [(2, 0)]
    assert places(await history.votes(proposal_id=8)) == [(2, 0)]
    assert await history.votes(governor=OTHER) == []


async def test_moves_are_found_by_pool_owner_and_protocol_together(redis: Redis) -> None:
    found = (events.move(1, 0), events.move(1, 1, owner=OTHER), events.move(1, 2, address=OTHER, protocol="v2"))
    await fill(redis, 1, block(1, *found))
    history = History(redis, [1])
    assert places(await history.moves(pool=events.POOL)) == [(1, 1), (1, 0)]
    assert places(await history.moves(pool=events.POOL, owner=OTHER)) == [(1, 1)]
    assert places(await history.moves(owner=events.OWNER, protocol="v2")) == [(1, 2)]
    assert places(await history.moves(protocol="v2")) == [(1, 2)]


async def test_a_batch_is_found_by_transaction_and_operation_and_fails_with_a_call_in_it(redis: Redis) -> None:
    rolled = (Call(0, OTHER, 0, "0x", outcome="rolled_back"),)
    found = (events.batch(1, 0), events.batch(1, 1, success=False), events.batch(1, 2, calls=rolled, sender=OTHER))
    await fill(redis, 1, block(1, *found))
    history = History(redis, [1])
    assert places(await history.batches(failed_only=True)) == [(1, 2), (1, 1)]
    assert places(await history.batches(failed_only=True, sender=OTHER)) == [(1, 2)]
    assert places(await history.batches(sender=events.SENDER)) == [(1, 1), (1, 0)]
    assert places(await history.batch(1, found[1].tx.upper().replace("X", "x"))) == [(1, 1)]
    assert places(await history.batch(None, found[0].container_id)) == [(1, 0), (1, 1), (1, 2)]


async def since(history: History, since_s: int) -> list[list[int]]:
    return [[stored.event.block for stored in page] async for page in history.batches_since(1, since_s)]


async def test_batches_since_a_time_come_page_by_page_and_reading_ends_with_the_first_older_one(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchers.history.PAGE", 2)
    await fill(redis, 1, *(block(n, events.batch(n), time_s=100 * n) for n in range(1, 8)))
    history = History(redis, [1])
    assert await since(history, 0) == [[7, 6], [5, 4], [3, 2], [1]]
    assert await since(history, 450) == [[7, 6], [5, 4]]
    assert await since(history, 700) == [[7, 6]]
    monkeypatch.setattr("watchers.history.MAX_SCANNED", 4)
    assert await since(history, 0) == [[7, 6], [5, 4]]


async def test_a_batch_that_comes_in_between_two_pages_makes_none_count_twice(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchers.history.PAGE", 2)
    store = ChainStore(redis, 1, clock_ms=lambda: 7)
    epoch = await store.acquire("me", 60_000)
    assert epoch is not None
    for n in range(1, 5):
        await store.commit(epoch, await store.cursor(), block(n, events.batch(n)))
    read_so_far = []
    async for page in History(redis, [1]).batches_since(1, 0):
        read_so_far += [stored.event.block for stored in page]
        if len(read_so_far) == 2:
            await store.commit(epoch, await store.cursor(), block(5, events.batch(5)))
    assert read_so_far == [4, 3, 2, 1]


async def test_a_proposals_life_is_told_from_its_creation_on(redis: Redis) -> None:
    await fill(redis, 1, block(1, events.created(1)), block(2, events.created(2, change="queued", description="")))
    history = History(redis, [1])
    assert places(await history.proposals()) == [(1, 0)]
    assert places(await history.proposals(governor=events.GOVERNOR)) == [(1, 0)]
    assert places(await history.proposal(1, events.GOVERNOR, 7)) == [(1, 0), (2, 0)]


async def test_several_chains_are_told_by_time(redis: Redis) -> None:
    await fill(redis, 1, block(100, events.vote(100), time_s=50))
    await fill(
        redis, 10, block(5, events.vote(5, chain_id=10), time_s=60), block(6, events.vote(6, chain_id=10), time_s=40)
    )
    history = History(redis, [1, 10])
    assert places(await history.votes()) == [(5, 0), (100, 0), (6, 0)]
    assert places(await history.votes(chain_id=10)) == [(6, 0), (5, 0)]


async def test_a_filter_looks_past_what_does_not_fit(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchers.history.PAGE", 2)
    await fill(redis, 1, block(1, *(events.move(1, n, owner=OTHER if n == 0 else events.OWNER) for n in range(9))))
    assert places(await History(redis, [1]).moves(pool=events.POOL, owner=OTHER)) == [(1, 0)]


async def test_acts_are_found_by_their_contract(redis: Redis) -> None:
    await fill(redis, 1, block(1, events.act(1), events.act(1, 1, address=OTHER, amount_raw=None)))
    history = History(redis, [1])
    assert places(await history.acts()) == [(1, 1), (1, 0)]
    (one,) = await history.acts(contract=events.VESTING)
    assert one.event == events.act(1)


async def test_alerts_are_told_by_kind_and_status_tells_where_a_chain_stands(redis: Redis) -> None:
    history = History(redis, [1, 10])
    assert await history.chain_status(1) is None
    store = ChainStore(redis, 1, clock_ms=lambda: 7)
    epoch = await store.acquire("me", 60_000)
    assert epoch is not None
    alerts = tuple(an_alert(id=f"{n:032x}", block=3, kind=kind) for n, kind in enumerate(("vote", "batch")))
    await store.commit(epoch, None, CommittedBlock(Cursor(3, "0x3"), 33, (events.vote(3),), alerts))
    await store.note(head=9, requests=4)
    assert [s.alert.kind for s in await history.alerts()] == ["batch", "vote"]
    assert [s.alert.kind for s in await history.alerts(kind="vote", chain_id=1)] == ["vote"]
    status = await history.chain_status(1)
    assert status is not None
    assert (status.cursor.number, status.time_s, status.head, status.lag, status.noted_at_ms) == (3, 33, 9, 6, 7)
    assert (status.events, status.alerts, status.pending, status.final) == (1, 2, 2, None)
    assert status.oldest_pending_ms is not None
    assert status.notes == {"requests": "4"}
