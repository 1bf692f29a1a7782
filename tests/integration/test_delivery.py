"""The sender and its records on a real engine, against a Discord that fails in every way it is known to."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.deliver.port import INVALID_BODY, MISSING_PERMISSIONS, Throttled
from bot.deliver.record import Deliveries, Place, PostKey
from bot.deliver.send import Sender, nonce_of
from bot.lua import Argument
from bot.store import Subscriptions
from bot.subscription import Subscription
from config.errors import SettingsError
from tests.delivery_world import START_MS, Clock, Ears, FakeDiscord, draw, state
from watchers.alert import AlertState, short_id
from watchers.errors import NotDelivered, Undeliverable

CHANNEL = 5


class World:
    """One store, one Discord, one clock; senders come and go."""

    def __init__(self, redis: "Redis") -> None:
        self.clock = Clock()
        self.discord = FakeDiscord(self.clock)
        self.deliveries, self.subscriptions = Deliveries(redis), Subscriptions(redis)
        self.owner, self.operator = Ears(), Ears()
        self.redis = redis

    def sender(self, holder: str = "one", **changes: Any) -> Sender:
        options: dict[str, Any] = {"clock_ms": self.clock, "sleep": self.clock.sleep, "block_ms": 1} | changes
        render = options.pop("render", draw)
        return Sender(
            self.deliveries, self.subscriptions, self.discord, render,
            holder=holder, owner=self.owner, operator=self.operator, **options,
        )  # fmt: skip

    @asynccontextmanager
    async def sending(self, sender: Sender | None = None) -> AsyncIterator[Sender]:
        one = sender or self.sender()
        task = asyncio.create_task(one.run())
        try:
            yield one
        finally:
            task.cancel()
            done, _ = await asyncio.wait({task})
            for ended in done:
                if not ended.cancelled():
                    ended.result()

    async def route(self, told: AlertState, *channels: int, interval_ms: int = 0, ping: int | None = None) -> list[str]:
        return await self.deliveries.route(told, [Place(c, 1, ping, interval_ms) for c in channels or (CHANNEL,)])

    async def settled(self) -> None:
        await self.until(self._empty)

    async def _empty(self) -> bool:
        return (await self.deliveries.outbox()).waiting == 0

    async def until(self, true: Callable[[], Any]) -> None:
        async with asyncio.timeout(10):
            while True:
                answer = true()
                if (await answer) if asyncio.iscoroutine(answer) else answer:
                    return
                await asyncio.sleep(0.002)


@pytest.fixture
def world(redis: "Redis") -> World:
    return World(redis)


def said(*numbers: int, rev: int = 1) -> tuple[str, ...]:
    return tuple(f"{short_id(state(n).alert.id)} rev {rev}" for n in numbers)


async def test_an_alert_is_posted_once_and_the_outbox_is_empty(world: World) -> None:
    assert await world.route(state(1), ping=9) == ["new"]
    async with world.sending() as sender:
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]
    assert world.discord.channels[CHANNEL][0].card.ping_role == 9
    assert await world.deliveries.message(CHANNEL, state(1).alert.id) == world.discord.channels[CHANNEL][0].id
    assert sender.tally["posted"] == 1


async def test_routing_again_changes_nothing(world: World) -> None:
    await world.route(state(1))
    assert await world.route(state(1)) == ["seen"]
    async with world.sending():
        await world.settled()
        assert await world.route(state(1)) == ["seen"]
    assert [what for what, _, _ in world.discord.requests] == ["post"]


async def test_an_older_revision_never_replaces_a_newer_one(world: World) -> None:
    await world.route(state(1, rev=3))
    assert await world.route(state(1, rev=2)) == ["seen"]
    assert (await world.deliveries.update(state(1, rev=2))).posts == 0
    async with world.sending():
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=3)]


async def test_a_new_revision_edits_the_message_in_place(world: World) -> None:
    async with world.sending():
        await world.route(state(1))
        await world.settled()
        assert await world.deliveries.update(state(1, rev=2, final=True)) == (True, 1)
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=2)]
    assert [what for what, _, _ in world.discord.requests] == ["post", "edit"]


async def test_a_reorg_edits_the_posted_card(world: World) -> None:
    async with world.sending():
        await world.route(state(1))
        await world.settled()
        await world.deliveries.update(state(1, rev=2, live=False))
        await world.settled()
        assert world.discord.told(CHANNEL) == [(said(1, rev=2)[0] + " gone",)]
        await world.deliveries.update(state(1, rev=3))
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=3)]


async def test_what_was_taken_back_before_it_was_tried_is_not_posted_until_it_comes_back(world: World) -> None:
    await world.route(state(1))
    await world.deliveries.update(state(1, rev=2, live=False))
    async with world.sending():
        await world.settled()
        assert world.discord.requests == []
        await world.deliveries.update(state(1, rev=3))
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=3)]


async def test_votes_on_a_subject_within_the_interval_share_a_message(world: World) -> None:
    async with world.sending():
        assert await world.route(state(1), interval_ms=30_000) == ["new"]
        await world.settled()
        assert await world.route(state(2), interval_ms=30_000) == ["joined"]
        await world.settled()
        assert await world.route(state(40), interval_ms=30_000) == ["new"]
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, 2), said(40)]


async def test_a_graver_vote_and_another_subject_get_messages_of_their_own(world: World) -> None:
    await world.route(state(1), interval_ms=30_000)
    assert await world.route(state(2, severity="critical"), interval_ms=30_000) == ["raised"]
    assert await world.route(state(3), interval_ms=30_000) == ["joined"]
    assert await world.route(state(4, subject="proposal:1:0x11:8"), interval_ms=30_000) == ["new"]
    async with world.sending():
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1), said(2, 3), said(4)]


async def test_a_full_group_begins_another(world: World) -> None:
    outcomes = [(await world.route(state(n), interval_ms=30_000))[0] for n in range(1, 13)]
    assert outcomes == ["new", *["joined"] * 9, "full", "joined"]


FAULTS: dict[str, list[Any]] = {
    "refused with 503": [NotDelivered("HTTP 503")] * 3,
    "reset before": [NotDelivered("ClientOSError")],
    "answer lost after": [("lost", NotDelivered("ServerDisconnectedError"))] * 2,
    "429 for all": [Throttled("wait", 7.0)],
    "429 without a time": [Throttled("wait")],
    "all in turn": [Throttled("w", 2.0), ("lost", NotDelivered("reset")), NotDelivered("502"), NotDelivered("503")],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_neither_loses_nor_repeats_a_message(world: World, faults: list[Any]) -> None:
    world.discord.faults = list(faults)
    await world.route(state(1))
    await world.route(state(2))
    async with world.sending():
        await world.settled()
        await world.deliveries.update(state(1, rev=2))
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=2), said(2)]


async def test_an_unanswered_request_is_given_up_and_tried_again_with_its_nonce(world: World) -> None:
    class Mute(FakeDiscord):
        hung = 0

        async def post(self, channel_id: int, card: Any, nonce: str) -> int:
            message = await super().post(channel_id, card, nonce)
            if not self.hung:
                self.hung += 1
                await asyncio.Event().wait()
            return message

    world.discord = Mute(world.clock)
    await world.route(state(1))
    async with world.sending(world.sender(try_s=0.05)):
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]
    assert len(world.discord.requests) == 2


async def test_a_raised_429_stops_every_channel_for_its_time(world: World) -> None:
    world.discord.faults = [Throttled("wait", 20.0)]
    await world.route(state(1), 5)
    async with world.sending() as sender:
        await world.until(lambda: sender.tally["refused"])
        await world.route(state(1), 6, 7)
        await world.settled()
    (_, _, first), *rest = world.discord.requests
    assert sender._cap._shut_until_ms >= first + 20_000
    assert min(at for _, _, at in rest) >= first + 20_000
    assert sorted(world.discord.channels) == [5, 6, 7]


async def test_an_outage_longer_than_the_nonce_is_remembered_still_makes_one_message(world: World) -> None:
    world.discord.nonce_ms = 1000
    world.discord.faults = [("lost", NotDelivered("reset")), *[NotDelivered("HTTP 503")] * 12]
    await world.route(state(1))
    async with world.sending() as sender:
        await world.settled()
    assert world.clock.ms - START_MS > 60_000
    assert world.discord.told(CHANNEL) == [said(1)]
    assert sender.tally["adopted"] == 1


async def test_what_was_not_found_after_an_outage_is_posted(world: World) -> None:
    world.discord.nonce_ms = 1000
    world.discord.faults = [NotDelivered("HTTP 503")] * 12
    await world.route(state(1))
    async with world.sending() as sender:
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]
    assert (sender.tally["adopted"], "recent" in {what for what, _, _ in world.discord.requests}) == (0, True)


async def test_a_message_that_an_earlier_try_made_is_brought_up_to_date(world: World) -> None:
    await world.route(state(1))
    post = PostKey(CHANNEL, state(1).alert.id)
    begun = {"holder": "one", "now_ms": START_MS, "safe_ms": 60_000, "doubt": False}
    step = await world.deliveries.begin(post, [], **begun)  # type: ignore[arg-type] # a mixed dict of right values
    await world.discord.post(CHANNEL, draw(step.states, now_s=0, ping_role=None), nonce_of(post))
    await world.deliveries.update(state(1, rev=2))  # the process died before it wrote down what it posted
    async with world.sending():
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=2)]


async def test_a_channel_belongs_to_one_process_until_its_try_is_done_or_its_lease_ends(world: World) -> None:
    await world.route(state(1))
    post = PostKey(CHANNEL, state(1).alert.id)

    async def begin(holder: str, now_ms: int) -> str:
        options = {"holder": holder, "now_ms": now_ms, "safe_ms": 60_000, "doubt": False}
        return (await world.deliveries.begin(post, [], **options)).do  # type: ignore[arg-type] # the same

    assert await begin("one", START_MS) == "post"
    assert await begin("two", START_MS + 19_999) == "busy"
    assert await begin("two", START_MS + 20_001) == "post"
    assert await begin("one", START_MS + 20_002) == "busy"
    await world.deliveries.release("two")
    assert await begin("one", START_MS + 20_003) == "post"
    await world.deliveries.done(post, [], message_id=1, shown=0)
    assert await begin("two", START_MS + 20_004) == "edit"


async def test_a_retraction_of_a_try_of_unknown_outcome_corrects_what_is_there(world: World) -> None:
    world.discord.faults = [("lost", NotDelivered("reset"))]
    await world.route(state(1))
    async with world.sending():
        await world.until(lambda: world.discord.requests)
        await world.deliveries.update(state(1, rev=2, live=False))
        await world.settled()
    assert world.discord.told(CHANNEL) == [(said(1, rev=2)[0] + " gone",)]


async def test_a_retraction_of_a_try_that_never_arrived_says_nothing(world: World) -> None:
    world.discord.refused[CHANNEL] = NotDelivered("HTTP 503")
    await world.route(state(1))
    async with world.sending():
        await world.until(lambda: world.discord.requests)
        await world.deliveries.update(state(1, rev=2, live=False))
        await world.until(lambda: "recent" in {what for what, _, _ in world.discord.requests})
        del world.discord.refused[CHANNEL]
        await world.settled()
    assert world.discord.told(CHANNEL) == []


async def test_a_lost_permission_shuts_the_channel_and_tells_its_owner_once(world: World) -> None:
    wish = Subscription(id="s1", guild_id=1, channel_id=CHANNEL)
    await world.subscriptions.add(wish, by=1, now_ms=START_MS)
    world.discord.refused[CHANNEL] = Undeliverable("I may not write", MISSING_PERMISSIONS)
    await world.route(state(1), CHANNEL, 6)
    async with world.sending():
        await world.settled()
        await world.until(lambda: world.owner.heard)
        await world.deliveries.update(state(1, rev=2))
        await world.settled()
        await asyncio.sleep(0.05)
        assert world.owner.heard == [(1, CHANNEL, "I may not write")]
        assert world.discord.told(6) == [said(1, rev=2)]
        assert sum(c == CHANNEL for _, c, _ in world.discord.requests) == 1
        assert [s.paused for s in await world.subscriptions.of_guild(1)] == ["I may not write"]

        del world.discord.refused[CHANNEL]
        assert await world.subscriptions.resume(CHANNEL, by=1, now_ms=world.clock()) == (True, 1)
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=2)]
    assert [s.paused for s in await world.subscriptions.of_guild(1)] == [""]


async def test_an_owner_who_cannot_be_told_now_is_told_later(world: World) -> None:
    world.discord.refused[CHANNEL] = Undeliverable("the channel is gone", 10003)
    world.owner.deaf = NotDelivered("HTTP 503")
    await world.route(state(1))
    async with world.sending():
        await world.settled()
        await asyncio.sleep(0.03)
        world.owner.deaf = None
        world.clock.ms += 20_000
        await world.until(lambda: world.owner.heard)
    assert await world.subscriptions.untold() == []


async def test_a_refused_token_stops_all_sending_and_loses_nothing(world: World) -> None:
    world.discord.faults = [SettingsError("environment", "DISCORD_TOKEN", "refused", "copy it anew")]
    await world.route(state(1), 5, 6)
    async with world.sending() as sender:
        await world.until(lambda: sender.halted)
        await asyncio.sleep(0.03)
    assert len(world.discord.requests) <= 2
    assert "DISCORD_TOKEN" in world.operator.heard[0]
    async with world.sending():
        await world.settled()
    assert world.discord.told(5) == world.discord.told(6) == [said(1)]


async def test_a_deleted_card_is_not_posted_again(world: World) -> None:
    async with world.sending():
        await world.route(state(1))
        await world.settled()
        world.discord.deleted.add(world.discord.channels[CHANNEL][0].id)
        await world.deliveries.update(state(1, rev=2))
        await world.settled()
        await world.deliveries.update(state(1, rev=3))
        await world.settled()
    assert world.discord.told(CHANNEL) == []
    assert [what for what, _, _ in world.discord.requests] == ["post", "edit"]


async def test_a_vote_that_joins_a_deleted_card_gets_a_message_of_its_own(world: World) -> None:
    async with world.sending():
        await world.route(state(1), interval_ms=30_000)
        await world.settled()
        world.discord.deleted.add(world.discord.channels[CHANNEL][0].id)
        assert await world.route(state(2), interval_ms=30_000) == ["joined"]
        await world.settled()
        await world.deliveries.update(state(2, rev=2))
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(2, rev=2)]


async def test_a_card_that_discord_will_not_have_is_set_aside_and_the_operator_told(world: World) -> None:
    world.discord.faults = [Undeliverable("HTTP 400: Invalid Form Body", INVALID_BODY)]
    await world.route(state(1))
    await world.route(state(2))
    async with world.sending():
        await world.settled()
        await world.until(lambda: world.operator.heard)
        assert world.discord.told(CHANNEL) == [said(2)]
        (dead,) = await world.deliveries.dead()
        assert "Invalid Form Body" in dead.why
        assert await world.deliveries.revive(dead.id)
        await world.settled()
    assert sorted(world.discord.told(CHANNEL)) == sorted([said(2), said(1)])


async def test_a_card_that_cannot_be_drawn_is_set_aside_and_stops_nobody(world: World) -> None:
    def render(states: Any, *, now_s: int, ping_role: int | None) -> Any:
        if states[0].alert.id == state(1).alert.id:
            raise KeyError("a defect of ours")
        return draw(states, now_s=now_s, ping_role=ping_role)

    await world.route(state(1), 5)
    await world.route(state(2), 6)
    async with world.sending(world.sender(render=render)) as sender:
        await world.settled()
        await world.until(lambda: world.operator.heard)
    assert world.discord.told(6) == [said(2)]
    assert sender.tally["defect"] == 8
    assert [d.post for d in await world.deliveries.dead()] == [f"5:{state(1).alert.id}"]


async def test_an_hour_of_refusals_does_not_count_towards_the_dead(world: World) -> None:
    world.discord.faults = [NotDelivered("HTTP 503")] * 40
    await world.route(state(1))
    async with world.sending():
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]
    assert await world.deliveries.dead() == []


async def test_a_store_that_lost_its_last_second_repeats_nothing(world: World, redis: "Redis") -> None:
    async with world.sending():
        await world.route(state(1))
        await world.settled()
    await redis.flushall()  # worse than a cut append-only file: all records are gone
    await redis.set("{d:0}:engine", "another run")
    world.clock.ms += 600_000  # Discord has forgotten the nonce
    await world.route(state(1))
    async with world.sending() as sender:
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]
    assert sender.tally["adopted"] == 1


async def test_two_senders_share_the_work_and_never_meet_in_a_channel(world: World) -> None:
    async with world.sending(world.sender("one")), world.sending(world.sender("two")):
        for number in range(1, 31):
            await world.route(state(number), 5, 6, 7)
            if number % 3 == 0:
                await world.deliveries.update(state(number, rev=2))
        await world.settled()
    for channel in (5, 6, 7):
        told = sorted(world.discord.told(channel))
        assert told == sorted(said(n, rev=2 if n % 3 == 0 else 1) for n in range(1, 31))


async def test_what_a_dead_process_had_in_hand_is_taken_over(world: World, redis: "Redis") -> None:
    await world.deliveries.open()
    await world.route(state(1))
    assert len(await world.deliveries.read("dead", count=10, block_ms=1)) == 1
    (row,) = await redis.xpending_range("{d:0}:out", "send", "-", "+", 1)
    await redis.xclaim("{d:0}:out", "send", "dead", 0, [row["message_id"]], idle=61_000, justid=True)
    async with world.sending(world.sender("two")):
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]


async def test_one_channel_that_fails_does_not_hold_up_another(world: World) -> None:
    world.discord.refused[5] = NotDelivered("HTTP 503")
    await world.route(state(1), 5, 6)
    async with world.sending():
        await world.until(lambda: world.discord.told(6))
        assert world.discord.told(5) == []
        del world.discord.refused[5]
        await world.settled()
    assert world.discord.told(5) == [said(1)]


async def test_the_sender_keeps_to_its_cap(world: World) -> None:
    await world.route(state(1), *range(1, 61))
    begun = time.monotonic()
    real: dict[str, Any] = {"clock_ms": lambda: time.time_ns() // 1_000_000, "sleep": asyncio.sleep, "per_s": 25}
    async with world.sending(world.sender(**real)):
        await world.settled()
    assert time.monotonic() - begun >= 2.0  # 25 at once, 25 after a second, 10 after another
    assert len(world.discord.requests) == 60


class Saw:
    """Kills the sender at the `at`th step it takes, before or after the step is done."""

    def __init__(self, at: int) -> None:
        self.at, self.steps = at, 0
        self.cut = asyncio.Event()

    async def tick(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            self.cut.set()
            await asyncio.Event().wait()


class SawnDeliveries(Deliveries):
    saw: Saw

    async def _run(self, name: str, *arguments: Argument) -> Any:
        if name in ("update", "route", "release"):
            return await super()._run(name, *arguments)
        await self.saw.tick()
        reply = await super()._run(name, *arguments)
        await self.saw.tick()
        return reply


class SawnDiscord(FakeDiscord):
    saw: Saw

    async def post(self, channel_id: int, card: Any, nonce: str) -> int:
        await self.saw.tick()
        message = await super().post(channel_id, card, nonce)
        await self.saw.tick()
        return message

    async def edit(self, channel_id: int, message_id: int, card: Any) -> None:
        await self.saw.tick()
        await super().edit(channel_id, message_id, card)
        await self.saw.tick()


@pytest.mark.parametrize("away_s", [0, 3600], ids=["restarted at once", "restarted an hour later"])
async def test_a_crash_between_any_two_steps_neither_loses_nor_repeats(redis: "Redis", away_s: int) -> None:
    at, sawn = 1, True
    while sawn:
        await redis.flushall()
        world, saw = World(redis), Saw(at)
        world.deliveries, world.discord = SawnDeliveries(redis), SawnDiscord(world.clock)
        world.deliveries.saw = world.discord.saw = saw
        for step in range(3):
            if step == 0:
                await world.route(state(1), interval_ms=30_000)
            elif step == 1:
                await world.route(state(2), interval_ms=30_000)
            else:
                await world.deliveries.update(state(1, rev=2, live=False))
            async with world.sending():
                done = {asyncio.create_task(world.settled()), asyncio.create_task(saw.cut.wait())}
                await asyncio.wait(done, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.cancel()
                await asyncio.gather(*done, return_exceptions=True)
            if saw.cut.is_set():
                world.clock.ms += away_s * 1000
                async with world.sending():
                    await world.settled()
        assert world.discord.told(CHANNEL) == [(said(1, rev=2)[0] + " gone", *said(2))], f"killed at step {at}"
        sawn = saw.cut.is_set()
        at += 1
    assert at > 15


async def test_new_messages_go_before_edits_and_in_order(world: World) -> None:
    world.discord.refused[CHANNEL] = NotDelivered("HTTP 503")
    async with world.sending():
        for number in (1, 2, 3):
            await world.route(state(number))
        await world.until(lambda: world.discord.requests)
        del world.discord.refused[CHANNEL]
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1), said(2), said(3)]


def test_a_nonce_is_25_characters_and_names_channel_and_post() -> None:
    nonces = {nonce_of(PostKey(c, p)) for c in (1, 2) for p in ("a", "b")}
    assert len(nonces) == 4
    assert {len(nonce) for nonce in nonces} == {25}
