import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.discord import Discord, NoAnswer
from tests.sandboxed import Bot, connected

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """Time that a test may push forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[Discord]:
    async with Discord.start(clock=clock) as started:
        yield started


@pytest.fixture
async def bot(server: Discord, clock: Clock) -> AsyncIterator[Bot]:
    client = Bot()

    @client.tree.command(description="Answers")
    async def ping(interaction: discord.Interaction[Bot], word: str = "pong") -> None:
        await interaction.response.send_message(word)

    @client.tree.command(description="Answers too late")
    async def late(interaction: discord.Interaction[Bot]) -> None:
        clock.ahead_s += 3.1
        try:
            await interaction.response.send_message("x")
        except discord.NotFound as refused:
            codes.append(refused.code)

    @client.tree.command(description="Answers twice, then follows up when its token is old")
    async def twice(interaction: discord.Interaction[Bot]) -> None:
        await interaction.response.send_message("first")
        interaction.response._response_type = None
        try:
            await interaction.response.send_message("second")
        except discord.HTTPException as refused:
            codes.append(refused.code)
        clock.ahead_s += 901
        try:
            await interaction.followup.send("third")
        except discord.HTTPException as refused:
            codes.append(refused.code)

    codes: list[int] = []
    client.codes = codes  # type: ignore[attr-defined]  # the test reads them
    async with connected(server, client):
        await client.tree.sync()
        yield client


def codes_of(bot: Bot) -> list[int]:
    found = bot.codes  # type: ignore[attr-defined]  # set by the fixture
    assert isinstance(found, list)
    return found


async def call(server: Discord, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    url = f"{server.page_url}control/{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_an_answer_after_three_seconds_is_10062(server: Discord, bot: Bot) -> None:
    with pytest.raises(NoAnswer):
        await server.command("alerts", "member", "late", timeout_s=0.1)
    await server.wait_for(lambda: codes_of(bot))
    assert codes_of(bot) == [10062]


async def test_a_second_answer_is_40060_and_an_old_token_is_refused(server: Discord, bot: Bot) -> None:
    reply = await server.command("alerts", "member", "twice")
    assert reply.text == "first"
    await server.wait_for(lambda: len(codes_of(bot)) == 2)
    assert codes_of(bot) == [40060, 50027]


async def test_every_lever_is_there_over_http(server: Discord, bot: Bot) -> None:
    assert bot.is_ready()
    asked = {"channel": "alerts", "user": "member", "name": "ping", "options": {"word": "hello"}}
    status, reply = await call(server, "POST", "command", asked)
    assert (status, reply["text"], reply["ephemeral"]) == (200, "hello", False)
    _, messages = await call(server, "GET", "messages?channel=alerts")
    assert [m["content"] for m in messages] == ["hello"]
    _, counts = await call(server, "GET", "counts")
    assert (counts["messages"], counts["connected"], counts["identifies"]) == (1, 1, 1)
    _, world = await call(server, "GET", "world")
    assert world["guilds"][0]["name"] == "Tribune sandbox"
    _, recorded = await call(server, "GET", "recorded?limit=1")
    assert recorded[0]["template"] == "/interactions/{interaction_id}/{token}/callback"
    assert "Bot " not in json.dumps(recorded)


async def test_faults_are_armed_over_http(server: Discord, bot: Bot) -> None:
    await call(server, "POST", "faults", {"kind": "status", "status": 503, "times": 1})
    with pytest.raises(discord.DiscordServerError):
        await bot.text("alerts").send("x")
    await call(server, "POST", "permissions", {"channel": "alerts", "deny": ["send_messages"]})
    with pytest.raises(discord.Forbidden):
        await bot.text("alerts").send("x")
    await call(server, "POST", "gateway", {"action": "reconnect"})
    await server.wait_for(lambda: server.gateway.resumes)


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("command", {"channel": "alerts", "user": "member", "name": "nothing"}, "not offered"),
        ("command", {"channel": "nowhere", "user": "member", "name": "ping"}, "no channel"),
        ("command", {"channel": "alerts"}, "'user' is missing"),
        ("faults", {"kind": "flood"}, "a fault has kind"),
        ("gateway", {"action": "explode"}, "action is one of"),
        ("command", [], "not a JSON object"),
    ],
)
async def test_a_wrong_lever_says_what_is_wrong(server: Discord, path: str, body: Any, words: str) -> None:
    status, answer = await call(server, "POST", path, body)
    assert status == 400
    assert words in answer["error"]


async def test_another_sites_page_pulls_no_lever(server: Discord) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await call(server, "POST", "faults", {"kind": "reset"}, **headers))[0] == 403
    assert server.faults.armed == []


async def test_the_stream_tells_what_changes(server: Discord) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server.page_url}control/stream") as stream:
        assert b"hello" in await stream.content.readline()
        await stream.content.readline()
        await server.say("alerts", "member", "gm")
        line = await stream.content.readline()
        change = json.loads(line.removeprefix(b"data: "))
        assert (change["type"], change["message"]["content"]) == ("message", "gm")


async def test_it_runs_alone_and_ends_on_a_signal() -> None:
    arguments = ("-m", "sandbox.discord", "--port", "0")
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(20):
        lines = [await process.stdout.readline() for _ in range(4)]
        page = lines[0].split()[1].decode()
        async with aiohttp.ClientSession() as session, session.get(page) as answer:
            assert "Tribune sandbox" in await answer.text()
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        process.terminate()
        assert await process.wait() == 0


async def test_a_taken_port_is_said_in_one_line(server: Discord) -> None:
    port = server.page_url.rsplit(":", 1)[1].rstrip("/")
    arguments = ("-m", "sandbox.discord", "--port", port)
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    assert process.returncode == 78
    assert said.decode().count("\n") == 1
    assert "name another port" in said.decode()
