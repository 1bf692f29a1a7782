"""The line and what members decide, on a real engine."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from bot.deliver.group import Group
from bot.deliver.line import Line
from bot.deliver.mute import Mute
from bot.deliver.parcel import Parcel, Verdict
from bot.deliver.record import Deliveries
from bot.deliver.route import Route, Router
from bot.store import MOST_PER_GUILD, Mutes, SettingsHistory, Subscriptions
from bot.subscription import Subscription
from tests.delivery_world import START_MS, Clock, Ears, alert, state
from watchers.alert import AlertState
from watchers.errors import StoreError, UserError

HOUR_MS = 3_600_000


@dataclass
class FakeChange:
    entry_id: str
    state: AlertState
    times_delivered: int = 1


@dataclass
class FakeChain:
    """The other side of a chain's commit: hands out what is pending until it is settled."""

    pending: list[FakeChange] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)

    def say(self, told: AlertState) -> None:
        self.pending.append(FakeChange(f"{len(self.pending) + len(self.settled)}-0", told, 0))

    async def changes(self, consumer: str, *, count: int, block_ms: int) -> Sequence[FakeChange]:
        del consumer
        await asyncio.sleep(block_ms / 100_000)
        for change in self.pending[:count]:
            change.times_delivered += 1
        return self.pending[:count]

    async def settle(self, entry_id: str) -> None:
        self.pending = [change for change in self.pending if change.entry_id != entry_id]
        self.settled.append(entry_id)


class Setup:
    def __init__(self, redis: "Redis") -> None:
        self.redis, self.clock = redis, Clock()
        self.router, self.chain, self.operator = Router(), FakeChain(), Ears()
        self.deliveries, self.mutes, self.subscriptions = Deliveries(redis), Mutes(redis), Subscriptions(redis)
        stages = (Route(self.router), Mute(self.mutes, clock_ms=self.clock), Group(self.deliveries))
        self.line = Line(
            [self.chain], self.deliveries, stages, consumer="c", operator=self.operator, sleep=self.clock.sleep
        )

    def wish(self, number: int = 1, **changes: object) -> Subscription:
        fields: dict[str, object] = {"id": f"s{number}", "guild_id": 1, "channel_id": 5} | changes
        return Subscription(**fields)  # type: ignore[arg-type] # the fields of a test are right

    async def handle(self, told: AlertState) -> list[tuple[str, str]]:
        return [(v.stage, v.outcome) for v in await self.line.handle(told)]


@pytest.fixture
def here(redis: "Redis") -> Setup:
    return Setup(redis)


async def test_each_stage_says_what_it_did(here: Setup) -> None:
    here.router.put(here.wish())
    assert await here.handle(state(1)) == [("route", "wanted"), ("group", "new")]
    assert await here.handle(state(2)) == [("route", "wanted"), ("group", "joined")]
    assert await here.handle(state(1, rev=2)) == [("line", "updated")]
    assert await here.handle(state(1, rev=2)) == [("line", "seen")]
    assert here.line.tally["group", "joined"] == 1


async def test_only_votes_are_grouped(here: Setup) -> None:
    here.router.put(here.wish())
    for number in (1, 2):
        move = state(number, kind="liquidity", subject="pool:1:0x44")
        assert await here.handle(move) == [("route", "wanted"), ("group", "new")]


async def test_an_alert_that_nobody_wanted_is_not_told_to_a_later_subscriber(here: Setup) -> None:
    assert await here.handle(state(1)) == [("route", "unwanted")]
    here.router.put(here.wish())
    assert await here.handle(state(1, rev=2, final=True)) == [("line", "seen")]


async def test_what_was_taken_back_before_it_was_routed_is_routed_when_it_comes_back(here: Setup) -> None:
    here.router.put(here.wish())
    assert await here.handle(state(1, rev=2, live=False)) == [("line", "untold")]
    assert await here.handle(state(1, rev=3)) == [("route", "wanted"), ("group", "new")]


async def test_a_removed_subscription_still_sees_its_cards_corrected(here: Setup) -> None:
    here.router.put(here.wish())
    await here.handle(state(1))
    here.router.drop("s1")
    assert await here.handle(state(1, rev=2, live=False)) == [("line", "updated")]


