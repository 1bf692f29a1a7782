"""Digests against a real store and a Discord: nothing twice, nothing lost, nothing where there is nothing to say."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.deliver.record import Deliveries, Place
from bot.deliver.route import Router
from bot.digest import DAY_S, WAIT_S, Digests, digest_id, last_due
from bot.subscription import Subscription
from config.settings import Settings
from tests import events
from tests.alerts import a_vote, an_alert
from tests.delivery_world import CHANNEL, START_MS, World
from tests.desk import SETTINGS, UNISWAP
from watchers.alert import AlertState, DigestFacts, alert_id, short_id
from watchers.chain.block import Cursor
from watchers.errors import StoreError
from watchers.history import History
from watchers.store import ChainStore, CommittedBlock

SPAN = last_due("daily", START_MS // 1000, 8)
OTHER = 6


def vote(n: int, **bent: Any) -> Any:
    return events.vote(n, **{"address": UNISWAP.governor, "voter": f"0x{n:040x}", **bent})


class Chain:
    """A chain's store that blocks are committed to."""

    def __init__(self, redis: Redis) -> None:
        self.store, self.epoch = ChainStore(redis, 1, clock_ms=lambda: 7), 0

    async def commit(self, number: int, time_s: int, *found: Any, alerts: tuple[Any, ...] = ()) -> None:
        self.epoch = self.epoch or await self.store.acquire("me", 60_000) or 0
        block = CommittedBlock(Cursor(number, f"0x{number}"), time_s, found, alerts)
        await self.store.commit(self.epoch, await self.store.cursor(), block)


@pytest.fixture
async def chain(redis: Redis) -> Chain:
    """One vote of yesterday, and a block of today: the period is read to its end."""
    one = Chain(redis)
    await one.commit(1, SPAN.from_s + 5, vote(1))
    await one.commit(2, SPAN.until_s, vote(2))
    return one


def wish(n: int = 1, **bent: Any) -> Subscription:
    return Subscription(**{"id": f"{n:08x}", "guild_id": 1, "channel_id": CHANNEL, "digest": "daily", **bent})


def digests(world: World, *wishes: Subscription, posts: Any = None, settings: Settings = SETTINGS) -> Digests:
    history = History(world.redis, [1])
    return Digests(settings, history, posts or world.deliveries, lambda: wishes, clock_ms=world.clock)


class Told:
    """Posts that remember what they were given."""

    def __init__(self, inner: Deliveries) -> None:
        self.inner = inner
        self.states: list[AlertState] = []
        self.asked = 0

    async def routed(self, alert_id: str) -> bool:
        self.asked += 1
        return await self.inner.routed(alert_id)

    async def route(self, state: AlertState, places: Sequence[Place], *, last: bool = True) -> list[str]:
        self.states.append(state)
        return await self.inner.route(state, places, last=last)

    @property
    def facts(self) -> DigestFacts:
        found = self.states[-1].alert.facts
        assert isinstance(found, DigestFacts)
        return found


