"""The whole bot between a Snapshot hub and a local Discord: a signed vote becomes a card, and answers know of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.app import running
from bot.demo import settings_for, subscribe
from bot.parts import App, Options
from config.settings import Chain as ChainDef
from config.settings import Dao, VoteWatch
from sandbox.chain.replay import Chain
from sandbox.discord import Discord
from tests.hub import FakeHub, proposal_id, serving
from tests.sandboxed import OPENAPI

HUB_ID, W, DAY = 1_936_613_744, 10**18, 86_400
HUB = {
    "key": "snapshot", "id": HUB_ID, "name": "Snapshot", "native": "votes", "hub": True, "block_time_s": 0.2,
    "explorer": "https://snapshot.box", "confirmations": 1, "requests_per_s": 1_000,
}  # fmt: skip
DAO = Dao(
    key="demo-snapshot", name="Demo (Snapshot)", chain="snapshot", protocol="snapshot", space="demo.eth", symbol="DEMO",
    clock="timestamp", governor="0x" + "77" * 20, proposal_url="https://snapshot.box/#/s:demo.eth/proposal/{id}",
)  # fmt: skip


@asynccontextmanager
async def started(folder: Path, hub: FakeHub) -> AsyncIterator[tuple[App, Discord]]:
    """The whole bot; its chain waits, its hub has one open proposal."""
    now = int(time.time())
    hub.propose(1, created=now - DAY, start=now - DAY, end=now + DAY, title="Spend it")
    async with (
        serving(hub),
        Discord.start(openapi=OPENAPI) as discord,
        Chain.start(block_time_s=None) as chain,
    ):
        read = settings_for(chain, discord, folder)
        spoken = ChainDef.model_validate({**HUB, "endpoints": [hub.url]})
        more: dict[str, Any] = {"chains": {**read.chains, "snapshot": spoken}, "daos": {**read.daos, DAO.key: DAO}}
        more["watches"] = (*read.watches, VoteWatch(kind="vote", name="signed", chain="snapshot"))
        settings = read.model_copy(update=more)
        options = Options(api_base=discord.api_base, gateway=discord.gateway_url, calm_ms=0)
        async with running(settings, options) as app:
            await subscribe(app, discord)
            await discord.wait_ready()
            await discord.wait_for(lambda: len(hub.asked) > 6)
            yield app, discord


async def test_a_signed_vote_becomes_a_card_that_says_it_is_on_no_chain(tmp_path: Path) -> None:
    hub = FakeHub()
    async with started(tmp_path, hub) as (app, discord):
        assert discord.messages("alerts") == []
        cast = hub.vote(1, 1, 1_200, created=int(time.time()), reason="because")

        def shown(*words: str) -> bool:
            return any(all(word in text for word in words) for text in discord.texts("alerts"))

        await discord.wait_for(lambda: shown("1,200 DEMO for: the outcome flips to passing"))
        text = next(text for text in discord.texts("alerts") if "flips to passing" in text)
        assert "off-chain (Snapshot)" in text
        whole = str(discord.messages("alerts"))
        assert f"https://snapshot.box/#/s:demo.eth/proposal/{proposal_id(1)}" in whole
        assert "#/profile/0x" in text
        assert "block" not in text
        assert "Why?" in whole
        assert "Transaction" not in whole
        cast["vp"] = 1_300
        await discord.wait_for(lambda: shown("1,300 DEMO for", "corrected there since"))
        assert not shown("1,200 DEMO for"), "the posted card is edited"
        told = await discord.command(discord.channel("alerts"), "member", "votes", {"dao": DAO.key})
        assert "1,300 DEMO for" in told.text
        assert "Demo (Snapshot): Spend it" in told.text
        told = await discord.command(
            discord.channel("alerts"), "member", "proposal", {"dao": DAO.key, "proposal": proposal_id(1)}
        )
        assert "Passing so far: 100.0 % for" in told.text.replace("\u00a0", " ")
        assert "off-chain (Snapshot)" in told.text
        lines = {line.what: line for line in await app.vitals.lines()}
        assert lines["Snapshot"].how.startswith("off-chain, read ")
        assert lines["Snapshot"].well
        samples = {(one.name, one.labels.get("chain")): one.value for one in app.vitals.samples()}
        assert samples["tribune_hub_requests", "snapshot"] > 0
        assert samples["tribune_alerts", "snapshot"] >= 1


async def test_a_hub_that_is_away_is_said_and_leaves_the_chain_running(tmp_path: Path) -> None:
    hub = FakeHub()
    async with started(tmp_path, hub) as (app, discord):
        hub.fault = lambda _: web.Response(status=503)
        for _ in range(200):
            how = next(line.how for line in await app.vitals.lines() if line.what == "Snapshot")
            if "down" in how:
                break
            await asyncio.sleep(0.05)
        assert "down: the Snapshot hub answers 503" in how
        hub.fault = lambda _: None
        hub.vote(1, 1, 1_200, created=int(time.time()))
        await discord.wait_for(lambda: any("1,200 DEMO for" in text for text in discord.texts("alerts")))
