"""From a block on the node to the message in Discord, the whole bot between, beside one synced write and one POST."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from statistics import median

import aiohttp
from redis.asyncio import Redis

from bench.clock import percentile
from bench.figure import Figure, at_most
from bench.world import Bundles, chain_of, data_dir, settings_of, store
from bot.app import running
from bot.parts import App, Options
from bot.store import new_id
from bot.subscription import Subscription
from config.settings import BatchWatch, Chain, Runtime, Settings
from sandbox.discord import Discord
from tests.node import serve

ROUNDS, BLOCKS, WARM_UP = 3, 60, 10
BEAT_S = 0.06  # a block each: post and final edit stay below the cap on requests that Discord sets to a bot
BLOCK_TIME_S = 1.0
CHECK_S = 0.01
PATIENCE_S = 10.0
P50_MS, P95_MS = 30, 100
CHANNEL = "batches"

Once = Callable[[], Awaitable[None]]


async def measure() -> Sequence[Figure]:
    """Mine blocks with one alert each and wait for each message; the same for the floor."""
    ours = await _ours()
    floor = await _floor()
    beside = "one synced SET + one POST"
    note = (
        f"block on the node to message accepted; {ROUNDS} rounds of {BLOCKS} blocks with an alert each; reading, facts "
        "and durable commit included, the wait for a block to come left out; node, bot and Discord share a core"
    )
    return (
        Figure("latency.p50", ours[0], "ms", beside, floor[0], at_most(P50_MS), note),
        Figure("latency.p95", ours[1], "ms", beside, floor[1], at_most(P95_MS), "the same run"),
    )


async def _ours() -> tuple[float, float]:
    node, mined = Bundles(block_time_s=1), asyncio.Event()
    node.mine(time_s=int(time.time()))

    async def until_mined(seconds: float) -> None:
        """Wake the feed when there is a block, so that the time is ours and not the chain's."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await mined.wait()
        mined.clear()

    with data_dir() as folder:
        async with serve(node) as urls, Discord.start() as discord:
            discord.limits.enabled = False
            chain = chain_of(urls, block_time_s=BLOCK_TIME_S, requests_per_s=1000)
            options = Options(
                api_base=discord.api_base, gateway=discord.gateway_url, history_h=0, feed_sleep=until_mined
            )
            async with running(_settings(chain, folder, discord), options) as app:
                await _subscribe(app, discord)
                await _standing(app)
                numbers = itertools.count()

                async def once() -> None:
                    heard = discord.counts["messages"]
                    node.mine([node.operation(next(numbers), success=False)], time_s=int(time.time()))
                    mined.set()
                    await discord.wait_for(lambda: discord.counts["messages"] > heard, timeout_s=PATIENCE_S)

                return await _timed(once)


def _settings(chain: Chain, folder: object, discord: Discord) -> Settings:
    runtime = Runtime.model_validate({"data_dir": folder, "web_port": 0, "discord_token": discord.token})
    return settings_of([chain], [BatchWatch(kind="batch", name="failed")], runtime)


async def _subscribe(app: App, discord: Discord) -> None:
    admin, channel = discord.user("admin").id, discord.channel(CHANNEL).id
    one = Subscription(id=new_id(), guild_id=discord.guild.id, channel_id=channel, kind="batch", created_by=admin)
    await app.subscriptions.add(one, by=admin, now_ms=0)


async def _standing(app: App) -> None:
    """Wait until the chain is followed and Discord is connected."""
    async with asyncio.timeout(PATIENCE_S):
        while await app.vitals.ailing():  # noqa: ASYNC110 - what a probe of /readyz would do
            await asyncio.sleep(CHECK_S)


async def _floor() -> tuple[float, float]:
    """Do what cannot be left out: one write that is on disk, one message."""
    async with store() as redis, Discord.start() as discord, aiohttp.ClientSession() as session:
        discord.limits.enabled = False
        once = _bare(redis, discord, session)
        return await _timed(once)


def _bare(redis: Redis, discord: Discord, session: aiohttp.ClientSession) -> Once:
    url = f"{discord.api_base}/channels/{discord.channel(CHANNEL).id}/messages"
    headers = {"Authorization": f"Bot {discord.token}"}
    numbers = itertools.count()

    async def once() -> None:
        number = next(numbers)
        await redis.set("cursor", number)
        async with session.post(url, headers=headers, json={"content": f"alert {number}"}) as answer:
            answer.raise_for_status()
            await answer.read()

    return once


async def _timed(once: Once) -> tuple[float, float]:
    """Give p50 and p95 in ms, each the median of the rounds'."""
    for _ in range(WARM_UP):
        await once()
    rounds = []
    for _ in range(ROUNDS):
        taken = []
        for _ in range(BLOCKS):
            start = time.perf_counter()
            await once()
            taken.append((time.perf_counter() - start) * 1000)
            await asyncio.sleep(max(0.0, BEAT_S - taken[-1] / 1000))
        rounds.append(taken)
    return median(percentile(r, 50) for r in rounds), median(percentile(r, 95) for r in rounds)