def mark(one: Subscription) -> str:
    assert one.digest
    return short_id(digest_id(one.id, one.digest, last_due(one.digest, START_MS // 1000, 8)))


async def posted(world: World, channel: int = CHANNEL) -> list[str]:
    async with world.sending():
        await world.settled()
    return [facts[0].split(" ")[0] for facts in world.discord.told(channel)]


@pytest.mark.usefixtures("chain")
async def test_a_period_is_said_once_however_often_one_looks_and_whoever_looks(world: World) -> None:
    first, second = digests(world, wish()), digests(world, wish())
    assert sorted(await asyncio.gather(first.tick(), second.tick())) == [0, 1]
    for again in (first, second, digests(world, wish())):
        assert await again.tick() == 0
    assert await posted(world) == [mark(wish())]


@pytest.mark.usefixtures("chain")
async def test_a_process_killed_between_writing_and_sending_loses_and_repeats_nothing(world: World) -> None:
    assert await digests(world, wish()).tick() == 1  # and the process is gone before its sender saw it
    world.clock.ms += 3_600_000
    assert await digests(world, wish()).tick() == 0
    assert await posted(world) == [mark(wish())]


@pytest.mark.usefixtures("chain")
async def test_a_process_killed_before_it_wrote_says_it_after_its_restart(world: World) -> None:
    class Cut(Told):
        async def route(self, state: AlertState, places: Sequence[Place], *, last: bool = True) -> list[str]:
            raise StoreError("cut")

    with capture_logs() as logs:
        one = digests(world, wish(), posts=Cut(world.deliveries))
        assert [await one.tick(), await one.tick()] == [0, 0]
    assert [line["event"] for line in logs] == ["digests cannot be made"]  # said once
    assert await digests(world, wish()).tick() == 1
    assert await posted(world) == [mark(wish())]


async def test_a_reply_that_is_lost_repeats_nothing(world: World, chain: Chain) -> None:
    assert chain.epoch

    class Deaf(Told):
        async def route(self, state: AlertState, places: Sequence[Place], *, last: bool = True) -> list[str]:
            await super().route(state, places, last=last)
            raise StoreError("the reply was lost")

    one = digests(world, wish(), posts=Deaf(world.deliveries))
    assert [await one.tick(), await one.tick()] == [0, 0]
    assert await posted(world) == [mark(wish())]


async def test_the_last_period_is_caught_up_after_a_downtime_and_only_that(world: World, chain: Chain) -> None:
    world.clock.ms += 5 * DAY_S * 1000
    await chain.commit(9, SPAN.until_s + 5 * DAY_S - 9, vote(9))
    await chain.commit(10, world.clock.ms // 1000)
    told = Told(world.deliveries)
    assert await digests(world, wish(), posts=told).tick() == 1
    assert told.facts.until_s == SPAN.until_s + 5 * DAY_S
    assert [(one.dao, one.votes) for one in told.facts.daos] == [("uniswap", 1)]
    assert len(await posted(world)) == 1


async def test_a_chain_that_is_behind_is_waited_for_and_then_told_of(world: World, redis: Redis) -> None:
    chain = Chain(redis)
    await chain.commit(1, SPAN.until_s - 60, vote(1))
    told = Told(world.deliveries)
    one = digests(world, wish(), posts=told)
    assert await one.tick() == 0
    world.clock.ms += WAIT_S * 1000 - 1
    assert await one.tick() == 0
    world.clock.ms += 1_000
    assert await one.tick() == 1
    assert told.facts.behind == ((1, SPAN.until_s - 60),)


async def test_a_chain_that_comes_up_is_told_whole(world: World, redis: Redis) -> None:
    chain, told = Chain(redis), Told(world.deliveries)
    await chain.commit(1, SPAN.until_s - 60, vote(1))
    one = digests(world, wish(), posts=told)
    assert await one.tick() == 0
    await chain.commit(2, SPAN.until_s - 1, vote(2))
    await chain.commit(3, SPAN.until_s)
    assert await one.tick() == 1
    assert (told.facts.behind, told.facts.daos[0].votes) == ((), 2)


@pytest.mark.usefixtures("chain")
async def test_an_empty_period_says_nothing(world: World) -> None:
    one = digests(world, wish(dao="compound"), wish(2, kind="proposal"), wish(3, chain_id=10))
    assert [await one.tick(), await one.tick()] == [0, 0]
    assert await posted(world) == []


@pytest.mark.usefixtures("chain")
async def test_a_period_that_is_done_is_not_read_again_and_the_next_one_is(world: World) -> None:
    told = Told(world.deliveries)
    one = digests(world, wish(), wish(2, dao="compound"), posts=told)
    for _ in range(3):
        await one.tick()
    assert told.asked == 2
    world.clock.ms += DAY_S * 1000
    await one.tick()
    assert told.asked == 4


async def test_alerts_and_small_votes_are_told_apart(world: World, redis: Redis) -> None:
    chain, told = Chain(redis), Told(world.deliveries)
    large = vote(1)
    alert = an_alert(
        facts=a_vote(flips="failing"), id=alert_id(1, large.tx, "vote", 0), block=1, block_time_s=SPAN.from_s + 5
    )
    move = events.move(1, 9)
    await chain.commit(1, SPAN.from_s + 5, large, move, vote(1, log_index=3, weight_raw=5, for_raw=5), alerts=(alert,))
    await chain.commit(2, SPAN.until_s)
    assert await digests(world, wish(), posts=told).tick() == 1
    (dao,) = told.facts.daos
    assert (dao.alerted, dao.votes, dao.for_raw, dao.news[0].flips) == (1, 1, 5, 1)


@pytest.mark.usefixtures("chain")
async def test_each_subscription_has_its_own_and_one_that_moves_or_changes_is_not_told_again(world: World) -> None:
    assert await digests(world, wish(), wish(2, channel_id=OTHER)).tick() == 2
    moved = digests(world, wish(channel_id=OTHER), wish(2, channel_id=OTHER, kind="vote"))
    assert await moved.tick() == 0
    assert await posted(world) == [mark(wish())]
    assert await posted(world, OTHER) == [mark(wish(2))]


@pytest.mark.usefixtures("chain")
async def test_the_hour_is_the_operators(world: World) -> None:
    told = Told(world.deliveries)
    runtime = SETTINGS.runtime.model_copy(update={"digest_hour": 3})
    settings = SETTINGS.model_copy(update={"runtime": runtime})
    await digests(world, wish(), posts=told, settings=settings).tick()
    assert told.facts.until_s % DAY_S == 3 * 3_600


async def test_the_router_knows_who_wants_a_digest_and_is_not_shut(world: World) -> None:
    router = Router()
    for one in (wish(1), wish(2, digest=""), wish(3, channel_id=OTHER)):
        await world.subscriptions.add(one, by=1, now_ms=1)
    await world.subscriptions.pause(OTHER, "gone", now_ms=2)
    await world.subscriptions.load(router)
    assert [one.id for one in router.digesting()] == [wish(1).id]


async def test_a_record_that_is_too_long_is_said_not_to_be_whole(
    world: World, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chain.epoch
    monkeypatch.setattr("watchers.history.PAGE", 1)
    monkeypatch.setattr("watchers.history.MOST_WITHIN", 1)
    told = Told(world.deliveries)
    await digests(world, wish(), posts=told).tick()
    assert told.facts.whole is False


async def test_votes_and_alerts_of_a_period_are_found_page_by_page(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = Chain(redis)
    alerts = tuple(an_alert(id=f"{n:032x}", block=n, block_time_s=n) for n in (5,))
    await chain.commit(5, 5, *(events.vote(5, n) for n in range(5)), events.move(5, 9), alerts=alerts)
    await chain.commit(6, 6, events.vote(6))
    monkeypatch.setattr("watchers.history.PAGE", 2)
    history = History(redis, [1])
    found, whole = await history.votes_within(1, 5, 6)
    assert ([s.event.log_index for s in found], whole) == ([0, 1, 2, 3, 4], True)
    assert [s.event.block for s in (await history.votes_within(1, 6, 9))[0]] == [6]
    said, all_of_them = await history.alerts_since(1, 5, ("vote",))
    assert ([state.alert.block for state in said], all_of_them) == ([5], True)
    assert await history.alerts_since(1, 5, ("proposal",)) == ([], True)
    assert await history.alerts_since(1, 6, ("vote",)) == ([], True)
