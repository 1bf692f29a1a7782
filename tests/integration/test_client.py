"""The real discord.py client under our connection, port and sender, over real sockets against the sandbox."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any

import discord
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.cards.card import Card
from bot.cards.layout import view
from bot.client import Connection, connect
from bot.deliver.port import (
    INVALID_BODY,
    MISSING_PERMISSIONS,
    THREAD_LOCKED,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    Throttled,
)
from bot.deliver.record import Deliveries, Place
from bot.deliver.send import Sender
from bot.port import DiscordPort, Owners
from bot.store import Subscriptions
from bot.subscription import Subscription
from config.errors import SettingsError
from sandbox.discord import Discord
from tests.delivery_world import Ears, draw, state
from tests.sandboxed import OPENAPI
from watchers.errors import NotDelivered, Undeliverable

CARD = Card(headline="1.25M UNI for", facts=("**For** 1 → 2",), small="Ethereum · A-7F3K2Q9D")


@pytest.fixture
async def server() -> AsyncIterator[Discord]:
    async with Discord.start(openapi=OPENAPI) as one:
        yield one


@asynccontextmanager
async def staying(server: Discord, token: str | None = None) -> AsyncIterator[Connection]:
    secret = SecretStr(token or server.token)
    async with connect(secret, api_base=server.api_base, gateway=server.gateway_url) as connection:
        task = asyncio.create_task(connection.stay())
        try:
            async with asyncio.timeout(10):
                await connection.online.wait()
            yield connection
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_a_card_is_posted_edited_and_found_again_and_pings_only_its_role(server: Discord) -> None:
    where = server.channel("alerts").id
    async with staying(server) as connection:
        port = DiscordPort(connection, view)
        begun_ms = time.time_ns() // 1_000_000
        pinging = Card(headline="@everyone", small="A-1", ping_role=server.guild.id + 1)
        message = await port.post(where, pinging, "n" * 25)
        assert await port.post(where, CARD, "n" * 25) == message
        await port.edit(where, message, pinging)
        await port.edit(where, message, CARD)
        found = await port.recent(where, begun_ms - 60_000, 100)
        assert [i for i, _ in found] == [message]
        assert "A-7F3K2Q9D" in found[0][1]
        assert [i for i, _ in await port.recent(where, 0, 100)] == [message]
        assert await port.recent(where, begun_ms + 60_000, 100) == []
    assert len(server.messages("alerts")) == 1
    posted = [r for r in server.recorded if r.method == "POST" and r.path.endswith("/messages")]
    roles = [[int(role) for role in r.body["allowed_mentions"].get("roles", [])] for r in posted]
    assert roles == [[server.guild.id + 1], []]
    assert [r.body["allowed_mentions"].get("parse") for r in posted] == [[], []]
    edited = [r.body["allowed_mentions"] for r in server.recorded if r.method == "PATCH"]
    assert [(m.get("parse"), m.get("roles", []), m.get("users", [])) for m in edited] == [([], [], [])] * 2
    # discord.py writes role ids as numbers, which Discord takes though its OpenAPI document asks for strings
    assert [v for v in server.violations() if "allowed_mentions/roles" not in v] == []


async def test_each_refusal_of_discord_is_the_error_whose_class_is_the_policy(server: Discord) -> None:
    where = server.channel("alerts").id
    async with staying(server) as connection:
        port = DiscordPort(connection, view)

        async def refused() -> Exception:
            with pytest.raises((NotDelivered, Undeliverable, SettingsError)) as caught:
                await port.post(where, CARD, "n" * 25)
            return caught.value

        server.faults.refuse(50013)
        error = await refused()
        assert isinstance(error, Undeliverable)
        assert error.code == MISSING_PERMISSIONS
        server.faults.refuse(10003)
        error = await refused()
        assert isinstance(error, Undeliverable)
        assert error.code == UNKNOWN_CHANNEL
        server.faults.error(503)
        assert type(await refused()) is NotDelivered
        server.faults.reset()
        assert type(await refused()) is NotDelivered
        server.faults.too_many(via=False, retry_after_s=3)
        error = await refused()
        assert isinstance(error, Throttled)
        assert error.retry_after_s == 3
        server.faults.too_many(retry_after_s=40)
        error = await refused()  # of one route: the other channels need not wait for it
        assert type(error) is NotDelivered
        assert error.retry_after_s == 40
        server.faults.refuse(0)
        error = await refused()
        assert isinstance(error, SettingsError)
        assert server.token not in str(error)
        with pytest.raises(Undeliverable) as caught:
            await port.edit(where, 12345, CARD)
        assert caught.value.code == UNKNOWN_MESSAGE
    with pytest.raises(NotDelivered, match="not connected"):
        await port.post(where, CARD, "n" * 25)


async def test_a_cancelled_wait_for_a_global_limit_does_not_block_the_next_request(server: Discord) -> None:
    where = server.channel("alerts").id
    async with staying(server) as connection:
        port = DiscordPort(connection, view)
        server.faults.too_many(is_global=True, retry_after_s=20)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await port.post(where, CARD, "n" * 25)
        async with asyncio.timeout(5):
            await port.post(server.channel("whales").id, CARD, "m" * 25)


async def test_a_gateway_that_refuses_the_first_connection_is_tried_again(server: Discord) -> None:
    server.faults.refuse_gateway(2)
    async with staying(server) as connection:
        assert connection.guilds[0].name == "Tribune sandbox"


class EnoughError(Exception):
    """Ends the waiting."""


async def test_a_discord_that_is_not_reached_is_said_once_and_in_plain_words() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise EnoughError

    nobody = "127.0.0.1:1"
    with capture_logs() as said:
        async with connect(SecretStr("t"), api_base=f"http://{nobody}", gateway=f"ws://{nobody}") as connection:
            with pytest.raises(EnoughError):
                await connection.stay(sleep=sleep)
    assert [(line["event"], line["error"]) for line in said] == [
        ("Discord cannot be reached; trying again", "refuses the connection")
    ]


async def test_an_outage_at_login_is_waited_out(server: Discord) -> None:
    server.faults.outage(requests=2, path="/users/@me")
    async with staying(server) as connection:
        assert connection.user is not None


async def ping(interaction: discord.Interaction[Connection]) -> None:
    await interaction.response.send_message("pong")


async def test_a_closed_session_is_opened_again_and_set_up_until_that_succeeds_once(server: Discord) -> None:
    setups = 0

    async def setup(client: Connection) -> None:
        nonlocal setups
        setups += 1
        client.tree.add_command(discord.app_commands.Command(name="ping", description="Ping", callback=ping))
        await client.tree.sync()

    secret = SecretStr(server.token)
    async with connect(secret, api_base=server.api_base, gateway=server.gateway_url, setup=setup) as connection:
        server.faults.outage(requests=1, method="PUT")  # the first try to set up fails half-way
        task = asyncio.create_task(connection.stay())
        await connection.online.wait()
        connection.online.clear()
        await server.gateway.close(4010)
        async with asyncio.timeout(10):
            await connection.online.wait()
        task.cancel()
        await asyncio.wait({task})
    assert setups == 2


async def test_a_wrong_token_is_a_setting_to_mend_and_is_not_shown(server: Discord) -> None:
    async with connect(SecretStr("not-the-token"), api_base=server.api_base, gateway=server.gateway_url) as connection:
        with pytest.raises(SettingsError, match="DISCORD_TOKEN") as caught:
            await connection.stay()
    assert "not-the-token" not in str(caught.value)


class Line:
    """A sender over the real client."""

    def __init__(self, redis: "Redis", connection: Connection) -> None:
        self.deliveries, self.subscriptions = Deliveries(redis), Subscriptions(redis)
        self.port = DiscordPort(connection, view)
        self.owner, self.operator = Owners(connection, self.port, self.subscriptions), Ears()

    @asynccontextmanager
    async def sending(self, **changes: Any) -> AsyncIterator[Sender]:
        sender = Sender(
            self.deliveries, self.subscriptions, self.port, draw, holder="one", owner=self.owner,
            operator=self.operator, clock_ms=lambda: time.time_ns() // 1_000_000, block_ms=20, **changes,
        )  # fmt: skip
        task = asyncio.create_task(sender.run())
        try:
            yield sender
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def settled(self) -> None:
        async with asyncio.timeout(20):
            while (await self.deliveries.outbox()).waiting:  # noqa: ASYNC110 - the store has no event for it
                await asyncio.sleep(0.01)


async def test_a_thread_is_started_once_and_takes_cards_and_edits_even_when_it_was_archived(server: Discord) -> None:
    where = server.channel("alerts").id
    async with staying(server) as connection:
        port = DiscordPort(connection, view)
        card = await port.post(where, CARD, "a" * 25)
        server.faults.lose_reply(path="*/threads")
        with pytest.raises(NotDelivered):
            await port.start_thread(where, card, "Uniswap: Fees")
        await port.start_thread(where, card, "Uniswap: Fees")  # asked again, it is there: that is success
        assert [r.status for r in server.recorded if r.path.endswith("/threads")] == [201, 400]
        inside = await port.post(card, CARD, "b" * 25)
        thread = server.channel(card)
        assert (thread.is_thread, thread.name, list(thread.messages)) == (True, "Uniswap: Fees", [inside])
        assert [found for found, _ in await port.recent(card, 0, 10)] == [inside]
        await server.archive(card)
        await port.edit(card, inside, Card(headline="edited"))
        assert not thread.archived
        await server.archive(card)
        await port.post(card, CARD, "c" * 25)
        assert not thread.archived
    assert "edited" in server.texts(card)[0]
    assert server.violations(answers=True) == []


async def test_a_locked_or_deleted_thread_and_a_message_without_one_are_told_apart(server: Discord) -> None:
    where = server.channel("alerts").id
    async with staying(server) as connection:
        port = DiscordPort(connection, view)

        async def code(doing: Awaitable[Any]) -> int | None:
            with pytest.raises(Undeliverable) as caught:
                await doing
            return caught.value.code

        card = await port.post(where, CARD, "a" * 25)
        await server.deny("alerts", "create_public_threads")
        with pytest.raises(Undeliverable, match="Create Public Threads"):
            await port.start_thread(where, card, "Fees")
        await server.allow("alerts", "create_public_threads")
        assert await code(port.start_thread(where, 12345, "Fees")) == UNKNOWN_MESSAGE
        assert await code(port.start_thread(where, card, "")) == INVALID_BODY
        await port.start_thread(where, card, "Fees")
        inside = await port.post(card, CARD, "b" * 25)
        assert await code(port.start_thread(card, inside, "a thread of a thread")) == INVALID_BODY
        await server.deny("alerts", "manage_threads")
        await server.archive(card, locked=True)
        assert await code(port.post(card, CARD, "c" * 25)) == THREAD_LOCKED
        assert await code(port.edit(card, inside, CARD)) == THREAD_LOCKED
        await server.deny("alerts", "send_messages_in_threads")
        with pytest.raises(Undeliverable, match="Send Messages in Threads"):
            await port.post(card, CARD, "c" * 25)
        await server.delete_channel(card)
        assert await code(port.post(card, CARD, "c" * 25)) == UNKNOWN_CHANNEL
        assert await code(port.edit(card, inside, CARD)) == UNKNOWN_CHANNEL
        assert len(server.messages("alerts")) == 1


async def test_faults_of_the_network_and_of_discord_lose_and_repeat_nothing(server: Discord, redis: "Redis") -> None:
    where = [server.channel(name).id for name in ("alerts", "governance", "whales")]
    async with staying(server) as connection:
        line = Line(redis, connection)
        async with line.sending():
            server.faults.lose_reply()
            server.faults.error(503)
            server.faults.reset()
            server.faults.too_many(via=False, retry_after_s=0.5)
            for number in (1, 2):
                await line.deliveries.route(state(number), [Place(c, server.guild.id) for c in where])
            await line.settled()
            await line.deliveries.update(state(1, rev=2, live=False))
            await line.settled()
    for name in ("alerts", "governance", "whales"):
        first, second = server.texts(name)
        assert "rev 2 gone" in first
        assert "rev 1" in second
    assert server.violations() == []


async def test_a_lost_permission_is_told_to_the_subscriber_by_direct_message(server: Discord, redis: "Redis") -> None:
    where = server.channel("alerts").id
    admin = server.guild.owner_id
    async with staying(server) as connection:
        line = Line(redis, connection)
        wish = Subscription(id="s1", guild_id=server.guild.id, channel_id=where, created_by=admin)
        await line.subscriptions.add(wish, by=admin, now_ms=1)
        await server.deny("alerts", "send_messages")
        await line.deliveries.route(state(1), [Place(where, server.guild.id)])
        async with line.sending():
            await line.settled()
            async with asyncio.timeout(10):
                while await line.subscriptions.untold():  # noqa: ASYNC110 - the store has no event for it
                    await asyncio.sleep(0.01)
            await server.allow("alerts", "send_messages")
            await line.subscriptions.resume(where, by=admin, now_ms=time.time_ns() // 1_000_000)
            await line.settled()
    assert len(server.messages("alerts")) == 1
    told = [r.body["content"] for r in server.recorded if r.method == "POST" and "content" in (r.body or {})]
    assert [str(where) in text and "Its subscriptions are kept" in text for text in told if text] == [True]
