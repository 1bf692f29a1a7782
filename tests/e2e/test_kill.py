"""The bot is killed between every two steps of the line, and the channels hold the story whole: each alert in exactly
one message, what a reorg took back shown so.
"""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot import demo
from bot.parts import App, Role
from config.settings import Runtime
from sandbox.chain.replay import Chain
from sandbox.discord import Discord
from tests.liar import Liar
from tests.stage import CONFIG, GLANCE_S, environ_for, is_gone, outside, settings_of, settled_from_outside
from tests.victim import Life, Moment, start
from watchers.valkey import client, engine, socket_path

LIFE_S = 40.0
END_S = 15.0

# In the order in which the story brings them. Each process counts from its own start.
BLOCKS = [
    Moment("after", "read"),
    Moment("before", "decode"),
    Moment("after", "decode"),
    Moment("before", "facts"),
    Moment("after", "facts"),
    Moment("before", "judge"),
    Moment("after", "judge"),
    Moment("after", "facts", 3),
]
COMMITS = [Moment("before", "commit"), Moment("after", "commit"), Moment("after", "commit", 2)]
ROUTES = [
    Moment("after", "changes"),
    Moment("before", "update"),
    Moment("after", "update"),
    Moment("before", "route"),
    Moment("after", "route"),
    Moment("before", "settle"),
    Moment("after", "settle"),
]
POSTS = [
    Moment("before", "begin"),
    Moment("after", "begin"),
    Moment("before", "post"),
    Moment("after", "post"),
    Moment("before", "done"),
    Moment("after", "done"),
    Moment("after", "post", 2),
]
EDITS = [
    Moment("before", "finalize"),
    Moment("after", "finalize", 3),
    Moment("before", "edit"),
    Moment("after", "edit"),
    Moment("after", "edit", 2),
]
REORG = [
    Moment("before", "rewind"),
    Moment("after", "rewind"),
    Moment("before", "rewind"),
    Moment("after", "rewind"),
    Moment("before", "edit"),
    Moment("after", "edit"),
    Moment("after", "commit"),
]
# whales of the story, in blocks of their own
WHALES = (52, 55, 57)
MISSED = [
    Moment("before", "add"),
    Moment("after", "add"),
    Moment("before", "add"),  # the same block again: what it held is known by now
    Moment("after", "add", 2),
    Moment("before", "add", 3),
    Moment("after", "add", 3),
]


@dataclass
class Theatre:
    """A story on the way, played to bots that come and go. `app` looks into their store; `node` is honest unless told
    otherwise.
    """

    chain: Chain
    node: Liar
    discord: Discord
    life: Life
    redis: Redis
    app: App
    processes: list[BaseProcess] = field(default_factory=list)

    def start(self, role: Role = "all", ends: Moment | None = None) -> BaseProcess:
        process = start(self.life._replace(role=role, ends=ends))
        self.processes.append(process)
        return process

    async def ended(self, process: BaseProcess) -> int:
        while process.exitcode is None:  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(GLANCE_S)
        return process.exitcode

    async def reached(self, step: int) -> None:
        """Wait until the story has come this far."""
        async with asyncio.timeout(LIFE_S):
            while self.chain.step < step:  # noqa: ASYNC110 - the chain has an event for its end only
                await asyncio.sleep(GLANCE_S)

    async def killed(self, process: BaseProcess) -> None:
        """Wait for its violent end."""
        async with asyncio.timeout(LIFE_S):
            assert await self.ended(process) == -signal.SIGKILL

    async def told_whole(self) -> None:
        """Wait for the end of the story and hold the channels to it."""
        async with asyncio.timeout(LIFE_S):
            await self.chain.at_end()
        await settled_from_outside(self.app, self.chain)
        verdict = await demo.judge(self.app, self.discord, [])
        assert (verdict.lost, verdict.twice, verdict.wrong) == ([], [], [])
        assert (await self.app.deliveries.outbox()).dead == 0

    async def engine_pid(self) -> int:
        """Ask until it answers: it may be starting."""
        while True:
            with suppress(RedisError, OSError):
                return int((await self.redis.info("server"))["process_id"])
            await asyncio.sleep(GLANCE_S)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tribune-") as name:  # a short path, for the engine's socket
        yield Path(name)


