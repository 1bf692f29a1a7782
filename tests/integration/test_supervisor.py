"""A chain that is followed by one process, says once what is wrong and once that it is over."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from config.settings import Chain
from tests.governed import World, world
from tests.node import Clock, Node
from watchers.chain.block import Cursor
from watchers.chain.feed import Feed
from watchers.chain.steps import Step
from watchers.chain.wanted import Wanted
from watchers.errors import ChainError
from watchers.supervisor import LEASE_MS, LONGEST_WAIT_S, RENEWALS, Follower


class Notices:
    """An operator that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.heard = asyncio.Event()
        self.deaf = False

    async def stalled(self, chain: Chain, since_s: float, head: int) -> None:
        self._hear("stalled", chain.key, since_s, head)

    async def recovered(self, chain: Chain, gap_blocks: int, down_s: float) -> None:
        self._hear("recovered", chain.key, gap_blocks, down_s)

    def _hear(self, *what: Any) -> None:
        self.told.append(what)
        self.heard.set()
        if self.deaf:
            raise ConnectionError("Discord is away")


class Script:
    """A feed that does what each turn says: tell blocks, then wait or fail."""

    def __init__(self, w: World, *turns: tuple[Sequence[int], Exception | None]) -> None:
        self.world, self.turns, self.begun = w, list(turns), 0
        self.starts: list[Cursor | None] = []
        self.resting = asyncio.Event()
        self.go_on = asyncio.Event()

    def __call__(self, start: Cursor | None, _ring: Sequence[Cursor]) -> AsyncIterator[Step]:
        self.starts.append(start)
        return self._steps()

    async def _steps(self) -> AsyncIterator[Step]:
        numbers, error = self.turns.pop(0) if self.turns else ((), None)
        for number in numbers:
            yield self.world.step(number)
        if error is not None:
            raise error
        self.resting.set()
        await self.go_on.wait()
        for number in range(numbers[-1] + 1 if numbers else 1, self.world.node.head + 1):
            yield self.world.step(number)
        await asyncio.Event().wait()


SPEED = 100  # a second of the follower's takes 10 ms


def fast_clock() -> float:
    return asyncio.get_running_loop().time() * SPEED


async def fast_sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / SPEED)


def follower(w: World, feed: Any, operator: Notices, *, stalls: bool = False, **bent: Any) -> Follower[Step]:
    given: dict[str, Any] = {"holder": "me", "clock": fast_clock, "sleep": fast_sleep, "jitter": lambda: 1.0}
    followed = Follower(w.chain, w.store, w.pipeline, feed, operator, **{**given, **bent})
    if not stalls:
        followed.silence.stall_s = 1e6  # a busy machine is not a stall
    return followed


