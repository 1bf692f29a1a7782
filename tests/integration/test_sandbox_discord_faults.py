import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.discord import Discord
from tests.sandboxed import Bot, connected, point


@pytest.fixture
async def server() -> AsyncIterator[Discord]:
    async with Discord.start() as started:
        yield started


@pytest.fixture
async def bot(server: Discord) -> AsyncIterator[Bot]:
    async with connected(server) as client:
        yield client


async def test_a_502_is_retried_by_the_client_and_posts_once(server: Discord, bot: Bot) -> None:
    fault = server.faults.error(502)
    await bot.text("alerts").send("x", nonce="1")
    posts = [r for r in server.recorded if r.method == "POST"]
    assert (fault.hits, len(posts), server.texts("alerts")) == (1, 2, ["x"])
    assert posts[0].body["nonce"] == posts[1].body["nonce"] == "1"


async def test_an_outage_ends_after_its_requests(server: Discord, bot: Bot) -> None:
    server.faults.outage(requests=2)
    for _ in range(2):
        with pytest.raises(discord.DiscordServerError):
            await bot.text("alerts").send("x", nonce="1")
    await bot.text("alerts").send("x", nonce="1")
    assert server.texts("alerts") == ["x"]


async def test_a_429_with_via_is_waited_for(server: Discord, bot: Bot) -> None:
    server.faults.too_many(retry_after_s=0.05)
    await bot.text("alerts").send("x")
    assert server.texts("alerts") == ["x"]


@pytest.mark.parametrize("shield", [{"via": False}, {"json": False}])
async def test_a_429_of_the_shield_raises(server: Discord, bot: Bot, shield: dict[str, Any]) -> None:
    server.faults.too_many(**shield)
    with pytest.raises(discord.HTTPException) as raised:
        await bot.text("alerts").send("x")
    assert raised.value.status == 429
    assert server.texts("alerts") == []


async def test_a_lost_reply_leaves_one_message_for_the_same_nonce(server: Discord, bot: Bot) -> None:
    server.faults.lose_reply()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await bot.text("alerts").send("x", nonce="1")
    [stored] = server.messages("alerts")
    again = await bot.text("alerts").send("x", nonce="1")
    assert str(again.id) == stored["id"]
    assert len(server.messages("alerts")) == 1


async def test_a_reset_does_nothing_at_all(server: Discord, bot: Bot) -> None:
    server.faults.reset()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await bot.text("alerts").send("x")
    assert server.messages("alerts") == []


async def test_a_wrong_token_is_401_and_login_fails(server: Discord) -> None:
    undo = point(server)
    client = Bot()
    try:
        with pytest.raises(discord.LoginFailure):
            await client.login("wrong")
    finally:
        await client.close()
        undo()


async def test_lost_permissions_are_50013_then_50001_and_come_back(server: Discord, bot: Bot) -> None:
    channel = bot.text("alerts")
    await server.deny("alerts", "send_messages")
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("x")
    assert refused.value.code == 50013
    await server.deny("alerts", "view_channel")
    with pytest.raises(discord.Forbidden) as hidden:
        await channel.send("x")
    assert hidden.value.code == 50001
    await server.allow("alerts", "view_channel", "send_messages")
    await channel.send("x")
    assert server.texts("alerts") == ["x"]


async def test_a_deleted_channel_is_10003(server: Discord, bot: Bot) -> None:
    channel = bot.text("alerts")
    await server.delete_channel("alerts")
    with pytest.raises(discord.NotFound) as gone:
        await channel.send("x")
    assert gone.value.code == 10003


@pytest.mark.parametrize(("code", "status"), [(50013, 403), (50001, 403), (10003, 404)])
async def test_a_refusal_on_request_carries_its_code(server: Discord, bot: Bot, code: int, status: int) -> None:
    server.faults.refuse(code)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.text("alerts").send("x")
    assert (refused.value.code, refused.value.status) == (code, status)


async def test_a_sixth_message_waits_for_its_channels_window(server: Discord, bot: Bot) -> None:
    server.limits.messages = (5, 0.4)
    started = time.monotonic()
    for number in range(6):
        await bot.text("alerts").send(str(number))
    assert time.monotonic() - started >= 0.39
    assert (len(server.messages("alerts")), server.counts["rate_limited"]) == (6, 0)


async def test_a_client_that_does_not_pace_itself_is_told_429_with_true_headers(server: Discord) -> None:
    url = f"{server.api_base}/channels/{server.channel('alerts').id}/messages"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"}) as session:
        for left in range(4, -1, -1):
            async with session.post(url, json={"content": "x"}) as answer:
                assert answer.status == 200
                assert answer.headers["X-RateLimit-Remaining"] == str(left)
                assert answer.headers["Content-Type"] == "application/json"
        async with session.post(url, json={"content": "x"}) as answer:
            body = await answer.json()
            assert answer.status == 429
            assert 0 < body["retry_after"] <= 5
            assert body["global"] is False
            assert answer.headers["X-RateLimit-Scope"] == "user"
            assert answer.headers["Via"]
            assert int(answer.headers["Retry-After"]) >= body["retry_after"]


async def test_the_fifty_first_request_of_a_second_is_a_global_429(server: Discord) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"}) as session:
        server.limits.others = (1000, 1.0)
        server.limits.global_per_s = 3
        statuses = []
        for _ in range(4):
            async with session.get(f"{server.api_base}/users/@me") as answer:
                statuses.append(answer.status)
                headers = answer.headers
        assert statuses == [200, 200, 200, 429]
        assert headers["X-RateLimit-Global"] == "true"
        async with session.post(f"{server.api_base}/interactions/1/x/callback", json={"type": 4}) as answer:
            assert answer.status == 404


async def test_a_gateway_refused_at_first_connect_ends_the_client(server: Discord) -> None:
    server.faults.refuse_gateway(1)
    undo = point(server)
    client = Bot()
    try:
        with pytest.raises((AttributeError, aiohttp.ClientError)):
            await client.start(server.token)
    finally:
        await client.close()
        undo()
    async with connected(server) as second:
        assert second.is_ready()


async def test_a_wrong_gateway_token_is_closed_with_4004(server: Discord) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(server.gateway_url) as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": 2, "d": {"token": "wrong", "intents": 1}})
        frame = await socket.receive()
        assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 4004)


async def test_binary_frames_and_plain_text_work_without_compression(server: Discord) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(server.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_bytes(b'{"op":2,"d":{"token":"%s","intents":1}}' % server.token.encode())
        ready, guild = await socket.receive_json(), await socket.receive_json()
        assert (ready["t"], guild["t"], guild["s"]) == ("READY", "GUILD_CREATE", 2)
        await socket.send_json({"op": 1, "d": 2})
        assert (await socket.receive_json())["op"] == 11