@asynccontextmanager
async def theatre(folder: Path, *, lasting: bool) -> AsyncIterator[Theatre]:
    """Open the house: a chain and a Discord that outlive every bot; `lasting`: so does the store."""
    data_dir, store_dir = folder / "data", folder / ("store" if lasting else "data")
    parts: list[App] = []

    async def pace(_: int) -> None:
        await settled_from_outside(parts[0], chain)

    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(Discord.start())
        discord.limits.enabled = False
        async with engine(Runtime(data_dir=store_dir)) as redis:
            unpaced = settings_of(environ_for(discord, data_dir, SANDBOX_RPC="http://127.0.0.1:1"))
            await demo.subscribe(outside(unpaced, redis), discord)
        if lasting:
            await stack.enter_async_context(engine(Runtime(data_dir=store_dir)))
        redis = client(str(socket_path(store_dir)))
        stack.push_async_callback(redis.aclose)
        parts.append(outside(unpaced, redis))
        chain = await stack.enter_async_context(Chain.start(block_time_s=0, pace=pace))
        node = await stack.enter_async_context(Liar.start(chain.url))
        environ = environ_for(discord, data_dir, SANDBOX_RPC=node.url)
        if lasting:
            environ["REDIS_URL"] = f"unix://{socket_path(store_dir)}"
        life = Life(environ, CONFIG, discord.api_base, discord.gateway_url)
        here = Theatre(chain, node, discord, life, redis, parts[0])
        try:
            yield here
        finally:
            for process in here.processes:
                process.terminate()
            async with asyncio.timeout(END_S):
                for process in here.processes:
                    await here.ended(process)


@pytest.mark.parametrize(
    "moments",
    [BLOCKS, COMMITS, ROUTES, POSTS, EDITS, REORG],
    ids=["blocks", "commits", "routes", "posts", "edits", "reorg"],
)
async def test_a_bot_that_is_killed_with_its_store_tells_the_story_whole(
    folder: Path, moments: Sequence[Moment]
) -> None:
    async with theatre(folder, lasting=False) as house:
        for moment in moments:
            await house.killed(house.start(ends=moment))
        house.start()
        await house.told_whole()


async def test_a_bot_that_is_killed_beside_a_lasting_store_tells_the_story_whole(folder: Path) -> None:
    async with theatre(folder, lasting=True) as house:
        for moment in (*POSTS, *ROUTES[1::2], *EDITS[1::2], *REORG[::2]):
            await house.killed(house.start(ends=moment))
        house.start()
        await house.told_whole()
        assert house.discord.counts["deduplicated"] > 0  # the nonce kept a post single, not only our own records


@pytest.mark.parametrize("lasting", [False, True], ids=["with its store", "beside a lasting store"])
async def test_what_only_the_second_reading_found_is_told_once_though_the_bot_is_killed_there(
    folder: Path, *, lasting: bool
) -> None:
    async with theatre(folder, lasting=lasting) as house:
        house.node.hides_until_deep(WHALES, house.app.settings.chains["sandbox"].confirmations)
        for moment in MISSED:
            await house.killed(house.start(ends=moment))
        assert house.node.told["logs hidden"] > 0
        house.start()
        await house.told_whole()


async def test_a_post_of_unknown_outcome_is_looked_for_when_discord_has_forgotten_its_nonce(folder: Path) -> None:
    async with theatre(folder, lasting=False) as house:
        house.discord.nonce_window_s = 0.0
        for moment in (Moment("after", "post"), Moment("after", "look"), Moment("after", "post", 2)):
            await house.killed(house.start(ends=moment))
        house.start()
        await house.told_whole()
        assert house.discord.counts["deduplicated"] == 0


async def test_watchers_and_discord_in_processes_of_their_own_are_killed_in_turn(folder: Path) -> None:
    async with theatre(folder, lasting=True) as house:
        speaker = house.start("discord")
        for moment in (COMMITS[0], COMMITS[1], EDITS[1], *REORG[:2]):
            await house.killed(house.start("watchers", moment))
        speaker.kill()
        await house.killed(speaker)
        house.start("watchers")
        for moment in (REORG[4], ROUTES[4], POSTS[3]):
            await house.killed(house.start("discord", moment))
        house.start("discord")
        await house.told_whole()


async def test_the_store_alone_is_killed_while_the_bot_runs_and_nothing_is_lost(folder: Path) -> None:
    async with theatre(folder, lasting=False) as house:
        bot = house.start()
        killed = []
        for step in (6, 14, 20):
            await house.reached(step)
            killed.append(await house.engine_pid())
            os.kill(killed[-1], signal.SIGKILL)
        await house.told_whole()
        assert bot.exitcode is None
        assert await house.engine_pid() not in killed


async def test_sigterm_ends_the_bot_and_its_store_and_the_next_one_goes_on(folder: Path) -> None:
    async with theatre(folder, lasting=False) as house:
        for step in (8, 16):
            bot = house.start()
            await house.reached(step)
            engine_pid = await house.engine_pid()
            bot.terminate()
            async with asyncio.timeout(END_S):
                assert await house.ended(bot) == 0
            assert is_gone(engine_pid)
        house.start()
        await house.told_whole()
