"""Senders that die, come twice or wake to a store that lost its last second."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.deliver.courier import nonce_of
from bot.deliver.record import Deliveries, PostKey
from tests.delivery_world import CHANNEL, START_MS, FakeDiscord, World, draw, said, state
from watchers.script import Argument


async def test_a_message_that_an_earlier_try_made_is_brought_up_to_date(world: World) -> None:
    await world.route(state(1))
    post = PostKey(CHANNEL, state(1).alert.id)
    begun = {"holder": "one", "now_ms": START_MS, "safe_ms": 60_000, "doubt": False}
    step = await world.deliveries.begin(post, [], **begun)  # type: ignore[arg-type] # a mixed dict of right values
    await world.discord.post(CHANNEL, draw(step.states, ping_role=None), nonce_of(post))
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
    await world.deliveries.done(post, [], holder="one", message_id=1, shown=0)
    assert await begin("two", START_MS + 20_004) == "edit"


async def test_a_store_that_lost_its_last_second_repeats_nothing(world: World, redis: Redis) -> None:
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


async def test_what_a_dead_process_had_in_hand_is_taken_over(world: World, redis: Redis) -> None:
    await world.deliveries.open()
    await world.route(state(1))
    assert len(await world.deliveries.read("dead", count=10, block_ms=1)) == 1
    (row,) = await redis.xpending_range("{d:0}:out", "send", "-", "+", 1)
    await redis.xclaim("{d:0}:out", "send", "dead", 0, [row["message_id"]], idle=61_000, justid=True)
    async with world.sending(world.sender("two")):
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]


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
async def test_a_crash_between_any_two_steps_neither_loses_nor_repeats(redis: Redis, away_s: int) -> None:
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