async def test_a_snoozed_subject_is_silent_in_its_channel_until_its_time(here: Setup) -> None:
    here.router.put(here.wish(1))
    here.router.put(here.wish(2, channel_id=6))
    subject = alert(1).subject
    await here.mutes.snooze(5, subject, START_MS + HOUR_MS, guild_id=1, by=7, now_ms=START_MS)
    outcomes = await here.handle(state(1))
    assert (outcomes.count(("mute", "snoozed")), outcomes.count(("group", "new"))) == (1, 1)
    assert await here.deliveries.route(state(1), []) == []
    here.clock.ms += HOUR_MS
    assert ("mute", "snoozed") not in await here.handle(state(2))
    assert await here.mutes.until(subject, [5], now_ms=here.clock.ms) == {}


async def test_a_snooze_can_be_ended_and_both_are_in_the_history(here: Setup, redis: "Redis") -> None:
    await here.mutes.snooze(5, "x", START_MS + HOUR_MS, guild_id=1, by=7, now_ms=START_MS)
    assert await here.mutes.until("x", [5, 6], now_ms=START_MS) == {5: START_MS + HOUR_MS}
    await here.mutes.end(5, "x", guild_id=1, by=8, now_ms=START_MS + 1)
    assert await here.mutes.until("x", [5], now_ms=START_MS) == {}
    assert [(c.what, c.by) for c in await SettingsHistory(redis).list(1)] == [("unsnooze", 8), ("snooze", 7)]


class Broken:
    """A stage with a defect for one alert."""

    name = "broken"

    async def apply(self, parcel: Parcel) -> Parcel:
        if parcel.state.alert.id == alert(1).id:
            raise KeyError("a defect of ours")
        return parcel.said(Verdict(self.name, "fine", "fine"))


async def test_an_alert_that_cannot_be_routed_is_set_aside_and_stops_nobody(here: Setup) -> None:
    line = Line([here.chain], here.deliveries, [Broken()], consumer="c", operator=here.operator, sleep=here.clock.sleep)
    here.chain.say(state(1))
    here.chain.say(state(2))
    assert await line.turn(here.chain) == 1
    for _ in range(8):
        await line.turn(here.chain)
    assert here.chain.pending == []
    assert (await here.deliveries.outbox()).dead == 1
    await here.deliveries.bury_alert(alert(1).id, "settling it failed, so it came again")
    assert (await here.deliveries.outbox()).dead == 1
    await here.handle(state(1))
    assert (await here.deliveries.outbox()).dead == 0, "it was routed after all"
    assert alert(1).short_id in here.operator.heard[0]


async def test_a_change_is_settled_only_after_it_was_placed(here: Setup) -> None:
    here.router.put(here.wish())
    here.chain.say(state(1))
    task = asyncio.create_task(here.line.run())
    async with asyncio.timeout(5):
        while not here.chain.settled:  # noqa: ASYNC110 - a fake has no event to wait for
            await asyncio.sleep(0.002)
    task.cancel()
    await asyncio.wait({task})
    assert (await here.deliveries.outbox()).waiting == 1


class Stream(FakeChain):
    """Hands each change out once, as a stream does until it has been idle for long; the store fails now and then."""

    failures = 2

    async def changes(self, consumer: str, *, count: int, block_ms: int) -> Sequence[FakeChange]:
        given = await super().changes(consumer, count=count, block_ms=block_ms)
        self.pending = []
        return given

    async def settle(self, entry_id: str) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreError("the engine is gone")
        await super().settle(entry_id)


async def test_what_was_in_hand_when_the_store_failed_is_handled_as_soon_as_it_is_back(here: Setup) -> None:
    stream = Stream()
    here.router.put(here.wish())
    for number in (1, 2, 3):
        stream.say(state(number))
    for _ in range(stream.failures):
        with pytest.raises(StoreError):
            await here.line.turn(stream, block_ms=1)
    assert await here.line.turn(stream, block_ms=1) == 3
    assert stream.settled == ["0-0", "1-0", "2-0"]
    assert await here.line.turn(stream, block_ms=1) == 0