@contextlib.asynccontextmanager
async def running(followed: Follower[Any]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(followed.follow())
    try:
        async with asyncio.timeout(20):
            yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - what is waited for is state, not an event
        await asyncio.sleep(0.002)


@pytest.fixture
async def w(redis: Redis) -> AsyncIterator[World]:
    node = Node(clock=Clock())
    node.mine_many(10)
    async with world(node, redis) as made:
        await made.store.release(made.pipeline._epoch)
        yield made


async def test_a_failure_is_said_once_and_its_end_once_with_the_gap(w: World) -> None:
    wrong = ChainError("testnet: no endpoint answers")
    feed = Script(w, ((1, 2), wrong), ((), wrong), ((), wrong), ((3,), None))
    with capture_logs() as said:
        async with running(follower(w, feed, Notices())) as _:
            await feed.resting.wait()
    events = [line["event"] for line in said if line["event"].startswith("chain_")]
    assert events == ["chain_down", "chain_back"]
    down, back = (next(line for line in said if line["event"] == name) for name in events)
    assert down["why"] == "no endpoint answers"
    assert (back["gap_blocks"], back["down_s"] > 0) == (8, True)
    assert [start.number if start else None for start in feed.starts] == [None, 2, 2, 2]


async def test_each_failure_waits_longer_up_to_a_cap(w: World) -> None:
    feed = Script(w, *[((), ChainError("down"))] * 9, ((1,), None))
    waits: list[float] = []

    async def noting(seconds: float) -> None:
        if seconds <= LONGEST_WAIT_S and seconds != LEASE_MS / 1000 / RENEWALS:
            waits.append(seconds)
        await fast_sleep(seconds)

    async with running(follower(w, feed, Notices(), sleep=noting)):
        await feed.resting.wait()
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


async def test_a_defect_is_said_with_its_traceback_and_the_chain_goes_on(w: World) -> None:
    feed = Script(w, ((1,), ZeroDivisionError("a bug")), ((), ZeroDivisionError("a bug")), ((2,), None))
    shown: list[str] = []

    async def looking(seconds: float) -> None:
        shown.append(followed.down)
        await fast_sleep(seconds)

    followed = follower(w, feed, Notices(), sleep=looking)
    with capture_logs() as said:
        async with running(followed):
            await feed.resting.wait()
    assert "a defect, see the log" in shown
    assert not any("a bug" in one for one in shown)  # its text may hold anything; /status is for everybody
    defects = [line for line in said if line["event"] == "chain_defect"]
    assert len(defects) == 1
    assert isinstance(defects[0]["exc_info"], ZeroDivisionError)
    assert await w.store.cursor() == w.step(2).block.cursor


async def test_a_stall_is_told_once_and_so_is_its_end_with_the_gap(w: World) -> None:
    feed, operator = Script(w, ((1, 2), None)), Notices()
    with capture_logs() as said:
        async with running(follower(w, feed, operator, stalls=True)):
            await operator.heard.wait()
            await fast_sleep(120)  # three more such spans: not told again
            feed.go_on.set()
            await until(lambda: len(operator.told) > 1)
    assert [line["event"] for line in said] == ["chain_stalled", "chain_back"]
    (stalled, chain, since_s, head), (recovered, _, gap, down_s) = operator.told
    assert (stalled, recovered, chain, head, gap) == ("stalled", "recovered", "testnet", 10, 8)
    assert since_s > 36  # three block times of 12 s
    assert down_s >= since_s + 120


async def test_a_stall_whose_reason_was_logged_is_told_the_operator_and_not_logged_again(w: World) -> None:
    feed, operator = Script(w, *[((), ChainError("testnet: no endpoint answers"))] * 10_000), Notices()
    with capture_logs() as said:
        async with running(follower(w, feed, operator, stalls=True)):
            await operator.heard.wait()
    assert [(line["event"], line["why"]) for line in said] == [("chain_down", "no endpoint answers")]


async def test_an_operator_that_cannot_be_told_does_not_stop_the_chain(w: World) -> None:
    feed, operator = Script(w, ((1,), None)), Notices()
    operator.deaf = True
    with capture_logs() as said:
        async with running(follower(w, feed, operator, stalls=True)):
            await until(lambda: bool(operator.told))
            feed.go_on.set()
            await until(lambda: w.pipeline.counters.blocks == 10)
    assert "operator_not_told" in [line["event"] for line in said]


async def test_one_process_follows_and_the_other_takes_over_where_it_stood(w: World, redis: Redis) -> None:
    async with world(w.node, redis) as other:
        await other.store.release(other.pipeline._epoch)
        first, second = Script(w, ((1, 2, 3), None)), Script(other, ((4,), None))
        heir = follower(other, second, Notices(), holder="heir")
        operator = Notices()
        async with running(follower(w, first, operator)) as task:
            await first.resting.wait()
            async with running(heir):
                await until(lambda: heir.standby)
                assert second.starts == []
                task.cancel()
                await second.resting.wait()
                assert not heir.standby
        assert second.starts == [w.step(3).block.cursor]
        assert await other.store.cursor() == other.step(4).block.cursor


async def test_a_holder_that_slept_past_its_lease_lets_go_and_writes_nothing(w: World, redis: Redis) -> None:
    feed = Script(w, ((1, 2), None))
    followed = follower(w, feed, Notices())
    with capture_logs() as said:
        async with running(followed):
            await feed.resting.wait()
            await redis.delete("{c:1}:lease")
            usurper = await w.store.acquire("usurper", 60_000)
            await until(lambda: followed.standby)
            feed.go_on.set()
    assert [line["event"] for line in said if "lease" in line["event"]] == ["lease_lost"]
    assert usurper is not None
    assert await w.store.renew(usurper, 1_000)
    assert await w.store.cursor() == w.step(2).block.cursor


async def test_a_dead_chain_leaves_the_others_running(w: World, redis: Redis) -> None:
    async with world(w.node, redis) as other:
        await other.store.release(other.pipeline._epoch)
        other.store = type(other.store)(redis, 2, clock_ms=lambda: 0)
        other.pipeline._store = other.store
        dead = Script(w, *[((), ChainError("dead"))] * 10_000)
        living = Script(other, ((1, 2, 3), None))
        async with running(follower(w, dead, Notices())), running(follower(other, living, Notices())):
            await living.resting.wait()
            await until(lambda: len(dead.starts) > 3)
        assert await w.store.cursor() is None
        assert await other.store.cursor() == other.step(3).block.cursor


async def test_the_real_feed_is_followed_through_a_reorg(w: World) -> None:
    clock, node = Clock(), w.node
    clock.now = float(int(node.blocks[-1].header["timestamp"], 16))

    def feed(start: Cursor | None, ring: Sequence[Cursor]) -> AsyncIterator[Step]:
        source = Feed(
            w.chain,
            w.rpc,
            wanted=Wanted(["0x" + "11" * 32]),
            start=start,
            ring=ring,
            history_h=0,
            clock=clock,
            sleep=nap,
        )
        return source.steps()

    async def nap(seconds: float) -> None:
        await clock.sleep(seconds)
        await asyncio.sleep(0.002)

    async with running(follower(w, feed, Notices())):
        await until(lambda: w.pipeline.cursor is not None and w.pipeline.cursor.number == node.head)
        node.mine_many(3)
        await until(lambda: w.pipeline.cursor is not None and w.pipeline.cursor.number == node.head)
        node.reorg(2, [[], [], []])
        await until(lambda: w.pipeline.cursor is not None and w.pipeline.cursor.hash == node.blocks[-1].header["hash"])
    assert w.pipeline.counters.rewinds == 2
    assert await w.store.cursor() == w.step(node.head).block.cursor
