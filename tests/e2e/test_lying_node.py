"""The story comes out whole whatever the node does: nothing lost, nothing twice. A dead chain harms no other, and its
silence is said.
"""

import asyncio
import re
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import watchers.chain.provider
import watchers.silence
import watchers.supervisor
from bot import demo
from bot.app import running
from bot.parts import App, Options
from sandbox.chain.replay import Chain
from sandbox.discord import Discord
from tests.liar import Liar
from tests.node import Node, serve
from tests.stage import SANDBOX, environ_for, settings_of, write_config

HANG_S = 0.3
STALL_S = 1.5
BLOCK_S = 0.25
STORY_S = 50.0
Does = Callable[[Liar], None]

LIES: dict[str, Does] = {
    "hides the logs of a fresh block": Liar.hides_logs,
    "hides one log of a fresh block": Liar.hides_a_log,
    "does not have a block that it promised": Liar.forgets_blocks,
    "hangs": Liar.hangs,
    "limits the rate": lambda liar: liar.answers(429, "slow down", **{"Retry-After": "0"}),
    "is behind a broken gateway": lambda liar: liar.answers(502, "<html><h1>502 Bad Gateway</h1></html>"),
    "cuts its JSON short": Liar.cuts,
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tribune-") as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here waits ten seconds for a node that hangs, thirty for a chain that stands, or long to try again."""
    monkeypatch.setattr(watchers.supervisor, "FIRST_WAIT_S", HANG_S / 10)
    monkeypatch.setattr(watchers.chain.provider, "TIMEOUT_S", HANG_S)
    monkeypatch.setattr(watchers.silence, "STALL_S", STALL_S)


async def _hurry(seconds: float) -> None:
    await asyncio.sleep(min(seconds, demo.HURRY_S))


@asynccontextmanager
async def following(
    folder: Path, discord: Discord, chains: dict[str, dict[str, Any]], urls: Sequence[str]
) -> AsyncIterator[App]:
    """Run the bot on these chains, whose endpoints name the urls in order."""
    environ = environ_for(discord, folder / "data", **{f"NODE_{at}": url for at, url in enumerate(urls)})
    settings = settings_of(environ, write_config(folder / "config", chains))
    options = Options(api_base=discord.api_base, gateway=discord.gateway_url, feed_sleep=_hurry, calm_ms=0)
    async with running(settings, options) as app:
        await demo.subscribe(app, discord)
        yield app


class Story:
    """The recorded chain, whose next block comes when the last one is delivered, once `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.app: App | None = None
        self.chain: Chain | None = None

    async def pace(self, _step: int) -> None:
        await self.go.wait()
        assert self.app is not None
        assert self.chain is not None
        await demo.settled(self.app, self.chain)

    async def told_whole(self, app: App, chain: Chain, discord: Discord) -> None:
        """Play it to its end and hold the channels to it."""
        self.app, self.chain = app, chain
        self.go.set()
        async with asyncio.timeout(STORY_S):
            await chain.at_end()
            await demo.settled(app, chain)
            await self._read_twice(app)
        verdict = await demo.judge(app, discord, [])
        assert (verdict.lost, verdict.twice, verdict.wrong) == ([], [], [])

    @staticmethod
    async def _read_twice(app: App) -> None:
        """Wait until the last alert is final: what the first reading missed is found then."""
        while any(s.live and not s.final for s in await app.history.alerts(limit=1000)):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(demo.SETTLE_S)


def sandbox(*endpoints: str) -> dict[str, dict[str, Any]]:
    return {"sandbox": {**SANDBOX, "endpoints": [f"env:{name}" for name in endpoints]}}


@pytest.mark.parametrize("lie", LIES)
async def test_one_node_that_lies_loses_nothing(folder: Path, lie: str) -> None:
    story = Story()
    async with (
        Discord.start() as discord,
        Chain.start(block_time_s=0, pace=story.pace) as chain,
        Liar.start(chain.url) as liar,
    ):
        discord.limits.enabled = False
        LIES[lie](liar)
        async with following(folder, discord, sandbox("NODE_0"), [liar.url]) as app:
            await story.told_whole(app, chain, discord)
        assert liar.told.total() > 0


async def test_with_two_nodes_every_lie_at_once_and_the_wrong_chain_lose_nothing(folder: Path) -> None:
    story = Story()
    async with (
        Discord.start() as discord,
        Chain.start(block_time_s=0, pace=story.pace) as chain,
        Liar.start(chain.url) as stranger,
        Liar.start(chain.url) as liar,
        Liar.start(chain.url) as other,
    ):
        discord.limits.enabled = False
        stranger.serves(1)
        liar.hides_logs()
        other.hides_a_log()
        other.cuts()
        nodes = sandbox("NODE_0", "NODE_1", "NODE_2")
        async with following(folder, discord, nodes, [stranger.url, liar.url, other.url]) as app:
            await story.told_whole(app, chain, discord)
        assert liar.told["logs hidden"] > 0
        assert other.told["malformed"] > 0
        assert stranger.requests < 5  # it was asked which chain it serves, and then no more


OTHER = {
    "id": 31338,
    "name": "Elsewhere",
    "native": "ETH",
    "block_time_s": BLOCK_S,
    "confirmations": 3,
    "finality": "depth",
    "proof": "bloom",
    "requests_per_s": 500,
    "endpoints": ["env:NODE_1"],
}


async def test_a_dead_chain_leaves_the_other_running_and_its_silence_and_return_are_said(folder: Path) -> None:
    story, node = Story(), Node(chain_id=31338)

    async def mine() -> None:
        while True:
            await asyncio.sleep(BLOCK_S)
            node.mine()

    async with (
        Discord.start() as discord,
        Chain.start(block_time_s=0, pace=story.pace) as chain,
        serve(node) as (url,),
        Liar.start(url) as liar,
    ):
        discord.limits.enabled = False
        mining = asyncio.create_task(mine())

        def said(words: str) -> list[str]:
            return [text for text in discord.texts("operators") if "Elsewhere" in text and words in text]

        both = {**sandbox("NODE_0"), "elsewhere": OTHER}
        async with following(folder, discord, both, [chain.url, liar.url]) as app:
            await discord.wait_for(lambda: node.head > 3 and liar.requests > 3)
            assert discord.texts("operators") == []
            died_s = time.monotonic()
            liar.dies()
            await discord.wait_for(lambda: said("stands still"), timeout_s=2 * STALL_S)
            assert time.monotonic() - died_s >= STALL_S - 2 * BLOCK_S
            await story.told_whole(app, chain, discord)
            stood_at = await app.stores[31338].cursor()
            assert stood_at is not None
            assert node.head - stood_at.number > 3
            liar.recovers()
            await discord.wait_for(lambda: said("moves again"), timeout_s=20)
            (told,) = said("moves again")
            behind = re.search(r"(\d+) blocks were behind", told)
            assert behind is not None
            assert abs(int(behind[1]) - (node.head - stood_at.number)) <= 2
            assert "None is skipped" in told
            assert len(said("stands still")) == 1
        mining.cancel()
        assert "canary-key" not in "".join(discord.texts("operators"))
