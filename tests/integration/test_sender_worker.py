"""A channel has one worker at any time, also in the instant between a worker's end and the clearing up after it."""

import asyncio
from typing import Any

from redis.asyncio import Redis

from bot.deliver.record import Deliveries, Place
from bot.deliver.send import Sender
from bot.store import Subscriptions
from tests.delivery_world import Clock, Ears, FakeDiscord, draw, state

CHANNEL = 5


async def test_an_entry_that_comes_just_as_the_worker_ends_gets_one_worker(redis: "Redis") -> None:
    clock, deliveries = Clock(), Deliveries(redis)
    discord = FakeDiscord(clock)
    sender = Sender(
        deliveries, Subscriptions(redis), discord, draw,
        holder="one", owner=Ears(), operator=Ears(), clock_ms=clock, sleep=clock.sleep,
    )  # fmt: skip
    await deliveries.open()
    defects: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: defects.append(context))
    for number in (1, 2):
        await deliveries.route(state(number), [Place(CHANNEL, 1)])
    first, second = await deliveries.read("one", count=10, block_ms=1)
    sender._accept([first])
    (worker,) = sender._tasks
    while not worker.done():  # noqa: ASYNC110 - an event would come after the instant that is meant
        await asyncio.sleep(0)
    sender._accept([second])  # the worker is done, its clearing up has not run yet
    async with asyncio.timeout(10):
        while sender._tasks:  # noqa: ASYNC110 - workers say nothing when they end
            await asyncio.sleep(0.001)
    assert defects == []
    assert [what for what, _, _ in discord.requests] == ["post", "post"]
    assert sender._lanes == {}
