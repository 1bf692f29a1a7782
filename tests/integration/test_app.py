from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import msgspec
import pytest
from structlog.testing import capture_logs

from bot.app import running
from bot.demo import CHAIN_ID, settings_for, subscribe
from bot.operator import OperatorChannel
from bot.parts import App, Options
from sandbox.chain.replay import Chain
from sandbox.discord import Discord
from tests.sandboxed import OPENAPI
from watchers.digest import Span
from watchers.errors import NotDelivered, Undeliverable


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[tuple[App, Chain, Discord]]:
    """The whole bot on the story's history; the story itself waits."""
    async with Discord.start(openapi=OPENAPI) as discord, Chain.start(block_time_s=None) as chain:
        settings = settings_for(chain, discord, folder)
        async with running(settings, Options(api_base=discord.api_base, gateway=discord.gateway_url)) as app:
            await subscribe(app, discord)
            await discord.wait_ready()
            yield app, chain, discord


async def test_the_whole_bot_starts_is_ready_and_shows_its_metrics(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, chain, discord):
        await discord.wait_for(lambda: app.vitals.connection is not None and app.vitals.connection.online.is_set())
        for _ in range(200):
            if (cursor := await app.stores[CHAIN_ID].cursor()) and cursor.hash == chain.head_hash:
                break
            await chain.head_read()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{app.web_port}") as http:
            async with http.get("/metrics") as answer:
                text = await answer.text()
            async with http.get("/healthz") as answer:
                assert answer.status == 200
        for name in (
            'tribune_head_lag_blocks{chain="sandbox"}',
            'tribune_requests_per_block{chain="sandbox"}',
            'tribune_decode_errors_total{chain="sandbox"} 0.0',
            'tribune_alerts_total{chain="sandbox"}',
            "tribune_queue_age_seconds 0.0",
            "tribune_discord_connected 1.0",
            "tribune_subscriptions 1.0",
        ):
            assert name in text
        assert chain.url.split("//")[1] not in text  # a provider is named by its host, never by its URL
        assert discord.token not in text
        lines = {line.what: line for line in await app.vitals.lines()}
        assert set(lines) >= {"Sandbox", "Discord", "Delivery"}
        assert lines["Discord"].well


async def test_nothing_of_the_history_is_alerted_of(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, chain, discord):
        for _ in range(400):
            if (cursor := await app.stores[CHAIN_ID].cursor()) and cursor.hash == chain.head_hash:
                break
            await chain.head_read()
        assert await app.history.alerts() == []
        assert await app.history.moves() != []  # yet questions have answers
        assert discord.messages("alerts") == []


async def test_the_operator_hears_of_a_stall_and_its_end(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, _, discord):
        assert app.connection is not None
        chain = app.settings.chains["sandbox"]
        from bot.cards import layout  # noqa: PLC0415 - only this test draws by hand
        from bot.port import DiscordPort  # noqa: PLC0415 - the same

        operator = OperatorChannel(DiscordPort(app.connection, layout.view), discord.channel("operators").id)
        await operator.stalled(chain, 45.0, 1_234)
        await operator.recovered(chain, 17, 62.0)
        first, second = discord.texts("operators")
        assert "Sandbox stands still" in first
        assert "for **45 s**" in first
        assert "It stood for **1 min**; 17 blocks were behind." in second


async def test_a_notice_that_discord_refuses_for_now_is_told_again_and_one_refused_for_good_is_left_to_the_log(
    tmp_path: Path,
) -> None:
    class Refusing:
        def __init__(self, error: Exception) -> None:
            self.error = error

        async def post(self, channel_id: int, card: object, nonce: str) -> int:
            raise self.error

    async with started(tmp_path) as (app, _, _discord):
        chain = app.settings.chains["sandbox"]
        busy = OperatorChannel(Refusing(NotDelivered("not now")), 1)  # type: ignore[arg-type] # posts are all it does
        with pytest.raises(NotDelivered):
            await busy.stalled(chain, 45.0, 1)
        with pytest.raises(NotDelivered):
            await busy.notice("a dead letter")
        gone = OperatorChannel(Refusing(Undeliverable("Unknown Channel")), 1)  # type: ignore[arg-type] # the same
        with capture_logs() as said:
            await gone.stalled(chain, 45.0, 1)
        assert [line["why"] for line in said] == ["Unknown Channel"]


async def test_the_process_that_speaks_in_discord_posts_the_digests_of_its_chains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = [Span(0, 1)]  # nothing was voted then
    monkeypatch.setattr("bot.digest.last_due", lambda *_: spans[-1])
    monkeypatch.setattr("bot.jobs.DIGEST_EVERY", timedelta(seconds=1))
    async with started(tmp_path) as (app, chain, discord):
        for _ in range(400):
            if (cursor := await app.stores[CHAIN_ID].cursor()) and cursor.hash == chain.head_hash:
                break
            await chain.head_read()
        status = await app.history.chain_status(CHAIN_ID)
        assert status is not None
        channel = discord.channel("alerts")
        (before,) = await app.subscriptions.of_channel(channel.id)
        after = msgspec.structs.replace(before, digest="daily")
        await app.subscriptions.edit(before, after, by=1, now_ms=1)
        spans.append(Span(0, status.time_s))
        await discord.wait_for(lambda: discord.messages("alerts") != [])
        (said,) = discord.texts("alerts")
        assert "daily digest" in said
        assert "without an alert" in said