async def test_a_subscription_is_kept_as_it_was_written_and_every_change_is_noted(here: Setup, redis: "Redis") -> None:
    first = here.wish(min_usd=Decimal(1000000), dao="ens")
    await here.subscriptions.add(first, by=7, now_ms=1)
    after = here.wish(dao="ens", channel_id=6)
    await here.subscriptions.edit(first, after, by=8, now_ms=2)
    assert await here.subscriptions.of_channel(5) == []
    assert await here.subscriptions.of_channel(6) == await here.subscriptions.of_guild(1) == [after]
    await here.subscriptions.remove(after, by=9, now_ms=3)
    assert await here.subscriptions.of_guild(1) == await here.subscriptions.of_channel(6) == []
    history = await SettingsHistory(redis).list(1)
    assert [(c.what, c.by, c.at_ms, bool(c.before), bool(c.after)) for c in history] == [
        ("remove", 9, 3, True, False),
        ("edit", 8, 2, True, True),
        ("add", 7, 1, False, True),
    ]


async def test_an_edit_of_what_somebody_else_changed_is_refused(here: Setup) -> None:
    first = here.wish()
    await here.subscriptions.add(first, by=7, now_ms=1)
    await here.subscriptions.edit(first, here.wish(dao="ens"), by=8, now_ms=2)
    with pytest.raises(UserError, match="meanwhile"):
        await here.subscriptions.edit(first, here.wish(dao="uniswap"), by=9, now_ms=3)
    await here.subscriptions.edit(first, here.wish(dao="ens"), by=8, now_ms=2)  # the same edit twice is once


async def test_a_server_may_have_so_many_subscriptions_and_no_more(here: Setup) -> None:
    for number in range(MOST_PER_GUILD):
        await here.subscriptions.add(here.wish(number), by=7, now_ms=1)
    with pytest.raises(UserError, match="remove one first"):
        await here.subscriptions.add(here.wish(MOST_PER_GUILD), by=7, now_ms=1)


async def test_a_shut_channel_leaves_the_index_of_every_process_and_comes_back(here: Setup) -> None:
    await here.subscriptions.add(here.wish(), by=7, now_ms=1)
    place = await here.subscriptions.load(here.router)
    other = Router()
    theirs = await here.subscriptions.load(other)
    assert len(here.router) == len(other) == 1
    assert await here.subscriptions.pause(5, "no permission", now_ms=2)
    assert not await here.subscriptions.pause(5, "no permission", now_ms=3)
    place = await here.subscriptions.advance(here.router, place, block_ms=1)
    theirs = await here.subscriptions.advance(other, theirs, block_ms=1)
    assert len(here.router) == len(other) == 0
    await here.subscriptions.resume(5, by=7, now_ms=4)
    await here.subscriptions.advance(here.router, place, block_ms=1)
    assert len(here.router) == 1


async def test_an_index_that_missed_changes_is_loaded_anew(here: Setup, redis: "Redis") -> None:
    place = await here.subscriptions.load(here.router)
    for number in range(5):
        await here.subscriptions.add(here.wish(number), by=7, now_ms=1)
    await redis.xtrim("{d:0}:subs:log", maxlen=1, approximate=False)
    place = await here.subscriptions.advance(here.router, place, block_ms=1)
    assert len(here.router) == 5
    await here.subscriptions.remove(here.wish(3), by=7, now_ms=2)
    await here.subscriptions.advance(here.router, place, block_ms=1)
    assert len(here.router) == 4


async def test_an_alert_that_is_routed_while_the_index_is_loaded_anew_is_not_lost(here: Setup) -> None:
    for number in range(3):
        await here.subscriptions.add(here.wish(number), by=7, now_ms=1)
    await here.subscriptions.load(here.router)
    here.router.put(here.wish(9))  # removed by another process while the store was away
    loading = asyncio.create_task(here.subscriptions.load(here.router))
    while not loading.done():
        assert len(here.router) >= 3
        await asyncio.sleep(0)
    assert len(here.router) == 3


async def test_what_waited_longer_than_a_day_for_a_shut_channel_stays_in_the_history_only(here: Setup) -> None:
    here.router.put(here.wish())
    await here.handle(state(1))
    await here.deliveries.open()
    (entry,) = await here.deliveries.read("x", count=5, block_ms=1)
    await here.subscriptions.pause(5, "gone", now_ms=START_MS)
    await here.deliveries.hold(entry.post, [entry.id], holder="x", now_ms=START_MS)
    assert await here.subscriptions.resume(5, by=1, now_ms=START_MS + 25 * HOUR_MS) == (True, 0)
