"""Endpoints carry keys in their path, query and user part; whatever goes wrong, none is in what the process says."""

import asyncio
import io
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot import log
from bot.app import running
from bot.check import online
from bot.parts import App, Options
from sandbox.chain.replay import Chain
from sandbox.discord import Discord
from tests.stage import SANDBOX, environ_for, settings_of, write_config

CANARY = "canarykey0123456789"


@pytest.fixture
def said() -> io.StringIO:
    """Everything that is logged, by ourselves and by libraries."""
    return io.StringIO()


@asynccontextmanager
async def echo() -> AsyncIterator[str]:
    """A node that refuses everything and quotes the whole URL: in a page, a redirect, an RPC error, a bad status."""
    turn = 0

    async def refuse(request: web.Request) -> web.Response:
        nonlocal turn
        turn += 1
        url = str(request.url)
        if turn % 4 == 0:
            return web.Response(status=302, headers={"Location": f"{url}/elsewhere"})
        if turn % 4 == 1:
            return web.json_response({"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": f"no: {url}"}})
        if turn % 4 == 2:
            return web.Response(status=500, reason="no", text=f"<html>{url}</html>")
        return web.Response(status=401, text=url)

    app = web.Application()
    app.router.add_post("/{any:.*}", refuse)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def keyed(place: str) -> str:
    return f"http://user:{CANARY}pw@{place}/v2/{CANARY}?apikey={CANARY}q"


async def until_tried(app: App) -> None:
    """Wait until every node that fails has failed."""
    async with asyncio.timeout(30):
        while True:
            nodes = [n for one in app.vitals._watched.values() for n in one.rpc.status()]
            if sum(bool(n.errors) for n in nodes) == 4:
                return
            await asyncio.sleep(0.02)


async def test_no_key_of_an_endpoint_is_in_a_log_a_metric_a_status_an_answer_or_the_store(
    said: io.StringIO, tmp_path: Path
) -> None:
    async with Discord.start() as discord, Chain.start(block_time_s=None) as chain, echo() as refusing:
        chains = {
            "sandbox": {**SANDBOX, "endpoints": [keyed(refusing), keyed(chain.url.removeprefix("http://"))]},
            "dead": {**SANDBOX, "id": 7, "name": "Dead", "endpoints": [keyed("127.0.0.1:1")]},
            "wrong": {**SANDBOX, "id": 8, "name": "Wrong", "endpoints": [keyed(chain.url.removeprefix("http://"))]},
            "cut": {**SANDBOX, "id": 9, "name": "Cut", "endpoints": [keyed(refusing)]},
        }
        given = environ_for(discord, tmp_path / "d", LOG_LEVEL="debug")
        settings = settings_of(given, write_config(tmp_path / "config", chains))
        log.configure(settings)
        handler = logging.getLogger().handlers[0]
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(said)
        async with running(settings, Options(api_base=discord.api_base, gateway=discord.gateway_url)) as app:
            await discord.wait_ready()
            await until_tried(app)
            shown = [f"{line.what}: {line.how}" for line in await app.vitals.lines()]
            assert any("serves chain 31337, not 8" in line for line in shown)
            async with aiohttp.ClientSession(f"http://127.0.0.1:{app.web_port}") as http:
                for page in ("/readyz", "/metrics"):
                    async with http.get(page) as answer:
                        shown.append(await answer.text())
            assert "tribune_provider_errors_total" in shown[-1]
            status = await discord.command("alerts", "member", "status")
            assert "Dead" in status.text
            shown.append(status.text)
            redis = app.history._redis
            for key in await redis.keys():
                shown.append(repr(key))
                dumped = await redis.dump(key)
                assert dumped is None or CANARY.encode() not in dumped
        out = io.StringIO()
        assert not await online(settings, out, api_base=discord.api_base)
        shown += [out.getvalue(), said.getvalue()]
    assert "chain_down" in said.getvalue()
    for text in shown:
        assert CANARY not in text
        assert discord.token not in text


async def test_what_ends_the_process_is_struck_through_as_well(said: io.StringIO, tmp_path: Path) -> None:
    chains = {"sandbox": {**SANDBOX, "endpoints": [keyed("127.0.0.1:1")]}}
    log.configure(settings_of({"DISCORD_TOKEN": f"{CANARY}.t"}, write_config(tmp_path / "config", chains)))
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(said)
    try:
        raise ValueError(f"cannot use {keyed('127.0.0.1:1')} with {CANARY}.t")
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert "ended_by_a_defect" in said.getvalue()
    assert "ValueError: cannot use http" in said.getvalue()
    assert CANARY not in said.getvalue()
